# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L49: one unconnected UDP socket, many destinations: each is judged, one allowed opens no other.
. /snitch/leak/lib/leak.sh

leak_begin "allow $EVIL $F4 port 80"
far_reset
: >$LOG
go way $EVIL udpmany $F4 80 20 --keep 1000
t_some "the allowed destination is reached" udp 80
ended way
t_is "nothing but that" "$(far_total)" 1
t_is "the others are questions" "$(count_seen "^FLOW ")" 19
tell allow "$(flow_to 85)"
t_some "one of them allowed: it arrives" udp 85
t_is "and only that" "$(far_total)" 2
tell deny all
sleep 0.3
t_is "refused: nothing more" "$(far_total)" 2
way "the same port at another address" $EVIL udp 80 $EVIL udp $F6 80
leak_policy "allow $EVIL $F4 port 80"
tell default deny
far_reset
in_c $EVIL mixed $F4 80 81 >/dev/null
t_none "one sendmmsg() for two: 0 packets to the one not allowed" udp 81
t_some "and those to the other arrive" udp 80
leak_done
