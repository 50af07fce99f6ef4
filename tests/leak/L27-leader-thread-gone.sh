# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L27: the first thread has ended, another one talks: its program is still known.
. /snitch/leak/lib/leak.sh

leak_begin
way "TCP" $EVIL tcp 80 $EVIL headless tcp $F4 80 --data leak
t_ok "its pid is the process's" eval "[[ $(field pid '^OWNER ') -gt 1 ]]"
way "UDP" $EVIL udp 80 $EVIL headless udp $F6 80
leak_policy "allow $EVIL any"
: >$LOG
in_c $EVIL headless tcp $F4 80 --data ruled >/dev/null
t_ok "its rule holds" far_got tcp 80 ruled
t_is "nobody was asked" "$(count_seen '^FLOW')" 0
leak_done
