// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What waits in memory for the next write: alike decisions become one entry. It must never hold
 * more than HISTORY_BATCH of them.
 */
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "private.h"

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;	/* FNV-1a */
	return h;
}

static uint64_t mix_text(uint64_t h, const char *text)
{
	return mix(h, text, strlen(text) + 1);
}

static uint64_t hash_flow(const struct history_flow *f, bool only_bytes)
{
	int64_t day = f->last / SECONDS_PER_DAY;
	uint64_t h = 0xcbf29ce484222325ULL;

	h = mix_text(h, f->program);
	h = mix(h, f->address, sizeof(f->address));
	h = mix(h, &f->port, sizeof(f->port));
	h = mix(h, &f->proto, sizeof(f->proto));
	h = mix(h, &f->uid, sizeof(f->uid));
	h = mix(h, &f->action, sizeof(f->action));
	h = mix(h, &f->rule, sizeof(f->rule));
	h = mix(h, &day, sizeof(day));
	return only_bytes ? ~h : h;
}

static bool same_remote(const struct history_flow *a, const struct history_flow *b)
{
	return a->family == b->family && a->proto == b->proto && a->port == b->port &&
	       a->inbound == b->inbound && !memcmp(a->address, b->address, sizeof(a->address));
}

static bool same_program(const struct history_flow *a, const struct history_flow *b)
{
	return !strcmp(a->program, b->program) && !strcmp(a->script, b->script) &&
	       !strcmp(a->parents, b->parents) && !strcmp(a->app, b->app) &&
	       a->flags == b->flags;
}

static bool same_row(const struct history_flow *a, const struct history_flow *b)
{
	return same_remote(a, b) && same_program(a, b) && a->uid == b->uid &&
	       a->belongs == b->belongs && a->action == b->action && a->origin == b->origin &&
	       a->rule == b->rule && !strcmp(a->name, b->name) &&
	       a->last / SECONDS_PER_DAY == b->last / SECONDS_PER_DAY;
}

static uint16_t *find_slot(struct history *h, uint64_t hash, const struct history_flow *flow,
			   bool only_bytes)
{
	unsigned int i = hash % HISTORY_SLOTS;

	for (; h->slots[i]; i = (i + 1) % HISTORY_SLOTS) {
		const struct history_entry *e = &h->entries[h->slots[i] - 1];

		if (e->hash == hash && e->only_bytes == only_bytes && same_row(&e->flow, flow))
			break;
	}
	return &h->slots[i];
}

static void entry_clear(struct history_entry *e)
{
	free((char *)e->flow.program);
	free((char *)e->flow.script);
	free((char *)e->flow.parents);
	free((char *)e->flow.app);
	free((char *)e->flow.name);
	memset(e, 0, sizeof(*e));
}

void history_forget(struct history *h)
{
	while (h->n)
		entry_clear(&h->entries[--h->n]);
	memset(h->slots, 0, sizeof(h->slots));
}

/* Not in the middle of a path: the rest would look like another one. */
static char *keep_parents(const char *parents)
{
	size_t len = strnlen(parents, HISTORY_PARENTS_TEXT);

	if (len == HISTORY_PARENTS_TEXT) {
		while (len && parents[len] != '\n')
			len--;
	}
	return strndup(parents, len);
}

static bool append(struct history *h, uint16_t *slot, uint64_t hash,
		   const struct history_flow *flow, bool only_bytes)
{
	struct history_entry *e = &h->entries[h->n];

	e->flow = *flow;
	e->flow.program = strdup(flow->program);
	e->flow.script = strdup(flow->script);
	e->flow.parents = keep_parents(flow->parents);
	e->flow.app = strdup(flow->app);
	e->flow.name = strdup(flow->name);
	e->flow.first = flow->last;
	e->only_bytes = only_bytes;
	e->hash = hash;
	if (!e->flow.program || !e->flow.script || !e->flow.parents || !e->flow.app ||
	    !e->flow.name) {
		entry_clear(e);
		return false;
	}
	*slot = ++h->n;
	return true;
}

static bool gather(struct history *h, const struct history_flow *flow, bool only_bytes)
{
	uint64_t hash = hash_flow(flow, only_bytes);
	struct history_flow *f;
	uint16_t *slot;

	if (h->n == HISTORY_BATCH) {
		h->lost++;
		return true;
	}
	slot = find_slot(h, hash, flow, only_bytes);
	if (!*slot) {
		h->lost += !append(h, slot, hash, flow, only_bytes);
		return h->n == HISTORY_BATCH;
	}
	f = &h->entries[*slot - 1].flow;
	f->dev = flow->dev;
	f->ino = flow->ino;
	f->ctime = flow->ctime;
	f->last = flow->last > f->last ? flow->last : f->last;
	f->count += flow->count;
	f->sent += flow->sent;
	f->received += flow->received;
	return false;
}

bool history_add(struct history *h, const struct history_flow *flow)
{
	struct history_flow one = *flow;

	one.count = flow->count ? flow->count : 1;
	return gather(h, &one, false);
}

bool history_bytes(struct history *h, const struct history_flow *flow)
{
	struct history_flow bytes = *flow;

	bytes.count = 0;
	bytes.action = 0;
	bytes.origin = 0;
	bytes.rule = 0;
	return gather(h, &bytes, true);
}

bool history_dirty(const struct history *h)
{
	return h->n;
}

uint64_t history_lost(const struct history *h)
{
	return h->lost;
}
