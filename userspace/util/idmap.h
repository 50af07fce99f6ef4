/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table from 64-bit ids to pointers. It never owns what it points to.
 */
#ifndef SNITCH_UTIL_IDMAP_H
#define SNITCH_UTIL_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap {
	struct idmap_slot {
		uint64_t id;
		void *value;	/* NULL: free */
	} *slots;
	size_t size;		/* of slots: 0 or a power of two */
	size_t used;
};

/* Looks @id up. Return: its value, or NULL. */
void *idmap_get(const struct idmap *map, uint64_t id);

/* Sets @id to @value (not NULL), replacing. Return: 0 or -ENOMEM (nothing changed). */
int idmap_put(struct idmap *map, uint64_t id, void *value);

/* Takes @id out. Return: its value, or NULL when it was not there. */
void *idmap_take(struct idmap *map, uint64_t id);

/* Frees the table, not the values; the map is empty and usable afterwards. */
void idmap_clear(struct idmap *map);

#endif
