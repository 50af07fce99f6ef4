# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Nothing is exempt: each file of built-in rules, one after the other: what it allows goes out;
# switched off it is asked about, or refused where the kernel itself sends; on again it goes again.
# The far end's counters say what happened.
. /snitch/cases/lib/daemon.sh

C=/opt/c	# a program that no rule names
APT=(setpriv --reuid _apt --clear-groups)
DHCP="/usr/sbin/dhclient /usr/sbin/dhcpcd /usr/sbin/NetworkManager /usr/lib/systemd/systemd-networkd"
EAPOL="/usr/sbin/wpa_supplicant /usr/sbin/hostapd"
NTP="/usr/sbin/chronyd /usr/sbin/ntpd /usr/lib/systemd/systemd-timesyncd"
METHOD=/usr/lib/apt/methods/http FETCH=/usr/lib/snitch/snitch-fetch
# there before the daemon: a file that comes later to a path with a rule is looked into first
stand_in $C $DHCP $EAPOL $NTP $METHOD $FETCH

case_begin
in_f nft 'table netdev far { counter eapol { }
	chain in { type filter hook ingress device "vf" priority 0; ether type 0x888e counter name "eapol"; }; }'
far_up udp:53 udp:67 udp:123 udp:547 tcp:80 tcp:443 tcp:3142 tcp:4460
warm $A $C snitch snitchd
daemon_prepare
echo "nameserver $F4" >$TMP/resolv.conf
[[ -e /etc/resolv.conf ]] || : >/etc/resolv.conf
mount --bind $TMP/resolv.conf /etc/resolv.conf
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet

# Ways: what each does in c; the far end has to have got something, or nothing.
got() { [[ $(far_packets "$@") -gt 0 ]]; }
nd() { [[ $(far_nd) -gt 0 ]]; }
tcp() { in_c "${AS[@]}" $1 tcp $2 $3 --wait 300; got tcp $3; }
# soon COMMAND...: does it come? What is to stay is looked for once: each look takes its time.
soon() {
	if [[ $STATE == off ]]; then sleep 1; "$@"
	else wait_for 1 "$@"; fi
}
udp() { in_c "${AS[@]}" $1 udp $2 $3; soon got udp $3; }
frames() { in_c $1 packet raw vc $F4 90 --count 3; soon got udp 90; }
# Frames that are not IP have a counter of their own. As those programs do, the kernel writes the header.
eapol() {
	in_f nft reset counters table netdev far >/dev/null
	in_c $1 packet dgram vc $F4 90 --type 0x888e --count 3
	soon eval '[[ $(in_f nft -j list counter netdev far eapol | jq ".nftables[].counter? // empty | .packets") -gt 0 ]]'
}
near() {
	: >$TMP/near
	in_c $C tcp 127.0.0.1 8080 --data near --wait 300
	grep -q near $TMP/near
}
solicits() { in_c $1 icmp ff02::2%vc --wait 100; got icmp6; }
answers() { in_f $FAR icmp $C4 --wait $((500 * SLOW)) | grep -q '^recv OK'; }
errors() { in_f $FAR udp $C4 9 --connect --wait $((500 * SLOW)) | grep -q '^recv ECONNREFUSED'; }
resets() { in_f timeout $((2 * SLOW)) $FAR tcp $C4 9 | grep -q '^connect ECONNREFUSED'; }
groups4() { in_c timeout 2 socat -u UDP-RECV:7777,ip-add-membership=239.1.2.3:vc -; got 2; }
groups6() { in_c timeout 2 socat -u "UDP6-RECV:7778,ipv6-join-group=[ff02::1234]:vc" -; nd; }
# A neighbour that has to be looked for, for a program that may go there.
neighbours() {
	in_c ip -6 neigh del $F6 dev vc
	in_c $FAR udp $F6 80
	in_c ip -6 neigh replace $F6 lladdr 02:77:00:00:00:02 dev vc nud permanent
	nd
}
# A refused handshake is tried again after 5 s.
tunnel() { in_c ping -c 7 -w 7 $2; got udp $1; }
nfs() {
	in_c timeout -s KILL $((10 * SLOW)) mount -i -t nfs -o \
		"addr=$F4,clientaddr=$C4,vers=4.1,proto=tcp,soft,timeo=10,retrans=1" $F4:/ /mnt
	got tcp 2049
}
# way NAME WAY ARGUMENT...: of the built-in file $FILE.
AS=()
goes() { far_reset; "$@" >$TMP/way 2>&1; }
stays() { ! goes "$@"; }
way() {
	local name=$1
	shift
	case $STATE in
	off) t_ok "$FILE: switched off, $name stays" stays "$@" ;;
	*) t_ok "$FILE: $STATE, $name goes" goes "$@" ;;
	esac || t_note "$(cat $TMP/way)"
}
# builtin_file FILE: its ways, which are the function of that name.
builtin_file() {
	FILE=$1
	for STATE in "by default" off "on again"; do
		[[ $STATE != off ]] || snitch rules disable builtin $FILE --yes >/dev/null 2>&1 ||
			t_fail "$FILE: is switched off"
		[[ $STATE != "on again" ]] || snitch rules enable builtin $FILE || t_fail "$FILE: is switched on"
		ways_$FILE
	done
}
# asked PROGRAM PORT: switched off, a program's way is a question.
asked() {
	[[ $STATE != off ]] ||
		t_json "$FILE: switched off, $1 is asked about" \
			".questions | any(.program == \"$1\" and (.ports | index($2)))" pending
}

ways_loopback() { way "a program's own machine" near; asked $C 8080; }
ways_dns() { way "a lookup" udp $C $F4 53; asked $C 53; }
ways_dhcp() {
	local program
	for program in $DHCP; do
		way "$program" udp $program $F4 67
		asked $program 67
		way "$program, IPv6" udp $program $F6 547
		way "$program, frames" frames $program
	done
	way "a router solicitation" solicits /usr/sbin/NetworkManager
}
ways_eapol() { for program in $EAPOL; do way "$program" eapol $program; done; }
ways_ntp() {
	for program in $NTP; do
		way "$program" udp $program $F4 123
		asked $program 123
		[[ $program == *timesyncd ]] || way "$program, keys" tcp $program $F6 4460
	done
}
ways_apt() {
	AS=("${APT[@]}")
	for port in 80 443 3142; do way "a download from port $port" tcp $METHOD $F4 $port; done
	AS=()
	asked $METHOD 443
}
ways_fetch() { way "a download" tcp $FETCH $F6 443; asked $FETCH 443; }
ways_kernel-groups() { way "IGMP" groups4; way "MLD" groups6; }
ways_kernel-icmp() { way "an answer to a ping" answers; way "an error" errors; }
ways_kernel-neighbours() { way "neighbour discovery" neighbours; }
ways_kernel-tcp() { way "a reset" resets; }
ways_nfs() { way "a mount" nfs; }
ways_vxlan() { way "what is in the tunnel" tunnel 4789 10.98.0.2; }
ways_wireguard() { way "what is in the tunnel" tunnel 5182 10.99.0.2; }

in_c $FAR server tcp:8080 --log $TMP/near &
wait_for 10 eval '[[ -n $(in_c ss -H -ltn "sport = :8080") ]]'
for FILE in loopback dns dhcp eapol ntp apt fetch kernel-groups kernel-icmp kernel-neighbours kernel-tcp; do
	builtin_file $FILE
done
echo "allow /usr/bin/ping to 10.98.0.0/15" >/etc/snitch/rules.d/20-tunnels.rules
wait_for 10 eval 'snitch rules list | grep -q 10.98.0.0' || t_fail "a rule for ping"
# through FILE ADDRESS DEVICE TYPE...: a tunnel's ways, with the device made for it.
through() {
	local file=$1 address=$2 device=$3
	shift 3
	if in_c ip link add $device type "$@" 2>$TMP/tunnel; then
		[[ $1 != wireguard ]] || in_c wg set $device private-key $TMP/key peer "$(wg genkey | wg pubkey)" \
			endpoint $F4:5182 allowed-ips $address/24
		in_c ip addr add $address/24 dev $device
		in_c ip link set $device up
		builtin_file $file
		in_c ip link del $device
	else
		t_skip "$file" "$(cat $TMP/tunnel)"
	fi
}
through vxlan 10.98.0.1 vx0 vxlan id 7 remote $F4 dstport 4789 dev vc
(umask 077; wg genkey >$TMP/key)
through wireguard 10.99.0.1 wg0 wireguard
if modprobe -a nfs nfsv4 2>/dev/null; then builtin_file nfs; else t_skip "nfs" "this kernel has none"; fi
t_is "each file was tried" "$(snitch --json rules disable builtin | jq -r '.builtin[].name' |
	sed -E 's/^[0-9]+-(.*)\.rules$/\1/' | while read -r name; do declare -F ways_$name >/dev/null || echo $name; done)" ""
t_is "all of them are on" "$(snitch --json rules disable builtin | jq -r '[.builtin[] | select(.off)] | length')" 0

umount -l /etc/resolv.conf
daemon_down
daemon_forget
stand_ins_gone
t_done
