/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device: /dev/snitch, the decider's side. One decider, many observers
 * (observe.h).
 *
 * The life of an event: a parked flow is in the decider's list while
 * @pending says that FLOW or CANCEL is to be read. read() peeks under the
 * lock, copies without it, and only then takes the event off, so that a
 * failed copy loses nothing. @told is set at the peek: a flow that ends
 * while it is being read turns into CANCEL in its place. OWNER is made from
 * the image when the first FLOW that names it is read.
 *
 * Locks
 *   snitch_device_mutex serialises HELLO, takeover and release. Each file's
 *   read_mutex serialises read(); it nests inside nothing. The decider, its
 *   event list and its results are under snitch_park_lock.
 */
#ifndef SNITCH_DEVICE_H
#define SNITCH_DEVICE_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include "park.h"

#define SNITCH_RESULTS_MAX	4096

/*
 * struct snitch_file - one open of /dev/snitch
 * @role: enum snitch_role, 0 before HELLO; written under snitch_device_mutex
 * @replaced: another decider took over
 * @welcome: WELCOME is still to be read, under read_mutex
 * @read_mutex: serialises readers
 * @write_mutex: serialises batches: the room for results is counted once
 * @wait: readers and pollers
 * @features: granted; constant after HELLO
 * @session: number of this decider, never reused
 * @pid: of the process that said HELLO, for status and audit
 * @buf: SNITCH_READ_MIN bytes to build a message in, under read_mutex
 * @results: ring of SNITCH_RESULTS_MAX, under snitch_park_lock
 * @observer: what an observer has, or NULL
 */
struct snitch_file {
	u32 role;
	bool replaced;
	bool welcome;
	struct mutex read_mutex;	/* one reader at a time */
	struct mutex write_mutex;	/* one batch at a time */
	wait_queue_head_t wait;
	u64 features;
	u64 session;
	u64 since;
	u32 pid;
	char comm[SNITCH_COMM_LEN];
	void *buf;
	struct snitch_result *results;
	unsigned int results_head;
	unsigned int results_used;
	struct snitch_observer *observer;
};

extern u64 snitch_instance;	/* random, one a load */

int snitch_device_init(void);
void snitch_device_exit(void);

/* Is there a decider that reads? Any context. False during the grace. */
bool snitch_device_deciding(void);
/* Is there one, or may one still come within the grace? Any context. */
bool snitch_device_expected(void);
void snitch_device_state(struct snitch_status *st);
/* Under snitch_park_lock: does the decider see first data? */
bool snitch_device_wants_data(void);

/* Under snitch_park_lock: put a parked flow's event in the decider's list. */
void snitch_device_queue(struct snitch_park *p, enum snitch_park_event ev);
/* Under snitch_park_lock: take it out. */
void snitch_device_unqueue(struct snitch_park *p);

/* read.c: one read(2); under read_mutex. */
ssize_t snitch_read(struct snitch_file *f, char __user *to, size_t room);
bool snitch_read_ready(struct snitch_file *f);
/* Under snitch_park_lock: the oldest event, or NULL. */
struct snitch_park *snitch_device_first(const struct snitch_file *f);
void snitch_device_event_read(struct snitch_file *f, struct snitch_park *p,
			      enum snitch_park_event ev);

#endif
