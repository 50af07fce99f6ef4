# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Rules about names: a real resolver at the far end, programs that go to an address the moment they
# have it. The far end counts what came.
# Kernel parameter: snitch.names=N: how many names are looked up each time.
. /snitch/cases/lib/names.sh

N=$(param names)
N=${N:-1000}
C=/opt/c BOOK=/usr/bin/thunderbird

hosts_file() {
	local i
	for ((i = 1; i <= N; i++)); do
		echo "10.78.$((i / 200)).$((i % 200 + 1)) n$i.ok.test"
		echo "10.78.$((100 + i / 200)).$((i % 200 + 1)) n$i.bad.test"
	done
	printf '%s\n' "10.78.200.1 shared.ok.test shared.bad.test" "10.78.200.2 end.other.test" \
		"10.78.200.3 web.ok.test" "10.78.200.4 fork.ok.test" "10.78.200.5 ended.ok.test" \
		"10.78.200.80 homepage.mac.com" "10.78.200.81 www.apple.com"
}

case_begin
names_to_initial
cp $A $C
[[ -e $BOOK ]] || cp $A $BOOK
hosts_file >$TMP/hosts
far_up tcp:80
resolver $F4 --addn-hosts=$TMP/hosts --cname=alias.ok.test,middle.test \
	--cname=middle.test,end.other.test --cname=alias.bad.test,n7.ok.test
resolver $F3 --address=/ok.test/10.78.201.1
cp /etc/hosts $TMP/hosts.before
daemon_prepare
printf '%s\n' "allow any to dns-servers port 53" "allow any to $F3 port 53" \
	"allow $A to *.ok.test" "deny $A to *.bad.test" "allow $B to shared.ok.test" \
	"allow /usr/bin/curl to web.ok.test port 80 tcp" "allow $C to hosts.ok.test" \
	"allow $B to 10.78.210.1 port 9050" "allow $BOOK to any" "deny $BOOK to homepage.mac.com" >/etc/snitch/rules.d/20-names.rules
warm snitch snitchd curl $A $B $C $BOOK
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet >/dev/null

# ---- an address book that does not phone home ----------------------------------------------------

names $BOOK $F4 =homepage.mac.com 9005
t_ok "the address book looks up the place that is denied" grep -q '^asked 1' <<<"$OUT"
t_got "and sends nothing there" udp 9005 0
names $BOOK $F4 =www.apple.com 9006
t_got "elsewhere it may" udp 9006 1

# ---- the first packet ---------------------------------------------------------------------------

names $A $F4 ok.test 9000 $N
t_sent "$N names looked up, $N datagrams sent at once" "$N sent $N" || t_note "$OUT"
t_got "each arrives" udp 9000 $N || t_note "$(snitch-tool status | grep -vE " 0$")"
names $A $F4 bad.test 9001 $N
t_ok "$N names that are denied are looked up" grep -q "^asked $N " <<<"$OUT"
t_got "nothing arrives" udp 9001 0
consulted=$(stat_of consulted) accepted=$(stat_of accepted)
# One image has room for so many conclusions, each name one for each port that rules speak of.
FEW=100
names $A $F4 ok.test 443 $FEW --tcp --sleep $((3 * SLOW))
t_cmp "$FEW connections, each by its first SYN" "$(far_packets tcp 443)" -ge $FEW
# A connection may be quicker than the daemon: it is asked about, and goes all the same. Who takes
# 3 ms is not (on the debug kernel as much more as it is slower).
t_cmp "they were not asked about: the kernel had been told" "$(($(stat_of accepted) - accepted))" -ge $((FEW * 9 / 10))
t_cmp "only lookups are, for a rule about names is stronger than that for resolvers" \
	"$(($(stat_of consulted) - consulted))" -le $((FEW * 11 / 10))
names $A $F4 ok.test 443 $N
t_sent "$N datagrams by that" "$N sent $N"
t_got "arrive" udp 443 $N
t_cmp "messages were copied" "$(stat_of dns)" -ge $((2 * (3 * N + FEW)))
t_is "none was lost" "$(stat_of dns_lost)" 0

# ---- whose name ------------------------------------------------------------------------------------

far_reset
names $A $F4 =shared.ok.test 9010
t_got "one address, the allowed name: it arrives" udp 9010 1
names $B $F4 =shared.bad.test 9011
t_got "another program asked for the address by another name: 0 packets" udp 9011 0
names $B $F4 =shared.ok.test 9012
t_got "by its own: it arrives" udp 9012 1
t_json "the history has the names: of what was allowed" ".flows | any(.program == \"$B\" and .port == 9012 and
	.name == \"shared.ok.test\" and .verdict == \"allow\")" log -n 0
t_json "and of what was not" ".flows | any(.program == \"$B\" and .port == 9011 and
	.name == \"shared.bad.test\" and .verdict == \"deny\")" log -n 0
names $A $F4 =shared.bad.test 9013
t_got "a new process, the denied name: 0 packets" udp 9013 0
$A udp 10.78.200.1 9014 >/dev/null 2>&1
t_got "one that never asked: 0 packets" udp 9014 0
t_question "and the address is shown" 9014 '.destination == "10.78.200.1" and .name == null'
names $C $F4 =end.other.test 9015
t_got "a name that no rule speaks of: 0 packets" udp 9015 0
t_question "it is shown, with its source" 9015 '.name == "end.other.test" and .name_source == "dns" and
	.address == "10.78.200.2" and .name_claimed == false'
t_says "in words, too" 'end\.other\.test \(dns\)' snitch pending
id=$(j '.questions[] | select(.ports | index(9015)) | .id' pending)
t_ok "an answer is about the name" snitch answer $id allow forever
t_says "the rule, too" "allow $C .*to end\.other\.test port 9015 udp" snitch rules list
names $C $F4 =end.other.test 9015
t_got "with that name it arrives" udp 9015 1
names $C $F4 =alias.ok.test 9015
t_got "by another name of the same address: nothing more" udp 9015 1
names $A $F4 =fork.ok.test 9016 --fork
t_got "a fork has its parent's names" udp 9016 1
far_reset
curl -s -m 3 -o /dev/null --http0.9 http://web.ok.test/ -d x
t_cmp "curl, by the C library's resolver, arrives" "$(far_packets tcp 80)" -ge 1
far_reset
curl -s -m 5 -o /dev/null --http0.9 http://end.other.test/ -d x
t_got "curl, to a name that it may not: 0 packets" tcp 80 0

# ---- chains, ends -----------------------------------------------------------------------------------

names $A $F4 =alias.ok.test 9020
t_got "a chain of names: the first one counts" udp 9020 1
names $A $F4 =alias.bad.test 9021
t_got "also when it leads to an allowed one: 0 packets" udp 9021 0
names $A $F4 =ended.ok.test 9022 --sleep 70000
t_ok "it was looked up" grep -q '^asked 1' <<<"$OUT"
t_got "a minute after a name has ended: 0 packets" udp 9022 0

# ---- /etc/hosts ---------------------------------------------------------------------------------------

hosts_hold() { $C udp 10.78.200.9 9030 >/dev/null 2>&1; far_some udp 9030; }
hosts_hold
t_got "an address without a name: 0 packets" udp 9030 0
echo "10.78.200.9 hosts.ok.test" >>/etc/hosts
t_ok "a name of /etc/hosts counts" wait_for 10 hosts_hold
cp $TMP/hosts.before /etc/hosts

# ---- who is not believed ---------------------------------------------------------------------------------

names $A $F3 ok.test 9040
t_ok "a name server that is not configured answers" grep -q '^asked 1' <<<"$OUT"
t_got "its names allow nothing" udp 9040 0
t_question "they are shown as claims" 9040 '.name == "n1.ok.test" and .name_claimed'
t_json "and no part of the history" ".flows | any(.port == 9040) and all(.port != 9040 or .name == null)" log -n 0
in_c ip addr add $F4/32 dev lo
in_c dnsmasq --keep-in-foreground --user=root --no-resolv --no-hosts --conf-file=/dev/null --pid-file= \
	--port=53 --bind-interfaces --listen-address=$F4 --address=/ok.test/10.78.202.1 >>$TMP/dnsmasq 2>&1 &
RESOLVERS+=" $!"
wait_for 10 eval "[[ -n \$(in_c ss -H -lun 'src $F4:53') ]]"
in_c ip link add dev dum type dummy
in_c ip link set dum up
in_c ip addr add 10.78.203.1/32 dev dum
in_c ip route replace 10.78.202.0/24 dev dum
OUT=$(in_c $A names $F4 ok.test 9041 2>&1)
t_ok "a configured server's address in another namespace: it answers" grep -q '^asked 1' <<<"$OUT"
t_question "its names are claims, too" 9041 '.name == "n1.ok.test" and .name_claimed'

# ---- floods -------------------------------------------------------------------------------------------------

resolvers_down
far_reset
lost=$(stat_of events_lost)
copied=$(stat_of dns)
in_f $FAR udp $C4 40000 --bind 53 --count 3000 >/dev/null 2>&1 &
flood=$!
for i in 1 2 3 4 5 6 7 8 9 10; do $B udp 10.78.210.1 9050 >/dev/null 2>&1; done
t_got "while port 53 sends a flood, what is allowed arrives" udp 9050 10
names $A $F4 ok.test 9051
$A udp 10.78.210.9 9052 >/dev/null 2>&1
t_question "and what is not is asked about" 9052 true
wait $flood
copied=$(($(stat_of dns) - copied))
t_cmp "nothing of the flood of 3000 was copied" "$copied" -le 4
copied=$(stat_of dns)
$A udp $F4 53 --count 2000 --size 40 >/dev/null 2>&1
t_cmp "a flood of questions is cut" "$(stat_of dns_lost)" -gt 0
t_cmp "none of them is held back for it" "$(far_packets udp 53)" -ge 2000
$A udp 10.78.210.9 9053 >/dev/null 2>&1
t_question "others are asked about all the same" 9053 true
t_is "no event of a flow was lost" "$(stat_of events_lost)" "$lost"
# By forks: each is a program of its own, all are one user's. Nobody reads meanwhile.
kill -STOP $DAEMON
copied=$(stat_of dns)
for i in 1 2 3 4 5 6 7 8; do
	setpriv --reuid 1000 --regid 1000 --clear-groups $A udp $F4 53 --count 200 --size 40 >/dev/null 2>&1
done
t_cmp "one user's forks have a quarter of the messages" "$(($(stat_of dns) - copied))" -le 256
copied=$(stat_of dns)
setpriv --reuid 1001 --regid 1001 --clear-groups $A udp $F4 53 --size 40 >/dev/null 2>&1
t_is "and another user is heard" "$(stat_of dns)" $((copied + 1))
kill -CONT $DAEMON

# ---- the end ---------------------------------------------------------------------------------------------------

daemon_down
copied=$(stat_of dns)
$A udp $F4 53 --size 40 >/dev/null 2>&1
t_is "without a decider no question is copied" "$(stat_of dns)" "$copied"
t_ok "the module unloads" wait_for 10 module_unload
names_forget
t_done
