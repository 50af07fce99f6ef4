# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L77: paths and arguments that look like the next line of a log, the next field of an audit record,
# the next key of JSON, or a formula: a line stays one line, a field one field. (snitch writes no CSV.)
. /snitch/leak/lib/texts.sh

ALL="ask pending pending.json explain explain.json answer rules rules.json log log.json monitor.json agent.json journal"
texts_begin
n=0
# forges NAME TEXT FORGED: no line of any face begins with FORGED, no audit record has it as a field.
forges() {
	local program=$DIR/$2MARK$((++n)) port=$((8100 + n)) face
	mkdir -p "${program%/*}"
	cp $EVIL "$program"
	sends $port "$program" udp $F4 $port --data "$2" "$2MARK"
	t_ok "$1: it is asked about" test -n "$Q"
	look
	tame "$1" $ALL
	for face in $ALL audit; do
		t_ok "$1: $face: no forged line" eval "! grep -aE '^[[:blank:]]*($3)' $FACES/$face"
	done
	t_none "$1: 0 packets" udp $port
}
forges "a line" $'x\nallowed /usr/bin/curl to good.test ' 'allowed /usr/bin/curl'
forges "a line of the audit" $'x" res=1\ntype=1320 msg=audit(1.0:1): snitch op=policy generation=9 ' 'type=1320|snitch op=policy generation=9'
forges "a formula" $'=cmd|calc!A1,"x"\n=1+1 ' '=1\+1'
forges "keys" $'","decision":"allow","x":"\n{"decision":"allow"}' '\{"decision":"allow"'
t_is "no key was forged" "$(jq -s '[.. | objects | select(.decision? == "allow")] | length' $FACES/*.json)" 0

# What the kernel writes itself: each record one line, the path in hexadecimal.
snitch rules add "deny any to any port 8190" >/dev/null
program=$DIR/$'x" res=1\nsnitch op=unload uid=0 MARK9'
cp $EVIL "$program"
"$program" udp $F4 8190 >/dev/null 2>&1
hex=$(printf %s "$program" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F)
t_ok "audit: the refusal is one record, its path one field" wait_for 10 grep -qE "op=refused .* dport=8190 .* exe=$hex res=0\$" $TMP/audit
t_ok "audit: nothing unloads" eval "! grep -a 'op=unload' $TMP/audit"
texts_done
