# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L72: device and netlink family, by an ordinary user, in the daemon's group, and by root of a user
# namespace who may do anything in it: refused, and nothing has changed.
. /snitch/leak/lib/leak.sh

leak_begin
POLICY="unmatched allow"$'\n'"allow any any"
state() { snitch-tool status | grep -E '^(armed|generation|mode|rules|apps|decider|max_|hold|consult|grace)'; snitch-tool rules; }
# try NAME COMMAND...: as each of them; it fails.
try() {
	local name=$1
	shift
	t_run "a user: $name" 1 "${USER1[@]}" --inh-caps -all "$@"
	t_run "in the daemon's group: $name" 1 setpriv --reuid 1000 --regid snitch --clear-groups --inh-caps -all "$@"
	t_run "root of a user namespace: $name" 1 "${USER1[@]}" unshare -Ur "$@"
	t_run "and of a network namespace: $name" 1 "${USER1[@]}" unshare -Urnm "$@"
}
chmod 755 $DIR $EVIL
before=$(state)
cat >$DIR/policy <<-END
	#!/bin/bash
	snitch-tool policy <<<'$POLICY' || exit 1
END
cat >$DIR/device <<-'END'
	#!/bin/bash
	exec 3<>/dev/snitch || exit 1
END
chmod 755 $DIR/*
for mode in 600 666; do
	chmod $mode /dev/snitch
	try "the device, mode $mode" $DIR/device
	try "as the decider, mode $mode" timeout 20 snitch-tool decide --log /dev/null --default allow
	try "as an observer, mode $mode" timeout 20 snitch-tool observe /dev/null
done
try "what is in force" snitch-tool status
try "rules" snitch-tool rules
try "flows" snitch-tool flows
try "another policy" $DIR/policy
try "limits" snitch-tool limits max_flows=1
try "cutting connections" snitch-tool cut uid 0
t_is "nothing has changed" "$(state)" "$before"
held "the unknown" $EVIL tcp 81 $EVIL tcp $F4 81 --data leak
go ruled $CURL -s -m 15 http://$F4/still
t_ok "the rule goes on" wait_for 10 far_got tcp 80 still
chmod 600 /dev/snitch
leak_done
