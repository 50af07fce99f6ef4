// SPDX-License-Identifier: GPL-2.0-only
/* Cache: conclusions of the decider for new flows; see cache.h. */
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cache.h"
#include "uid.h"

#define CACHE_BITS 12

struct snitch_cached {
	struct hlist_node node;
	struct snitch_cache_new n;	/* n.image is not followed: @image_id counts */
	u64 image_id;
	u64 generation;			/* of the policy it was concluded under */
	struct snitch_uid *quota;	/* referenced */
	struct rcu_head rcu;
};

static struct hlist_head cache_table[1 << CACHE_BITS];
static DEFINE_SPINLOCK(snitch_cache_lock);
static unsigned int cache_used;
static unsigned long cache_swept;
static u32 cache_seed __read_mostly;

static struct hlist_head *cache_bucket(u64 image_id, const union nf_inet_addr *a, u16 port)
{
	u32 hash = jhash2(a->all, ARRAY_SIZE(a->all), cache_seed);

	hash = jhash_3words(hash, (u32)image_id, port, (u32)(image_id >> 32));
	return &cache_table[hash >> (32 - CACHE_BITS)];
}

static bool cache_matches(const struct snitch_cached *c, u64 image_id,
			  const union nf_inet_addr *daddr, u16 dport, u8 family, u8 proto)
{
	return c->image_id == image_id && c->n.dport == dport && c->n.proto == proto &&
	       c->n.family == family && nf_inet_addr_cmp(&c->n.daddr, daddr);
}

/**
 * snitch_cache_find() - has the decider concluded about this before?
 * @s: the subject; only images that stand for processes are cached
 * @j: its generation is that of the policy; action and origin are filled on a hit
 *
 * Return: true on a hit that is still valid. Context: any, under RCU.
 */
bool snitch_cache_find(const struct snitch_subject *s, struct snitch_judgement *j)
{
	const struct snitch_packet *p = s->packet;
	const struct snitch_cached *c;

	if (!READ_ONCE(cache_used))
		return false;
	hlist_for_each_entry_rcu(c, cache_bucket(s->image->id, &p->daddr, p->dport), node) {
		if (!cache_matches(c, s->image->id, &p->daddr, p->dport, p->family, p->proto))
			continue;
		/* What followed from rules ends with them; a person's answer does not. */
		if (c->generation != j->generation && c->n.origin != SNITCH_BY_PERSON &&
		    c->n.origin != SNITCH_BY_FAIL)
			continue;
		if ((c->n.uid != SNITCH_UID_ANY && c->n.uid != s->uid) ||
		    (c->n.netns && c->n.netns != s->netns) || c->n.until <= ktime_get_boottime_ns())
			continue;
		j->action = c->n.action;
		j->origin = c->n.origin;
		j->origin_id = c->n.origin_id;
		return true;
	}
	return false;
}

static void cache_unlink(struct snitch_cached *c)
{
	struct snitch_image *image = snitch_image_find(c->image_id);

	lockdep_assert_held(&snitch_cache_lock);
	if (image) {
		atomic_dec(&image->cached);
		snitch_image_put(image);
	}
	atomic_dec(&c->quota->cached);
	snitch_uid_put(c->quota);
	hlist_del_rcu(&c->node);
	cache_used--;
	kfree_rcu(c, rcu);
}

static bool cache_is_stale(const struct snitch_cached *c, u64 now)
{
	struct snitch_image *image;
	bool gone;

	if (c->n.until <= now)
		return true;
	image = snitch_image_find(c->image_id);
	gone = !image || snitch_image_flags(image) & SNITCH_O_EXITED || READ_ONCE(image->replaced);
	snitch_image_put(image);
	return gone;
}

/* Makes room when full; at most once a second, for it looks at everything. */
static void cache_sweep(void)
{
	u64 now = ktime_get_boottime_ns();
	struct snitch_cached *c;
	struct hlist_node *next;
	unsigned int i;

	lockdep_assert_held(&snitch_cache_lock);
	if (cache_swept && time_before(jiffies, cache_swept + HZ))
		return;
	cache_swept = jiffies;
	for (i = 0; i < ARRAY_SIZE(cache_table); i++)
		hlist_for_each_entry_safe(c, next, &cache_table[i], node)
			if (cache_is_stale(c, now))
				cache_unlink(c);
}

static bool cache_over_share(const struct snitch_uid *quota)
{
	return quota->uid && atomic_read(&quota->cached) >= SNITCH_CACHE_UID_MAX;
}

int snitch_cache_add(const struct snitch_cache_new *n)
{
	struct hlist_head *head = cache_bucket(n->image->id, &n->daddr, n->dport);
	struct snitch_cached *c = kmalloc(sizeof(*c), GFP_ATOMIC | __GFP_NOWARN), *old;
	struct hlist_node *next;
	int err = 0;

	if (!c)
		return -ENOMEM;
	if (!n->image->quota) {		/* stands for no process */
		kfree(c);
		return -EINVAL;
	}
	c->n = *n;
	c->n.image = NULL;
	c->image_id = n->image->id;
	c->generation = n->generation ?: snitch_policy_generation();

	spin_lock_bh(&snitch_cache_lock);
	hlist_for_each_entry_safe(old, next, head, node)
		if (cache_matches(old, c->image_id, &n->daddr, n->dport, n->family, n->proto) &&
		    old->n.uid == n->uid && old->n.netns == n->netns)
			cache_unlink(old);
	if (cache_used >= SNITCH_CACHE_MAX || cache_over_share(n->image->quota) ||
	    atomic_read(&n->image->cached) >= SNITCH_CACHE_IMAGE_MAX)
		cache_sweep();
	if (cache_used >= SNITCH_CACHE_MAX || cache_over_share(n->image->quota) ||
	    atomic_read(&n->image->cached) >= SNITCH_CACHE_IMAGE_MAX) {
		err = -ENOSPC;
	} else {
		atomic_inc(&n->image->cached);
		c->quota = snitch_uid_hold(n->image->quota);
		atomic_inc(&c->quota->cached);
		hlist_add_head_rcu(&c->node, head);
		cache_used++;
	}
	spin_unlock_bh(&snitch_cache_lock);
	if (err)
		kfree(c);
	return err;
}

unsigned int snitch_cache_count(void)
{
	return READ_ONCE(cache_used);
}

/** snitch_cache_init() - before anything can be looked up */
void snitch_cache_init(void)
{
	get_random_bytes(&cache_seed, sizeof(cache_seed));
}

/** snitch_cache_exit() - nobody looks any more; before images go */
void snitch_cache_exit(void)
{
	struct snitch_cached *c;
	struct hlist_node *next;
	unsigned int i;

	spin_lock_bh(&snitch_cache_lock);
	for (i = 0; i < ARRAY_SIZE(cache_table); i++)
		hlist_for_each_entry_safe(c, next, &cache_table[i], node)
			cache_unlink(c);
	spin_unlock_bh(&snitch_cache_lock);
}
