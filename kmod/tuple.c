// SPDX-License-Identifier: GPL-2.0-only
/* Tuple: see tuple.h. No verdict depends on it but that of what is forwarded. */
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/vmalloc.h>

#include "tuple.h"

#define TUPLE_BITS	14
#define TUPLE_LOCKS	64

static struct hlist_head *tuple_table __read_mostly;
static u32 tuple_seed __read_mostly;	/* nobody outside can fill a bucket on purpose */
static spinlock_t tuple_locks[TUPLE_LOCKS];

static u16 tuple_hash(const union nf_inet_addr *daddr, u32 peer, u16 sport)
{
	u32 hash = tuple_seed;

	if (daddr->all[1] | daddr->all[2] | daddr->all[3])	/* not IPv4 */
		hash = jhash_3words(daddr->all[1], daddr->all[2], daddr->all[3], hash);
	return jhash_3words(daddr->all[0], peer, sport, hash) >> (32 - TUPLE_BITS);
}

struct hlist_head *snitch_tuple_bucket(const union nf_inet_addr *daddr, u32 peer, u16 sport)
{
	return &tuple_table[tuple_hash(daddr, peer, sport)];
}

static spinlock_t *tuple_lock(const struct snitch_flow *f)
{
	return &tuple_locks[f->bucket % TUPLE_LOCKS];
}

void snitch_tuple_link(struct snitch_flow *f)
{
	if (!f->cookie)		/* accepted: has no addresses yet */
		return;
	f->bucket = tuple_hash(&f->daddr, f->peer.word, f->sport);
	spin_lock(tuple_lock(f));
	hlist_add_head_rcu(&f->by_peer, &tuple_table[f->bucket]);
	spin_unlock(tuple_lock(f));
}

void snitch_tuple_unlink(struct snitch_flow *f)
{
	/* Linked before anybody else could unlink it. */
	if (hlist_unhashed(&f->by_peer))
		return;
	spin_lock(tuple_lock(f));
	hlist_del_init_rcu(&f->by_peer);
	spin_unlock(tuple_lock(f));
}

int snitch_tuple_init(void)
{
	unsigned int i;

	get_random_bytes(&tuple_seed, sizeof(tuple_seed));
	for (i = 0; i < TUPLE_LOCKS; i++)
		spin_lock_init(&tuple_locks[i]);
	tuple_table = kvcalloc(1 << TUPLE_BITS, sizeof(*tuple_table), GFP_KERNEL);
	return tuple_table ? 0 : -ENOMEM;
}

/** snitch_tuple_exit() - nobody looks or links any more */
void snitch_tuple_exit(void)
{
	kvfree(tuple_table);
}
