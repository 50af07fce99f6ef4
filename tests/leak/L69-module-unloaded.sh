# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L69: the module is unloaded while flows wait and others come and go: what waited is
# dropped.
. /snitch/leak/lib/leak.sh

leak_begin
for round in 1 2 3; do
	far_reset
	go many $EVIL udpmany $F4 1000 300 --keep $((20000 * SLOW))
	go tcp $EVIL tcpmany $F4 3000 100 --wait $((20000 * SLOW))
	go load $CURL -s -m 5 "http://$F4/load[1-200]"
	t_parked "400 flows are parked" 400
	t_run "while the decider has the device it stays" 1 rmmod snitch
	decider_end
	t_ok "then it goes" rmmod snitch
	t_none "0 packets of what waited, UDP" udp 1000
	t_none "nor any other" udp 1299
	# A SYN is sent again after a second: by then nobody judges it.
	kill ${PIDS[many]} ${PIDS[tcp]} ${PIDS[load]} 2>/dev/null
	module_load
	leak_policy
	decider --default hold
done
leak_done
