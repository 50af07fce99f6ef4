# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What is forwarded: c is a router now. Behind a bridge of its is v, a container: what leaves it by a
# socket was judged there. To ports from 700 on v puts another address on it, as a machine of its own
# would have: then the router knows nobody who sent it. So with packet sockets and a tun device.
. /snitch/cases/lib/daemon.sh

V4=10.78.0.2 V6=fd78::2 N4=10.78.0.77 N6=fd78::77	# v's addresses, and those that it puts on
T4=10.79.0.2 T6=fd79::2	O4=10.77.0.9		# behind the tun device, and beyond f
KIND=12							# SNITCH_K_FORWARDED
SEEN=$TMP/seen

in_v() { in-net v "$@"; }
router_up() {
	ip netns add v
	net_sysctls in_v
	ip link add name v0 address 02:77:00:00:00:01 netns v type veth peer name cv netns c
	in_c ip link add name br0 address 02:77:00:00:00:02 type bridge
	in_c ip link set cv master br0
	in_c ip link set cv up
	in_c ip link set br0 up
	in_c ip addr add 10.78.0.1/24 dev br0
	in_c ip -6 addr add fd78::1/64 dev br0 nodad
	in_c sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_v ip link set lo up
	in_v ip link set v0 up
	in_v ip addr add $V4/24 dev v0
	in_v ip addr add $N4/24 dev v0
	in_v ip -6 addr add $V6/64 dev v0 nodad
	in_v ip -6 addr add $N6/64 dev v0 nodad
	in_v ip route add default via 10.78.0.1 src $V4
	in_v ip -6 route add default via fd78::1 src $V6
	in_f ip route add 10.78.0.0/23 via $C4
	in_f ip -6 route add fd78::/31 via $C6
	in_v nft -f - <<-END
	table inet machine {
		chain out {
			type nat hook postrouting priority 100;
			meta l4proto { tcp, udp } th dport 700-799 snat ip to $N4
			meta l4proto { tcp, udp } th dport 700-799 snat ip6 to $N6
		}
	}
	END
	in_f ip addr add $O4/24 dev vf
	in_f nft table inet outside '{ chain out { type nat hook postrouting priority 100;
		tcp dport 90-99 snat ip to '$O4'; }; }'
	modprobe -q tun
	mkdir -p /dev/net
	[[ -c /dev/net/tun ]] || mknod /dev/net/tun c 10 200
	in_c ip tuntap add mode tun name tun7 &&
		in_c ip addr add 10.79.0.1/24 dev tun7 &&
		in_c ip -6 addr add fd79::1/64 dev tun7 nodad &&
		in_c ip link set tun7 up
}
router_down() { ip netns pids v 2>/dev/null | xargs -r kill -9; ip netns del v 2>/dev/null; return 0; }

# What an observer saw since `fresh`: flows of all, or of what is forwarded, to that remote.
fresh() { far_reset; from=$(wc -l <$SEEN); }
seen_since() { tail -n +$((from + 1)) $SEEN; }
owner() { sed -n -E "s/^OWNER id=([0-9]+) .* kernel=$KIND .*/\1/p" $SEEN | head -n 1; }
told() { seen_since | grep -c "^FLOW id=0 .*remote=[^ ]*$1 "; }
told_forwarded() {
	local id
	id=$(owner)
	[[ -n $id ]] || { echo 0; return; }
	seen_since | grep -c "^FLOW id=0 owner=$id .*remote=[^ ]*$1 "
}
# t_told NAME REMOTE FORWARDED ALL: so many flows to it, after the observer has had its time.
t_told() {
	wait_for 3 eval "[[ \$(told '$2') -ge $4 ]]"
	sleep 0.1
	t_is "$1" "$(told_forwarded "$2") of $(told "$2")" "$3 of $4"
}
# by_socket NAME: v's program speaks to both ports of both families, by TCP and by UDP.
by_socket() {
	local to
	for to in $F4 $F6; do
		in_v $A tcp $to $1 --data by-tcp
		in_v $A udp $to $1 --count 2 --wait 3000
	done >$TMP/by_socket 2>&1
}
by_others() {
	in_v $A packet raw v0 $F4 750 --count 3 --from $V4
	in_v $A packet raw v0 $F6 750 --count 3 --from $V6
	in_c $A tun tun7 $F4 751 --count 3 --from $T4
	in_c $A tun tun7 $F6 751 --count 3 --from $T6
}
hooked() { in_c nft list hooks 2>/dev/null | sed -n '/hook forward/,/}/p' | grep -q snitch; }
ifindex() { in_c ip -j link show dev $1 | jq '.[0].ifindex'; }

router_down
case_begin
far_up tcp:80 tcp:700 tcp:701 udp:80 udp:700 udp:701
t_ok "a router between them" router_up
snitch-tool observe $SEEN &
OBSERVER=$!
wait_for 5 grep -q WELCOME $SEEN
RULES="allow $A any"
FRAMES="allow $A frames"

# ---- ignore ------------------------------------------------------------------------------------

policy "unmatched deny" "$RULES" "$FRAMES"
fresh
by_socket 700
by_others >/dev/null
for what in "tcp 700" "udp 700" "udp 750" "udp 751"; do
	t_some "ignore: it arrives, $what" $what
done
t_is "ignore: nothing is told of it" "$(told_forwarded '')" 0
t_is "ignore: nothing is counted" "$(stat_of forwarded)" 0
if in_c nft list hooks 2>/dev/null | grep -q snitch; then
	t_ok "ignore: there is no hook" eval '! hooked'
	HOOKS=1
else
	t_skip "ignore: there is no hook" "hooks cannot be listed here"
	t_note "$(in_c nft list hooks 2>&1 | head -n 5)"
fi

# ---- log ---------------------------------------------------------------------------------------

policy "unmatched deny" "forward log" "$RULES" "$FRAMES"
[[ -z ${HOOKS:-} ]] || t_ok "log: there is one" hooked
fresh
by_socket 80
t_is "log: a container's TCP and UDP work, both families" "$(grep -cE '^(echo|recv) OK' $TMP/by_socket)" 4
t_told "log: judged in its namespace, told once, IPv4" "$F4:80" 0 2
t_told "log: IPv6" "$F6:80" 0 2
fresh
by_socket 700
t_is "log: what nobody here sent works" "$(grep -cE '^(echo|recv) OK' $TMP/by_socket)" 4
t_told "log: and is told once, IPv4 (besides v's own)" "$F4:700" 2 4
t_told "log: IPv6" "$F6:700" 2 4
t_ok "log: as allowed" eval "seen_since | grep -q '^DECIDED id=0 owner=$(owner) action=allow origin=kernel '"
fresh
by_others >/dev/null
t_some "log: frames of a packet socket arrive" udp 750
t_told "log: three frames are one flow, IPv4" "$F4:750" 1 1
t_told "log: IPv6" "$F6:750" 1 1
t_some "log: what a tun device brings arrives" udp 751
t_told "log: one flow, IPv4" "$F4:751" 1 1
t_told "log: IPv6" "$F6:751" 1 1
t_ok "log: it says by which device it came in" eval "seen_since | grep -q 'remote=$F4:751 .*ifindex=$(ifindex tun7) ' &&
	seen_since | grep -q 'remote=$F4:750 .*ifindex=$(ifindex br0) '"
fresh
in_v $A listen 90 --data in >$TMP/listen 2>&1 &
wait_for 10 said listen '^listening'
t_ok "log: from outside a container is reached" eval "in_f $FAR tcp $V4 90 --data hi 2>&1 | grep -q '^echo OK'"
t_told "log: which is one flow, and its answer none" "$V4:90" 1 2
wait $!
t_cmp "log: counted" "$(stat_of forwarded)" -ge 9
t_is "log: nothing is refused" "$(stat_of forward_refused)" 0

# ---- rules -------------------------------------------------------------------------------------

# What waits for the answer that no rule gives would be parked: it must not.
policy "unmatched ask" "forward rules" "$RULES" "$FRAMES" "allow kernel:$KIND $F4 port 700" \
	"allow kernel:$KIND $F6 port 700" "drop kernel:$KIND any port 702"
refused=$(stat_of forward_refused)
fresh
by_socket 80
t_is "rules: a container's own need none" "$(grep -cE '^(echo|recv) OK' $TMP/by_socket)" 4
t_is "rules: nothing of it is refused" "$(stat_of forward_refused)" "$refused"
fresh
by_socket 700
t_is "rules: allowed ones work" "$(grep -cE '^(echo|recv) OK' $TMP/by_socket)" 4
t_cmp "rules: and arrive" "$(far_bytes tcp 700)" -gt 200
fresh
for to in $F4 $F6; do
	for port in 701 702; do
		in_v timeout $((SLOW + 1)) $A tcp $to $port --data never
		in_v $A udp $to $port --count 2
	done
done >/dev/null 2>&1
by_others >/dev/null
for what in "tcp 701" "udp 701" "tcp 702" "udp 702" "udp 750" "udp 751"; do
	t_none "rules: no rule allows it: 0 packets, $what" $what
done
t_told "rules: what was refused is told, TCP and UDP" "$F4:701" 2 4
t_ok "rules: by the mode" eval "seen_since | grep -q '^DECIDED id=0 owner=$(owner) action=deny origin=mode '"
t_ok "rules: or by a rule" eval "seen_since | grep -q '^DECIDED id=0 owner=$(owner) action=drop origin=rule '"
t_cmp "rules: and counted" "$(stat_of forward_refused)" -ge $((refused + 12))
t_is "rules: nothing waits" "$(stat_of parked)" 0
in_f $FAR tcp $V4 91 --wait 500 >$TMP/in 2>&1 &
sleep 0.5
t_ok "rules: from outside in, too" eval '! grep -q "^connect ECONNREFUSED" $TMP/in'
kill $! 2>/dev/null
policy "unmatched ask" "forward rules" "$RULES" "allow kernel:$KIND 10.78.0.0/24 port 91"
t_ok "rules: unless a rule allows that" eval "in_f $FAR tcp $V4 91 2>&1 | grep -q '^connect ECONNREFUSED'"

# An error goes back to whom it quotes, if what it quotes may go.
policy "unmatched ask" "forward rules" "$RULES" "allow kernel:$KIND $F4 port 720" "allow kernel:$KIND $F6 port 720"
for to in $F4 $F6; do
	t_ok "rules: an allowed flow gets the errors about it, $to" eval \
		"in_v $A udp $to 720 --connect --wait 3000 | grep -q '^recv ECONNREFUSED'"
	t_ok "rules: so does a container's, $to" eval \
		"in_v $A udp $to 81 --connect --wait 3000 | grep -q '^recv ECONNREFUSED'"
done

policy "mode observe" "unmatched ask" "forward rules" "$RULES" "$FRAMES" "deny kernel:$KIND any port 701"
fresh
in_v $A udp $F4 703 >/dev/null
in_v $A udp $F4 701 >/dev/null
t_some "rules, observe: what no rule denies goes" udp 703
t_none "rules, observe: a denial holds" udp 701

# ---- a policy that changes -------------------------------------------------------------------------

policy "unmatched deny" "forward rules" "$RULES" "allow kernel:$KIND any port 700"
fresh
in_v $A tcp $F4 700 --keep 3000 --data gone >$TMP/live 2>&1 &
LIVE=$!
wait_for 5 said live '^connect OK'
policy "unmatched deny" "forward rules" "$RULES"
wait_for 10 said live '^(send|recv|echo)'
t_ok "a flow that is denied since: none of its data arrives" eval '! far_got tcp 700 gone'
policy "unmatched deny" "forward log" "$RULES"
t_ok "and goes on when it may again" wait_for 30 far_got tcp 700 gone
wait $LIVE
policy "unmatched deny" "$RULES"
[[ -z ${HOOKS:-} ]] || t_ok "ignore again: there is no hook" eval '! hooked'

# ---- the daemon keeps it ----------------------------------------------------------------------------

daemon_prepare
daemon_up
t_ok "snitchd starts" snitch mode quiet
fresh
in_c $A tun tun7 $F4 752 --count 3 --from $T4 >/dev/null
t_some "quiet: it goes on" udp 752
t_ok "the history has it" wait_for 20 eval \
	"snitch --json log | jq -es '.. | objects | select(.program? == \"kernel forwarded\" and .port? == 752 and .address? == \"$F4\")'"
t_ok "status counts it" eval "snitch status | grep -qE '^forwarded +let go on, and kept in the history; [1-9]'"
echo "deny kernel forwarded to $F4 port 753" >/etc/snitch/rules.d/30-forwarded.rules
echo "allow kernel forwarded to any" >>/etc/snitch/rules.d/30-forwarded.rules
echo "forward = rules" >/etc/snitch/snitchd.conf
daemon_down
daemon_up
fresh
in_c $A tun tun7 $F4 753 --from $T4 >/dev/null
in_c $A tun tun7 $F4 754 --from $T4 >/dev/null
t_some "rules: allowed, it goes on" udp 754
t_none "rules: denied, 0 packets" udp 753
daemon_down
rm -f /run/snitch/bus

# By which device, as rules of the initial namespace say it: there the router is another one.
ip link add name i0 type veth peer name i1 netns f
ip addr add 10.80.0.1/24 dev i0
ip link set i0 up
in_f ip addr add 10.80.0.2/24 dev i1
in_f ip link set i1 up
sysctl -q -w net.ipv4.ip_forward=1
for n in 8 9; do
	ip tuntap add mode tun name tun$n
	ip addr add 10.8$n.0.1/24 dev tun$n
	ip link set tun$n up
done
t_ok "a counter there" in_f nft 'table ip bydevice { set got { type inet_service; size 65535; flags dynamic; counter; }
	chain in { type filter hook prerouting priority -450; iifname "i1" udp dport 1-9999 update @got { udp dport }; }; }'
arrived() { in_f nft list set ip bydevice got | grep -qE "[ {]$1 counter"; }
policy "unmatched deny" "forward rules" "$RULES" \
	"allow kernel:$KIND any ifindex $(ip -j link show dev tun8 | jq '.[0].ifindex')"
$A tun tun8 10.80.0.2 1008 --from 10.88.0.2 >/dev/null
$A tun tun9 10.80.0.2 1009 --from 10.89.0.2 >/dev/null
t_ok "a rule for one device: what came by it goes on" wait_for 5 arrived 1008
t_ok "what came by another does not" eval '! arrived 1009'
sysctl -q -w net.ipv4.ip_forward=0
ip link del i0
ip tuntap del mode tun name tun8
ip tuntap del mode tun name tun9

# ---- unloaded while packets flow by -----------------------------------------------------------------

policy "unmatched deny" "forward rules" "$RULES" "$FRAMES" "allow kernel:$KIND any"
fresh
in_v $A packet raw v0 $F4 750 --count 100000 --from $V4 >/dev/null 2>&1 &
FLOOD=$!
t_some "a flood" udp 750
ip netns add gone
ip netns exec gone sysctl -q -w net.ipv4.ip_forward=1
ip netns del gone
kill -9 $OBSERVER
t_ok "the module unloads under load" wait_for 10 module_unload
fresh
t_some "and what was forwarded still is" udp 750
kill $FLOOD
wait $FLOOD 2>/dev/null
router_down
t_done
