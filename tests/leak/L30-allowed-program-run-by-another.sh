# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L30: a program that may not speak runs one that may: its ancestors are told, and a rule with
# child-of is for nobody else's children. Where the kernel allows it by itself, the history says who.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

cp /bin/bash $DIR/tool
cp /bin/bash $DIR/stranger
run="$CURL -s -m 15 http://$F4/run; :"
leak_begin
: >$LOG
leak_policy "deny $DIR/nobody any"
policy "unmatched ask"
in_c true
go way $DIR/stranger -c "$run"
t_seen "asked about: it is curl" "^OWNER .*exe=$CURL "
t_seen "who ran it is told before" "^OWNER id=$(field parent "^OWNER .*exe=$CURL ") .*exe=$DIR/stranger "
tell deny all
ended way
decider_end
daemon_prepare
echo "allow $CURL child-of $DIR/tool to any" >/etc/snitch/rules.d/20-leak.rules
daemon_up
snitch mode quiet
far_reset
in_c $DIR/stranger -c "$run" >/dev/null 2>&1
sleep 0.5
leak_none "run by a stranger: 0 packets"
in_c $DIR/stranger -c "exec -a $DIR/tool $DIR/stranger -c '$run'" >/dev/null 2>&1
leak_none "run by a stranger with the right name: 0 packets"
in_c $CURL -s -m 15 http://$F4/run >/dev/null 2>&1
leak_none "run by nobody of the kind: 0 packets"
in_c $DIR/tool -c "$run" >/dev/null 2>&1
t_some "run by the right one: it goes through" tcp 80
echo "allow $CURL to any" >/etc/snitch/rules.d/20-leak.rules
t_ok "a rule for all of it" wait_for 10 eval 'snitch rules list | grep -q "$CURL to any"'
in_c $CURL -s -m 15 http://$F4/run >/dev/null 2>&1
consulted=$(stat_of consulted)
far_reset
in_c $DIR/stranger -c "$run" >/dev/null 2>&1
t_some "run by a stranger: it goes through" tcp 80
t_is "nobody was asked" "$(stat_of consulted)" $consulted
t_json "the history has who ran it" ".flows | any(.program == \"$CURL\" and .verdict == \"allow\" and
	.parents[0] == \"$DIR/stranger\" and (.parents | length) > 1)" log -n 0
daemon_down
daemon_forget
t_done
