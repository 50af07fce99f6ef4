// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resume: a parked packet goes on from the hook behind ours, as if it had
 * never waited; or its sender is told no. Never holds a device, never keeps
 * a foreign okfn, never trusts that what was true at parking still is.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dst.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/tcp.h>

#include "counter.h"
#include "hook.h"
#include "resume.h"

/**
 * snitch_skb_park() - make a packet fit to wait outside of RCU
 * @skb: at LOCAL_OUT
 * @keep_owner: TCP: a SYN that is orphaned would be sent a second time.
 *		Others are orphaned, so that what waits for one destination
 *		does not use up the socket's send buffer for all. So are
 *		first data: TCP lets no more than two small segments wait on
 *		this machine; what it sends twice is dropped in park.c.
 *
 * Return: false when its route is gone: drop it. Context: the hook's.
 */
bool snitch_skb_park(struct sk_buff *skb, bool keep_owner)
{
	if (!skb_dst_force(skb))
		return false;
	skb->dev = NULL;
	if (!keep_owner)
		skb_orphan(skb);
	return true;
}

/* snitch_route_cookie() - what later tells whether an IPv6 route still holds; under RCU */
u32 snitch_route_cookie(const struct sk_buff *skb, u8 family)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (family == AF_INET6 && skb_dst(skb))
		return rt6_get_cookie((const struct rt6_info *)skb_dst(skb));
#endif
	return 0;
}

static const struct nf_hook_entries *resume_hooks(struct net *net, u8 pf)
{
	return pf == NFPROTO_IPV4 ? rcu_dereference(net->nf.hooks_ipv4[NF_INET_LOCAL_OUT])
				  : rcu_dereference(net->nf.hooks_ipv6[NF_INET_LOCAL_OUT]);
}

/* By identity: hooks may have come and gone around ours meanwhile. */
static int resume_position(const struct nf_hook_entries *e)
{
	int i;

	for (i = 0; e && i < e->num_hook_entries; i++)
		if (e->hooks[i].hook == snitch_hook)
			return i;
	return -1;
}

/*
 * snitch_resume() - let a packet go on behind our hook
 * @skb: taken
 * @sk: its socket, referenced by the caller
 * @pf: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * All with BH off: to later hooks this is no task's own sending.
 *
 * Return: false when it could not even start (our hook is gone).
 * Context: process.
 */
bool snitch_resume(struct sk_buff *skb, struct net *net, struct sock *sk, u8 pf)
{
	struct nf_hook_state state = {
		.hook = NF_INET_LOCAL_OUT,
		.pf = pf,
		.sk = sk,
		.net = net,
		.okfn = dst_output,
	};
	const struct nf_hook_entries *e;
	int pos;

	rcu_read_lock();
	e = resume_hooks(net, pf);
	pos = resume_position(e);
	if (pos < 0) {
		rcu_read_unlock();
		kfree_skb(skb);
		return false;
	}
	local_bh_disable();
	state.out = skb_dst(skb)->dev;
	skb->dev = state.out;
	if (nf_hook_slow(skb, &state, e, pos + 1) == 1)
		dst_output(net, sk, skb);
	local_bh_enable();
	rcu_read_unlock();
	return true;
}

/* Is the socket still about to send this very segment? */
static bool resume_tcp_valid(const struct snitch_park *p, const struct sk_buff *skb,
			     const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct snitch_packet k;

	if (!snitch_packet_to_peer(&p->packet, sk))
		return false;
	if (p->packet.tcp_flags & SNITCH_TCP_SYN)
		return READ_ONCE(sk->sk_state) == TCP_SYN_SENT &&
		       p->packet.seq == READ_ONCE(tp->snd_una);
	/* Of several, those before it may have been acknowledged by now. */
	snitch_packet_parse(&k, skb, p->packet.family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
	return READ_ONCE(sk->sk_state) != TCP_CLOSE && !k.unparsed &&
	       !before(k.seq, READ_ONCE(tp->snd_una));
}

static int resume_look_up(const struct snitch_park *p, struct sk_buff *skb)
{
	if (p->packet.family == AF_INET)
		return ip_route_me_harder(p->net, p->sk, skb, RTN_UNSPEC);
#if IS_ENABLED(CONFIG_IPV6)
	return ip6_route_me_harder(p->net, p->sk, skb);
#else
	return -EAFNOSUPPORT;
#endif
}

/*
 * Any change of any route makes all cached ones old, and so does a link that
 * has come up a second ago: mostly the way is the same. By another device it
 * does not go: that is not what was judged. Under RCU: its device may go.
 */
static bool resume_route(const struct snitch_park *p, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);
	const struct net_device *dev;

	if (!dst || dst->obsolete == DST_OBSOLETE_DEAD)
		return false;
	if (!dst->obsolete || dst->ops->check(dst, p->route))
		return true;
	dev = dst->dev;
	return !resume_look_up(p, skb) && skb_dst(skb)->dev == dev;
}

/*
 * snitch_resume_valid() - may the packet go on, or has the world moved?
 *
 * A TCP socket can have been closed or connected elsewhere; a route can have
 * died with its device, or lead elsewhere. Context: process.
 */
bool snitch_resume_valid(const struct snitch_park *p, struct sk_buff *skb)
{
	bool valid;

	rcu_read_lock();
	valid = resume_route(p, skb);
	rcu_read_unlock();
	return valid && (!p->tcp || resume_tcp_valid(p, skb, p->sk));
}

/* The error is sent in the namespace of the route's device. That of a dead route is a device of
 * the initial one, and a route can die at any time: this one is nobody else's.
 */
static void refuse_icmp4(const struct snitch_park *p, struct sk_buff *skb)
{
	struct rtable *rt = snitch_compat_rt_alloc(p->net->loopback_dev);

	if (!rt)
		return;
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0);
}

static void refuse_icmp(const struct snitch_park *p, struct sk_buff *skb)
{
	local_bh_disable();
	if (p->packet.family == AF_INET) {
		refuse_icmp4(p, skb);
	} else {
		skb->dev = p->net->loopback_dev;	/* without one it says nothing */
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED, 0);
	}
	local_bh_enable();
}

/* An error goes to the source that the packet names, and quotes what was refused: with a source
 * of the sender's own making it would carry that out of the machine. Under RCU.
 */
static bool refuse_may_quote(const struct snitch_park *p, const struct sk_buff *skb)
{
	const struct net_device *dev = skb_dst(skb) ? READ_ONCE(skb_dst(skb)->dev) : NULL;

	return dev && net_eq(dev_net(dev), p->net) &&
	       snitch_packet_source_is_ours(skb, p->packet.family == AF_INET, p->net, dev);
}

/*
 * snitch_refuse_other() - tell the sender of a parked packet that it is refused
 * @skb: its first packet; not taken
 *
 * A connected socket gets the error that a closed port would give, as its
 * next call's result; others an ICMP error as from a firewall on the way, if
 * the source is an address of this machine.
 *
 * Context: process; takes no socket lock.
 */
void snitch_refuse_other(struct snitch_park *p, struct sk_buff *skb)
{
	struct sock *sk = p->sk;

	if (READ_ONCE(sk->sk_state) == TCP_ESTABLISHED && !sock_flag(sk, SOCK_DEAD)) {
		WRITE_ONCE(sk->sk_err, ECONNREFUSED);
		sk_error_report(sk);
		return;
	}
	rcu_read_lock();
	if (refuse_may_quote(p, skb))
		refuse_icmp(p, skb);
	rcu_read_unlock();
}
