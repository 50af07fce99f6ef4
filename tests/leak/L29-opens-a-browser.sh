# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L29: an allowed program is handed an address to open, and whoever did it is gone at once. It goes
# out, a limit: it is told as that program's. Where that is asked about, with who started it.
. /snitch/leak/lib/leak.sh

cp /bin/bash $DIR/stranger
leak_begin
leak_observe
far_reset
in_c $DIR/stranger -c "setsid $CURL -s -m 15 http://$F4/?secret=1 >/dev/null 2>&1 & :"
t_some "limit: it goes out" tcp 80
t_told "it is detected" tcp 80 $CURL
way "where the browser may not" $CURL tcp 81 $DIR/stranger -c "setsid -w $CURL -s -m 15 http://$F4:81/?secret=1; :"
t_seen "who started it is told" "^OWNER .*exe=$DIR/stranger "
leak_done
