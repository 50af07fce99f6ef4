# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Names in TLS and QUIC hellos, with the installed daemon: two names on one address, told apart by what
# the program says. The far end counts packets that carry a hello, and nginx who asked for whom.
. /snitch/cases/lib/names.sh

T=/opt/tls U=/opt/udp		# openssl and socat by other names: programs of their own
SITE=$TMP/site

# Hellos are longer than 200 bytes, everything else of a handshake is not.
hellos() { payload; }
site_up() {
	mkdir -p $SITE
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=site.test -keyout $SITE/key -out $SITE/cert >/dev/null 2>&1 || return 1
	cat >$SITE/conf <<-END
	user root;
	worker_processes 1;
	daemon off;
	pid $SITE/pid;
	error_log $SITE/error;
	events { }
	http {
		log_format name '\$ssl_server_name';
		access_log $SITE/access name;
		server {
			listen 443 ssl;
			ssl_certificate $SITE/cert;
			ssl_certificate_key $SITE/key;
			location / { return 200 "hello from \$ssl_server_name\n"; }
		}
	}
	END
	: >$SITE/access
	in-net f /opt/far-nginx -c $SITE/conf -p $SITE >$SITE/out 2>&1 &
	wait_for 20 far_listens -t 443
}
# tls NAME [OPTION...]: asks for a page by that name; what it got is in $OUT.
tls() {
	local name="-servername $1"
	[[ $1 != none ]] || name=-noservername
	shift
	OUT=$(printf 'GET / HTTP/1.0\r\n\r\n' | timeout $((10 * SLOW)) \
		$T s_client -connect $F4:443 $name -quiet "$@" 2>&1)
}
t_page() { tls "${@:2}"; if grep -q "^hello from $2" <<<"$OUT"; then t_pass "$1"; else t_fail "$1" || true; t_note "$OUT"; fi; }
t_no_page() {
	payload_reset
	tls "${@:2}"
	if grep -q '^hello from' <<<"$OUT"; then t_fail "$1" "it got the page" || true; else t_pass "$1"; fi
	t_is "not a byte of its hello arrives" "$(hellos)" 0
}
# A resolver behind TLS at the far end: by RFC 7858 on port 853, by RFC 8484 on port 8443.
encrypted_dns_up() {
	local tls=reuseaddr,fork,cert=$SITE/cert,key=$SITE/key,verify=0
	cat >$SITE/doh <<-END
	#!/bin/bash
	while IFS= read -r line && [[ \$line != \$'\r' ]]; do
		[[ \${line,,} != content-length:* ]] || length=\${line//[!0-9]/}
	done
	head -c "\$length" | socat -t 1 - UDP4:$F4:5300 >$SITE/answer.\$\$
	printf 'HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: %d\r\n\r\n' \\
		"\$(stat -c %s $SITE/answer.\$\$)"
	cat $SITE/answer.\$\$
	END
	chmod +x $SITE/doh
	# not on the port where it would be heard
	resolver $F4:5300 --address=/good.test/$F4 --address=/bad.test/$F4
	in-net f socat OPENSSL-LISTEN:853,$tls TCP4:$F4:5300 >$SITE/dot 2>&1 &
	RESOLVERS+=" $!"
	in-net f socat OPENSSL-LISTEN:8443,$tls EXEC:$SITE/doh >$SITE/doh.out 2>&1 &
	RESOLVERS+=" $!"
	wait_for 10 far_listens -t 853 && wait_for 10 far_listens -t 8443
}
# by_doh NAME: curl's page, looked up over HTTPS.
by_doh() {
	OUT=$(curl -sS -k -m $((20 * SLOW)) --doh-url https://$F4:8443/dns-query --doh-insecure https://$1/ 2>&1)
}
config() { printf '%s\n' "$@" >/etc/snitch/snitchd.conf; }
restart() { daemon_down; daemon_up; snitch mode quiet >/dev/null; }

# A QUIC Initial packet each, as tests/unit/hello-build.h makes them, for good.test and bad.test.
good_initial() {
	base64 -d <<-END
xQAAAAEIg5TI8D5RVwgAAECTKXxF4Ua0Ua2bfKNUwKVPksida+AIISjB7R1DQNMfzxnko4wnltRMwfK2s5Kuzif7FeXlZusD
aNd347B2rN3QizFpFDOqUFv49wOCvW5I6hO1WJA1ycdG7q78rFBlF99EIaAEAoLiJfpsGFEiPJz9EF4jVPCV7CXBxp9Lw4tK
xwiGXnX1+hQcarwTPyL8HBKVNFE5
	END
}
bad_initial() {
	base64 -d <<-END
wwAAAAEIg5TI8D5RVwgAAECSnPj6QUa0UaybfKNVwKVPksida+AIISjB7R1DQNMfzxnko4wnltRMwfK2s5Kuzif7FeXlZusD
aNd047B2rN3QizFpFDOqUFv49AOFvW5J7x2+Esok38Ay3Z3YiFBlF99EIaAEAoLiJfpsGFEiPJz9EF4jVPCV7CXBxp9Lw4tK
xwiGXp4sxcbUc3T5FS3S5/yBuGw=
	END
}
quic() { "$1" | $U -u - UDP4:$F4:$2 2>/dev/null; }

case_begin
names_to_initial
cp "$(type -P openssl)" $T
cp "$(type -P socat)" $U
cp "$(type -P nginx)" /opt/far-nginx
payload_reset
daemon_prepare
cat >/etc/snitch/rules.d/20-sni.rules <<END
allow /opt/far-nginx to any lockdown
allow $T to any port 443 tcp
deny $T to bad.test
allow $A to any port 444 tcp
deny $A to bad.test
allow /usr/bin/curl to any port 443,8443 tcp
deny /usr/bin/curl to bad.test
allow /usr/bin/dig to $F4 port 853 tcp
allow $U to any udp
deny $U to bad.test
END
t_ok "a site is up" site_up || { t_note "$(cat $SITE/out $SITE/error)"; t_done; }
far_up udp:443 udp:444 tcp:444
warm snitch snitchd $T $U
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet >/dev/null

# ---- no lookup was seen -----------------------------------------------------------------------------

shown=$(stat_of data)
t_page "a name that no rule refuses: the page comes" good.test
t_cmp "its hello was looked at" "$(stat_of data)" -gt "$shown"
t_no_page "a name that a rule refuses does not get through" bad.test
t_is "the site never heard of it" "$(sort -u $SITE/access | tr '\n' ' ')" "good.test "
t_ok "the program is told that it is refused" grep -qiE 'refused|reset|errno=111' <<<"$OUT" || t_note "$OUT"
t_ok "the log says who said which name" grep -qE 'refused.*bad\.test \(claimed, sni\)' $TMP/snitchd.log ||
	t_note "$(tail -n 5 $TMP/snitchd.log)"
t_page "nor does that refuse another name" good.test
t_page "nor an older version" good.test -tls1_2
tls none
t_ok "who names nobody is judged by the address" grep -q '^hello from' <<<"$OUT" || t_note "$OUT"

# ---- encrypted DNS: nobody has heard the name before the hello ----------------------------------------

encrypted_dns_up	# not by t_ok: it keeps in mind whom to end
t_is "a resolver that speaks TLS and HTTPS" $? 0
heard=$(stat_of dns)
t_ok "dig finds the address over TLS" eval "dig +tls -p 853 +short @$F4 bad.test | grep -qx $F4"
t_no_page "the denied name is refused all the same" bad.test
: >$SITE/access
by_doh good.test
t_ok "curl, by DNS over HTTPS: the page comes" grep -q '^hello from good.test' <<<"$OUT" ||
	t_note "$OUT $(tail -n 5 $SITE/doh.out)"
by_doh bad.test
t_ok "the denied name: curl is refused" grep -qiE 'refused|reset|failed to connect' <<<"$OUT" || t_note "$OUT"
t_is "the site never heard of it" "$(sort -u $SITE/access | tr '\n' ' ')" "good.test "
t_is "not a message of DNS was seen in the clear" "$(stat_of dns)" "$heard"
t_ok "the name is shown, as what curl has said" grep -qE 'refused: /usr/bin/curl .*bad\.test \(claimed, sni\)' \
	$TMP/snitchd.log || t_note "$(grep curl $TMP/snitchd.log | tail -n 5)"
resolvers_down

# ---- hellos that are hard to read -----------------------------------------------------------------------

# hello NAME OPTION...: $A says hello to an echo server. far_heard: the server had something of it.
hello() { : >$TMP/far; OUT=$($A hello $F4 444 "$@" 2>&1); }
far_heard() { grep -q '^tcp 444 ' $TMP/far; }
t_heard() { t_ok "$1" wait_for 2 far_heard || t_note "$OUT"; }
t_unheard() { sleep 0.3; t_run "$1" 1 far_heard; }

hello bad.test
t_unheard "in one piece"
hello bad.test --cut 30
t_unheard "in three segments"
hello bad.test --pad 4000
t_unheard "a large one"
hello good.test --cut 30
t_heard "in three segments, a name that no rule refuses"
t_ok "all of it is echoed" grep -q '^echo OK' <<<"$OUT"
hello bad.test --cut 5
t_heard "in more segments than are looked at: judged without a name"
t_ok "and TCP brings all of it" grep -q '^echo OK' <<<"$OUT"
hello bad.test --pad 9000
t_heard "larger than is looked at: judged without a name"
hello bad.test --cut 40 --gap 5000 --wait 20000
t_heard "in pieces that take too long: judged without a name"
: >$TMP/far
$A segments $F4 444 'GET / HTTP/1.0' >/dev/null 2>&1
t_heard "no TLS: judged without a name"

# ---- what is not refused is shown ---------------------------------------------------------------------------

# Once a program has said a name, it sends a datagram that no rule is about.
hello good.test --then 9500
t_heard "a name that no rule refuses goes"
t_is "what follows it is not covered" "$(far_packets udp 9500)" 0
t_question "the question shows what the program said, as a claim" 9500 \
	'.names == [{"name": "good.test", "source": "sni", "claimed": true}] and .name_claimed'
t_says "in words, too" 'is named good\.test \(claimed, sni\)' snitch pending
t_json "of a claim there is nothing in the history" '.flows | any(.port == 9500) and all(.port != 9500 or .name == null)' log -n 0
: >$TMP/far
OUT=$($A hello 10.78.0.7 444 front.test --ech --then 9501 2>&1)
t_heard "beside an encrypted name another one stands: it goes"
t_question "the question says so" 9501 '.names == [{"name": "front.test", "source": "outer", "claimed": true}]'
id=$(j '.questions[] | select(.ports | index(9501)) | .id' pending)
t_says "in words, too" 'front\.test \(claimed, outer: another one is encrypted\)' snitch pending
t_says "where it is explained, too" 'front\.test \(claimed, outer: another one is encrypted\)' snitch explain $id
: >$TMP/far
OUT=$($A hello 10.78.0.7 444 bad.test --ech 2>&1)
t_unheard "a refused name is refused there, too"
: >$TMP/far
$A hello 10.78.0.8 444 good.test --keep 3000 >$TMP/kept 2>&1 &
kept=$!
t_heard "a connection stays"
t_json "its flow is shown with the claim" '[.programs[].flows[] | select(.port == 444 and .address == "10.78.0.8")] |
	length == 1 and (.[0] | .name == "good.test" and .name_source == "sni" and .name_claimed)' top --once
t_says "in words, too" '(good|front)\.test \(claimed' snitch top --once
kill $kept
wait $kept 2>/dev/null

# ---- names from /etc/hosts --------------------------------------------------------------------------------

cp /etc/hosts $TMP/hosts.before
echo "$F4 good.test bad.test" >>/etc/hosts
sed -i "s|^allow $T .*|allow $T to good.test|" /etc/snitch/rules.d/20-sni.rules
restart
t_page "two names of one address: the one that is allowed goes" good.test
t_no_page "the one that is not does not" bad.test
t_no_page "nor does one that is neither" other.test
cp $TMP/hosts.before /etc/hosts
restart
t_no_page "a name that only the program says allows nothing" good.test
sed -i "s|^allow $T .*|allow $T to any port 443 tcp|" /etc/snitch/rules.d/20-sni.rules
restart

# ---- QUIC ---------------------------------------------------------------------------------------------------

far_reset
quic good_initial 443
t_ok "QUIC, a name that no rule refuses: it arrives" wait_for 5 far_some udp 443
far_reset
quic bad_initial 443
sleep 0.5
t_is "QUIC, a name that a rule refuses: 0 packets" "$(far_packets udp 443)" 0
far_reset
quic bad_initial 444
t_ok "what is not on the port of QUIC is not looked at" wait_for 5 far_some udp 444
far_reset
echo "no quic at all" | $U -u - UDP4:$F4:443
t_ok "what is no QUIC is judged without a name" wait_for 5 far_some udp 443

# ---- off ------------------------------------------------------------------------------------------------------

config "sni = off"
restart
shown=$(stat_of data)
t_page "sni = off: the address decides" bad.test
t_is "nothing was looked at" "$(stat_of data)" "$shown"
config "sni = perhaps"
daemon_down
t_run "what makes no sense there is refused" 1 timeout 10 snitchd --foreground

# ---- the end --------------------------------------------------------------------------------------------------

rm -f /etc/snitch/snitchd.conf
t_ok "the module unloads" wait_for 10 module_unload
names_forget
t_done
