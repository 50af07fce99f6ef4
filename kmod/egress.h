/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Egress: frames of packet sockets (AF_PACKET), which never pass LOCAL_OUT.
 * Judged by program, device and ethertype, never by what is inside; never
 * parked: allowed, or refused and told of, so that a rule can be made.
 *
 * Hooks on every device of a namespace cost each packet some 60
 * instructions, so they come with the first frame: probes (kprobes) on the
 * two functions that send make that sender wait in snitch_egress_send()
 * until the hooks are there. They stay until the namespace ends. Where probes
 * cannot be had, every namespace has hooks from the start; a kernel without
 * egress hooks (before 5.16) judges in snitch_egress_send() itself.
 *
 * Locks and lifetimes
 *   snitch_net(net)->egress_devices and the hooks in it change under the
 *   RTNL only; a device's leaves with NETDEV_UNREGISTER and is freed after
 *   RCU. snitch_net(net)->egress is set once, when all devices have one; the
 *   release pairs with the acquire of the probe. A task in
 *   snitch_egress_send() holds the module; what it still runs there after
 *   that is waited for with synchronize_rcu_tasks().
 */
#ifndef SNITCH_EGRESS_H
#define SNITCH_EGRESS_H

/* After the namespaces' hooks. 0 or -ENOMEM...; process context. */
int snitch_egress_init(void);
void snitch_egress_exit(void);

#endif
