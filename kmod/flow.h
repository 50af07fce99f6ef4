/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow: the verdict cache. A packet whose flow stands here with the current
 * generation and the same sender goes on at once.
 *
 * Locks and lifetimes
 *   Buckets are read under rcu_read_lock(). Writers hold a lock of the table
 *   (one of flow_tcp_locks, or flow_pool_lock: spinlocks, BH; inside
 *   snitch_park_lock, nothing under them). Members that change later are
 *   single words, written with WRITE_ONCE by whoever judged last. An entry
 *   holds a reference to its image and is freed after RCU.
 *   TCP entries hang on the socket's address, and live until the probe on
 *   tcp_destroy_sock takes them away: sk is a key and never followed but by
 *   snitch_flow_sock(), which takes a reference and then checks the cookie.
 *   The others come from a bounded pool with clock eviction.
 */
#ifndef SNITCH_FLOW_H
#define SNITCH_FLOW_H

#include <linux/jiffies.h>
#include <linux/types.h>
#include <net/sock.h>
#include <linux/snitch.h>

#include "image.h"
#include "packet.h"
#include "policy.h"

#define SNITCH_TCP_FLOWS_MAX	262144
#define SNITCH_OTHER_FLOWS_MAX	16384
#define SNITCH_PINNED_MAX	(SNITCH_OTHER_FLOWS_MAX / 2)
/* Of one unprivileged user; of each user those that nobody has spoken on. */
#define SNITCH_TCP_FLOWS_UID_MAX (SNITCH_TCP_FLOWS_MAX / 4)
#define SNITCH_SENDERS_MAX	8	/* executables with an entry on one TCP socket */
#define SNITCH_FLOW_TCP_BITS	14
/* Where snitch_flow_walk() has those that are not TCP's. */
#define SNITCH_FLOW_OTHERS	BIT(SNITCH_FLOW_TCP_BITS)

/* Inbound or older: refused only by an explicit deny. */
#define SNITCH_FLOW_WEAK	BIT(0)
/* A person's answer: not evicted. */
#define SNITCH_FLOW_PINNED	BIT(1)
/* TCP: no longer in the table. */
#define SNITCH_FLOW_GONE	BIT(2)
/* TCP: a newer entry of another executable stands for the same socket. */
#define SNITCH_FLOW_OLDER	BIT(4)
/* An answer to what came in: of no use after @until. Entries of the pool only. */
#define SNITCH_FLOW_REPLY	BIT(5)

/* In the generation of an entry: no policy's number, so that those who compare it with one see
 * that there is more to look at, and others pay nothing for it.
 */
#define SNITCH_FLOW_BY_SETS	BIT_ULL(63)

/*
 * struct snitch_flow - one verdict
 * @node: in its bucket
 * @by_peer: in the table of tuple.h, its @bucket, under its lock
 * @sk: TCP: key; not a reference
 * @cookie: of the socket; 0 on an accepted one that has not sent yet
 * @generation: of the policy it was last judged by; with SNITCH_FLOW_BY_SETS, where
 *	that looked at sets, of the generation @sets: then both must be in force
 * @image: who sent; NULL on weak entries not claimed yet
 * @quota: TCP: whom it counts against, referenced; NULL: nobody
 * @peer: @dport, @proto and @family as one word, with @daddr: destination
 * @match: that word and whether it leaves by loopback: a socket option or the
 *	   next route may send the same destination elsewhere
 * @uid: effective uid of the sender
 * @action: ALLOW, DENY, DROP; TCP: ASK: its first data are asked about, see data.h
 * @origin: enum snitch_origin, with @origin_id
 * @flags: SNITCH_FLOW_*
 * @until: jiffies, with SNITCH_FLOW_REPLY
 * @used: for the clock, @slot its place there
 * @cut: TCP: refuses for good, until the socket connects anew; see snitch_flow_cut()
 * @saddr: source, with @sport, @netns: for dumps
 * @packets: sent, with @bytes at the IP layer; hot, hence at the end
 * @rx_packets: received, with @rx_bytes. TCP: set when the socket is destroyed;
 *	  others: while somebody observes, see received.h
 * @told_*: of them told to observers already, see ended.h
 */
struct snitch_flow {
	struct hlist_node node;
	struct hlist_node by_peer;
	const struct sock *sk;
	u64 cookie;
	u64 generation;
	u64 sets;
	struct snitch_image __rcu *image;
	struct snitch_uid *quota;
	union {
		union snitch_peer peer;
		struct {
			u8 family;
			u8 proto;
			u16 dport;
		};
	};
	u32 match;
	u32 uid;
	union nf_inet_addr daddr;
	u8 action;
	u8 origin;
	u8 flags;
	u8 used;
	u32 slot;
	u32 netns;
	u16 sport;
	u16 bucket;
	bool cut;
	union nf_inet_addr saddr;
	u64 origin_id;
	unsigned long until;
	struct rcu_head rcu;

	atomic64_t packets ____cacheline_aligned_in_smp;
	atomic64_t bytes;
	atomic64_t rx_packets;
	atomic64_t rx_bytes;
	atomic64_t told_packets;
	atomic64_t told_bytes;
	atomic64_t told_rx_packets;
	atomic64_t told_rx_bytes;
};

int snitch_flow_init(void);
void snitch_flow_exit(void);

/* snitch_flow_match() - how entries compare what a packet says of its way */
static __always_inline u32 snitch_flow_match(u32 peer, bool loopback)
{
	return peer | (loopback ? snitch_peer_word(SNITCH_PEER_LOOPBACK, 0, 0) : 0);
}

/* snitch_flow_loopback() - does this entry's way lead over loopback? */
static inline bool snitch_flow_loopback(const struct snitch_flow *f)
{
	return f->match != f->peer.word;
}

/* snitch_flow_stamp() - the generation of an entry judged so */
static inline u64 snitch_flow_stamp(u64 generation, u64 sets)
{
	return sets ? generation | SNITCH_FLOW_BY_SETS : generation;
}

/* snitch_flow_current() - is the entry's verdict that of the policy in force, and of its sets?
 * What is read of it later is no older. Any context.
 */
static __always_inline bool snitch_flow_current(const struct snitch_flow *f)
{
	/* Pairs with the release in revoke_write(). */
	const u64 stamp = smp_load_acquire(&f->generation);
	const u64 generation = snitch_policy_generation();

	if (likely(stamp == generation))
		return true;
	if (stamp != (generation | SNITCH_FLOW_BY_SETS))
		return false;
	/* So does this. */
	return smp_load_acquire(&f->sets) == snitch_policy_sets_generation();
}

/* snitch_flow_over() - a reply's entry whose time is over? Any context */
static __always_inline bool snitch_flow_over(const struct snitch_flow *f)
{
	return unlikely(f->flags & SNITCH_FLOW_REPLY) && time_after(jiffies, f->until);
}

/*
 * struct snitch_flow_key - how a packet's entry is found; all borrowed
 * @sk: the socket
 * @cookie: its cookie, not 0
 * @daddr: destination, of @peer.family; an IPv4 one has 4 bytes
 * @peer: port, protocol, family
 * @loopback: it stays on this machine, see hook_stays()
 * @tcp: a TCP stream socket
 * @mine: current is the sender: then an entry of its image and uid is
 *	  preferred to others of the same key
 */
struct snitch_flow_key {
	const struct sock *sk;
	u64 cookie;
	const void *daddr;
	union snitch_peer peer;
	bool loopback;
	bool tcp;
	bool mine;
};

/*
 * The fast paths: does an entry let this very packet of a full socket go on?
 * True: it is counted and may go. False says nothing: it is looked at slowly
 * then. In the hook, under rcu_read_lock().
 */
bool snitch_flow_passes_tcp(const struct sock *sk, const struct sk_buff *skb, bool v4,
			    bool loopback);
bool snitch_flow_passes_other(const struct sock *sk, const struct sk_buff *skb, bool v4,
			      bool loopback);

/* The entry of a key, or NULL; under rcu_read_lock(), any context. */
struct snitch_flow *snitch_flow_find(const struct snitch_flow_key *key);

/* snitch_flow_is_currents() - the same image and uid as the running task's? Under RCU */
static inline bool snitch_flow_is_currents(const struct snitch_flow *f)
{
	const struct snitch_image *image = rcu_dereference(f->image);

	return image && snitch_image_is_current(image) && f->uid == __kuid_val(current_euid());
}

struct snitch_flow *snitch_flow_adopt(const struct sock *sk, const struct snitch_packet *p,
				      bool loopback);
/* Nothing goes on this connection any more, whoever's entry lets it. Under RCU, any context. */
void snitch_flow_cut(const struct sock *sk, u64 cookie, u32 origin, u64 origin_id);
bool snitch_flow_sender_is(const struct snitch_flow *f, const struct snitch_image *image, u32 uid);

/* snitch_flow_account() - one more packet went; any context */
static inline void snitch_flow_account(struct snitch_flow *f, unsigned int bytes)
{
	atomic64_inc(&f->packets);
	atomic64_add(bytes, &f->bytes);
}

/*
 * struct snitch_flow_new - what an entry is made from; all borrowed
 * @sk: TCP: the socket; NULL: an entry of the pool
 * @packets: that it begins with, with @bytes
 */
struct snitch_flow_new {
	const struct sock *sk;
	u64 cookie;
	u64 generation;
	u64 sets;		/* of the judgement, 0: none */
	struct snitch_image *image;
	const struct snitch_packet *packet;
	u32 uid;
	u32 netns;
	u8 action;
	u8 origin;
	u8 flags;
	bool loopback;
	u64 origin_id;
	unsigned long until;	/* with SNITCH_FLOW_REPLY */
	u32 packets;
	u32 bytes;
};

/* 0, -ENOMEM, -ENOSPC; any context. Replaces what it supersedes. */
int snitch_flow_add(const struct snitch_flow_new *n);
void snitch_flow_claim(struct snitch_flow *f, struct snitch_image *image, u32 uid);

/* Probes: a child of a listener was made; a TCP socket connects; one is about to go. */
void snitch_flow_inbound(const struct sock *sk);
void snitch_flow_connects(const struct sock *sk);
void snitch_flow_remove_tcp(const struct sock *sk);

/* The entry's TCP socket with a reference, if it still is that one, or NULL;
 * under the same rcu_read_lock() as the lookup.
 */
struct sock *snitch_flow_sock(const struct snitch_flow *f);
/* Many images: let go of entries whose program has ended, soon. Any context. */
void snitch_flow_prune_soon(void);
void snitch_flow_counts(u32 *tcp, u32 *other);

/* Calls @fn for entries from @pos on, TCP first, under RCU; stops when it
 * returns nonzero, with @pos at the bucket to go on with. Buckets are walked
 * whole or not at all, so @fn must take a bucket it has begun.
 */
int snitch_flow_walk(unsigned long *pos, int (*fn)(struct snitch_flow *f, void *arg), void *arg);

#endif
