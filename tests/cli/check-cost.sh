#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `snitch rules check` does for many rules, in instructions: it must grow hardly faster than
# their number, whatever the machine is busy with.
. "$(dirname "$0")/../install/lib.sh"

BIN=${SNITCH_BIN:-$TOP/build/bin}
FEW=2000 MANY=30000
# 15 times the rules: sorting adds a fifth; shifting all rules for each one made 28 times of it.
TIMES=20

# Of one program and an address each, in no order: none hides another, no file is missing.
make_rules() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "%s /bin/sh to 10.%d.%d.%d port %d tcp\n", i % 3 ? "deny" : "allow",
			int(i / 62500), int(i / 250) % 250, i % 250, 1000 + i % 5000 }'
}
# instructions RULES: as counted; says what went wrong, if anything.
instructions() {
	make_rules "$1" >"$WORK/$1.rules"
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		"$BIN/snitch" rules check "$WORK/$1.rules" >"$WORK/out" 2>"$WORK/counted" || cat "$WORK/counted" >&2
	grep -qx "$1 rules, no error" "$WORK/out" || { cat "$WORK/out" >&2; return 1; }
	sed -n 's/^==[0-9]*== Collected : //p' "$WORK/counted"
}
counted() { few=$(instructions $FEW) && many=$(instructions $MANY) && [[ $few -gt 0 && $many -gt 0 ]]; }
in_bounds() { [[ $many -le $((few * TIMES)) ]]; }

command -v valgrind >/dev/null || skip_all "no valgrind here"
[[ -x $BIN/snitch ]] || bail "build first: make userspace"
few=0 many=0
ok "rules are checked" counted
ok "no more work for each of many" in_bounds
printf '# %d rules: %d instructions, %d rules: %d\n' $FEW "$few" $MANY "$many"
finish
