// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reply: who spoke to which UDP socket, noted at LOCAL_IN and asked for at
 * LOCAL_OUT. Whatever is not found here is only asked about. Locks and
 * lifetimes: reply.h; where the hooks are registered: bound.c.
 */
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/netfilter.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <net/addrconf.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp.h>

#include "counter.h"
#include "flow.h"
#include "netns.h"
#include "owner.h"
#include "reply.h"

#define REPLY_BITS	12
#define REPLY_SOCK_BITS	8
#define REPLY_FRESH	(HZ / 10)	/* a socket is not looked up again before */
#define REPLY_SETTLE	(2 * HZ)	/* what came before the hooks is answered by then */
#define REPLY_REAP	(30 * HZ)

/* struct reply_key - from the socket's side; of an IPv4 address the rest is 0 */
struct reply_key {
	const struct net *net;
	union nf_inet_addr own;
	union nf_inet_addr peer;
	union {
		struct {
			u16 own_port;
			u16 peer_port;
		};
		u32 ports;
	};
	u32 family;
};

/* struct reply_sock - the share of one socket; all under reply_lock */
struct reply_sock {
	struct hlist_node node;
	u64 cookie;
	struct list_head entries;	/* oldest first */
	unsigned int n;
};

/*
 * struct reply - one peer of one socket
 * @seen: jiffies of the last packet that came, or of the socket's first word
 * @cookie: of the socket
 * @spoke_first: the socket did: it gets nothing from this entry
 * @answered: by @exe and @uid
 */
struct reply {
	struct hlist_node node;
	struct reply_key key;
	u64 cookie;
	unsigned long seen;
	bool spoke_first;
	bool answered;
	u32 uid;
	struct snitch_exe exe;
	struct reply_sock *sock;
	struct snitch_reply_net *rn;
	struct list_head of_sock;
	struct list_head of_net;
	struct list_head of_all;
	struct rcu_head rcu;
};

static struct kmem_cache *reply_slab;
static struct hlist_head *reply_table __read_mostly;
static struct hlist_head reply_socks[1 << REPLY_SOCK_BITS];
/* Odd, and nobody outside knows it: nobody can fill a bucket on purpose. */
static u64 reply_factor __read_mostly;
static LIST_HEAD(reply_all);		/* oldest first, with reply_count under reply_lock */
static unsigned int reply_count;
static DEFINE_SPINLOCK(reply_lock);

static void reply_reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(reply_reaper, reply_reap);

/* Multiply and shift: few instructions, for each packet that comes pays them. */
static __always_inline struct hlist_head *reply_bucket(const struct reply_key *k)
{
	u64 x = (u64)k->peer.all[0] << 32 | k->ports;

	x ^= (unsigned long)k->net >> 6;
	if (k->family != AF_INET)
		x ^= (u64)jhash2(k->own.all, 8, reply_factor) << 16;	/* and the peer */
	return &reply_table[x * reply_factor >> (64 - REPLY_BITS)];
}

static __always_inline bool reply_is(const struct reply *e, const struct reply_key *k)
{
	if (e->key.ports != k->ports || e->key.net != k->net || e->key.family != k->family)
		return false;
	if (k->family == AF_INET)
		return e->key.peer.ip == k->peer.ip && e->key.own.ip == k->own.ip;
	return ipv6_addr_equal(&e->key.peer.in6, &k->peer.in6) &&
	       ipv6_addr_equal(&e->key.own.in6, &k->own.in6);
}

static __always_inline struct reply *reply_find(const struct reply_key *k)
{
	struct reply *e;

	hlist_for_each_entry_rcu(e, reply_bucket(k), node, lockdep_is_held(&reply_lock))
		if (reply_is(e, k))
			return e;
	return NULL;
}

static bool reply_older(const struct reply *e, unsigned long age)
{
	return time_after(jiffies, READ_ONCE(e->seen) + age);
}

/* ---- shares and bounds ---- */

static struct reply_sock *reply_sock(u64 cookie)
{
	struct hlist_head *bucket = &reply_socks[hash_64(cookie, REPLY_SOCK_BITS)];
	struct reply_sock *s;

	lockdep_assert_held(&reply_lock);
	hlist_for_each_entry(s, bucket, node)
		if (s->cookie == cookie)
			return s;
	s = kzalloc(sizeof(*s), GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->cookie = cookie;
	INIT_LIST_HEAD(&s->entries);
	hlist_add_head(&s->node, bucket);
	return s;
}

static void reply_sock_done(struct reply_sock *s)
{
	if (s->n)
		return;
	hlist_del(&s->node);
	kfree(s);
}

static void reply_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(reply_slab, container_of(rcu, struct reply, rcu));
}

static void reply_unlink(struct reply *e)
{
	lockdep_assert_held(&reply_lock);
	hlist_del_rcu(&e->node);
	list_del(&e->of_sock);
	list_del(&e->of_net);
	list_del(&e->of_all);
	e->rn->n--;
	e->sock->n--;
	reply_count--;
	reply_sock_done(e->sock);
	call_rcu(&e->rcu, reply_free_rcu);
}

/* Over a bound the oldest goes: mostly it has had its answer. */
static void reply_evict(struct reply *e)
{
	if (!e->spoke_first && !reply_older(e, SNITCH_REPLY_LIFE))
		snitch_count(SNITCH_C_REPLIES_FULL);
	reply_unlink(e);
}

static void reply_link(struct reply *e, struct reply_sock *s, struct snitch_reply_net *rn)
{
	lockdep_assert_held(&reply_lock);
	s->n++;			/* first: it must not go with an entry evicted here */
	if (s->n > SNITCH_REPLIES_SOCK_MAX)
		reply_evict(list_first_entry(&s->entries, struct reply, of_sock));
	if (rn->n >= SNITCH_REPLIES_NET_MAX)
		reply_evict(list_first_entry(&rn->entries, struct reply, of_net));
	if (reply_count >= SNITCH_REPLIES_MAX)
		reply_evict(list_first_entry(&reply_all, struct reply, of_all));
	e->sock = s;
	e->rn = rn;
	list_add_tail(&e->of_sock, &s->entries);
	list_add_tail(&e->of_net, &rn->entries);
	list_add_tail(&e->of_all, &reply_all);
	rn->n++;
	reply_count++;
	hlist_add_head_rcu(&e->node, reply_bucket(&e->key));
}

/*
 * reply_note() - the pair has begun to talk, or does so with another socket
 *
 * Without memory there is no entry, and what is sent is asked about.
 */
static void reply_note(const struct reply_key *k, u64 cookie, bool spoke_first)
{
	struct snitch_reply_net *rn = &snitch_net((struct net *)k->net)->reply;
	struct reply *e = kmem_cache_zalloc(reply_slab, GFP_ATOMIC | __GFP_NOWARN), *old;
	struct reply_sock *s;

	if (!e) {
		snitch_count(SNITCH_C_NOMEM);
		return;
	}
	e->key = *k;
	e->cookie = cookie;
	e->spoke_first = spoke_first;
	e->seen = jiffies;
	spin_lock_bh(&reply_lock);
	old = reply_find(k);
	if (old && old->cookie == cookie && !reply_older(old, SNITCH_REPLY_KEEP)) {
		/* Another packet was quicker: who spoke first stands already. */
		spin_unlock_bh(&reply_lock);
		kmem_cache_free(reply_slab, e);
		return;
	}
	if (old)
		reply_unlink(old);
	s = reply_sock(cookie);
	if (s)
		reply_link(e, s, rn);
	spin_unlock_bh(&reply_lock);
	if (!s) {
		snitch_count(SNITCH_C_NOMEM);
		kmem_cache_free(reply_slab, e);
	} else if (!delayed_work_pending(&reply_reaper)) {
		queue_delayed_work(system_unbound_wq, &reply_reaper, REPLY_REAP);
	}
}

/* ---- what came in ---- */

static void reply_key(struct reply_key *k, const struct net *net, const struct snitch_packet *p,
		      bool in)
{
	memset(k, 0, sizeof(*k));
	k->net = net;
	k->own = in ? p->daddr : p->saddr;
	k->peer = in ? p->saddr : p->daddr;
	k->own_port = in ? p->dport : p->sport;
	k->peer_port = in ? p->sport : p->dport;
	k->family = p->family;
}

/* The key of an IPv4 datagram without options, which nearly all are; else false. */
static __always_inline bool reply_key_plain(struct reply_key *k, const struct net *net,
					    const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const __be16 *ports = (const __be16 *)(iph + 1);

	if (*(const u8 *)iph != SNITCH_PLAIN_V4 || iph->frag_off & htons(IP_OFFSET) ||
	    (const u8 *)(ports + 2) > skb_tail_pointer(skb))
		return false;
	memset(k, 0, sizeof(*k));
	k->net = net;
	k->own.ip = iph->daddr;
	k->peer.ip = iph->saddr;
	k->own_port = ntohs(ports[1]);
	k->peer_port = ntohs(ports[0]);
	k->family = AF_INET;
	return true;
}

/* A user's UDP socket whose port was asked for by number? Ours are chosen by the kernel. */
static bool reply_is_server(const struct sock *sk, const struct reply_key *k)
{
	return sk_fullsock(sk) && sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP &&
	       !sk->sk_kern_sock && sk->sk_userlocks & SOCK_BINDPORT_LOCK &&
	       sk->sk_num == k->own_port && net_eq(sock_net(sk), k->net);
}

static struct sock *reply_lookup(struct sk_buff *skb, const struct reply_key *k)
{
	struct net *net = (struct net *)k->net;

#if IS_ENABLED(CONFIG_IPV6)
	if (k->family == AF_INET6)
		return udp6_lib_lookup(net, &k->peer.in6, htons(k->peer_port), &k->own.in6,
				       htons(k->own_port), inet6_iif(skb));
#endif
	return udp4_lib_lookup(net, k->peer.ip, htons(k->peer_port), k->own.ip,
			       htons(k->own_port), inet_iif(skb));
}

/* The cookie of the server that gets this packet, or 0. */
static u64 reply_server(struct sk_buff *skb, const struct reply_key *k)
{
	struct sock *sk = skb->sk;
	u64 cookie = 0;

	if (sk)			/* found on its way here, and kept by that */
		return reply_is_server(sk, k) ? snitch_cookie(sk) : 0;
	sk = reply_lookup(skb, k);
	if (!sk)
		return 0;
	if (reply_is_server(sk, k))
		cookie = snitch_cookie(sk);
	sock_put(sk);
	return cookie;
}

/* An address of this namespace, by whatever device: that is no other end. */
static bool reply_peer_is_local(const struct reply_key *k)
{
	struct net *net = (struct net *)k->net;

#if IS_ENABLED(CONFIG_IPV6)
	if (k->family == AF_INET6)
		return ipv6_chk_addr(net, &k->peer.in6, NULL, 0);
#endif
	return __ip_dev_find(net, k->peer.ip, false);
}

/* The socket was let send there before, by a rule or a verdict. */
static bool reply_allowed_before(const struct reply_key *k, u64 cookie)
{
	const struct snitch_flow_key key = {
		.cookie = cookie,
		.daddr = &k->peer,
		.peer = { .family = k->family, .proto = IPPROTO_UDP, .dport = k->peer_port },
	};
	const struct snitch_flow *f = snitch_flow_find(&key);

	return f && !(f->flags & SNITCH_FLOW_REPLY);
}

/* A datagram for this host alone, from another one, as far as the packet tells. */
static bool reply_may_be_request(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct rtable *rt;

	if (skb->pkt_type != PACKET_HOST || state->in->flags & IFF_LOOPBACK)
		return false;
	if (state->pf == NFPROTO_IPV4) {
		rt = skb_rtable(skb);
		return ip_hdr(skb)->protocol == IPPROTO_UDP && rt && rt->rt_type == RTN_LOCAL;
	}
	return ipv6_hdr(skb)->nexthdr != IPPROTO_TCP &&
	       ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6 &&
	       !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

static void reply_came(struct sk_buff *skb, const struct reply_key *k)
{
	struct reply *e = reply_find(k);
	u64 cookie;

	if (e && !reply_older(e, REPLY_FRESH))
		return;
	cookie = reply_server(skb, k);
	if (!cookie)
		return;
	if (e && e->cookie == cookie && !reply_older(e, SNITCH_REPLY_KEEP)) {
		if (!e->spoke_first || reply_allowed_before(k, cookie))
			WRITE_ONCE(e->seen, jiffies);
	} else if (!reply_peer_is_local(k)) {
		reply_note(k, cookie, reply_allowed_before(k, cookie));
	}
}

/*
 * snitch_reply_hook() - NF_INET_LOCAL_IN, IPv4 and IPv6, where a UDP socket is bound
 *
 * Notes also while nothing is judged: a server must not be asked about those it
 * talks to already when that begins.
 *
 * Return: NF_ACCEPT. Context: softirq, under rcu_read_lock().
 */
unsigned int snitch_reply_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct snitch_packet p;
	struct reply_key k;

	if (!reply_may_be_request(skb, state))
		return NF_ACCEPT;
	if (state->pf == NFPROTO_IPV4 && reply_key_plain(&k, state->net, skb)) {
		reply_came(skb, &k);
		return NF_ACCEPT;
	}
	snitch_packet_parse(&p, skb, state->pf);
	if (p.proto == IPPROTO_UDP && !p.unparsed) {
		reply_key(&k, state->net, &p, true);
		reply_came(skb, &k);
	}
	return NF_ACCEPT;
}

/* ---- what goes out ---- */

/* Whoever answers first is the one who may: another program on the socket is asked about. */
static bool reply_is_answerers(struct reply *e, const struct snitch_subject *s, bool *again)
{
	bool same;

	spin_lock_bh(&reply_lock);
	*again = e->answered;
	if (!e->answered) {
		e->exe = s->image->exe;
		e->uid = s->uid;
		e->answered = true;
	}
	same = e->uid == s->uid && snitch_exe_same(&e->exe, &s->image->exe);
	spin_unlock_bh(&reply_lock);
	return same;
}

/* Too early to tell who spoke first: it may have been before the hooks were there. */
static bool reply_settling(const struct snitch_reply_net *rn)
{
	/* Pairs with the release in bound.c. */
	return !smp_load_acquire(&rn->hooked) ||
	       !time_after(jiffies, READ_ONCE(rn->since) + REPLY_SETTLE);
}

/**
 * snitch_reply_answers() - does this packet answer one that came in?
 * @sk: a full socket
 * @cookie: its cookie
 * @s: who sends what; the task's image, looked at anew
 * @answer: filled when true
 *
 * If not, and nobody has spoken before, it is remembered that the socket did.
 *
 * Context: the hook's, under RCU.
 */
bool snitch_reply_answers(const struct sock *sk, u64 cookie, const struct snitch_subject *s,
			  struct snitch_answer *answer)
{
	const struct net *net = sock_net(sk);
	struct reply_key k;
	struct reply *e;

	if (s->packet->proto != IPPROTO_UDP || s->packet->unparsed || s->loopback)
		return false;
	reply_key(&k, net, s->packet, false);
	if (!reply_is_server(sk, &k))
		return false;
	e = reply_find(&k);
	if (!e || reply_older(e, SNITCH_REPLY_KEEP)) {
		if (!reply_settling(&snitch_net((struct net *)net)->reply))
			reply_note(&k, cookie, true);
		return false;
	}
	answer->until = READ_ONCE(e->seen) + SNITCH_REPLY_LIFE;
	if (e->cookie != cookie || e->spoke_first || time_after(jiffies, answer->until))
		return false;
	if (!s->image->has_exe || snitch_image_flags(s->image) & SNITCH_O_DISGUISED)
		return false;
	if (!reply_is_answerers(e, s, &answer->again))
		return false;
	if (!answer->again)
		snitch_count(SNITCH_C_REPLIES);
	return true;
}

/* ---- ends ---- */

static void reply_reap(struct work_struct *work)
{
	struct hlist_node *next;
	unsigned int i, left;
	struct reply *e;

	for (i = 0; i < 1 << REPLY_BITS; i++) {
		if (hlist_empty(&reply_table[i]))
			continue;
		spin_lock_bh(&reply_lock);
		hlist_for_each_entry_safe(e, next, &reply_table[i], node)
			if (reply_older(e, SNITCH_REPLY_KEEP))
				reply_unlink(e);
		spin_unlock_bh(&reply_lock);
		cond_resched();
	}
	spin_lock_bh(&reply_lock);
	left = reply_count;
	spin_unlock_bh(&reply_lock);
	if (left)
		queue_delayed_work(system_unbound_wq, &reply_reaper, REPLY_REAP);
}

void snitch_reply_flush_net(struct net *net)
{
	struct snitch_reply_net *rn = &snitch_net(net)->reply;
	struct reply *e, *next;

	spin_lock_bh(&reply_lock);
	list_for_each_entry_safe(e, next, &rn->entries, of_net)
		reply_unlink(e);
	spin_unlock_bh(&reply_lock);
}

int snitch_reply_init(void)
{
	get_random_bytes(&reply_factor, sizeof(reply_factor));
	reply_factor |= 1;
	reply_slab = kmem_cache_create("snitch_reply", sizeof(struct reply), 0, 0, NULL);
	reply_table = kvcalloc(1 << REPLY_BITS, sizeof(*reply_table), GFP_KERNEL);
	if (reply_slab && reply_table)
		return 0;
	snitch_reply_exit();
	return -ENOMEM;
}

void snitch_reply_exit(void)
{
	cancel_delayed_work_sync(&reply_reaper);
	rcu_barrier();
	kvfree(reply_table);
	kmem_cache_destroy(reply_slab);
}
