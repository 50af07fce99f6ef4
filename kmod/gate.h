/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gate: where sockets that pass no hook are met. Kprobes stand at the first
 * instruction of
 *   packet_sendmsg(), packet_sendmsg_spkt()   AF_PACKET: the first frame of a
 *	namespace waits until its devices have egress hooks; on a kernel
 *	without them (before 5.16) each frame is judged here
 *   xsk_bind()   AF_XDP: what it sends later goes straight to the driver, so
 *	whether it may send at all is judged when it binds to a device
 * A probe that is not ready to let a call go on makes a function of ours run
 * in its stead, as if the caller had called that; it may sleep, and then
 * calls the socket's own again, or refuses.
 *
 * Lifetimes: a task in such a function holds the module; what it still runs
 * there after giving that back is waited for with synchronize_rcu_tasks().
 */
#ifndef SNITCH_GATE_H
#define SNITCH_GATE_H

/*
 * 0; -ENOMEM: there is no gate, and nothing may be loaded without; another error: AF_PACKET has
 * none, all devices need hooks. Process context.
 */
int snitch_gate_init(void);
void snitch_gate_exit(void);

#endif
