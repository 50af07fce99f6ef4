/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet: what a LOCAL_OUT skb says of itself. Headers only, never payload. */
#ifndef SNITCH_PACKET_H
#define SNITCH_PACKET_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/types.h>

/**
 * struct snitch_packet - the addresses of one packet
 * @saddr: source, v4 in the first four bytes
 * @daddr: destination
 * @seq: TCP sequence number, host order
 * @len: bytes, IP header included
 * @sport: host order; 0 for protocols without ports
 * @dport: the same
 * @family: AF_INET or AF_INET6
 * @proto: IP protocol
 * @icmp_type: for ICMP and ICMPv6
 * @icmp_code: the same
 * @tcp_flags: byte 13 of the TCP header
 * @payload: TCP: the segment carries data
 * @unparsed: headers were cut, odd or a later fragment: ports are 0
 */
struct snitch_packet {
	union nf_inet_addr saddr;
	union nf_inet_addr daddr;
	u32 seq;
	u32 len;
	u16 sport;
	u16 dport;
	u8 family;
	u8 proto;
	u8 icmp_type;
	u8 icmp_code;
	u8 tcp_flags;
	bool payload;
	bool unparsed;
};

#define SNITCH_TCP_FIN	0x01
#define SNITCH_TCP_SYN	0x02
#define SNITCH_TCP_RST	0x04
#define SNITCH_TCP_ACK	0x10

void snitch_packet_parse(struct snitch_packet *p, const struct sk_buff *skb, u8 pf);

#endif
