# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L67: connections older than the module: listed as such, and cut by a rule that denies them.
. /snitch/leak/lib/leak.sh

LONG=$(printf 'x%.0s' {1..600})
net_up
far_up tcp:80 tcp:81
go older $EVIL tcp $F4 81 --keep 6000 --data older$LONG
go friend $A tcp $F4 81 --keep 6000 --data friend$LONG
wait_for 5 eval "said older '^connect OK' && said friend '^connect OK'"
t_ok "two connections, and no module" eval '! module_loaded'
module_load
leak_policy
decider --default hold
sleep 0.5
t_is "they are listed as older" "$(snitch-tool flows | grep -c "remote=$F4:81 .*older")" 2 || t_note "$(snitch-tool flows)"
t_out "a new one of that program is a question" '^connect E' timeout 3 $EVIL tcp $F4 81 --nonblock --wait 1000
tell deny all
payload_reset
leak_policy "deny $EVIL any"
ended older
t_ok "denied by a rule, it is cut: nothing of it arrives" eval "! far_got tcp 81 older"
ended friend
t_ok "the other one goes on" far_got tcp 81 friend
leak_done
