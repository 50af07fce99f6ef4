# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Audit records: load, policy, decider, refusals (coalesced, bounded, escaped), unload.
. /snitch/cases/lib/case.sh

AUDIT=$TMP/audit
ODD='/opt/odd "name'

records() { grep -E "snitch op=$1( |\$)" $AUDIT; }
recorded() { grep -qE "snitch op=$1" $AUDIT; }
# t_record NAME PATTERN: test point: such a record comes within 5 s.
t_record() {
	if wait_for 5 recorded "$2"; then t_pass "$1"; else
		t_fail "$1" "expected 'op=$2' in:" || true
		t_note "$(tail -n 10 $AUDIT)"
	fi
}
# refused_sum PATTERN: refusals that the matching records count.
refused_sum() { records refused | grep -E "$1" | grep -oE ' count=[0-9]+' | awk -F= '{n += $2} END {print n + 0}'; }
refused_is() { [[ $(refused_sum "$1") -eq $2 ]]; }
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; }

/snitch/tools/audit-read >$AUDIT 2>&1 &
reader=$!
wait_for 5 grep -q READY $AUDIT
case_begin
t_record "load is recorded" 'load uid=0 auid=[0-9]+ ses=[0-9]+ pid=[0-9]+ comm="insmod" res=1$'
far_up udp:80
cp $A "$ODD"
policy "unmatched deny" "deny $A any port 81" "drop $A any port 82"
t_record "a policy is recorded" 'policy generation=1 rules=3 uid=0 .* comm="snitch-tool" res=1$'
decider --default deny
t_record "a decider is recorded" "decider-attached pid=$DECIDER comm=\"snitch-tool\" res=1\$"
decider_end
t_record "and its end" "decider-lost pid=$DECIDER comm=\"snitch-tool\" res=1\$"

warm $A
t_out "a refusal while auditing is off" '^send EPERM' $A udp $F4 81
sleep 2
t_is "leaves no record" "$(records refused | wc -l)" 0
t_ok "auditing is switched on" /snitch/tools/audit-read on

in_c $A udp $F4 81 --count 20 >$TMP/sends
t_is "20 refusals" "$(grep -c '^send EPERM' $TMP/sends)" 20
t_ok "are counted by the records" wait_for 10 refused_is 'dport=81 daddr=10.77.0.2' 20
t_cmp "which are few" "$(records refused | grep -c 'dport=81')" -le 3
t_record "and say who, where and why" "refused action=deny origin=rule rule=[0-9]+ count=[0-9]+ pid=[0-9]+ uid=0 auid=[0-9]+ ses=[0-9]+ proto=17 dport=81 daddr=10.77.0.2 comm=\"a\" exe=\"$A\" res=0\$"
in_c $A udp $F6 82 >$TMP/sends
t_record "a silent drop over IPv6" "refused action=drop origin=rule .* proto=17 dport=82 daddr=fd77::2 .*exe=\"$A\" res=0\$"
in_c "$ODD" udp $F4 83 >$TMP/sends
t_record "a path with a blank and a quote stands in hexadecimal" \
	"refused action=deny origin=fail rule=0 .* dport=83 .* exe=$(hex "$ODD") res=0\$"
t_is "nothing was lost so far" "$(stat_of audit_lost)" 0

# A flood of different refusals: bounded, and each is either in a record or counted as lost.
before=$(records refused | wc -l)
policy "unmatched deny" "deny $A any"
in_c $A udpmany $F4 10000 3000 >$TMP/flood
flood_done() { [[ $(($(refused_sum 'dport=1[0-2][0-9]{3} ') + $(stat_of audit_lost))) -eq 3000 ]]; }
t_ok "3000 different refusals: recorded or counted as lost" wait_for 30 flood_done
t_cmp "some were lost" "$(stat_of audit_lost)" -gt 0
t_cmp "some were not" "$(($(records refused | wc -l) - before))" -ge 64
most=$(records refused | sed -n -E 's/^audit\(([0-9]+)\..*/\1/p' | sort | uniq -c | sort -rn | awk 'NR == 1 {print $1}')
t_cmp "never more than two batches in one second of the clock" "$most" -le 128
for port in 81 82 83 10000; do t_none "UDP $port: 0 packets" udp $port; done

in_c $A udp $F4 81 >$TMP/sends
t_ok "the module unloads" module_unload
t_record "unload is recorded" 'unload uid=0 .* comm="rmmod" res=1$'
t_is "and comes last, after what was still to be written" "$(tail -n 1 $AUDIT | grep -c 'op=unload')" 1
/snitch/tools/audit-read off
kill $reader; wait $reader 2>/dev/null
t_done
