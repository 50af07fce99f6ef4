/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Received: what arrives for flows that are not TCP's, which keep no count of
 * their own. Looked at in LOCAL_IN, only while somebody observes: each packet
 * that comes in pays for it.
 *
 * Locks and lifetimes
 *   Entries are found by tuple.h. Counts are atomic.
 *   The hooks come and go by one work, so never two at once. It walks the
 *   namespaces under net_rwsem: what it changes there (struct snitch_net,
 *   received) is touched besides only before a namespace is on that list and
 *   after it has left it. The timer runs only while the hooks are there.
 */
#ifndef SNITCH_RECEIVED_H
#define SNITCH_RECEIVED_H

#include "flow.h"

/* Somebody observes: hooks are registered soon. Any context. */
void snitch_received_want(void);
/* The same, and they are there when it returns; process context, may sleep. */
void snitch_received_want_now(void);

void snitch_received_start_net(struct net *net);
void snitch_received_unhook_net(struct net *net);
void snitch_received_stop(void);	/* before the namespaces are let go of at unload */

#endif
