# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L38, L40: a program in a network namespace behind a bridge and NAT, with its own mounts and its
# own users, as containers are: it is judged where it is, by what it is.
. /snitch/leak/lib/leak.sh

# A bridge in c, masqueraded; $1 is joined to it.
behind() {
	in_c ip link add br0 type bridge
	in_c ip addr add 10.66.0.1/24 dev br0
	in_c ip link set br0 up
	in_c sysctl -q -w net.ipv4.ip_forward=1
	in_c nft 'table ip nat { chain post { type nat hook postrouting priority 100; oifname "vc" masquerade; }; }'
}
join() {
	in_c ip link add vb0 type veth peer name eth0
	in_c ip link set vb0 master br0 up
	in_c ip link set eth0 netns $1
	nsenter -t $1 -n ip addr add 10.66.0.2/24 dev eth0
	nsenter -t $1 -n ip link set lo up
	nsenter -t $1 -n ip link set eth0 up
	nsenter -t $1 -n ip route add default via 10.66.0.1
}
leak_begin
behind
mkdir -p $DIR/root/usr/bin
chmod -R a+rx $DIR
cp $EVIL $DIR/root$CURL
"${USER1[@]}" unshare -Urnm sleep 900 &
KEEPER=$!
wait_for 5 eval "[[ \$(readlink /proc/$KEEPER/ns/net) != \$(readlink /proc/self/ns/net) ]]"
sleep 0.2
join $KEEPER
inside="nsenter -t $KEEPER -U -n -m --preserve-credentials"
way "a user's own namespaces" $EVIL tcp 80 "${USER1[@]}" $inside $EVIL tcp $F4 80 --data leak
way "UDP" $EVIL udp 80 "${USER1[@]}" $inside $EVIL udp $F4 80 --size 100
way "as a container: its own root, a program that is called curl there" '[^ ]*' tcp 80 \
	"${USER1[@]}" $inside chroot $DIR/root $CURL tcp $F4 80 --data leak
way "a namespace made within, no rights outside" $EVIL tcp 80 \
	"${USER1[@]}" $inside unshare -Ur $EVIL tcp $F4 80 --data leak
: >$LOG
"${USER1[@]}" $inside $CURL -s -m 15 http://$F4/inside >/dev/null 2>&1
t_ok "the host's curl in there is curl" far_got tcp 80 inside
t_is "and nobody is asked" "$(count_seen '^FLOW')" 0
kill $KEEPER
leak_done
