# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L35: names looked up past the configured resolvers: plain, by TLS, by HTTPS, by QUIC's ports.
. /snitch/leak/lib/leak.sh

leak_begin
dig="dig +tries=1 +time=8 +noedns"
way "UDP 53" /usr/bin/dig udp 53 $dig @$F4 leak.example
way "UDP 53, IPv6" /usr/bin/dig udp 53 $dig @$F6 leak.example
way "TCP 53" /usr/bin/dig tcp 53 $dig +tcp @$F4 leak.example
way "DNS over TLS" /usr/bin/openssl tcp 853 openssl s_client -connect $F4:853
way "DNS over HTTPS" /usr/bin/wget tcp 443 wget -q -T 10 -t 1 -O - https://$F4/dns-query
way "DNS over QUIC" $EVIL udp 853 $EVIL udp $F4 853 --size 1200
way "HTTP/3" $EVIL udp 443 $EVIL udp $F6 443 --size 1200
# What curl may do on one port is not for its lookups on another.
way "the allowed program's own DNS over HTTPS" $CURL tcp 443 $CURL -s -m 10 --doh-url https://$F4/q http://leak.example/
leak_done
