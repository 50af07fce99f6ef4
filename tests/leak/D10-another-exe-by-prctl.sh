# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# prctl(PR_SET_MM_MAP) in a user's own namespace: /proc/PID/exe says curl. It is disguised: no rule
# that allows is for it, not even its own.
. /snitch/leak/lib/leak.sh

leak_begin "allow $DIR/liar any"
cp $EVIL $DIR/liar
chmod 755 $DIR $DIR/liar
leak_policy "allow $DIR/liar any"
t_out "undisguised, it may" '^connect OK' "${USER1[@]}" $DIR/liar tcp $F4 80
for how in "" --udp "--fork 1" "--fork 2 --udp"; do
	proto=tcp
	[[ $how != *--udp* ]] || proto=udp
	way "disguised as curl $how" $DIR/liar $proto 80 \
		"${USER1[@]}" $DIR/liar disguise $CURL $F4 80 --wait 3000 $how
	t_seen "it is told as disguised $how" "^OWNER .*flags=0x[0-9a-f]*[4-7c-f] .*exe=$DIR/liar "
done
leak_done
