# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What people are told about what others made, word by word: a folder of OpenSnitch's rules, a list that
# is fetched by HTTPS. What these then do to traffic the far end says.
. /snitch/cases/lib/transcript.sh

CURL=/usr/bin/curl WGET=/usr/bin/wget
FETCH=/usr/lib/snitch/snitch-fetch
SPOOL=/var/lib/snitch-fetch

case_begin
names_to_initial
cat >$TMP/hosts <<-END
	10.78.1.1 www.shop.example
	10.78.1.3 ads.shop.example
	10.78.1.4 cdn.ads.shop.example
	$F4 lists.example
END
far_up tcp:80
resolver $F4 --addn-hosts=$TMP/hosts
daemon_prepare
# of the folders of the downloader: what systemd-sysusers and systemd-tmpfiles do
id snitch-fetch >/dev/null 2>&1 || useradd -r -M -d $SPOOL -s /usr/sbin/nologin snitch-fetch
rm -rf --one-file-system $SPOOL
install -d -m 755 $SPOOL
install -d -m 2750 -o snitch -g snitch-fetch $SPOOL/jobs
install -d -m 2770 -o snitch-fetch -g snitch $SPOOL/spool
warm $CURL $WGET snitch snitchd $FETCH script stty nginx openssl
daemon_up
t_ok "snitchd starts" snitch mode quiet || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

# ---- rules of OpenSnitch ---------------------------------------------------------------------------------

# conditions OPERAND DATA...: "type" is simple; an operand that begins with ~ is a regexp.
conditions() {
	local list='' type
	while [[ $# -gt 0 ]]; do
		type=simple
		[[ $1 != ~* ]] || type=regexp
		list+="${list:+, }{ \"type\": \"$type\", \"operand\": \"${1#\~}\", \"data\": \"$2\" }"
		shift 2
	done
	echo "{ \"type\": \"list\", \"operand\": \"list\", \"data\": \"\", \"list\": [ $list ] }"
}
# theirs FILE ACTION DURATION MORE CONDITION...
theirs() {
	local file=$1 action=$2 duration=$3 more=$4
	shift 4
	printf '{ "name": "%s", "enabled": true, %s"action": "%s", "duration": "%s",\n  "operator": %s }\n' \
		"$file" "$more" "$action" "$duration" "$(conditions "$@")" >$TMP/opensnitchd/$file.json
}
mkdir $TMP/opensnitchd
theirs 000-allow-curl-web allow always '' process.path $CURL dest.port 80
theirs 001-allow-firefox allow always '' process.path /usr/lib/firefox/firefox
theirs 002-deny-ads deny always '' '~dest.host' '^(|.*\\.)ads\\.shop\\.example$'
theirs 003-reject-curl-net reject always '"precedence": true, ' process.path $CURL dest.network 10.78.3.0/24
theirs 004-deny-wget-port reject always '' process.path $WGET dest.port 80 protocol tcp
theirs 005-allow-by-command allow always '' process.path /usr/bin/ssh process.command "ssh example.com"
theirs 006-allow-an-hour allow 1h '' process.path $WGET
theirs 007-deny-some deny always '' '~dest.host' 'track[0-9]+'
echo '{ "name": "broken", ' >$TMP/opensnitchd/008-broken.json

transcript import
cd $TMP || t_done
t_refused "import: before, quiet: curl" $CURL 10.78.1.1
snitch mode observe
t_arrives "import: before, observing: curl" $CURL 10.78.3.1
t_arrives "import: wget" $WGET 10.78.1.1
shown snitch rules import --dry-run opensnitchd
t_ok "import --dry-run: no rule is there" eval '! snitch rules list --scope system | grep -q curl'
shown snitch rules import opensnitchd
shown snitch rules list --scope system
t_refused "import: observing, rejected is curl there" $CURL 10.78.3.1
t_refused "import: and wget" $WGET 10.78.1.1
before=$(far_packets tcp 80)
$CURL -s -m 4 http://ads.shop.example/dropped >/dev/null
t_is "import: a dropped program is not told, and nothing arrives" "$? $(far_packets tcp 80)" "28 $before"
snitch mode quiet
t_refused "import: an allow rule arrives disabled" $CURL www.shop.example
shown snitch explain $CURL to 10.78.1.1 port 80
shown snitch rules import --reviewed opensnitchd
shown snitch rules list --scope system
t_arrives "import: reviewed, it allows" $CURL www.shop.example
t_refused "import: but not there" $CURL 10.78.3.1
t_refused "import: nor others" $WGET www.shop.example
cd / || t_done
t_golden wide
snitch --json rules list | jq -r '.rules[] | select(.scope == "system") | .id' | xargs snitch rules rm

# ---- a list by HTTPS ---------------------------------------------------------------------------------------

# authority NAME: one that signs certificates; certificate AUTHORITY: of the server, signed by it.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$1 \
		-keyout $TMP/$1.key -out $TMP/$1.pem 2>/dev/null
}
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lists.example \
		-keyout $TMP/server.key -out $TMP/server.csr 2>/dev/null &&
		openssl x509 -req -in $TMP/server.csr -CA $TMP/$1.pem -CAkey $TMP/$1.key -set_serial $RANDOM -days 2 \
			-extfile <(echo subjectAltName=DNS:lists.example) -out $TMP/server.pem 2>/dev/null
}
# Their server, at the far end; what it was asked for is in $TMP/requests.
server_up() {
	in-net f nginx -c $TMP/nginx.conf >$TMP/nginx.err 2>&1 &
	SERVER=$!
	t_ok "list: $1" wait_for 20 far_listens -t 443 || t_note "$(cat $TMP/nginx.err)"
}
server_down() { kill $SERVER; wait $SERVER 2>/dev/null; }
# fetch: as snitch-fetch.service does, but with certificates of its own.
fetch() {
	setpriv --reuid snitch-fetch --regid snitch-fetch --clear-groups --no-new-privs $FETCH --cacert $TMP/good.pem \
		2>>$TMP/fetch.log
}
taken() { [[ -z $(ls -A $SPOOL/spool) ]]; }
failures_are() { [[ $(j '.lists[0].failures' lists list) -eq $1 ]]; }
hits_are() { [[ $(j '.lists[0].hit_count' lists list) -eq $1 ]]; }
requests() { wc -l <$TMP/requests; }

mkdir $TMP/www
cat >$TMP/nginx.conf <<END
daemon off;
master_process off;
user root;
pid $TMP/nginx.pid;
error_log stderr;
events { }
http {
	access_log $TMP/requests;
	server {
		listen 443 ssl;
		server_name lists.example;
		ssl_certificate $TMP/server.pem;
		ssl_certificate_key $TMP/server.key;
		root $TMP/www;
	}
}
END
cat >$TMP/www/trackers.txt <<END
# trackers of the test
ads.shop.example
10.78.5.0/24
/banner/*/advertisement.
END
: >$TMP/requests
t_ok "list: certificates" eval 'authority good && authority other && certificate good'
server_up "its server"
echo "deny any to list:trackers" >/etc/snitch/rules.d/50-trackers.rules
snitch mode observe
t_ok "list: a rule about it" wait_for 10 eval 'snitch rules list | grep -q list:trackers'

transcript lists
t_arrives "list: before there is one" $CURL ads.shop.example
shown snitch rules list --scope admin
shown snitch lists add trackers https://lists.example/trackers.txt --every 12h
shown snitch lists show trackers
snitch mode quiet	# the downloader has a built-in rule, and so have its lookups
t_ok "list: it is fetched" fetch || t_note "$(cat $TMP/fetch.log)"
t_is "list: by one request" "$(requests)" 1
t_ok "list: and taken" wait_for 10 eval '[[ $(j ".lists[0].names" lists list) -eq 1 ]]'
snitch mode observe
t_json "list: the downloader's flow was judged, as its own user's" \
	'.flows | any(.program == "/usr/lib/snitch/snitch-fetch" and .user == "snitch-fetch" and .port == 443 and
	.by == "rule" and .verdict == "allow")' log --program snitch-fetch
t_refused "list: a name" $CURL ads.shop.example
t_refused "list: a name below it" $WGET cdn.ads.shop.example
t_refused "list: an address" $CURL 10.78.5.7
t_arrives "list: what is not on it" $CURL www.shop.example
t_ok "list: the hits are counted" wait_for 10 hits_are 3
shown snitch lists
shown snitch lists show trackers
shown snitch lists test cdn.ads.shop.example
shown snitch lists test www.shop.example
shown snitch explain $CURL to ads.shop.example,10.78.1.3 port 80

note the server is stopped
server_down
shown snitch lists update trackers
t_ok "list: the server is gone" fetch
t_ok "list: which is noted" wait_for 10 failures_are 1
hide "after [0-9]+ ms" "after N ms"
shown snitch lists show trackers
t_refused "list: the old one counts" $CURL ads.shop.example
t_refused "list: its addresses, too" $CURL 10.78.5.7

note the server is back, with a certificate that nobody vouches for
certificate other
server_up "its server with another certificate"
echo "www.shop.example" >>$TMP/www/trackers.txt
shown snitch lists update
t_ok "list: another's certificate" fetch
t_ok "list: which is noted" wait_for 10 failures_are 2
t_is "list: nothing was asked for" "$(requests)" 1
t_ok "list: the hits went on" wait_for 10 hits_are 5
shown snitch lists
shown snitch status
t_refused "list: the old one still counts" $WGET cdn.ads.shop.example
t_arrives "list: and no other" $CURL www.shop.example

note the server is back, with its own certificate
server_down
certificate good
server_up "its server again"
snitch lists update trackers
t_ok "list: it is fetched again" fetch
t_ok "list: and taken" wait_for 10 eval '[[ $(j ".lists[0].names" lists list) -eq 2 ]]'
t_refused "list: the new one counts" $CURL www.shop.example
t_ok "list: which is a hit, too" wait_for 10 hits_are 7
shown snitch lists show trackers
server_down
hide "[0-9]+ flows known" "N flows known"
t_golden wide

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
names_forget
t_done
