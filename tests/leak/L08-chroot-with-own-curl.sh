# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L08: a root of its own with its own /usr/bin/curl.
. /snitch/leak/lib/leak.sh

leak_begin
mkdir -p $DIR/root/usr/bin $DIR/root/old
cp $EVIL $DIR/root$CURL
way "chroot" '[^ ]*' tcp 80 chroot $DIR/root $CURL tcp $F4 80 --data leak
t_is "its executable is the other file" "$(field ino '^OWNER .*comm=curl')" "$(stat -c %i $DIR/root$CURL)"
chmod -R a+rx $DIR
chmod a+rwx $DIR/root
pivot="mount --bind $DIR/root $DIR/root && cd $DIR/root && pivot_root . old && exec $CURL udp $F4 80 --size 100"
way "pivot_root by a user" '[^ ]*' udp 80 "${USER1[@]}" unshare -Urm bash -c "$pivot"
# The other way round: the host's curl inside stays curl. The mounts are of a namespace of their own.
: >$LOG
in_c unshare -m bash -c "mount --bind / /mnt && exec chroot /mnt $CURL -s -m 15 http://$F4/chrooted" >/dev/null 2>&1
t_ok "the real curl in a chroot is allowed" far_got tcp 80 chrooted
t_is "and nobody is asked" "$(count_seen '^FLOW')" 0
leak_done
