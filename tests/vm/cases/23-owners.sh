# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2015
# Whose flow it is, one situation after the other: what 22-torture mixes, alone, and what rules and
# file systems make of it. Short-lived, passed and disguised: 07-owner. By io_uring: 15-send-paths.
. /snitch/cases/lib/case.sh
. /snitch/cases/lib/torture.sh

C=/opt/c	# a program that no rule names, unless a case does
[[ -x $C ]] || cp $A $C

net_up
torture_programs
torture_far

# ---- a leader that has gone before we came -----------------------------------------------------

# Its data waits for the far end's window: it leaves when that opens, in no task's name.
in_f $FAR stall 90 $TMP/open >$TMP/stall 2>&1 &
t_said "a peer that does not read" stall '^listening'
go stuff $A headless stuff $F4 90 --keep 60000
t_said "a full socket of a process without a leader, older than the module" stuff '^stuffed [1-9][0-9]{4}'
go waits $A headless rounds $F4 80 4000 20
t_ok "module loads" module_load
far_up tcp:80 udp:80
policy "unmatched ask" "allow $A any port 80"
decider --default hold
payload_reset
: >$TMP/open
t_ok "what it had sent before leaves" wait_for 5 far_payload
t_said "and arrives" stall '^got [1-9][0-9]{4}'
t_is "nobody is without an owner" "$(stat_of no_owner)" 0
far_reset
t_some "another one without a leader: its rule allows it" udp 80
t_is "none is disguised" "$(stat_of disguised)" 0
t_is "nobody was asked" "$(count_seen '^FLOW')" 0
kill "${PIDS[stuff]}" "${PIDS[waits]}"
ended stuff 2>/dev/null
ended waits 2>/dev/null
decider_end
policy "unmatched ask"

# ---- each way alone, by the senders' own truth ----------------------------------------------

decider --default allow
NAMES=()
rm -f $TMP/truth
# way WHAT LETTERS: by TCP and UDP, v4 and v6 in turn. Letters: see tests/vm/tools/net-torture.c.
way() {
	local proto steps to port n
	for proto in tcp udp; do
		n=$((${#NAMES[@]} + 1)) port=80 steps=${2/C/k}
		to=10.78.1.$n
		[[ $((n / 2 % 2)) -eq 0 ]] || to=fd78::1:$(printf %x $n)
		[[ $proto == tcp ]] || { port=53; steps=${2/C/}; }
		NAMES+=("$proto $to:$port $1: $proto $steps")
		in_c $TORTURE/p0 torture $n:$steps $to $port $proto -1,-1,-1,-1,0 $steps \
			100>>$TMP/truth 101>>$TMP/done
	done
}
way "one process" oCs
way "a fork makes the socket" foCs
way "a fork connects and sends" ofCs
way "a fork sends on its parent's socket" oCfs
way "fork, its parent gone" ofFCs
way "its parent goes between connect and send" oCFs
way "exec before socket" 1oCs
way "exec after socket" o1Cs
way "exec after connect" oC1s
way "exec to and fro" oCs1s0s
way "posix_spawn" oCvs
way "a thread" toCs
way "a thread sends" oCts
way "a leader that has exited" ToCs
way "a leader that exits between socket and connect" oTCs
way "between connect and send" oCTs
way "a thread execs" tT2oCs
way "a thread execs with the socket" oCTt2s
way "forked by a thread whose leader has gone" Tf3oCs
way "given by SCM_RIGHTS" oP\<Cs
way "given to another program" oP1\<Cs
way "given connected" oCP1\<s
way "given by pidfd_getfd" oG\<Cs
way "given to another program by pidfd_getfd" oG1\<Cs
way "given connected by pidfd_getfd" oCG1\<s
way "a deleted executable" doCs
way "deleted between" oCds
way "a replaced executable" roCs
way "a renamed executable" noCs
way "a memfd" moCs
way "a memfd with the socket" oCms
way "an executable of another mount namespace" MoCs
way "with the socket into another mount namespace" oCMs
way "a script" SoCs
way "a script with the socket" oCSs
way "forked by a script" SfoCs
way "a script's program executes another" S1oCs
way "a set-user-id program" uoCs
way "a set-user-id program with the socket" oCus
way "another user" UoCs
way "another user with the socket" oCUs
way "another user in one thread" tUoCs
way "io_uring" oCi
way "io_uring's worker" oCj
way "io_uring's polling thread" oCq
way "io_uring, fixed file" oCx
way "a thread's io_uring, no leader" ToCj
way "a thread's polling io_uring, no leader" ToCq
way "a fixed file in a thread, no leader" ToCx
way "given, then io_uring's fixed file" oP1\<Cx
t_ok "all have come to their end" wait_for 10 \
	eval '[[ $(stat -c %s $TMP/done) -eq $((4 * ${#NAMES[@]})) ]]'
t_parked "none waits any more" 0
arrived >$TMP/arrived
out=$(check)
for name in "${NAMES[@]}"; do
	read -r proto to name <<<"$name"
	t_ok "$name" eval 'grep -qF "TRUTH $proto $to " $TMP/truth && ! grep -qF "wrong $proto $to:" <<<"$out"'
done
t_ok "and nobody else was told" grep -q " wrong 0$" <<<"$out" || t_note "$out"
tell default hold

# ---- what a rule for a path means ------------------------------------------------------------

# asked WHAT PROGRAM COMMAND...: a question with that executable. allowed WHAT COMMAND...: none.
asked() {
	local what=$1 exe=$2
	shift 2
	far_reset
	: >$LOG
	go who "$@"
	t_seen "$what: is asked about" "^FLOW .*:80 "
	t_seen "$what: by its own name" "^OWNER .*exe=$exe "
	sleep 0.2
	t_none "$what: 0 packets" udp 80
	tell deny all
	ended who
}
allowed() {
	local what=$1
	shift
	far_reset
	: >$LOG
	go who "$@"
	ended who
	t_some "$what: passes" udp 80
	t_is "$what: nobody is asked" "$(count_seen ^FLOW)" 0
}
policy "unmatched ask" "allow $A any"
cp $B /opt/moved
allowed "the program of the rule" $A udp $F4 80
mv $A /opt/a.away
asked "nothing is at the rule's path, another program" /opt/moved /opt/moved udp $F4 80
mv /opt/moved $A
asked "another program was put at the rule's path" $A $A udp $F4 80
asked "the rule's program has another name now" /opt/a.away /opt/a.away udp $F4 80
mv $A /opt/moved
mv /opt/a.away $A
policy "unmatched ask" "allow $A any"
go old $A udp $F4 80 --count 400 --gap 10
cp $B /opt/new
mv /opt/new $A
far_reset
t_some "replaced while it runs: what runs is allowed" udp 80
: >$LOG
policy "unmatched ask" "allow $A any"
t_seen "the rule is for the new one: what runs is asked about" "^FLOW .*:80 "
allowed "and the new one passes" $A udp $F4 80
kill "${PIDS[old]}"; ended old 2>/dev/null
tell deny all
t_parked "nothing is parked" 0

# A container's path is its own: the same text, another file.
ROOT=/run/root
root_up() {
	mkdir -p $ROOT
	mount -t tmpfs -o mode=755 root $ROOT
	mkdir -p $ROOT/opt
	cp $C $ROOT/opt/a
	cp $C $ROOT/opt/c
}
root_up
go who unshare -m --propagation private chroot $ROOT /opt/a udp $F4 80
t_seen "a container's /opt/a is not the rule's: asked about" "^FLOW .*:80 "
t_seen "a container's /opt/a: by its inode" "^OWNER .*ino=$(stat -c %i $ROOT/opt/a) .*exe=[^ ]*/opt/a "
tell deny all
ended who
umount_slow() { wait_for 6 umount $ROOT; }
t_ok "its root can be unmounted" umount_slow

# An overlay: the file below is the program.
mkdir -p /run/over
mount -t tmpfs -o mode=755 over /run/over
mkdir /run/over/{lower,upper,work,merged}
cp $C /run/over/lower/prog
mount -t overlay -o lowerdir=/run/over/lower,upperdir=/run/over/upper,workdir=/run/over/work over \
	/run/over/merged
policy "unmatched ask" "allow /run/over/lower/prog any"
allowed "through an overlay it is the program below" /run/over/merged/prog udp $F4 80
echo >>/run/over/merged/prog
asked "changed above, it is another" "[^ ]*/prog" /run/over/merged/prog udp $F4 80
policy "unmatched ask" "allow /run/over/merged/prog any"
allowed "which a rule can name" /run/over/merged/prog udp $F4 80
asked "and then the one below is another" "[^ ]*/prog" /run/over/lower/prog udp $F4 80
t_ok "an overlay can be unmounted" wait_for 6 umount /run/over/merged
t_ok "and what is below" wait_for 6 umount /run/over

# ---- set-user-id, scripts, ancestors -----------------------------------------------------------

policy "unmatched ask"
install -m 4755 $B /opt/rooted
: >$LOG
go who setpriv --reuid 1000 --regid 1000 --clear-groups /opt/rooted udp $F4 80
t_seen "set-user-id root: both users are known" "^OWNER .* uid=1000 euid=0 .*exe=/opt/rooted "
t_seen "the flow is root's" "^FLOW .*:80 uid=0 "
tell deny all
ended who

# The parent becomes another program, and goes; the child's ancestors stay who they were.
: >$LOG
cat >$TMP/family <<-END
	(sleep 0.3; exec $C udp $F4 80) &
	exec $B rest 200
END
go who bash $TMP/family
ended who
t_seen "its parent has become another program and gone: asked about" "^FLOW .*:80 "
parent=$(field parent "^OWNER .*exe=$C ")
t_seen "the parent told is who started it" "^OWNER id=$parent .*exe=/[a-z/]*bash "
t_is "and no ancestor is what came later" "$(count_seen "^OWNER .*exe=$B ")" 0
tell deny all
t_parked "nothing is parked" 0

# A socket of an earlier program, for the one that answers: inetd.
: >$TMP/peer
policy "unmatched ask" "deny $B any"
go inetd socat TCP-LISTEN:92,reuseaddr EXEC:"$B senddata 0 answered",nofork
wait_for 5 eval '[[ -n $(in_c ss -Hltn "sport = :92") ]]'
in_f $FAR tcp $C4 92 --data hi --wait 1500 >$TMP/peer 2>&1
t_ok "a denied program answers on a passed connection: nothing comes" eval '! grep -q "^echo OK" $TMP/peer'
ended inetd
policy "unmatched ask" "allow $B any"
go inetd socat TCP-LISTEN:93,reuseaddr EXEC:"$B senddata 0 answered",nofork
wait_for 5 eval '[[ -n $(in_c ss -Hltn "sport = :93") ]]'
in_f $FAR tcp $C4 93 --data hi --wait 5000 >$TMP/peer 2>&1
t_ok "allowed: it does" grep -q "^echo OK" $TMP/peer
ended inetd

# ---- a container's root is let go of -----------------------------------------------------------

# In this mount namespace: in one of its own another mount would be the busy one.
# gone WHAT: the root is unmounted at most 6 s (5 and a little) after now.
gone() {
	local ms
	ms=$(elapsed_ms umount_slow) && t_pass "$1 ($ms ms)" || t_fail "$1" "$(grep $ROOT /proc/mounts)"
}
policy "unmatched ask" "allow any any port 80 builtin"
tell default hold
root_up
in_c chroot $ROOT /opt/a udp $F4 80 >/dev/null
in_c chroot $ROOT /opt/a tcp $F4 80 --data hello >/dev/null
gone "a container has sent and ended: its root can be unmounted"
root_up
: >$LOG
go who chroot $ROOT /opt/a udp $F4 81
t_seen "a container's datagram is held" "^FLOW .*:81 "
ended who
gone "while its question waits: its root can be unmounted"
t_is "and it still waits" "$(stat_of parked)" 1
tell deny all
root_up
in_f $FAR stall 94 $TMP/none >$TMP/stall 2>&1 &
wait_for 5 said stall '^listening'
policy "unmatched ask" "allow any any port 94 builtin"
go take $C take $ROOT/taken --data second --wait 12000
go heir chroot $ROOT /opt/a pass /taken $F4 94 --data first
ended heir
t_said "its connection went to a program outside" take '^send OK'
gone "that lives on: its root can be unmounted"
t_ok "and it did live on" kill -0 "${PIDS[take]}"
kill "${PIDS[take]}"; ended take 2>/dev/null

t_parked "nothing is parked at the end" 0
decider_end
t_ok "the senders' file system, too" wait_for 6 umount $TORTURE
t_done
