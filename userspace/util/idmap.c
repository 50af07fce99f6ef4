// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hash table from 64-bit ids to pointers: open addressing, linear probing, deletion by shifting
 * back, so that no tombstones gather. It must never grow beyond twice what it holds.
 */
#include "idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct idmap *map, uint64_t id)
{
	/* Fibonacci hashing: ids are counters, their low bits alone would cluster */
	return (size_t)((id * 0x9e3779b97f4a7c15ULL) >> 20) & (map->size - 1);
}

static struct idmap_slot *find(const struct idmap *map, uint64_t id)
{
	size_t i;

	if (!map->size)
		return NULL;
	for (i = slot_of(map, id); map->slots[i].value; i = (i + 1) & (map->size - 1)) {
		if (map->slots[i].id == id)
			return &map->slots[i];
	}
	return NULL;
}

static void insert(struct idmap *map, uint64_t id, void *value)
{
	size_t i = slot_of(map, id);

	while (map->slots[i].value)
		i = (i + 1) & (map->size - 1);
	map->slots[i].id = id;
	map->slots[i].value = value;
	map->used++;
}

static int grow(struct idmap *map)
{
	struct idmap bigger = { .size = map->size ? 2 * map->size : 16 };
	size_t i;

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < map->size; i++) {
		if (map->slots[i].value)
			insert(&bigger, map->slots[i].id, map->slots[i].value);
	}
	free(map->slots);
	*map = bigger;
	return 0;
}

void *idmap_get(const struct idmap *map, uint64_t id)
{
	struct idmap_slot *slot = find(map, id);

	return slot ? slot->value : NULL;
}

int idmap_put(struct idmap *map, uint64_t id, void *value)
{
	struct idmap_slot *slot = find(map, id);
	int r;

	if (slot) {
		slot->value = value;
		return 0;
	}
	if (4 * (map->used + 1) > 3 * map->size) {
		r = grow(map);
		if (r)
			return r;
	}
	insert(map, id, value);
	return 0;
}

void *idmap_take(struct idmap *map, uint64_t id)
{
	struct idmap_slot *slot = find(map, id);
	size_t hole, i, home;
	void *value;

	if (!slot)
		return NULL;
	value = slot->value;
	hole = slot - map->slots;
	for (i = (hole + 1) & (map->size - 1); map->slots[i].value; i = (i + 1) & (map->size - 1)) {
		home = slot_of(map, map->slots[i].id);
		if (((i - home) & (map->size - 1)) >= ((i - hole) & (map->size - 1))) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	map->slots[hole].value = NULL;
	map->used--;
	return value;
}

void idmap_clear(struct idmap *map)
{
	free(map->slots);
	memset(map, 0, sizeof(*map));
}
