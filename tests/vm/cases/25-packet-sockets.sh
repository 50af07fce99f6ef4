# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Frames of packet sockets (AF_PACKET), which never pass LOCAL_OUT: judged by program, device and
# ethertype, by every way there is into a device, from the first frame of a namespace on.
. /snitch/cases/lib/case.sh

C=/opt/c	# a program that no rule names
[[ -x $C ]] || cp $A $C
WAYS="raw dgram bound bypass ring old"
IPV4=2048 IPV6=34525 ARP=2054

case_begin
before=$(in_c $C packet raw vc $F4 70 && far_packets udp 70)
t_cmp "no policy: nothing is judged" "${before##*$'\n'}" -eq 1

# ---- the first frame of all, and by every way ------------------------------------------------

policy "unmatched ask" "allow $A frames" "deny $B any"
decider --default hold
far_reset
t_out "the first frame of a namespace waits for its judgement" '^send E' $C packet bypass vc $F4 70
t_none "and is not sent" udp 70
t_seen "the decider hears of it" "^FLOW .*:($IPV4|0) uid=0"
for way in $WAYS; do
	for to in $F4 $F6; do
		far_reset
		t_out "$way, $to: allowed" '^send OK' $A packet $way vc $to 71
		t_some "$way, $to: it arrives" udp 71
		far_reset
		# A SOCK_PACKET sender is never told what became of its frame.
		[[ $way == old && $(uname -r) != 5.10.* ]] && TOLD='^send OK' || TOLD='^send E(NOBUFS|PERM) '
		t_out "$way, $to: a denied program is told" "$TOLD" $B packet $way vc $to 72
		t_out "$way, $to: so is one without a rule" "$TOLD" $C packet $way vc $to 72
		t_none "$way, $to: 0 frames" udp 72
	done
done

# ---- what the decider hears -------------------------------------------------------------------

D=/opt/d
cp $A $D
: >$LOG
in_c $D packet raw vc $F4 73 --count 3 >/dev/null
t_seen "the decider hears of the program" '^OWNER .*exe=/opt/d '
t_seen "and of the frame: its type, if it is known" "^FLOW .*:($IPV4|0) uid=0"
t_seen "that it was refused" '^CANCEL .*why=unheld action=deny packets=0'
t_is "once, not for each frame" "$(count_seen '^CANCEL')" 1
t_is "nothing waits" "$(stat_of parked)" 0

# ---- ethertypes: what the frame says, not the socket ------------------------------------------

policy "unmatched ask" "allow $A frames port $ARP"
far_reset
t_out "the kernel writes the header: a type that the rule names" '^send OK' \
	$A packet dgram vc $F4 74 --claim $ARP
t_out "the kernel writes it: another" '^send E' $A packet dgram vc $F4 74
t_none "0 frames" udp 74
if [[ $(uname -r) == 5.10.* ]]; then
	# No egress hook: what a program writes into the header is not known, and no type at all.
	t_out "a header of the program's own: no rule for a type holds" '^send EPERM' \
		$A packet raw vc $F4 74 --type $ARP --claim $ARP
else
	t_out "a type that the rule names" '^send OK' $A packet raw vc $F4 74 --type $ARP --claim $ARP
	t_out "another" '^send E' $A packet raw vc $F4 74
	t_out "another, said to be the first" '^send E' $A packet raw vc $F4 74 --claim $ARP
	t_none "0 frames, whatever is said" udp 74
fi
if [[ $(uname -r) != 5.10.* ]] && in_c ip link add link vc name vc.7 type vlan id 7; then
	in_c ip link set vc.7 up
	policy "unmatched ask" "allow $A frames port $IPV4"
	t_out "the type inside a VLAN tag" '^send OK' $A packet raw vc.7 $F4 74
	policy "unmatched ask" "allow $A frames port 33024"
	t_out "the tag is not the type" '^send E' $A packet raw vc.7 $F4 74
	in_c ip link del vc.7
else
	t_skip "the type inside a VLAN tag" "no VLAN, or no egress hook"
fi

# ---- rules ---------------------------------------------------------------------------------------

far_reset
policy "unmatched ask" "allow $A any"
t_out "an allow that does not speak of frames does not cover them" '^send E' $A packet raw vc $F4 75
t_out "it covers the rest" '^send OK' $A udp $F4 75
policy "unmatched ask" "deny $A any port 80 proto tcp" "allow $A frames"
t_out "nor does a deny of something else" '^send OK' $A packet raw vc $F4 76
policy "unmatched ask" "allow any $F4" "deny $A any" "allow any frames"
t_out "a deny of all covers frames" '^send E' $A packet raw vc $F4 77
t_out "but of no other program" '^send' $C packet raw vc $F4 78
t_none "0 frames of the denied" udp 77
policy "mode observe" "unmatched ask" "deny $B any"
: >$LOG
cp $A /opt/e
t_out "observe: what no rule denies goes" '^send OK' /opt/e packet raw vc $F4 79
t_seen "observe: and is told" '^CANCEL .*why=unheld action=allow'
t_out "observe: a deny holds" '^send E' $B packet raw vc $F4 79

# ---- AF_XDP: whether it may send at all is judged when it binds ---------------------------------------

policy "unmatched ask" "allow $A frames" "deny $B any"
cp $A /opt/x
for to in $F4 $F6; do
	far_reset
	t_out "AF_XDP, $to: allowed" '^send OK' $A xdp vc $to 65
	t_some "AF_XDP, $to: it arrives" udp 65
	: >$LOG
	t_out "AF_XDP, $to: a denied program cannot bind" '^bind EPERM' $B xdp vc $to 66
	t_out "AF_XDP, $to: nor one without a rule" '^bind EPERM' /opt/x xdp vc $to 66
	t_none "AF_XDP, $to: 0 frames" udp 66
done
cp $A /opt/y
in_c /opt/y xdp vc $F4 66 >/dev/null
t_seen "AF_XDP: the decider hears of the program" '^OWNER .*exe=/opt/y '
policy "unmatched ask" "allow $A frames port $IPV4"
t_out "AF_XDP: its frames have no type that is known" '^bind EPERM' $A xdp vc $F4 66

# ---- a socket that changes hands, rules that change --------------------------------------------------

policy "unmatched ask" "allow $A frames"
far_reset
go keeps $A packet raw vc $F4 60 --count 4000 --gap 50
t_ok "frames of a socket flow" wait_for 5 far_some udp 60
policy "unmatched ask" "deny $A any"
t_said "denied since: the next one is refused" keeps '^send E'
ended keeps

# ---- namespaces and devices that come later ------------------------------------------------------------

policy "unmatched ask" "deny $B any" "allow $A frames"
ip netns add late
# Only what the case sends is to be counted: no IPv6 there.
ip netns exec late sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip -n late link add name va type veth peer name vb
ip -n late link set va up
ip -n late link set vb up
rx() { ip netns exec late cat /sys/class/net/$1/statistics/rx_packets; }
was=$(rx vb)
ip netns exec late $B packet bypass va $F4 61 >$TMP/late
t_ok "a new namespace: refused from the first frame on" grep -q '^send E' $TMP/late
t_is "a new namespace: 0 frames" "$(rx vb)" "$was"
ip -n late link add name wa type veth peer name wb
ip -n late link set wa up
ip -n late link set wb up
was=$(rx wb)
ip netns exec late $B packet raw wa $F4 61 >$TMP/late
t_is "a new device: 0 frames" "$(rx wb)" "$was"
ip netns exec late $A packet raw wa $F4 61 >$TMP/late
t_cmp "a new device: who may, may" "$(rx wb)" -gt "$was"
ip -n late link add name xa type veth peer name xb
ip -n late link set xa netns c
in_c sysctl -q -w net.ipv6.conf.xa.disable_ipv6=1
in_c ip link set xa up
ip -n late link set xb up
was=$(rx xb)
in_c $B packet bypass xa $F4 61 >$TMP/late
t_is "a device from another namespace: 0 frames" "$(rx xb)" "$was"
in_c ip link del xa
ip netns del late

# ---- no decider; the end ---------------------------------------------------------------------------------

decider_end
policy "fail deny" "unmatched ask"
sleep 4
far_reset
t_out "no decider: refused" '^send E' /opt/e packet raw vc $F4 62
t_none "0 frames" udp 62
policy "fail allow" "unmatched ask"
t_out "or allowed, if so configured" '^send OK' /opt/d packet raw vc $F4 63
t_some "then it arrives" udp 63
t_is "and is counted: refused" "$(($(stat_of refused) > 0))" 1

# Loaded and unloaded while frames flow by.
policy "unmatched ask" "allow $A frames"
go flood $A packet raw vc $F4 64 --count 100000
sleep 0.5
t_ok "the module unloads under load" wait_for 10 module_unload
kill ${PIDS[flood]}
t_done
