# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Names that come over TCP, and answers that lie: by servers that nobody asked, by ones that answer
# something else, by strangers. The far end counts what came.
. /snitch/cases/lib/names.sh

N=40
LIAR=''

hosts_file() {
	local i
	for ((i = 1; i <= N; i++)); do echo "10.78.0.$i n$i.ok.test"; done
	for ((i = 1; i <= 60; i++)); do echo "10.78.1.$i many.ok.test"; done
	echo "10.78.2.1 plain.bad.test"
}
# liar WAY NAME ADDRESS [OPTION...]: a server in the place of the configured one.
liar() {
	: >$TMP/liar
	in-net f $FAR lie "$@" >$TMP/liar 2>&1 &
	LIAR=$!
	wait_for 10 grep -q listening $TMP/liar
}
liar_down() { kill $LIAR; wait $LIAR 2>/dev/null; }
# lie WAY PORT WANT WHAT [OPTION...]: the far end sees so many packets after that answer.
lie() {
	local way=$1 port=$2 want=$3 what=$4 over=--any
	shift 4
	[[ " $* " != *" --tcp "* ]] || over=--over-tcp
	[[ $way != early ]] || over+=" --late"
	liar $way told.ok.test 10.78.3.1 "$@"
	names $A $F4 =${ASK:-told.ok.test} $port $over
	t_ok "$what: an answer" grep -q '^asked 1' <<<"$OUT" || t_note "$OUT$(cat $TMP/liar)"
	t_got "$what: $want packets" udp $port $want
	liar_down
}

case_begin
names_to_initial
hosts_file >$TMP/hosts
resolver $F4 --addn-hosts=$TMP/hosts
resolver $F3 --address=/ok.test/10.78.4.1
daemon_prepare
printf '%s\n' "allow any to dns-servers port 53" "allow any to $F3 port 53" \
	"allow $A to *.ok.test" "deny $A to *.bad.test" "allow $B to 10.78.210.1 port 9150" \
	"allow /opt/say to multicast port 5353" "allow $A to *.local" \
	>/etc/snitch/rules.d/20-names.rules
cp "$(type -P socat)" /opt/say
warm snitch snitchd socat $A $B /opt/say
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet >/dev/null

# ---- over TCP -------------------------------------------------------------------------------------

names $A $F4 ok.test 9100 $N --over-tcp
t_sent "$N names looked up over TCP" "$N sent $N" || t_note "$OUT"
t_got "each datagram that follows arrives" udp 9100 $N || t_note "$(snitch-tool status | grep -vE " 0$")"
names $A $F4 ok.test 9101 10 --over-tcp --split
t_got "also when the length goes by itself, and the rest after an acknowledgement" udp 9101 10
names $A $F4 =plain.bad.test 9102 1 --over-tcp
t_ok "a name that is denied is looked up" grep -q '^asked 1' <<<"$OUT"
t_got "nothing arrives" udp 9102 0
names $B $F4 =n1.ok.test 9103 1 --over-tcp
t_got "another program has no rule for it: 0 packets" udp 9103 0
t_question "the question says where the name comes from" 9103 \
	'.name == "n1.ok.test" and .name_source == "tcp-dns" and .name_claimed == false'
ip link set dev vc mtu 400
in_f ip link set dev vf mtu 400
names $A $F4 =many.ok.test 9104 1 --over-tcp
t_got "an answer of several segments" udp 9104 1 || t_note "$OUT"
ip link set dev vc mtu 1500
in_f ip link set dev vf mtu 1500
names $A $F3 ok.test 9105 1 --over-tcp
t_ok "a name server that is not configured answers over TCP" grep -q '^asked 1' <<<"$OUT"
t_got "its names allow nothing" udp 9105 0
t_question "they are claims" 9105 '.name == "n1.ok.test" and .name_claimed'
t_is "nothing was lost" "$(stat_of dns_lost)" 0

# ---- answers that are none ----------------------------------------------------------------------------

resolvers_down
far_reset
lie true 9110 1 "the plain truth"
lie id 9111 0 "an id that nobody asked with"
lie port 9112 0 "from another port"
ASK=asked.other.test lie name 9113 0 "about another name than the one asked for"
ASK=asked.other.test lie record 9114 0 "records of a name that was not asked for"
lie true 9120 1 "the plain truth over TCP" --tcp
lie bytes 9121 1 "byte by byte" --tcp
lie id 9122 0 "an id that nobody asked with, over TCP" --tcp
lie early 9123 0 "an answer that was there before the question" --tcp
lie wrapped 9124 0 "an answer inside of what is no message" --tcp
ASK=asked.other.test lie name 9125 0 "another name, over TCP" --tcp

# ---- who did not ask --------------------------------------------------------------------------------------

liar true told.ok.test 10.78.3.1
names $B $F4 =told.ok.test 9130
$A udp 10.78.3.1 9131 >/dev/null 2>&1
t_got "what another program learnt allows nothing" udp 9131 0
liar_down

# Another program answers while the question is open, in the server's name: by a raw socket, to this
# machine itself. Its own rule lets it; the answer is the right one but for who sent it.
forged=10018180000100010000000004746f6c64026f6b0474657374000001000104746f6c64026f6b047465737400000100010000012c00040a4e0301
in_f socat -u UDP-RECV:53 /dev/null &
sink=$!
echo "allow $B to $C4" >/etc/snitch/rules.d/30-forger.rules
wait_for 10 eval 'snitch rules list | grep -q "allow $B to $C4"'
$A names $F4 =told.ok.test 9132 --any --from 5777 >$TMP/asks 2>&1 &
asks=$!
wait_for 5 eval '[[ -n $(ss -H -lun "src :5777"; ss -H -an -u "sport = :5777") ]]'
sleep 0.2
$B fakeudp $F4 53 $C4 5777 --hex $forged >$TMP/forges
wait $asks
t_ok "a forged answer comes to the program that asked" grep -q '^asked 1' $TMP/asks || t_note "$(cat $TMP/asks $TMP/forges)"
t_got "a forged answer allows nothing" udp 9132 0
kill $sink
rm /etc/snitch/rules.d/30-forger.rules

# ---- said on the link ----------------------------------------------------------------------------------------

# says N: what anybody may say to the group of multicast DNS: printer.local is 10.78.5.N.
says() {
	printf '\0\0\x84\0\0\0\0\1\0\0\0\0\7printer\5local\0\0\1\x80\1\0\0\0\x78\0\4\x0a\x4e\5%b' "\\0$1" |
		in_f /opt/say - UDP4-DATAGRAM:224.0.0.251:5353,bind=$F4:5353,reuseaddr,ip-multicast-if=$F4
}
copied_since() { [[ $(stat_of dns) -gt $1 ]]; }
listens() { [[ -n $(ss -H -lun 'sport = :5353') ]]; }
copied=$(stat_of dns)
says 1
$A udp 10.78.5.1 9135 >/dev/null 2>&1
t_is "where nobody listens to multicast DNS, nothing is copied of it" "$(stat_of dns)" "$copied"
t_question "nor learnt" 9135 '.name == null'
socat -u UDP4-RECV:5353,ip-add-membership=224.0.0.251:$C4,reuseaddr - >/dev/null 2>&1 &
listener=$!
wait_for 10 listens
copied=$(stat_of dns)
says 2
t_ok "where somebody does, it is" wait_for 5 copied_since $copied
$A udp 10.78.5.2 9136 >/dev/null 2>&1
t_got "it allows nothing" udp 9136 0
t_question "it is shown, as a claim" 9136 '.name == "printer.local" and .name_source == "mdns" and .name_claimed'
kill $listener

# ---- floods ---------------------------------------------------------------------------------------------------

lost=$(stat_of events_lost)
copied=$(stat_of dns)
liar much told.ok.test 10.78.3.1 --tcp
names $A $F4 =told.ok.test 9140 1 --over-tcp
t_cmp "of a megabyte over TCP little is copied" "$(($(stat_of dns) - copied))" -le 40
t_cmp "but something is" "$(($(stat_of dns) - copied))" -ge 2
liar_down
for i in 1 2 3 4 5; do $B udp 10.78.210.1 9150 >/dev/null 2>&1; done
t_got "what is allowed arrives meanwhile" udp 9150 5
lie true 9151 1 "names are learnt after it" --tcp
t_is "no event of a flow was lost" "$(stat_of events_lost)" "$lost"

# ---- the end ----------------------------------------------------------------------------------------------------

daemon_down
copied=$(stat_of dns)
liar true told.ok.test 10.78.3.1 --tcp
names $A $F4 =told.ok.test 9160 1 --over-tcp
t_is "without a decider nothing is copied" "$(stat_of dns)" "$copied"
liar_down
t_ok "the module unloads" wait_for 10 module_unload
names_forget
t_done
