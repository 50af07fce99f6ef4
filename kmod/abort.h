/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Abort: ends TCP sockets from workers, because a socket's lock may be held
 * for as long as its owner likes (a page fault on a FUSE file). At most
 * SNITCH_ABORTS_UID workers are at one user's sockets; the rest waits.
 * abort_lock (spinlock, BH, leaf) protects counts and waiting lists.
 */
#ifndef SNITCH_ABORT_H
#define SNITCH_ABORT_H

#include <linux/workqueue.h>
#include <net/sock.h>

#include "uid.h"

#define SNITCH_ABORTS_UID	8
#define SNITCH_ABORTS_WAIT	1024	/* of one user's; over it packets are only refused */

/*
 * struct snitch_abort - one socket to end
 * @sk: with a reference, given back before @done
 * @daddr: whom it was connected to, with @dport: it may be connected elsewhere
 *	   by the time its turn comes, and is left alone then
 * @quota: whose it is, referenced by the embedder until @done
 * @done: called last, in process context; may free the embedder
 */
struct snitch_abort {
	struct work_struct work;
	struct list_head wait;
	struct sock *sk;
	struct in6_addr daddr;
	__be16 dport;
	struct snitch_uid *quota;
	int err;
	void (*done)(struct snitch_abort *job);
};

int snitch_abort_init(void);
void snitch_abort_exit(void);		/* waits for all */
void snitch_abort_of(struct snitch_abort *job, struct sock *sk);
bool snitch_abort_room(const struct snitch_uid *quota);	/* is a job for a packet worth it? */
void snitch_abort_queue(struct snitch_abort *job);	/* any context */

#endif
