// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dnstcp: connections to name servers, and what of their segments comes next.
 * What is not in order is not copied, and then nothing after it. Locks and
 * lifetimes: dnstcp.h.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/timekeeping.h>
#include <net/mptcp.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "dnstcp.h"

#define DNSTCP_SETS	256
#define DNSTCP_WAYS	4

/*
 * struct dnstcp_way - one direction, in sequence numbers
 * @first: of the connection's first byte
 * @next: that has not been copied yet
 */
struct dnstcp_way {
	u32 first;
	u32 next;
};

/*
 * struct dnstcp_conn - a connection
 * @tag: hash of @key, not 0; 0: free
 * @uid: effective, of who asks; @user: whom that counts against
 * @left: bytes of answers that are still copied
 * @when: CLOCK_BOOTTIME ns of the last question
 */
struct dnstcp_conn {
	u32 tag;
	u32 uid;
	u32 user;
	u32 left;
	struct dnstcp_way out;
	struct dnstcp_way in;
	u64 cookie;
	u64 image;
	u64 when;
	struct snitch_dns_key key;
};

static DEFINE_SPINLOCK(dnstcp_lock);
static struct dnstcp_conn (*dnstcp_sets)[DNSTCP_WAYS];

static struct dnstcp_conn *dnstcp_set(u32 tag)
{
	return dnstcp_sets[(tag >> 1) % DNSTCP_SETS];
}

static bool dnstcp_may_be_one(u32 tag)
{
	const struct dnstcp_conn *set = dnstcp_set(tag);
	unsigned int i;

	for (i = 0; i < DNSTCP_WAYS; i++)
		if (READ_ONCE(set[i].tag) == tag)
			return true;
	return false;
}

static struct dnstcp_conn *dnstcp_find(const struct snitch_dns_key *k, u32 tag)
{
	struct dnstcp_conn *set = dnstcp_set(tag);
	unsigned int i;

	lockdep_assert_held(&dnstcp_lock);
	for (i = 0; i < DNSTCP_WAYS; i++)
		if (set[i].tag == tag && !memcmp(&set[i].key, k, sizeof(*k)))
			return &set[i];
	return NULL;
}

/* The place that is missed least: a free one or one that waits for nothing any more, then the
 * user's own, then others'; of these where nothing was asked for longest.
 */
static struct dnstcp_conn *dnstcp_place(u32 tag, u32 user)
{
	struct dnstcp_conn *set = dnstcp_set(tag), *c = set;
	const u64 now = ktime_get_boottime_ns();
	unsigned int i, rank, best = 0;

	lockdep_assert_held(&dnstcp_lock);
	for (i = 0; i < DNSTCP_WAYS; i++) {
		rank = snitch_dns_spare(set[i].tag, set[i].when, set[i].user, now, user);
		if (rank > best || (rank == best && set[i].when < c->when)) {
			best = rank;
			c = &set[i];
		}
	}
	return c;
}

static void dnstcp_end(struct dnstcp_conn *c)
{
	WRITE_ONCE(c->tag, 0);
}

/*
 * Cuts off what was copied before, as of a segment that is sent again. False:
 * nothing is new in it, or something is missing before it.
 */
static bool dnstcp_in_order(const struct dnstcp_way *way, struct snitch_dns_view *v)
{
	const u32 known = way->next - v->seq;

	if (known >= v->len)
		return false;
	v->off += known;
	v->seq += known;
	v->len -= known;
	return true;
}

static bool dnstcp_push(struct dnstcp_way *way, const struct sk_buff *skb,
			const struct snitch_dns_view *v, struct snitch_image *image, u32 uid,
			u32 flags)
{
	struct snitch_dns_view piece = *v;
	unsigned int left = v->len;

	for (; left; left -= piece.len) {
		piece.len = min_t(unsigned int, left, SNITCH_DNS_MAX);
		piece.offset = way->next - way->first;
		if (!snitch_dns_push(skb, &piece, image, uid, flags))
			return false;
		piece.off += piece.len;
		way->next += piece.len;
	}
	return true;
}

/* ---- on the way out ---- */

/* Has the socket sent and got nothing before @seq? A SYN counts as one acknowledged byte. */
static bool dnstcp_is_first(const struct sock *sk, u32 seq)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return !tp->bytes_received && tp->bytes_acked <= 1 && tp->snd_una == seq;
}

static struct dnstcp_conn *dnstcp_begin(const struct sock *sk, const struct snitch_dns_view *v,
					u32 tag, u64 cookie, const struct snitch_image *image,
					u32 uid)
{
	struct dnstcp_conn *c;

	if (!dnstcp_is_first(sk, v->seq))
		return NULL;
	c = dnstcp_place(tag, image->quota->uid);
	c->key = v->key;
	c->cookie = cookie;
	c->image = image->id;
	c->uid = uid;
	c->user = image->quota->uid;
	c->out.first = v->seq;
	c->out.next = v->seq;
	c->in.first = tcp_sk(sk)->rcv_nxt;
	c->in.next = c->in.first;
	WRITE_ONCE(c->tag, tag);
	return c;
}

/**
 * snitch_dnstcp_question() - data goes to a name server
 * @skb: at LOCAL_OUT, from @sk to its peer's port 53, with payload
 * @pf: its family
 * @sk: a full TCP socket; its lock is held by who sends
 * @cookie: its cookie
 * @image: who sends
 * @uid: effective, of the sender
 *
 * Subflows of MPTCP are left out: their streams are no messages.
 *
 * Context: the hook's.
 */
void snitch_dnstcp_question(const struct sk_buff *skb, u8 pf, const struct sock *sk, u64 cookie,
			    struct snitch_image *image, u32 uid)
{
	struct snitch_dns_view v;
	struct dnstcp_conn *c;
	u32 tag;

	if (sk_is_mptcp(sk) || !snitch_dns_view(&v, skb, pf, false))
		return;
	v.key.netns = sock_net(sk)->ns.inum;
	tag = snitch_dns_tag(&v.key);
	spin_lock_bh(&dnstcp_lock);
	c = dnstcp_find(&v.key, tag);
	if (c && c->cookie != cookie) {
		dnstcp_end(c);		/* an older socket had the same port */
		c = NULL;
	}
	if (!c)
		c = dnstcp_begin(sk, &v, tag, cookie, image, uid);
	if (!c || !dnstcp_in_order(&c->out, &v))
		goto out;
	/* One asker a connection: whose an answer is could not be told. */
	if (c->image != image->id || v.len > SNITCH_DNSTCP_BYTES ||
	    !dnstcp_push(&c->out, skb, &v, image, uid, 0)) {
		dnstcp_end(c);
		goto out;
	}
	c->left = SNITCH_DNSTCP_BYTES;
	c->when = ktime_get_boottime_ns();
out:
	spin_unlock_bh(&dnstcp_lock);
}

/* ---- on the way in ---- */

/* An answer acknowledges a question, and nothing that was not sent: at most a FIN besides. */
static bool dnstcp_acknowledges(const struct dnstcp_conn *c, u32 ack)
{
	return ack - c->out.first - 1 <= c->out.next - c->out.first;
}

static void dnstcp_answer(struct dnstcp_conn *c, const struct sk_buff *skb,
			  struct snitch_dns_view *v)
{
	struct snitch_image *image;

	lockdep_assert_held(&dnstcp_lock);
	if (ktime_get_boottime_ns() - c->when > SNITCH_DNS_LIFE ||
	    !dnstcp_acknowledges(c, v->ack) || !dnstcp_in_order(&c->in, v))
		return;
	/* More than answers are long: a whole zone, for one. */
	image = v->len <= c->left ? snitch_image_find(c->image) : NULL;
	if (image && dnstcp_push(&c->in, skb, v, image, c->uid, SNITCH_D_ANSWER))
		c->left -= v->len;
	else
		dnstcp_end(c);
	snitch_image_put(image);
}

/**
 * snitch_dnstcp_came() - data comes from port 53
 * @skb: at LOCAL_IN
 * @v: what is in it; changed
 *
 * Context: softirq, before the socket gets the segment.
 */
void snitch_dnstcp_came(const struct sk_buff *skb, struct snitch_dns_view *v)
{
	const u32 tag = snitch_dns_tag(&v->key);
	struct dnstcp_conn *c;

	if (!dnstcp_may_be_one(tag))
		return;
	spin_lock_bh(&dnstcp_lock);
	c = dnstcp_find(&v->key, tag);
	if (c)
		dnstcp_answer(c, skb, v);
	spin_unlock_bh(&dnstcp_lock);
}

/* ---- ends ---- */

int snitch_dnstcp_init(void)
{
	if (!dnstcp_sets)
		dnstcp_sets = kvcalloc(DNSTCP_SETS, sizeof(*dnstcp_sets), GFP_KERNEL);
	return dnstcp_sets ? 0 : -ENOMEM;
}

void snitch_dnstcp_exit(void)
{
	kvfree(dnstcp_sets);
}
