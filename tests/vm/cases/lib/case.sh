# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2034,SC2086,SC2015
# What the kernel's cases share: programs of their own, the scripted decider, the far end.
# Must never use snitchd: the kernel is tested alone.
. /snitch/guest/lib.sh

A=/opt/a B=/opt/b FAR=/opt/far	# three programs; FAR is the servers' and always allowed
LOG=/run/decide.log FIFO=/run/decide.fifo
TMP=/run/case
mkdir -p /opt $TMP
for program in $A $B $FAR; do
	[[ -x $program ]] || cp /snitch/tools/netprog $program
done

# param NAME: the number that the kernel parameter snitch.NAME says, if it was given.
param() { sed -n "s/.*\bsnitch\.$1=\([0-9]*\).*/\1/p" /proc/cmdline; }

# far_up PROTO:PORT...: echo servers at the far end; what they received is in $TMP/far.
far_up() {
	local last=${*: -1}
	: >$TMP/far
	in-net f $FAR server "$@" --log $TMP/far &
	wait_for 10 far_listens "$([[ $last == tcp:* ]] && echo -t || echo -u)" "${last#*:}"
}

# far_again: the far end has two addresses more, $S4 and $S6.
S4=10.77.0.3 S6=fd77::3
far_again() {
	in_f ip addr add $S4/24 dev vf
	in_f ip -6 addr add $S6/64 dev vf nodad
	in_c ip neigh replace $S4 lladdr 02:77:00:00:00:02 dev vc nud permanent
	in_c ip neigh replace $S6 lladdr 02:77:00:00:00:02 dev vc nud permanent
}
# far_feeds PORT: sends who connects as much as they ask for; what it could send is in $TMP/feed.
far_feeds() {
	: >$TMP/feed
	in-net f $FAR feed tcp:$1 --log $TMP/feed &
	wait_for 10 far_listens -t $1
}

# endless_up PORT: an HTTP server at the far end, of a file that does not end and comes slowly.
endless_up() {
	cat >$TMP/endless <<-'END'
	#!/bin/bash
	printf 'HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n'
	while head -c 1000 /dev/zero; do sleep 0.05; done
	END
	chmod +x $TMP/endless
	in_f socat TCP-LISTEN:$1,fork,reuseaddr EXEC:$TMP/endless 2>/dev/null &
	wait_for 10 far_listens -t $1
}

# far_got PROTO PORT TEXT: did a server receive that text?
far_got() { grep -q "^$1 $2 [0-9]* .*$3" $TMP/far; }

# policy [LINE...]: puts a policy in force: the servers' rule, the lines, stdin if no lines.
policy() {
	{ echo "allow $FAR any"; if [[ $# -gt 0 ]]; then printf '%s\n' "$@"; else cat; fi; } |
		snitch-tool policy >$TMP/policy.out
}

# decider [OPTION...]: starts the scripted decider; it is $DECIDER.
decider() {
	: >$LOG
	rm -f $FIFO
	snitch-tool decide --log $LOG --fifo $FIFO "$@" >>$TMP/decider.err 2>&1 &
	DECIDER=$!
	wait_for 10 grep -q '^WELCOME' $LOG || { cat $TMP/decider.err; return 1; }
}
tell() { echo "$*" >$FIFO; }
decider_end() { kill -9 "$DECIDER" 2>/dev/null; wait "$DECIDER" 2>/dev/null; }

# seen PATTERN [SECONDS]: is there, or comes, such a line in the decider's log?
seen() { wait_for "${2:-5}" grep -qE "$1" $LOG; }
# field NAME PATTERN: a field of the newest line of the log that matches.
field() { grep -E "$2" $LOG | tail -n 1 | sed -n -E "s/.*\b$1=([^ ]*).*/\1/p"; }
count_seen() { grep -cE "$1" $LOG; }
# flow_to PORT: id of the newest flow to that port.
flow_to() { field id "^FLOW .*remote=[^ ]*:$1 "; }
# more_flows N: were more than N told?
more_flows() { [[ $(count_seen '^FLOW ') -gt $1 ]]; }

# stat NAME: a number of snitch-tool status.
stat_of() { snitch-tool status | awk -v k="$1" '$1 == k {print $2}'; }
stat_is() { [[ $(stat_of "$1") == "$2" ]]; }
parked_is() { stat_is parked "$1"; }

# go NAME COMMAND...: starts a command in namespace c; its output goes to $TMP/NAME.
declare -A PIDS
go() {
	local name=$1
	shift
	: >"$TMP/$name"
	# Not in_c: the process that is waited for and killed must be the program itself.
	in-net c "$@" >"$TMP/$name" 2>&1 &
	PIDS[$name]=$!
}
# ended NAME: waits for it; the status is its own.
ended() { wait "${PIDS[$1]}"; }
said() { grep -qE "$2" "$TMP/$1"; }
# t_said NAME WHO PATTERN: test point: that output comes within 10 s.
t_said() {
	if wait_for 10 said "$2" "$3"; then t_pass "$1"; else
		t_fail "$1" "expected '$3', said:" || true
		t_note "$(cat "$TMP/$2")"
		return 1
	fi
}
# t_seen NAME PATTERN [SECONDS]: test point on the decider's log.
t_seen() {
	if seen "$2" "${3:-5}"; then t_pass "$1"; else
		t_fail "$1" "expected '$2' in the decider's log:" || true
		t_note "$(tail -n 20 $LOG)"
	fi
}
# t_none NAME PROTO [PORT]: nothing at all reached the far end.
t_none() { t_is "$1" "$(far_packets "$2" "${3:-}")" 0; }
# t_some NAME PROTO [PORT]: something reached the far end, or does within 5 s.
far_some() { [[ $(far_packets "$@") -gt 0 ]]; }
t_some() { t_ok "$1" wait_for 5 far_some "$2" ${3:+"$3"}; }
# t_out NAME PATTERN COMMAND...: runs in c; its output matches.
t_out() {
	local name=$1 want=$2 out
	shift 2
	out=$(in_c "$@" 2>&1)
	if grep -qE "$want" <<<"$out"; then t_pass "$name"; else
		t_fail "$name" "command: $*; expected '$want', said:" || true
		t_note "$out"
	fi
}
# t_fast NAME PATTERN LIMIT_US COMMAND...: the same, and the line's us= is below the limit.
t_fast() {
	local name=$1 want=$2 limit=$(($3 * SLOW)) out us
	shift 3
	out=$(in_c "$@" 2>&1)
	us=$(grep -E "$want" <<<"$out" | sed -n -E 's/.* us=([0-9]+).*/\1/p' | tail -n 1)
	if [[ -n $us && $us -lt $limit ]]; then t_pass "$name ($us us)"; else
		t_fail "$name" "expected '$want' below $limit us, said:" || true
		t_note "$out"
	fi
}
t_parked() {
	if wait_for "${3:-5}" parked_is "$2"; then t_pass "$1"; else
		t_fail "$1" "parked $(stat_of parked), expected $2" || true
		t_note "$(snitch-tool parked)"
	fi
}

# payload_reset: far_reset, and packets longer than 200 bytes are counted: those that carry 600
# bytes of a program, not handshakes and resets. payload: how many; t_no_payload NAME: none.
payload_reset() {
	far_reset
	in_f nft -f - <<-'END'
	table inet payload
	delete table inet payload
	table inet payload {
		counter got { }
		chain in { type filter hook prerouting priority -440; iifname "vf" meta length > 200 counter name got; }
	}
	END
}
payload() { in_f nft -j list counter inet payload got | jq -r '.nftables[].counter? // empty | .packets'; }
t_no_payload() { t_is "$1" "$(payload)" 0; }
far_payload() { [[ $(payload) -gt 0 ]]; }

# t_points NAME COMMAND...: each "ok" and "not ok" line of a program is a test point.
t_points() {
	local name=$1 line n=0
	shift
	while IFS= read -r line; do
		case $line in
		'ok '*) t_pass "$name: ${line#ok }" ;;
		'not ok '*) t_fail "$name: ${line#not ok }" ;;
		*) t_note "$line"; continue ;;
		esac
		n=$((n + 1))
	done < <("$@" 2>&1; echo "status $?")
	t_cmp "$name: checks were made" "$n" -gt 0
}

case_begin() {
	net_up && module_load "$@" || { t_fail "set-up"; t_done; }
}
