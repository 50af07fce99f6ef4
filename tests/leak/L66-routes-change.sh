# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L66: addresses and routes change while connections live and questions wait.
. /snitch/leak/lib/leak.sh

leak_begin "allow $A any port 80"
in_c ip addr add 10.77.0.9/24 dev vc
: >$LOG
go live $A tcp $F4 80 --keep 3000 --data alive
wait_for 5 said live '^connect OK'
far_reset
go way $EVIL udp $F4 80 --size 100 --keep 2000
go tcp $EVIL tcp $F4 81 --data leak --wait 5000
t_seen "a datagram waits" "$(flow_of udp 80)"
t_seen "and a connection" "$(flow_of tcp 81)"
for n in 1 2 3; do
	in_c ip link set vc down
	in_c ip link set vc up
	in_c ip addr del 10.77.0.9/24 dev vc 2>/dev/null
	in_c ip addr add 10.77.0.9/24 dev vc
	in_c ip route replace default via $F4
	in_c ip neigh replace $F4 lladdr 02:77:00:00:00:02 dev vc nud permanent
done
sleep 0.5
t_none "routes made new: the datagram still waits" udp 80
t_none "so does the connection" tcp 81
tell deny all
ended way
ended tcp
t_none "refused: nothing of the datagram" udp 80
t_none "nor of the connection" tcp 81
ended live
t_ok "the allowed connection lives on" far_got tcp 80 alive
t_is "without another question" "$(count_seen "$(flow_of tcp 80)")" 0
# The route leads elsewhere by now: what was allowed for one interface goes by none unseen.
: >$LOG
go way $EVIL udp $F4 80 --size 100 --keep 2000
seen "$(flow_of udp 80)"
in_c ip link add d0 type dummy
in_c ip link set d0 up
in_c ip route add $F4/32 dev d0
tell deny all
ended way
t_none "rerouted and refused: 0 packets" udp 80
leak_done
