# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2086,SC2154
# The 24 scenarios, in the order and with the aims of the benchmark that picosnitch publishes
# (github.com/elesiuta/picosnitch, bench/README.md); volumes are smaller. Run by guest.

begin s01 "TCP bulk download"
over tcp 5001
load tcp $F4 5001 --down $((8 * M)) --rate $RATE
end both

begin s02 "TCP bulk upload"
over tcp 5001
load tcp $F4 5001 --up $((8 * M)) --rate $RATE
end sent

begin s03 "TCP up and down at once"
over tcp 5001
load tcp $F4 5001 --up $((6 * M)) --rate $RATE &
other=$!
load tcp $F4 5001 --down $((6 * M)) --rate $RATE
wait $other
end both

begin s04 "UDP up and down at once"
over udp 5002
load udp $F4 5002 --up $((4 * M)) --size 1400 --rate $RATE &
other=$!
load udp $F4 5002 --down $((4 * M)) --size 1400 --rate $RATE
wait $other
end both

begin s05 "ICMP echo flood with payload"
over icmp
load icmp $F4 --up $((2 * M)) --size 1000
end both

begin s06 "UDP port 443 bulk"
over udp 443
load udp $F4 443 --up $((4 * M)) --size 1400 --rate $RATE
end sent

begin s07 "IPv6 TCP download"
over tcp 5001
load tcp $F6 5001 --down $((6 * M)) --rate $RATE
end both

begin s08 "SCTP download"
over sctp 5003
load sctp $F4 5003 --down $((4 * M)) --size 1400 --rate $RATE
end both

begin s09 "Small-packet flood, UDP port 53"
over udp 53
load udp $F4 53 --up $((4 * M)) --size 64 --rate $((2 * M))
end sent

begin s10 "Raw IP socket, protocol 253"
over 253
load raw $F4 253 --up $((4 * M)) --size 1400
end sent

begin s11 "20 short-lived processes"
over tcp 5001
for ((i = 0; i < 20; i++)); do load tcp $F4 5001 --up $((512 * K)); done
end sent

begin s12 "AF_PACKET frames"
over udp 5012
load packet $F4 5012 --up $((4 * M)) --size 1400 --dev vc
end sent

begin s13 "io_uring upload"
over tcp 5001
load tcp $F4 5001 --by uring --up $((8 * M)) --size 65536
end sent

begin s14 "sendfile() upload"
over tcp 5001
load tcp $F4 5001 --by sendfile --up $((8 * M)) --rate $RATE
end sent

begin s15 "sendmmsg() UDP"
over udp 5002
load udp $F4 5002 --by mmsg --up $((4 * M)) --size 1400 --rate $RATE
end sent

begin s16 "Loopback only"
over tcp 5016 c lo
load tcp 127.0.0.1 5016 --down $((6 * M)) --rate $RATE
end both

# The program's path exists in the container only.
begin s17 "Upload out of a container"
over tcp 5001
rm $PROG
container $PROG load tcp $F4 5001 --up $((6 * M)) --rate $RATE >>$TMP/load 2>&1
end sent

begin s18 "Low and slow upload"
over tcp 5001
load tcp $F4 5001 --up $((2 * M)) --size 4096 --rate $((128 * K))
end sent

begin s19 "60 small TCP connections"
over tcp 5001
load tcp $F4 5001 --up $((64 * K)) --connections 60 --rate $((2 * M))
end sent

begin s20 "Burst of 30 processes at once"
over tcp 5001
burst=()
for ((i = 0; i < 30; i++)); do
	load tcp $F4 5001 --up $((256 * K)) &
	burst+=($!)
done
wait "${burst[@]}"
end sent

begin s21 "io_uring download"
over tcp 5001
load tcp $F4 5001 --by uring --down $((8 * M))
end both

begin s22 "splice() download"
over tcp 5001
load tcp $F4 5001 --by splice --down $((8 * M)) --rate $RATE
end both

begin s23 "recvmmsg() UDP download"
over udp 5002
load udp $F4 5002 --by mmsg --down $((4 * M)) --size 1400 --rate $RATE
end both

begin s24 "IPv6 UDP download"
over udp 5002
load udp $F6 5002 --down $((4 * M)) --size 1400 --rate $RATE
end both
