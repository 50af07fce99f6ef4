// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packet: reads addresses and ports out of an skb. What cannot be read is
 * flagged, never guessed; payload is never touched.
 */
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>

#include "packet.h"

static __always_inline void packet_tcp(struct snitch_packet *p, const struct sk_buff *skb, int off,
				       const struct tcphdr *th)
{
	p->sport = ntohs(th->source);
	p->dport = ntohs(th->dest);
	p->seq = ntohl(th->seq);
	p->tcp_flags = ((const u8 *)th)[13];
	p->headers = off - skb_network_offset(skb) + th->doff * 4;
	p->payload = p->len > p->headers;
}

static __always_inline void packet_ports(struct snitch_packet *p, const struct sk_buff *skb,
					 int off, const __be16 *ports)
{
	p->sport = ntohs(ports[0]);
	p->dport = ntohs(ports[1]);
	if (p->proto == IPPROTO_UDP)
		p->headers = off - skb_network_offset(skb) + sizeof(struct udphdr);
}

/* How many bytes of its header tell what is to be known of it; 0: none. */
static __always_inline int packet_wants(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return 2 * sizeof(__be16);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2;
	}
	return 0;
}

/* @header: as many bytes as packet_wants(). */
static __always_inline void packet_header(struct snitch_packet *p, const struct sk_buff *skb,
					  int off, const void *header)
{
	switch (p->proto) {
	case IPPROTO_TCP:
		packet_tcp(p, skb, off, header);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p->icmp_type = ((const u8 *)header)[0];
		p->icmp_code = ((const u8 *)header)[1];
		break;
	default:
		packet_ports(p, skb, off, header);
	}
}

/* Apart, for few headers lie scattered, and room for a copy costs all others. */
static noinline void packet_scattered(struct snitch_packet *p, const struct sk_buff *skb, int off,
				      int wants)
{
	u8 copy[sizeof(struct tcphdr)] __aligned(4);

	if (skb_copy_bits(skb, off, copy, wants))
		p->unparsed = true;
	else
		packet_header(p, skb, off, copy);
}

static __always_inline void packet_transport(struct snitch_packet *p, const struct sk_buff *skb,
					     int off)
{
	const int wants = packet_wants(p->proto);

	if (!wants)
		return;
	if (likely(off + wants <= (int)skb_headlen(skb)))
		packet_header(p, skb, off, skb->data + off);
	else
		packet_scattered(p, skb, off, wants);
}

static __always_inline void packet_v4(struct snitch_packet *p, const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	p->family = AF_INET;
	p->saddr.ip = iph->saddr;
	p->daddr.ip = iph->daddr;
	p->proto = iph->protocol;
	if (iph->ihl < 5 || iph->frag_off & htons(IP_OFFSET)) {
		p->unparsed = true;
		return;
	}
	packet_transport(p, skb, skb_network_offset(skb) + ip_hdrlen(skb));
}

/* Apart, for what it keeps on its stack IPv4 has not. */
static noinline void packet_v6(struct snitch_packet *p, const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	u8 next = ip6h->nexthdr;
	__be16 frag = 0;
	int off;

	p->family = AF_INET6;
	p->saddr.in6 = ip6h->saddr;
	p->daddr.in6 = ip6h->daddr;
	off = ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(*ip6h), &next, &frag);
	p->proto = next;
	if (off < 0 || frag & htons(~0x7)) {
		p->unparsed = true;
		return;
	}
	packet_transport(p, skb, off);
}

/**
 * snitch_packet_to_peer() - does a packet go to the peer its socket is connected to?
 * @p: the packet
 * @sk: a full inet socket
 *
 * Context: any; without the socket's lock the answer may be old at once.
 */
bool snitch_packet_to_peer(const struct snitch_packet *p, const struct sock *sk)
{
	if (p->dport != ntohs(sk->sk_dport) || p->sport != sk->sk_num)
		return false;
	if (p->family == AF_INET)
		return p->daddr.ip == sk->sk_daddr;
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_addr_equal(&p->daddr.in6, &sk->sk_v6_daddr);
#else
	return false;
#endif
}

/**
 * snitch_packet_parse() - read the headers of a packet at LOCAL_OUT or LOCAL_IN
 * @p: filled whole
 * @skb: the packet; its network header is in place
 * @pf: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * Context: any.
 */
void snitch_packet_parse(struct snitch_packet *p, const struct sk_buff *skb, u8 pf)
{
	*p = (struct snitch_packet){ .len = skb->len };
	if (pf == NFPROTO_IPV4)
		packet_v4(p, skb);
	else
		packet_v6(p, skb);
}

/* Only the parts that tell one flow from another; anybody could have written them. */
static bool packet_quoted_ports(struct snitch_packet *q, const struct sk_buff *skb, int off)
{
	__be16 buf[2];
	const __be16 *ports;

	switch (q->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		ports = skb_header_pointer(skb, off, sizeof(buf), buf);
		if (!ports)
			return false;
		packet_ports(q, skb, off, ports);
	}
	return true;
}

static bool packet_quoted_v4(struct snitch_packet *q, const struct sk_buff *skb, int off)
{
	struct iphdr buf;
	const struct iphdr *iph = skb_header_pointer(skb, off, sizeof(buf), &buf);

	if (!iph || iph->version != 4 || iph->ihl < 5 || iph->frag_off & htons(IP_OFFSET))
		return false;
	q->family = AF_INET;
	q->proto = iph->protocol;
	q->saddr.ip = iph->saddr;
	q->daddr.ip = iph->daddr;
	return packet_quoted_ports(q, skb, off + iph->ihl * 4);
}

static bool packet_quoted_v6(struct snitch_packet *q, const struct sk_buff *skb, int off)
{
	struct ipv6hdr buf;
	const struct ipv6hdr *ip6h = skb_header_pointer(skb, off, sizeof(buf), &buf);
	__be16 frag = 0;
	u8 next;

	if (!ip6h || ip6h->version != 6)
		return false;
	q->family = AF_INET6;
	q->saddr.in6 = ip6h->saddr;
	q->daddr.in6 = ip6h->daddr;
	next = ip6h->nexthdr;
	off = ipv6_skip_exthdr(skb, off + sizeof(*ip6h), &next, &frag);
	q->proto = next;
	return off >= 0 && !(frag & htons(~0x7)) && packet_quoted_ports(q, skb, off);
}

/*
 * snitch_packet_quoted() - what does an ICMP error quote?
 * @skb: for which snitch_packet_is_error() is true
 * @quoted: filled whole
 *
 * Return: false: nothing that can be read. Context: any.
 */
bool snitch_packet_quoted(const struct sk_buff *skb, u8 pf, struct snitch_packet *quoted)
{
	u8 next;
	__be16 frag;
	int off;

	memset(quoted, 0, sizeof(*quoted));
	if (pf == NFPROTO_IPV4)
		return packet_quoted_v4(quoted, skb, skb_network_offset(skb) + ip_hdrlen(skb) +
					sizeof(struct icmphdr));
	next = ipv6_hdr(skb)->nexthdr;
	off = ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(struct ipv6hdr), &next, &frag);
	return off >= 0 && packet_quoted_v6(quoted, skb, off + sizeof(struct icmp6hdr));
}

/*
 * snitch_packet_source_is_ours() - is the source it names an address of this namespace?
 * @dev: where it leaves; a VRF has addresses of its own
 *
 * Headers can be made by hand, and sockets bound to any address. Context: any.
 */
bool snitch_packet_source_is_ours(const struct sk_buff *skb, bool v4, struct net *net,
				  const struct net_device *dev)
{
	if (v4) {
		const __be32 saddr = ip_hdr(skb)->saddr;

		return ipv4_is_loopback(saddr) ||
		       inet_addr_type_dev_table(net, dev, saddr) == RTN_LOCAL;
	}
#if IS_ENABLED(CONFIG_IPV6)
	/* Of loopback, link-local ones are on the other devices. */
	return ipv6_addr_loopback(&ipv6_hdr(skb)->saddr) ||
	       ipv6_chk_addr(net, &ipv6_hdr(skb)->saddr,
			     dev->flags & IFF_LOOPBACK ? NULL : dev, 0);
#else
	return false;
#endif
}
