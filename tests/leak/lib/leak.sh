# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2034,SC2086,SC2154
# What the leak cases share: one allowed program, a program that nobody knows, and ways out.
# Must never believe that nothing was sent because we say so: the far end counts.
. /snitch/cases/lib/case.sh

CURL=/usr/bin/curl		# may go to port 80, as the policy says
DIR=/opt/leak			# a case's own programs
EVIL=$DIR/evil			# no rule names it
USER1=(setpriv --reuid 1000 --regid 1000 --clear-groups)
LOOPBACK="allow any any builtin loopback"
rm -rf --one-file-system $DIR
mkdir -p $DIR
cp /snitch/tools/netprog $EVIL

# leak_policy [LINE...]: what is allowed in every case, and the lines; the rest is asked about.
leak_policy() { policy "unmatched ask" "allow $CURL any port 80" "$@"; }

# leak_begin [LINE...]: network, module, servers, policy, a decider that holds. Then the rule is
# shown to be in force: curl gets through, and is counted.
leak_begin() {
	case_begin
	far_up tcp:80 tcp:81 udp:80 udp:81
	leak_policy "$@"
	decider --default hold
	warm curl $EVIL
	# The echo server speaks no HTTP: curl's own words are what counts.
	in_c curl -s -m 20 http://$F4/rule-in-force >/dev/null 2>&1
	t_ok "the allowed program gets through" wait_for 5 far_got tcp 80 rule-in-force
	t_is "and nobody was asked" "$(count_seen '^FLOW')" 0
}

# leak_none NAME: nothing of any protocol came but neighbour discovery.
leak_none() {
	t_is "$1" "$(far_total)" 0 || t_note "$(in_f nft list set inet far ports; in_f nft list set inet far protos)"
}

# flow_of PROTO PORT: a pattern of the decider's log; no PORT for protocols that have none.
flow_of() { echo "^FLOW .*proto=$1 .*remote=[^ ]*:${2:-[0-9]+} "; }

# held NAME EXE PROTO PORT COMMAND...: it is asked about, as that executable (a pattern; deleted
# or not), and nothing leaves meanwhile; nor when the answer is no.
held() {
	local name=$1 exe=$2 proto=$3 port=$4
	shift 4
	tell default hold
	sleep 0.1
	: >$LOG
	far_reset
	go way timeout -k 1 $((20 * SLOW)) "$@"
	t_seen "$name: it is a question" "$(flow_of $proto "$port")" 10
	t_seen "$name: of the right program" "^OWNER .*exe=$exe(.x20.deleted.)? " || t_note "$(cat $TMP/way)"
	sleep 0.5
	leak_none "$name: while it waits, 0 packets"
	tell default deny
	tell deny all
	ended way
	sleep 0.3
	leak_none "$name: refused, 0 packets"
}

# leak_observe: from now on what nobody is asked about is told, too.
leak_observe() {
	SEEN=$TMP/seen
	snitch-tool observe $SEEN &
	wait_for 10 grep -q '^WELCOME' $SEEN
}
seen_field() { grep -E "$2" $SEEN | tail -n 1 | sed -n -E "s/.*\b$1=([^ ]*).*/\1/p"; }
# t_told NAME PROTO PORT EXE: the newest flow there is told as that program's.
t_told() {
	local id
	wait_for 5 grep -qE "$(flow_of $2 "$3")" $SEEN
	id=$(seen_field owner "$(flow_of $2 "$3")")
	t_is "$1: told as of $4" "$(seen_field exe "^OWNER id=${id:-none} ")" "$4" || t_note "$(tail -n 20 $SEEN)"
}
# sent NAME PROTO PORT COMMAND...: allowed by the decider it does arrive: the way is one.
sent() {
	local name=$1 proto=$2 port=$3
	shift 3
	tell default allow
	far_reset
	go way timeout -k 1 $((20 * SLOW)) "$@"
	t_some "$name: allowed, it arrives" $proto "$port" || t_note "$(cat $TMP/way)"
	kill "${PIDS[way]}" 2>/dev/null
	ended way 2>/dev/null
	tell default hold
}

# way NAME EXE PROTO PORT COMMAND...: both.
way() {
	held "$@"
	sent "$1" "$3" "$4" "${@:5}"
}

# refused NAME COMMAND...: ends by itself; nothing left, whatever was asked is answered no.
refused() {
	local name=$1
	shift
	tell default deny
	tell deny all
	far_reset
	go way timeout -k 1 $((20 * SLOW)) "$@"
	ended way
	sleep 0.3
	leak_none "$name: 0 packets" || t_note "$(cat $TMP/way)"
	tell default hold
}

leak_done() {
	tell deny all
	t_parked "nothing is parked" 0
	t_done
}
