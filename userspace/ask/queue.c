// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The questions `snitch ask` has to put, and which one comes next. Pure: it
 * must never take a question from the screen while a person is choosing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/cli.h"
#include "queue.h"

static struct ask_entry *find(const struct ask_queue *queue, uint64_t id)
{
	unsigned int i;

	for (i = 0; i < queue->n; i++)
		if (queue->entry[i].id == id)
			return &queue->entry[i];
	return NULL;
}

int ask_queue_put(struct ask_queue *queue, json_t *q)
{
	uint64_t id = value_id(q);
	struct ask_entry *e;

	if (!id)
		return -EINVAL;
	e = find(queue, id);
	if (e) {
		json_decref(e->q);
		e->q = json_incref(q);
		return 0;
	}
	if (queue->n == queue->room) {
		unsigned int room = queue->room ? 2 * queue->room : 16;

		e = realloc(queue->entry, room * sizeof(*e));
		if (!e)
			return -ENOMEM;
		queue->entry = e;
		queue->room = room;
	}
	queue->entry[queue->n++] = (struct ask_entry){ .q = json_incref(q), .id = id };
	return 1;
}

json_t *ask_queue_find(const struct ask_queue *queue, uint64_t id)
{
	struct ask_entry *e = find(queue, id);

	return e ? e->q : NULL;
}

/* Takes an entry out of the array; its question is the caller's. */
static struct ask_entry take(struct ask_queue *queue, struct ask_entry *e)
{
	struct ask_entry out = *e;

	queue->n--;
	memmove(e, e + 1, (size_t)(queue->entry + queue->n - e) * sizeof(*e));
	return out;
}

bool ask_queue_drop(struct ask_queue *queue, uint64_t id)
{
	struct ask_entry *e = find(queue, id);

	if (!e)
		return false;
	json_decref(take(queue, e).q);
	return true;
}

void ask_queue_later(struct ask_queue *queue, uint64_t id)
{
	struct ask_entry *e = find(queue, id), out;

	if (!e)
		return;
	out = take(queue, e);
	out.later = true;
	queue->entry[queue->n++] = out;
}

unsigned int ask_queue_recall(struct ask_queue *queue)
{
	unsigned int i, n = 0;

	for (i = 0; i < queue->n; i++) {
		n += queue->entry[i].later;
		queue->entry[i].later = false;
	}
	return n;
}

bool ask_is_held(const json_t *q)
{
	return value_int(q, "flows", 0) > 0;
}

uint64_t ask_queue_next(const struct ask_queue *queue)
{
	uint64_t first = 0;
	unsigned int i;

	for (i = 0; i < queue->n; i++) {
		const struct ask_entry *e = &queue->entry[i];

		if (e->later)
			continue;
		if (ask_is_held(e->q))
			return e->id;
		if (!first)
			first = e->id;
	}
	return first;
}

unsigned int ask_queue_count(const struct ask_queue *queue)
{
	unsigned int i, n = 0;

	for (i = 0; i < queue->n; i++)
		n += !queue->entry[i].later;
	return n;
}

void ask_queue_clear(struct ask_queue *queue)
{
	while (queue->n)
		json_decref(queue->entry[--queue->n].q);
	free(queue->entry);
	memset(queue, 0, sizeof(*queue));
}
