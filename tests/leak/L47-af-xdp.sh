# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L47: AF_XDP goes past every hook: a program without a rule cannot bind such a socket to a device;
# what one with a rule sends is not seen, a limit.
. /snitch/leak/lib/leak.sh

cp $EVIL $DIR/allowed
leak_begin "allow $DIR/allowed frames"
leak_observe
for to in $F4 $F6; do
	refused "no rule, $to" $EVIL xdp vc $to 80
	t_ok "no rule, $to: it cannot bind" said way '^bind EPERM'
done
t_ok "it is told" wait_for 5 grep -q "^OWNER .*exe=$EVIL " $SEEN
far_reset
in_c $DIR/allowed xdp vc $F4 80 >$TMP/xdp
t_some "limit: with a rule it goes out" udp 80
t_ok "that it may is told" wait_for 5 grep -q "^OWNER .*exe=$DIR/allowed " $SEEN
leak_done
