#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bench in the guest: modes one after the other, all of them again and again, so that what
# drifts does so for all. Writes lines `MODE WORKLOAD INSTRUCTIONS` to /out/raw.
# Must never go on after a workload that failed: there is no figure without its operation.
#
# guest.sh [REPETITIONS]
# guest.sh profile		connects with nothing loaded and with 10 rules, each while the host records
. /snitch/guest/lib.sh
set -eE
trap 'echo "guest.sh: line $LINENO failed: $BASH_COMMAND"' ERR

REPEAT=${1:-3}		# or "profile"
HELD=1000		# flows that wait while others connect
RAW=/out/raw
W=/opt/bench FAR=/opt/far OTHER=/opt/other	# measured; the servers; the one that is held
IN_C=(nsenter --net=/run/netns/c --)
ERRORS=/run/bench.err

set_up() {
	mkdir -p /opt
	for program in $W $FAR $OTHER; do
		cp /snitch/bench/workload $program
	done
	warm $W $FAR $OTHER
	net_up || exit 1
	in_f nft flush ruleset		# no hooks but the module's
	in_c sysctl -q -w net.ipv4.tcp_tw_reuse=1
	in_f $FAR serve tcp >/run/serve.out 2>$ERRORS &
	wait_for 10 grep -q serving /run/serve.out
	: >$RAW
}

# A second far end, where UDP servers are: snitch looks at what comes in only where such are, and
# as soon as there is one, all namespaces look whether it is theirs. So it is not there for long.
U4=10.78.0.2
in_u() { nsenter --net=/run/netns/u -- "$@"; }
udp_up() {
	ip netns add u && net_sysctls in_u &&
		ip link add name vd netns c type veth peer name vu netns u || return 1
	in_c ip addr add 10.78.0.1/24 dev vd
	in_u ip addr add $U4/24 dev vu
	in_u ip link set dev lo up
	in_c ip link set dev vd up
	in_u ip link set dev vu up
	# Not in_u: what is killed must be the server itself.
	nsenter --net=/run/netns/u -- $FAR serve both >/run/serve-udp.out 2>$ERRORS &
	UDP_FAR=$!
	wait_for 10 grep -q serving /run/serve-udp.out
	sleep 0.5
}
udp_down() {
	kill -9 $UDP_FAR
	wait $UDP_FAR 2>/dev/null || true
	ip netns del u
	wait_for 5 eval '! in_c ip link show dev vd'
	sleep 0.5
}

# rules N: a policy of N rules, one program as good as the other: the measured program has its
# share, the rule that decides is its last.
rules() {
	local programs others share i=0
	mapfile -t programs < <(find /usr/bin /usr/sbin -type f | sort | head -n 400)
	share=$((($1 - 1) / (${#programs[@]} + 1)))
	others=$(($1 - 1 - share - 2))
	echo "unmatched ask"
	echo "allow $FAR any"
	for ((i = 0; i < others; i++)); do
		echo "deny ${programs[i % ${#programs[@]}]} 192.0.2.$((i % 250)) port $((1000 + i))"
	done
	for ((i = 0; i < share; i++)); do echo "deny $W 192.0.2.$((i % 250)) port $((1000 + i))"; done
	echo "allow $W $U4"
	echo "allow $W $F4"
}

# measure MODE WORKLOAD ARGS...: in namespace c; its lines go to the results.
measure() {
	local mode=$1 out
	shift
	out=$("${IN_C[@]}" "$W" "$@" 2>$ERRORS) || { cat $ERRORS; return 1; }
	sed "s/^/$mode /" <<<"$out" >>$RAW
}

connects() { measure "$1" rst $F4 9 1000; }

packets() {
	local i

	# Whether the allocator's lists happen to be at an edge costs a connection some 500
	# instructions a round trip from its start to its end: several, in all modes.
	for ((i = 0; i < 5; i++)); do measure "$1" rr $F4 9001; done
	connects "$1"
	measure "$1" fresh $F4 9
	measure "$1" bulk $F4 9002
	udp_up || exit 1
	measure "$1" udp $U4 9000
	for ((i = 0; i < 5; i++)); do measure "$1-beside" rr $U4 9001; done
	udp_down
}

load() {
	module_load
	rules "$1" | snitch-tool policy >/run/policy.out
}

# decider ANSWER: a decider that gives this answer; it is $DECIDER.
decider() {
	$W decide "$1" >/run/decide.out 2>$ERRORS &
	DECIDER=$!
	wait_for 10 grep -q deciding /run/decide.out || { cat $ERRORS; return 1; }
}
decider_end() {
	kill -TERM $DECIDER
	wait $DECIDER
	sed -n "/^verdict/s/^/$1 /p" /run/decide.out >>$RAW
}

# The measured program has no rule: each of its flows waits for the decider.
consulted() {
	printf '%s\n' "unmatched ask" "allow $FAR any" "deny $W 192.0.2.1" |
		snitch-tool policy >/run/policy.out
	decider allow
	connects consult
	decider_end consult
	udp_up || exit 1
	decider allow
	measure none sends $U4 9000 200
	decider_end consult-udp
	udp_down
}

# The kernel has been told before what becomes of the program's flows to an address, as for a name
# that a rule speaks of; beside it a rule about the address itself.
foreseen() {
	printf '%s\n' "unmatched ask" "allow $FAR any" "allow $W $F4" |
		snitch-tool policy >/run/policy.out
	connects by-address
	printf '%s\n' "unmatched ask" "allow $FAR any" "deny $W 192.0.2.1" |
		snitch-tool policy >/run/policy.out
	decider remember
	connects by-name
	decider_end by-name
}

# 10 000 rules about ranges, all of the measured program; the last one decides.
ranges() {
	local i
	echo "unmatched ask"
	echo "allow $FAR any"
	for ((i = 0; i < 5000; i++)); do
		echo "deny $W 192.$((i / 250)).$((i % 250)).0/24"
		echo "deny $W 10.0.0.0/8 port $((1000 + i))-$((30000 + i))"
	done
	echo "allow $W $F4/31"
}

# sets: the same policy without and with a rule about a million prefixes that the flow is not in.
sets() {
	local policy=("unmatched ask" "allow $FAR any" "allow $W $F4")
	printf '%s\n' "${policy[@]}" | snitch-tool policy >/run/policy.out
	connects set-0
	printf '%s\n' "${policy[@]:0:2}" "set 1 1 many:1000000" "deny $W set:1" "${policy[2]}" |
		snitch-tool policy >/run/policy.out
	connects set-1m
	snitch-tool sets | sed -n 's/.* ranges4=1000000 .*bytes=\([0-9]*\).*/\1/p' |
		awk '{print "set-1m bytes", int(($1 + 999999) / 1000000)}' >>$RAW
	echo "delta 1 2 +198.51.100.1" | snitch-tool change |
		sed -n 's/^commit_ns /set-1m commit /p' >>$RAW
}

parked_is() { [[ $(parked_count) == "$1" ]]; }

# Another program's flows wait for a person.
held() {
	local other
	printf '%s\n' "unmatched ask" "allow $FAR any" "deny $OTHER 192.0.2.1" "allow $W $F4" |
		snitch-tool policy >/run/policy.out
	decider hold
	connects held-0
	"${IN_C[@]}" $OTHER held $F4 10000 $HELD >/run/held.out 2>$ERRORS &
	other=$!
	wait_for 20 parked_is $HELD || { cat $ERRORS; return 1; }
	connects held-n
	parked_is $HELD
	echo "held-n parked $(parked_count)" >>$RAW
	kill -9 $other
	wait $other 2>/dev/null || true
	wait_for 20 parked_is 0
	decider_end held
}

# recorded MODE: connects until the host has enough, for seconds between two starts of the program.
recorded() {
	connects "$1"		# what is only done once
	cat /proc/kallsyms >"/out/symbols.$1"
	: >"/out/at.$1"
	until [[ -e /out/go.$1 ]]; do
		"${IN_C[@]}" $W rst $F4 9 19000 >/run/rst.out 2>$ERRORS
	done
}

set_up
if [[ $REPEAT == profile ]]; then
	recorded none
	load 10
	recorded rules-10
	module_unload
	exit 0
fi
for ((rep = 0; rep < REPEAT; rep++)); do
	packets none
	load 10
	packets rules-10
	rules 10000 | snitch-tool policy >/run/policy.out
	echo "rules-10000 rules $(snitch-tool status | awk '$1 == "rules" {print $2}')" >>$RAW
	packets rules-10000
	ranges | snitch-tool policy >/run/policy.out
	connects ranges-10000
	sets
	consulted
	foreseen
	held
	module_unload
done
echo end >>$RAW
