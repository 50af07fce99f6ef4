# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# More about names: over IPv6, after their time, several of one address; lookups that are refused or
# asked about; floods while a person thinks. The far end counts what came.
. /snitch/cases/lib/names.sh

N=100
C=/opt/c D=/opt/d
NO=/opt/dig-no GET=/opt/get-no ASKS=/opt/get-asks	# dig and getent by other names
X3=fd77::3		# a name server that is not configured
LIMIT=1000		# milliseconds for "at once": a resolver's own patience is 5 s

hosts_file() {
	local i
	for ((i = 1; i <= N; i++)); do
		printf 'fd78::1:%x n%d.ok.test\nfd78::2:%x n%d.bad.test\n' $i $i $i $i
	done
	printf '%s\n' "10.78.0.1 ended.ok.test" "10.78.0.2 n1.two.test n2.two.test" \
		"fd78::3:1 web.ok.test" "fd78::3:2 web.other.test" "10.78.0.3 asked.other.test"
}
# start NAME COMMAND...: as go, here.
start() { local name=$1; shift; "$@" >$TMP/$name 2>&1 & PIDS[$name]=$!; }
is_over() { ! kill -0 ${PIDS[$1]} 2>/dev/null; }
held_is() { [[ $(j .Kernel.Held status) == "$1" ]]; }
# about PROGRAM PORT: the id of its question about that port.
about() { j "[.questions[] | select(.program == \"$1\" and (.ports | index($2)))][0].id" pending; }
# t_at_once NAME COMMAND...: it fails, long before its own patience ends.
t_at_once() {
	local name=$1 ms status=0
	shift
	ms=$(elapsed_ms "$@") || status=$?
	t_cmp "$name: it fails" $status -ne 0
	t_cmp "$name: at once ($ms ms)" "$ms" -lt $((LIMIT * SLOW))
}
# t_ends NAME WHO: what was refused ends by itself, at once.
t_ends() { t_ok "$1" wait_for 1 is_over $2 || t_note "$(cat $TMP/$2)"; wait ${PIDS[$2]}; }

case_begin
names_to_initial
names_six
echo "nameserver $F6" >>$TMP/resolv.conf
in_f ip -6 addr add $X3/64 dev vf nodad
ip neigh replace $X3 lladdr 02:77:00:00:00:02 dev vc nud permanent
cp $A $C
cp $A $D
cp "$(type -P dig)" $NO
cp "$(type -P getent)" $GET
cp "$(type -P getent)" $ASKS
hosts_file >$TMP/hosts
far_up tcp:80 tcp:443
resolver $F4 --addn-hosts=$TMP/hosts
resolver $F6 --addn-hosts=$TMP/hosts
resolver $F3 --address=/test/10.78.1.1
resolver $X3 --address=/test/fd78::4:1
daemon_prepare
printf '%s\n' "allow any to $X3 port 53" "allow $A to *.ok.test" "deny $A to *.bad.test" \
	"allow $B to 10.78.210.1 port 9350" "allow /usr/bin/curl to web.ok.test port 80 tcp" \
	"deny $NO to any port 53" "deny $GET to any port 53" "ask $ASKS to $F4 port 53" \
	"deny $ASKS to $F6" \
	>/etc/snitch/rules.d/20-names.rules
warm snitch snitchd curl dig $A $B $C $D $NO $GET $ASKS
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet >/dev/null

# ---- IPv6 ---------------------------------------------------------------------------------------

far_reset
names $A $F6 ok.test 9300 $N --aaaa
t_sent "$N IPv6 addresses looked up over IPv6, $N datagrams sent at once" "$N sent $N" || t_note "$OUT"
t_got "each arrives" udp 9300 $N
names $A $F6 bad.test 9301 $N --aaaa
t_ok "$N names that are denied are looked up" grep -q "^asked $N " <<<"$OUT"
t_got "nothing arrives" udp 9301 0
names $A $F4 ok.test 9302 10 --aaaa
t_got "IPv6 addresses looked up over IPv4" udp 9302 10
names $A $F6 ok.test 9303 10 --aaaa --over-tcp
t_got "and over TCP" udp 9303 10
names $A $F6 =ended.ok.test 9304
t_got "IPv4 addresses looked up over IPv6" udp 9304 1
consulted=$(stat_of consulted)
names $A $F6 ok.test 443 20 --aaaa --tcp --sleep 3
t_sent "20 connections, each by its first SYN" "20 sent 20" || t_note "$OUT"
t_cmp "most were not asked about: the kernel had been told" "$(($(stat_of consulted) - consulted))" -le 22
names $B $F6 =n1.bad.test 9305 --aaaa
t_got "another program has no rule for it: 0 packets" udp 9305 0
t_question "the question has name and address" 9305 \
	'.name == "n1.bad.test" and .name_source == "dns" and .address == "fd78::2:1" and .name_claimed == false'
$A udp fd78::3:1 9306 >/dev/null 2>&1
t_got "a process that never asked: 0 packets" udp 9306 0
t_question "is shown the address" 9306 '.name == null and .address == "fd78::3:1"'
names $A $X3 ok.test 9307 --aaaa
t_ok "an IPv6 name server that is not configured answers" grep -q '^asked 1' <<<"$OUT"
t_got "its names allow nothing" udp 9307 0
t_question "they are claims" 9307 '.name == "n1.ok.test" and .name_claimed'
curl -s -m 3 -o /dev/null --http0.9 http://web.ok.test/ -d x
t_cmp "curl, by the C library's resolver, arrives" "$(far_packets tcp 80)" -ge 1
far_reset
curl -s -m 5 -o /dev/null --http0.9 http://web.other.test/ -d x
t_got "curl, to a name that it may not: 0 packets" tcp 80 0

# ---- after its time: what the kernel was told beforehand ------------------------------------------------

# Who goes there at once may be quicker than the daemon, and is asked about: not who takes some ms.
far_reset
consulted=$(stat_of consulted)
names $A $F4 =ended.ok.test 443 --sleep 20 --again 40000
t_got "a name that lives a second holds for a minute" udp 443 2
t_is "the kernel knew: only the lookup was asked about" "$(($(stat_of consulted) - consulted))" 1
far_reset
consulted=$(stat_of consulted)
names $A $F4 =ended.ok.test 443 --sleep 20 --again 70000
t_got "and not for longer: 1 of 2 arrives" udp 443 1
t_is "the second was asked about" "$(($(stat_of consulted) - consulted))" 2
t_question "by its address" 443 '.name == null and .address == "10.78.0.1"'
start ended $A names $F4 =ended.ok.test 443 --tcp --again 70000
t_ok "a connection within the time" wait_for 5 far_some tcp 443
sleep 10
far_reset
t_ok "another one after it" wait_for 90 is_over ended
wait ${PIDS[ended]}
t_got "does not get as far as a SYN" tcp 443 0

# ---- several names of one address -----------------------------------------------------------------------

names $B $F4 two.test 9310 2
t_got "two names without a rule: 0 packets" udp 9310 0
t_question "both are shown, first what the question began with" 9310 \
	'[.names[] | [.name, .source, .claimed]] == [["n1.two.test", "dns", false], ["n2.two.test", "dns", false]]'
t_says "in words, too" '10\.78\.0\.2 is named n1\.two\.test \(dns\), n2\.two\.test \(dns\)' snitch pending
t_says "and where it is explained" 'to what is named n1\.two\.test \(dns\), n2\.two\.test \(dns\)' \
	snitch explain "$(about $B 9310)"

# ---- lookups that are refused -------------------------------------------------------------------------------

t_ok "dig looks up what it may" eval "dig +short @$F4 asked.other.test | grep -qx 10.78.0.3"
far_reset
t_at_once "dig, which may not" $NO +tries=2 +time=5 @$F4 asked.other.test
t_at_once "over TCP" $NO +tcp +tries=2 +time=5 @$F4 asked.other.test
t_at_once "over IPv6" $NO +tries=2 +time=5 @$F6 asked.other.test
t_at_once "the C library" $GET ahosts asked.other.test
t_at_once "a server that nobody configured, in mode quiet" dig +tries=2 +time=5 @$F3 asked.other.test
t_is "no lookup arrives" "$(far_packets udp 53) $(far_packets tcp 53)" "0 0"
t_says "the log says what was looked up" "refused: /usr/bin/dig .*looks up asked\.other\.test" cat $TMP/snitchd.log

# ---- lookups that are asked about -----------------------------------------------------------------------------

agent_up
snitch mode ask >/dev/null
start dig dig +tries=1 +time=5 @$F3 asked.other.test
t_ok "a lookup waits" wait_for 5 held_is 1
t_question "the question says what is looked up" 53 ".lookup == \"asked.other.test\" and .address == \"$F3\""
t_says "in words" "dig wants to look up asked\.other\.test through $F3  UDP 53" snitch pending
id=$(about /usr/bin/dig 53)
t_says "where it is explained" "to look up asked\.other\.test" snitch explain $id
snitch answer $id deny >/dev/null
t_ends "the answer is no: dig ends at once" dig
start get $ASKS ahosts asked.other.test
t_ok "the C library's lookup waits" wait_for 5 held_is 1
id=$(about $ASKS 53)
t_says "it is shown alike" "get-asks wants to look up asked\.other\.test through $F4" snitch pending
snitch answer $id deny >/dev/null
t_ends "the answer is no: so does it" get
t_is "no lookup arrives" "$(far_packets udp 53)" 0
start get $ASKS ahosts asked.other.test
wait_for 5 held_is 1
snitch answer "$(about $ASKS 53)" allow --scope address >/dev/null
t_ends "the answer is yes" get
t_ok "it has the address" grep -q '^10\.78\.0\.3 ' $TMP/get

# ---- floods while a person thinks ---------------------------------------------------------------------------------

far_reset
start open $C tcp 10.78.0.9 80 --data opened
t_ok "a connection waits for a person" wait_for 5 held_is 1
id=$(about $C 80)
lost=$(stat_of events_lost)
questions_lost=$(stat_of dns_lost)
in_f $FAR udp $C4 40000 --bind 53 --count 4000 >/dev/null 2>&1 &
flood=$!
start asks $A udp $F4 53 --count 3000 --size 40
start forges bash -c "for ((i = 0; i < 20; i++)); do $B fakeudp $F4 53 $C4 40000 --data forged; done"
for ((i = 1; i <= 20; i++)); do $B udp 10.78.210.1 9350 >/dev/null 2>&1; done
for ((i = 1; i <= 10; i++)); do start new$i $D tcp 10.78.211.$i 80 --data new$i; done
t_got "while port 53 is flooded, what is allowed arrives" udp 9350 20
t_ok "what is not waits" wait_for 20 held_is 11
t_json "each of ten connections is shown" "[.questions[] | select(.program == \"$D\" and .flows == 1) | .address] |
	sort == ([range(1; 11)] | map(\"10.78.211.\\(.)\") | sort)" pending
wait $flood ${PIDS[asks]} ${PIDS[forges]}
if [[ $(uname -r) == *debug* ]]; then
	t_skip "the flood was one: copies of questions were cut" "a program that asks is slower here than who reads"
else
	t_cmp "the flood was one: copies of questions were cut" "$(($(stat_of dns_lost) - questions_lost))" -gt 0
fi
t_is "no event of a flow was lost" "$(stat_of events_lost)" "$lost"
t_run "nor an owner" 1 grep -qa 'kernel dropped [1-9][0-9]* owners' $TMP/snitchd.log
t_json "the question of before is still open" ".questions | any(.id == \"$id\" and .flows == 1 and .program == \"$C\")" pending
t_got "nothing of it has arrived" tcp 80 0
snitch answer $id allow >/dev/null
t_ok "its answer works" wait_for 5 far_got tcp 80 opened
wait ${PIDS[open]}
for ((i = 1; i <= 10; i++)); do
	id=$(j "[.questions[] | select(.address == \"10.78.211.$i\")][0].id" pending)
	snitch answer $id "$([[ $i -le 5 ]] && echo allow || echo deny)" >/dev/null
done
t_ok "the others have theirs" wait_for 10 held_is 0
for ((i = 1; i <= 10; i++)); do wait ${PIDS[new$i]}; done
t_is "and what was allowed has arrived" "$(grep -o 'new[0-9]*' $TMP/far | sort -u | tr '\n' ' ')" "new1 new2 new3 new4 new5 "
t_is "nothing waits" "$(stat_of parked)" 0

# ---- the end ---------------------------------------------------------------------------------------------------

agent_down
daemon_down
t_ok "the module unloads" wait_for 10 module_unload
names_forget
t_done
