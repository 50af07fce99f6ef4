# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L23: an allowed program's connected socket, given away by SCM_RIGHTS or taken by pidfd_getfd().
. /snitch/leak/lib/leak.sh

leak_begin "allow $A any"
for kind in "" --udp; do
	proto=tcp
	[[ -z $kind ]] || proto=udp
	: >$LOG
	go take $EVIL take $TMP/sock --data passed
	go pass $A pass $TMP/sock $F4 80 $kind --data own
	t_seen "SCM_RIGHTS, $proto: what the other program sends is a question" "$(flow_of $proto 80)"
	t_seen "SCM_RIGHTS, $proto: it is the owner" "^OWNER .*exe=$EVIL "
	tell deny all
	ended take
	ended pass
	t_ok "SCM_RIGHTS, $proto: it never arrives" eval "! far_got $proto 80 passed"
done
for answer in deny allow; do
	: >$LOG
	go victim $A tcp $F4 80 --keep 3000
	wait_for 5 said victim '^connect OK'
	go thief $EVIL steal ${PIDS[victim]} 3 --data stolen
	t_seen "pidfd_getfd, $answer: what the thief sends is a question" "$(flow_of tcp 80)"
	t_seen "pidfd_getfd, $answer: it is the owner" "^OWNER .*exe=$EVIL "
	sleep 0.3
	t_ok "pidfd_getfd, $answer: while it waits, nothing arrives" eval "! far_got tcp 80 stolen"
	tell $answer all
	ended thief
	[[ $answer == allow ]] || t_ok "pidfd_getfd: refused, it never arrives" eval "! far_got tcp 80 stolen"
	ended victim
done
t_ok "pidfd_getfd: allowed, it does" wait_for 5 far_got tcp 80 stolen
leak_done
