# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What people are told, word by word: explain, review, rules test, rules check, panic and release, each
# after traffic of which the far end says what became of it.
. /snitch/cases/lib/transcript.sh

CURL=/usr/bin/curl WGET=/usr/bin/wget PERL=/usr/bin/perl
RULES=/etc/snitch/rules.d

case_begin
names_to_initial
cat >$TMP/hosts <<-END
	10.78.1.1 www.shop.example
	10.78.1.2 img.shop.example
	10.78.1.3 ads.shop.example
	10.78.2.1 updates.example
END
far_up tcp:80 tcp:443
resolver $F4 --addn-hosts=$TMP/hosts
daemon_prepare
cat >$RULES/20-explain.rules <<END
allow $CURL to *.shop.example port 80 tcp	# the shop
allow $CURL to dns-servers port 53
deny any to ads.shop.example			# no advertisements
deny $CURL to any
allow $CURL to updates.example port 443 tcp
allow any to 10.78.0.0/16 port 80
END
endless_up 8000
warm $CURL $WGET $PERL snitch snitchd script stty
daemon_up
t_ok "snitchd starts" snitch mode quiet || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

# ---- explain -------------------------------------------------------------------------------------------

transcript explain
t_arrives "explain: a name that is allowed" $CURL www.shop.example
t_refused "explain: a name that is denied" $CURL ads.shop.example
t_refused "explain: an address, which only any program may reach" $CURL 10.78.2.1
t_arrives "explain: as another does" $WGET 10.78.2.1
t_refused "explain: no rule at all" $WGET $F4
shown snitch explain $CURL to www.shop.example,10.78.1.1 port 80
shown snitch explain $CURL to ads.shop.example,10.78.1.3 port 80
shown snitch explain $CURL to 10.78.2.1 port 80
shown snitch explain $WGET to 10.78.2.1 port 80
shown snitch explain $WGET to $F4 port 80
t_cmp "explain: lookups go by a built-in rule" "$(far_packets udp 53)" -gt 0
shown snitch explain $WGET to $F4 port 53 udp
agent_up
snitch mode ask
web $WGET $F4
t_ok "explain: a flow waits" wait_for 10 eval '[[ $(j .Kernel.Held status) == 1 ]]'
Q=$(j '.questions[] | select(.flows > 0) | .id' pending)
hide "explain $Q" "explain QUESTION"
hide "pid ${PIDS[web]}" "pid PID"
shown snitch explain $Q
t_ok "explain: nothing arrived" eval "! far_got tcp 80 $SENT"
snitch answer $Q allow >/dev/null
t_ok "explain: let go, it arrives" wait_for 10 far_got tcp 80 $SENT
ended web
shown snitch explain 987654321
shown snitch explain $WGET
agent_down
t_golden

rm $RULES/20-explain.rules
rules_are() { [[ $(snitch --json rules list | jq '[.rules[] | select(.scope != "builtin")] | length') -eq $1 ]]; }
t_ok "explain: its rules are gone" wait_for 10 rules_are 1

# ---- review --------------------------------------------------------------------------------------------

transcript review
snitch mode observe
from=$(date '+%F %T')
sleep 1
asks() { setsid $PERL -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "10.78.3.3:80") or exit 1;
	print $s "$ARGV[0]\n"; <$s>' $1 >/dev/null 2>&1; }
for place in www.shop.example img.shop.example www.shop.example; do
	t_arrives "review: observing, curl gets to $place" $CURL $place
done
for place in 10.78.3.1 10.78.3.2; do t_arrives "review: wget gets to $place" $WGET $place; done
asks perl1
t_ok "review: perl gets through" wait_for 5 far_got tcp 80 perl1
setpriv --reuid alice --clear-groups $CURL -s -m 5 http://www.shop.example/alice1 >/dev/null
t_ok "review: alice does" wait_for 5 far_got tcp 80 alice1
recorded() { [[ $(snitch --json review --since "$from" | jq '[.proposals[], .not_proposed[] | .allowed] | add') -eq 7 ]]; }
t_ok "review: all of it is in the history" wait_for 10 recorded
shown "snitch review --since '$from' </dev/null"
tmux -L seen -f /dev/null new-session -d -x 80 -y 24 "snitch review --since '$from'; echo left \$?; sleep 600"
t_screen "review: the first proposal" "proposal 1 of"
screen "the first proposal"
keys a
t_screen "review: a key chooses" "This rule will be written"
screen "a: allow"
t_ok "review: nothing is written yet" rules_are 1
keys Enter
t_screen "review: written, the next" "proposal 2 of"
screen "Enter: it is written, the next proposal"
keys l
t_screen "review: put off, the last" "proposal 3 of 3"
keys d Enter
t_screen "review: done" "left 0"
screen "l: put off; d, Enter: denied; the end"
tmux -L seen kill-server
shown snitch rules list --scope system
shown "snitch review --since '$from' </dev/null"
snitch mode quiet
t_arrives "review: quiet, what was accepted goes" $CURL img.shop.example
t_refused "review: what was denied does not" $WGET 10.78.3.2
asks perl2
t_cmp "review: nor what was not proposed" $? -ne 0
t_ok "review: and does not arrive" eval '! far_got tcp 80 perl2'
t_golden wide

# ---- rules test ----------------------------------------------------------------------------------------

transcript rules-test
shown "snitch rules test deny $CURL to www.shop.example --since '$from' --program curl"
shown "snitch rules test allow $PERL to 10.78.3.0/24 port 80 --since '$from' --program perl"
shown "snitch rules test deny $CURL to 192.0.2.0/24 --since '$from' --program curl"
t_arrives "rules test: nothing has changed: curl" $CURL www.shop.example
asks perl3
t_cmp "rules test: nor for perl" $? -ne 0
t_golden
snitch --json rules list | jq -r '.rules[] | select(.scope == "system") | .id' | xargs snitch rules rm

# ---- rules check ---------------------------------------------------------------------------------------

transcript rules-check
cat >$RULES/30-shop.rules <<END
allow $CURL to 10.78.0.0/16 port 80
allow $CURL to 10.78.1.1 port 80 tcp	# for the shop
deny $WGET to 10.78.3.1
allow $WGET to 10.78.3.1
deny any to 10.78.4.0/24 priority high
allow $CURL to 10.78.4.1 port 80
END
decide() {
	t_arrives "rules check, $1: the shop" $CURL 10.78.1.1
	t_refused "rules check, $1: denied and allowed" $WGET 10.78.3.1
	t_refused "rules check, $1: allowed, but for a stronger rule" $CURL 10.78.4.1
}
t_ok "rules check: the rules are in force" wait_for 10 rules_are 7
decide "all rules"
shown snitch rules check
sed -i -e '/10.78.1.1/d' -e '/allow.*10.78.3.1/d' -e '/10.78.4.1/d' $RULES/30-shop.rules
t_ok "rules check: without what was found" wait_for 10 rules_are 4
decide "without what was found"
shown snitch rules check
printf '%s\n' "allow $CURL 10.78.1.1" "alow $CURL to any" >$TMP/wrong.rules
shown snitch rules check $TMP/wrong.rules
t_golden wide
rm $RULES/30-shop.rules

# ---- panic, release --------------------------------------------------------------------------------------

transcript panic
allow=$(snitch rules add allow $CURL to 10.78.1.1)
# A download begins; what came of it is the client's file.
download() {
	rm -f $TMP/file
	$CURL -sN -o $TMP/file http://10.78.1.1:8000/ &
	PIDS[download]=$!
	t_ok "panic: $1" wait_for 10 eval '[[ $(stat -c %s $TMP/file) -gt 3000 ]]'
}
download "a download runs"
shown snitch panic
t_ok "panic: it is cut" wait_for 2 eval '! kill -0 ${PIDS[download]} 2>/dev/null'
ended download
t_cmp "panic: its program is told" $? -ne 0
far_reset
t_refused "panic: what a rule allows" $CURL 10.78.1.1
$CURL -s -m 5 http://www.shop.example/ >/dev/null
t_is "panic: nothing at all arrives" "$(far_total)" 0
shown snitch mode quiet
hide "[0-9]+ flows known" "N flows known"
shown snitch status
shown snitch explain $CURL to 10.78.1.1 port 80
t_refused "panic: still" $CURL 10.78.1.1
shown snitch release
t_arrives "panic: released, it goes again" $CURL 10.78.1.1
download "so does a download"
kill ${PIDS[download]}
ended download 2>/dev/null
shown snitch release
t_golden

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
names_forget
t_done
