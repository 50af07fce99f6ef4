# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Lists of addresses in rules, with the installed daemon: they decide in the kernel, also when the
# daemon is dead; exceptions hold; an update cuts what it names and leaves the rest alone. What the
# far end received says so.
. /snitch/cases/lib/cells.sh

case_begin
far_again
far_up tcp:80
far_feeds 90
warm $A $C snitch snitchd
daemon_prepare
# A rule names the one program, so that the kernel knows it under each policy: of one that it does not
# know, the daemon is asked once.
printf '%s\n' "deny any to list:bad" "allow $C to 192.0.2.99" >/etc/snitch/rules.d/20-lists.rules
daemon_up
t_ok "snitchd starts" snitch mode observe || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

# bad LINE...: the list, with enough besides for a set
bad() {
	{ for i in {1..40}; do echo "198.51.100.$((2 * i))"; done; printf '%s\n' "$@"; } >$TMP/list
	snitch lists add bad $TMP/list
}
ranges_are() { snitch-tool sets | grep -q " ranges4=$1 ranges6=$2 "; }

# ---- the kernel decides ---------------------------------------------------------------------------

cell "no list yet" got $C $S4
t_ok "a list of addresses" bad $S4 $S6
t_ok "is a set of the kernel's" wait_for 5 ranges_are 41 1
for address in $S4 $S6; do
	cell "listed" refused $C $address
done
cell "not listed" got $C $F4
t_ok "hits are counted, though the kernel decided" \
	wait_for 10 eval '[[ $(j ".lists[0].hit_count" lists list) -ge 2 ]]'
daemon_down
sleep 4
for address in $S4 $S6; do
	cell "the daemon is dead, listed" refused $C $address
done
cell "the daemon is dead, not listed" got $C $F4
daemon_up
t_ok "a list with names, too" bad $S4 ads.example
t_ok "its addresses are the kernel's" wait_for 5 ranges_are 41 0
daemon_down
sleep 4
cell "names and addresses, the daemon is dead, listed" refused $C $S4
cell "names and addresses, the daemon is dead, not listed" got $C $F4
daemon_up

# ---- exceptions and updates ---------------------------------------------------------------------------

t_ok "an exception" snitch lists except bad $S4
t_ok "is no part of the set" wait_for 5 ranges_are 40 0
cell "excepted" got $C $S4
bad $S4 203.0.113.1 >/dev/null
t_ok "the next version" wait_for 5 ranges_are 41 0
cell "still excepted" got $C $S4
go cut $A load tcp $S4 90 --down 40000000 --rate 200000
go stays $A load tcp $F4 90 --down 3000000 --rate 400000
wait_for 10 eval '[[ $(snitch-tool flows | grep -c ":90 ") -ge 2 ]]'
sleep 1
aborted=$(stat_of aborted) generation=$(stat_of generation)
t_ok "the exception goes" snitch lists except --rm bad $S4
t_ok "a live download is cut" wait_for 5 eval '[[ $(stat_of aborted) -ge $((aborted + 1)) ]]'
ended cut
t_is "by another set of the same policy" "$(stat_of generation)" "$generation"
t_ok "its program got a part" eval '! said cut received=40000000'
t_ok "the far end could not send it all" eval '! grep -q "sent=40000000" $TMP/feed'
ended stays
t_is "the other download ends well" $? 0
t_ok "the far end sent all of it" wait_for 5 grep -q "sent=3000000" $TMP/feed
cell "listed again" refused $C $S4
t_ok "the list goes" snitch lists rm bad
cell "no list any more" got $C $S4
t_ok "nor a set" eval '[[ -z $(snitch-tool sets) ]]'

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
daemon_forget
t_done
