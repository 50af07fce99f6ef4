# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The real systemd-resolved between programs and the name server: by DNS to its stub at 127.0.0.53, and
# by nss-resolve, without DNS. The far end counts what came.
. /snitch/cases/lib/names.sh

N=100
STUB=127.0.0.53
RESOLVED=/usr/lib/systemd/systemd-resolved
OPEN=/opt/curl-open NSS=/opt/curl-nss	# curl by other names
SERVER=''

hosts_file() {
	local i
	for ((i = 1; i <= N; i++)); do
		echo "10.78.0.$i n$i.ok.test"
		echo "10.78.1.$i n$i.bad.test"
	done
	printf '%s\n' "10.78.2.1 web.ok.test" "10.78.2.2 web.bad.test" "10.78.2.3 end.other.test"
}
# switch FILE TEXT: a file of the system says something else, here.
switch() {
	echo "$2" >$TMP/${1##*/}
	mount --bind $TMP/${1##*/} $1
}
# Without a service manager: all it asks for is a folder.
resolved_up() {
	mkdir -p /run/systemd
	$RESOLVED >>$TMP/resolved 2>&1 &
	SERVER=$!
	wait_for 10 eval "[[ -n \$(ss -H -lun 'src $STUB') ]]"
}
resolved_down() { kill $SERVER; wait $SERVER 2>/dev/null; }
# hosts_by WORD...: how the C library looks up a host.
hosts_by() { echo "hosts: $*" >$TMP/nsswitch.conf; }
# get PROGRAM HOST: asks for a page there.
get() { far_reset; "$1" -s -m $((5 * SLOW)) -o /dev/null --http0.9 http://$2/ -d x; }
t_arrived() { t_cmp "$1" "$(far_packets tcp 80)" -ge 1; }
# upstream FILTER: flows of port 53 in the history.
t_upstream() { t_json "$1" "[.flows[] | select(.port == 53)] | $2" log -n 0; }

case_begin
names_to_initial
cp "$(type -P curl)" $OPEN
cp "$(type -P curl)" $NSS
hosts_file >$TMP/hosts
far_up tcp:80
resolver $F4 --addn-hosts=$TMP/hosts
switch /etc/systemd/resolved.conf "[Resolve]
DNS=$F4
Domains=~.
DNSSEC=no
LLMNR=no
MulticastDNS=no
Cache=no"
switch /etc/nsswitch.conf "hosts: files dns"
echo "nameserver $STUB" >$TMP/resolv.conf
daemon_prepare
printf '%s\n' "allow $A to *.ok.test" "deny $A to *.bad.test" "allow /usr/bin/curl to web.ok.test port 80 tcp" \
	"allow $OPEN to any port 80 tcp" "deny $OPEN to *.bad.test" "allow $NSS to *.ok.test" \
	>/etc/snitch/rules.d/20-names.rules
warm snitch snitchd curl $A $B $OPEN $NSS $RESOLVED
cat /usr/lib/*/libnss_resolve.so.2 >/dev/null
resolved_up
t_is "systemd-resolved runs" $? 0 || { t_note "$(cat $TMP/resolved)"; t_done; }
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet >/dev/null

# ---- its stub ---------------------------------------------------------------------------------------

far_reset
names $A $STUB ok.test 9600 $N
t_sent "$N names looked up at the stub, $N datagrams sent at once" "$N sent $N" || t_note "$OUT$(cat $TMP/resolved)"
t_got "each arrives" udp 9600 $N
names $A $STUB bad.test 9601 $N
t_ok "$N names that are denied are looked up" grep -q "^asked $N " <<<"$OUT"
t_got "nothing arrives" udp 9601 0
names $A $STUB ok.test 9602 10 --over-tcp
t_got "over TCP, too" udp 9602 10
names $B $STUB =end.other.test 9603
t_got "a name that no rule speaks of: 0 packets" udp 9603 0
t_question "it is shown, and no claim" 9603 \
	'.name == "end.other.test" and .name_source == "dns" and .name_claimed == false'
get curl web.ok.test
t_arrived "curl, by the C library and the stub, arrives"
get curl end.other.test
t_got "curl, to a name that it may not: 0 packets" tcp 80 0
get $OPEN web.bad.test
t_got "a name that is denied to who may go anywhere: 0 packets" tcp 80 0

# ---- what it sends itself -------------------------------------------------------------------------------

t_upstream "what goes on to the name server is systemd-resolved's own" \
	"any(.program == \"$RESOLVED\" and .address == \"$F4\") and all(.address != \"$F4\" or .program == \"$RESOLVED\")"
t_upstream "what the programs send goes to the stub" \
	"any(.program == \"$A\" and .address == \"$STUB\") and any(.program == \"/usr/bin/curl\" and .address == \"$STUB\")"
echo "deny $RESOLVED to any port 53" >/etc/snitch/rules.d/30-resolved.rules
wait_for 10 eval 'snitch rules list | grep -q "deny $RESOLVED"'
far_reset
names $A $STUB =n1.ok.test 9604
t_run "with a rule against it nobody finds a name" 1 grep -q '^asked 1' <<<"$OUT"
t_is "not a lookup arrives" "$(far_packets udp 53) $(far_packets tcp 53)" "0 0"
rm /etc/snitch/rules.d/30-resolved.rules
wait_for 10 eval '! snitch rules list | grep -q "deny $RESOLVED"'
resolved_down
resolved_up
names $A $STUB =n1.ok.test 9605
t_got "without it, and started anew, it answers again" udp 9605 1 || t_note "$OUT$(cat $TMP/resolved)"

# ---- nss-resolve ------------------------------------------------------------------------------------------

hosts_by files resolve
get $OPEN web.ok.test
t_arrived "a program that asks without DNS finds its way"
get $NSS web.ok.test
t_got "who may go by name only has looked up nothing itself: 0 packets" tcp 80 0
t_question "it is asked about by its address: an older systemd-resolved tells root alone what is looked up" 80 \
	"(.program == \"$NSS\") and .address == \"10.78.2.1\" and .name == null"

# As root snitchd is told, and keeps it as a claim.
daemon_down
snitchd --foreground --no-drop >>$TMP/snitchd.log 2>&1 &
DAEMON=$!
wait_for 20 snitch mode
t_ok "its monitor is listened to" grep -q 'lookups by systemd-resolved are shown as claims' $TMP/snitchd.log ||
	t_note "$(tail -n 5 $TMP/snitchd.log)"
get $NSS web.ok.test
t_got "a claim allows nothing: 0 packets" tcp 80 0
t_question "it is shown" 80 "(.program == \"$NSS\") and .name == \"web.ok.test\" and .name_source == \"resolved\" and .name_claimed"
# It may come after the SYN, which then goes as far as its data.
: >$TMP/far
for i in {1..20}; do get $OPEN web.bad.test; done
t_run "but refuses: of a name that is denied, 20 times, nothing that is said arrives" 1 grep -q 'web\.bad\.test' $TMP/far
get $OPEN web.ok.test
t_ok "what is said to another one does" wait_for 5 far_got tcp 80 'web\.ok\.test'

# ---- the end ---------------------------------------------------------------------------------------------------

resolved_down
rm -rf /run/systemd/resolve
umount -l /etc/nsswitch.conf /etc/systemd/resolved.conf
daemon_down
t_ok "the module unloads" wait_for 10 module_unload
names_forget
t_done
