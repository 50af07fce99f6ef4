# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L85: a program that changes its user: a user's rule is for what it runs as, not who ran it.
. /snitch/leak/lib/leak.sh

leak_begin "allow $A any uid 1000"
cp $EVIL $DIR/suid
chmod 755 $DIR
chmod 4755 $DIR/suid
policy "unmatched ask" "allow $A any uid 1000" "allow $DIR/suid any uid 1000"
t_out "the user may" '^connect OK' "${USER1[@]}" $A tcp $F4 80
way "root may not" $A tcp 80 $A tcp $F4 80 --data leak
way "set-user-id, run by the user" $DIR/suid tcp 80 "${USER1[@]}" $DIR/suid tcp $F4 80 --data leak
t_seen "both users are told" "^OWNER .*uid=1000 euid=0 .*exe=$DIR/suid "
t_out "in a user namespace it is still that user" '^connect OK' "${USER1[@]}" unshare -Ur $A tcp $F4 80
leak_done
