// SPDX-License-Identifier: GPL-2.0-only
/* Egress: see egress.h. */
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cache.h"
#include "counter.h"
#include "device.h"
#include "egress.h"
#include "flow.h"
#include "gate.h"
#include "hook.h"
#include "netns.h"
#include "owner.h"
#include "park.h"

/* ---- judgement ---- */

/* Told once in this time, not for each frame. */
#define EGRESS_REFUSED_NS	(15ULL * NSEC_PER_SEC)

/* No rule and no conclusion speaks, and a frame cannot wait for one. */
static void egress_unasked(const struct snitch_subject *s, struct snitch_judgement *j,
			   struct net *net, struct sock *sk, u64 cookie)
{
	struct snitch_cache_new n = {
		.image = s->image, .daddr = s->packet->daddr, .dport = s->packet->dport,
		.family = s->packet->family, .proto = s->packet->proto, .uid = s->uid,
		.netns = s->netns, .until = ktime_get_boottime_ns() + EGRESS_REFUSED_NS,
		.generation = j->generation,
	};

	j->origin = SNITCH_BY_MODE;
	if (j->observe) {
		j->action = SNITCH_ALLOW;
	} else if (snitch_device_deciding()) {
		j->action = SNITCH_DENY;
	} else {
		j->action = snitch_policy_fail();
		j->origin = SNITCH_BY_FAIL;
	}
	n.action = j->action;
	n.origin = j->origin;
	if (n.action != SNITCH_ALLOW)
		snitch_cache_add(&n);
	snitch_park_tell_unheld(net, sk, s, j, cookie);
}

static struct snitch_flow *egress_find(const struct sock *sk, const struct snitch_packet *p,
				       bool loopback)
{
	const struct snitch_flow_key key = {
		.sk = sk, .cookie = snitch_cookie(sk), .daddr = &p->daddr, .peer = p->peer,
		.loopback = loopback, .mine = true,
	};

	return snitch_flow_find(&key);
}

static bool egress_holds(const struct snitch_flow *f)
{
	return f && f->action == SNITCH_ALLOW && snitch_flow_current(f) &&
	       snitch_flow_is_currents(f);
}

bool snitch_egress_passes(const struct sock *sk, const struct snitch_packet *p, bool loopback)
{
	return egress_holds(egress_find(sk, p, loopback));
}

u32 snitch_egress_judge(struct sock *sk, struct net *net, const struct snitch_packet *p,
			bool loopback)
{
	struct snitch_flow *f = egress_find(sk, p, loopback);
	struct snitch_subject s = {
		.packet = p, .uid = __kuid_val(current_euid()), .netns = net->ns.inum,
		.loopback = loopback,
	};
	const u64 cookie = snitch_cookie(sk);
	struct snitch_judgement j;

	if (egress_holds(f)) {
		snitch_flow_account(f, p->len);
		return SNITCH_ALLOW;
	}
	s.image = snitch_image_current();
	if (!s.image)
		return SNITCH_DENY;
	snitch_image_check(s.image);
	snitch_policy_judge(&s, &j);
	snitch_image_refresh(s.image);
	if (j.action == SNITCH_ASK)
		egress_unasked(&s, &j, net, sk, cookie);
	snitch_hook_tell(&s, &j, cookie);
	if (j.action == SNITCH_ALLOW && snitch_hook_remember(NULL, cookie, &s, &j)) {
		snitch_count(SNITCH_C_BOUND_GLOBAL);
		j.action = SNITCH_DENY;
	}
	snitch_count(j.action == SNITCH_ALLOW ? SNITCH_C_ACCEPTED : SNITCH_C_REFUSED);
	snitch_image_put(s.image);
	return j.action;
}

/* What the frame says it carries. On devices without an Ethernet header only
 * its sender can say; without any header the first bits tell IPv4 from IPv6.
 */
static u16 egress_ethertype(const struct sk_buff *skb, const struct net_device *out)
{
	const unsigned int len = skb_headlen(skb);
	unsigned int at = offsetof(struct ethhdr, h_proto);
	u16 type;

	if (out->type == ARPHRD_NONE && len)
		return *skb->data >> 4 == 4 ? ETH_P_IP :
		       *skb->data >> 4 == 6 ? ETH_P_IPV6 : ntohs(skb->protocol);
	if (out->type != ARPHRD_ETHER && out->type != ARPHRD_LOOPBACK)
		return ntohs(skb->protocol);
	for (;; at += VLAN_HLEN) {
		if (at + sizeof(__be16) > len)
			return 0;
		type = (u16)skb->data[at] << 8 | skb->data[at + 1];
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			return type < ETH_P_802_3_MIN ? ETH_P_802_2 : type;
	}
}

/* An index means a device only together with its namespace. */
void snitch_egress_packet(struct snitch_packet *p, const struct net *net, int ifindex, u16 type,
			  u32 len)
{
	memset(p, 0, sizeof(*p));
	p->family = AF_PACKET;
	p->dport = type;
	p->daddr.ip6[0] = htonl(ifindex);
	p->daddr.ip6[1] = htonl(net->ns.inum);
	p->len = len;
}

/* Anybody may open a PPPoE socket and send on any device; ppp's own traffic has none. */
static bool egress_sends_frames(const struct sock *sk)
{
	return sk->sk_family == AF_PACKET || sk->sk_family == AF_PPPOX;
}

/*
 * egress_hook() - NF_NETDEV_EGRESS
 *
 * What came in by a device has been judged where it was sent. Frames that a
 * stacked device hands on are judged on the lower one, too.
 *
 * Context: BH off, under RCU; the sender's task, or softirq.
 */
static unsigned int egress_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct sock *sk = skb->sk;
	struct snitch_packet p;
	u32 action = SNITCH_DENY;

	if (!sk || !egress_sends_frames(sk) || skb->skb_iif || !snitch_policy_armed())
		return NF_ACCEPT;
	if (in_task() && !(current->flags & PF_KTHREAD) && current->mm) {
		snitch_egress_packet(&p, state->net, state->out->ifindex,
				     egress_ethertype(skb, state->out), skb->len);
		action = snitch_egress_judge(sk, state->net, &p,
					     state->out->flags & IFF_LOOPBACK);
	} else {
		snitch_count(SNITCH_C_NO_OWNER);
	}
	return action == SNITCH_ALLOW ? NF_ACCEPT : snitch_refuse_now(skb, false, action);
}

/* ---- hooks of devices ---- */

/* Our hook on one device, in the list of its namespace. */
struct egress_device {
	struct list_head node;
	struct nf_hook_ops ops;
	struct rcu_head rcu;
};

static bool egress_always;	/* all devices, without a gate; under RTNL */

static bool egress_has(const struct net_device *dev)
{
	const struct egress_device *d;

	list_for_each_entry(d, &snitch_net(dev_net(dev))->egress_devices, node)
		if (d->ops.dev == dev)
			return true;
	return false;
}

static int egress_add(struct net_device *dev)
{
	struct egress_device *d;
	int err;

	ASSERT_RTNL();
	if (egress_has(dev))
		return 0;
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	d->ops.hook = egress_hook;
	d->ops.dev = dev;
	d->ops.pf = NFPROTO_NETDEV;
	d->ops.hooknum = SNITCH_COMPAT_HOOK_EGRESS;
	d->ops.priority = SNITCH_HOOK_PRIORITY;
	err = nf_register_net_hook(dev_net(dev), &d->ops);
	if (err)
		kfree(d);
	else
		list_add(&d->node, &snitch_net(dev_net(dev))->egress_devices);
	return err;
}

/* A NULL device: all of the namespace. */
static void egress_remove(struct net *net, const struct net_device *dev)
{
	struct egress_device *d, *next;

	ASSERT_RTNL();
	list_for_each_entry_safe(d, next, &snitch_net(net)->egress_devices, node) {
		if (dev && d->ops.dev != dev)
			continue;
		list_del(&d->node);
		nf_unregister_net_hook(net, &d->ops);
		kfree_rcu(d, rcu);
	}
}

static int egress_watch(struct net *net)
{
	struct snitch_net *sn = snitch_net(net);
	struct net_device *dev;
	int err;

	ASSERT_RTNL();
	if (sn->egress)
		return 0;
	for_each_netdev(net, dev) {
		err = egress_add(dev);
		if (err) {
			egress_remove(net, NULL);
			return err;
		}
	}
	/* All devices have it: pairs with snitch_egress_watched(). */
	smp_store_release(&sn->egress, true);
	return 0;
}

int snitch_egress_watch(struct net *net)
{
	int err;

	rtnl_lock();
	err = egress_watch(net);
	rtnl_unlock();
	return err;
}

static int egress_netdev(struct notifier_block *nb, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct net *net = dev_net(dev);

	if (event == NETDEV_UNREGISTER)
		egress_remove(net, dev);
	if (event == NETDEV_REGISTER && snitch_net(net)->egress)
		return notifier_from_errno(egress_add(dev));
	if (event == NETDEV_REGISTER && egress_always)
		return notifier_from_errno(egress_watch(net));
	return NOTIFY_DONE;
}

static struct notifier_block egress_notifier = { .notifier_call = egress_netdev };

/* ---- PPPoE: no gate stands before its sockets ---- */

/* 0, or an error: then there must be no such socket. Process context, takes the RTNL. */
static int egress_watch_all(void)
{
	struct net *net;
	int err = 0;

	rtnl_lock();
	egress_always = true;	/* devices of later ones have hooks from the start */
	down_read(&net_rwsem);
	for_each_net(net)
		err = err ?: egress_watch(net);
	up_read(&net_rwsem);
	rtnl_unlock();
	return err;
}

static int egress_module(struct notifier_block *nb, unsigned long event, void *info)
{
	const struct module *mod = info;

	if (event != MODULE_STATE_COMING || strcmp(mod->name, "pppoe"))
		return NOTIFY_DONE;
	/* Before it has made a socket; if it cannot be watched it does not come. */
	return notifier_from_errno(egress_watch_all());
}

static struct notifier_block egress_modules = { .notifier_call = egress_module };

/* Is it there already? Its name is exported nowhere; a probe finds it. Only without memory for one
 * is nothing known: -ENOMEM. Otherwise what egress_watch_all() says.
 */
static int egress_watch_pppoe(void)
{
	struct kprobe probe = { .symbol_name = "pppoe_connect" };
	int err = register_kprobe(&probe);

	if (err)
		return err == -ENOMEM ? err : 0;
	unregister_kprobe(&probe);
	return egress_watch_all();
}

/* ---- start and end ---- */

int snitch_egress_init(void)
{
	int err = snitch_gate_init();

	if (err == -ENOMEM)
		return err;
	egress_always = err;
	if (!SNITCH_COMPAT_EGRESS) {
		if (err)
			pr_warn("packet sockets are not judged: no egress hook, no probe (%d)\n",
				err);
		return 0;
	}
	err = register_netdevice_notifier(&egress_notifier);
	if (err)
		goto err_gate;
	err = register_module_notifier(&egress_modules);
	if (err)
		goto err_devices;
	err = egress_watch_pppoe();
	if (!err)
		return 0;
	unregister_module_notifier(&egress_modules);
err_devices:
	unregister_netdevice_notifier(&egress_notifier);	/* removes all hooks */
	synchronize_rcu();
err_gate:
	snitch_gate_exit();
	return err;
}

void snitch_egress_exit(void)
{
	snitch_gate_exit();
	if (SNITCH_COMPAT_EGRESS) {
		unregister_module_notifier(&egress_modules);
		unregister_netdevice_notifier(&egress_notifier);	/* removes all hooks */
	}
	synchronize_rcu();
}
