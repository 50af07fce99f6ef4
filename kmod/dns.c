// SPDX-License-Identifier: GPL-2.0-only
/*
 * DNS: questions are noted at LOCAL_OUT, answers found at LOCAL_IN, after NAT,
 * so that both have the addresses that the program sees. What does not fit is
 * counted and told as lost. Locks and lifetimes: dns.h.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/timekeeping.h>
#include <linux/udp.h>
#include <net/net_namespace.h>

#include "counter.h"
#include "dns.h"
#include "dnsshare.h"
#include "dnstcp.h"
#include "proto.h"

#define DNS_SETS	1024
#define DNS_WAYS	4
#define DNS_HEADER	12	/* bytes that every message has; the id is the first two */

/*
 * struct dns_asked - a question; the ways of a set are filled oldest first
 * @tag: hash of @key, not 0; 0: free
 * @when: CLOCK_BOOTTIME ns
 * @answers: that have come
 * @user: whom it counts against
 */
struct dns_asked {
	u32 tag;
	u32 answers;
	u32 uid;
	u32 user;
	u64 when;
	u64 image;
	struct snitch_dns_key key;
};

/* struct dns_copy - a message that is to be read; @msg goes on with @msg.len bytes */
struct dns_copy {
	struct list_head list;
	struct snitch_image *image;
	u64 id;
	struct snitch_dns msg;
};

DEFINE_STATIC_KEY_FALSE(snitch_dns_key);

static DEFINE_SPINLOCK(dns_lock);
static struct dns_asked (*dns_sets)[DNS_WAYS];	/* made once, freed at unload */
static u32 dns_seed __read_mostly;
static LIST_HEAD(dns_ring);
static unsigned int dns_ring_n, dns_ring_bytes;
static u64 dns_ids, dns_lost;
static unsigned long dns_told;		/* jiffies of the last LOST */
static unsigned long dns_said_since;	/* jiffies; with dns_said_n under dns_lock */
static unsigned int dns_said_n;
static struct snitch_file *dns_reader;

static_assert(sizeof(struct snitch_dns_key) == 2 * sizeof(union nf_inet_addr) + 12);

/* ---- packets ---- */

/* Where the transport header begins; 0: neither UDP nor TCP is at once behind the IP header. */
static unsigned int dns_transport(const struct sk_buff *skb, u8 pf, u8 *proto)
{
	const unsigned int off = skb_network_offset(skb);
	unsigned int len;

	if (pf == NFPROTO_IPV4) {
		if (ip_hdr(skb)->frag_off & htons(IP_OFFSET))
			return 0;
		*proto = ip_hdr(skb)->protocol;
		len = ip_hdr(skb)->ihl * 4;
	} else {
		*proto = ipv6_hdr(skb)->nexthdr;
		len = sizeof(struct ipv6hdr);
	}
	return *proto == IPPROTO_UDP || *proto == IPPROTO_TCP ? off + len : 0;
}

static void dns_addresses(struct snitch_dns_key *k, const struct sk_buff *skb, u8 pf, bool in)
{
	const struct ipv6hdr *ip6h;
	const struct iphdr *iph;

	if (pf == NFPROTO_IPV4) {
		iph = ip_hdr(skb);
		k->family = AF_INET;
		k->own.ip = in ? iph->daddr : iph->saddr;
		k->server.ip = in ? iph->saddr : iph->daddr;
	} else {
		ip6h = ipv6_hdr(skb);
		k->family = AF_INET6;
		k->own.in6 = in ? ip6h->daddr : ip6h->saddr;
		k->server.in6 = in ? ip6h->saddr : ip6h->daddr;
	}
}

static bool dns_view_udp(struct snitch_dns_view *v, const struct sk_buff *skb, unsigned int off)
{
	struct {
		struct udphdr udp;
		__be16 id;
	} __packed buf;
	const typeof(buf) *h = skb_header_pointer(skb, off, sizeof(buf), &buf);

	if (!h)
		return false;
	v->key.id = h->id;
	v->off = off + sizeof(struct udphdr);
	v->len = skb->len - v->off;
	if (ntohs(h->udp.len) >= sizeof(struct udphdr))
		v->len = min_t(unsigned int, v->len, ntohs(h->udp.len) - sizeof(struct udphdr));
	return v->len >= DNS_HEADER;
}

static bool dns_view_tcp(struct snitch_dns_view *v, const struct sk_buff *skb, unsigned int off)
{
	const struct tcphdr *th;
	struct tcphdr buf;

	th = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!th || th->syn || th->rst || !th->ack || th->doff * 4 < sizeof(*th) ||
	    off + th->doff * 4 >= skb->len)
		return false;
	v->seq = ntohl(th->seq);
	v->ack = ntohl(th->ack_seq);
	v->off = off + th->doff * 4;
	v->len = skb->len - v->off;
	return true;
}

static bool dns_view(struct snitch_dns_view *v, const struct sk_buff *skb, u8 pf, bool in,
		     u16 port)
{
	const __be16 *ports;
	unsigned int off;
	__be16 buf[2];
	u8 proto;

	off = dns_transport(skb, pf, &proto);
	if (!off)
		return false;
	ports = skb_header_pointer(skb, off, sizeof(buf), buf);
	if (!ports || ports[in ? 0 : 1] != htons(port))
		return false;
	memset(v, 0, sizeof(*v));
	dns_addresses(&v->key, skb, pf, in);
	v->port = port;
	v->key.proto = proto;
	v->key.own_port = ntohs(ports[in ? 1 : 0]);
	return proto == IPPROTO_UDP ? dns_view_udp(v, skb, off) : dns_view_tcp(v, skb, off);
}

/**
 * snitch_dns_view() - what a packet has for a name server, or from one
 * @v: filled, but for what the caller knows alone: key.netns and offset
 * @skb: at LOCAL_OUT or LOCAL_IN
 * @pf: its family
 * @in: LOCAL_IN
 *
 * Return: false: nothing. Context: any.
 */
bool snitch_dns_view(struct snitch_dns_view *v, const struct sk_buff *skb, u8 pf, bool in)
{
	return dns_view(v, skb, pf, in, SNITCH_DNS_PORT);
}

/* ---- questions ---- */

/** snitch_dns_tag() - hash of a key, never 0; any context while there is a reader */
u32 snitch_dns_tag(const struct snitch_dns_key *k)
{
	return jhash(k, sizeof(*k), dns_seed) | 1;
}

static struct dns_asked *dns_set(u32 tag)
{
	return dns_sets[(tag >> 1) % DNS_SETS];
}

/* A hint, without the lock: most of what nobody asked for ends here. */
static bool dns_may_be_asked(u32 tag)
{
	const struct dns_asked *set = dns_set(tag);
	unsigned int i;

	for (i = 0; i < DNS_WAYS; i++)
		if (READ_ONCE(set[i].tag) == tag)
			return true;
	return false;
}

static struct dns_asked *dns_find(const struct snitch_dns_key *k, u32 tag)
{
	struct dns_asked *set = dns_set(tag);
	unsigned int i;

	lockdep_assert_held(&dns_lock);
	for (i = 0; i < DNS_WAYS; i++)
		if (set[i].tag == tag && !memcmp(&set[i].key, k, sizeof(*k)))
			return &set[i];
	return NULL;
}

/* The place of a question: its own, or the oldest of those that can be spared best. */
static struct dns_asked *dns_place(const struct snitch_dns_key *k, u32 tag, u32 user)
{
	struct dns_asked *set = dns_set(tag), *a = dns_find(k, tag), *w;
	const u64 now = ktime_get_boottime_ns();
	unsigned int rank, best = 0;

	if (a)
		return a;
	for (w = set; w < set + DNS_WAYS; w++) {
		rank = snitch_dns_spare(w->tag, w->when, w->user, now, user);
		if (rank > best || (rank == best && w->when < a->when)) {
			best = rank;
			a = w;
		}
	}
	return a;
}

/* ---- the ring ---- */

static struct dns_copy *dns_copy(const struct sk_buff *skb, const struct snitch_dns_view *v,
				 struct snitch_image *image, u32 uid, u32 flags)
{
	const size_t size = snitch_proto_dns_size(v->len);
	struct dns_copy *c;
	u8 *bytes;

	if (v->len > SNITCH_DNS_MAX)
		return NULL;
	c = kzalloc(offsetof(struct dns_copy, msg) + size, GFP_ATOMIC | __GFP_NOWARN);
	if (!c)
		return NULL;
	bytes = (u8 *)(&c->msg + 1);
	if (skb_copy_bits(skb, v->off, bytes, v->len)) {
		kfree(c);
		return NULL;
	}
	snitch_proto_hdr(&c->msg.hdr, SNITCH_MSG_DNS, size, image->id);
	c->image = snitch_image_get(image);
	c->msg.netns = v->key.netns;
	c->msg.uid = uid;
	c->msg.flags = flags;
	c->msg.len = v->len;
	c->msg.family = v->key.family;
	c->msg.proto = v->key.proto;
	c->msg.own_port = v->key.own_port;
	c->msg.server_port = v->port;
	c->msg.offset = v->offset;
	memcpy(c->msg.own, &v->key.own, sizeof(c->msg.own));
	memcpy(c->msg.server, &v->key.server, sizeof(c->msg.server));
	return c;
}

static void dns_free(struct dns_copy *c)
{
	if (!c)
		return;
	snitch_image_put(c->image);
	kfree(c);
}

static void dns_count_lost(void)
{
	lockdep_assert_held(&dns_lock);
	dns_lost++;
	snitch_count(SNITCH_C_DNS_LOST);
}

/* True: it is the ring's now. */
static bool dns_push(struct dns_copy *c)
{
	const u32 size = c->msg.hdr.size;

	lockdep_assert_held(&dns_lock);
	if (!dns_reader)
		return false;
	if (dns_ring_n >= SNITCH_DNS_RING || dns_ring_bytes + size > SNITCH_DNS_RING_BYTES ||
	    !snitch_dnsshare_room(c->image, size)) {
		dns_count_lost();
		return false;
	}
	c->id = ++dns_ids;
	c->msg.when = ktime_get_boottime_ns();	/* the ring's order is that of time */
	snitch_dnsshare_add(c->image, size);
	dns_ring_n++;
	dns_ring_bytes += size;
	list_add_tail(&c->list, &dns_ring);
	snitch_count(SNITCH_C_DNS);
	wake_up_interruptible(&dns_reader->wait);
	return true;
}

/* Off the ring; dns_free() follows without the lock. */
static void dns_unlink(struct dns_copy *c)
{
	lockdep_assert_held(&dns_lock);
	list_del(&c->list);
	snitch_dnsshare_sub(c->image, c->msg.hdr.size);
	dns_ring_n--;
	dns_ring_bytes -= c->msg.hdr.size;
}

/**
 * snitch_dns_push() - copy a message, or what a segment has of one, for the reader
 * @skb: the packet
 * @v: what of it
 * @image: who asked
 * @uid: its effective one
 * @flags: SNITCH_D_*; questions have a rate
 *
 * Return: false: it does not fit, and is counted as lost. Context: any.
 */
bool snitch_dns_push(const struct sk_buff *skb, const struct snitch_dns_view *v,
		     struct snitch_image *image, u32 uid, u32 flags)
{
	struct dns_copy *c = dns_copy(skb, v, image, uid, flags);
	bool mine = false;

	spin_lock_bh(&dns_lock);
	if (!c || (!(flags & SNITCH_D_ANSWER) && snitch_dnsshare_over_rate(image)))
		dns_count_lost();
	else
		mine = dns_push(c);
	spin_unlock_bh(&dns_lock);
	if (!mine)
		dns_free(c);
	return mine;
}

/* ---- on the way out ---- */

/**
 * snitch_dns_question() - a task sends to a name server
 * @skb: at LOCAL_OUT, UDP to port 53
 * @pf: its family
 * @image: who sends
 * @uid: effective, of the sender
 * @netns: inode number
 *
 * Whatever becomes of the packet: an answer can only come to one that went.
 *
 * Context: the hook's.
 */
void snitch_dns_question(const struct sk_buff *skb, u8 pf, struct snitch_image *image,
			 u32 uid, u32 netns)
{
	struct snitch_dns_view v;
	struct dns_asked *a;
	u32 tag;

	if (!snitch_dns_view(&v, skb, pf, false))
		return;
	v.key.netns = netns;
	tag = snitch_dns_tag(&v.key);
	if (!snitch_dns_push(skb, &v, image, uid, 0))
		return;
	spin_lock_bh(&dns_lock);
	a = dns_place(&v.key, tag, image->quota->uid);
	a->key = v.key;
	a->when = ktime_get_boottime_ns();
	a->image = image->id;
	a->uid = uid;
	a->user = image->quota->uid;
	a->answers = 0;
	WRITE_ONCE(a->tag, tag);
	spin_unlock_bh(&dns_lock);
}

/* ---- on the way in ---- */

/* The image that asked, with a reference, or NULL: nobody did, or it is gone. */
static struct snitch_image *dns_asker(const struct snitch_dns_key *k, u32 tag, u32 *uid)
{
	struct snitch_image *image = NULL;
	struct dns_asked *a;

	spin_lock_bh(&dns_lock);
	a = dns_find(k, tag);
	if (a && ktime_get_boottime_ns() - a->when <= SNITCH_DNS_LIFE) {
		image = snitch_image_find(a->image);
		*uid = a->uid;
		if (++a->answers >= SNITCH_DNS_ANSWERS)
			WRITE_ONCE(a->tag, 0);
	}
	spin_unlock_bh(&dns_lock);
	return image;
}

static void dns_came(const struct sk_buff *skb, const struct snitch_dns_view *v)
{
	const u32 tag = snitch_dns_tag(&v->key);
	struct snitch_image *image;
	u32 uid;

	if (!dns_may_be_asked(tag))
		return;
	image = dns_asker(&v->key, tag, &uid);
	if (!image)
		return;
	snitch_dns_push(skb, v, image, uid, SNITCH_D_ANSWER);
	snitch_image_put(image);
}

/* ---- said to a group ---- */

/* The group of multicast DNS, as the address that a packet came to. */
static bool dns_is_group(const struct snitch_dns_key *k)
{
	static const struct in6_addr group = { .s6_addr = { 0xff, 0x02, [15] = 0xfb } };

	return k->family == AF_INET ? k->own.ip == htonl(0xe00000fb)
				    : ipv6_addr_equal(&k->own.in6, &group);
}

/* Anybody nearby may say what they like as often as they like: no more is listened to. */
static bool dns_said_too_much(void)
{
	bool much;

	spin_lock_bh(&dns_lock);
	if (time_after(jiffies, dns_said_since + HZ)) {
		dns_said_since = jiffies;
		dns_said_n = 0;
	}
	much = ++dns_said_n > SNITCH_MDNS_RATE;
	spin_unlock_bh(&dns_lock);
	return much;
}

/* Nobody in particular asked, so it is the kernel's. */
static void dns_said(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct snitch_dns_view v;
	struct snitch_image *image;

	if (!dns_view(&v, skb, state->pf, true, SNITCH_MDNS_PORT) ||
	    v.key.proto != IPPROTO_UDP || v.key.own_port != SNITCH_MDNS_PORT ||
	    !dns_is_group(&v.key) || dns_said_too_much())
		return;
	image = snitch_image_kernel(SNITCH_K_OTHER);
	v.key.netns = state->net->ns.inum;
	snitch_dns_push(skb, &v, image, 0, SNITCH_D_ANSWER | SNITCH_D_GROUP);
	snitch_image_put(image);
}

/* Raw sockets put any source into a header; what comes of it to this machine itself comes by
 * loopback, where only this machine's own addresses answer.
 */
static bool dns_forged(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return state->in->flags & IFF_LOOPBACK &&
	       !snitch_packet_source_is_ours(skb, state->pf == NFPROTO_IPV4, state->net, state->in);
}

/* NF_INET_LOCAL_IN, after everything else: what others refuse teaches nothing. */
static unsigned int dns_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct snitch_dns_view v;

	if (dns_forged(skb, state))
		return NF_ACCEPT;
	if (snitch_dns_view(&v, skb, state->pf, true)) {
		v.key.netns = state->net->ns.inum;
		if (v.key.proto == IPPROTO_TCP)
			snitch_dnstcp_came(skb, &v);
		else
			dns_came(skb, &v);
	} else if (skb->pkt_type == PACKET_MULTICAST) {
		dns_said(skb, state);
	}
	return NF_ACCEPT;
}

static const struct nf_hook_ops dns_hooks[] = {
	{
		.hook		= dns_hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP_PRI_LAST,
	},
	{
		.hook		= dns_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP6_PRI_LAST,
	},
};

static int __net_init dns_start_net(struct net *net)
{
	return nf_register_net_hooks(net, dns_hooks, ARRAY_SIZE(dns_hooks));
}

static void __net_exit dns_stop_net(struct net *net)
{
	nf_unregister_net_hooks(net, dns_hooks, ARRAY_SIZE(dns_hooks));
}

static struct pernet_operations dns_net_ops = {
	.init		= dns_start_net,
	.pre_exit	= dns_stop_net,
};

/* ---- the reader ---- */

static void dns_read_by(struct snitch_file *f)
{
	struct dns_copy *c, *next;
	LIST_HEAD(dropped);

	spin_lock_bh(&dns_lock);
	dns_reader = f;
	dns_lost = 0;
	list_for_each_entry_safe(c, next, &dns_ring, list) {
		dns_unlink(c);
		list_add_tail(&c->list, &dropped);
	}
	spin_unlock_bh(&dns_lock);
	list_for_each_entry_safe(c, next, &dropped, list)
		dns_free(c);
}

int snitch_dns_attach(struct snitch_file *f)
{
	int err;

	if (!dns_sets) {
		get_random_bytes(&dns_seed, sizeof(dns_seed));
		dns_sets = kvcalloc(DNS_SETS, sizeof(*dns_sets), GFP_KERNEL);
		if (!dns_sets)
			return -ENOMEM;
	}
	err = snitch_dnstcp_init();
	if (err)
		return err;
	err = register_pernet_subsys(&dns_net_ops);
	if (err)
		return err;
	dns_read_by(f);
	static_branch_enable(&snitch_dns_key);
	return 0;
}

void snitch_dns_detach(struct snitch_file *f)
{
	if (!f || READ_ONCE(dns_reader) != f)
		return;
	static_branch_disable(&snitch_dns_key);
	unregister_pernet_subsys(&dns_net_ops);
	dns_read_by(NULL);
}

/** snitch_dns_exit() - no hook of ours is left, and nobody reads */
void snitch_dns_exit(void)
{
	snitch_dnstcp_exit();
	kvfree(dns_sets);
}

/* Once a second: who floods makes no flood of messages about it. */
static bool dns_tells_lost(void)
{
	lockdep_assert_held(&dns_lock);
	return dns_lost && time_after(jiffies, dns_told + HZ);
}

bool snitch_dns_before(const struct snitch_file *f, u64 when)
{
	const struct dns_copy *c;
	bool before;

	if (READ_ONCE(dns_reader) != f)
		return false;
	spin_lock_bh(&dns_lock);
	c = list_first_entry_or_null(&dns_ring, struct dns_copy, list);
	before = dns_reader == f && (dns_tells_lost() || (c && c->msg.when <= when));
	spin_unlock_bh(&dns_lock);
	return before;
}

/**
 * snitch_dns_peek() - the oldest message, or how many were lost
 * @f: the reader
 * @buf: gets DNS or LOST; SNITCH_READ_MIN bytes
 * @id: gets what snitch_dns_drop() wants, when it has been read
 *
 * Return: the image of a DNS message, with a reference; NULL: @buf has LOST, or
 * there is nothing, and its type is 0.
 */
struct snitch_image *snitch_dns_peek(const struct snitch_file *f, void *buf, u64 *id)
{
	struct snitch_image *image = NULL;
	struct snitch_lost *lost = buf;
	const struct dns_copy *c;

	memset(lost, 0, sizeof(*lost));
	*id = 0;
	spin_lock_bh(&dns_lock);
	c = list_first_entry_or_null(&dns_ring, struct dns_copy, list);
	if (dns_reader == f && dns_tells_lost()) {
		snitch_proto_hdr(&lost->hdr, SNITCH_MSG_LOST, sizeof(*lost), 0);
		lost->dns = dns_lost;
	} else if (dns_reader == f && c) {
		memcpy(buf, &c->msg, c->msg.hdr.size);
		image = snitch_image_get(c->image);
		*id = c->id;
	}
	spin_unlock_bh(&dns_lock);
	return image;
}

/**
 * snitch_dns_drop() - a message was read
 * @id: which; 0: LOST
 * @lost: of LOST: how many it told
 */
void snitch_dns_drop(u64 id, u64 lost)
{
	struct dns_copy *c;

	spin_lock_bh(&dns_lock);
	c = list_first_entry_or_null(&dns_ring, struct dns_copy, list);
	if (!id) {
		dns_lost -= min(dns_lost, lost);
		dns_told = jiffies;
	}
	if (id && c && c->id == id)
		dns_unlink(c);
	else
		c = NULL;
	spin_unlock_bh(&dns_lock);
	dns_free(c);
}
