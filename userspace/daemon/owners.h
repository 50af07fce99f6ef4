/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owners the kernel told about, a bounded number of them, the least recently used dropped
 * first: an owner that is needed again can be fetched by id. It never asks the kernel itself.
 */
#ifndef SNITCH_DAEMON_OWNERS_H
#define SNITCH_DAEMON_OWNERS_H

#include "../question/owner.h"
#include "../util/idmap.h"

#define SNITCH_OWNERS_MAX	2048

struct owner_slot;

struct owners {
	struct idmap by_id;
	struct owner_slot *newest, *oldest;
	unsigned int n;
};

/* Keeps what an OWNER event told, replacing what was known. Return: 0 or -ENOMEM. */
int owners_add(struct owners *owners, const struct snitch_owner_info *info);

/* The owner with @id, which becomes the most recently used, or NULL. No reference is taken. */
struct owner *owners_find(struct owners *owners, uint64_t id);

/* Forgets all. */
void owners_clear(struct owners *owners);

#endif
