# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Every way of a payload into a socket: data in the SYN, sendfile, splice, corked, zero copy, io_uring.
. /snitch/cases/lib/case.sh

C=/opt/c	# a program that no rule names
[[ -x $C ]] || cp $A $C

case_begin
in_c sysctl -q -w net.ipv4.tcp_fastopen=1 net.ipv4.tcp_fastopen_blackhole_timeout_sec=0
in_f sysctl -q -w net.ipv4.tcp_fastopen=1027	# also for listeners that do not ask for it
far_up tcp:80 tcp:81 udp:80 udp:81
policy "unmatched ask" "allow $A any" "deny $B any"
decider --default hold

# ---- TCP Fast Open -------------------------------------------------------------------------

far_stat() { in_f awk -v k="$1" '$1 == "TcpExt:" {if (!n) n = split($0, name); else for (i = 2; i <= n; i++) if (name[i] == k) print $i}' /proc/net/netstat; }
has_cookie() { in_c ip tcp_metrics show "$1" | grep -q fo_cookie; }

# A connect() that waits for data has no error of its own: the send after it says "aborted".
TOLD='^(connect ECONNREFUSED|send ECONN(REFUSED|ABORTED))'

# tfo_refused WHAT TO: denied and unknown programs, both ways to say it; nothing at the far end.
tfo_refused() {
	local what=$1 to=$2 way
	for way in "" --connect; do
		payload_reset
		t_out "$what, $to $way: a denied program is told" "$TOLD" \
			$B tfo $to 81 $way --data leak
		t_none "$what, $to $way: 0 packets" tcp 81
		: >$LOG
		go tfo $C tfo $to 81 $way --data leak
		t_seen "$what, $to $way: an unknown program is parked" "^FLOW .*proto=tcp .*remote=$to:81 "
		t_seen "$what, $to $way: it is the owner" '^OWNER .*exe=/opt/c '
		sleep 0.5
		t_none "$what, $to $way: while parked 0 packets" tcp 81
		tell deny all
		t_said "$what, $to $way: refused, it is told" tfo "$TOLD"
		ended tfo
		sleep 0.3
		t_none "$what, $to $way: refused, 0 packets" tcp 81
	done
}
for to in $F4 $F6; do
	tfo_refused "no cookie" $to
	t_ok "no cookie yet, $to" eval "! has_cookie $to"
	t_out "an allowed program fetches the cookie, $to" '^echo OK' $A tfo $to 80 --data first --wait 5000
	t_ok "it is there, $to" has_cookie $to
	before=$(far_stat TCPFastOpenPassive)
	for way in "" --connect; do
		t_out "an allowed program's data arrives, $to $way" '^echo OK' \
			$A tfo $to 80 $way --data inside --wait 5000
	done
	t_cmp "in the SYN, $to" "$(($(far_stat TCPFastOpenPassive) - before))" -eq 2
	tfo_refused "with the cookie" $to
	for way in "" --connect; do
		payload_reset
		: >$LOG
		before=$(far_stat TCPFastOpenPassive)
		go tfo $C tfo $to 80 $way --data late$way --wait 5000
		seen '^FLOW .*:80 '
		sleep 0.3
		t_none "a parked SYN with data stays here, $to $way" tcp 80
		tell allow all
		t_said "allowed, it goes on, $to $way" tfo '^echo OK'
		ended tfo
		t_ok "with its data, $to $way" far_got tcp 80 late$way
		t_is "which lay in the SYN, $to $way" "$(far_stat TCPFastOpenPassive)" $((before + 1))
	done
done
t_parked "nothing is parked" 0

# ---- ways to send ----------------------------------------------------------------------------

n=0
WAYS="send sendfile splice vmsplice sendmmsg more cork uncork zerocopy uring uring-async uring-sqpoll"
for way in $WAYS; do
	to=$F4 other=$F6
	[[ $((n++ % 2)) -eq 0 ]] || to=$F6 other=$F4
	payload_reset
	in_c $B path $way $to 81 --udp --data leak >$TMP/path 2>&1
	in_c $B path $way $other 81 --data leak >>$TMP/path 2>&1
	t_said "$way: a denied program's connect is refused" path '^connect ECONNREFUSED'
	t_none "$way: denied, 0 packets: UDP" udp 81
	t_none "$way: denied, 0 packets: TCP" tcp 81

	t_out "$way: an allowed program's data arrives: UDP" '^echo OK' \
		$A path $way $to 80 --udp --data $way-udp --wait 5000
	t_ok "$way: and is its own: UDP" far_got udp 80 "$way-udp$way"
	t_out "$way: an allowed program's data arrives: TCP" '^echo OK' \
		$A path $way $other 80 --data $way-tcp --wait 5000
	t_ok "$way: and is its own: TCP" far_got tcp 80 "$way-tcp$way"

	payload_reset
	: >$LOG
	go path $C path $way $to 81 --udp --data leak --keep 1500
	t_seen "$way: an unknown program's datagram is parked" "^FLOW .*proto=udp .*remote=$to:81 "
	t_seen "$way: that very process is the owner" "^OWNER .* pid=${PIDS[path]} .*exe=/opt/c "
	sleep 0.3
	t_none "$way: while parked 0 packets" udp 81
	tell deny all
	ended path
	t_none "$way: refused, 0 packets" udp 81
	go path $C path $way $to 81 --udp --data $way-late --wait 5000
	seen "^FLOW .*proto=udp .*:81 "
	wait_for 5 parked_is 1
	tell allow all
	t_said "$way: allowed, the answer comes" path '^echo OK'
	ended path
	t_ok "$way: the data was whole" far_got udp 81 "$way-late$way"

	# A connected socket gets into the hands of a denied program.
	keeps=0
	[[ $way != more && $way != cork ]] || keeps="0 800"	# close lets it out, or a timer
	for keep in $keeps; do
		payload_reset
		go path $A path $way $to 80 --data stolen$way --exec $B --keep $keep
		ended path
		sleep 1
		t_no_payload "$way: inherited by a denied program, kept $keep ms: 0 payload"
	done
	t_ok "$way: the server never saw it" eval "! far_got tcp 80 stolen$way"
done
t_parked "nothing is parked" 0

# A connect by the ring waits like any other.
for way in uring uring-async uring-sqpoll; do
	far_reset
	: >$LOG
	go path $C path $way $F4 81 --data leak
	t_seen "$way: an unknown program's connect is parked" '^FLOW .*proto=tcp .*:81 '
	t_seen "$way: that very process is the owner" "^OWNER .* pid=${PIDS[path]} .*exe=/opt/c "
	sleep 0.3
	t_none "$way: while parked 0 packets" tcp 81
	tell deny all
	t_said "$way: refused, it is told" path '^connect ECONNREFUSED'
	ended path
	t_none "$way: refused, 0 packets" tcp 81
	go path $C path $way $F4 80 --data ring-$way --wait 5000
	seen '^FLOW .*proto=tcp .*:80 '
	tell allow all
	t_said "$way: allowed, it connects and gets its echo" path '^echo OK'
	ended path
done
t_parked "nothing is parked" 0

# One call, two destinations: each is judged.
policy "unmatched deny" "allow $A any port 80"
far_reset
t_out "one sendmmsg to an allowed and a denied port" '^mixed sent 4 refused 4' $A mixed $F4 80 81
t_is "what is allowed arrives" "$(far_packets udp 80)" 4
t_none "what is not does not" udp 81
t_done
