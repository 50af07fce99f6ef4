// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the store page by page. It must never look at more than HISTORY_SCAN rows in one call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

static const char *text(sqlite3_stmt *s, int column)
{
	const char *t = (const char *)sqlite3_column_text(s, column);

	return t ? t : "";
}

static void take_row(sqlite3_stmt *s, struct history_flow *f)
{
	const void *address = sqlite3_column_blob(s, 13);

	*f = (struct history_flow){
		.program = text(s, 1), .script = text(s, 2), .parents = text(s, 3),
		.flags = (uint32_t)sqlite3_column_int64(s, 4),
		.dev = (uint64_t)sqlite3_column_int64(s, 5),
		.ino = (uint64_t)sqlite3_column_int64(s, 6),
		.ctime = sqlite3_column_int64(s, 7),
		.uid = (uint32_t)sqlite3_column_int64(s, 8),
		.belongs = (uint32_t)sqlite3_column_int64(s, 9),
		.family = (uint8_t)sqlite3_column_int(s, 10),
		.proto = (uint8_t)sqlite3_column_int(s, 11),
		.port = (uint16_t)sqlite3_column_int(s, 12),
		.name = text(s, 14),
		.inbound = sqlite3_column_int(s, 15),
		.action = (uint32_t)sqlite3_column_int(s, 16),
		.origin = (uint32_t)sqlite3_column_int(s, 17),
		.rule = (uint64_t)sqlite3_column_int64(s, 18),
		.first = sqlite3_column_int64(s, 19),
		.last = sqlite3_column_int64(s, 20),
		.count = (uint64_t)sqlite3_column_int64(s, 21),
		.sent = (uint64_t)sqlite3_column_int64(s, 22),
		.received = (uint64_t)sqlite3_column_int64(s, 23),
		.app = text(s, 24),
	};
	if (sqlite3_column_bytes(s, 13) == sizeof(f->address))
		memcpy(f->address, address, sizeof(f->address));
}

static bool is_program(const char *path, const char *wanted)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(path, wanted) || (slash && !strcmp(slash + 1, wanted));
}

static bool passes(const struct history_filter *filter, const struct history_flow *f)
{
	if (filter->uid != HISTORY_ANY_UID && f->uid != filter->uid)
		return false;
	if (filter->actions && !(filter->actions & 1U << (f->action & 31)))
		return false;
	return !filter->program || is_program(f->program, filter->program);
}

static sqlite3_stmt *begin(struct history *h, const struct history_filter *filter,
			   const struct history_place *place)
{
	bool all = filter->belongs == HISTORY_ANY_UID;
	sqlite3_stmt *s = history_sql(h, all ? SQL_READ : SQL_READ_OF);

	if (!s)
		return NULL;
	sqlite3_bind_int64(s, 1, place->last);
	sqlite3_bind_int64(s, 2, place->id);
	sqlite3_bind_int64(s, 3, filter->since);
	sqlite3_bind_int64(s, 4, HISTORY_SCAN);
	if (!all)
		sqlite3_bind_int64(s, 5, filter->belongs);
	return s;
}

int history_read(struct history *h, const struct history_filter *filter,
		 struct history_place *place, unsigned int max, history_row_fn fn, void *ctx)
{
	unsigned int scanned = 0, given = 0;
	struct history_flow flow;
	sqlite3_stmt *s;
	bool enough = false;
	int code = SQLITE_DONE;

	if (!place->last && !place->id) {
		history_flush(h);
		place->last = filter->until ? filter->until : INT64_MAX;
		place->id = INT64_MAX;
	}
	if (!h->db)
		return -EIO;
	s = begin(h, filter, place);
	if (!s)
		return history_failed(h, sqlite3_errcode(h->db), "read");
	while (!enough && given < max && (code = sqlite3_step(s)) == SQLITE_ROW) {
		take_row(s, &flow);
		scanned++;
		place->last = flow.last;
		place->id = sqlite3_column_int64(s, 0);
		if (!passes(filter, &flow))
			continue;
		given++;
		enough = fn(ctx, place->id, &flow);
	}
	sqlite3_reset(s);
	if (enough || given == max)
		return 1;
	if (code != SQLITE_DONE)
		return history_failed(h, code, "read");
	return scanned == HISTORY_SCAN;
}

int history_uses(struct history *h, struct idmap *uses)
{
	sqlite3_stmt *s;
	int code, r = 0;

	history_flush(h);
	s = history_sql(h, SQL_USES);
	if (!s)
		return -EIO;
	while (!r && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_use *use = malloc(sizeof(*use));

		if (!use) {
			r = -ENOMEM;
			break;
		}
		use->hits = (uint64_t)sqlite3_column_int64(s, 1);
		use->last = sqlite3_column_int64(s, 2);
		r = idmap_put(uses, (uint64_t)sqlite3_column_int64(s, 0), use);
		if (r)
			free(use);
	}
	sqlite3_reset(s);
	return r;
}

void history_uses_free(struct idmap *uses)
{
	size_t i;

	for (i = 0; i < uses->size; i++)
		free(uses->slots[i].value);
	idmap_clear(uses);
}
