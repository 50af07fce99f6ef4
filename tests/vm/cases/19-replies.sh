# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# A UDP server's answer to a request that came in is no question; what it starts by itself is.
# The far end counts what it received: by destination port, which is the client's own.
. /snitch/cases/lib/case.sh

# request ADDRESS PORT OWNPORT [OPTION...]: a client at the far end; its answer or its absence.
request() { in_f $FAR udp "$1" "$2" --bind "$3" --wait 1500 "${@:4}" 2>&1; }
# t_answered NAME ADDRESS PORT OWNPORT, t_silence NAME ADDRESS PORT OWNPORT
t_answered() { t_ok "$1" eval "request $2 $3 $4 | grep -q '^recv OK'"; }
t_silence() {
	far_reset
	t_ok "$1: no answer" eval "request $2 $3 $4 | grep -q '^recv ETIMEDOUT'"
	t_none "$1: 0 packets" udp "$4"
}
# server NAME PROGRAM PORT STEP...: started, and its port is bound.
server() {
	go "$1" "$2" steps "${@:3}"
	t_said "server $1 is bound" "$1" '^bound [1-9]'
}
no_question() { t_is "$1: nobody was asked" "$(count_seen '^FLOW')" 0; }
fresh() { tell deny all; wait_for 5 parked_is 0; : >$LOG; far_reset; }
hooked_is() { stat_is reply_nets "$1"; }
policy_ask() { policy "unmatched ask" "$@"; }
# As in mode quiet. The rule makes the program known: otherwise the decider is asked first.
policy_quiet() { policy "unmatched deny" "deny $A any port 9"; }

case_begin
policy_ask
decider --default hold

# ---- only where something waits for requests ---------------------------------------------------

before=$(stat_of reply_nets)
in_c $B udp $F4 80 >/dev/null 2>&1
go tcp $A listen 90 --keep 1
sleep 0.2
t_is "a client's socket and a TCP server's: no packet is looked at as it comes in" \
	"$(stat_of reply_nets)" "$before"
in_f $FAR tcp $C4 90 --data hi >/dev/null 2>&1
ended tcp
far_up udp:80 udp:81
in_c $A server udp:5000 udp:5001 &
server=$!
t_ok "a bound UDP socket: then they are, in its namespace" wait_for 5 hooked_is $((before + 2))
in_c $A udp $F4 80 --bind 6999 >/dev/null 2>&1
sleep 0.2
t_is "once" "$(stat_of reply_nets)" $((before + 2))
sleep 2.5		# what came before that is not held against the server
fresh

# ---- answers --------------------------------------------------------------------------------------

answers=$(stat_of replies)
n=7000
for to in $C4 $C6; do
	for mode in ask quiet; do
		policy_$mode
		far_reset
		n=$((n + 1))
		t_answered "$mode, $to: the server answers" $to 5000 $n
		t_answered "$mode, $to: and again" $to 5000 $n
		t_answered "$mode, $to: and again by the fast path" $to 5000 $n
		t_cmp "$mode, $to: the far end got it" "$(far_packets udp $n)" -eq 3
	done
done
no_question "answers"
t_is "each peer is counted once" "$(($(stat_of replies) - answers))" 4
policy_ask
in_c nft -f - <<'END'
table ip nat {
	chain pre { type nat hook prerouting priority -100; udp dport 6000 redirect to :5000; }
	chain post { type nat hook input priority 100; udp sport 7099 snat to 10.77.0.99; }
}
END
t_answered "a redirected request is answered" $C4 6000 7005
in_c ip neigh replace 10.77.0.99 lladdr 02:77:00:00:00:02 dev vc nud permanent
t_answered "so is one whose source was rewritten" $C4 5000 7099
in_c nft delete table ip nat
no_question "behind NAT"

policy_ask "allow /usr/bin/dig any"
in_c dnsmasq --keep-in-foreground --user=root --no-resolv --no-hosts --conf-file=/dev/null \
	--pid-file= --port=53 --address=/snitch.test/192.0.2.7 >$TMP/dnsmasq 2>&1 &
dnsmasq=$!
wait_for 10 eval '[[ -n $(in_c ss -H -lun "sport = :53") ]]'
for to in $C4 $C6; do
	t_is "a DNS server answers over $to" "$(in_f dig +short +tries=1 @$to snitch.test A)" 192.0.2.7
done
kill $dnsmasq
wait $dnsmasq 2>/dev/null
no_question "DNS server"
policy_ask

# A socket that takes the place of another one.
kill $server
wait $server 2>/dev/null
in_c $A server udp:5000 udp:5001 &
server=$!
wait_for 5 eval '[[ -n $(in_c ss -H -lun "sport = :5000") ]]'
t_answered "started anew, the server answers the same peer" $C4 5000 7001
no_question "started anew"

# ---- what it starts by itself ----------------------------------------------------------------------

for family in --v4 ""; do
	from=$C4 to=$F4
	[[ $family ]] || from=$C6 to=$F6
	fresh
	server own$family $A 5100 $family recv 5000 answer yes to $to 80 started other 7111 started
	t_answered "it answers, $from" $from 5100 7110
	t_seen "another peer is a question, $from" '^FLOW .*:80 '
	t_seen "and so is another port of that peer, $from" '^FLOW .*:7111 '
	t_is "two questions, $from" "$(count_seen '^FLOW')" 2
	t_none "another peer: 0 packets, $from" udp 80
	t_none "another port of the peer: 0 packets, $from" udp 7111
	ended own$family
done
fresh
policy_quiet
server own $A 5101 recv 5000 answer yes to ::ffff:$F4 80 started
t_answered "quiet: it answers" $C4 5101 7112
t_said "and is refused what it starts" own '^to EPERM'
t_none "0 packets" udp 80
ended own
policy_ask

fresh
server auto $A 0 recv 5000 answer no
port=$(sed -n 's/^bound //p' $TMP/auto)
t_silence "a port that the kernel chose" $C4 $port 7120
t_seen "is asked about" '^FLOW .*:7120 '
ended auto

fresh
server first $A 5102 to ::ffff:$F4 7121 first recv 8000 answer no
t_seen "a socket that speaks first is asked about" '^FLOW .*:7121 '
t_silence "and has to wait when the peer speaks" $C4 5102 7121
ended first
fresh
policy_ask "allow $A any port 80"
server allowed $A 5103 --v4 to $F4 80 first recv 5000 sleep 6000 to $F4 80 second
t_said "one that is allowed to speak first gets an answer" allowed '^recv OK'
policy_ask
t_seen "when no rule allows it any more, it is asked about" '^FLOW .*:80 ' 10
ended allowed

# ---- what beats it --------------------------------------------------------------------------------

fresh
policy_ask "deny $B any"
server denied $B 5104 recv 5000 answer no
t_silence "a program with a deny" $C4 5104 7130
t_said "is told" denied '^answer EPERM'
ended denied
policy "mode lockdown" "unmatched deny" "deny $A any port 9"
t_silence "in lockdown" $C4 5000 7131
policy_ask
server late $A 5105 recv 5000 answer one recv 5000 answer two recv 5000 answer no
t_answered "before the deny, it answers" $C4 5105 7132
t_answered "twice" $C4 5105 7132
policy_ask "deny $A any"
t_silence "after it, no more" $C4 5105 7132
ended late
policy_ask
no_question "denied"

# ---- other programs on the socket -------------------------------------------------------------------

cp $A /opt/c
for program in $A /opt/c; do
	fresh
	go taker $program steps - take $TMP/sock to ::ffff:$F4 7140 taken
	wait_for 5 test -S $TMP/sock
	server giver $A 5106 recv 5000 answer mine give $TMP/sock
	t_answered "the server answers" $C4 5106 7140
	t_said "another process has the socket" taker '^to OK'
	ended taker
	ended giver
	sleep 0.2
	if [[ $program == "$A" ]]; then
		t_is "the same program: its answer is sent" "$(far_packets udp 7140)" 2
		no_question "the same program"
	else
		t_seen "another program: it is asked about" '^FLOW .*:7140 '
		t_is "another program: nothing of it is sent" "$(far_packets udp 7140)" 1
	fi
done
rm /opt/c

# ---- requests that nobody sent ------------------------------------------------------------------------

fresh
policy_ask "allow $FAR any"
server fake $A 5107 --v4 recv 5000 answer no
t_out "a made-up packet is sent to ourselves" '^send OK' $FAR fakeudp $F4 7150 $C4 5107
t_said "the server gets it" fake '^recv OK'
t_seen "and its answer is a question" '^FLOW .*:7150 '
ended fake
t_none "0 packets" udp 7150
fresh
in_c sysctl -q -w net.ipv4.conf.all.accept_local=1 net.ipv4.conf.vc.accept_local=1
server own-address $A 5108 --v4 recv 5000 answer no
answers=$(stat_of replies)
in_f $FAR fakeudp $C4 7151 $C4 5108 >/dev/null
t_said "a packet with our own source: the server gets it" own-address '^recv OK'
t_seen "and its answer is a question" '^FLOW .*:7151 '
ended own-address
in_c sysctl -q -w net.ipv4.conf.all.accept_local=0 net.ipv4.conf.vc.accept_local=0
fresh
server local $A 5109 --v4 recv 5000 answer no
in_c $FAR udp 127.0.0.1 5109 --bind 7152 >/dev/null
t_said "a local client's request: the server gets it" local '^recv OK'
t_seen "and its answer is a question, as all by loopback" '^FLOW .*:7152 '
ended local
t_is "nobody was answered" "$(stat_of replies)" "$answers"
fresh
server group $A 5110 --v4 recv 5000 answer no
in_f ip route add 10.77.0.255 dev vf
in_f $FAR steps 7153 --v4 to 10.77.0.255 5110 all >/dev/null
t_said "a request to all: the server gets it" group '^recv OK'
t_seen "and its answer is a question" '^FLOW .*:7153 '
ended group
t_none "0 packets" udp 7153

# ---- time ---------------------------------------------------------------------------------------------

fresh
server slow $A 5111 recv 5000 answer a recv 5000 answer b answer c sleep 61000 answer late
server quiet $A 5112 recv 5000 answer a sleep 64000 answer late recv 30000 answer again
t_answered "asked once" $C4 5111 7160
t_answered "asked again" $C4 5111 7160
t_answered "another server, asked once" $C4 5112 7161
sleep 50
t_is "an answer may have more than one packet" "$(far_packets udp 7160)" 3
no_question "for a minute"
sleep 10
t_seen "a minute later, what it sends is a question" '^FLOW .*:7160 '
ended slow
t_is "and nothing more was sent" "$(far_packets udp 7160)" 3
policy_quiet
sleep 3
t_said "a minute later, the other one is refused" quiet '^answer EPERM'
t_is "and nothing more was sent by it" "$(far_packets udp 7161)" 1
fresh
t_answered "asked again, it answers again" $C4 5112 7161
ended quiet
no_question "asked again"
policy_ask

# ---- many ---------------------------------------------------------------------------------------------

fresh
answers=$(stat_of replies)
full=$(stat_of replies_full)
flows=$(stat_of flows_other)
for part in 1 2; do
	in_f $FAR spray $C4 5000 700 --udp --gap 500 --keep 0 >$TMP/spray 2>&1
done
sleep 0.5
answers=$(($(stat_of replies) - answers))	# some have the port of one before them
t_cmp "some 1400 peers of one socket are answered" "$answers" -ge 1300
t_cmp "and the answers arrived" "$(far_total)" -ge 1400
no_question "1400 peers"
t_cmp "they leave no entries but the clients' own" "$(($(stat_of flows_other) - flows))" -le 1450
t_cmp "the oldest were forgotten" "$(($(stat_of replies_full) - full))" -ge $((answers - 1024))

# ---- the end ------------------------------------------------------------------------------------------

decider_end
t_ok "the module unloads with all that" module_unload
t_ok "and loads" module_load
policy "unmatched deny"
t_ok "sockets older than the module are found" wait_for 5 eval '[[ $(stat_of reply_nets) -ge 2 ]]'
t_answered "and may answer, over IPv4" $C4 5000 7170
t_answered "and may answer, over IPv6" $C6 5000 7170
ip netns add gone
in-net gone $A steps 5000 sleep 1000 >/dev/null &
wait_for 5 eval '[[ $(stat_of reply_nets) -ge 3 ]]'
t_cmp "a namespace that ends" "$(stat_of reply_nets)" -ge 3
ip netns del gone
wait $!
kill $server
wait $server 2>/dev/null
t_done
