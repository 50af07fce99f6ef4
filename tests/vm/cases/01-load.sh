# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Loading the module judges nothing and locks nobody out; armed=1 judges at once; who may open.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 udp:80
t_is "not armed after loading" "$(stat_of armed)" 0
for to in $F4 $F6; do
	t_out "TCP to $to goes through" '^echo OK' $A tcp $to 80 --data loaded
	t_out "UDP to $to goes through" '^recv OK' $A udp $to 80 --wait 2000
	t_out "ping to $to goes through" '^recv OK' $A icmp $to --wait 2000
done
t_is "nothing was counted as judged" \
	"$(snitch-tool status | awk '$1 ~ /^(accepted|refused|consulted|fail_refused|nomem)$/ {n += $2} END {print n + 0}')" 0
t_run "a second insmod fails" 1 insmod "$MODULE"
t_run "a user may not open the device" 1 setpriv --reuid 1000 --clear-groups --bounding-set -all \
	--inh-caps -all bash -c 'exec 3<>/dev/snitch'
t_run "a user may not even with access to the node" 1 bash -c \
	'chmod 666 /dev/snitch; setpriv --reuid 1000 --clear-groups --inh-caps -all bash -c "exec 3<>/dev/snitch"'
t_run "root of a user namespace may not either" 1 unshare -Ur bash -c 'exec 3<>/dev/snitch'
t_run "a user may not ask for the status" 1 setpriv --reuid 1000 --clear-groups --inh-caps -all \
	/snitch/tools/snitch-tool status

health_mark
t_ok "unloads" module_unload
t_out "traffic after unloading" '^echo OK' $A tcp $F4 80 --data unloaded
t_ok "loads again" module_load
t_out "traffic after loading again" '^echo OK' $A tcp $F4 80 --data again
t_ok "unloads again" module_unload

t_ok "loads armed" module_load armed=1
t_is "armed" "$(stat_of armed)" 1
far_reset
t_out "armed, no policy, no decider: TCP is refused" '^connect ECONNREFUSED' $A tcp $F4 80
t_out "UDP too" '^send EPERM' $A udp $F6 80
t_out "ping too" '^send EPERM' $A icmp $F4
t_is "0 packets at the far end" "$(far_total)" 0
t_done
