/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reply: answers are not questions. What came in for a UDP socket with a port
 * of its own choice is noted at LOCAL_IN, and what that socket then sends back
 * is asked about by nobody. What it starts by itself is.
 *
 * An entry belongs to a namespace and both address-port pairs, and names the
 * one socket that was spoken to and, from its first answer on, the executable
 * and uid that gave it. It is made only where the other end spoke first; where
 * the socket did, the entry says that instead, and serves nothing. It serves
 * for SNITCH_REPLY_LIFE after the last packet that came in, and is forgotten
 * after SNITCH_REPLY_KEEP. No rule is overridden by it: see hook.c.
 *
 * Locks and lifetimes
 *   The table is read under rcu_read_lock(). reply_lock (spinlock, BH, leaf)
 *   protects its writers, the lists by age, the counts, and what an entry
 *   remembers of who answered. Only seen is written without it. Entries are
 *   freed by RCU; a namespace takes its own with it (snitch_reply_flush_net),
 *   so net is a key and never followed. struct reply_sock lives while it has
 *   entries, all under the lock. No socket is referenced: cookies are never
 *   used again.
 *   The hooks are in place only in namespaces with a bound UDP socket. The
 *   probe on bind() may run as in an NMI: it takes a reference of the namespace,
 *   sets a bit and puts it into a list, from which an irq_work queues the work
 *   that registers them and gives the reference back. All are over before the
 *   namespaces are let go of at unload (snitch_bound_unwatch).
 *   The reaper's timer runs only while there are entries.
 */
#ifndef SNITCH_REPLY_H
#define SNITCH_REPLY_H

#include <linux/list.h>
#include <linux/netfilter.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "image.h"
#include "policy.h"

#define SNITCH_REPLY_LIFE	(60 * HZ)	/* answers may follow a packet for so long */
#define SNITCH_REPLY_KEEP	(120 * HZ)	/* who spoke first is remembered so long */
#define SNITCH_REPLIES_MAX	16384
#define SNITCH_REPLIES_NET_MAX	(SNITCH_REPLIES_MAX / 2)
#define SNITCH_REPLIES_SOCK_MAX	1024

/*
 * struct snitch_reply_net - what is kept in struct snitch_net
 * @entries: of this namespace, oldest first, with @n: under reply_lock
 * @work: registers the hooks
 * @node: in bound.c's list until @work is queued
 * @wanted: bit 0: @work was queued, or will be
 * @hooked: the hooks are there, since @since (jiffies)
 */
struct snitch_reply_net {
	struct net *net;
	struct list_head entries;
	unsigned int n;
	struct work_struct work;
	struct llist_node node;
	unsigned long wanted;
	unsigned long since;
	bool hooked;
};

int snitch_reply_init(void);
void snitch_reply_exit(void);			/* the namespaces are gone */
void snitch_reply_flush_net(struct net *net);	/* a grace period after its hooks went */
unsigned int snitch_reply_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);

/**
 * struct snitch_answer - how long what answers a packet may go on
 * @until: jiffies
 * @again: not the first answer to this peer
 */
struct snitch_answer {
	unsigned long until;
	bool again;
};

bool snitch_reply_answers(const struct sock *sk, u64 cookie, const struct snitch_subject *s,
			  struct snitch_answer *answer);

#endif
