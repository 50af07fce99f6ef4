# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L19: an allowed program loads a plug-in. It is that program to the kernel, a limit: it may where
# the program may and nowhere else, and what it sends is told.
. /snitch/leak/lib/leak.sh

OPENSSL=/usr/bin/openssl
# plugin PORT: openssl loads one that sends there.
plugin() {
	SPY_ADDRESS=$F4 SPY_PORT=$1 $OPENSSL engine dynamic -pre SO_PATH:/snitch/tools/spy.so -pre LOAD
}
export -f plugin
export OPENSSL F4
leak_begin "allow $OPENSSL any port 443"
way "to a port that the program may not" $OPENSSL udp 80 bash -c "plugin 80"
leak_observe
far_reset
in_c bash -c "plugin 443" >/dev/null 2>&1
t_some "limit: to one that it may: it goes out" udp 443
t_told "it is detected" udp 443 $OPENSSL
leak_done
