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
# The same for IPv6, where addresses of fd78::/64 lead to the far end.
names_six() {
	ip -6 addr add $C6/64 dev vc nodad
	ip neigh replace $F6 lladdr 02:77:00:00:00:02 dev vc nud permanent
	ip -6 route add fd78::/64 via $F6
	in_f ip -6 route add local fd78::/64 dev lo
	in_f ip neigh replace $C6 lladdr 02:77:00:00:00:01 dev vf nud permanent
}
# resolver ADDRESS[:PORT] OPTION...: dnsmasq at the far end. Only an IPv4 address may have a port.
resolver() {
	local address=$1 port=53 there
	[[ $1 != *.*:* ]] || address=${1%:*} port=${1#*:}
	there=$address
	[[ $address != *:* ]] || there="[$address]"
	# Not in_f: who is killed must be the program itself.
	in-net f dnsmasq --keep-in-foreground --user=root --no-resolv --no-hosts --conf-file=/dev/null \
		--pid-file= --port=$port --bind-interfaces --listen-address=$address --cache-size=0 \
		--local-ttl=1 "${@:2}" >>$TMP/dnsmasq 2>&1 &
	RESOLVERS+=" $!"
	wait_for 10 eval "[[ -n \$(in_f ss -H -lun 'src $there:$port') ]]"
}
resolvers_down() {
	kill $RESOLVERS
	wait $RESOLVERS 2>/dev/null
	RESOLVERS=''
}
# names PROGRAM ARGUMENTS: what it said is in $OUT.
names() { OUT=$("$1" names "${@:2}" 2>&1); }
t_sent() { t_is "$1" "$(sed -n 's/^asked //p' <<<"$OUT")" "$2"; }
# t_got NAME PROTO PORT N: so many packets came, and no more do. Who sends may have ended before its
# last one was judged.
far_has() { [[ $(far_packets "$1" "$2") -ge $3 ]]; }
t_got() {
	wait_for 5 far_has "$2" "$3" "$4"
	sleep 0.2
	t_is "$1" "$(far_packets "$2" "$3")" "$4"
}
# t_question NAME PORT FILTER: the question about that port is as the filter says.
t_question() { t_json "$1" ".questions | any((.ports | index($2)) and ($3))" pending; }
