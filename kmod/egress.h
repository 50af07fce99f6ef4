/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Egress: frames of packet sockets (AF_PACKET), which never pass LOCAL_OUT.
 * Judged by program, device and ethertype, never by what is inside; never
 * parked: allowed, or refused and told of, so that a rule can be made.
 *
 * Hooks on every device of a namespace cost each packet some 60
 * instructions, so they come with the first frame (gate.h), and stay until
 * the namespace ends. Without a gate every namespace has them from the start.
 *
 * Locks and lifetimes
 *   snitch_net(net)->egress_devices and the hooks in it change under the
 *   RTNL only; a device's leaves with NETDEV_UNREGISTER and is freed after
 *   RCU. snitch_net(net)->egress is set once, when all devices have one; the
 *   release pairs with the acquire in snitch_egress_watched().
 */
#ifndef SNITCH_EGRESS_H
#define SNITCH_EGRESS_H

#include <net/sock.h>

#include "netns.h"
#include "packet.h"

/* After the namespaces' hooks. 0 or -ENOMEM...; process context. */
int snitch_egress_init(void);
void snitch_egress_exit(void);

/* Hooks on all devices of @net, now and later. 0 or an error; process context, takes the RTNL. */
int snitch_egress_watch(struct net *net);

/* snitch_egress_watched() - has it them? any context */
static inline bool snitch_egress_watched(struct net *net)
{
	/* Pairs with the release in snitch_egress_watch(). */
	return smp_load_acquire(&snitch_net(net)->egress);
}

/* A frame of @type (0: not known) through device @ifindex of @net, as the policy sees it. */
void snitch_egress_packet(struct snitch_packet *p, const struct net *net, int ifindex, u16 type,
			  u32 len);
/*
 * May the running task send it by socket @sk? ALLOW, DENY or DROP; told and remembered.
 * passes: no, if it has not been asked yet. Both under rcu_read_lock(), BH may be off.
 */
u32 snitch_egress_judge(struct sock *sk, struct net *net, const struct snitch_packet *p,
			bool loopback);
bool snitch_egress_passes(const struct sock *sk, const struct snitch_packet *p, bool loopback);

#endif
