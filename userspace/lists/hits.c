// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often entries of lists decided. It must never grow with what the network does: entries beyond
 * a bound are counted for their list only.
 */
#include <stdlib.h>
#include <string.h>

#include "lists.h"

struct row {
	char list[LIST_NAME_MAX + 1];
	char *entry;			/* owned; NULL: the whole list */
	uint64_t count;
	uint64_t last;
	uint64_t hash;
};

struct list_hits {
	struct row rows[LIST_HITS_MAX + LISTS_MAX];
	size_t n;
	size_t n_entries;
};

struct list_hits *list_hits_new(void)
{
	return calloc(1, sizeof(struct list_hits));
}

void list_hits_free(struct list_hits *hits)
{
	size_t i;

	if (!hits)
		return;
	for (i = 0; i < hits->n; i++)
		free(hits->rows[i].entry);
	free(hits);
}

/* Spares most comparisons of strings; equal hashes are no harm. */
static uint64_t hash_of(const char *list, const char *entry)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *list; list++)
		hash = (hash ^ (unsigned char)*list) * 0x100000001b3ULL;
	for (hash ^= 0xff; entry && *entry; entry++)
		hash = (hash ^ (unsigned char)*entry) * 0x100000001b3ULL;
	return hash;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void count(struct list_hits *hits, const char *list, const char *entry, uint64_t now)
{
	uint64_t hash = hash_of(list, entry);
	struct row *row;
	size_t i;

	for (i = 0; i < hits->n; i++) {
		row = &hits->rows[i];
		if (row->hash == hash && same(row->entry, entry) && !strcmp(row->list, list))
			break;
	}
	if (i == hits->n) {
		if (entry ? hits->n_entries == LIST_HITS_MAX :
		    hits->n - hits->n_entries == LISTS_MAX)
			return;
		row = &hits->rows[i];
		row->entry = entry ? strdup(entry) : NULL;
		if (entry && !row->entry)
			return;
		snprintf(row->list, sizeof(row->list), "%s", list);
		row->hash = hash;
		hits->n_entries += entry != NULL;
		hits->n++;
	}
	row->count++;
	row->last = now;
}

void list_hits_add(struct list_hits *hits, const char *list, const char *entry, uint64_t now)
{
	count(hits, list, NULL, now);
	if (entry)
		count(hits, list, entry, now);
}

void list_hits_each(const struct list_hits *hits, const char *list,
		    void (*fn)(void *ctx, const struct list_hit *hit), void *ctx)
{
	size_t i;

	for (i = 0; i < hits->n; i++) {
		const struct row *row = &hits->rows[i];
		struct list_hit hit = {
			.list = row->list, .entry = row->entry, .count = row->count,
			.last = row->last,
		};

		if (!strcmp(row->list, list))
			fn(ctx, &hit);
	}
}

static void add_count(void *ctx, const struct list_hit *hit)
{
	if (!hit->entry)
		*(uint64_t *)ctx = hit->count;
}

uint64_t list_hits_count(const struct list_hits *hits, const char *list)
{
	uint64_t n = 0;

	list_hits_each(hits, list, add_count, &n);
	return n;
}
