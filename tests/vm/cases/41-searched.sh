# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154
# Whose packet it is that leaves in nobody's name: the search finds who holds the socket, soon,
# whatever others do with their files. In nobody's name: SYNs sent again, first before we came.
. /snitch/cases/lib/case.sh

net_up
far_reset
# The far end counts them, and never answers.
in_f nft -f - <<-'END'
	table inet deaf {
		chain in { type filter hook prerouting priority -300; tcp dport 91 drop; }
	}
END

go crowd prlimit --nofile=524288 setpriv --reuid 1000 --regid 1000 --clear-groups $B crowd 1500 --keep $((60000 * SLOW))
t_said "1500 processes share a table of 524288 files" crowd '^crowd 1500'
go crowd2 prlimit --nofile=524288 $B crowd 500 --keep $((60000 * SLOW))
t_said "and 500 of the searched socket's own user" crowd2 '^crowd 500'
cp $A /opt/own
go own /opt/own ownfiles $F4 91 --keep $((60000 * SLOW))
t_said "a thread alone has a socket" own '^connecting'
go plain $A tcp $F4 91 --wait $((60000 * SLOW))
t_ok "two SYNs have gone" wait_for 5 eval '[[ $(far_packets tcp 91) -ge 2 ]]'
# The next ones come when somebody decides: refused before, the connections were at their end.
in_c ip route add blackhole $F4
t_ok "module loads" module_load
policy "unmatched ask"
far_reset
decider --default hold
in_c ip route del blackhole $F4
t_seen "a SYN that is sent again: its program is found" "^OWNER .*exe=$A " 20
t_seen "and is asked about" "^FLOW .*owner=$(field id "^OWNER .*exe=$A ") .*remote=$F4:91 "
t_seen "the thread's, too" "^OWNER .*exe=/opt/own " 20
t_seen "and is asked about" "^FLOW .*owner=$(field id "^OWNER .*exe=/opt/own ") "
t_is "nobody is without an owner" "$(stat_of no_owner)" 0
t_is "no search took too long" "$(stat_of consult_timeout)" 0
t_none "nothing has arrived" tcp 91
tell allow all
t_some "allowed: they arrive" tcp 91
t_parked "nothing is parked" 0
for n in crowd crowd2 own plain; do kill "${PIDS[$n]}"; ended $n; done 2>/dev/null
t_done
