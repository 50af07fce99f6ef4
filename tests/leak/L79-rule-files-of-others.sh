# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L79: rule files that somebody but root could have written: writable by the group or by all, a user's,
# a symbolic link, a folder that is not root's alone. Refused with the reason; what was good stays.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

RULES=/etc/snitch/rules.d
leak_begin
decider_end
daemon_prepare
echo "allow $CURL to any port 80" >$RULES/20-good.rules
daemon_up
snitch mode quiet >/dev/null
# spoiled NAME REASON COMMAND...: COMMAND makes $RULES/30-bad.rules of $DIR/bad, whole at once.
spoiled() {
	local name=$1 reason=$2
	shift 2
	echo "allow $EVIL to any" >$DIR/bad
	chown 0:0 $DIR/bad
	chmod 644 $DIR/bad
	"$@"
	kill -HUP $DAEMON
	t_ok "$name: the reason is said" wait_for 10 eval "j .RulesError status | grep -qE '30-bad.rules.*($reason)'" ||
		t_note "$(j .RulesError status)"
	t_says "$name: doctor says it, too" "30-bad.rules.*($reason)" snitch doctor
	far_reset
	in_c timeout 15 $EVIL tcp $F4 81 --data leak >$TMP/evil 2>&1
	leak_none "$name: 0 packets"
	in_c $CURL -s -m 15 http://$F4/$name >/dev/null 2>&1
	t_ok "$name: the good rule is in force" far_got tcp 80 $name
	rm -f $RULES/30-bad.rules
}
writable() { chmod $1 $DIR/bad && mv $DIR/bad $RULES/30-bad.rules; }
owned() { chown $1 $DIR/bad && mv $DIR/bad $RULES/30-bad.rules; }
linked() { ln -s $DIR/bad $RULES/30-bad.rules; }
spoiled all 'mode 666' writable 666
spoiled group 'mode 664' writable 664
spoiled user 'owner 1000' owned 1000:1000
spoiled link 'symbolic link' linked

# At a start there is nothing to stay: the good files count, the bad one does not.
echo "allow $EVIL to any" >$DIR/bad
owned 1000
daemon_down
daemon_up
far_reset
in_c timeout 15 $EVIL tcp $F4 81 --data leak >$TMP/evil 2>&1
leak_none "from a start on: 0 packets"
rm $RULES/30-bad.rules
echo "allow $EVIL to any" >$RULES/30-bad.rules
kill -HUP $DAEMON
wait_for 10 eval "snitch rules list | grep -q '$EVIL'"
go evil $EVIL tcp $F4 81 --data leak
t_some "the same rule in a file of root's does allow it" tcp 81
ended evil
daemon_down
daemon_forget
t_done
