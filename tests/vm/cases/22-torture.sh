# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2154,SC2015
# Owner torture: many senders of random make-up, each to a destination of its own; who sent is
# known from the senders alone. A short run; `make check-torture` has the long ones.
#
# Kernel parameters: snitch.senders=N (of the far end's addresses there are 65000), snitch.seed=N.
# With a seed that failed, `torture-run TRUTH SEED 1 --first N --say` is sender N alone.
. /snitch/cases/lib/case.sh
. /snitch/cases/lib/torture.sh

SENDERS=$(param senders) SEED=$(param seed)
SENDERS=${SENDERS:-$((SLOW == 1 ? 400 : 200))} SEED=${SEED:-$(date +%s)}

case_begin
torture_programs
torture_far
far_up tcp:80
policy "unmatched ask"
# Pids come back soon: then only the start tells who it was.
sysctl -q -w kernel.pid_max=$((SENDERS > 2000 ? 2000 : 600)) || true
decider --default allow
t_note "SENDERS=$SENDERS SEED=$SEED"
rm -f $TMP/truth
out=$(in_c $TORTURE/p0 torture-run $TMP/truth $SEED $SENDERS 2>&1)
sysctl -q -w kernel.pid_max=32768
t_note "$out"
t_ok "$SENDERS senders did what they should" grep -q "^torture senders $SENDERS failed 0 hang 0 " <<<"$out"
t_parked "none waits any more" 0
arrived >$TMP/arrived

out=$(check) && right=1 || { right=0; cp $TMP/truth $LOG $TMP/arrived /out/; }
t_is "each has its owner: executable, pid, start, script, user; none twice, none missing" $right 1
t_note "$out"
t_cmp "every sender sent" "$(sed -n 's/.* destinations \([0-9]*\) .*/\1/p' <<<"$out")" -eq "$SENDERS"

# The checker would have noticed.
notices() {
	local what=$1 status=0
	shift
	check "$@" >$TMP/noticed || status=$?
	t_is "noticed: $what" "$status $(grep -o '^wrong' $TMP/noticed | head -n 1)" "1 wrong"
}
sed '1s/ pid=[0-9]*/&0/' $TMP/truth >$TMP/other; notices "another pid" $TMP/other
sed '1s/ ino=[0-9]*/&0/' $TMP/truth >$TMP/other; notices "another executable" $TMP/other
sed '1s/ start=[0-9]*/&0/' $TMP/truth >$TMP/other; notices "another start" $TMP/other
sed '1s/ uid=[0-9]*/&1/' $TMP/truth >$TMP/other; notices "another user" $TMP/other
grep -vF " $(awk '{print $3; exit}' $TMP/truth) " $TMP/truth >$TMP/other; notices "a flow of nobody's" $TMP/other
grep '^FLOW' $LOG | sed -n 100p | cat $LOG - >$TMP/other; notices "a flow told twice" $TMP/truth $TMP/other
awk '/^FLOW/ && ++n == 100 {next} {print}' $LOG >$TMP/other; notices "a flow not told" $TMP/truth $TMP/other
sed 1d $TMP/arrived >$TMP/other; notices "a packet that did not arrive" $TMP/truth $LOG $TMP/other

decider_end
t_ok "the programs' file system is let go of" wait_for 6 umount $TORTURE
t_done
