// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flow: the tables of verdicts. Lookups are lock-free and allocate nothing.
 * Locks and lifetimes: flow.h.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <net/inet_sock.h>

#include "counter.h"
#include "dns.h"
#include "ended.h"
#include "flow.h"
#include "flowtcp.h"
#include "owner.h"
#include "policy.h"
#include "tuple.h"
#include "uid.h"

#define FLOW_POOL_BITS	14
#define FLOW_CLOCK_STEPS 64	/* entries looked at for one to evict */

static struct kmem_cache *flow_slab;
struct hlist_head *snitch_flow_tcp __read_mostly;
static struct hlist_head *flow_pool __read_mostly;
static u64 flow_seed __read_mostly;	/* nobody outside can fill a bucket on purpose */
static struct snitch_flow **flow_slots;	/* the clock, under flow_pool_lock */
static u16 *flow_holes;			/* slots below flow_used without an entry, same lock */
static unsigned int flow_hand, flow_used, flow_pinned, flow_n_holes;
static DEFINE_SPINLOCK(flow_pool_lock);

static void flow_prune(struct work_struct *work);
static DECLARE_DELAYED_WORK(flow_pruner, flow_prune);

static __always_inline unsigned int pool_hash(u64 cookie, u32 match, bool v4, const void *daddr)
{
	u64 x = cookie << 16 ^ flow_seed;

	if (likely(v4))
		x ^= *(const u32 *)daddr;
	else
		x ^= jhash2(daddr, 4, flow_seed);
	return hash_64(x ^ (u64)match << 32, FLOW_POOL_BITS);
}

void snitch_flow_free(struct snitch_flow *f)
{
	snitch_image_put(rcu_dereference_protected(f->image, true));
	snitch_uid_put(f->quota);
	kmem_cache_free(flow_slab, f);
}

/* Nobody counts on it any more, and no lock is held: what went on it is told from here. */
void snitch_flow_free_rcu(struct rcu_head *rcu)
{
	struct snitch_flow *f = container_of(rcu, struct snitch_flow, rcu);

	snitch_ended_tell(f);
	snitch_flow_free(f);
}

/* ---- lookup ---- */

/** snitch_flow_sender_is() - is the entry this program's and this uid's? */
bool snitch_flow_sender_is(const struct snitch_flow *f, const struct snitch_image *image, u32 uid)
{
	const struct snitch_image *owner = rcu_dereference(f->image);

	return owner && f->uid == uid && snitch_image_same_program(owner, image);
}

static __always_inline bool flow_matches(const struct snitch_flow *f, u64 cookie, u32 match,
					 bool v4, const void *daddr)
{
	/* Pairs with the release in snitch_flow_adopt(). */
	if (smp_load_acquire(&f->cookie) != cookie || f->match != match)
		return false;
	if (likely(v4))
		return f->daddr.ip == *(const __be32 *)daddr;
	return ipv6_addr_equal(&f->daddr.in6, daddr);
}

/*
 * What the fast paths do with the bucket. A foreign context passes on the
 * newest entry alone, when somebody has spoken on it already, and not once
 * exec has replaced the image that did while somebody still holds the socket.
 */
static __always_inline bool flow_passes(const struct hlist_head *bucket, const struct sock *sk,
					const struct sk_buff *skb, u64 cookie, u32 match, bool v4,
					const void *daddr, bool mine, bool tcp)
{
	const struct snitch_image *image;
	struct snitch_flow *f;

	hlist_for_each_entry_rcu(f, bucket, node) {
		if (!flow_matches(f, cookie, match, v4, daddr))
			continue;
		if (mine && !snitch_flow_is_currents(f))
			continue;
		if (unlikely(!snitch_flow_current(f) || f->action != SNITCH_ALLOW))
			return false;
		if (!tcp && snitch_flow_over(f))
			return false;
		if (!mine) {
			image = rcu_dereference(f->image);
			if (!image || (READ_ONCE(image->replaced) && !sock_flag(sk, SOCK_DEAD)))
				return false;
		}
		if (!f->used)
			f->used = 1;
		snitch_flow_account(f, skb->len);
		return true;
	}
	return false;
}

static __always_inline bool flow_passes_tcp(const struct sock *sk, const struct sk_buff *skb,
					    bool v4, bool loopback)
{
	const void *daddr = v4 ? (const void *)&ip_hdr(skb)->daddr : &ipv6_hdr(skb)->daddr;
	const u32 peer = snitch_peer_word(v4 ? AF_INET : AF_INET6, IPPROTO_TCP,
					  ntohs(sk->sk_dport));
	const u64 cookie = atomic64_read(&sk->sk_cookie);

	return cookie && !snitch_dns_is_segment(ntohs(sk->sk_dport)) &&
	       flow_passes(&snitch_flow_tcp[snitch_flow_tcp_hash(sk)], sk, skb, cookie,
			   snitch_flow_match(peer, loopback), v4, daddr,
			   snitch_owner_is_current(sk, true), true);
}

static __always_inline bool flow_passes_other(const struct sock *sk, const struct sk_buff *skb,
					      bool v4, bool loopback)
{
	const u64 cookie = atomic64_read(&sk->sk_cookie);
	const void *daddr;
	u32 peer;

	if (!cookie || !snitch_packet_plain(skb, v4, &peer, &daddr) || snitch_dns_is_question(peer))
		return false;
	peer = snitch_flow_match(peer, loopback);
	return flow_passes(&flow_pool[pool_hash(cookie, peer, v4, daddr)], sk, skb, cookie, peer,
			   v4, daddr, snitch_owner_is_current(sk, false), false);
}

/*
 * snitch_flow_passes_tcp() - the fast path of a TCP stream socket
 *
 * The address is the header's: source routing sends elsewhere. The rest is
 * the socket's, which makes no other packets; it can be disconnected and
 * connected elsewhere. Compiled for each family: both are short that way.
 */
bool snitch_flow_passes_tcp(const struct sock *sk, const struct sk_buff *skb, bool v4,
			    bool loopback)
{
	return v4 ? flow_passes_tcp(sk, skb, true, loopback)
		  : flow_passes_tcp(sk, skb, false, loopback);
}

/* snitch_flow_passes_other() - of all others: UDP with plain headers, if it is that */
bool snitch_flow_passes_other(const struct sock *sk, const struct sk_buff *skb, bool v4,
			      bool loopback)
{
	return v4 ? flow_passes_other(sk, skb, true, loopback)
		  : flow_passes_other(sk, skb, false, loopback);
}

struct snitch_flow *snitch_flow_find(const struct snitch_flow_key *k)
{
	const u32 match = snitch_flow_match(k->peer.word, k->loopback);
	const bool v4 = k->peer.family == AF_INET;
	struct snitch_flow *f, *first = NULL;
	struct hlist_head *bucket;

	if (!k->cookie)
		return NULL;
	bucket = k->tcp ? &snitch_flow_tcp[snitch_flow_tcp_hash(k->sk)]
			: &flow_pool[pool_hash(k->cookie, match, v4, k->daddr)];
	hlist_for_each_entry_rcu(f, bucket, node) {
		if (!flow_matches(f, k->cookie, match, v4, k->daddr) || snitch_flow_over(f))
			continue;
		if (!k->mine || snitch_flow_is_currents(f)) {
			first = f;
			break;
		}
		if (!first)
			first = f;
	}
	if (first && !first->used)
		first->used = 1;
	return first;
}

/* ---- insertion ---- */

struct snitch_flow *snitch_flow_alloc(void)
{
	return kmem_cache_alloc(flow_slab, GFP_ATOMIC | __GFP_NOWARN);
}

static struct snitch_flow *flow_make(const struct snitch_flow_new *n)
{
	const struct snitch_packet *p = n->packet;
	struct snitch_flow *f = snitch_flow_alloc();

	if (!f)
		return NULL;
	f->used = 0;
	f->cut = false;
	f->slot = 0;
	f->quota = NULL;
	atomic64_set(&f->packets, n->packets);
	atomic64_set(&f->bytes, n->bytes);
	atomic64_set(&f->rx_packets, 0);
	atomic64_set(&f->rx_bytes, 0);
	atomic64_set(&f->told_packets, 0);
	atomic64_set(&f->told_bytes, 0);
	atomic64_set(&f->told_rx_packets, 0);
	atomic64_set(&f->told_rx_bytes, 0);
	f->sk = n->sk;
	f->cookie = n->cookie;
	f->generation = snitch_flow_stamp(n->generation, n->sets);
	f->sets = n->sets;
	f->uid = n->uid;
	f->netns = n->netns;
	f->action = n->action;
	f->origin = n->origin;
	f->origin_id = n->origin_id;
	f->flags = n->flags;
	f->until = n->until;
	f->peer = p->peer;
	f->match = snitch_flow_match(p->peer.word, n->loopback);
	f->saddr = p->saddr;
	f->daddr = p->daddr;
	f->sport = p->sport;
	RCU_INIT_POINTER(f->image, n->image ? snitch_image_get(n->image) : NULL);
	return f;
}

bool snitch_flow_same_way(const struct snitch_flow *old, const struct snitch_flow *new)
{
	return old->cookie == new->cookie && old->match == new->match &&
	       nf_inet_addr_cmp(&old->daddr, &new->daddr);
}

bool snitch_flow_same_sender(const struct snitch_flow *old, const struct snitch_flow *new,
			     bool unknown)
{
	const struct snitch_image *was = rcu_dereference_protected(old->image, true);
	const struct snitch_image *is = rcu_dereference_protected(new->image, true);

	if (!was || !is)
		return unknown;
	return old->uid == new->uid && snitch_image_same_program(was, is);
}

static void pool_unlink(struct snitch_flow *f)
{
	lockdep_assert_held(&flow_pool_lock);
	if (f->flags & SNITCH_FLOW_PINNED)
		flow_pinned--;
	hlist_del_rcu(&f->node);
	snitch_tuple_unlink(f);
	call_rcu(&f->rcu, snitch_flow_free_rcu);
}

/* A slot for one more: a fresh one, or that of an entry not used lately. */
static unsigned int pool_slot(void)
{
	struct snitch_flow *f;
	unsigned int i, slot;

	lockdep_assert_held(&flow_pool_lock);
	if (flow_n_holes)
		return flow_holes[--flow_n_holes];
	if (flow_used < SNITCH_OTHER_FLOWS_MAX)
		return flow_used++;
	for (i = 0;; i++) {
		slot = flow_hand++ % SNITCH_OTHER_FLOWS_MAX;
		f = flow_slots[slot];
		if (f->flags & SNITCH_FLOW_PINNED)
			continue;	/* at most half of all */
		if (!f->used || i >= FLOW_CLOCK_STEPS)
			break;
		f->used = 0;
	}
	pool_unlink(f);
	return slot;
}

static void pool_insert(struct snitch_flow *new)
{
	unsigned int bucket = pool_hash(new->cookie, new->match, new->family == AF_INET,
					&new->daddr);
	struct snitch_flow *f;

	spin_lock_bh(&flow_pool_lock);
	hlist_for_each_entry(f, &flow_pool[bucket], node)
		if (snitch_flow_same_way(f, new) && snitch_flow_same_sender(f, new, false))
			break;
	if (f) {
		new->slot = f->slot;
		snitch_ended_carry(new, f);
		pool_unlink(f);
	} else {
		new->slot = pool_slot();
	}
	if (new->flags & SNITCH_FLOW_PINNED) {
		if (flow_pinned < SNITCH_PINNED_MAX)
			flow_pinned++;
		else
			new->flags &= ~SNITCH_FLOW_PINNED;
	}
	flow_slots[new->slot] = new;
	hlist_add_head_rcu(&new->node, &flow_pool[bucket]);
	snitch_tuple_link(new);
	spin_unlock_bh(&flow_pool_lock);
}

/* Entries hold images, and those their ancestors: too many, and nobody could start. One whose
 * program has ended is of no use but for what was inherited.
 */
static void flow_prune(struct work_struct *work)
{
	struct snitch_flow *f;
	unsigned int i;

	for (i = 0; i < SNITCH_OTHER_FLOWS_MAX; i++) {
		spin_lock_bh(&flow_pool_lock);
		f = flow_slots[i];
		if (f && snitch_image_ended(rcu_dereference_protected(f->image, true))) {
			pool_unlink(f);
			flow_slots[i] = NULL;
			flow_holes[flow_n_holes++] = i;
		}
		spin_unlock_bh(&flow_pool_lock);
		if (!(i % 1024))
			cond_resched();
	}
}

void snitch_flow_prune_soon(void)
{
	if (!delayed_work_pending(&flow_pruner))
		queue_delayed_work(system_unbound_wq, &flow_pruner, HZ / 10);
}

int snitch_flow_add(const struct snitch_flow_new *n)
{
	struct snitch_flow *f = flow_make(n);
	int err = 0;

	if (!f) {
		snitch_count(SNITCH_C_NOMEM);
		return -ENOMEM;
	}
	if (n->sk)
		err = snitch_flow_tcp_insert(f);
	else
		pool_insert(f);
	if (err)
		snitch_flow_free(f);
	return err;
}

/* ---- dumps ---- */

void snitch_flow_counts(u32 *tcp, u32 *other)
{
	*tcp = atomic_read(&snitch_flow_tcp_count);
	*other = READ_ONCE(flow_used) - READ_ONCE(flow_n_holes);
}

int snitch_flow_walk(unsigned long *pos, int (*fn)(struct snitch_flow *f, void *arg), void *arg)
{
	const unsigned long tcp = SNITCH_FLOW_OTHERS, all = tcp + (1UL << FLOW_POOL_BITS);
	struct snitch_flow *f;
	int ret = 0;

	for (; *pos < all && !ret; ++*pos) {
		struct hlist_head *head = *pos < tcp ? &snitch_flow_tcp[*pos]
						     : &flow_pool[*pos - tcp];

		rcu_read_lock();
		hlist_for_each_entry_rcu(f, head, node) {
			ret = fn(f, arg);
			if (ret)
				break;
		}
		rcu_read_unlock();
		if (ret)
			break;
		cond_resched();
	}
	return ret;
}

/* ---- start and end ---- */

/* Memory is cleared when the cache gets it; entries are then written whole, so
 * that init_on_alloc has not to clear them each time.
 */
static void flow_clear(void *entry)
{
	memset(entry, 0, sizeof(struct snitch_flow));
}

int snitch_flow_init(void)
{
	get_random_bytes(&flow_seed, sizeof(flow_seed));
	snitch_flow_tcp_init();
	flow_slab = kmem_cache_create("snitch_flow", sizeof(struct snitch_flow), 0,
				      SLAB_HWCACHE_ALIGN, flow_clear);
	snitch_flow_tcp = kvcalloc(1 << SNITCH_FLOW_TCP_BITS, sizeof(*snitch_flow_tcp), GFP_KERNEL);
	flow_pool = kvcalloc(1 << FLOW_POOL_BITS, sizeof(*flow_pool), GFP_KERNEL);
	flow_slots = kvcalloc(SNITCH_OTHER_FLOWS_MAX, sizeof(*flow_slots), GFP_KERNEL);
	flow_holes = kvcalloc(SNITCH_OTHER_FLOWS_MAX, sizeof(*flow_holes), GFP_KERNEL);
	BUILD_BUG_ON(SNITCH_OTHER_FLOWS_MAX > U16_MAX);
	if (!flow_slab || !snitch_flow_tcp || !flow_pool || !flow_slots || !flow_holes) {
		snitch_flow_exit();
		return -ENOMEM;
	}
	return 0;
}

/** snitch_flow_exit() - hooks and probes are gone: nobody looks or adds any more */
void snitch_flow_exit(void)
{
	struct hlist_node *next;
	struct snitch_flow *f;
	unsigned int i;

	snitch_ended_stop();
	cancel_delayed_work_sync(&flow_pruner);
	for (i = 0; snitch_flow_tcp && i < 1 << SNITCH_FLOW_TCP_BITS; i++) {
		local_bh_disable();	/* for the tuples; nobody else has any of the locks */
		hlist_for_each_entry_safe(f, next, &snitch_flow_tcp[i], node)
			snitch_flow_tcp_unlink(f);
		local_bh_enable();
	}
	spin_lock_bh(&flow_pool_lock);
	for (i = 0; flow_slots && i < flow_used; i++)
		if (flow_slots[i])
			pool_unlink(flow_slots[i]);
	spin_unlock_bh(&flow_pool_lock);
	rcu_barrier();
	kvfree(snitch_flow_tcp);
	kvfree(flow_pool);
	kvfree(flow_slots);
	kvfree(flow_holes);
	kmem_cache_destroy(flow_slab);
}
