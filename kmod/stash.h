/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stash: the tables of parked flows, and what the rooms around them share:
 * stash.c (tables, time limits), park.c (the way in), settle.c (the way
 * out), adopt.c (owners found by a worker), data.c (first data). Locks and lifetimes: park.h.
 * Private to these five.
 */
#ifndef SNITCH_STASH_H
#define SNITCH_STASH_H

#include "park.h"

#define SNITCH_PARK_BITS	12
/* Of packets that wait, in all and of one user. */
#define SNITCH_PARK_BYTES_MAX	(64U << 20)
#define SNITCH_PARK_BYTES_UID	(SNITCH_PARK_BYTES_MAX / 4)

enum snitch_park_class {	/* one list of time limits each */
	SNITCH_DUE_CONSULT,
	SNITCH_DUE_TCP,
	SNITCH_DUE_OTHER,
	SNITCH_DUE_DNS,
	SNITCH_DUE_MAX
};

/* All under snitch_park_lock. */
extern struct list_head snitch_park_due[SNITCH_DUE_MAX];
extern unsigned int snitch_park_now, snitch_park_tcp, snitch_park_unread;
extern u64 snitch_park_truesize;
extern struct kmem_cache *snitch_park_slab;
extern struct workqueue_struct *snitch_park_wq;

/* stash.c; under snitch_park_lock */
struct hlist_head *snitch_park_key(u64 cookie);
struct snitch_park *snitch_park_by_id(u64 id);
struct snitch_park *snitch_park_from(u64 id);	/* the first with that id or a greater one */
struct snitch_park *snitch_park_following(struct snitch_park *p);
u64 snitch_park_newest(void);			/* id of it */
bool snitch_park_same_destination(const struct snitch_park *p, const struct snitch_packet *k);
struct snitch_flow *snitch_park_entry(const struct snitch_park *p);	/* newest; under RCU */
struct snitch_park *snitch_park_find(u64 cookie, bool tcp, const struct snitch_subject *s);
void snitch_park_set_deadline(struct snitch_park *p);
void snitch_park_schedule(void);
bool snitch_park_has_share(const struct snitch_image *image, const struct snitch_uid *quota,
			   unsigned int truesize);
bool snitch_park_charge(struct snitch_park *p, struct snitch_image *image);
void snitch_park_insert(struct snitch_park *p);
void snitch_park_detach(struct snitch_park *p);
void snitch_park_joined(struct snitch_park *p, const struct sk_buff *skb);
void snitch_park_tell_cancel(struct snitch_park *p, u32 why);
void snitch_park_hold(struct snitch_park *p);
void snitch_park_unhold(struct snitch_park *p);	/* its time limit is the caller's then */
void snitch_park_quiet(void);	/* process context, without the lock */
void snitch_park_subject(const struct snitch_park *p, struct snitch_subject *s);

/* settle.c; settle under snitch_park_lock, act without it in any context that
 * may take a socket's reference down
 */
void snitch_park_settle(struct snitch_park *p, u32 action, u32 origin, u64 origin_id);
void snitch_park_settle_fail(struct snitch_park *p, u32 why);
void snitch_park_act(struct snitch_park *p);
void snitch_park_act_all(struct list_head *list);
void snitch_park_tick(struct work_struct *work);

/* adopt.c; under snitch_park_lock: what waits for its owner, one after the other of each user */
bool snitch_adopt_room(const struct snitch_uid *quota);
void snitch_adopt_add(struct snitch_park *p);
void snitch_adopt_remove(struct snitch_park *p);
/* any context */
void snitch_park_start_adopting(void);

#endif
