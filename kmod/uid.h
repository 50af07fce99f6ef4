/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uid: what one user has in the module, so that nobody starves others.
 * Users of a user namespace count against the owner of the outermost one, those of a
 * namespace that root made for a container against that namespace.
 * snitch_uid_lock (spinlock, BH, leaf) protects table and counts.
 */
#ifndef SNITCH_UID_H
#define SNITCH_UID_H

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/types.h>
#include <net/sock.h>

/*
 * struct snitch_dns_share - what somebody has of the DNS messages, under dns_lock
 * @queued: messages unread, of @bytes in all
 * @asked: questions since @since (jiffies)
 */
struct snitch_dns_share {
	unsigned int queued;
	unsigned int bytes;
	unsigned int asked;
	unsigned long since;
};

/**
 * struct snitch_uid - quotas of one user
 * @node: in the table
 * @uid: in the initial user namespace
 * @refs: users of this struct
 * @parked: flows parked, with @parked_bytes of packets, under snitch_park_lock
 * @images: process images, under snitch_uid_lock
 * @tcp_flows: entries of TCP sockets, @cached: of the decision cache
 * @aborting: workers at its sockets now, under the lock of abort.c
 * @abort_wait: aborts that wait for such a worker, @abort_waiting of them, under
 *	       the same
 * @dns: see there
 * @adopt_wait: parked flows whose owner is to be looked for, @adopting of them, with
 *	       @adopt_turn: in the list of users that have some: under snitch_park_lock
 */
struct snitch_uid {
	struct hlist_node node;
	u32 uid;
	unsigned int refs;
	unsigned int parked;
	u64 parked_bytes;
	unsigned int images;
	atomic_t tcp_flows;
	atomic_t cached;
	unsigned int aborting;
	unsigned int abort_waiting;
	struct list_head abort_wait;
	struct snitch_dns_share dns;
	unsigned int adopting;
	struct list_head adopt_wait;
	struct list_head adopt_turn;
};

u32 snitch_uid_number(const struct cred *cred);
u32 snitch_uid_of_socket(const struct sock *sk);
struct snitch_uid *snitch_uid_get(u32 uid);
struct snitch_uid *snitch_uid_hold(struct snitch_uid *u);
void snitch_uid_put(struct snitch_uid *u);
bool snitch_uid_charge_image(struct snitch_uid *u, unsigned int max);
void snitch_uid_uncharge_image(struct snitch_uid *u);
struct snitch_uid *snitch_uid_charge_tcp(struct snitch_uid *u, unsigned int max);

#endif
