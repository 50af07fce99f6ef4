// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settle: the way out of the stash. A flow is settled under the lock, which
 * makes the verdict known to packets that come; whoever settled it acts after
 * unlock: resumes, refuses, frees. States, locks and lifetimes: park.h.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "audit.h"
#include "cache.h"
#include "counter.h"
#include "data.h"
#include "device.h"
#include "flow.h"
#include "observe.h"
#include "resume.h"
#include "stash.h"

#define PARK_BATCH	64	/* flows looked at in one hold of the lock */
#define PARK_MISSED_NS	(15ULL * NSEC_PER_SEC)	/* a missed question is remembered */

static LIST_HEAD(park_release);	/* DONE out of a context that must not act */
static void park_release_work(struct work_struct *work);
static DECLARE_WORK(park_releaser, park_release_work);

/* ---- what becomes of it ---- */

/* The verdict is known from here on to packets that come: before the flow
 * leaves the tables, so that none finds neither.
 */
static void park_remember(struct snitch_park *p)
{
	struct snitch_flow_new n = {
		.sk = p->tcp ? p->sk : NULL,
		.cookie = p->cookie,
		.generation = p->why.generation,
		.sets = p->why.sets,
		.image = p->image,
		.packet = &p->packet,
		.uid = p->uid,
		.netns = p->netns,
		.action = p->ask_data ? SNITCH_ASK : p->action,
		.origin = p->origin,
		.origin_id = p->origin_id,
		.loopback = p->loopback,
		.packets = p->action == SNITCH_ALLOW ? skb_queue_len(&p->skbs) : 0,
	};
	const struct sk_buff *skb;

	lockdep_assert_held(&snitch_park_lock);
	/* What fail mode said is of what waited; only a connection goes on with it. The cache
	 * remembers a missed question.
	 */
	if (p->origin == SNITCH_BY_FAIL && (p->action != SNITCH_ALLOW || !p->tcp))
		return;
	if (p->origin == SNITCH_BY_PERSON)
		n.flags = SNITCH_FLOW_PINNED;
	if (p->origin == SNITCH_BY_INBOUND || p->origin == SNITCH_BY_OLDER)
		n.flags = SNITCH_FLOW_WEAK;
	/* Nothing of it may stay when the socket has been destroyed meanwhile. */
	if (p->tcp && READ_ONCE(p->sk->sk_state) == TCP_CLOSE)
		return;
	if (p->action == SNITCH_ALLOW)	/* else they never leave */
		skb_queue_walk(&p->skbs, skb)
			n.bytes += skb->len;
	if (snitch_flow_add(&n) && p->action == SNITCH_ALLOW) {
		p->action = SNITCH_DENY;
		p->origin = SNITCH_BY_FAIL;
	}
}

/* Is it the connection's that the socket has now? */
static bool park_is_connections(const struct snitch_park *p)
{
	return p->astray || snitch_packet_to_peer(&p->packet, p->sk);
}

/* What was refused is not sent again as the owner's until the connection is cut. */
static void park_cut(const struct snitch_park *p)
{
	if (p->action == SNITCH_ALLOW || !p->tcp || p->packet.tcp_flags & SNITCH_TCP_SYN ||
	    !park_is_connections(p))
		return;
	rcu_read_lock();
	snitch_flow_cut(p->sk, p->cookie, p->origin, p->origin_id);
	rcu_read_unlock();
}

void snitch_park_settle(struct snitch_park *p, u32 action, u32 origin, u64 origin_id)
{
	lockdep_assert_held(&snitch_park_lock);
	p->action = action;
	p->origin = origin;
	p->origin_id = origin_id;
	park_remember(p);
	park_cut(p);
	snitch_park_detach(p);
}

static void park_abort_done(struct snitch_abort *job)
{
	struct snitch_park *p = container_of(job, struct snitch_park, abort);

	snitch_park_put(p);
}

static void park_refuse(struct snitch_park *p)
{
	struct sk_buff *skb = skb_peek(&p->skbs);

	snitch_audit_refused(p->image, p->uid, &p->packet, p->action, p->origin, p->origin_id);
	if (p->action == SNITCH_DROP)
		return;
	if (!p->tcp) {
		if (skb)
			snitch_refuse_other(p, skb);
		return;
	}
	if (!park_is_connections(p))
		return;		/* it talks to somebody else by now */
	sock_hold(p->sk);
	snitch_park_get(p);
	snitch_abort_of(&p->abort, p->sk);
	p->abort.quota = p->quota;
	p->abort.done = park_abort_done;
	snitch_abort_queue(&p->abort);
}

static void park_lost(struct snitch_park *p)
{
	bool moved = p->tcp && skb_queue_len(&p->skbs);

	snitch_count(moved ? SNITCH_C_CANCEL_MOVED : SNITCH_C_CANCEL_ROUTE);
	spin_lock_bh(&snitch_park_lock);
	if (p->pending == SNITCH_PEV_NONE)
		snitch_park_tell_cancel(p, moved ? SNITCH_CANCEL_MOVED : SNITCH_CANCEL_ROUTE);
	spin_unlock_bh(&snitch_park_lock);
}

static void park_resume(struct snitch_park *p)
{
	u8 pf = p->packet.family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	struct sk_buff *skb;

	while ((skb = skb_peek(&p->skbs))) {
		if (!snitch_resume_valid(p, skb)) {
			park_lost(p);
			__skb_queue_purge(&p->skbs);
			return;
		}
		__skb_unlink(skb, &p->skbs);
		if (!skb->sk)
			skb_set_owner_w(skb, p->sk);
		if (!snitch_resume(skb, p->net, p->sk, pf))
			snitch_count(SNITCH_C_LOST_DST);
	}
}

/* After snitch_park_settle() and unlock: carry it out, give the reference back. */
void snitch_park_act(struct snitch_park *p)
{
	snitch_tell_settled(p);
	if (p->action == SNITCH_ALLOW)
		park_resume(p);
	else if (p->action)
		park_refuse(p);
	__skb_queue_purge(&p->skbs);	/* it may be known for longer than it counts */
	snitch_park_put(p);
}

void snitch_park_act_all(struct list_head *list)
{
	struct snitch_park *p, *next;

	list_for_each_entry_safe(p, next, list, due) {
		list_del_init(&p->due);
		snitch_park_act(p);
		cond_resched();
	}
}

/* ---- verdicts ---- */

static void park_cache(const struct snitch_park *p, u32 action, u32 origin, u64 origin_id,
		       u64 until)
{
	struct snitch_cache_new n = {
		.image = p->image, .daddr = p->packet.daddr, .dport = p->packet.dport,
		.family = p->packet.family, .proto = p->packet.proto, .uid = p->uid,
		.netns = p->netns, .action = action, .origin = origin, .origin_id = origin_id,
		.until = until, .generation = p->why.generation,
	};

	/* The cache does not know the way: what held for loopback holds for it alone. */
	if (p->image && !p->loopback)
		snitch_cache_add(&n);
}

/* A verdict that was given under an earlier policy: what is final now comes first. One that
 * stands keeps its generation, so that it is judged again and not cached as if it were new.
 */
static bool park_overruled(struct snitch_park *p)
{
	struct snitch_judgement j;
	struct snitch_subject s;

	lockdep_assert_held(&snitch_park_lock);
	if (snitch_judgement_current(&p->why) || p->flags & SNITCH_F_SHARED)
		return false;
	snitch_park_subject(p, &s);
	snitch_policy_judge(&s, &j);
	if (j.action == SNITCH_ASK)
		return false;
	p->why.generation = j.generation;
	p->why.sets = j.sets;
	snitch_device_unqueue(p);
	snitch_park_settle(p, j.action, j.origin, j.origin_id);
	return true;
}

int snitch_park_verdict(const struct snitch_verdict *v)
{
	struct snitch_park *p;

	spin_lock_bh(&snitch_park_lock);
	p = snitch_park_by_id(v->hdr.id);
	if (!p || p->state == SNITCH_PARK_ADOPT) {
		spin_unlock_bh(&snitch_park_lock);
		snitch_count(SNITCH_C_LATE_VERDICT);
		return -ENOENT;
	}
	if (v->action == SNITCH_HOLD) {
		snitch_park_hold(p);
		spin_unlock_bh(&snitch_park_lock);
		return 0;
	}
	if (!park_overruled(p)) {
		if (v->flags & SNITCH_V_DATA && snitch_data_ask(p)) {
			spin_unlock_bh(&snitch_park_lock);
			return 0;
		}
		if (v->flags & SNITCH_V_CACHE)
			park_cache(p, v->action, v->origin, v->origin_id, v->until);
		snitch_device_unqueue(p);
		snitch_park_settle(p, v->action, v->origin, v->origin_id);
	}
	spin_unlock_bh(&snitch_park_lock);
	snitch_count(p->action == SNITCH_ALLOW ? SNITCH_C_PARK_ALLOWED : SNITCH_C_PARK_REFUSED);
	snitch_park_act(p);
	return 0;
}

/* ---- fail mode and time limits ---- */

void snitch_park_settle_fail(struct snitch_park *p, u32 why)
{
	u32 action = snitch_policy_fail();

	snitch_count(action == SNITCH_ALLOW ? SNITCH_C_FAIL_ALLOWED : SNITCH_C_FAIL_REFUSED);
	if (!p->image && action == SNITCH_ALLOW)
		action = SNITCH_DENY;	/* nobody to allow */
	snitch_park_settle(p, action, SNITCH_BY_FAIL, 0);
	snitch_park_tell_cancel(p, why);
}

/* Return: false: it has got more time. */
static bool park_expire(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->state == SNITCH_PARK_HELD) {
		snitch_count(SNITCH_C_HOLD_TIMEOUT);
		park_cache(p, SNITCH_DENY, SNITCH_BY_FAIL, 0,
			   ktime_get_boottime_ns() + PARK_MISSED_NS);
		snitch_park_settle(p, SNITCH_DENY, SNITCH_BY_FAIL, 0);
		snitch_park_tell_cancel(p, SNITCH_CANCEL_TIMEOUT);
		return true;
	}
	if (snitch_data_late(p))
		return false;
	snitch_count(SNITCH_C_CONSULT_TIMEOUT);
	snitch_park_settle_fail(p, SNITCH_CANCEL_CONSULT);
	return true;
}

static void park_collect_due(struct list_head *gone)
{
	u64 now = ktime_get_boottime_ns();
	struct snitch_park *p, *next;
	unsigned int i;

	for (i = 0; i < SNITCH_DUE_MAX; i++) {
		list_for_each_entry_safe(p, next, &snitch_park_due[i], due) {
			if (p->deadline > now)
				break;
			if (snitch_device_expected() && !snitch_device_deciding()) {
				/* A new decider may still come and inherit it. */
				p->deadline = now + 100 * NSEC_PER_MSEC;
				continue;
			}
			if (park_expire(p))
				list_add_tail(&p->due, gone);
		}
	}
}

/* A TCP socket that left SYN_SENT waits no more, whatever probe saw of it. */
static void park_collect_idle(struct list_head *gone)
{
	struct snitch_park *p, *next;
	unsigned int i;

	for (i = SNITCH_DUE_CONSULT; i <= SNITCH_DUE_TCP; i++) {
		list_for_each_entry_safe(p, next, &snitch_park_due[i], due) {
			if (!p->tcp || !(p->packet.tcp_flags & SNITCH_TCP_SYN) ||
			    p->packet.tcp_flags & SNITCH_TCP_ACK ||
			    READ_ONCE(p->sk->sk_state) == TCP_SYN_SENT ||
			    READ_ONCE(p->sk->sk_state) == TCP_SYN_RECV)
				continue;
			snitch_park_detach(p);
			snitch_park_tell_cancel(p, SNITCH_CANCEL_CLOSED);
			snitch_count(SNITCH_C_CANCEL_CLOSED);
			list_add_tail(&p->due, gone);
		}
	}
}

void snitch_park_tick(struct work_struct *work)
{
	LIST_HEAD(gone);

	spin_lock_bh(&snitch_park_lock);
	park_collect_due(&gone);
	if (snitch_park_tcp)
		park_collect_idle(&gone);
	snitch_park_schedule();
	spin_unlock_bh(&snitch_park_lock);
	snitch_park_act_all(&gone);
}

/*
 * Calls @fn for each flow that is parked now, a few in one hold of the lock,
 * and acts on those that it has taken out: it says true of them.
 */
static void park_each(bool (*fn)(struct snitch_park *p, const void *arg), const void *arg)
{
	struct snitch_park *p, *next;
	u64 from = 0, last = 0;
	unsigned int n;
	LIST_HEAD(gone);

	do {
		spin_lock_bh(&snitch_park_lock);
		last = last ?: snitch_park_newest();
		p = snitch_park_from(from);
		for (n = 0; p && p->id <= last && n < PARK_BATCH; n++, p = next) {
			next = snitch_park_following(p);
			if (fn(p, arg))
				list_add_tail(&p->due, &gone);
		}
		from = p && p->id <= last ? p->id : 0;
		spin_unlock_bh(&snitch_park_lock);
		snitch_park_act_all(&gone);
		cond_resched();
	} while (from);
}

static bool park_fail_one(struct snitch_park *p, const void *arg)
{
	/* A decider may just have come: then it is told of all that waits. */
	if (p->state == SNITCH_PARK_ADOPT || snitch_device_expected())
		return false;
	snitch_park_settle_fail(p, SNITCH_CANCEL_CONSULT);
	return true;
}

void snitch_park_fail_all(void)
{
	park_each(park_fail_one, NULL);
}

/* ---- cancelled from outside ---- */

/* Out of the probe: the socket's lock may be held, nothing may be freed here. */
void snitch_park_socket_gone(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	struct hlist_node *next;
	struct snitch_park *p;
	bool found = false;

	if (!READ_ONCE(snitch_park_tcp) || !cookie)
		return;
	spin_lock_bh(&snitch_park_lock);
	hlist_for_each_entry_safe(p, next, snitch_park_key(cookie), by_key) {
		if (p->cookie != cookie || !p->tcp)
			continue;
		snitch_park_detach(p);
		snitch_park_tell_cancel(p, SNITCH_CANCEL_CLOSED);
		snitch_count(SNITCH_C_CANCEL_CLOSED);
		list_add_tail(&p->due, &park_release);
		found = true;
	}
	spin_unlock_bh(&snitch_park_lock);
	if (found)
		queue_work(snitch_park_wq, &park_releaser);
}

static void park_release_work(struct work_struct *work)
{
	LIST_HEAD(gone);

	spin_lock_bh(&snitch_park_lock);
	list_splice_init(&park_release, &gone);
	spin_unlock_bh(&snitch_park_lock);
	snitch_park_act_all(&gone);
}

static bool park_flush_one(struct snitch_park *p, const void *net)
{
	if (net && p->net != net)
		return false;
	snitch_park_detach(p);
	snitch_park_tell_cancel(p, SNITCH_CANCEL_NETNS);
	snitch_count(SNITCH_C_CANCEL_NETNS);
	return true;
}

void snitch_park_flush_net(struct net *net)
{
	park_each(park_flush_one, net);
}

/** snitch_park_flushed() - what was taken out is no longer on its way in a worker */
void snitch_park_flushed(void)
{
	flush_workqueue(snitch_park_wq);
}

/** snitch_park_stop() - the hooks are gone: nothing is parked any more, drop all */
void snitch_park_stop(void)
{
	park_each(park_flush_one, NULL);
	snitch_park_quiet();
}

/* ---- a new policy, a new decider ---- */

static bool park_rejudge_one(struct snitch_park *p, const void *arg)
{
	struct snitch_judgement j;
	struct snitch_subject s;

	if (p->state == SNITCH_PARK_ADOPT || p->flags & SNITCH_F_SHARED)
		return false;
	snitch_park_subject(p, &s);
	snitch_policy_judge(&s, &j);
	p->why.generation = j.generation;
	p->why.sets = j.sets;
	if (j.action == SNITCH_ASK)
		return false;
	snitch_park_settle(p, j.action, j.origin, j.origin_id);
	snitch_park_tell_cancel(p, SNITCH_CANCEL_POLICY);
	return true;
}

void snitch_park_rejudge(void)
{
	park_each(park_rejudge_one, NULL);
}

void snitch_park_redeliver(void)
{
	struct snitch_park *p, *next;
	LIST_HEAD(waiting);
	unsigned int i;

	lockdep_assert_held(&snitch_park_lock);
	for (i = 0; i < SNITCH_DUE_MAX; i++)
		list_splice_tail_init(&snitch_park_due[i], &waiting);
	list_for_each_entry_safe(p, next, &waiting, due) {
		if (p->state != SNITCH_PARK_ADOPT) {
			if (p->told)
				p->flags |= SNITCH_F_REDELIVERED;
			p->told = 0;
			snitch_data_again(p);
			snitch_device_queue(p, SNITCH_PEV_FLOW);
		}
		snitch_park_set_deadline(p);
	}
	snitch_park_schedule();
}

