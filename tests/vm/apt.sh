# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the scripts that ask Debian's archive: any suite, from the machine's own mirror.
# Must never touch the machine's own package state: apt gets a state of its own.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# mirror SUITE: the mirror that the machine itself uses for a suite.
mirror() {
	local suite=$1 uri
	uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v s="$suite" '$1 == s {print $2; exit}')
	if [[ -z $uri ]]; then
		case $suite in
		*-security*) uri=http://deb.debian.org/debian-security ;;
		*) uri=http://deb.debian.org/debian ;;
		esac
	fi
	printf '%s\n' "$uri"
}

# private_apt TOOL ARGS...: apt with the state in $APT.
private_apt() {
	local tool=$1; shift
	"$tool" -q -o Dir::State="$APT/state" -o Dir::State::status="$APT/status" -o Dir::Cache="$APT/cache" \
		-o Dir::Etc::sourcelist="$APT/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null -o APT::Sandbox::User=root \
		-o Acquire::Retries=3 "$@"
}

# setup_apt NAME SUITES: sets $APT and asks the suites (joined by commas); messages go to $LOG.
setup_apt() {
	local suite
	APT=$CACHE/apt/$1
	mkdir -p "$APT"/{state/lists/partial,cache/archives/partial}
	: >"$APT/status"
	for suite in ${2//,/ }; do
		printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$(mirror "$suite")" "$suite"
	done >"$APT/sources.list"
	private_apt apt-get update >"$LOG" 2>&1
}

# kernel_abis: the ABI names of all kernels that $APT's suites have headers for, oldest first.
kernel_abis() {
	private_apt apt-cache pkgnames linux-headers- |
		sed -n -E 's/^linux-headers-([0-9][^-]*(-[0-9]+)?)-amd64$/\1/p' |
		grep -E '^[0-9]+\.[0-9]+(\.[0-9]+)*(-[0-9]+|\+deb[0-9.]+)?$' | sort -V
}

# series_of NAME ABI: which ABIs may stand in for a listed one, as an expression: those of its
# series; for the line named `newest`, all.
series_of() {
	[[ $1 != newest ]] || { printf '.*'; return; }
	sed -E 's/^([0-9]+)\.([0-9]+)\.0-[0-9]+$/\1\\.\2\\.0-[0-9]+/; t
		s/^([0-9]+)\.([0-9]+)\.[0-9.]+(\+deb[0-9]+).*/\1\\.\2\\.[0-9.]+\\\3[0-9.]*/' <<<"$2"
}
