# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L37: a program asks an allowed one by a Unix socket to connect for it: no IP packet is its own, a
# limit. What goes out is told as the helper's.
. /snitch/leak/lib/leak.sh

HELPER=$(readlink -f /usr/bin/socat)
cp /usr/bin/socat $DIR/asker
leak_begin "allow $HELPER any port 80"
# helper PORT: connects whoever asks with that port of the far end.
helper() {
	in_c socat UNIX-LISTEN:$TMP/helper$1,fork TCP:$F4:$1 &
	wait_for 5 test -S $TMP/helper$1
}
helper 80
helper 81
leak_observe
far_reset
echo leak | in_c $DIR/asker -t 2 - UNIX-CONNECT:$TMP/helper80 >/dev/null
t_some "limit: it goes out" tcp 80
t_told "it is detected" tcp 80 $HELPER
way "where the helper may not" $HELPER tcp 81 bash -c "echo leak | $DIR/asker -t 5 - UNIX-CONNECT:$TMP/helper81"
leak_done
