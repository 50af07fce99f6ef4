# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L32: through cron or a process that gives itself away: such a program has other ancestors, and
# a rule for one parent's children does not fit.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

cp /bin/bash $DIR/tool
cp /bin/bash $DIR/stranger
leak_begin
decider_end
daemon_prepare
echo "allow $CURL child-of $DIR/tool to any" >/etc/snitch/rules.d/20-leak.rules
daemon_up
snitch mode quiet
far_reset
# A stranger leaves its job to another process and ends.
in_c $DIR/stranger -c "(setsid $CURL -s -m 15 http://$F4/orphan >/dev/null 2>&1 &) &"
sleep 1
leak_none "a stranger's orphan: 0 packets"
mkdir -p $TMP/tabs
echo "* * * * * $CURL -s -m 15 http://$F4/cron; touch $TMP/cron.ran" >$TMP/tabs/root
go cron busybox crond -f -c $TMP/tabs
t_ok "cron runs it" wait_for 150 test -e $TMP/cron.ran
leak_none "run by cron: 0 packets"
kill ${PIDS[cron]}
in_c $DIR/tool -c "$CURL -s -m 15 http://$F4/tool; :" >/dev/null 2>&1
t_some "run by the right one: it goes through" tcp 80
daemon_down
daemon_forget
t_done
