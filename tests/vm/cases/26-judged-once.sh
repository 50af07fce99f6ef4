# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Packets that pass LOCAL_OUT more than once (VRF, IPsec) or are cut in pieces are one flow, one
# question, and it is about where the program sends, not about what carries it.
. /snitch/cases/lib/case.sh

C=/opt/c
S=/opt/socat	# binds to a device
[[ -x $C ]] || cp $A $C
[[ -x $S ]] || cp "$(type -P socat)" $S

case_begin
far_up udp:80 udp:81 udp:82 tcp:80

# once WHAT PORT FAR-PROTO FAR-PORT COMMAND...: one question, 0 packets; allowed, it arrives.
once() {
	local what=$1 port=$2 proto=$3 far=$4
	shift 4
	far_reset
	: >$LOG
	go once "$@"
	t_seen "$what: it is a question" "^FLOW .*remote=[^ ]*:$port "
	sleep 0.5
	t_none "$what: while it waits 0 packets" $proto $far
	t_is "$what: one question" "$(count_seen '^FLOW')" 1
	t_seen "$what: of the program" '^OWNER .*exe=/opt/(c|socat) '
	tell allow all
	t_some "$what: allowed, it arrives" $proto $far
	ended once
	t_is "$what: still one question" "$(count_seen '^FLOW')" 1
}

# refused WHAT FAR-PROTO FAR-PORT COMMAND...: a denied program's.
refused() {
	local what=$1 proto=$2 far=$3
	shift 3
	far_reset
	in_c "$@" >/dev/null 2>&1
	sleep 0.3
	t_none "$what: denied, 0 packets" $proto $far
}

policy "unmatched ask" "deny $B any"
decider --default hold

# ---- pieces ----------------------------------------------------------------------------------

for to in $F4 $F6; do
	once "a datagram in pieces, $to" 82 udp 82 $C udp $to 82 --size 4000 --wait 3000
	refused "a datagram in pieces, $to" udp 82 $B udp $to 82 --size 4000
done

# ---- VRF ---------------------------------------------------------------------------------------

if in_c ip link add vrf7 type vrf table 77 2>$TMP/vrf; then
	in_c ip link set vrf7 up
	in_c ip link set vc master vrf7
	in_c ip -6 addr replace $C6/64 dev vc nodad
	in_c ip neigh replace $F4 lladdr 02:77:00:00:00:02 dev vc nud permanent
	wait_for 5 in_c ip route get $F4 vrf vrf7
	for proto in udp tcp; do
		once "VRF, $proto" 80 $proto 80 $S -u "SYSTEM:echo into a vrf; sleep 3" \
			$proto:$F4:80,bindtodevice=vrf7
	done
	cp $S /opt/socat-b
	policy "unmatched ask" "deny $B any" "deny /opt/socat-b any"
	refused "VRF" udp 80 /opt/socat-b -u "SYSTEM:echo into a vrf; sleep 3" udp:$F4:80,bindtodevice=vrf7
	# To its own addresses it goes once only, and that is judged.
	policy "unmatched deny"
	in-net c $S -u udp-recv:82,bindtodevice=vrf7 CREATE:$TMP/own 2>/dev/null &
	own=$!
	sleep 0.5
	in_c $S -u "SYSTEM:echo refused" udp:$C4:82,bindtodevice=vrf7 2>/dev/null
	sleep 0.3
	tell deny all
	t_parked "VRF, its own address: without a rule it is held, and refused" 0
	policy "unmatched deny" "allow any any builtin loopback"
	in_c $S -u "SYSTEM:echo allowed" udp:$C4:82,bindtodevice=vrf7 2>/dev/null
	t_ok "VRF, its own address: a rule for loopback allows it" wait_for 5 grep -q allowed $TMP/own
	t_ok "VRF, its own address: what was refused did not come" eval "! grep -q refused $TMP/own"
	kill $own
	wait $own 2>/dev/null
	policy "unmatched ask" "deny $B any"
	in_c ip link set vc nomaster
	in_c ip link del vrf7
	in_c ip -6 addr replace $C6/64 dev vc nodad
	in_c ip neigh replace $F4 lladdr 02:77:00:00:00:02 dev vc nud permanent
	in_c ip neigh replace $F6 lladdr 02:77:00:00:00:02 dev vc nud permanent
else
	t_skip "VRF" "$(head -n 1 $TMP/vrf)"
fi

# ---- IPsec: transport mode, no secrets ------------------------------------------------------------

# xfrm IN-NS OWN PEER: what goes from @OWN to @PEER is ESP, both ways.
xfrm() {
	local in=$1 own=$2 peer=$3 key=0x0123456789abcdef0123456789abcdef01234567
	$in ip xfrm state add src $own dst $peer proto esp spi 0x77 mode transport \
		auth 'hmac(sha1)' $key enc 'ecb(cipher_null)' '' &&
	$in ip xfrm state add src $peer dst $own proto esp spi 0x77 mode transport \
		auth 'hmac(sha1)' $key enc 'ecb(cipher_null)' '' &&
	$in ip xfrm policy add src $own dst $peer dir out tmpl proto esp mode transport
}
policy "unmatched ask" "deny $B any"
if xfrm in_c $C4 $F4 2>$TMP/xfrm && xfrm in_f $F4 $C4 2>>$TMP/xfrm; then
	once "IPsec" 81 esp "" $C udp $F4 81 --wait 3000
	t_ok "IPsec: the server got it" wait_for 5 far_got udp 81 .
	refused "IPsec" esp "" $B udp $F4 81
	in_c ip xfrm policy flush
	in_c ip xfrm state flush
else
	t_skip "IPsec" "$(head -n 1 $TMP/xfrm)"
fi

t_is "nothing waits at the end" "$(stat_of parked)" 0
t_done
