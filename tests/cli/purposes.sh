#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016
# Names, where they come from, and what a program's maker says of it: on every face, in the language
# of who looks, whatever the daemon's. It must never reach a daemon of the machine.
. "$(dirname "$0")/lib/daemon.sh"

export SNITCH_ROOT=$ROOT
umask 022
RESOLVE=$ROOT/run/systemd/resolve
NETNS=$(stat -L -c %i /proc/self/ns/net)
POLICIES=$ROOT/usr/share/snitch/iap

# Three descriptions and a fallback, as the format's second and third example have them.
put_policy() {
	mkdir -p "$POLICIES/de.lproj" "$POLICIES/fr.lproj" "$RESOLVE" "$ROOT/etc" &&
	cat >"$POLICIES/mail.InternetAccessPolicy.json" <<-'JSON' &&
		{"ApplicationDescription": "Reads mail.", "X-Snitch-For": ["/usr/bin/mail"], "Connections": [
		 {"Host": "imap.example.com", "Purpose": "Fetches new messages.", "DenyConsequences": "You get no mail."},
		 {"Host": "*.example.com", "Purpose": "Loads pictures."},
		 {"Host": "=*", "Purpose": "Fetches messages and pictures.", "DenyConsequences": "Nothing works."},
		 {"Host": "*", "Purpose": "Goes where a message says."}]}
	JSON
	cat >"$POLICIES/de.lproj/mail.InternetAccessPolicy.strings" <<-'STRINGS' &&
		"Reads mail." = "Liest Nachrichten.";
		"Fetches new messages." = "Holt neue Nachrichten für dich.";
		"You get no mail." = "Du erhältst keine Nachrichten.";
		"Loads pictures." = "Lädt Bilder.";
		"Fetches messages and pictures." = "Holt Nachrichten und Bilder.";
		"Nothing works." = "Nichts geht.";
	STRINGS
	echo '"Fetches new messages." = "Releve le courrier.";' >"$POLICIES/fr.lproj/mail.InternetAccessPolicy.strings" &&
	echo '203.0.113.7 imap.example.com' >"$ROOT/etc/hosts"
}
# systemd-resolved says that www.example.com is 203.0.113.8.
server_up() {
	mkfifo "$WORK/lines"
	"$(dirname "$0")/varlink-server" "$RESOLVE/io.systemd.Resolve.Monitor" <"$WORK/lines" >"$WORK/asked" 2>&1 7>&- &
	PIDS+=($!)
	exec 8>"$WORK/lines"
	until_true 10 grep -q SubscribeQueryResults "$WORK/asked" || return 1
	printf '%s\n' '{"parameters":{"ready":true},"continues":true}' "$(reply)" >&8
	sleep 0.3
}
reply() {
	printf '{"parameters":{"state":"success","question":[{"class":1,"type":1,"name":"www.example.com"}],"answer":[{"raw":"%s"}]},"continues":true}' \
		"$(printf '\3www\7example\3com\0\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x08' | base64 -w 0)"
}
french_daemon() { LC_ALL=fr_FR.UTF-8 LANG=fr_FR.UTF-8 LANGUAGE=fr start; }
# The agent looks in Italian: its language is nobody else's.
an_agent() {
	LC_ALL=it_IT.UTF-8 "$BIN/snitch" --json pending --wait >"$WORK/stream" 2>&1 7>&- 8>&- &
	PIDS+=($!)
	until_true 10 grep -q hello "$WORK/stream"
}
flows_wait() {
	play 'owner 3 parent 1 exe "/usr/bin/mail" cmd "mail" comm "mail" pid 4300'
	play "flow 10 owner 3 tcp 203.0.113.7 port 993 netns $NETNS"
	play "flow 11 owner 3 tcp 203.0.113.8 port 443 netns $NETNS"
	play "flow 12 owner 3 tcp 203.0.113.9 port 80 netns $NETNS"
	until_true 10 eval '[[ $(snitch pending --count) -eq 3 ]]'
}
# in_language LOCALE COMMAND...
in_language() { local lc=$1; shift; env -u LANGUAGE LC_ALL="$lc" "$BIN/snitch" "$@"; }
says_not() { ! says "$@"; }
id_of() { snitch --json pending | jq -r --arg a "$1" '.questions[] | select(.address == $a).id'; }
purpose() {
	in_language "$1" --json pending | jq -r --arg a "$2" '.questions[] | select(.address == $a).policy.connections | map(.purpose) | join("|")'
}
purpose_is() {
	local got
	got=$(purpose "$1" "$2")
	[[ $got == "$3" ]] || { echo "'$got', not '$3'"; return 1; }
}
pending_speaks() {
	purpose_is de_DE.UTF-8 203.0.113.7 "Holt neue Nachrichten für dich." &&
	purpose_is de_AT.UTF-8 203.0.113.8 "Lädt Bilder." &&
	purpose_is de_DE.UTF-8 203.0.113.9 "Goes where a message says." &&
	purpose_is fr_FR.UTF-8 203.0.113.7 "Releve le courrier." &&
	purpose_is it_IT.UTF-8 203.0.113.7 "Fetches new messages." && purpose_is C 203.0.113.8 "Loads pictures." &&
	says "for: Holt neue Nachrichten für dich." in_language de_DE.UTF-8 pending &&
	says "if denied: Du erhältst keine Nachrichten." in_language de_DE.UTF-8 pending &&
	says_not "Fetches" in_language de_DE.UTF-8 pending && says_not "Releve" in_language de_DE.UTF-8 pending
}
pending_names() {
	says "203.0.113.7 is named imap.example.com (hosts)" snitch pending &&
	says "203.0.113.8 is named www.example.com (claimed, resolved)" snitch pending
}
agents_have_their_own() {
	until_true 5 eval "jq -es 'any(.question.policy.connections[0].purpose == \"Fetches new messages.\")' '$WORK/stream'" &&
	! grep -q "Releve\|Holt" "$WORK/stream"
}
explain_speaks() {
	says "for: Holt neue Nachrichten für dich." in_language de_DE.UTF-8 explain 10 &&
	says "if denied: Du erhältst keine Nachrichten." in_language de_DE.UTF-8 explain 10 &&
	says "for: Fetches new messages." in_language it_IT.UTF-8 explain 10 &&
	says "to what is named imap.example.com (hosts)" snitch explain 10 &&
	says "to what is named www.example.com (claimed, resolved)" snitch explain 11 &&
	says "for: Goes where a message says." in_language de_DE.UTF-8 explain 12
}
# A flow that nobody has, by its description, with the daemon and without.
explain_described() {
	says "for: Lädt Bilder." in_language de_DE.UTF-8 explain /usr/bin/mail to www.example.com,192.0.2.1 port 443 &&
	says "for: Holt neue" in_language de_DE.UTF-8 explain --offline /usr/bin/mail to imap.example.com port 993 &&
	says "for: Goes where" snitch explain /usr/bin/mail to 192.0.2.1 port 80 &&
	snitch --json explain /usr/bin/mail to imap.example.com | jq -e '.policy.connections | map(.purpose) == ["Fetches new messages."]' &&
	says_not "for:" snitch explain /usr/bin/other to imap.example.com &&
	says_not "for:" snitch explain /usr/bin/mail as container debian:12:/usr/bin/mail to imap.example.com
}
pane() { tm capture-pane -p -t "$1"; }
pane_says() { pane "$1" | grep -qF -- "$2"; }
sees() { until_true 10 pane_says "$1" "$2" || { echo "not on the screen: $2"; pane "$1"; return 1; }; }
sees_not() { until_true 10 eval "! pane_says '$1' '$2'" || { echo "still there: $2"; pane "$1"; return 1; }; }
key() { tm send-keys -t "$1" "$2"; sleep 0.2; }
# open NAME COLUMNS ROWS LOCALE COMMAND...: a terminal of a person with that locale, which need not be here.
open() {
	local name=$1 columns=$2 rows=$3 lc=$4; shift 4
	tm -u new-session -d -s "$name" -x "$columns" -y "$rows" \
		"env -u LANGUAGE TERM=screen SNITCH_ROOT=$ROOT SNITCH_BUS=$SNITCH_BUS LC_ALL=$lc $BIN/snitch $*; sleep 60"
}
# The flow whose row says $1 is selected, wherever it stands: then its purpose is $2.
flow_says() {
	until_true 2 pane_says top "purpose  $2" || key top Home
	for _ in 1 2 3; do
		! until_true 2 pane_says top "purpose  $2" || break
		key top Down
	done
	pane_says top "purpose  $2" && [[ $(pane top | grep -c 'purpose  ') -eq 1 ]] && pane_says top "$1" ||
		{ echo "not so: $1, $2"; pane top; return 1; }
}
top_speaks() {
	open top 80 24 de_DE.UTF-8 top && sees top "mail" && key top Enter &&
	sees top "imap.example.com (hosts) 203.0.113.7:993 tcp" && sees top "www.example.com (claimed) 203.0.113.8:443 tcp" &&
	flow_says "named    imap.example.com (hosts)" "Holt neue Nachrichten für dich." &&
	flow_says "named    www.example.com (claimed, resolved)" "Lädt Bilder." &&
	flow_says "203.0.113.9:80 tcp" "Goes where a message says." && key top q
}
# Flows come and go; who reads of one still reads of that one.
selection_stays() {
	local i
	tm kill-session -t top
	open top 80 30 de_DE.UTF-8 top && sees top "mail" && key top Enter &&
	flow_says "named    imap.example.com (hosts)" "Holt neue Nachrichten für dich." || return 1
	for ((i = 20; i < 30; i++)); do play "flow $i owner 3 tcp 203.0.113.$i port 80 netns $NETNS"; done
	sees top "13 flows" && sleep 2 && pane_says top "named    imap.example.com (hosts)" &&
	flow_says "named    imap.example.com (hosts)" "Holt neue Nachrichten für dich." || { pane top; return 1; }
	for ((i = 20; i < 30; i++)); do play "cancel $i closed deny"; done
	sees top "3 flows" && pane_says top "named    imap.example.com (hosts)" && key top q
}
ask_speaks() {
	open ask 80 24 de_DE.UTF-8 ask && sees ask "1 of 3" && sees ask "imap.example.com" &&
	sees ask "imap.example.com (hosts)" && sees ask "Holt neue Nachrichten für dich." &&
	! pane_says ask "Du erhältst" && ! pane_says ask "Fetches"
}
# Who is about to deny reads what comes of it, by what is selected, and nothing else.
denying() {
	sleep 0.6
	key ask d
	sees ask "DENY: for how long?" && sees ask "denied:  Du erhältst keine Nachrichten." && sees_not ask "Holt neue" &&
	key ask 6 && sees ask "denied:  Nichts geht." && sees_not ask "Du erhältst" && sees_not ask "Holt Nachrichten" &&
	key ask 2 && sees ask "denied:  Du erhältst" && sees_not ask "Nichts geht" && key ask Escape &&
	sees ask "d deny" && sees ask "Holt neue" && key ask a && sees ask "ALLOW: for how long?" && sees ask "Holt neue" &&
	key ask 6 && sees ask "Holt Nachrichten und Bilder." && sees_not ask "Nichts geht." && key ask Escape
}
others_in_their_turn() {
	# a question takes no key before it has stood there for half a second
	sees ask "d deny" && key ask l && sees ask "www.example.com (claimed, resolved)" && sees ask "Lädt Bilder." &&
	sleep 0.6 && key ask l && sees ask "Goes where a message says." && key ask C-c
}
fits() {
	local size
	for size in "80 24" "120 40" "60 16"; do
		# shellcheck disable=SC2086
		open "a${size/ /x}" $size de_DE.UTF-8 ask && sees "a${size/ /x}" "imap.example.com" &&
		sees "a${size/ /x}" "Holt neue" && sees "a${size/ /x}" "d deny" && key "a${size/ /x}" C-c || return 1
	done
}
# An encoding without these letters: they are escaped, and no byte above 127 comes.
plain_terminal() {
	open plain 80 24 C ask && sees plain "Fetches new messages." && key plain C-c &&
	tm -u new-session -d -s latin -x 80 -y 24 \
		"env TERM=screen SNITCH_ROOT=$ROOT SNITCH_BUS=$SNITCH_BUS LC_ALL=de_DE.ISO-8859-1 $BIN/snitch ask; sleep 60" &&
	sees latin 'Holt neue Nachrichten f\xc3\xbcr dich.' && key latin C-c
}

for tool in jq tmux perl base64; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "a policy in three languages, a hosts file" put_policy
ok "snitchd starts, in French" french_daemon
ok "systemd-resolved tells a name" server_up
ok "mode ask" snitch mode ask
ok "an agent, in Italian" an_agent
ok "three flows wait" flows_wait
ok "pending: the language is who asks', else the policy's own" pending_speaks
ok "pending: names and where they come from" pending_names
ok "the agent has its own" agents_have_their_own
ok "explain: texts, names and their source" explain_speaks
ok "explain: of a flow that is described" explain_described
ok "top: texts by the flow selected, names and their source" top_speaks
ok "ask: the card" ask_speaks
ok "ask: denying shows what comes of it, by what is selected" denying
ok "ask: the other questions" others_in_their_turn
ok "ask: in terminals of three sizes" fits
ok "ask: terminals without these letters" plain_terminal
ok "top: the flow selected stays so" selection_stays
exec 8>&-
ok "the fake device got what it expected" fake_is_content
finish
