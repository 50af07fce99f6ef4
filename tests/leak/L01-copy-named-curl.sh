# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L01: a copy of an allowed program, with its name, in another place: not that program.
. /snitch/leak/lib/leak.sh

leak_begin
cp $CURL $DIR/curl
way "a copy of curl" $DIR/curl tcp 80 $DIR/curl -s -m 15 http://$F4/
way "the same, IPv6" $DIR/curl tcp 80 $DIR/curl -s -m 15 "http://[$F6]/"
cp $EVIL $DIR/curl
way "another program with that name" $DIR/curl tcp 80 $DIR/curl tcp $F4 80 --data leak
# A hard link is the same executable.
: >$LOG
ln $CURL /usr/bin/curl-link
leak_policy
in_c /usr/bin/curl-link -s -m 15 http://$F4/link >/dev/null 2>&1
t_ok "a hard link is that program" far_got tcp 80 link
rm /usr/bin/curl-link
leak_done
