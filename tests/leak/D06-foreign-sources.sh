# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Sockets bound to addresses that are not ours: IP_FREEBIND, IP_TRANSPARENT.
. /snitch/leak/lib/leak.sh

SOCAT=$(readlink -f /usr/bin/socat)
leak_begin
chmod 755 $DIR $EVIL
say="echo leak | socat -u -"
way "IP_TRANSPARENT" $SOCAT udp 80 bash -c "$say UDP:$F4:80,bind=192.0.2.8:6500,ip-transparent"
way "IP_TRANSPARENT, the far end's own address" $SOCAT udp 80 bash -c "$say UDP:$F4:80,bind=$F4:6500,ip-transparent"
t_seen "the source is told" "^FLOW .*local=$F4:6500 "
way "IPV6_FREEBIND by a user" $EVIL udp 80 "${USER1[@]}" $EVIL freebind 2001:db8::9 $F6 80
way "IPV6_FREEBIND, the far end's own address" $EVIL udp 80 "${USER1[@]}" $EVIL freebind $F6 $F6 80
leak_done
