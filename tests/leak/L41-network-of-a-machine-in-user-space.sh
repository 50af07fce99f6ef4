# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L41: a program that is a virtual machine's network reads frames from a device and sends them on by
# its own sockets, as QEMU's user and socket networks do: they are that program's.
. /snitch/leak/lib/leak.sh

cp /usr/bin/socat $DIR/machine
modprobe -q tun
mkdir -p /dev/net
[[ -c /dev/net/tun ]] || mknod /dev/net/tun c 10 200
leak_begin
# What the device's own network says of itself (neighbours, groups) is a frame from the machine.
way "frames in datagrams" $DIR/machine udp 80 $DIR/machine TUN:10.79.0.1/24,tun-type=tap,iff-up UDP:$F4:80
way "frames in a stream" $DIR/machine tcp 81 $DIR/machine TUN:10.79.0.1/24,tun-type=tap,iff-up TCP:$F4:81
leak_done
