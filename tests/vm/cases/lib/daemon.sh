# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2034,SC2154
# For cases with the installed daemon: starting and ending it, an agent, and JSON.
# Must never judge by what the daemon says of traffic: the far end counts.
. /snitch/cases/lib/case.sh

AGENT=''

# stand_in PROGRAM...: $A in the place of each; stand_ins_gone: what was there is there again.
STANDING=()
stand_in() {
	local program
	for program in "$@"; do
		mkdir -p ${program%/*}
		[[ ! -e $program ]] || mv $program $program.real
		cp $A $program
		STANDING+=("$program")
	done
}
stand_ins_gone() {
	local program
	for program in "${STANDING[@]}"; do
		rm $program
		[[ ! -e $program.real ]] || mv $program.real $program
	done
}

daemon_forget() { umount -l /var/lib/snitch /etc/snitch 2>/dev/null; return 0; }
# What systemd, udev and the package do on an installed machine. Its files lie in memory: while a
# disk is waited for the guest's clock jumps, and calls of the bus have time limits.
daemon_prepare() {
	daemon_forget
	mkdir -p /etc/snitch /var/lib/snitch
	mount -t tmpfs -o mode=755 snitch /etc/snitch
	mount -t tmpfs -o mode=750 snitch /var/lib/snitch
	chown snitch /var/lib/snitch
	mkdir -p /etc/snitch/rules.d
	install -d -o snitch -m 755 /run/snitch
	echo "allow $FAR to any lockdown # the far end" >/etc/snitch/rules.d/10-far-end.rules
	chown snitch /dev/snitch
}
daemon_up() {
	rm -f /run/snitch/bus
	snitchd --foreground >>$TMP/snitchd.log 2>&1 &
	DAEMON=$!
	wait_for 20 snitch mode
}
daemon_down() { kill -9 $DAEMON; wait $DAEMON 2>/dev/null; }

# j FILTER COMMAND...: what snitch --json prints, through jq; fails when it is no JSON.
j() {
	local filter=$1
	shift
	snitch --json "$@" | jq -er "$filter"
}
# t_json NAME FILTER COMMAND...: test point: the filter says true.
t_json() {
	local name=$1 filter=$2 out
	shift 2
	out=$(snitch --json "$@" 2>$TMP/err)
	if jq -e "$filter" <<<"$out" >/dev/null 2>&1; then t_pass "$name"; else
		t_fail "$name" "snitch --json $*: expected $filter, said:" || true
		t_note "$(head -c 2000 <<<"$out"; cat $TMP/err)"
	fi
}
# t_says NAME PATTERN COMMAND...: test point: what it prints matches.
t_says() {
	local name=$1 want=$2 out
	shift 2
	out=$("$@" 2>&1)
	if grep -qE "$want" <<<"$out"; then t_pass "$name"; else
		t_fail "$name" "command: $*; expected '$want', said:" || true
		t_note "$(head -n 20 <<<"$out")"
	fi
}
agent_up() {
	: >$TMP/agent
	snitch --json pending --wait >$TMP/agent 2>&1 &
	AGENT=$!
	wait_for 10 grep -q hello $TMP/agent
}
agent_down() { kill $AGENT; wait $AGENT 2>/dev/null; }
