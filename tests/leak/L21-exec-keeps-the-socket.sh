# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L21: an allowed program connects and then becomes another one, keeping the socket.
. /snitch/leak/lib/leak.sh

leak_begin "allow $A any"
for to in $F4 $F6; do
	: >$LOG
	go way $A tcp $to 80 --exec $EVIL --data leak-$to
	t_seen "exec, $to: its next packet is a question" "$(flow_of tcp 80)"
	t_seen "exec, $to: of the new program" "^OWNER .*exe=$EVIL "
	tell deny all
	ended way
	t_ok "exec, $to: its data never arrives" eval "! far_got tcp 80 leak"
	: >$LOG
	go way $A path send $to 80 --udp --exec $EVIL --data leak-$to
	t_seen "UDP, $to: a question" "$(flow_of udp 80)"
	tell deny all
	ended way
	t_ok "UDP, $to: its data never arrives" eval "! far_got udp 80 leak"
done
go way $A tcp $F4 80 --exec $EVIL --data permitted
seen "$(flow_of tcp 80)"
tell allow all
t_ok "allowed, it does" wait_for 5 far_got tcp 80 permitted
ended way
leak_done
