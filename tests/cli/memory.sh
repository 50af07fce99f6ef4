#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What snitchd takes of the machine's memory with 10 000 rules: printed, and bounded.
. "$(dirname "$0")/lib/daemon.sh"

RULES=10000
# KiB. Its own memory is what rules cost; pages of files are shared with others who use the libraries.
RULES_COST=3840 ALL=10240

of() { awk -v key="$1:" '$1 == key {print $2}' "/proc/$DAEMON/status"; }
settled() { local now; now=$(of VmRSS); sleep 0.5; [[ $(of VmRSS) -eq $now ]]; }
without_rules() {
	start_fake && start_daemon && until_true 20 settled && BEFORE=$(of RssAnon) && [[ $BEFORE -gt 0 ]]
}
# Each of a program and an address of its own, some two thousand programs.
with_rules() {
	awk -v n="$RULES" 'BEGIN { for (i = 0; i < n; i++)
		printf "%s /usr/bin/p%d to 10.%d.%d.%d port %d tcp\n", i % 3 ? "deny" : "allow", i % 2000,
			int(i / 250), i % 250, i % 200, 1000 + i % 5000 }' >"$ROOT/etc/snitch/rules.d/many.rules"
	restart && [[ $(snitch --json status | jq .Rules) -eq $RULES ]] && until_true 20 settled
}
own() { [[ $(($(of RssAnon) - BEFORE)) -le $RULES_COST ]]; }
all() { [[ $(of VmRSS) -le $ALL ]]; }
# Compiling them needs more for a moment; it is given back, as often as that happens.
again() {
	local before i
	before=$(of RssAnon)
	for i in 1 2 3; do snitch rules add deny /usr/bin/p1 to "192.0.2.$i" || return 1; done
	until_true 20 settled && [[ $(of RssAnon) -le $((before + 512)) ]]
}

command -v jq >/dev/null || skip_all "no jq here"
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "snitchd starts without rules" without_rules
ok "10 000 rules" with_rules
ok "their cost" own
ok "all of it" all
ok "rules change: no more memory" again
printf '# %d rules: resident %s KiB, of it its own %s KiB, %s KiB without rules; at most %s KiB\n' "$RULES" \
	"$(of VmRSS)" "$(of RssAnon)" "$BEFORE" "$(of VmHWM)"
finish
