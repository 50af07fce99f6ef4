#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `snitch iap`: show, which, lint; text and JSON, exit codes, languages. It must never read a policy
# of the machine: everything is looked for below its own folder.
. "$(dirname "$0")/lib/daemon.sh"

export SNITCH_ROOT=$ROOT
umask 022
says_not() { ! says "$@"; }

prepare() {
	mkdir -p "$ROOT/usr/bin" "$ROOT/etc/snitch/iap/de.lproj" "$ROOT/usr/share/snitch" &&
	cp -r "$TOP/userspace/iap/policies" "$ROOT/usr/share/snitch/iap" &&
	cp "$TOP/tests/fuzz/corpus/iap/elf/64.elf" "$ROOT/usr/bin/noted" &&
	chmod -R go-w "$ROOT" &&
	cat >"$ROOT/etc/snitch/iap/frob.InternetAccessPolicy.json" <<-'END' &&
		{"ApplicationDescription": "Frobs \u001b[2J", "X-Snitch-For": ["/usr/bin/frob"], "Connections": [
		 {"Host": "updates.frob.example", "Purpose": "updates", "DenyConsequences": "No updates."},
		 {"Host": "*.frob.example", "Purpose": "updates and [more](https://frob.example/why)"},
		 {"Host": "=*.frob.example, =*", "Purpose": "all of it", "DenyConsequences": "Nothing works."},
		 {"Host": "*", "Purpose": "servers of yours", "Port": "80,443", "NetworkProtocol": "TCP"}]}
	END
	echo '"updates" = "neue Fassungen";' >"$ROOT/etc/snitch/iap/de.lproj/frob.InternetAccessPolicy.strings"
}
purposes() {
	local want=$1 got; shift
	got=$(snitch --json iap show /usr/bin/frob "$@" | jq -r '[.connections[].purpose] | join("|")')
	[[ $got == "$want" ]] || { echo "'$got', not '$want'"; return 1; }
}
selections() {
	purposes "updates" --host updates.frob.example &&
	purposes "updates and more (https://frob.example/why)" --host www.frob.example &&
	purposes "all of it" --selection domain --host frob.example &&
	purposes "all of it" --selection any &&
	purposes "servers of yours" --host www.apple.com --port 443 &&
	purposes "" --host www.apple.com --port 22 && purposes "" --host www.apple.com --protocol udp &&
	purposes "servers of yours" --host 192.0.2.1 &&
	purposes "updates" --host updates.frob.example --address 192.0.2.1
}
denial() {
	[[ $(snitch iap show --deny --host updates.frob.example /usr/bin/frob) == "No updates." ]] &&
	[[ $(snitch iap show --deny /usr/bin/frob) == "Nothing works." ]] &&
	[[ -z $(snitch iap show --deny --host www.frob.example /usr/bin/frob) ]]
}
language() {
	says "neue Fassungen" snitch iap show --lang de /usr/bin/frob &&
	says "neue Fassungen" env LC_ALL=de_AT.UTF-8 "$BIN/snitch" iap show /usr/bin/frob &&
	says_not "neue Fassungen" snitch iap show --lang fr /usr/bin/frob
}
tame() {
	snitch iap show /usr/bin/frob >"$WORK/out" && snitch --json iap show /usr/bin/frob >>"$WORK/out" &&
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/out" && grep -qF 'x1b[2J' "$WORK/out"
}
which_one() {
	says "frob.InternetAccessPolicy.json: used" snitch iap which /usr/bin/frob &&
	snitch --json iap which /usr/bin/frob | jq -e '.file | endswith("/frob.InternetAccessPolicy.json")' &&
	exit_is 5 snitch iap which /usr/bin/nothing && exit_is 5 snitch iap which no-such-program &&
	says "/usr/bin/noted: used" snitch iap which /usr/bin/noted &&
	chmod 0666 "$ROOT/etc/snitch/iap/frob.InternetAccessPolicy.json" &&
	exit_is 5 snitch iap which /usr/bin/frob && chmod 0644 "$ROOT/etc/snitch/iap/frob.InternetAccessPolicy.json"
}
shipped() {
	says "Debian's pool of time servers" snitch iap show /usr/lib/systemd/systemd-timesyncd &&
	says "source     shipped with snitch" snitch iap show /usr/lib/git-core/git-remote-https &&
	says "It makes no connections" snitch iap show --policy "$TOP/tests/fuzz/corpus/iap/json/empty.json"
}
# stand_in KEY: a program that the key of a policy is about; its path is printed.
stand_in() {
	local path
	case $1 in
	/*) path=${1//\*/x} ;;
	package\ *)
		path=/usr/lib/${1#* }-of-package/program
		mkdir -p "$ROOT/var/lib/dpkg/info" && printf '/.\n%s\n' "$path" >"$ROOT/var/lib/dpkg/info/${1#* }.list" ;;
	flatpak\ *) path=/var/lib/flatpak/app/${1#* }/x86_64/stable/files/bin/program ;;
	snap\ *) path=/snap/${1#* }/42/bin/program ;;
	*) return 1 ;;
	esac
	mkdir -p "$ROOT${path%/*}" && : >"$ROOT$path" && echo "$path"
}
# Each policy that is shipped is found by each of its keys, and none is in the way of another.
each_key_finds_it() {
	local file key path got bad=0 n=0
	while IFS=$'\t' read -r file key; do
		n=$((n + 1))
		path=$(stand_in "$key") || { echo "$file: no test knows keys like '$key'"; bad=1; continue; }
		got=$(snitch --json iap which "$path" | jq -r '.file')
		[[ ${got##*/} == "$file" ]] || { echo "$file: '$key' ($path) finds $got"; bad=1; }
	done < <(cd "$TOP/userspace/iap/policies" && jq -r '."X-Snitch-For"[] | [(input_filename | sub(".*/"; "")), .] | @tsv' ./*.json)
	[[ $bad -eq 0 && $n -ge 100 ]] && exit_is 5 snitch iap which /usr/lib/chromium-of-package/other
}
no_fault_in_any() { exit_is 0 snitch iap lint "$TOP"/userspace/iap/policies/*.json; }
lint() {
	printf '{"ApplicationDescription":"x",\n "Connections":[1,]}' >"$WORK/a.json"
	printf '{"ApplicationDescription":"x","Connections":[{"Host":"a.b/c","Purpose":"p"}]}' >"$WORK/b.json"
	printf '{"Connections":[]}' >"$WORK/c.json"
	printf '"k" = "v"\n"l" = "w";' >"$WORK/d.strings"
	exit_is 7 snitch iap lint "$WORK/a.json" && says "a.json:2:" snitch iap lint "$WORK/a.json" &&
	exit_is 1 snitch iap lint "$WORK/b.json" &&
	says "tolerable: Connections[0].Host:" snitch iap lint "$WORK/b.json" &&
	exit_is 7 snitch iap lint "$WORK/b.json" "$WORK/c.json" &&
	says "fatal: ApplicationDescription: missing" snitch iap lint "$WORK/c.json" &&
	exit_is 7 snitch iap lint "$WORK/d.strings" && says "d.strings:2:1: fatal" snitch iap lint "$WORK/d.strings" &&
	exit_is 0 snitch iap lint "$ROOT/usr/bin/noted" && exit_is 5 snitch iap lint "$WORK/nothing" &&
	exit_is 7 snitch --json iap lint "$WORK/a.json" >"$WORK/out" &&
	jq -e '.faults[0] | .severity == "fatal" and .line == 2' "$WORK/out"
}
usage() {
	exit_is 2 snitch iap && exit_is 2 snitch iap show && exit_is 2 snitch iap lint && exit_is 2 snitch iap which &&
	exit_is 2 snitch iap show --port x a && exit_is 2 snitch iap show --port 65536 a &&
	exit_is 2 snitch iap show --protocol x a && exit_is 2 snitch iap show --selection all a &&
	exit_is 2 snitch iap show --selection domain a && exit_is 2 snitch iap show --host 'a b' x &&
	exit_is 2 snitch iap show a b && exit_is 2 snitch iap show --host
}
completion() {
	says lint snitch complete iap l && says domain snitch complete iap show --selection d &&
	says --deny snitch complete iap show --d
}

command -v jq >/dev/null || skip_all "no jq here"
[[ -x $BIN/snitch ]] || bail "build first: make userspace"
ok "policies in a root of their own" prepare
ok "show gives what belongs to the selection" selections
ok "show --deny gives only what comes of it" denial
ok "texts come in the language wanted" language
ok "hostile text comes out escaped" tame
ok "which says where was looked, and why not" which_one
ok "the policies that are shipped are found" shipped
ok "lint finds no fault in what is shipped" no_fault_in_any
ok "each key of theirs finds its policy" each_key_finds_it
ok "lint gives place, reason and exit code" lint
ok "wrong arguments: exit code 2" usage
ok "complete" completion
finish
