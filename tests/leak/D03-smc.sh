# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# SMC falls back to a TCP connection that the kernel makes: it is its user's.
. /snitch/leak/lib/leak.sh

leak_begin
if modprobe smc 2>/dev/null; then
	for to in $F4 $F6; do way "SMC to $to" $EVIL tcp 80 $EVIL smc $to 80 --data leak; done
else
	t_skip "SMC" "this kernel has none"
fi
leak_done
