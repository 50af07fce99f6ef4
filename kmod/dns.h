/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS: copies of what programs ask name servers and of what these answer, for
 * a decider that asked for the feature, in one order with its flows. Nothing
 * here reads a name: an answer counts when it comes from where a question of
 * the last SNITCH_DNS_LIFE went, to where it came from, with its id. What goes
 * over TCP: dnstcp.h.
 *
 * Locks and lifetimes
 *   dns_lock (spinlock, BH; inside snitch_park_lock; snitch_image_lock is
 *   taken under it) protects the questions, the ring, who reads it, and the
 *   shares of images and users (dnsshare.h). A question names its image by id
 *   and its namespace by number, so it keeps nothing alive and has no timer: it
 *   is overwritten. Only its tag is read without the lock, as a hint. A message
 *   in the ring holds a reference to its image; those are dropped without the
 *   lock.
 *   Hooks and key are there while there is a reader; that changes under
 *   snitch_device_mutex, which is why pernet_ops_rwsem is taken under it.
 */
#ifndef SNITCH_DNS_H
#define SNITCH_DNS_H

#include <linux/jump_label.h>

#include "device.h"
#include "packet.h"

#define SNITCH_DNS_PORT		53
#define SNITCH_MDNS_PORT	5353
#define SNITCH_MDNS_RATE	64	/* messages a second of the whole machine */
#define SNITCH_DNS_LIFE		(30 * NSEC_PER_SEC)	/* an answer comes within */
#define SNITCH_DNS_ANSWERS	4	/* to one question: a forged one takes none away */
#define SNITCH_DNS_RING		1024	/* messages unread */
#define SNITCH_DNS_RING_BYTES	(1024 * 1024)

DECLARE_STATIC_KEY_FALSE(snitch_dns_key);

/* struct snitch_dns_key - from the program's side; no padding, unused bytes are 0 */
struct snitch_dns_key {
	union nf_inet_addr own;
	union nf_inet_addr server;
	u32 netns;
	u16 family;
	u16 proto;
	u16 own_port;
	__be16 id;		/* of UDP's messages */
};

/*
 * struct snitch_dns_view - what a packet has: @len bytes from @off on
 * @port: the server's
 * @seq: TCP: of the first one; @ack: what the packet acknowledges
 * @offset: TCP: where it stands in the stream
 */
struct snitch_dns_view {
	struct snitch_dns_key key;
	unsigned int off;
	unsigned int len;
	u16 port;
	u32 seq;
	u32 ack;
	u32 offset;
};

/** snitch_dns_is_question() - is a packet on its way out to be looked at? any context */
static __always_inline bool snitch_dns_is_question(u32 peer)
{
	const union snitch_peer p = { .word = peer };

	return static_branch_unlikely(&snitch_dns_key) && p.dport == SNITCH_DNS_PORT &&
	       p.proto == IPPROTO_UDP;
}

/** snitch_dns_is_segment() - the same of a TCP socket's packets; any context */
static __always_inline bool snitch_dns_is_segment(u16 dport)
{
	return static_branch_unlikely(&snitch_dns_key) && dport == SNITCH_DNS_PORT;
}

/*
 * snitch_dns_spare() - how well can a question's place be given to @user?
 * @tag: of the question there, 0: none; @when: it was asked, @owner: who asked
 *
 * Free ones and those that wait for no answer any more go first, then the
 * user's own: so nobody's many questions take the places of others' but where
 * these have used all of a set.
 */
static inline unsigned int snitch_dns_spare(u32 tag, u64 when, u32 owner, u64 now, u32 user)
{
	return !tag || now - when > SNITCH_DNS_LIFE ? 3 : owner == user ? 2 : 1;
}

bool snitch_dns_view(struct snitch_dns_view *v, const struct sk_buff *skb, u8 pf, bool in);
u32 snitch_dns_tag(const struct snitch_dns_key *k);
bool snitch_dns_push(const struct sk_buff *skb, const struct snitch_dns_view *v,
		     struct snitch_image *image, u32 uid, u32 flags);

void snitch_dns_question(const struct sk_buff *skb, u8 pf, struct snitch_image *image,
			 u32 uid, u32 netns);

/* Under snitch_device_mutex: @f, a decider, reads from now on; or no more, if it did. */
int snitch_dns_attach(struct snitch_file *f);
void snitch_dns_detach(struct snitch_file *f);
void snitch_dns_exit(void);

/* Is there a message that is no younger than @when? Also under snitch_park_lock. */
bool snitch_dns_before(const struct snitch_file *f, u64 when);
struct snitch_image *snitch_dns_peek(const struct snitch_file *f, void *buf, u64 *id);
void snitch_dns_drop(u64 id, u64 lost);

#endif
