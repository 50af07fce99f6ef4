/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netns: our hooks in every network namespace, and what is counted there.
 * struct snitch_net lives as long as its namespace; parked is under
 * snitch_park_lock.
 */
#ifndef SNITCH_NETNS_H
#define SNITCH_NETNS_H

#include <net/net_namespace.h>

#include "reply.h"

/*
 * struct snitch_net - our share of a namespace
 * @parked: flows
 * @egress: frames of packet sockets are judged, with @egress_devices: egress.h
 * @reply: answers of UDP servers
 * @received: what comes in is counted: received.h
 */
struct snitch_net {
	unsigned int parked;
	bool egress;
	struct list_head egress_devices;
	struct snitch_reply_net reply;
	bool received;
};

struct snitch_net *snitch_net(struct net *net);
int snitch_netns_init(void);
void snitch_netns_exit(void);

#endif
