# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the tests of installation: TAP, a private folder. It must never
# touch the machine's own /usr, /etc, DKMS tree or users, and never mount
# anything: what is cleaned up at the end is removed recursively.

set -uo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$TOP/dkms.conf")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/snitch-install.XXXXXX") || exit 1
N=0 BAD=0

# Removes the private folder; never one that anything is mounted in, be it by mistake.
remove_work() {
	[[ $WORK == */snitch-install.?????? && -d $WORK ]] || return 0
	if grep -qF " $WORK" /proc/self/mountinfo; then
		printf 'left alone, something is mounted there: %s\n' "$WORK" >&2
		return 1
	fi
	rm -rf --one-file-system -- "$WORK"
}
trap remove_work EXIT

# ok NAME COMMAND...: one test; what the command said is shown when it fails.
ok() {
	local name=$1; shift
	N=$((N + 1))
	if "$@" >"$WORK/said" 2>&1; then
		printf 'ok %d - %s\n' "$N" "$name"
	else
		printf 'not ok %d - %s\n' "$N" "$name"
		sed 's/^/# /' "$WORK/said" | tail -n 40
		BAD=$((BAD + 1))
	fi
}

skip_all() { printf '1..0 # SKIP %s\n' "$*"; exit 0; }
bail() { printf 'Bail out! %s\n' "$*"; exit 1; }
finish() { printf '1..%d\n' "$N"; [[ $BAD -eq 0 ]]; }
