# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L18: an allowed program is made to send by its debugger. It is its own socket and its own system
# call, a limit: what it sends is told as its.
. /snitch/leak/lib/leak.sh

for name in allowed unknown; do cp /usr/bin/sleep $DIR/$name; done
leak_begin "allow $DIR/allowed any"
# sleeps NAME: one that sleeps; its pid is $VICTIM.
sleeps() {
	in_c true
	in-net c "${USER1[@]}" $DIR/$1 600 &
	VICTIM=$!
	wait_for 5 eval "[[ \$(readlink /proc/$VICTIM/exe) == $DIR/$1 && \$(cat /proc/$VICTIM/wchan) == *nanosleep* ]]"
}
sleeps unknown
way "into a program that nobody knows" $DIR/unknown udp 80 "${USER1[@]}" $EVIL inject $VICTIM $F4 80
kill $VICTIM
sleeps unknown
way "IPv6" $DIR/unknown udp 81 "${USER1[@]}" $EVIL inject $VICTIM $F6 81
kill $VICTIM
sleeps allowed
leak_observe
far_reset
in_c "${USER1[@]}" $EVIL inject $VICTIM $F4 80 >/dev/null
t_some "limit: into an allowed one: it goes out" udp 80
t_told "it is detected" udp 80 $DIR/allowed
kill $VICTIM
leak_done
