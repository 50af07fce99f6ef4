# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Address sets: rules about them, changes that cut live flows and leave the rest alone, swaps under
# load, a million prefixes, ten thousand rules, what must be refused, allocations that fail.
. /snitch/cases/lib/case.sh

case_begin
far_again
far_up tcp:80 udp:80 udp:81 udp:82
far_feeds 90

change() { printf '%s\n' "$@" | snitch-tool change >$TMP/change.out 2>&1; }
sets_are() { [[ $(snitch-tool sets | sed 's/ bytes=.*//' | paste -sd' ') == "$1" ]]; }
generation_of() { snitch-tool status | awk '$1 == "generation" {print $2}'; }

# --- a rule about a set decides -------------------------------------------------------------
t_ok "a policy with a set" policy "unmatched deny" "set 7 70 $S4 192.0.2.0/24 fd77::3-fd77::9" \
	"deny $A set:7" "allow $A any" "allow $B not-set:7"
for address in $F4 $F6; do
	t_out "$address is in no set: allowed" '^echo OK' $A tcp $address 80 --data out
	t_out "and by a rule about what is in none" '^echo OK' $B tcp $address 80 --data out
done
far_reset
for address in $S4 $S6; do
	t_out "$address is in the set: refused" '^connect ECONNREFUSED' $A tcp $address 80
	t_out "and where a rule allows all but the set" '^connect ECONNREFUSED' $B tcp $address 80
	t_out "UDP, too" '^send EPERM' $A udp $address 81
done
t_none "0 packets: TCP" tcp 80
t_none "0 packets: UDP" udp 81

# --- a difference cuts what it names, at once -------------------------------------------------
go cut $A load tcp $S4 90 --down 40000000 --rate 200000
sleep 1
t_is "no flow to an address of the set" "$(snitch-tool flows | grep -c "$S4:90")" 0
ended cut
t_ok "a difference is taken" change "delta 7 71 -$S4 -$S6"
t_ok "and shown" sets_are "id=7 tag=71 ranges4=1 ranges6=1"
t_out "what it removes is allowed now" '^echo OK' $A tcp $S4 80 --data now
t_out "over IPv6, too" '^echo OK' $A tcp $S6 80 --data now
go cut $A load tcp $S4 90 --down 40000000 --rate 200000
go cut6 $A load tcp $S6 90 --down 40000000 --rate 200000
go stays $A load tcp $F4 90 --down 3000000 --rate 400000
wait_for 10 eval '[[ $(snitch-tool flows | grep -c ":90 .*action=allow origin=rule") -ge 3 ]]'
sleep 1
rejudged=$(stat_of rejudged) aborted=$(stat_of aborted) generation=$(generation_of)
t_ok "a difference names the downloads" change "delta 7 72 +$S4 +$S6"
t_ok "both are cut" wait_for 5 eval '[[ $(stat_of aborted) -ge $((aborted + 2)) ]]'
sleep 0.3
far_reset
sleep 1.5
wait_for 5 eval '! kill -0 ${PIDS[cut]} && ! kill -0 ${PIDS[cut6]}'
ended cut
ended cut6
t_ok "their programs got a part" eval '! said cut received=40000000 && ! said cut6 received=40000000'
t_ok "the far end could not send it all" eval \
	'[[ $(grep -c "sent=40000000" $TMP/feed) -eq 0 && $(wc -l <$TMP/feed) -ge 1 ]]'
ended stays
t_is "the other download ends well" $? 0
t_ok "and was not disturbed: the far end sent all of it" wait_for 5 grep -q "sent=3000000" $TMP/feed
t_is "the policy is the same one" "$(generation_of)" $generation
t_cmp "what sets could have decided was judged again" "$(stat_of rejudged)" -ge $((rejudged + 3))

# --- others are not looked at -------------------------------------------------------------------
policy "unmatched deny" "set 7 72 keep" "set 8 80 192.0.2.0/24" "deny $A set:7" "allow $A any" \
	"allow $B any"
t_ok "a policy keeps a set" sets_are "id=7 tag=72 ranges4=2 ranges6=1 id=8 tag=80 ranges4=1 ranges6=0"
go other $B tcp $F4 80 --keep 3000 --data stays
t_said "a flow that no set has to do with" other '^echo OK'
rejudged=$(stat_of rejudged)
change "delta 7 73 +198.51.100.0/24" "replace 8 81 198.51.100.0/24"
sleep 1
t_is "is not judged again" "$(stat_of rejudged)" "$rejudged"
t_ok "two sets have changed at once" sets_are "id=7 tag=73 ranges4=3 ranges6=1 id=8 tag=81 ranges4=1 ranges6=0"
ended other

# UDP: at its next packet.
go udp $A udp $F4 82 --count 12 --gap 300
sleep 1
t_some "a datagram flow goes" udp 82
change "delta 7 74 +$F4"
t_said "refused from the next packet on" udp '^send EPERM'
far_reset
ended udp
t_none "0 packets after that" udp 82
change "delta 7 75 -$F4"

# --- swapped under load --------------------------------------------------------------------------
far_reset
go denied $A udp $S4 81 --count 600 --gap 4
go allowed $A udp $F4 82 --count 600 --gap 4
for i in {1..15}; do
	change "replace 7 $((100 + i)) $S4 many:$((1000 * i))"
	change "delta 8 $((200 + i)) +203.0.113.$i"
done
t_ok "the last change was taken" grep -q '^generation' $TMP/change.out
ended denied
ended allowed
t_none "0 packets of the denied one, whatever was swapped" udp 81
t_is "all of the allowed one" "$(far_packets udp 82)" 600

# --- what must be refused changes nothing ----------------------------------------------------------
policy "unmatched deny" "set 7 70 $S4" "deny $A set:7" "allow $A any"
generation=$(generation_of)
refuse() {
	local name=$1 want=$2
	shift 2
	printf '%s\n' "$@" | snitch-tool policy >$TMP/refused 2>&1
	t_ok "policy refused: $name" grep -q "$want" $TMP/refused
}
refuse "unsorted" "must rise" "set 1 1 10.0.0.9 10.0.0.1"
refuse "overlapping" "must rise" "set 1 1 10.0.0.0/8 10.1.0.0/16"
refuse "the wrong way round" "must rise" "set 1 1 10.0.0.9-10.0.0.1"
refuse "twice the same id" "already" "set 1 1 10.0.0.1" "set 1 2 10.0.0.2"
refuse "id 0" "needs an id" "set 0 1 10.0.0.1"
refuse "an unknown set" "names no set" "set 1 1 10.0.0.1" "deny any set:2"
refuse "nothing to keep" "No such file" "set 9 70 keep"
refuse "over the limit" "max_ranges" "set 1 1 many:3000000"
mapfile -t many < <(for i in {1..65}; do echo "set $i 1 10.0.0.1"; done)
refuse "too many sets" "more rules, programs or sets" "${many[@]}"
refuse_change() {
	local name=$1 want=$2
	shift 2
	change "$@"
	t_ok "change refused: $name" grep -q "$want" $TMP/change.out
}
refuse_change "unknown set" "no set of that id" "delta 9 1 +10.0.0.1"
refuse_change "unsorted" "must rise" "delta 7 1 +10.0.0.9 +10.0.0.1"
refuse_change "twice" "already" "replace 7 1 10.0.0.1" "delta 7 1 +10.0.0.2"
refuse_change "over the limit" "max_ranges" "delta 7 1 +many:3000000"
for check in incomplete family mixed; do t_points $check timeout 120 /snitch/tools/set-test $check; done
t_is "the same policy is in force" "$(generation_of)" $generation
t_ok "with the same set" sets_are "id=7 tag=70 ranges4=1 ranges6=0"
far_reset
in_c $A udp $S4 81 >/dev/null
t_none "0 packets of what it denies" udp 81

# --- a million prefixes -----------------------------------------------------------------------------
t_ok "1 000 000 prefixes are loaded" policy "unmatched deny" "set 7 1 $S4 many:1000000" \
	"set 8 1 2001:db8::/64" "deny $A set:7" "allow $A any"
t_ok "all of them" sets_are "id=7 tag=1 ranges4=1000001 ranges6=0 id=8 tag=1 ranges4=0 ranges6=1"
bytes=$(snitch-tool sets | sed -n 's/.*id=7 .*bytes=\([0-9]*\).*/\1/p')
t_cmp "at most 64 bytes each" $((bytes / 1000001)) -le 64
t_out "what is not in them is allowed" '^echo OK' $A tcp $F4 80 --data million
far_reset
for address in $S4 20.0.0.0 20.30.132.126; do
	t_out "$address is one of them" '^connect ECONNREFUSED' $A tcp $address 80
done
t_ok "a difference of one" change "delta 7 2 -$S4"
t_out "is enough" '^echo OK' $A tcp $S4 80 --data one
t_ok "another policy keeps them" policy "unmatched deny" "set 7 2 keep" "allow $A not-set:7"
t_out "and they still decide" '^echo OK' $A tcp $S4 80 --data kept

# --- ten thousand rules of all kinds ------------------------------------------------------------------
{
	echo "unmatched deny"
	echo "set 7 2 keep"
	for ((i = 0; i < 3300; i++)); do
		echo "deny $A 192.$((i / 250)).$((i % 250)).0/24"
		echo "deny $A 10.77.0.0-10.77.0.9 port $((1000 + i))-$((20000 + i))"
		echo "deny $A set:7 port $((2000 + i))"
	done
	echo "allow $A any"
} | policy
t_cmp "10 000 rules are in force" "$(stat_of rules)" -ge 9900
t_out "and the last one decides" '^echo OK' $A tcp $F4 80 --data last
t_out "one of them another" '^connect ECONNREFUSED' $A tcp $F4 9999

# --- without memory ------------------------------------------------------------------------------------
if [[ -d /sys/kernel/debug/failslab ]]; then
	for verbose in /sys/kernel/debug/{failslab,fail_page_alloc,fail_usercopy}/verbose; do
		[[ ! -e $verbose ]] || echo 0 >$verbose
	done
	nth() { bash -c 'echo $1 >/proc/self/fail-nth; shift; exec "$@"' nth "$@"; }
	policy "unmatched deny" "set 7 1 $S4" "deny $A set:7" "allow $A any"
	for n in {1..30}; do
		echo "replace 7 $n $S4 many:5" | nth $n snitch-tool change
		echo "delta 7 $n +20.0.0.0/8 -10.0.0.0/16" | nth $n snitch-tool change
		printf '%s\n' "allow $FAR any" "unmatched deny" "set 7 5 $S4" "deny $A set:7" "allow $A any" |
			nth $n snitch-tool policy
		printf '%s\n' "allow $FAR any" "unmatched deny" "set 7 6 $S4 many:50" "deny $A set:7" \
			"deny $A 192.0.2.0/24 port 5-99" "allow $A any" | nth $n snitch-tool policy
	done >/dev/null 2>&1
	far_reset
	in_c $A udp $S4 81 >/dev/null
	t_none "0 packets of what every policy denied" udp 81
	t_out "after failed changes all is well" '^echo OK' $A tcp $F4 80 --data after
else
	t_skip "allocations that fail" "this kernel has no failslab"
fi
t_ok "the module unloads with sets in force" module_unload
t_done
