# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2034,SC2154
# What the cases about names share: name servers at the far end, programs that look a name up and
# go to its address at once. Clients are in the initial namespace: there alone are name servers
# believed. Must never take a program's word for what arrived.
. /snitch/cases/lib/daemon.sh

F3=10.77.0.3		# a name server that is not configured
RESOLVERS=''

# The client's end of the link is moved to where the host's resolvers are asked.
names_to_initial() {
	in_c ip link set vc netns 1
	ip addr add $C4/24 dev vc
	ip link set vc up
	ip neigh replace $F4 lladdr 02:77:00:00:00:02 dev vc nud permanent
	ip neigh replace $F3 lladdr 02:77:00:00:00:02 dev vc nud permanent
	ip route add 10.78.0.0/16 via $F4
	in_f ip addr add $F3/24 dev vf
	in_f ip route add local 10.78.0.0/16 dev lo
	in_f ip neigh replace $C4 lladdr 02:77:00:00:00:01 dev vf nud permanent
	[[ -e /etc/resolv.conf ]] || : >/etc/resolv.conf
	echo "nameserver $F4" >$TMP/resolv.conf
	mount --bind $TMP/resolv.conf /etc/resolv.conf
}
names_forget() {
	umount -l /etc/resolv.conf
	ip link del vc 2>/dev/null
	daemon_forget
}
# resolver ADDRESS[:PORT] OPTION...: dnsmasq at the far end.
resolver() {
	local address=${1%:*} port=53
	[[ $1 != *:* ]] || port=${1#*:}
	# Not in_f: who is killed must be the program itself.
	nsenter --net=/run/netns/f -- dnsmasq --keep-in-foreground --user=root --no-resolv --no-hosts --conf-file=/dev/null \
		--pid-file= --port=$port --bind-interfaces --listen-address=$address --cache-size=0 \
		--local-ttl=1 "${@:2}" >>$TMP/dnsmasq 2>&1 &
	RESOLVERS+=" $!"
	wait_for 10 eval "[[ -n \$(in_f ss -H -lun 'src $address:$port') ]]"
}
resolvers_down() {
	kill $RESOLVERS
	wait $RESOLVERS 2>/dev/null
	RESOLVERS=''
}
# names PROGRAM ARGUMENTS: what it said is in $OUT.
names() { OUT=$("$1" names "${@:2}" 2>&1); }
t_sent() { t_is "$1" "$(sed -n 's/^asked //p' <<<"$OUT")" "$2"; }
t_got() { t_is "$1" "$(far_packets "$2" "$3")" "$4"; }
# t_question NAME PORT FILTER: the question about that port is as the filter says.
t_question() { t_json "$1" ".questions | any((.ports | index($2)) and ($3))" pending; }
