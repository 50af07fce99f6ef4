# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The netlink family: status, whole transactions, their owner, wrong sizes, limits, rights, dumps, monitor.
. /snitch/cases/lib/case.sh

case_begin
for check in status sizes whole owner limits dump perm; do
	# Without any program's rule nobody is unbound: refused, and told, at once.
	[[ $check != perm ]] || echo "unmatched deny" | snitch-tool policy >$TMP/policy.out
	t_points $check timeout 120 /snitch/tools/netlink-test $check
done

# What a dump of flows and the monitor say of real flows.
far_up tcp:80 udp:80
policy "unmatched deny" "allow $A any port 80" "deny $A any port 81"
/snitch/tools/netlink-test monitor >$TMP/monitor 2>&1 &
monitor=$!
wait_for 5 grep -q READY $TMP/monitor
warm $A
t_out "an allowed flow" '^echo OK' $A tcp $F4 80 --data hello
t_ok "is told to the monitor" wait_for 5 grep -qE '^EVENT action=1 origin=1 .* proto=6 dport=80 .*comm=a$' $TMP/monitor
t_out "a denied flow" '^send EPERM' $A udp $F4 81
t_ok "is told to the monitor, too" wait_for 5 grep -qE '^EVENT action=2 origin=1 .* proto=17 dport=81 .*comm=a$' $TMP/monitor
kill $monitor; wait $monitor 2>/dev/null
t_out "without a listener decisions go on" '^echo OK' $A tcp $F4 80 --data again
go stays $A udp $F4 80 --wait 3000
t_ok "a UDP flow is in the dump" wait_for 5 eval \
	"snitch-tool flows | grep -q '$F4:80'"
ended stays

# A transaction that is open keeps nobody from unloading (and the leak check finds it freed).
/snitch/tools/netlink-test hold >$TMP/hold 2>&1 &
hold=$!
t_ok "a transaction is left open" wait_for 5 grep -q READY $TMP/hold
t_ok "the module unloads all the same" module_unload
kill $hold; wait $hold 2>/dev/null
t_done
