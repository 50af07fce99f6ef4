/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet: what a LOCAL_OUT skb says of itself. Headers only, never payload. */
#ifndef SNITCH_PACKET_H
#define SNITCH_PACKET_H

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/ip.h>

/**
 * union snitch_peer - the port spoken to, with what gives it a meaning
 * @family: AF_INET or AF_INET6
 * @proto: IP protocol
 * @dport: host order; 0 for protocols without ports
 * @word: all of it, to compare at once; its byte order is the machine's
 */
union snitch_peer {
	struct {
		u8 family;
		u8 proto;
		u16 dport;
	};
	u32 word;
};

#define SNITCH_PEER_LOOPBACK	0x80	/* no address family has this bit */

/* The same word without a way through memory, for the fast path. */
static __always_inline u32 snitch_peer_word(u8 family, u8 proto, u16 dport)
{
#ifdef __LITTLE_ENDIAN
	return family | proto << 8 | (u32)dport << 16;
#else
	return (u32)family << 24 | (u32)proto << 16 | dport;
#endif
}

/**
 * struct snitch_packet - the addresses of one packet
 * @saddr: source, v4 in the first four bytes
 * @daddr: destination
 * @seq: TCP sequence number, host order
 * @len: bytes, IP header included
 * @peer: port, protocol and family as one
 * @family: the part of @peer
 * @proto: the part of @peer
 * @dport: the part of @peer
 * @sport: host order; 0 for protocols without ports
 * @icmp_type: for ICMP and ICMPv6
 * @icmp_code: the same
 * @tcp_flags: byte 13 of the TCP header
 * @payload: TCP: the segment carries data
 * @headers: bytes of all headers, with those of TCP or UDP; 0 for other protocols
 * @unparsed: headers were cut, odd or a later fragment: ports are 0
 */
struct snitch_packet {
	union nf_inet_addr saddr;
	union nf_inet_addr daddr;
	u32 seq;
	u32 len;
	union {
		union snitch_peer peer;
		struct {
			u8 family;
			u8 proto;
			u16 dport;
		};
	};
	u16 sport;
	u16 headers;
	u8 icmp_type;
	u8 icmp_code;
	u8 tcp_flags;
	bool payload;
	bool unparsed;
} __aligned(8);		/* cleared for each packet, by words */

#define SNITCH_TCP_FIN	0x01
#define SNITCH_TCP_SYN	0x02
#define SNITCH_TCP_RST	0x04
#define SNITCH_TCP_ACK	0x10

#define SNITCH_PLAIN_V4	0x45	/* version 4, no options */

/**
 * snitch_packet_plain() - where a UDP packet without options goes
 * @skb: a packet at LOCAL_OUT
 * @v4: IPv4, else IPv6
 * @peer: gets the word of union snitch_peer
 * @daddr: gets the address inside the header
 *
 * The header, not the socket, says where: source routing and raw sockets send
 * elsewhere.
 *
 * Return: false: it is not that plain, see snitch_packet_parse(). Context: any.
 */
static __always_inline bool snitch_packet_plain(const struct sk_buff *skb, bool v4,
						u32 *peer, const void **daddr)
{
	const u8 *header = skb_network_header(skb);
	const __be16 *ports;
	u8 family, proto;

	if (v4) {
		const struct iphdr *iph = (const struct iphdr *)header;

		if (*header != SNITCH_PLAIN_V4 || iph->frag_off & htons(IP_OFFSET))
			return false;
		family = AF_INET;
		proto = iph->protocol;
		*daddr = &iph->daddr;
		ports = (const __be16 *)(iph + 1);
	} else {
		const struct ipv6hdr *ip6h = (const struct ipv6hdr *)header;

		family = AF_INET6;
		proto = ip6h->nexthdr;
		*daddr = &ip6h->daddr;
		ports = (const __be16 *)(ip6h + 1);
	}
	if (proto != IPPROTO_UDP || (const u8 *)(ports + 2) > skb_tail_pointer(skb))
		return false;
	*peer = snitch_peer_word(family, proto, ntohs(ports[1]));
	return true;
}

/* snitch_packet_is_error() - an ICMP error, which quotes another packet? */
static inline bool snitch_packet_is_error(const struct snitch_packet *p)
{
	return (p->proto == IPPROTO_ICMP && icmp_is_err(p->icmp_type)) ||
	       (p->proto == IPPROTO_ICMPV6 && icmpv6_is_err(p->icmp_type));
}

bool snitch_packet_quoted(const struct sk_buff *skb, u8 pf, struct snitch_packet *quoted);
bool snitch_packet_to_peer(const struct snitch_packet *p, const struct sock *sk);
void snitch_packet_parse(struct snitch_packet *p, const struct sk_buff *skb, u8 pf);
bool snitch_packet_source_is_ours(const struct sk_buff *skb, bool v4, struct net *net,
				  const struct net_device *dev);

#endif
