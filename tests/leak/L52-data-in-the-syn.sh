# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L52: TCP Fast Open puts data in the SYN: it waits as a whole.
. /snitch/leak/lib/leak.sh

cp $CURL $DIR/curl
leak_begin "allow $A any"
in_c sysctl -q -w net.ipv4.tcp_fastopen=1 net.ipv4.tcp_fastopen_blackhole_timeout_sec=0
in_f sysctl -q -w net.ipv4.tcp_fastopen=1027	# counts when a server begins to listen
in_f $FAR server tcp:86 --log $TMP/far &
wait_for 10 far_listens -t 86
for to in $F4 $F6; do
	in_c $A tfo $to 86 --data cookie --wait 3000 >/dev/null
	t_ok "a cookie is there, $to" eval "in_c ip tcp_metrics show $to | grep -q fo_cookie"
	url=http://$to:86/in-syn
	[[ $to != *:* ]] || url="http://[$to]:86/in-syn"
	held "curl --tcp-fastopen, $to" $DIR/curl tcp 86 $DIR/curl -s -m 10 --tcp-fastopen $url
	held "sendto(MSG_FASTOPEN), $to" $EVIL tcp 86 $EVIL tfo $to 86 --data leak --wait 2000
	held "TCP_FASTOPEN_CONNECT, $to" $EVIL tcp 86 $EVIL tfo $to 86 --connect --data leak --wait 2000
	t_ok "$to: nothing was read at the far end" eval "! far_got tcp 86 'leak|in-syn'"
	tell default allow
	before=$(in_f nstat -asz TcpExtTCPFastOpenPassive | awk '/Passive/ {print $2}')
	in_c $DIR/curl -s -m 3 --tcp-fastopen $url >/dev/null 2>&1
	t_cmp "curl's request would lie in the SYN, $to" \
		"$(in_f nstat -asz TcpExtTCPFastOpenPassive | awk '/Passive/ {print $2}')" -gt "$before"
	tell default hold
done
leak_done
