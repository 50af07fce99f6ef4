// SPDX-License-Identifier: GPL-2.0-only
/* Revoke: see revoke.h. Never disturbs a flow that is merely unknown now. */
#include <linux/slab.h>
#include <net/tcp.h>

#include "abort.h"
#include "audit.h"
#include "counter.h"
#include "owner.h"
#include "revoke.h"
#include "uid.h"

static struct workqueue_struct *revoke_wq;
static DEFINE_SPINLOCK(revoke_lock);	/* see revoke.h */

struct revoke_job {
	struct snitch_abort abort;
};

static void revoke_done(struct snitch_abort *job)
{
	snitch_uid_put(job->quota);
	kfree(container_of(job, struct revoke_job, abort));
}

bool snitch_revoke_abort_for(struct sock *sk, struct snitch_uid *quota)
{
	struct revoke_job *job;

	if (!snitch_abort_room(quota))
		return false;
	job = kzalloc(sizeof(*job), GFP_ATOMIC | __GFP_NOWARN);
	if (!job) {
		snitch_count(SNITCH_C_NOMEM);
		return false;
	}
	job->abort.quota = snitch_uid_hold(quota);
	if (!refcount_inc_not_zero(&sk->sk_refcnt)) {
		revoke_done(&job->abort);
		return false;
	}
	snitch_abort_of(&job->abort, sk);
	job->abort.done = revoke_done;
	snitch_abort_queue(&job->abort);
	return true;
}

void snitch_revoke_abort(struct sock *sk, const struct snitch_image *image)
{
	if (image->quota)
		snitch_revoke_abort_for(sk, image->quota);
}

/* An entry's verdict is written as a whole, and by an earlier policy or earlier sets not any more;
 * one that took no sets to judge holds, whatever they are.
 * @verdict: else only that it stands. Return: what the entry says then.
 */
static u32 revoke_write(struct snitch_flow *f, const struct snitch_judgement *j, bool verdict)
{
	u64 generation;

	spin_lock_bh(&revoke_lock);
	generation = f->generation & ~SNITCH_FLOW_BY_SETS;
	if (generation < j->generation ||
	    (generation == j->generation && (!j->sets || f->sets <= j->sets))) {
		if (verdict && !f->cut) {
			WRITE_ONCE(f->origin_id, j->origin_id);
			if (!(f->flags & SNITCH_FLOW_WEAK))
				WRITE_ONCE(f->origin, j->origin);
			WRITE_ONCE(f->action, j->action);
		}
		/* Pairs with the acquires in snitch_flow_current(): no new number is seen
		 * with an old verdict.
		 */
		smp_store_release(&f->sets, j->sets);
		/* So does this. */
		smp_store_release(&f->generation, snitch_flow_stamp(j->generation, j->sets));
	}
	spin_unlock_bh(&revoke_lock);
	return READ_ONCE(f->action);
}

u32 snitch_revoke_judge(struct snitch_flow *f, const struct snitch_subject *s)
{
	struct snitch_judgement j;

	snitch_count(SNITCH_C_REJUDGED);
	snitch_policy_judge(s, &j);
	if (j.action == SNITCH_ASK && j.lockdown && f->sk) {
		j.action = SNITCH_DENY;		/* what no rule allows is cut */
		j.origin = SNITCH_BY_MODE;
	}
	if (j.action == SNITCH_ASK || (j.origin == SNITCH_BY_MODE && !j.lockdown)) {
		/* A person's answer and a connection that stands are left alone; in lockdown
		 * no answer counts.
		 */
		if (!f->sk && (f->origin != SNITCH_BY_PERSON || j.lockdown))
			return SNITCH_ASK;
		return revoke_write(f, &j, false);
	}
	return revoke_write(f, &j, true);
}

void snitch_revoke_refuse(struct snitch_flow *f, u32 origin, u64 origin_id)
{
	spin_lock_bh(&revoke_lock);
	if (f->action != SNITCH_DENY && f->action != SNITCH_DROP) {
		WRITE_ONCE(f->origin_id, origin_id);
		if (!(f->flags & SNITCH_FLOW_WEAK))
			WRITE_ONCE(f->origin, origin);
		WRITE_ONCE(f->action, SNITCH_DENY);
	}
	WRITE_ONCE(f->cut, true);
	spin_unlock_bh(&revoke_lock);
}

void snitch_revoke_forget(struct snitch_flow *f)
{
	spin_lock_bh(&revoke_lock);
	WRITE_ONCE(f->origin, SNITCH_BY_MODE);
	/* No policy's: its next packet is judged, and asked about where no rule is final. */
	smp_store_release(&f->generation, 0);
	spin_unlock_bh(&revoke_lock);
}

static void revoke_packet(struct snitch_packet *p, const struct snitch_flow *f)
{
	memset(p, 0, sizeof(*p));
	p->family = f->family;
	p->proto = f->proto;
	p->saddr = f->saddr;
	p->daddr = f->daddr;
	p->sport = f->sport;
	p->dport = f->dport;
}

static int revoke_one(struct snitch_flow *f, void *arg)
{
	struct snitch_image *image = rcu_dereference(f->image);
	struct snitch_packet packet;
	struct snitch_subject s = { .packet = &packet, .image = image };
	struct sock *sk;

	if (!f->sk || !image || snitch_flow_current(f))
		return 0;
	sk = snitch_flow_sock(f);
	if (!sk)
		return 0;
	revoke_packet(&packet, f);
	s.uid = f->uid;
	s.netns = f->netns;
	s.loopback = snitch_flow_loopback(f);
	switch (snitch_revoke_judge(f, &s)) {
	case SNITCH_DENY:
	case SNITCH_DROP:
		snitch_audit_refused(image, f->uid, &packet, f->action, f->origin, f->origin_id);
		snitch_revoke_abort(sk, image);
	}
	sock_put(sk);
	return 0;
}

static void revoke_work(struct work_struct *work)
{
	unsigned long pos = 0;

	snitch_flow_walk(&pos, revoke_one, NULL);
}

static DECLARE_WORK(revoke_worker, revoke_work);

void snitch_revoke_start(void)
{
	queue_work(revoke_wq, &revoke_worker);
}

/* ---- connections older than the policy ---- */

#define OLDER_STATES (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSE_WAIT | \
		      TCPF_LAST_ACK | TCPF_CLOSING)

static bool older_is_v6(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	return sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr);
#else
	return false;
#endif
}

/* By its route, if it has one now; without, by its next packet's anyhow. */
static bool older_loopback(struct sock *sk)
{
	const struct dst_entry *dst;
	bool loopback;

	rcu_read_lock();
	dst = __sk_dst_get(sk);
	if (dst)
		loopback = dst->dev->flags & IFF_LOOPBACK || netif_is_l3_master(dst->dev);
	else if (older_is_v6(sk))	/* its sk_daddr says nothing */
		loopback = ipv6_addr_loopback(&sk->sk_v6_daddr);
	else
		loopback = ipv4_is_loopback(sk->sk_daddr);
	rcu_read_unlock();
	return loopback;
}

static void older_add(struct sock *sk, u64 generation, u64 sets)
{
	struct snitch_packet p = {
		.proto = IPPROTO_TCP,
		.sport = sk->sk_num,
		.dport = ntohs(sk->sk_dport),
		.family = AF_INET,
	};
	struct snitch_flow_new n = {
		.sk = sk,
		.packet = &p,
		.loopback = older_loopback(sk),
		.generation = generation,
		.sets = sets,
		.netns = sock_net(sk)->ns.inum,
		.action = SNITCH_ALLOW,
		.origin = SNITCH_BY_OLDER,
		.flags = SNITCH_FLOW_WEAK,
	};
	struct snitch_flow_key key = {
		.sk = sk,
		.cookie = atomic64_read(&sk->sk_cookie),
		.daddr = &p.daddr,
		.tcp = true,
	};

#if IS_ENABLED(CONFIG_IPV6)
	if (older_is_v6(sk)) {
		p.family = AF_INET6;
		p.daddr.in6 = sk->sk_v6_daddr;
		p.saddr.in6 = sk->sk_v6_rcv_saddr;
	}
#endif
	if (p.family == AF_INET) {
		p.daddr.ip = sk->sk_daddr;
		p.saddr.ip = sk->sk_rcv_saddr;
	}
	rcu_read_lock();
	key.peer = p.peer;
	key.loopback = n.loopback;
	if (snitch_flow_find(&key)) {
		rcu_read_unlock();
		return;		/* known from before judging stopped */
	}
	rcu_read_unlock();
	n.cookie = snitch_cookie(sk);
	if (!snitch_flow_add(&n))
		snitch_count(SNITCH_C_OLDER);
}

static void older_table(struct inet_hashinfo *table, u64 generation, u64 sets)
{
	struct hlist_nulls_node *node;
	struct sock *sk;
	unsigned int i;

	for (i = 0; i <= table->ehash_mask; i++) {
		spinlock_t *lock = inet_ehash_lockp(table, i);

		if (hlist_nulls_empty(&table->ehash[i].chain))
			continue;
		spin_lock_bh(lock);
		sk_nulls_for_each(sk, node, &table->ehash[i].chain)
			if (sk_fullsock(sk) && (1 << sk->sk_state) & OLDER_STATES)
				older_add(sk, generation, sets);
		spin_unlock_bh(lock);
		cond_resched();
	}
}

/*
 * snitch_revoke_older() - judging begins: connections that stand are let go on
 *
 * @sets: their generation, 0: there are none
 *
 * A namespace may have a table of its own; mostly all share one.
 */
void snitch_revoke_older(u64 generation, u64 sets)
{
	struct inet_hashinfo *table, *shared = snitch_compat_hashinfo(&init_net);
	struct net *net;

	older_table(shared, generation, sets);
	down_read(&net_rwsem);
	for_each_net(net) {
		table = snitch_compat_hashinfo(net);
		if (table && table != shared)
			older_table(table, generation, sets);
	}
	up_read(&net_rwsem);
}

int snitch_revoke_init(void)
{
	revoke_wq = alloc_ordered_workqueue("snitch_revoke", 0);
	return revoke_wq ? 0 : -ENOMEM;
}

/** snitch_revoke_exit() - before the flow tables and the abort workers go */
void snitch_revoke_exit(void)
{
	destroy_workqueue(revoke_wq);
}
