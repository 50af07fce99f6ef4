# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What readers of the code found: lockdown and what was concluded before it, corked answers,
# datagrams whose consult went unanswered, kernel sockets of other namespaces.
. /snitch/cases/lib/case.sh

C=/opt/c	# a program that no rule names
[[ -x $C ]] || cp $A $C
LONG=$(printf 'x%.0s' {1..600})

case_begin
far_up tcp:80 udp:80 udp:82

# Older than any policy: nobody has been seen to speak on it.
go older $A tcp $F4 80 --keep 12000 --data older$LONG
wait_for 5 eval '[[ -n $(in_c ss -Htn state established "dport = :80") ]]'

answered() { t_ok "$1" grep -q '^echo OK' $TMP/peer; }
unanswered() { t_ok "$1" eval '! grep -q "^echo OK" $TMP/peer'; }

# ---- lockdown against what was concluded before --------------------------------------------

lockdown=("mode lockdown" "unmatched deny" "allow $B any port 80")
policy "unmatched ask" "allow $B any port 80"
decider --default hold
# A program without a binding, with sockets made again and again.
: >$LOG
go rounds $C rounds $F4 80 120 200 --data cached
t_seen "a program without rules is asked about" '^FLOW .*proto=udp .*:80 '
owner=$(field id '^OWNER .*exe=/opt/c ')
tell default deny
tell deny all
for proto in udp tcp; do tell cache allow $owner $F4 $proto 80 600 person; done
t_some "what a person concluded for it holds: UDP" udp 80
t_some "and TCP" tcp 80
n=$(count_seen '^FLOW')
sleep 1
t_is "without another question" "$(count_seen '^FLOW')" "$n"
tell default hold
: >$LOG
go live $A tcp $F4 80 --keep 3500 --data live$LONG
t_seen "a connection is asked about" '^FLOW .*proto=tcp .*:80 '
tell allow all
go sends $A udp $F4 82 --count 12 --gap 400 --size 600
t_ok "and datagrams" seen '^FLOW .*proto=udp .*:82 '
tell allow all
go marked $B tcp $F4 80 --keep 3500 --data marked
go accepted $A listen 92 --data accepted$LONG --keep 2500
t_said "a program listens" accepted '^listening'
in_f $FAR tcp $C4 92 --data hi --wait 3000 >$TMP/peer 2>&1
answered "and answers"
go held $C tcp $F4 81 --data held$LONG
t_ok "another flow waits" seen '^FLOW .*:81 '
aborted=$(stat_of aborted)
tell default none
policy "${lockdown[@]}"
payload_reset
t_out "lockdown: a rule that is marked allows" '^echo OK' $B tcp $F4 80 --data short
t_no_payload "and that is all"
sleep 2
t_none "lockdown: what a person concluded for new flows does not count: UDP" udp 80
t_none "nor does a person's answer for a socket's datagrams" udp 82
t_no_payload "nothing else reaches the far end"
: >$LOG
for proto in udp tcp; do tell cache allow $owner $F4 $proto 80 600 person; done
sleep 1
t_no_payload "nor what a person concludes now"
ended live
t_said "a connection that a person allowed is cut" live '^send E'
ended accepted
t_ok "an accepted one, too" eval "[[ \$(grep -c '^send E' $TMP/accepted) -eq 1 ]]"
ended older
t_said "and one older than the policy" older '^(send|echo) E'
t_cmp "they were aborted" "$(($(stat_of aborted) - aborted))" -ge 2
ended sends
ended marked
t_said "the marked program's connection lives" marked '^echo OK'
for word in live older accepted cached; do
	t_ok "the server never saw what was cut: $word" eval "! far_got tcp 80 $word$LONG"
done
t_none "what waited has not left" tcp 81
tell deny all
t_said "and is refused" held '^connect ECONNREFUSED'
policy "unmatched ask" "allow $B any port 80"
payload_reset
t_ok "lockdown is over: what a person concluded counts again" wait_for 5 far_payload
kill "${PIDS[rounds]}"; ended rounds 2>/dev/null
tell default deny
tell deny all
t_parked "nothing is parked" 0

# ---- a denied program's corked answer on an accepted connection -------------------------------

policy "unmatched ask" "deny $B any"
tell default hold
: >$LOG

# inbound WHO WAY KEEP TO: WHO listens in c; the far end connects and says something.
port=93
inbound() {
	port=$((port + 1))
	payload_reset
	go answer $1 answer $port $2 --keep $3 --data sneaked
	wait_for 10 said answer '^listening'
	in_f $FAR tcp $4 $port --data hi --wait $5 >$TMP/peer 2>&1
}
for way in more cork uncork sendfile; do
	for keep in 0 900; do
		to=$C4
		[[ $way != uncork ]] || to=$C6
		inbound $B $way $keep $to 1200
		ended answer
		unanswered "a denied program's answer ($way, kept $keep ms) does not come"
		t_no_payload "and nothing of it reached the far end ($way, $keep)"
	done
done
: >$TMP/answer
inbound $B more 60000 $C4 1000 &
t_said "corked, then killed: it has written" answer '^send OK'
kill -9 "$(in_c pgrep -f "^$B answer")"
wait $!
unanswered "the kernel's close lets nothing of it out"
t_no_payload "nothing reached the far end"
for way in more cork uncork; do
	inbound $A $way 900 $C4 3000
	ended answer
	answered "an answer that nobody denies comes ($way)"
	t_ok "and its payload was counted ($way)" far_payload
done
t_is "nobody was asked about answers" "$(count_seen '^FLOW')" 0

# ---- a datagram's consult goes unanswered ------------------------------------------------------

snitch-tool limits consult_ms=1000 unread_ms=4000
# silent HOW: the decider says nothing any more; speaks HOW ANSWER: it does again.
silent() { if [[ $1 == stop ]]; then kill -STOP $DECIDER; else tell default none; fi; }
speaks() {
	if [[ $1 == stop ]]; then kill -CONT $DECIDER; wait_for 15 stat_is decider_alive 1; fi
	tell default $2
}
for fail in deny allow; do
	for how in none stop; do
		policy "unmatched ask" "fail $fail"
		tell default hold
		silent $how
		far_reset
		: >$LOG
		timeouts=$(stat_of consult_timeout)
		go sends $A udp $F4 80 --count 600 --gap 500
		t_ok "fail $fail, decider $how: a datagram's consult ends unanswered" \
			wait_for 5 eval "[[ \$(stat_of consult_timeout) -gt $timeouts ]]"
		sleep 6
		if [[ $fail == deny ]]; then
			t_none "fail $fail, decider $how: the fail mode refuses" udp 80
		else
			t_some "fail $fail, decider $how: the fail mode lets it go" udp 80
		fi
		: >$LOG
		if [[ $fail == deny ]]; then speaks $how allow; else speaks $how deny; fi
		t_seen "fail $fail, decider $how: when it is back, the socket is asked about again" \
			'^FLOW .*proto=udp .*:80 ' 10
		sleep 1
		far_reset
		sleep 2
		if [[ $fail == deny ]]; then
			t_some "fail $fail, decider $how: its allow counts" udp 80
		else
			t_none "fail $fail, decider $how: its deny counts" udp 80
		fi
		kill "${PIDS[sends]}"; ended sends 2>/dev/null
		tell default deny
		tell deny all
		t_parked "fail $fail, decider $how: nothing is parked" 0
	done
done
snitch-tool limits consult_ms=2000 unread_ms=10000
tell default hold

# ---- kernel sockets of another namespace -----------------------------------------------------

in_w() { in-net w "$@"; }
inode() { stat -L -c %i /run/netns/$1; }
ip netns add w
net_sysctls in_w
in_w ip link set dev lo up
in_w sysctl -q -w net.ipv6.conf.default.disable_ipv6=1	# the tunnels carry nothing by themselves

# tunnel NAME KIND PORT PROTO PORT-INSIDE: device NAME was made in c and lives in w. What enters
# it is the program's, in w; what carries it is the kernel's, in c.
tunnel() {
	local name=$1 kind=$2 port=$3 to=$4 other
	other=$((kind == 7 ? 9 : 7))
	far_reset
	: >$LOG
	policy "unmatched ask"
	tell default hold
	in-net w $C udp $to 80 --keep 2000 >$TMP/in 2>&1 &
	t_seen "$name: what enters it is asked about" "^FLOW .*remote=$to:80 .*netns=$(inode w) "
	t_seen "$name: and is the program's" '^OWNER .*exe=/opt/c '
	sleep 0.5
	t_none "$name: meanwhile nothing leaves" udp $port
	tell deny all
	wait $!
	t_none "$name: refused, nothing leaves" udp $port
	far_reset
	: >$LOG
	policy "unmatched ask" "deny kernel:$kind any" "allow $C any"
	in_w $C udp $to 80 --count 3 --gap 200 >$TMP/in 2>&1
	sleep 1
	t_none "$name: what carries it is denied by its kind" udp $port
	policy "unmatched ask" "kernel deny" "allow kernel:$other any" "allow $C any"
	in_w $C udp $to 80 --count 3 --gap 200 >$TMP/in 2>&1
	sleep 1
	t_none "$name: and is not another kind" udp $port
	policy "unmatched deny" "kernel deny" "allow kernel:$kind $F4 port $port" "allow $C any"
	in_w $C udp $to 80 --count 3 --gap 200 >$TMP/in 2>&1
	t_some "$name: allowed by its kind, it arrives" udp $port
	t_is "$name: nobody was asked about it" "$(count_seen "^FLOW .*:$port ")" 0
}

if in_c ip link add wg0 type wireguard 2>$TMP/wg; then
	in_c ip link set wg0 netns w
	(umask 077; wg genkey >$TMP/key)
	in_w wg set wg0 private-key $TMP/key peer "$(wg genkey | wg pubkey)" \
		endpoint $F4:5182 allowed-ips 10.99.0.0/24
	in_w ip addr add 10.99.0.1/24 dev wg0
	in_w ip link set dev wg0 up
	tunnel WireGuard 7 5182 10.99.0.2
else
	t_skip "WireGuard" "$(cat $TMP/wg)"
fi
if in_c ip link add vx0 type vxlan id 7 remote $F4 dstport 4789 dev vc 2>$TMP/vx; then
	in_c ip link set vx0 netns w
	in_w ip addr add 10.98.0.1/24 dev vx0
	in_w ip link set dev vx0 up
	in_w ip neigh replace 10.98.0.2 lladdr 02:77:00:00:00:09 dev vx0 nud permanent
	tunnel VXLAN 9 4789 10.98.0.2
else
	t_skip "VXLAN" "$(cat $TMP/vx)"
fi

# nfs: a mount in c; its connection is made by the kernel, for nobody.
nfs() {
	in_c timeout -s KILL $((20 * SLOW)) mount -i -t nfs -o \
		"addr=$F4,clientaddr=$C4,vers=4.1,proto=tcp,soft,timeo=10,retrans=1" $F4:/ /mnt >$TMP/nfs 2>&1
}
if modprobe -a nfs nfsv4 2>/dev/null; then
	mkdir -p /mnt
	far_reset
	policy "unmatched ask" "deny kernel:8 any"
	nfs
	t_none "NFS, denied by its kind: 0 packets" tcp 2049
	policy "unmatched deny" "kernel deny" "allow kernel:8 any port 2049"
	nfs
	t_some "NFS, allowed by its kind: it connects" tcp 2049 || t_note "$(cat $TMP/nfs)"
	t_is "NFS: nobody was asked about it" "$(count_seen '^FLOW .*:2049 ')" 0
else
	t_skip "NFS" "this kernel has none"
fi
# ---- nobody has rules: the kernel refuses without a consult ------------------------------------

printf '%s\n' "mode lockdown" "unmatched deny" "fail deny" | snitch-tool policy >$TMP/policy.out
tell default allow
: >$LOG
payload_reset
t_out "panic: TCP" '^connect ECONNREFUSED' $C tcp $F4 80 --data panic
t_out "panic: UDP" '^send EPERM' $C udp $F4 80
t_no_payload "panic: nothing reached the far end"
t_is "panic: nobody was consulted" "$(count_seen '^FLOW')" 0

# ---- packets are counted from the first one on ---------------------------------------------------

# counted NAME: packets and bytes of the flow of a program that `go` started.
counted() { snitch-tool flows | sed -n -E "s/.*(packets=.*) netns=.* pid=${PIDS[$1]} .*/\\1/p"; }
policy "unmatched ask" "allow $A any port 80"
go one $A udp $F4 80 --size 100 --keep 3000
t_said "one datagram is sent" one '^send OK'
t_is "and counted" "$(counted one)" "packets=1 bytes=128"
go two $A udp $F4 82 --size 100 --count 2 --keep 3000
t_said "two datagrams, the first of them parked" two '^send OK'
wait_for 5 eval '[[ $(grep -c "^send OK" $TMP/two) -eq 2 ]]'
wait_for 5 eval '[[ $(counted two) == "packets=2 "* ]]'
t_is "and counted" "$(counted two)" "packets=2 bytes=256"
ended one
ended two
tell default hold

tell deny all
t_parked "nothing is parked at the end" 0
decider_end
t_done
