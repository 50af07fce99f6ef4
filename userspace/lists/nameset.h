/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Very many names of domains in little memory, found quickly. Private to userspace/lists.
 *
 * Names stand one after the other in one block; a hash table of 32-bit places finds them. A name is
 * hashed label by label from its end, so one walk over a host finds every domain that it is in. The
 * walk ends at the deepest entry there is: names of many labels cost no more than others.
 */
#ifndef SNITCH_LISTS_NAMESET_H
#define SNITCH_LISTS_NAMESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMESET_LABELS	10	/* labels of an entry; more is no domain that people block */

/**
 * struct nameset - the names
 * @pool: entries: length, whether what is below counts, the name, NUL. Place 0 is none
 * @used, @room: of @pool
 * @slots: places in @pool, 0: free
 * @size: of @slots: 0 or a power of two
 * @n: entries
 * @depths: bit N: there are entries of N labels
 * @seed: hashes differ from run to run: whoever writes a list cannot make them collide
 */
struct nameset {
	char *pool;
	uint32_t used, room;
	uint32_t *slots;
	uint32_t size;
	uint32_t n;
	uint32_t depths;
	uint64_t seed;
};

/*
 * Adds a name that is valid and in lower case; @below: all names below it count, too. Return: 1, 0
 * when it was there, -E2BIG with too many labels, -ENOSPC when the set is full, -ENOMEM.
 */
int nameset_add(struct nameset *set, const char *name, size_t len, bool below);

/* Gives back what was reserved for more names. */
void nameset_trim(struct nameset *set);

/* The entry that @host is, or is below of; NULL: none. Case and a final dot do not count. */
const char *nameset_find(const struct nameset *set, const char *host);

void nameset_clear(struct nameset *set);

/* Bytes that it holds. */
size_t nameset_bytes(const struct nameset *set);

#endif
