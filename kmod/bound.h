/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bound: which namespaces have UDP sockets with a port of their own choice.
 * struct snitch_reply_net, locks and lifetimes: reply.h.
 */
#ifndef SNITCH_BOUND_H
#define SNITCH_BOUND_H

#include <net/net_namespace.h>

int snitch_bound_init(void);
void snitch_bound_exit(void);
void snitch_bound_watch(void);		/* the namespaces are known: look for sockets */
void snitch_bound_unwatch(void);	/* before they are let go of */

void snitch_bound_start_net(struct net *net);
void snitch_bound_unhook_net(struct net *net);

#endif
