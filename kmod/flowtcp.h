/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flowtcp: the table of TCP sockets' entries, and what it shares with the
 * pool. Private to flow.c (lookup, pool) and flowtcp.c. Locks and lifetimes:
 * flow.h.
 */
#ifndef SNITCH_FLOWTCP_H
#define SNITCH_FLOWTCP_H

#include <linux/hash.h>

#include "flow.h"

extern struct hlist_head *snitch_flow_tcp;	/* 1 << SNITCH_FLOW_TCP_BITS buckets */
extern atomic_t snitch_flow_tcp_count;

static __always_inline unsigned int snitch_flow_tcp_hash(const struct sock *sk)
{
	return hash_ptr((void *)sk, SNITCH_FLOW_TCP_BITS);
}

/* flowtcp.c: a new entry, 0 or -ENOSPC; one that leaves, under its bucket's lock or alone */
void snitch_flow_tcp_init(void);
int snitch_flow_tcp_insert(struct snitch_flow *new);
void snitch_flow_tcp_unlink(struct snitch_flow *f);

/* flow.c; any context. The last is an entry's that nobody ever found, or of the RCU callback. */
struct snitch_flow *snitch_flow_alloc(void);
void snitch_flow_free_rcu(struct rcu_head *rcu);
void snitch_flow_free(struct snitch_flow *f);

/* Do two entries speak of the same socket and destination; of the same executable and uid?
 * @unknown: what to say when one of them has no owner
 */
bool snitch_flow_same_way(const struct snitch_flow *a, const struct snitch_flow *b);
bool snitch_flow_same_sender(const struct snitch_flow *a, const struct snitch_flow *b,
			     bool unknown);

#endif
