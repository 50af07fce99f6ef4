/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache: what the decider concluded for an image and a destination, until a
 * time. It limits new flows, never one already accepted. Bounded; entries
 * are looked up under RCU, written under snitch_cache_lock (spinlock, BH; the
 * locks of image.h and uid.h are taken under it).
 */
#ifndef SNITCH_CACHE_H
#define SNITCH_CACHE_H

#include <linux/types.h>

#include "policy.h"

#define SNITCH_CACHE_MAX	16384
#define SNITCH_CACHE_IMAGE_MAX	1024	/* of one process image */
#define SNITCH_CACHE_UID_MAX	(SNITCH_CACHE_MAX / 4)	/* of one unprivileged user */

bool snitch_cache_find(const struct snitch_subject *s, struct snitch_judgement *j);

/*
 * struct snitch_cache_new - a conclusion; all borrowed
 * @uid: effective uid of the sender, or SNITCH_UID_ANY
 * @netns: inode number, 0: any
 * @until: CLOCK_BOOTTIME ns
 * @generation: of the policy it was concluded under; 0: the present one
 */
struct snitch_cache_new {
	struct snitch_image *image;
	union nf_inet_addr daddr;
	u64 origin_id;
	u64 until;
	u64 generation;
	u32 uid;
	u32 netns;
	u16 dport;
	u8 family;
	u8 proto;
	u8 action;
	u8 origin;
};

/* 0, -ENOSPC (a bound is reached), -EINVAL (no process), -ENOMEM; any context */
int snitch_cache_add(const struct snitch_cache_new *n);
unsigned int snitch_cache_count(void);
void snitch_cache_init(void);
void snitch_cache_exit(void);

#endif
