// SPDX-License-Identifier: GPL-2.0-only
/* Received: counts what arrives; see received.h. No verdict depends on it. */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rculist.h>
#include <linux/workqueue.h>

#include "netns.h"
#include "observe.h"
#include "received.h"
#include "tuple.h"

#define RECEIVED_LOOK	(30 * HZ)	/* is anybody there still? */

static bool received_on;		/* written by the work alone */
static bool received_over;

static void received_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(received_worker, received_work);

/* ---- what comes in ---- */

/* The newest entry of the same way counts, as with several senders on one TCP socket. */
static void received_count(const struct snitch_packet *p, u32 netns)
{
	const union snitch_peer peer = {
		.family = p->family, .proto = p->proto, .dport = p->sport,
	};
	unsigned int seen = 0;
	struct snitch_flow *f;

	hlist_for_each_entry_rcu(f, snitch_tuple_bucket(&p->saddr, peer.word, p->dport), by_peer) {
		if (++seen > SNITCH_TUPLE_WALK)
			return;
		if (f->netns != netns || !snitch_tuple_is(f, &p->saddr, peer.word, p->dport))
			continue;
		if (snitch_image_ended(rcu_dereference(f->image)))
			continue;
		atomic64_inc(&f->rx_packets);
		atomic64_add(p->len, &f->rx_bytes);
		return;
	}
}

/*
 * received_hook() - NF_INET_LOCAL_IN, IPv4 and IPv6, while somebody observes
 *
 * Return: NF_ACCEPT. Context: softirq, under rcu_read_lock().
 */
static unsigned int received_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct snitch_packet p;

	if (state->pf == NFPROTO_IPV4 ? ip_hdr(skb)->protocol == IPPROTO_TCP
				      : ipv6_hdr(skb)->nexthdr == IPPROTO_TCP)
		return NF_ACCEPT;
	snitch_packet_parse(&p, skb, state->pf);
	/* What errors quote was another flow's: they answer none of their own protocol. */
	if (p.proto != IPPROTO_TCP && !snitch_packet_is_error(&p))
		received_count(&p, state->net->ns.inum);
	return NF_ACCEPT;
}

/* After NAT and after every other firewall: what they drop does not arrive. */
static const struct nf_hook_ops received_hooks[] = {
	{
		.hook		= received_hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP_PRI_LAST,
	},
	{
		.hook		= received_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP6_PRI_LAST,
	},
};

/* ---- where it is looked at ---- */

/* Without memory nothing is counted there until the work comes again. */
static void received_hook_net(struct net *net)
{
	struct snitch_net *sn = snitch_net(net);

	if (!sn->received)
		sn->received = !nf_register_net_hooks(net, received_hooks,
						      ARRAY_SIZE(received_hooks));
}

void snitch_received_start_net(struct net *net)
{
	if (READ_ONCE(received_on))
		received_hook_net(net);
}

void snitch_received_unhook_net(struct net *net)
{
	struct snitch_net *sn = snitch_net(net);

	if (sn->received)
		nf_unregister_net_hooks(net, received_hooks, ARRAY_SIZE(received_hooks));
	sn->received = false;
}

static void received_work(struct work_struct *work)
{
	bool on = snitch_observed();
	struct net *net;

	WRITE_ONCE(received_on, on);
	down_read(&net_rwsem);
	for_each_net(net) {
		if (on)
			received_hook_net(net);
		else
			snitch_received_unhook_net(net);
	}
	up_read(&net_rwsem);
	if (on && !READ_ONCE(received_over))
		queue_delayed_work(system_unbound_wq, &received_worker, RECEIVED_LOOK);
}

void snitch_received_want(void)
{
	rcu_read_lock();	/* waited for in snitch_received_stop() */
	if (!READ_ONCE(received_on) && !READ_ONCE(received_over))
		queue_delayed_work(system_unbound_wq, &received_worker, 0);
	rcu_read_unlock();
}

void snitch_received_want_now(void)
{
	snitch_received_want();
	if (!READ_ONCE(received_on))
		flush_delayed_work(&received_worker);
}

void snitch_received_stop(void)
{
	WRITE_ONCE(received_over, true);
	synchronize_rcu();
	cancel_delayed_work_sync(&received_worker);
}
