// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bounded memory of owners in order of use. It must never keep more than SNITCH_OWNERS_MAX.
 */
#include "owners.h"

#include <errno.h>
#include <stdlib.h>

#include "../lib/snitch.h"

struct owner_slot {
	struct owner *owner;
	struct owner_slot *newer, *older;
};

static void unlink_slot(struct owners *owners, struct owner_slot *slot)
{
	if (slot->newer)
		slot->newer->older = slot->older;
	else
		owners->newest = slot->older;
	if (slot->older)
		slot->older->newer = slot->newer;
	else
		owners->oldest = slot->newer;
	slot->newer = NULL;
	slot->older = NULL;
}

static void push_newest(struct owners *owners, struct owner_slot *slot)
{
	slot->older = owners->newest;
	slot->newer = NULL;
	if (owners->newest)
		owners->newest->newer = slot;
	else
		owners->oldest = slot;
	owners->newest = slot;
}

static void drop(struct owners *owners, struct owner_slot *slot)
{
	idmap_take(&owners->by_id, owner_id(slot->owner));
	unlink_slot(owners, slot);
	owner_put(slot->owner);
	free(slot);
	owners->n--;
}

static struct owner *known(struct owners *owners, uint64_t id)
{
	struct owner_slot *slot = idmap_get(&owners->by_id, id);

	return slot ? slot->owner : NULL;
}

int owners_add(struct owners *owners, const struct snitch_owner_info *info)
{
	uint64_t id = info->wire->hdr.id;
	struct owner_slot *slot;
	struct owner *owner;

	owner = owner_new(info, info->wire->parent ? known(owners, info->wire->parent) : NULL);
	if (!owner)
		return -ENOMEM;
	slot = idmap_get(&owners->by_id, id);
	if (slot) {
		owner_put(slot->owner);
		slot->owner = owner;
		return 0;
	}
	slot = calloc(1, sizeof(*slot));
	if (!slot || idmap_put(&owners->by_id, id, slot)) {
		free(slot);
		owner_put(owner);
		return -ENOMEM;
	}
	slot->owner = owner;
	push_newest(owners, slot);
	owners->n++;
	if (owners->n > SNITCH_OWNERS_MAX)
		drop(owners, owners->oldest);
	return 0;
}

struct owner *owners_find(struct owners *owners, uint64_t id)
{
	struct owner_slot *slot = idmap_get(&owners->by_id, id);

	if (!slot)
		return NULL;
	unlink_slot(owners, slot);
	push_newest(owners, slot);
	return slot->owner;
}

void owners_clear(struct owners *owners)
{
	while (owners->oldest)
		drop(owners, owners->oldest);
	idmap_clear(&owners->by_id);
}
