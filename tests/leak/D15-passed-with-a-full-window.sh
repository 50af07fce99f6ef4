# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# D15: while an allowed program's connection waits for its peer to read, another program gets it and
# adds to what is queued: the kernel sends that later, in nobody's name. It goes out, a limit of the
# design; who got the connection is told.
. /snitch/leak/lib/leak.sh

cp /bin/bash $DIR/tool
cp $EVIL $DIR/friend
leak_begin "allow $DIR/tool any" "allow $DIR/friend any"
leak_observe
# reader PORT: takes a connection, and begins to read after 4 s.
reader() {
	in_f socat -u TCP-LISTEN:$1,rcvbuf=4096,reuseaddr SYSTEM:"sleep $((4 * SLOW)); cat >$TMP/read$1" &
	wait_for 10 far_listens -t $1
}
# holds NAME PORT COMMAND: the tool has a connection on which more is queued than the peer has room for
# (64 KiB of a pipe, and its window), runs the command and stays. The tool itself has room for all.
in_c sysctl -q -w net.ipv4.tcp_wmem="4096 1048576 4194304"
mkfifo $TMP/never
holds() {
	go $1 $DIR/tool -c "exec 3<>/dev/tcp/$F4/$2; printf %0300000d 1 >&3; echo full; read -rt $SLOW <>$TMP/never; $3; read -rt $((10 * SLOW)) <>$TMP/never"
	t_said "$1: more is queued than the peer takes" $1 '^full'
	sleep $SLOW	# until no more goes
}
# t_passed NAME PORT EXE: the one newest told there is of that program, as a connection that it got.
t_passed() {
	t_told "$1" tcp $2 $3
	t_ok "$1: as one that it got" eval "grep -E '$(flow_of tcp $2)' $SEEN | tail -n 1 | grep -qE 'flags=0x100 '"
}
reader 90
holds taken 90 :
go thief $EVIL steal ${PIDS[taken]} 3 --data stolen
t_passed "taken by pidfd_getfd" 90 $EVIL
t_is "it is counted" "$(stat_of passed)" 1
t_ok "limit: what it added goes out" wait_for 10 grep -q stolen $TMP/read90
reader 91
holds inherited 91 "$EVIL senddata 3 inherited"
t_passed "inherited by exec" 91 $EVIL
t_ok "limit: what it added goes out" wait_for 10 grep -q inherited $TMP/read91
reader 92
holds given 92 "$DIR/friend senddata 3 given"
t_ok "a program with a rule adds to it, too" wait_for 10 grep -q given $TMP/read92
t_is "and is not told" "$(stat_of passed)" 2
for name in taken inherited given; do kill ${PIDS[$name]}; done
leak_done
