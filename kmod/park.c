// SPDX-License-Identifier: GPL-2.0-only
/*
 * Park: the hook's way into the stash. Bounds are checked here; whoever is
 * over one is refused and counted. States, locks and lifetimes: park.h.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "counter.h"
#include "data.h"
#include "device.h"
#include "flow.h"
#include "hook.h"
#include "netns.h"
#include "observe.h"
#include "resume.h"
#include "stash.h"

/* ---- bounds ---- */

static bool park_has_room(const struct snitch_subject *s, struct net *net,
			  const struct snitch_uid *quota, unsigned int truesize)
{
	lockdep_assert_held(&snitch_park_lock);
	if (snitch_park_now + snitch_park_unread >= READ_ONCE(snitch_limits.max_flows) ||
	    snitch_park_truesize + truesize > SNITCH_PARK_BYTES_MAX)
		snitch_count(SNITCH_C_BOUND_GLOBAL);
	else if (net != &init_net &&	/* nearly everybody's */
		 snitch_net(net)->parked >= READ_ONCE(snitch_limits.max_flows_netns))
		snitch_count(SNITCH_C_BOUND_NETNS);
	else if (!s->image && !snitch_adopt_room(quota))
		snitch_count(SNITCH_C_BOUND_UID);
	else
		return snitch_park_has_share(s->image, quota, truesize);
	return false;
}

/* One more packet of a flow that waits already. */
static bool park_join(struct snitch_park *p, struct sk_buff *skb, const struct snitch_subject *s)
{
	lockdep_assert_held(&snitch_park_lock);
	/* It is sent again when the first may go. */
	if (p->tcp && !snitch_data_follows(p, s))
		return false;
	if (skb_queue_len(&p->skbs) >= READ_ONCE(snitch_limits.max_packets) ||
	    p->truesize + skb->truesize > READ_ONCE(snitch_limits.max_bytes) ||
	    snitch_park_truesize + skb->truesize > SNITCH_PARK_BYTES_MAX) {
		snitch_count(SNITCH_C_BOUND_PACKETS);
		return false;
	}
	__skb_queue_tail(&p->skbs, skb);
	snitch_park_joined(p, skb);
	snitch_data_joined(p, s->packet);
	return true;
}

/* ---- the hook's way in ---- */

static struct snitch_park *park_new(const struct sk_buff *skb, const struct nf_hook_state *state,
				    const struct snitch_subject *s,
				    const struct snitch_judgement *j, u64 cookie, u32 flags)
{
	struct sock *sk = state->sk;
	struct snitch_park *p = kmem_cache_zalloc(snitch_park_slab, GFP_ATOMIC | __GFP_NOWARN);

	if (!p)
		return NULL;
	refcount_set(&p->ref, 1);
	INIT_LIST_HEAD(&p->due);
	INIT_LIST_HEAD(&p->event);
	INIT_LIST_HEAD(&p->adopt);
	__skb_queue_head_init(&p->skbs);
	p->quota = s->image ? snitch_uid_hold(s->image->quota)
			    : snitch_uid_get(snitch_uid_of_socket(sk));
	if (p->quota && refcount_inc_not_zero(&sk->sk_refcnt))
		p->sk = sk;
	if (p->sk)
		p->net = maybe_get_net(state->net);
	if (!p->net) {
		snitch_park_put(p);
		return NULL;
	}
	p->cookie = cookie;
	p->packet = *s->packet;
	p->when = ktime_get_boottime_ns();
	p->uid = s->uid;
	p->netns = s->netns;
	p->ifindex = state->out ? state->out->ifindex : 0;
	p->loopback = s->loopback;
	p->route = snitch_route_cookie(skb, p->packet.family);
	p->flags = flags;
	p->tcp = sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP &&
		 p->packet.proto == IPPROTO_TCP;
	p->astray = p->tcp && !(p->packet.tcp_flags & SNITCH_TCP_SYN) &&
		    !snitch_packet_to_peer(&p->packet, sk);
	p->state = j ? SNITCH_PARK_CONSULT : SNITCH_PARK_ADOPT;
	if (j)
		p->why = *j;
	if (p->why.unbound)
		p->flags |= SNITCH_F_UNBOUND;
	if (s->image)
		p->image = snitch_image_get(s->image);
	snitch_data_begin(p);
	return p;
}

/* A verdict that came while this packet was on its way to the lock. */
static bool park_allowed_meanwhile(const struct snitch_park *p)
{
	const struct snitch_flow *f = snitch_park_entry(p);

	return f && f->action == SNITCH_ALLOW && p->image &&
	       snitch_flow_current(f) && snitch_flow_sender_is(f, p->image, p->uid);
}

/* Other destinations of the same TCP socket are what it wanted before. */
static void park_cancel_moved(const struct snitch_park *now, struct list_head *gone)
{
	struct hlist_node *next;
	struct snitch_park *p;

	lockdep_assert_held(&snitch_park_lock);
	hlist_for_each_entry_safe(p, next, snitch_park_key(now->cookie), by_key) {
		if (p->cookie != now->cookie || !p->tcp ||
		    !(now->packet.tcp_flags & SNITCH_TCP_SYN))
			continue;
		if (p->packet.seq == now->packet.seq &&
		    snitch_park_same_destination(p, &now->packet))
			continue;
		snitch_park_detach(p);
		snitch_park_tell_cancel(p, SNITCH_CANCEL_MOVED);
		snitch_count(SNITCH_C_CANCEL_MOVED);
		list_add_tail(&p->due, gone);
	}
}

/* It gets no id that anybody could name: observers hear of it as of one judged at once. */
static unsigned int park_fail(struct sk_buff *skb, const struct snitch_subject *s,
			      struct snitch_park *p)
{
	struct snitch_judgement j = {
		.action = SNITCH_ALLOW, .origin = SNITCH_BY_FAIL, .generation = p->why.generation,
	};
	struct snitch_flow_new n = {
		.sk = p->tcp ? p->sk : NULL, .cookie = p->cookie, .image = p->image,
		.generation = p->why.generation, .sets = p->why.sets, .packet = &p->packet,
		.uid = p->uid, .netns = p->netns, .action = SNITCH_ALLOW, .origin = SNITCH_BY_FAIL,
		.loopback = p->loopback, .packets = 1, .bytes = skb->len,
	};

	/* Datagrams are asked about again as soon as there is a decider. */
	if (snitch_policy_fail() == SNITCH_ALLOW && (!p->tcp || !snitch_flow_add(&n))) {
		snitch_count(SNITCH_C_FAIL_ALLOWED);
		snitch_hook_tell(s, &j, p->cookie);
		return NF_ACCEPT;
	}
	j.action = SNITCH_DENY;
	snitch_count(SNITCH_C_FAIL_REFUSED);
	snitch_hook_tell(s, &j, p->cookie);
	return snitch_refuse_now(skb, p->tcp, SNITCH_DENY);
}

/* In the hook nothing may sleep. These carry no verdict: it only lets them go. */
static void park_let_go(struct list_head *gone)
{
	struct snitch_park *p, *next;

	list_for_each_entry_safe(p, next, gone, due) {
		list_del_init(&p->due);
		snitch_park_act(p);
	}
}

/**
 * snitch_park_packet() - the policy cannot judge this packet: let it wait
 * @skb: taken when NF_STOLEN is returned
 * @state: the hook's
 * @s: whose it is; without an image a worker finds that out first
 * @j: why; NULL without an image
 * @cookie: of the socket
 * @flags: SNITCH_F_*
 *
 * Return: NF_STOLEN, a refusal (bounds, no memory, no decider), or NF_ACCEPT.
 * Context: the hook's.
 */
unsigned int snitch_park_packet(struct sk_buff *skb, const struct nf_hook_state *state,
				const struct snitch_subject *s, const struct snitch_judgement *j,
				u64 cookie, u32 flags)
{
	struct snitch_park *p = park_new(skb, state, s, j, cookie, flags), *there;
	unsigned int verdict = NF_STOLEN;
	bool tcp, owned;
	LIST_HEAD(gone);

	if (!p) {
		snitch_count(SNITCH_C_NOMEM);
		return NF_DROP_ERR(-EPERM);
	}
	tcp = p->tcp;
	owned = tcp && !(flags & SNITCH_F_DATA);
	if (j && !snitch_device_expected()) {
		verdict = park_fail(skb, s, p);
		snitch_park_put(p);
		return verdict;
	}
	if (!snitch_skb_park(skb, owned)) {
		snitch_count(SNITCH_C_LOST_DST);
		snitch_park_put(p);
		return NF_DROP;
	}

	spin_lock_bh(&snitch_park_lock);
	if (tcp)
		park_cancel_moved(p, &gone);
	there = snitch_park_find(cookie, tcp, s);
	if (there) {
		if (!park_join(there, skb, s))
			verdict = tcp ? NF_STOLEN : NF_DROP_ERR(-EPERM);
		else
			skb = NULL;
	} else if (park_allowed_meanwhile(p)) {
		verdict = NF_ACCEPT;
	} else if (snitch_data_gap(p)) {
		verdict = NF_STOLEN;
	} else if (!park_has_room(s, state->net, p->quota, skb->truesize)) {
		verdict = NF_DROP_ERR((tcp ? -ECONNREFUSED : -EPERM));
	} else {
		__skb_queue_tail(&p->skbs, skb);
		p->truesize = skb->truesize;
		p->packets = 1;
		skb = NULL;
		snitch_park_get(p);	/* the tables' */
		snitch_park_insert(p);
	}
	spin_unlock_bh(&snitch_park_lock);

	if (verdict == NF_ACCEPT) {
		skb->dev = state->out;
		if (!owned)
			skb_set_owner_w(skb, state->sk);
	} else if (verdict == NF_STOLEN) {
		kfree_skb(skb);		/* a TCP segment that will be sent again */
	}
	if (!there && !skb) {
		snitch_count(SNITCH_C_CONSULTED);
		if (j)
			snitch_tell_flow(p);
		else
			snitch_park_start_adopting();
	}
	snitch_park_put(p);
	park_let_go(&gone);
	return verdict;
}

void snitch_park_tell_unheld(struct net *net, struct sock *sk, const struct snitch_subject *s,
			     const struct snitch_judgement *j, u64 cookie)
{
	const struct nf_hook_state state = { .sk = sk, .net = net };
	struct snitch_park *p;
	bool told = false;

	if (!snitch_device_deciding())
		return;
	p = park_new(NULL, &state, s, j, cookie, 0);
	if (p) {
		p->action = j->action;
		p->origin = j->origin;
		p->ifindex = ntohl(s->packet->daddr.ip6[0]);
		spin_lock_bh(&snitch_park_lock);
		told = park_has_room(s, net, p->quota, 0);
		if (told) {
			snitch_park_get(p);	/* the tables', for a moment */
			snitch_park_insert(p);
			snitch_park_detach(p);
			snitch_park_tell_cancel(p, SNITCH_CANCEL_UNHELD);
		}
		spin_unlock_bh(&snitch_park_lock);
		if (told)
			snitch_park_put(p);
		snitch_park_put(p);
	}
	if (!told)
		snitch_count(SNITCH_C_EVENTS_LOST);
}
