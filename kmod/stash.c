// SPDX-License-Identifier: GPL-2.0-only
/* Stash: the tables of parked flows and their time limits. See stash.h, park.h. */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "counter.h"
#include "device.h"
#include "flow.h"
#include "netns.h"
#include "stash.h"

DEFINE_SPINLOCK(snitch_park_lock);
struct list_head snitch_park_due[SNITCH_DUE_MAX];
unsigned int snitch_park_now, snitch_park_tcp, snitch_park_unread;
u64 snitch_park_truesize;
struct kmem_cache *snitch_park_slab;
struct workqueue_struct *snitch_park_wq;

static struct hlist_head park_ids[1 << SNITCH_PARK_BITS];
static struct hlist_head park_keys[1 << SNITCH_PARK_BITS];
static LIST_HEAD(park_all);	/* oldest first */
static u64 park_next_id;
static unsigned int park_held;
static DECLARE_DELAYED_WORK(park_ticker, snitch_park_tick);

#define PARK_SWEEP_MS	1000	/* look for TCP sockets that wait no more */
#define PARK_CONSULTS	10	/* limits that a consult lasts, however often deciders change */

/* ---- references ---- */

void snitch_park_get(struct snitch_park *p)
{
	refcount_inc(&p->ref);
}

void snitch_park_put(struct snitch_park *p)
{
	if (!refcount_dec_and_test(&p->ref))
		return;
	__skb_queue_purge(&p->skbs);
	if (p->sk)
		sock_put(p->sk);
	if (p->net)
		put_net(p->net);
	snitch_image_put(p->image);
	snitch_uid_put(p->quota);
	kmem_cache_free(snitch_park_slab, p);
}

/* ---- finding ---- */

struct hlist_head *snitch_park_key(u64 cookie)
{
	return &park_keys[hash_64(cookie, SNITCH_PARK_BITS)];
}

struct snitch_park *snitch_park_by_id(u64 id)
{
	struct snitch_park *p;

	lockdep_assert_held(&snitch_park_lock);
	hlist_for_each_entry(p, &park_ids[hash_64(id, SNITCH_PARK_BITS)], by_id)
		if (p->id == id)
			return p;
	return NULL;
}

/* Nearly always it is there; else its place is looked for. */
struct snitch_park *snitch_park_from(u64 id)
{
	struct snitch_park *p = snitch_park_by_id(id);

	if (p)
		return p;
	list_for_each_entry(p, &park_all, all)
		if (p->id > id)
			return p;
	return NULL;
}

struct snitch_park *snitch_park_following(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	return list_is_last(&p->all, &park_all) ? NULL : list_next_entry(p, all);
}

u64 snitch_park_newest(void)
{
	lockdep_assert_held(&snitch_park_lock);
	return park_next_id;
}

bool snitch_park_same_destination(const struct snitch_park *p, const struct snitch_packet *k)
{
	return p->packet.proto == k->proto && p->packet.family == k->family &&
	       p->packet.dport == k->dport && nf_inet_addr_cmp(&p->packet.daddr, &k->daddr);
}

struct snitch_flow *snitch_park_entry(const struct snitch_park *p)
{
	const struct snitch_flow_key key = {
		.sk = p->sk,
		.cookie = p->cookie,
		.daddr = &p->packet.daddr,
		.peer = p->packet.peer,
		.loopback = p->loopback,
		.tcp = p->tcp,
	};

	return snitch_flow_find(&key);
}

/*
 * A parked flow of the same socket, sender and destination. One whose owner is
 * still looked for is nobody's yet: a packet whose sender is known does not go
 * with what that one is told; nor the other way round, but for TCP's, which
 * are sent again and do not wait with it.
 */
static bool park_same_sender(const struct snitch_park *p, const struct snitch_subject *s)
{
	if (!s->image)
		return !p->image || p->tcp;
	return p->image && p->uid == s->uid && snitch_image_same_program(p->image, s->image);
}

struct snitch_park *snitch_park_find(u64 cookie, bool tcp, const struct snitch_subject *s)
{
	struct snitch_park *p;

	lockdep_assert_held(&snitch_park_lock);
	hlist_for_each_entry(p, snitch_park_key(cookie), by_key) {
		if (p->cookie == cookie && p->tcp == tcp && p->loopback == s->loopback &&
		    snitch_park_same_destination(p, s->packet) && park_same_sender(p, s))
			return p;
	}
	return NULL;
}

/* ---- time limits ---- */

static enum snitch_park_class park_class(const struct snitch_park *p)
{
	if (p->state != SNITCH_PARK_HELD)
		return SNITCH_DUE_CONSULT;
	if (p->tcp)
		return SNITCH_DUE_TCP;
	return p->packet.proto == IPPROTO_UDP && p->packet.dport == 53 ? SNITCH_DUE_DNS
								       : SNITCH_DUE_OTHER;
}

void snitch_park_set_deadline(struct snitch_park *p)
{
	enum snitch_park_class class = park_class(p);
	const u32 limit[SNITCH_DUE_MAX] = {
		[SNITCH_DUE_CONSULT]	= READ_ONCE(snitch_limits.consult_ms),
		[SNITCH_DUE_TCP]		= READ_ONCE(snitch_limits.hold_tcp_ms),
		[SNITCH_DUE_OTHER]	= READ_ONCE(snitch_limits.hold_ms),
		[SNITCH_DUE_DNS]		= READ_ONCE(snitch_limits.hold_dns_ms),
	};
	const u64 ns = (u64)limit[class] * NSEC_PER_MSEC;
	struct snitch_park *before;

	lockdep_assert_held(&snitch_park_lock);
	if (p->state == SNITCH_PARK_HELD)
		p->deadline = p->when + ns;
	else
		p->deadline = min(ktime_get_boottime_ns() + ns, p->when + PARK_CONSULTS * ns);
	list_del(&p->due);
	/* Nearly always the last one. */
	list_for_each_entry_reverse(before, &snitch_park_due[class], due)
		if (before->deadline <= p->deadline)
			break;
	list_add(&p->due, &before->due);
}

void snitch_park_schedule(void)
{
	u64 now = ktime_get_boottime_ns(), soonest = U64_MAX;
	struct snitch_park *p;
	unsigned int i;

	lockdep_assert_held(&snitch_park_lock);
	for (i = 0; i < SNITCH_DUE_MAX; i++) {
		p = list_first_entry_or_null(&snitch_park_due[i], struct snitch_park, due);
		if (p)
			soonest = min(soonest, p->deadline);
	}
	if (soonest == U64_MAX)
		return;
	if (snitch_park_tcp)
		soonest = min(soonest, now + (u64)PARK_SWEEP_MS * NSEC_PER_MSEC);
	mod_delayed_work(snitch_park_wq, &park_ticker,
			 soonest > now ? nsecs_to_jiffies(soonest - now) + 1 : 0);
}

/* ---- in and out of the tables ---- */

/* snitch_park_has_share() - may this executable and this user have one more? False: counted */
bool snitch_park_has_share(const struct snitch_image *image, const struct snitch_uid *quota,
			   unsigned int truesize)
{
	lockdep_assert_held(&snitch_park_lock);
	if (image && image->parked >= READ_ONCE(snitch_limits.max_flows_image))
		snitch_count(SNITCH_C_BOUND_IMAGE);
	else if (quota->uid &&		/* root has no share, only the bounds of all */
		 (quota->parked >= READ_ONCE(snitch_limits.max_flows_uid) ||
		  quota->parked_bytes + truesize > SNITCH_PARK_BYTES_UID))
		snitch_count(SNITCH_C_BOUND_UID);
	else
		return true;
	return false;
}

/* snitch_park_charge() - the owner is known now: @p counts as his. False: he has no room */
bool snitch_park_charge(struct snitch_park *p, struct snitch_image *image)
{
	struct snitch_uid *old = p->quota;

	lockdep_assert_held(&snitch_park_lock);
	if (!snitch_park_has_share(image, image->quota, p->truesize))
		return false;
	old->parked--;
	old->parked_bytes -= p->truesize;
	p->quota = snitch_uid_hold(image->quota);
	p->quota->parked++;
	p->quota->parked_bytes += p->truesize;
	snitch_uid_put(old);
	p->image = snitch_image_get(image);
	image->parked++;
	return true;
}

static void park_account(struct snitch_park *p, int sign)
{
	lockdep_assert_held(&snitch_park_lock);
	snitch_park_now += sign;
	p->quota->parked += sign;
	p->quota->parked_bytes += sign * (long)p->truesize;
	snitch_net(p->net)->parked += sign;
	if (p->image)
		p->image->parked += sign;
	if (p->tcp)
		snitch_park_tcp += sign;
	if (p->state == SNITCH_PARK_HELD)
		park_held += sign;
	snitch_park_truesize += sign * (long)p->truesize;
}

void snitch_park_insert(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	p->id = ++park_next_id;
	hlist_add_head(&p->by_id, &park_ids[hash_64(p->id, SNITCH_PARK_BITS)]);
	hlist_add_head(&p->by_key, snitch_park_key(p->cookie));
	list_add_tail(&p->all, &park_all);
	park_account(p, 1);
	snitch_park_set_deadline(p);
	if (p->state == SNITCH_PARK_ADOPT)
		snitch_adopt_add(p);
	else
		snitch_device_queue(p, SNITCH_PEV_FLOW);
	snitch_park_schedule();
}

/* Out of the tables: the caller owns it now, with the tables' reference. */
void snitch_park_detach(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	park_account(p, -1);
	p->state = SNITCH_PARK_DONE;
	hlist_del(&p->by_id);
	hlist_del(&p->by_key);
	list_del(&p->all);
	list_del_init(&p->due);
	snitch_adopt_remove(p);
}

/* A program that closed and ended before the decider could read is told of all the same,
 * FLOW first, then CANCEL; but many of them must not use up the places of others.
 */
static bool park_tell_late(struct snitch_park *p, u32 why)
{
	if ((why != SNITCH_CANCEL_CLOSED && why != SNITCH_CANCEL_UNHELD) ||
	    p->pending != SNITCH_PEV_FLOW ||
	    snitch_park_unread >= READ_ONCE(snitch_limits.max_flows) / 8)
		return false;
	p->late = true;
	snitch_park_unread++;
	return true;
}

/* The decider hears that the flow is over, if it has heard of it at all. */
void snitch_park_tell_cancel(struct snitch_park *p, u32 why)
{
	lockdep_assert_held(&snitch_park_lock);
	p->cancel_why = why;
	if (p->told)
		snitch_device_queue(p, SNITCH_PEV_CANCEL);
	else if (!park_tell_late(p, why))
		snitch_device_unqueue(p);
}

/* Events of flows that are in no table any more count. */
static int park_counts(const struct snitch_park *p, enum snitch_park_event ev)
{
	return ev == SNITCH_PEV_CANCEL || (ev == SNITCH_PEV_FLOW && p->late);
}

void snitch_park_set_pending(struct snitch_park *p, enum snitch_park_event ev)
{
	lockdep_assert_held(&snitch_park_lock);
	snitch_park_unread += park_counts(p, ev) - park_counts(p, p->pending);
	p->pending = ev;
}

/* One more packet, which the caller has put in the queue. */
void snitch_park_joined(struct snitch_park *p, const struct sk_buff *skb)
{
	lockdep_assert_held(&snitch_park_lock);
	p->truesize += skb->truesize;
	p->packets++;
	p->quota->parked_bytes += skb->truesize;
	snitch_park_truesize += skb->truesize;
}

void snitch_park_hold(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->state == SNITCH_PARK_HELD)
		return;
	p->state = SNITCH_PARK_HELD;
	p->flags |= SNITCH_F_HELD;
	park_held++;
	snitch_park_set_deadline(p);
	snitch_park_schedule();
	snitch_count(SNITCH_C_HELD);
}

void snitch_park_unhold(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->state != SNITCH_PARK_HELD)
		return;
	p->state = SNITCH_PARK_CONSULT;
	p->flags &= ~SNITCH_F_HELD;
	park_held--;
}

void snitch_park_subject(const struct snitch_park *p, struct snitch_subject *s)
{
	memset(s, 0, sizeof(*s));
	s->packet = &p->packet;
	s->image = p->image;
	s->uid = p->uid;
	s->netns = p->netns;
	s->loopback = p->loopback;
}

/* ---- told to user space ---- */

void snitch_park_fill_event(const struct snitch_park *p, struct snitch_flow_event *e)
{
	const struct snitch_packet *k = &p->packet;

	memset(e, 0, sizeof(*e));
	e->hdr.id = p->id;
	e->owner = p->image ? p->image->id : 0;
	e->cookie = p->cookie;
	e->when = p->when;
	e->generation = p->why.generation;
	e->ask_rule = p->why.ask_rule;
	e->cgroup = p->image ? READ_ONCE(p->image->cgroup) : 0;
	e->netns = p->netns;
	e->ifindex = p->ifindex;
	e->uid = p->uid;
	e->flags = p->flags;
	e->bytes = k->len;
	e->family = k->family;
	e->proto = k->proto;
	e->icmp_type = k->icmp_type;
	e->icmp_code = k->icmp_code;
	e->sport = k->sport;
	e->dport = k->dport;
	memcpy(e->saddr, &k->saddr, sizeof(e->saddr));
	memcpy(e->daddr, &k->daddr, sizeof(e->daddr));
}

void snitch_park_count(struct snitch_park_numbers *n)
{
	spin_lock_bh(&snitch_park_lock);
	n->parked = snitch_park_now;
	n->held = park_held;
	n->truesize = snitch_park_truesize;
	spin_unlock_bh(&snitch_park_lock);
}

int snitch_park_next(u64 after, struct snitch_parked_info *info)
{
	struct snitch_park *p;

	spin_lock_bh(&snitch_park_lock);
	p = snitch_park_from(after);
	if (p && p->id == after)
		p = snitch_park_following(p);
	if (p) {
		memset(info, 0, sizeof(*info));
		snitch_park_fill_event(p, &info->flow);
		info->until = p->deadline;
		info->packets = p->packets;
		info->bytes = p->truesize;
		info->held = p->state == SNITCH_PARK_HELD;
	}
	spin_unlock_bh(&snitch_park_lock);
	return p ? 0 : -ENOENT;
}

/* ---- start and end ---- */

int snitch_park_init(void)
{
	unsigned int i;

	for (i = 0; i < SNITCH_DUE_MAX; i++)
		INIT_LIST_HEAD(&snitch_park_due[i]);
	snitch_park_slab = KMEM_CACHE(snitch_park, 0);
	snitch_park_wq = alloc_workqueue("snitch_park", WQ_UNBOUND, 0);
	if (snitch_park_slab && snitch_park_wq)
		return 0;
	if (snitch_park_wq)
		destroy_workqueue(snitch_park_wq);
	kmem_cache_destroy(snitch_park_slab);
	return -ENOMEM;
}

/* The ticker does not run when this returns, nor does any other worker. */
void snitch_park_quiet(void)
{
	cancel_delayed_work_sync(&park_ticker);
	flush_workqueue(snitch_park_wq);
}

/** snitch_park_exit() - after the probes and the abort workers are gone */
void snitch_park_exit(void)
{
	cancel_delayed_work_sync(&park_ticker);
	destroy_workqueue(snitch_park_wq);
	WARN_ON_ONCE(snitch_park_now || snitch_park_unread);
	kmem_cache_destroy(snitch_park_slab);
}
