// SPDX-License-Identifier: GPL-2.0-only
/* Netns: the hooks of each network namespace, and its end. */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netns/generic.h>

#include "bound.h"
#include "hook.h"
#include "netns.h"
#include "park.h"
#include "received.h"
#include "reply.h"

static unsigned int netns_id;

/* Shared by all namespaces; in use until unregister_pernet_subsys() returns. */
static const struct nf_hook_ops netns_hooks[] = {
	{
		.hook		= snitch_hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= SNITCH_HOOK_PRIORITY,
	},
	{
		.hook		= snitch_hook,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_OUT,
		.priority	= SNITCH_HOOK_PRIORITY,
	},
};

/** snitch_net() - what is counted in a namespace; valid while its hooks are */
struct snitch_net *snitch_net(struct net *net)
{
	return net_generic(net, netns_id);
}

static int __net_init netns_start(struct net *net)
{
	int err;

	INIT_LIST_HEAD(&snitch_net(net)->egress_devices);
	snitch_bound_start_net(net);
	snitch_received_start_net(net);
	err = nf_register_net_hooks(net, netns_hooks, ARRAY_SIZE(netns_hooks));
	if (err) {
		/* Nobody calls netns_unhook() then. */
		snitch_received_unhook_net(net);
		snitch_bound_unhook_net(net);
	}
	return err;
}

static void __net_exit netns_unhook(struct net *net)
{
	snitch_received_unhook_net(net);
	snitch_bound_unhook_net(net);
	nf_unregister_net_hooks(net, netns_hooks, ARRAY_SIZE(netns_hooks));
}

/* A grace period lies between pre_exit and this: no hook adds any more. One for
 * all that end together, for namespaces end one batch at a time.
 */
static void __net_exit netns_stop(struct list_head *ending)
{
	struct net *net;

	list_for_each_entry(net, ending, exit_list) {
		snitch_park_flush_net(net);
		snitch_reply_flush_net(net);
	}
	snitch_park_flushed();
	synchronize_rcu();	/* a resume on its way still uses the namespace */
}

static struct pernet_operations netns_ops = {
	.init		= netns_start,
	.pre_exit	= netns_unhook,
	.exit_batch	= netns_stop,
	.id		= &netns_id,
	.size		= sizeof(struct snitch_net),
};

int snitch_netns_init(void)
{
	return register_pernet_subsys(&netns_ops);
}

void snitch_netns_exit(void)
{
	unregister_pernet_subsys(&netns_ops);
}
