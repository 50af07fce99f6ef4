# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What a second reading of the code found: what was allowed for one place, one program or one
# policy must not carry over to another; processes that end oddly leave nothing behind.
. /snitch/cases/lib/case.sh

C=/opt/c D=/opt/d	# programs that no rule names, unless a case does
LIAR=/opt/liar
for program in $C $D $LIAR; do cp $A $program; done
chmod 755 $A $B $C $D $LIAR
USER1=(setpriv --reuid 1000 --regid 1000 --clear-groups)
# As panic's: no program has a rule, so that nobody is consulted.
by_loopback_only() { printf '%s\n' "unmatched deny" "allow any any builtin loopback" | snitch-tool policy >$TMP/policy.out; }
LOOPBACK="allow any any builtin loopback"

case_begin
far_up tcp:80 tcp:81 udp:80 udp:81 udp:82

# ---- older than any policy, and full of data -----------------------------------------------

# What is written waits for the far end's window: it leaves when that opens, in no task's name.
# B is allowed later, C denied later, D denied from the start, E denied after some of it left.
E=/opt/e
cp $A $E
n=90
for program in $B $C $D $E; do
	name=${program##*/}
	: >$TMP/stall-$name
	rm -f $TMP/open-$name
	in_f $FAR stall $n $TMP/open-$name >$TMP/stall-$name 2>&1 &
	t_said "a peer that does not read: $name" stall-$name '^listening'
	go stuff-$name $program stuff $F4 $n --keep 60000
	t_said "a full socket, older than the policy: $name" stuff-$name '^stuffed [1-9][0-9]{4}'
	n=$((n + 1))
done
policy "unmatched ask" "deny $D any"
decider --default hold
payload_reset
: >$TMP/open-e
t_ok "what was there before the policy and is not denied leaves" wait_for 5 far_payload
rm $TMP/open-e
policy "unmatched ask" "allow $B any" "deny $C any" "deny $D any" "deny $E any"
sleep 1
for name in c d e; do
	payload_reset
	: >$TMP/open-$name
	sleep 3
	t_no_payload "denied since: what lay there does not leave, $name"
done
payload_reset
: >$TMP/open-b
t_ok "allowed: it does" wait_for 5 far_payload
t_said "and arrives" stall-b '^got [1-9][0-9]{4}'
t_is "nobody was asked" "$(count_seen '^FLOW')" 0
for name in b c d e; do kill "${PIDS[stuff-$name]}"; ended stuff-$name; done 2>/dev/null

# ---- a disguise, and children ----------------------------------------------------------------

# lie OPTION...: the liar takes the allowed program's name, and its child speaks.
lie() {
	far_reset
	: >$LOG
	go liar "${USER1[@]}" $LIAR disguise $A $F4 80 --wait 1500 "$@"
	t_said "a program puts another's name into /proc: $*" liar '^exe /opt/a'
}
for how in "--fork 1" "--fork 2" "--fork 1 --udp"; do
	proto=tcp
	[[ $how != *--udp ]] || proto=udp
	policy "unmatched ask" "allow $A any"
	lie $how
	t_seen "disguised, $how: its child is asked about" '^FLOW .*:80 '
	t_seen "disguised, $how: as disguised" '^OWNER .*flags=0x[0-9a-f]*[4-7c-f] '
	sleep 0.3
	t_none "disguised, $how: 0 packets" $proto 80
	tell deny all
	ended liar
	policy "unmatched deny" "allow $A any"
	lie $how
	ended liar
	t_none "disguised, $how, nobody asks: 0 packets" $proto 80
	policy "unmatched ask" "allow $A any"
	lie $how
	seen '^FLOW .*:80 '
	tell allow all
	ended liar
	t_some "disguised, $how: allowed by a person, it arrives" $proto 80
done
tell deny all

# ---- allowed by loopback, sent by the route ---------------------------------------------------

# By loopback the datagram comes back, to a server of ours: it has errors for nobody then.
in_c ip -6 route add local fd77::/64 dev lo table main metric 100000
in_c $FAR server udp:80 &
sink=$!

# via HOW TO ORDER: what was said, one word for each datagram.
via() { in_c $C via $1 $2 80 $3 2>&1 | sed 's/ us=.*//' | paste -sd,; }
wanted() { sed -e 's/l/lo OK,/g' -e "s/p/plain $2,/g" -e 's/,$//' <<<"$1"; }
for to in $F4 $F6; do
	for how in cmsg cmsg-connected unicast unicast-connected bind bind-connected; do
		for order in lplp plp; do
			by_loopback_only
			far_reset
			got=$(via $how $to $order)
			# Whether a connected socket's route changes is the kernel's matter: what counts
			# is what arrives.
			if [[ $how == bind-connected ]]; then
				t_ok "$how, $to, $order: it goes by loopback" grep -q 'lo OK' <<<"$got"
			elif [[ $how != *-connected ]]; then
				t_is "$how, $to, $order: it goes by loopback, by the route it is refused" \
					"$got" "$(wanted $order EPERM)"
			fi
			t_none "$how, $to, $order: 0 packets" udp 80 || t_note "$got"
		done
		policy "unmatched deny" "$LOOPBACK" "allow $C any"
		far_reset
		t_is "$how, $to: allowed, both go" "$(via $how $to lplp)" "$(wanted lplp OK)"
		t_cmp "$how, $to: and those by the route arrive" "$(far_packets udp 80)" -ge 1
	done
	by_loopback_only
	far_reset
	in_c $C viatcp $to 80 --wait 6000 >$TMP/viatcp 2>&1
	t_said "TCP, $to: a SYN to loopback is sent" viatcp '^start EINPROGRESS'
	t_none "TCP, $to: sent again by the route: 0 packets" tcp 80
	policy "unmatched deny" "$LOOPBACK" "allow $C any"
	[[ $to == *:* ]] ||
		t_out "TCP, $to: allowed, it connects" '^connect OK' $C viatcp $to 80 --wait 20000
done
kill $sink
wait $sink 2>/dev/null
in_c ip -6 route del local fd77::/64 dev lo table main metric 100000

# ---- an accepted connection whose packets are sent elsewhere -----------------------------------

port=7000
# redirect HOW OPTION...: through the far end, which sees what comes past.
redirect() {
	local how=$1 own=$C6 hop=$F6 as=("${USER1[@]}")
	shift
	[[ $how != lsrr ]] || own=$C4 hop=$F4 as=()	# newer kernels want a right for that
	port=$((port + 1))
	far_reset
	in_c "${as[@]}" $C redirect $how $own $port $hop "$@" >$TMP/redirect 2>&1
}
for how in srh type2 lsrr; do
	for option in "" --spoken --listener; do
		[[ $how$option != lsrr--listener ]] || continue	# its SYN-ACK never has it
		# A listener's answer is nobody's to allow: there the way itself is shown.
		if [[ $option == --listener ]]; then policy "mode off"
		else policy "unmatched deny" "$LOOPBACK" "allow $C any"; fi
		redirect $how $option
		if grep -q '^route E' $TMP/redirect; then
			t_skip "routed elsewhere: $how $option" "$(grep '^route E' $TMP/redirect)"
			continue
		fi
		t_cmp "routed elsewhere, allowed: the far end sees it ($how $option)" \
			"$(far_total)" -gt 0 || t_note "$(cat $TMP/redirect)"
		by_loopback_only
		redirect $how $option
		t_is "routed elsewhere, not allowed: 0 packets ($how $option)" "$(far_total)" 0 ||
			t_note "$(cat $TMP/redirect)"
		policy "unmatched ask" "$LOOPBACK"
		redirect $how $option
		t_is "routed elsewhere, nobody has answered: 0 packets ($how $option)" "$(far_total)" 0 ||
			t_note "$(cat $TMP/redirect)"
		tell deny all
	done
done

# ---- exec closes an allowed program's socket ----------------------------------------------------

# ends: how many FINs and resets came to port 80.
ends_reset() {
	in_f nft -f - <<-'END'
	table inet ends
	delete table inet ends
	table inet ends {
		counter fin { }
		counter rst { }
		chain in {
			type filter hook prerouting priority -430;
			iifname "vf" tcp dport 80 tcp flags & fin == fin counter name fin
			iifname "vf" tcp dport 80 tcp flags & rst == rst counter name rst
		}
	}
	END
}
ends() { in_f nft -j list counters table inet ends | jq -r '[.nftables[].counter? // empty | "\(.name) \(.packets)"] | sort | join(" ")'; }
policy "unmatched ask" "allow $A any" "deny $B any"
tell default hold
for program in $A $B $C; do
	ends_reset
	: >$LOG
	go close $A cloexec $program $F4 80
	t_said "connected, then exec of $program" close '^echo OK'
	ended close
	sleep 0.5
	t_is "exec of $program: the old program's connection ends orderly" "$(ends)" "fin 1 rst 0"
	t_is "exec of $program: nobody was asked" "$(count_seen '^FLOW')" 0
done
payload_reset
go exec $A path send $F4 80 --data inherited --exec $B
ended exec
t_no_payload "a socket that exec does not close says nothing for the new program"
t_ok "and the server never saw it" eval '! far_got tcp 80 inherited'
in_f nft delete table inet ends

# ---- a socket that goes elsewhere while its question waits ----------------------------------------

policy "unmatched ask" "allow $C any port 80"
far_reset
: >$LOG
go switch $C switch $F4 81 $F4 80 --after 300000 --keep 1500
t_seen "the first place is a question" '^FLOW .*:81 '
id=$(flow_to 81)
t_said "the second is allowed" switch '^connect OK'
tell deny $id
t_said "a late no to the first does not end the second" switch '^switched 1 bad 0'
ended switch
tell default deny
go switch $C switch $F4 81 $F4 80 --count 80 --step 100
# The socket's lock is not held from the last look at its peer to the end of the connection: on two
# processors one in 80 may lose its new connection to the old one's refusal (docs/threat-model.md).
[[ $SLOW -gt 1 ]] && few='[01]' || few=0
t_said "nor does one that comes while it is connected" switch "^switched 80 bad $few\$"
ended switch
t_ok "the data arrived" far_got tcp 80 switched
t_none "and nothing in the first place" tcp 81

# ---- an allow that is older than the policy ---------------------------------------------------------

# stays_denied WHAT: the sockets go on sending; nothing of it arrives any more.
stays_denied() {
	sleep 0.3
	payload_reset
	sleep 1
	t_no_payload "$1"
	kill "${PIDS[spray]}"
	ended spray 2>/dev/null
}
for proto in "--udp" ""; do
	# The decider allows while sockets are made.
	for round in 1 2; do
		policy "unmatched ask"
		tell default allow
		: >$LOG
		payload_reset
		go spray $C spray $F4 80 200 $proto --gap 1000 --keep 3000
		wait_for 5 eval '[[ $(count_seen "^SENT .*=allow") -ge $((round * 40)) ]]'
		policy "unmatched ask" "deny $C any"
		t_ok "allowed by a decider, it arrived ($proto $round)" far_payload
		t_said "and goes on ($proto $round)" spray '^sprayed'
		stays_denied "denied since: whatever the decider says, 0 bytes ($proto $round)"
	done
	# All at once, while the policy that denies comes into force.
	for delay in 0 0.002 0.004 0.006 0.008 0.01 0.012 0.014; do
		policy "unmatched ask"
		tell default hold
		go spray $C spray $F4 80 100 $proto --gap 100 --keep 4000
		t_parked "many wait ($proto $delay)" 100
		policy "unmatched ask" "deny $C any" &
		sleep $delay
		tell allow all
		wait $!
		stays_denied "an allow that comes with the policy that denies: 0 bytes ($proto $delay)"
	done
done
tell default hold
tell deny all

# ---- processes that end oddly ---------------------------------------------------------------------

# images: how many there are when all that lives for a while only has gone.
images() { sleep 8; stat_of images; }
policy "unmatched deny" "allow $C any"
before=$(images)
t_out "exec that fails when there is no way back" '^badexec killed 200' $C badexec /opt/broken 200
t_cmp "leaves no image behind (before: $before)" "$(images)" -le $((before + 20))

# More processes of one user than may have an image at once, each with a flow of its own.
far_reset
go shots "${USER1[@]}" $C oneshots $C $F4 82 8300 --fork
ended shots
t_note "$(cat $TMP/shots), images $(stat_of images)"
t_said "each process of that user got through" shots '^oneshots sent 8300 refused 0 '
t_is "and arrived" "$(far_packets udp 82)" 8300
t_out "one more of that user does, too" '^send OK' "${USER1[@]}" $C udp $F4 82
t_cmp "their images are let go" "$(images)" -le $((before + 4200))

t_parked "nothing is parked at the end" 0
decider_end
t_done
