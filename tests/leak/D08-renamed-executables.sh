# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Names change, files do not: a rule is for the file that its path led to.
. /snitch/leak/lib/leak.sh

APP=$DIR/app
cp $A $APP
leak_begin "allow $APP any"
t_out "before, its rule holds" '^connect OK' $APP tcp $F4 80
mv $APP $DIR/elsewhere
cp $EVIL $APP
way "another file with the path of the rule" $APP tcp 80 $APP tcp $F4 80 --data leak
# The two change places in one step, while a program is being started again and again.
rm $APP
mv $DIR/elsewhere $APP
leak_policy "allow $APP any"
cp $EVIL $DIR/swap
tell default deny
far_reset
(for n in {1..40}; do mv $APP $DIR/x; mv $DIR/swap $APP; mv $APP $DIR/swap; mv $DIR/x $APP; done) &
for n in {1..40}; do in_c $DIR/swap udp $F4 81 >/dev/null 2>&1; done
wait $!
in_c $DIR/swap udp $F4 81 >/dev/null 2>&1
t_none "a file that had the rule's path for a while: 0 packets" udp 81
leak_done
