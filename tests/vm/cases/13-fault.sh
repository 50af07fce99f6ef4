# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Every allocation may fail: then a packet is refused, never passed, and nothing breaks.
. /snitch/cases/lib/case.sh

FAULT=/sys/kernel/debug/failslab
[[ -d $FAULT ]] || { t_skip "allocation failures" "this kernel has no failslab"; t_done; }

# The traces that each injected failure would print are not complaints.
for verbose in /sys/kernel/debug/{failslab,fail_page_alloc,fail_usercopy}/verbose; do
	[[ ! -e $verbose ]] || echo 0 >$verbose
done

fault_on() {
	echo 1 >$FAULT/task-filter
	echo N >$FAULT/ignore-gfp-wait
	echo "$1" >$FAULT/probability
	echo 1 >$FAULT/interval
	echo -1 >$FAULT/times
}
fault_off() { echo 0 >$FAULT/probability; }
# failing COMMAND...: its own allocations fail now and then.
FAILING=(bash -c 'echo 1 >/proc/self/make-it-fail; exec "$@"' failing)
failing() { in_c "${FAILING[@]}" "$@"; }

case_begin
far_up tcp:80 udp:80
policy "unmatched ask" "allow $A any port 80" "deny $A any port 81"
decider --default deny
fault_on 5
for _ in {1..8}; do
	failing timeout 10 $A tcp $F4 80 --data fault
	failing timeout 10 $A tcp $F4 81 --data leak
	failing timeout 10 $B tcp $F4 82 --data leak
	failing timeout 10 $B udp $F4 83 --count 3
	failing timeout 10 snitch-tool status
	failing timeout 10 $B udpmany $F4 9000 20
	failing timeout 10 snitch-tool policy </dev/null
	policy "unmatched ask" "allow $A any port 80" "deny $A any port 81"
done >/dev/null 2>&1
fault_off
t_none "0 packets: denied by rule" tcp 81
t_none "0 packets: denied by the decider, TCP" tcp 82
t_none "0 packets: denied by the decider, UDP" udp 83
t_note "refused for want of memory: $(stat_of nomem)"
policy "unmatched ask" "allow $A any port 80"
t_out "afterwards all is well" '^echo OK' $A tcp $F4 80 --data after
t_parked "nothing is parked" 0

# The n-th allocation of a policy transaction and of an attaching decider.
nth() { bash -c 'echo $1 >/proc/self/fail-nth; shift; exec "$@"' nth "$@"; }
for n in {1..24}; do
	echo "allow $A any port 80" | nth "$n" snitch-tool policy
	nth "$n" timeout 3 snitch-tool limits max_flows=4096
done >/dev/null 2>&1
t_out "after failed transactions all is well" '^echo OK' $A tcp $F4 80 --data after

# A script's path that finds no memory: one script cannot be told from another, so none is allowed.
only_scripts_fail() {
	fault_on 100
	echo Y >$FAULT/ignore-gfp-wait
	echo Y >$FAULT/cache-filter	# kmalloc-4k: see vm/boot
}
scripts_fail_no_more() {
	fault_off
	echo N >$FAULT/cache-filter
}
cp /bin/bash /opt/shell
SCRIPT=/opt$(printf "/$(printf 'd%.0s' {1..250})%.0s" {1..9})/script
mkdir -p ${SCRIPT%/*}
cat >$SCRIPT <<-END
	#!/opt/shell
	connect() { exec 3<>/dev/tcp/$F4/\$1 && echo connect OK; }
	[[ \$2 ]] || { connect \$1; exit; }
	touch \$2.runs
	until [[ -e \$2 ]]; do sleep 0.1; done
	(connect \$1; :)
END
chmod +x $SCRIPT
far_up tcp:84 tcp:85 tcp:86 tcp:87
policy "unmatched ask" "allow /opt/shell any"
rm -f $TMP/now $TMP/now.runs
: >$LOG
t_out "a script runs, its interpreter is allowed" '^connect OK' $SCRIPT 84
go forks "${FAILING[@]}" $SCRIPT 85 $TMP/now
wait_for $((5 * SLOW)) test -e $TMP/now.runs
only_scripts_fail
failing $SCRIPT 86 >/dev/null 2>&1
touch $TMP/now
ended forks
scripts_fail_no_more
NAMELESS='^OWNER .*flags=0x4[0-9a-f][4-7c-f] .*exe=/opt/shell .*script=$'
t_is "without memory for its path it is disguised, and so is a fork" "$(count_seen "$NAMELESS")" 2
t_none "0 packets: the script" tcp 86
t_none "0 packets: the fork of one" tcp 85
t_out "with memory again it is allowed" '^connect OK' $SCRIPT 87
policy "unmatched ask" "allow $A any port 80"

# Connections that change hands, with an observer.
snitch-tool observe $TMP/observer &
observer=$!
wait_for 10 grep -q WELCOME $TMP/observer
go holder $A tcp $F4 80 --keep $((20000 * SLOW))
wait_for 10 said holder '^connect OK'
for n in {1..60}; do
	in_c timeout $((10 * SLOW)) $B steal ${PIDS[holder]} 3 --data never --fail $n 2>&1
done >$TMP/steals
t_ok "each allocation on that way has failed" grep -q '^all' $TMP/steals
t_cmp "who gets a connection is told, or the loss is counted" \
	"$(($(stat_of passed) + $(stat_of events_lost)))" -ge 1
kill ${PIDS[holder]} $observer
ended holder
tell deny all

# Loading. A cache that cannot be made the kernel itself tells of with a trace, and it may lose the
# cache's name.
only_caches() { ! dmesg_since_mark | grep -E "$HEALTH_BAD" | grep -v kmem_cache_create_usercopy; }
only_their_names() {
	health_leaks >$TMP/lost || awk '/^unreferenced/ { n++ } /sysfs_slab_add/ { of_kernel++ }
		END { exit n != of_kernel }' /sys/kernel/debug/kmemleak
}
decider_end
t_ok "it unloads" wait_for 10 module_unload
t_ok "up to here nothing is lost" health_leaks
health_mark
t_ok "whichever allocation fails, it loads or does not, and unloads" \
	eval "$A insmod $MODULE snitch --tries 100 >$TMP/loads"
t_note "$(cat $TMP/loads)"
t_ok "and often it did not" grep -qE 'failed=[1-9][0-9]' $TMP/loads
t_ok "no load was without one of its probes" grep -q 'probes=[1-9].* lacking=0$' $TMP/loads
t_ok "the kernel complains of caches only" only_caches || t_note "$(dmesg_since_mark | tail -n 40)"
t_ok "and loses nothing but their names" only_their_names || t_note "$(cat $TMP/lost)"
dmesg -C
[[ ! -w /sys/kernel/debug/kmemleak ]] || echo clear >/sys/kernel/debug/kmemleak
t_ok "and then it loads" module_load
t_done
