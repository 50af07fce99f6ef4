// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of addresses. Bytes of an address that its family does not have are 0 everywhere, so whole
 * ranges are compared as bytes. It must never hold two ranges that could be one.
 */
#include "addrset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../util/addrspan.h"

#define ADDR	sizeof(((struct list_range *)0)->first)

int addrset_add(struct addrset *set, const struct list_range *range)
{
	if (set->n == set->room) {
		size_t room = set->room ? set->room + set->room / 2 : 16;
		struct list_range *more = reallocarray(set->range, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		set->range = more;
		set->room = room;
	}
	set->range[set->n++] = *range;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct list_range *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return memcmp(x->first, y->first, ADDR);
}

static bool step(uint8_t family, uint8_t *addr, int by)
{
	return snitch_addr_step(addr, family == AF_INET ? 4 : ADDR, by);
}

/* Whether @next begins within @r or right after it; it never begins before. */
static bool joins(const struct list_range *r, const struct list_range *next)
{
	uint8_t after[ADDR];

	if (r->family != next->family)
		return false;
	memcpy(after, r->last, ADDR);
	return !step(r->family, after, 1) || memcmp(next->first, after, ADDR) <= 0;
}

void addrset_settle(struct addrset *set)
{
	struct list_range *less;
	size_t i, n = 0;

	if (!set->n)
		return;
	qsort(set->range, set->n, sizeof(*set->range), compare);
	for (i = 1; i < set->n; i++) {
		struct list_range *r = &set->range[n];
		const struct list_range *next = &set->range[i];

		if (!joins(r, next))
			set->range[++n] = *next;
		else if (memcmp(r->last, next->last, ADDR) < 0)
			memcpy(r->last, next->last, ADDR);
	}
	set->n = n + 1;
	less = reallocarray(set->range, set->n, sizeof(*less));
	if (!less)
		return;
	set->range = less;
	set->room = set->n;
}

/* What is left of @r beside the holes from @at on. */
static int subtract_one(struct addrset *out, struct list_range r, const struct addrset *holes,
			size_t *at)
{
	struct list_range left = r;
	int error;

	for (; *at < holes->n; ++*at) {
		const struct list_range *hole = &holes->range[*at];

		if (hole->family < r.family ||
		    (hole->family == r.family && memcmp(hole->last, r.first, ADDR) < 0))
			continue;
		if (hole->family > r.family || memcmp(hole->first, r.last, ADDR) > 0)
			break;
		if (memcmp(hole->first, r.first, ADDR) > 0) {
			memcpy(left.first, r.first, ADDR);
			memcpy(left.last, hole->first, ADDR);
			step(r.family, left.last, -1);
			error = addrset_add(out, &left);
			if (error)
				return error;
		}
		if (memcmp(hole->last, r.last, ADDR) >= 0)
			return 0;	/* the hole may reach into the next range, too */
		memcpy(r.first, hole->last, ADDR);
		step(r.family, r.first, 1);
	}
	return addrset_add(out, &r);
}

int addrset_subtract(struct addrset *set, const struct addrset *holes)
{
	struct addrset out = { .n = 0 };
	size_t i, at = 0;
	int r = 0;

	if (!holes->n)
		return 0;
	for (i = 0; i < set->n && !r; i++)
		r = subtract_one(&out, set->range[i], holes, &at);
	if (r) {
		addrset_clear(&out);
		return r;
	}
	addrset_clear(set);
	*set = out;
	return 0;
}

const struct list_range *addrset_find(const struct addrset *set, uint8_t family,
				      const uint8_t *addr)
{
	struct list_range key = { .family = family };
	size_t from = 0, to = set->n;

	memcpy(key.first, addr, family == AF_INET ? 4 : ADDR);
	/* the last one that does not begin after it */
	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (compare(&set->range[mid], &key) <= 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (!from)
		return NULL;
	from--;
	return set->range[from].family == family &&
	       memcmp(key.first, set->range[from].last, ADDR) <= 0 ? &set->range[from] : NULL;
}

void addrset_clear(struct addrset *set)
{
	free(set->range);
	memset(set, 0, sizeof(*set));
}
