# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2154
# What the cases of the torture's senders share: their programs, a far end of many addresses, the
# checker. After case.sh.
TORTURE=/run/torture

# torture_programs: p0 to p4 and a set-user-id one, on a file system of their own.
torture_programs() {
	local n
	mkdir -p $TORTURE
	mount -t tmpfs -o mode=777 torture $TORTURE
	mkdir $TORTURE/mnt
	for n in 0 1 2 3 4; do install -m 755 $A $TORTURE/p$n; done
	install -m 4755 -o 1000 $A $TORTURE/su
}

# torture_far: a destination is an address of its own at the far end, which notes who is sent to.
# Its errors would end connected sockets.
torture_far() {
	in_f ip route add local 10.78.0.0/16 dev lo
	in_f ip -6 route add local fd78::/64 dev lo
	in_f nft -f - <<-'END'
		table inet torture {
			set four { type ipv4_addr; size 65535; flags dynamic; }
			set six { type ipv6_addr; size 65535; flags dynamic; }
			chain in {
				type filter hook prerouting priority -430;
				iifname "vf" ip daddr 10.78.0.0/16 add @four { ip daddr }
				iifname "vf" ip6 daddr fd78::/64 add @six { ip6 daddr }
			}
			chain out {
				type filter hook output priority 0;
				icmp type destination-unreachable drop
				icmpv6 type destination-unreachable drop
			}
		}
	END
}

# arrived: the addresses that packets came to.
arrived() {
	in_f nft -j list table inet torture | jq -r '.nftables[].set? // empty | .elem // [] | .[]'
}

# check [TRUTH [LOG [ARRIVED]]]: the checker.
check() { awk -f /snitch/guest/torture.awk "${1:-$TMP/truth}" "${2:-$LOG}" "${3:-$TMP/arrived}"; }
