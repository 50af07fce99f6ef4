# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# A socket that is allowed to one place is dissolved and connected to another one.
. /snitch/leak/lib/leak.sh

leak_begin "allow $A any port 80"
for to in $F4 $F6 ::ffff:$F4; do
	for kind in "" --udp; do
		proto=tcp
		[[ -z $kind ]] || proto=udp
		: >$LOG
		far_reset
		go way $A reconnect $to 80 $to 81 --after 300 $kind
		t_seen "$proto, $to: the second place is a question" "$(flow_of $proto 81)"
		sleep 0.3
		t_none "$proto, $to: while it waits, 0 packets there" $proto 81
		tell deny all
		ended way
		t_none "$proto, $to: refused, 0 packets there" $proto 81
		t_cmp "$proto, $to: the first place was reached" "$(far_packets $proto 80)" -gt 0
	done
done
leak_done
