// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flowtcp: entries of TCP sockets, which come and go with them.
 * Locks and lifetimes: flow.h.
 */
#include <net/inet_sock.h>

#include "counter.h"
#include "ended.h"
#include "flow.h"
#include "flowtcp.h"
#include "owner.h"
#include "revoke.h"
#include "tuple.h"

#define FLOW_LOCKS	256

static spinlock_t flow_tcp_locks[FLOW_LOCKS];
atomic_t snitch_flow_tcp_count = ATOMIC_INIT(0);

static spinlock_t *tcp_lock(unsigned int bucket)
{
	return &flow_tcp_locks[bucket % FLOW_LOCKS];
}

void snitch_flow_tcp_init(void)
{
	unsigned int i;

	for (i = 0; i < FLOW_LOCKS; i++)
		spin_lock_init(&flow_tcp_locks[i]);
}

/* ---- accepted sockets ---- */

/*
 * snitch_flow_adopt() - the entry of an accepted socket, at its first packet
 *
 * The probe made it before the socket had cookie and addresses.
 *
 * Return: the entry, or NULL. Context: the hook's, under RCU.
 */
struct snitch_flow *snitch_flow_adopt(const struct sock *sk, const struct snitch_packet *p,
				      bool loopback)
{
	unsigned int bucket = snitch_flow_tcp_hash(sk);
	struct snitch_flow *f;

	if (READ_ONCE(sk->sk_state) == TCP_SYN_SENT)
		return NULL;
	spin_lock_bh(tcp_lock(bucket));
	hlist_for_each_entry(f, &snitch_flow_tcp[bucket], node)
		if (f->sk == sk && !f->cookie)
			break;
	if (f) {
		f->peer = p->peer;
		f->match = snitch_flow_match(p->peer.word, loopback);
		f->daddr = p->daddr;
		f->saddr = p->saddr;
		f->sport = p->sport;
		f->netns = sock_net(sk)->ns.inum;
		/* Found by cookie only once the addresses are there. */
		smp_store_release(&f->cookie, snitch_cookie(sk));
		snitch_tuple_link(f);
	}
	spin_unlock_bh(tcp_lock(bucket));
	return f;
}

/* ---- shares ---- */

/*
 * Shares: nobody's connections keep others from making theirs. One that nobody
 * has spoken on yet is of who made the socket; root's listeners have no more
 * of those than others, for it is the far end that makes them.
 */
static bool tcp_charge(struct snitch_flow *f)
{
	const struct snitch_image *image = rcu_dereference_protected(f->image, true);
	struct snitch_uid *quota;

	if (image && (!image->quota || !image->quota->uid))
		return true;
	quota = image ? snitch_uid_hold(image->quota) : snitch_uid_get(snitch_uid_of_socket(f->sk));
	f->quota = snitch_uid_charge_tcp(quota, SNITCH_TCP_FLOWS_UID_MAX);
	return f->quota;	/* snitch_flow_free() gives the reference back */
}

static void tcp_uncharge(const struct snitch_flow *f)
{
	if (f->quota)
		atomic_dec(&f->quota->tcp_flows);
}

void snitch_flow_tcp_unlink(struct snitch_flow *f)
{
	tcp_uncharge(f);
	f->flags |= SNITCH_FLOW_GONE;
	hlist_del_rcu(&f->node);
	snitch_tuple_unlink(f);
	atomic_dec(&snitch_flow_tcp_count);
	call_rcu(&f->rcu, snitch_flow_free_rcu);
}

/* ---- in and out of the table ---- */

/* What becomes of an older entry of the same socket. */
static void tcp_supersede(struct snitch_flow *old, struct snitch_flow *new, unsigned int *senders)
{
	bool same_way = snitch_flow_same_way(old, new);
	bool goes_on = same_way && snitch_flow_same_sender(old, new, true);

	if (goes_on)
		snitch_ended_carry(new, old);
	if (!same_way || goes_on || ++*senders >= SNITCH_SENDERS_MAX)
		snitch_flow_tcp_unlink(old);
	else
		old->flags |= SNITCH_FLOW_OLDER;
}

int snitch_flow_tcp_insert(struct snitch_flow *new)
{
	unsigned int bucket = snitch_flow_tcp_hash(new->sk), senders = 0;
	struct hlist_node *next;
	struct snitch_flow *f;

	if (!tcp_charge(new))
		return -ENOSPC;
	if (atomic_inc_return(&snitch_flow_tcp_count) > SNITCH_TCP_FLOWS_MAX) {
		atomic_dec(&snitch_flow_tcp_count);
		tcp_uncharge(new);
		return -ENOSPC;
	}
	spin_lock_bh(tcp_lock(bucket));
	hlist_for_each_entry_safe(f, next, &snitch_flow_tcp[bucket], node)
		if (f->sk == new->sk)
			tcp_supersede(f, new, &senders);
	snitch_tuple_link(new);
	hlist_add_head_rcu(&new->node, &snitch_flow_tcp[bucket]);
	spin_unlock_bh(tcp_lock(bucket));
	return 0;
}

/** snitch_flow_claim() - a weak entry's sender has shown itself: it is its own now; any context */
void snitch_flow_claim(struct snitch_flow *f, struct snitch_image *image, u32 uid)
{
	unsigned int bucket = snitch_flow_tcp_hash(f->sk);
	struct snitch_uid *quota = NULL;

	if (image->quota && image->quota->uid)
		quota = snitch_uid_hold(image->quota);
	spin_lock_bh(tcp_lock(bucket));
	if (!rcu_dereference_protected(f->image, true) && !(f->flags & SNITCH_FLOW_GONE)) {
		f->uid = uid;
		rcu_assign_pointer(f->image, snitch_image_get(image));
		tcp_uncharge(f);
		swap(f->quota, quota);
		if (f->quota)
			atomic_inc(&f->quota->tcp_flows);
	}
	spin_unlock_bh(tcp_lock(bucket));
	snitch_uid_put(quota);
}

/* ---- TCP sockets that come and go ---- */

/*
 * snitch_flow_inbound() - a listener's child was made: it answers inbound traffic
 *
 * Without memory or room there is no entry, and the connection is judged as
 * one that nobody knows.
 *
 * Context: any, softirq mostly.
 */
void snitch_flow_inbound(const struct sock *sk)
{
	struct snitch_flow *f = snitch_flow_alloc();

	if (!f) {
		snitch_count(SNITCH_C_NOMEM);
		return;
	}
	memset(f, 0, sizeof(*f));
	f->sk = sk;
	f->action = SNITCH_ALLOW;
	f->origin = SNITCH_BY_INBOUND;
	f->flags = SNITCH_FLOW_WEAK;
	if (snitch_flow_tcp_insert(f))
		snitch_flow_free(f);
	else
		snitch_count(SNITCH_C_INBOUND);
}

/* Of a connection alone: that it was accepted, or cut. */
static bool tcp_of_connection(const struct snitch_flow *f)
{
	return f->flags & SNITCH_FLOW_WEAK || READ_ONCE(f->cut);
}

/* Takes away a socket's entries; @going: all of them, the socket is no more, else those of a
 * connection alone.
 */
static void tcp_remove(const struct sock *sk, bool going)
{
	unsigned int bucket = snitch_flow_tcp_hash(sk);
	struct hlist_node *next;
	struct snitch_flow *f;

	if (hlist_empty(&snitch_flow_tcp[bucket]))
		return;
	spin_lock_bh(tcp_lock(bucket));
	hlist_for_each_entry_safe(f, next, &snitch_flow_tcp[bucket], node) {
		if (f->sk != sk || !(going || tcp_of_connection(f)))
			continue;
		if (going && !(f->flags & SNITCH_FLOW_OLDER))
			snitch_ended_socket(f, sk);
		snitch_flow_tcp_unlink(f);
	}
	spin_unlock_bh(tcp_lock(bucket));
}

/*
 * snitch_flow_connects() - a TCP socket sets out to connect
 *
 * It may have been accepted once, or be older than us: that let it answer a
 * peer that came, not set out to any. Nor does what cut an earlier connection
 * count for this one: its SYN is judged. Also for a peer that meets it half way,
 * whose SYN it then answers as if it had been accepted.
 *
 * Context: any.
 */
void snitch_flow_connects(const struct sock *sk)
{
	tcp_remove(sk, false);
}

/** snitch_flow_remove_tcp() - a TCP socket is about to go; any context */
void snitch_flow_remove_tcp(const struct sock *sk)
{
	tcp_remove(sk, true);
}

void snitch_flow_cut(const struct sock *sk, u64 cookie, u32 origin, u64 origin_id)
{
	struct snitch_flow *f;

	hlist_for_each_entry_rcu(f, &snitch_flow_tcp[snitch_flow_tcp_hash(sk)], node)
		if (f->sk == sk && smp_load_acquire(&f->cookie) == cookie)	/* see flow.c */
			snitch_revoke_refuse(f, origin, origin_id);
}

struct sock *snitch_flow_sock(const struct snitch_flow *f)
{
	struct sock *sk = (struct sock *)f->sk;

	/* TCP sockets are freed by RCU and may be another one by now. */
	if (!sk || !refcount_inc_not_zero(&sk->sk_refcnt))
		return NULL;
	if (f->cookie && atomic64_read(&sk->sk_cookie) == f->cookie)
		return sk;
	sock_put(sk);
	return NULL;
}
