/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Forward: packets that come in by one device and go on by another, sent by no
 * socket here: of virtual machines, bridges, tun and tap writers, other hosts.
 * Where the policy says so they are told of, once a flow, or judged by the rules
 * for the kernel's own traffic (SNITCH_K_FORWARDED). They never wait, and who
 * sent what is refused is not told: an error would quote the packet, to whoever
 * it names as its sender.
 *
 * What was judged where it was sent, in another namespace of this machine, is
 * let go on: a container's flow through the host. No mark tells it, for a
 * packet loses its socket and all marks on the way; its addresses, ports and
 * protocol do, if an accepted flow of another namespace has the same now
 * (tuple.h), or had for the last SNITCH_FORWARD_LOCAL. So is what answers it.
 * Not recognised are: what another address was put on between there and here,
 * later fragments where nothing puts them together, what the kernel of that
 * namespace sends by itself, and frames of packet sockets.
 * It can be feigned by who sends with the addresses and ports of such a flow.
 * He reaches with it only whom that flow's program may speak to, and the
 * answers go to that program.
 *
 * An answer belongs to the flow it answers if it comes in where the flow goes
 * out, and so does an ICMP error that quotes it and goes to whom it quotes.
 *
 * Locks and lifetimes
 *   The table is read under rcu_read_lock(); forward_lock (spinlock, BH, leaf)
 *   protects writers, the lists, and what an entry says of its verdict. Entries
 *   are bounded, over all and a namespace; over it one not used lately goes. A
 *   namespace takes its own with it, so net is a key and never followed.
 *   The hooks and what a namespace has of this are registered as pernet
 *   operations of their own while the policy in force, or the one about to be,
 *   asks for more than SNITCH_FORWARD_IGNORE: under snitch_policy_mutex.
 */
#ifndef SNITCH_FORWARD_H
#define SNITCH_FORWARD_H

#include <linux/types.h>
#include <linux/snitch.h>

#define SNITCH_FORWARDS_MAX	8192
#define SNITCH_FORWARDS_NET_MAX	(SNITCH_FORWARDS_MAX / 2)
#define SNITCH_FORWARDS_TOLD	256		/* told a second, of one namespace */
#define SNITCH_FORWARD_IDLE	(300 * HZ)	/* after that a flow is another one, told again */
#define SNITCH_FORWARD_LOCAL	(120 * HZ)

int snitch_forward_init(void);
void snitch_forward_exit(void);		/* no policy will come any more */

/* A policy is about to be in force: its hooks are there when this returns. 0, or an error of
 * registering them. Then, with the policy in force: hooks that it does not want go.
 */
int snitch_forward_begin(const struct snitch_policy *head);
void snitch_forward_end(const struct snitch_policy *head);

#endif
