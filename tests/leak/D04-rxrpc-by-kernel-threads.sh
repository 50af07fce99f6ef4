# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# RxRPC: a user's data leave by the kernel's own threads: refused unless a rule allows relaying.
. /snitch/leak/lib/leak.sh

leak_begin
if ! modprobe rxrpc 2>/dev/null || [[ $(in_c $EVIL rxrpc 127.0.0.1 7000 --keep 1 2>&1) == no* ]]; then
	t_skip "RxRPC" "this kernel has none"
	leak_done
fi
for to in $F4 $F6; do refused "RxRPC to $to" $EVIL rxrpc $to 7000; done
# 11: SNITCH_K_RELAYED.
policy "unmatched ask" "allow kernel:11 any"
far_reset
in_c $EVIL rxrpc $F4 7000 >$TMP/rxrpc 2>&1
t_some "a rule for what the kernel relays: it arrives" udp 7000 || t_note "$(cat $TMP/rxrpc)"
leak_done
