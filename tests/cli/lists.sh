#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Blocklists from end to end: snitch, snitchd on a fake device, snitch-fetch, and a server of its
# own on loopback that has a certificate of its own. What a list does is seen in the verdict that
# the device gets, what is fetched in the log of the server.
. "$(dirname "$0")/lib/daemon.sh"

HERE=$(cd "$(dirname "$0")" && pwd)
SPOOL=$ROOT/var/lib/snitch-fetch/spool
STORE=$ROOT/var/lib/snitch/lists
unset http_proxy https_proxy ALL_PROXY all_proxy HTTPS_PROXY

start_server() {
	mkdir "$WORK/www"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout "$WORK/ca.key" -out "$WORK/ca.pem" &&
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$WORK/key.pem" -out "$WORK/csr.pem" &&
	openssl x509 -req -in "$WORK/csr.pem" -CA "$WORK/ca.pem" -CAkey "$WORK/ca.key" -set_serial 1 -days 2 \
		-extfile <(echo subjectAltName=DNS:localhost) -out "$WORK/cert.pem" || return 1
	cat "$WORK/key.pem" "$WORK/cert.pem" >"$WORK/server.pem"
	write_list 1000
	: >"$WORK/requests"
	"$HERE/https-server" "$WORK/server.pem" "$WORK/www" "$WORK/port" "$WORK/requests" >"$WORK/server.log" 2>&1 &
	PIDS+=($!)
	until_true 20 test -s "$WORK/port" || { cat "$WORK/server.log"; return 1; }
	URL=https://localhost:$(<"$WORK/port")
}

# write_list N: N names, the same but for their number
write_list() { seq -f 'ads%g.example' "$1" >"$WORK/www/list"; }

start() {
	mkdir -p "$ROOT/var/lib/snitch" "$ROOT/run" "$ROOT/etc/snitch/rules.d" "$ROOT/etc/snitch/lists" \
		"$ROOT/var/lib/snitch-fetch/jobs" "$SPOOL"
	start_fake && start_daemon || { cat "$WORK/daemon.log"; return 1; }
	play 'owner 2 exe "/usr/bin/curl" cmd "curl" comm "curl" pid 4242'
}

# of NAME KEY: what snitchd says about a list
of() { snitch --json lists list | jq -r --arg n "$1" '.lists[] | select(.name == $n) | .'"$2"; }
names_are() { [[ $(of "$1" names) == "$2" ]]; }
error_has() { [[ $(of "$1" error) == *"$2"* ]]; }
failures_are() { [[ $(of "$1" failures) -eq $2 ]]; }
listed() { [[ $(snitch --json lists test "$@" | jq .listed) == true ]]; }
fetch() { "$BIN/snitch-fetch" --root "$ROOT" --cacert "$WORK/ca.pem" --time 20 --stall 2 --max 1000000 "$@"; }
taken() { [[ -z $(ls "$SPOOL") ]]; }
# fetched NAME [OPTION...]: asks for it, fetches it, waits until the daemon has had its say
fetched() {
	local name=$1; shift
	snitch lists update "$name" && fetch "$@" && until_true 10 taken
}
# refused NAME WAY WHY: from that way nothing comes, and the daemon says why
refused() {
	rm -f "$STORE/$1.list"
	snitch lists add "$1" "$URL/$2" && fetch && until_true 10 error_has "$1" "$3" ||
		{ of "$1" error; return 1; }
	names_are "$1" 0 && [[ ! -e $STORE/$1.list ]] && says "$3" snitch status
}
flows_are() { [[ $(snitch --json status | jq .Daemon.flows) -eq $(($1 - 100)) ]]; }
# verdict ADDRESS WORD: what the device gets about a flow to there; it complains of another
FLOW=100
verdict() {
	FLOW=$((FLOW + 1))
	play "flow $FLOW owner 2 tcp $1 port 443"
	play "expect $FLOW $2"
	until_true 10 flows_are "$FLOW" && sleep 0.3 && [[ ! -s $WORK/fake.log ]] || { cat "$WORK/fake.log"; return 1; }
}

from_file() {
	printf '# mine\nads.example\n0.0.0.0 exact.example\n192.0.2.0/24\nbad line\n' >"$WORK/list"
	snitch lists add mine "$WORK/list" || return 1
	names_are mine 2 && [[ $(of mine bad) -eq 1 && $(of mine ranges) -eq 1 ]] &&
	listed mine x.ads.example && listed 192.0.2.7 && ! listed x.exact.example &&
	says "line 5: more than a name" snitch lists show mine && cmp "$WORK/list" "$STORE/mine.list"
}
wrong_things() {
	exit_is 2 snitch lists bogus && exit_is 2 snitch lists add x && exit_is 5 snitch lists add x "$WORK/none" &&
	exit_is 5 snitch lists rm nothing && exit_is 5 snitch lists show nothing && exit_is 5 snitch lists test nothing a.example &&
	exit_is 7 snitch lists add ../x "$WORK/list" && exit_is 7 snitch lists add x http://localhost/ &&
	exit_is 7 snitch lists add x file:///etc/hosts && exit_is 7 snitch lists add x https://u:p@localhost/ &&
	exit_is 7 snitch lists add x "$URL/list" --kind odd && exit_is 7 snitch lists add x "$URL/list" --every 1m &&
	exit_is 7 snitch lists except mine "two words" && [[ -z $(of x name) ]]
}
# A page in the place of a list that was good.
file_refused() {
	echo '<html>' >"$WORK/page"
	says "web page" snitch lists add mine "$WORK/page" || return 1
	names_are mine 2 && cmp "$WORK/list" "$STORE/mine.list"
}
in_rules() {
	echo 'deny any to list:mine' >"$ROOT/etc/snitch/rules.d/mine.rules"
	until_true 10 rule_is_there && verdict 192.0.2.9 deny && verdict 198.51.100.9 allow &&
	[[ $(snitch --json explain /usr/bin/curl to 192.0.2.9 | jq -r '.verdict + " " + .by') == "deny kernel" ]] &&
	[[ $(snitch --json explain /usr/bin/curl to x.ads.example,198.51.100.9 | jq -r '.verdict + " " + .by') == "deny daemon" ]] &&
	[[ $(of mine hit_count) -eq 1 && $(of mine 'hits[0][0]') == 192.0.2.0-192.0.2.255 ]]
}
rule_is_there() { snitch rules list | grep -q list:mine; }
# So many that the kernel gets a set; then others.
many_addresses() {
	seq -f '198.18.%g.1' 0 2 200 >"$WORK/many" && snitch lists add many "$WORK/many" || return 1
	echo 'deny any to list:many' >"$ROOT/etc/snitch/rules.d/many.rules"
	until_true 10 eval 'snitch rules list | grep -q list:many' && verdict 198.18.4.1 deny && verdict 198.18.5.1 allow &&
	seq -f '198.18.%g.1' 1 2 200 >"$WORK/many" && snitch lists add many "$WORK/many" &&
	verdict 198.18.4.1 allow && verdict 198.18.5.1 deny && rm "$ROOT/etc/snitch/rules.d/many.rules" && snitch lists rm many
}
missing_in_rules() {
	echo 'deny any to list:gone' >"$ROOT/etc/snitch/rules.d/gone.rules"
	until_true 10 says "no such list" snitch rules list && rm "$ROOT/etc/snitch/rules.d/gone.rules"
}
excepted() {
	snitch lists except mine 192.0.2.128/25 && snitch lists except mine ok.ads.example || return 1
	! listed 192.0.2.200 && listed 192.0.2.7 && ! listed ok.ads.example && listed ads.example &&
	says "excepted from mine: ok.ads.example" snitch lists test ok.ads.example &&
	verdict 192.0.2.129 allow && verdict 192.0.2.127 deny || return 1
	snitch lists except --rm mine 192.0.2.128/25 && listed 192.0.2.200 && ! listed ok.ads.example &&
	exit_is 5 snitch lists except --rm mine 192.0.2.128/25
}
by_hand() {
	echo 203.0.113.0/24 >"$ROOT/etc/snitch/lists/mine.list"
	until_true 10 listed mine 203.0.113.5 && ! listed mine 192.0.2.7 || return 1
	exit_is 4 snitch lists rm mine && exit_is 4 snitch lists except mine a.example || return 1
	rm "$ROOT/etc/snitch/lists/mine.list"
	until_true 10 listed mine 192.0.2.7
}
untrusted() {
	chmod 666 "$STORE/mine.list"
	until_true 10 says "mode 666" snitch status && listed mine 192.0.2.7 || return 1
	chmod 640 "$STORE/mine.list"
	until_true 10 trusted
}
trusted() { ! snitch status | grep -q "mode 666"; }
switched_off() {
	snitch lists disable mine && ! listed mine 192.0.2.7 && snitch lists enable mine && listed mine 192.0.2.7
}

from_server() {
	snitch lists add web "$URL/list" --every 12h && names_are web 0 && fetch &&
	until_true 10 names_are web 1000 && listed web x.ads7.example && taken &&
	[[ $(of web sha256) == "$(sha256sum <"$WORK/www/list" | cut -d' ' -f1)" ]]
}
not_due() {
	local n; n=$(wc -l <"$WORK/requests")
	fetch && [[ $(wc -l <"$WORK/requests") -eq $n ]]
}
not_modified() {
	fetched web && tail -n 1 "$WORK/requests" | grep -q 'https /list "' && names_are web 1000 && failures_are web 0
}
newer() { write_list 500 && fetched web && until_true 10 names_are web 500; }
shrunken() {
	write_list 20
	fetched web && until_true 10 error_has web "shrank from 500 entries to 20" && names_are web 500 &&
	listed web ads400.example && failures_are web 1 && says "shrank" snitch status || return 1
	snitch lists add web "$URL/list" --every 12h && fetch && until_true 10 names_are web 20
}
# Not the system's certificates, and not the name in it.
bad_certificate() {
	"$BIN/snitch-fetch" --root "$ROOT" --cacert "$WORK/cert.pem" >/dev/null
	snitch lists add web "${URL/localhost/127.0.0.1}/list" && : >"$WORK/requests" && fetch &&
	until_true 10 failures_are web 1 && [[ ! -s $WORK/requests ]] && of web error &&
	names_are web 20 && snitch lists add web "$URL/list"
	snitch lists update web && "$BIN/snitch-fetch" --root "$ROOT" && until_true 10 failures_are web 1 &&
	[[ ! -s $WORK/requests ]]
}
nothing_comes() {
	refused bad nowhere "the server answers 404" && refused bad truncated "" && refused bad stall "slow" &&
	refused bad html "web page" && refused bad empty "nothing on it" && refused bad huge "too big" &&
	refused bad bomb "too big" && refused bad round "redirects"
}
no_clear_text() {
	: >"$WORK/requests"
	refused bad to-http "" && refused bad to-file "" && ! grep '^http ' "$WORK/requests"
}
redirected() { snitch lists add red "$URL/to-list" && fetch && until_true 10 names_are red 20; }
server_gone() {
	kill "${PIDS[0]}"
	snitch lists add web "$URL/list" && fetch && until_true 10 failures_are web 1 && names_are web 20
}

# The fetcher taken over: it offers what it likes.
hostile_spool() {
	printf 'outcome = ok\nurl = %s/list\n' "$URL" >"$WORK/result"
	ln -s /etc/hosts "$SPOOL/web.data"; cp "$WORK/result" "$SPOOL/web.result"
	until_true 10 taken && names_are web 20 || return 1
	ln "$ROOT/etc/snitch/rules.d/mine.rules" "$SPOOL/web.data"; cp "$WORK/result" "$SPOOL/web.result"
	until_true 10 taken && names_are web 20 || return 1
	mkfifo "$SPOOL/web.data"; cp "$WORK/result" "$SPOOL/web.result"
	until_true 10 taken && names_are web 20 || return 1
	head -c 100000 /dev/urandom >"$SPOOL/web.data"; cp "$WORK/result" "$SPOOL/web.result"
	until_true 10 taken && until_true 10 error_has web "not taken" && names_are web 20 || return 1
	printf 'outcome = ok\nurl = https://elsewhere.example/\n' >"$SPOOL/web.result"
	until_true 10 taken && names_are web 20 || return 1
	head -c 20000 /dev/urandom >"$SPOOL/web.result"
	until_true 10 taken && snitch lists show web
}
restarted() {
	kill "$DAEMON" && wait "$DAEMON"
	exec 7>&-
	start_fake && start_daemon && names_are web 20 && listed mine 192.0.2.7 && ! listed ok.ads.example
}
removed() {
	snitch lists rm web mine bad red && [[ $(snitch --json lists | jq '.lists | length') -eq 0 ]] &&
	[[ -z $(ls -A "$STORE") ]] && [[ -z $(ls "$ROOT/var/lib/snitch-fetch/jobs") ]]
}
completes() {
	[[ $(snitch complete lists show "") == *mine* && $(snitch complete lists add x y --kind h) == hosts ]]
}

ok "a server of lists with a certificate of its own" start_server
ok "snitchd starts" start
ok "a list from a file; what it holds, and the lines that it does not" from_file
ok "what is none is refused, with the exit code that says so" wrong_things
ok "a page is no list: the good one stays" file_refused
ok "a rule that names the list decides, and the entry is counted" in_rules
ok "a list of many addresses, and its next version" many_addresses
ok "a rule that names no list says so" missing_in_rules
ok "exceptions, and back" excepted
ok "the administrator's list hides ours and is not changed by it" by_hand
ok "a file that others can write: the last good list stays" untrusted
ok "switched off and on" switched_off
ok "completion" completes
ok "a list by HTTPS" from_server
ok "nothing is fetched before its time" not_due
ok "what has not changed is not sent again" not_modified
ok "what has changed is taken" newer
ok "a tenth of a list is refused, until it is added again" shrunken
ok "certificates: unknown, or of another name" bad_certificate
ok "404, truncated, stalled, a page, empty, endless, a bomb, in circles: refused" nothing_comes
ok "never without TLS, whatever a redirect says" no_clear_text
ok "a redirect to another https address is followed" redirected
ok "a server that is gone: the list stays" server_gone
ok "a fetcher that was taken over can offer a list and nothing else" hostile_spool
ok "after a restart everything is as it was" restarted
ok "removed, with all its files" removed
finish
