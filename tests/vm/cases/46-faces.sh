# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What people see of waiting flows, in their language: names that a real resolver gave, where each
# comes from, what the program's maker says; and that denying by that card keeps all of it in.
. /snitch/cases/lib/names.sh

POLICIES=/etc/snitch/iap

# What people's faces get: a daemon of another language must not matter.
put_policies() {
	mkdir -p $POLICIES/de.lproj $POLICIES/fr.lproj
	cat >$POLICIES/a.InternetAccessPolicy.json <<-JSON
	{"ApplicationDescription": "Reads mail.", "X-Snitch-For": ["$A"], "Connections": [
	 {"Host": "imap.example.test", "Purpose": "Fetches messages.", "DenyConsequences": "You get no mail."},
	 {"Host": "*.example.test", "Purpose": "Loads pictures."},
	 {"Host": "=*", "Purpose": "All of it.", "DenyConsequences": "Nothing works."}]}
	JSON
	cat >$POLICIES/de.lproj/a.InternetAccessPolicy.strings <<-'STRINGS'
	"Fetches messages." = "Holt Nachrichten für dich.";
	"You get no mail." = "Du erhältst keine Nachrichten.";
	"Loads pictures." = "Lädt Bilder.";
	"Nothing works." = "Nichts geht.";
	STRINGS
	echo '"Fetches messages." = "Releve le courrier.";' >$POLICIES/fr.lproj/a.InternetAccessPolicy.strings
}
in_language() { local lc=$1; shift; LC_ALL=$lc snitch "$@"; }
# A terminal of somebody whose locale this machine does not have. Between two the server stays.
terminal() {
	local name=$1 size=$2; shift 2
	tmux -L faces -u -f /dev/null new-session -d -s $name -x ${size%x*} -y ${size#*x} "LC_ALL=de_DE.UTF-8 snitch $*" \; \
		set-option -s exit-empty off
}
pane_says() { tmux -L faces capture-pane -p -t $1 2>/dev/null | grep -qF -- "$2"; }
key() { tmux -L faces send-keys -t $1 $2; }
# t_sees NAME TERMINAL TEXT: test point: that comes on its screen.
t_sees() {
	if wait_for 20 pane_says $2 "$3"; then t_pass "$1"; else
		t_fail "$1" "expected '$3' on the screen:" || true
		t_note "$(tmux -L faces capture-pane -p -t $2)"
	fi
}
t_not_there() { t_run "$1" 1 pane_says $2 "$3"; }
question_of() { j ".questions[] | select(.ports | index($1)) | .id" pending; }
waits_for() { wait_for 10 question_of $1 >/dev/null; }

case_begin
names_to_initial
printf '%s\n' "10.78.200.1 imap.example.test" "10.78.200.2 www.example.test" >$TMP/hosts
far_up tcp:80
resolver $F4 --addn-hosts=$TMP/hosts
resolver $F3 --address=/example.test/10.78.201.1
cp /etc/hosts $TMP/hosts.before
echo "10.78.200.9 pictures.example.test" >>/etc/hosts
daemon_prepare
put_policies
printf '%s\n' "allow any to dns-servers port 53" "allow any to $F3 port 53" >/etc/snitch/rules.d/20-names.rules
warm snitch snitchd curl tmux $A
{ LC_ALL=fr_FR.UTF-8 LANGUAGE=fr daemon_up; } 2>/dev/null	# the shell says that it has no such locale
t_ok "snitchd starts, in French" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode ask >/dev/null
agent_up

# ---- four flows wait ------------------------------------------------------------------------------

far_reset
$A names $F4 =imap.example.test 9101 --tcp >$TMP/imap 2>&1 &
waits_for 9101
$A tcp 10.78.200.9 9102 >$TMP/pictures 2>&1 &
waits_for 9102
$A names $F3 =claim.example.test 9103 --tcp >$TMP/claim 2>&1 &
waits_for 9103
curl -s -m 300 -o $TMP/got --http0.9 http://www.example.test/ &
CURL=$!
t_ok "four flows wait" waits_for 80

# ---- names and their sources ------------------------------------------------------------------------

t_says "pending: a name of the resolver" '10\.78\.200\.1 is named imap\.example\.test \(dns\)' snitch pending
t_says "pending: a name of /etc/hosts" '10\.78\.200\.9 is named pictures\.example\.test \(hosts\)' snitch pending
t_says "pending: a name of a server that is not configured" \
	'10\.78\.201\.1 is named claim\.example\.test \(claimed, dns\)' snitch pending
t_says "explain: a name of the resolver" 'to what is named imap\.example\.test \(dns\)' snitch explain "$(question_of 9101)"
t_says "explain: a name of /etc/hosts" 'to what is named pictures\.example\.test \(hosts\)' snitch explain "$(question_of 9102)"
t_says "explain: a claim" 'to what is named claim\.example\.test \(claimed, dns\)' snitch explain "$(question_of 9103)"
t_json "top tells them, too" '[.programs[].flows[] | {(.port | tostring): [.name, .name_source, .name_claimed]}] | add |
	."9101" == ["imap.example.test", "dns", false] and ."9102" == ["pictures.example.test", "hosts", false] and
	."9103" == ["claim.example.test", "dns", true] and ."80" == ["www.example.test", "dns", false]' top

# ---- texts ----------------------------------------------------------------------------------------------

t_says "pending, in German" 'for: Holt Nachrichten für dich\.' in_language de_DE.UTF-8 pending
t_says "pending: what denying costs" 'if denied: Du erhältst keine Nachrichten\.' in_language de_DE.UTF-8 pending
t_says "pending, in a language that it has not" 'for: Fetches messages\.' in_language it_IT.UTF-8 pending
t_says "pending: a policy that is shipped, of a real program" 'for: Connects to the server named on its command line' snitch pending
t_says "explain, in German" 'for: Holt Nachrichten für dich\.' in_language de_DE.UTF-8 explain "$(question_of 9101)"
t_says "explain: by the domain" 'for: Lädt Bilder\.' in_language de_DE.UTF-8 explain "$(question_of 9102)"
t_says "explain, in a language that it has not" 'for: Loads pictures\.' in_language it_IT.UTF-8 explain "$(question_of 9102)"
t_run "nothing is said in the daemon's own language" 1 grep -q Releve <(in_language de_DE.UTF-8 pending; snitch pending; cat $TMP/agent)

# ---- top ------------------------------------------------------------------------------------------------

terminal top 100x30 top --sort name
t_sees "top lists both programs" top curl
key top Enter
t_sees "top: a name of the resolver" top 'imap.example.test (dns) 10.78.200.1:9101 tcp'
t_sees "top: a name of /etc/hosts" top 'pictures.example.test (hosts) 10.78.200.9:9102 tcp'
t_sees "top: a claim" top 'claim.example.test (claimed, dns) 10.78.201.1:9103 tcp'
for _ in 1 2 3; do
	! wait_for 2 pane_says top 'purpose  Holt' || break
	key top Down
done
t_sees "top: what it is for, in German" top 'purpose  Holt Nachrichten für dich.'
t_sees "top: of the flow that is selected" top 'named    imap.example.test (dns)'
key top q

# ---- ask ------------------------------------------------------------------------------------------------

terminal ask 80x24 ask
t_sees "ask: the oldest question" ask 'a wants to connect to imap.example.test'
t_sees "ask: its name has a source" ask 'named    imap.example.test (dns)'
t_sees "ask: what it is for, in German" ask 'purpose  Holt Nachrichten für dich.'
t_not_there "ask: what denying costs is not said before" ask 'Du erhältst'
sleep 1
key ask d
t_sees "ask: who denies reads what comes of it" ask 'denied:  Du erhältst keine Nachrichten.'
t_not_there "ask: and nothing else" ask 'Holt Nachrichten'
key ask 6
t_sees "ask: anything at all costs more" ask 'denied:  Nichts geht.'
t_not_there "ask: and only that is said" ask 'Du erhältst'
key ask 1
t_sees "ask: back to the one place" ask 'denied:  Du erhältst keine Nachrichten.'
key ask o
t_sees "ask: it is denied, the next one comes" ask 'a wants to connect to pictures.example.test'
t_sees "ask: of a name in /etc/hosts" ask 'named    pictures.example.test (hosts)'
t_sees "ask: its text is the domain's" ask 'purpose  Lädt Bilder.'
sleep 1
key ask l
t_sees "ask: a claim is called so" ask 'claim.example.test (claimed, dns)'
sleep 1
key ask l
t_sees "ask: the real program" ask 'curl wants to connect to www.example.test'
t_sees "ask: and its shipped policy" ask 'so says  shipped with snitch'
sleep 1
key ask a
t_sees "ask: allow" ask 'ALLOW: for how long?'
key ask o
t_ok "what was allowed arrives" wait_for 10 far_some tcp 80
t_got "of what was denied nothing did" tcp 9101 0
t_got "nor of what waits: /etc/hosts" tcp 9102 0
t_got "nor the claim" tcp 9103 0
tmux -L faces kill-server
agent_down
daemon_down
kill $CURL 2>/dev/null
cp $TMP/hosts.before /etc/hosts
resolvers_down
t_ok "the module unloads" wait_for 10 module_unload
names_forget
t_done
