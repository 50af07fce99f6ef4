# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L10: an executable on a file system that a program serves (FUSE), which is another one at each
# execution, if it likes: device, inode, size and times stay the same. No allow rule counts for it.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

MNT=/run/served P=/run/served/prog
NOBODY=(setpriv --reuid 1000 --regid 1000 --clear-groups --)
# serve UID [all]: the file is curl, and after each swap netprog or curl again.
serve() {
	/snitch/tools/fuse-swap $MNT "$1" $CURL $EVIL "${@:2}" >$TMP/fuse 2>&1 &
	SERVER=$!
	wait_for 10 mountpoint -q $MNT
}
unserve() { umount -l $MNT; wait $SERVER; }
look() { stat -c '%d %i %s %Z %Y' $P; }
swap() {
	kill -USR1 $SERVER
	# the server has it when it is not in read(2) any more
	wait_for 5 eval "cmp -sn \$(stat -c %s $1) $1 $P"
}

modprobe -q fuse
umount -l $MNT 2>/dev/null
mkdir -p $MNT
leak_begin
serve 0 all
t_ok "a program serves a file system" test -x $P || { t_note "$(cat $TMP/fuse)"; leak_done; }
leak_policy "allow $P any port 80" "deny $P any port 81" "allow any any port 81"
before=$(look)
way "as it was when its rule was made" $P tcp 80 $P -s -m 15 http://$F4/
swap $EVIL
t_is "another file by then, and nothing of it shows" "$(look)" "$before"
way "swapped" $P tcp 80 $P tcp $F4 80 --data leak
way "UDP" $P udp 80 $P udp $F4 80 --size 100
far_reset
: >$LOG
t_out "a rule that refuses it holds" '^connect ECONNREFUSED' timeout 20 $P tcp $F4 81 --data leak
t_is "and nobody is asked" "$(count_seen '^FLOW')" 0
leak_none "0 packets"
unserve

# ---- as a user has it (AppImages), and what the daemon says ------------------------------------

decider_end
serve 1000
t_ok "a user's, who alone gets in" eval "! test -x $P && ${NOBODY[*]} test -x $P" || t_note "$(cat $TMP/fuse)"
daemon_prepare
printf '%s\n' "allow $P to any port 80" "allow /run/*/prog to any port 80" "deny $P to any port 81" \
	>/etc/snitch/rules.d/20-served.rules
daemon_up
snitch mode ask >/dev/null
agent_up
question() { j ".questions[] | select(.program == \"$P\") | $1" pending; }
far_reset
go user "${NOBODY[@]}" $P -s -m 60 http://$F4/served
t_ok "the daemon asks" wait_for 20 eval "question .id"
t_ok "and says why" eval "question .flags | grep -q served"
t_says "in words" 'on a file system that a program serves' snitch pending
t_says "so does explain" 'on a file system that a program serves' snitch explain "$(question .id)"
t_says "so does the list of rules" "allow $P .*on a file system that a program serves" snitch rules list
leak_none "0 packets"
t_says "no allow for ever" 'that a program serves; allow it "once" or "until quit"' \
	snitch answer "$(question .id)" allow forever --scope address
leak_none "0 packets"
t_ok "until it quits" snitch answer "$(question .id)" allow until quit --scope address
t_ok "then it arrives" wait_for 5 far_got tcp 80 served
ended user
far_reset
go user "${NOBODY[@]}" $P -s -m 60 http://$F4/again
t_ok "the next one is asked about" wait_for 20 eval "question .id"
leak_none "0 packets"
snitch answer "$(question .id)" deny >/dev/null
ended user
far_reset
in_c "${NOBODY[@]}" $P -s -m 10 http://$F4:81/ >/dev/null 2>&1
t_is "the refusal holds" "$(j '.questions | length' pending)" 0
leak_none "0 packets"
agent_down
daemon_down
daemon_forget
unserve
t_done
