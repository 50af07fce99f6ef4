# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L07: in a user's own mount namespace another program lies over /usr/bin/curl.
. /snitch/leak/lib/leak.sh

leak_begin
chmod 755 $DIR $EVIL
over="mount --bind $EVIL $CURL && exec $CURL tcp $F4 80 --data leak"
way "bind mount over curl" '[^ ]*' tcp 80 "${USER1[@]}" unshare -Urm bash -c "$over"
t_is "its executable is the other file" "$(field ino '^OWNER .*comm=curl')" "$(stat -c %i $EVIL)"
over="mount --bind $EVIL $CURL && exec $CURL udp $F4 80 --size 100"
way "with UDP" '[^ ]*' udp 80 "${USER1[@]}" unshare -Urm bash -c "$over"
# A file system of its own there, by root: another device, perhaps with the same inode number.
way "a file system of its own over /usr/bin" '[^ ]*' tcp 80 unshare -m bash -c "
	mount -t tmpfs none /mnt && cp $EVIL /mnt/curl &&
	mount --bind /mnt /usr/bin && exec $CURL tcp $F4 80 --data leak"
leak_done
