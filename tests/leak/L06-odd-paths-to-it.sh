# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L06: symbolic links, relative paths, dots and slashes: the file that runs counts, nothing else.
. /snitch/leak/lib/leak.sh

leak_begin
mkdir -p $DIR/usr/bin
ln -s $EVIL $DIR/usr/bin/curl
way "a symbolic link named curl" $EVIL tcp 80 $DIR/usr/bin/curl tcp $F4 80 --data leak
way "a relative path" $EVIL tcp 80 bash -c "cd $DIR/usr/bin && exec ./curl tcp $F4 80 --data leak"
way "dots" $EVIL tcp 80 /usr/bin/../..$EVIL tcp $F4 80 --data leak
way "double slashes" $EVIL tcp 80 //opt//leak/evil tcp $F4 80 --data leak
for path in /usr/bin/../../usr/bin/curl //usr//bin/./curl /bin/curl /proc/self/root/usr/bin/curl; do
	: >$LOG
	in_c $path -s -m 15 http://$F4$path >/dev/null 2>&1
	t_is "curl itself is curl by any path: $path" "$(count_seen '^FLOW')" 0
done
# A link in a rule is followed when the rule is loaded, not later.
ln -s $CURL $DIR/link
leak_policy "allow $DIR/link any"
ln -sfn $EVIL $DIR/link
way "a rule's link that leads elsewhere by now" $EVIL tcp 81 $DIR/link tcp $F4 81 --data leak
: >$LOG
in_c curl -s -m 15 http://$F4:81/linked >/dev/null 2>&1
t_is "the rule is for what it led to" "$(count_seen '^FLOW')" 0
leak_done
