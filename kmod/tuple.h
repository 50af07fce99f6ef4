/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tuple: entries of the verdict cache by whom they speak to and from where, for
 * packets that no socket is known of: what arrives (received.h) and what is
 * forwarded (forward.h).
 *
 * Locks and lifetimes
 *   All entries that have addresses stand here; of an accepted connection they
 *   come with its first packet. Read under rcu_read_lock(); tuple_locks[]
 *   (spinlocks, leaf; BH is off already, as inside flow_pool_lock and
 *   flow_tcp_locks[]) protect writers. An entry is unlinked with its other
 *   table.
 */
#ifndef SNITCH_TUPLE_H
#define SNITCH_TUPLE_H

#include "flow.h"

/* Entries of a bucket that are looked at: in namespaces of his own a user can make many with the
 * addresses of others, which no packet of theirs shall wait for.
 */
#define SNITCH_TUPLE_WALK	64

int snitch_tuple_init(void);
void snitch_tuple_exit(void);

void snitch_tuple_link(struct snitch_flow *f);
void snitch_tuple_unlink(struct snitch_flow *f);	/* fine if it is not linked */

/* Those that may speak to @daddr, @peer being a word of union snitch_peer, from @sport. */
struct hlist_head *snitch_tuple_bucket(const union nf_inet_addr *daddr, u32 peer, u16 sport);

/* snitch_tuple_is() - does the entry speak to them from there? */
static inline bool snitch_tuple_is(const struct snitch_flow *f, const union nf_inet_addr *daddr,
				   u32 peer, u16 sport)
{
	return f->peer.word == peer && f->sport == sport && nf_inet_addr_cmp(&f->daddr, daddr);
}

#endif
