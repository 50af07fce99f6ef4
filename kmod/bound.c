// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bound: where a UDP socket has a port of its own choice. There alone packets
 * are looked at as they come in (reply.c): elsewhere nobody waits for requests
 * and each packet would pay for it. bind() is watched by probes; a request that
 * comes before the hooks are there is answered with a question.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/net.h>
#include <net/udp.h>

#include "bound.h"
#include "counter.h"
#include "netns.h"
#include "reply.h"

static struct workqueue_struct *bound_wq;
static bool bound_everywhere;	/* nobody tells: each namespace gets the hooks */
static bool bound_probing;

/* After NAT and after every other firewall: what they refuse asks for nothing. */
static const struct nf_hook_ops bound_hooks[] = {
	{
		.hook		= snitch_reply_hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP_PRI_LAST,
	},
	{
		.hook		= snitch_reply_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NF_IP6_PRI_LAST,
	},
};

/* ---- a namespace ---- */

static void bound_hook(struct snitch_reply_net *rn)
{
	if (nf_register_net_hooks(rn->net, bound_hooks, ARRAY_SIZE(bound_hooks))) {
		clear_bit(0, &rn->wanted);	/* the next bind() tries again */
		return;
	}
	WRITE_ONCE(rn->since, jiffies);
	/* Pairs with the acquire in reply_settling(). */
	smp_store_release(&rn->hooked, true);
	snitch_count(SNITCH_C_REPLY_NETS);
}

static void bound_work(struct work_struct *work)
{
	struct snitch_reply_net *rn = container_of(work, struct snitch_reply_net, work);

	bound_hook(rn);
	put_net(rn->net);
}

/* A probe may be a breakpoint, which is an NMI to the kernel: it must not queue work itself. */
static LLIST_HEAD(bound_wanted);	/* struct snitch_reply_net, each with its namespace held */

static void bound_queue(struct irq_work *irq)
{
	struct snitch_reply_net *rn, *next;

	llist_for_each_entry_safe(rn, next, llist_del_all(&bound_wanted), node)
		if (!queue_work(bound_wq, &rn->work))
			put_net(rn->net);
}

static DEFINE_IRQ_WORK(bound_irq, bound_queue);

/* Any context, NMI too; the namespace is alive or is just ending. */
static void bound_want(struct net *net)
{
	struct snitch_reply_net *rn = &snitch_net(net)->reply;

	if (test_bit(0, &rn->wanted) || !maybe_get_net(net))
		return;
	/* By another just now: it is in the list once. */
	if (test_and_set_bit(0, &rn->wanted)) {
		put_net(net);
		return;
	}
	if (llist_add(&rn->node, &bound_wanted))
		irq_work_queue(&bound_irq);
}

void snitch_bound_start_net(struct net *net)
{
	struct snitch_reply_net *rn = &snitch_net(net)->reply;

	rn->net = net;
	INIT_LIST_HEAD(&rn->entries);
	INIT_WORK(&rn->work, bound_work);
	if (READ_ONCE(bound_everywhere) && !test_and_set_bit(0, &rn->wanted))
		bound_hook(rn);
}

/* The work held the namespace, or was waited for: it is over. */
void snitch_bound_unhook_net(struct net *net)
{
	struct snitch_reply_net *rn = &snitch_net(net)->reply;

	if (rn->hooked)
		nf_unregister_net_hooks(net, bound_hooks, ARRAY_SIZE(bound_hooks));
	rn->hooked = false;
}

/* ---- bind() ---- */

/* The port stands at the same place in addresses of both families. */
static int bound_bind(struct kprobe *probe, struct pt_regs *regs)
{
	const struct socket *sock = (const struct socket *)snitch_compat_argument(regs, 0);
	const struct sockaddr_in *addr = (const void *)snitch_compat_argument(regs, 1);
	const int len = snitch_compat_argument(regs, 2);
	const struct sock *sk = sock->sk;

	BUILD_BUG_ON(offsetof(struct sockaddr_in, sin_port) !=
		     offsetof(struct sockaddr_in6, sin6_port));
	if (sk && sk->sk_protocol == IPPROTO_UDP && !sk->sk_kern_sock &&
	    len >= (int)sizeof(*addr) && addr->sin_port)
		bound_want(sock_net(sk));
	return 0;
}

static struct kprobe bound_v4 = { .symbol_name = "inet_bind", .pre_handler = bound_bind };
static struct kprobe bound_v6 = { .symbol_name = "inet6_bind", .pre_handler = bound_bind };
static struct kprobe *bound_probes[] = { &bound_v4, &bound_v6 };

static int bound_probe(void)
{
	/* Without IPv6 there is no second function to watch. */
	int n = IS_ENABLED(CONFIG_IPV6) ? ARRAY_SIZE(bound_probes) : 1;
	int err = SNITCH_COMPAT_ARGUMENTS ? register_kprobes(bound_probes, n) : -EOPNOTSUPP;

	bound_probing = !err;
	return err;
}

/* ---- sockets that were there before us ---- */

/*
 * The protocol of UDP over IPv6, which is not exported, from a socket of ours.
 * NULL: there are no such sockets at all. Error: nobody knows.
 */
static struct proto *bound_proto_v6(void)
{
	struct socket *sock;
	struct proto *proto;
	int err = sock_create_kern(&init_net, AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &sock);

	if (err == -EAFNOSUPPORT)
		return NULL;
	if (err)
		return ERR_PTR(err);
	proto = sock->sk->sk_prot;
	sock_release(sock);
	return proto;
}

/* Ports chosen by the kernel count as well: nothing tells them apart so quickly. */
static bool bound_has_sockets(struct net *net, struct proto *v6)
{
	return IS_ERR(v6) || sock_prot_inuse_get(net, &udp_prot) > 0 ||
	       (v6 && sock_prot_inuse_get(net, v6) > 0);
}

/**
 * snitch_bound_watch() - from now on, bound UDP sockets are known of
 *
 * Context: process; every namespace is known to netns.c.
 */
void snitch_bound_watch(void)
{
	struct proto *v6 = bound_proto_v6();
	struct net *net;
	int err = bound_probe();

	if (err) {
		pr_notice("cannot watch bind() (%d): inbound packets are seen everywhere\n", err);
		WRITE_ONCE(bound_everywhere, true);
	}
	down_read(&net_rwsem);
	for_each_net(net)
		if (err || bound_has_sockets(net, v6))
			bound_want(net);
	up_read(&net_rwsem);
}

/** snitch_bound_unwatch() - and no more; when it returns no hook is being registered */
void snitch_bound_unwatch(void)
{
	if (bound_probing)
		unregister_kprobes(bound_probes, IS_ENABLED(CONFIG_IPV6) ? 2 : 1);
	bound_probing = false;
	WRITE_ONCE(bound_everywhere, false);
	irq_work_sync(&bound_irq);
	flush_workqueue(bound_wq);
}

int snitch_bound_init(void)
{
	bound_wq = alloc_workqueue("snitch_bound", WQ_UNBOUND, 0);
	return bound_wq ? 0 : -ENOMEM;
}

void snitch_bound_exit(void)
{
	destroy_workqueue(bound_wq);
}
