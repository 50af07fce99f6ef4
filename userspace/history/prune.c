// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeping the store small: by age, rows and bytes, a bounded number of rows at a time. It must
 * never let one user's rows push out all others'.
 */
#include <stdint.h>

#include "private.h"

#define PRUNE_ROWS	512	/* at once: twice what one write adds */
#define PRUNE_PROGRAMS	1024
#define USES_FACTOR	12	/* a rule's use is remembered longer: it is one row */

static int delete(struct history *h, enum history_sql which, int64_t a, int64_t b)
{
	sqlite3_stmt *s = history_sql(h, which);

	if (!s)
		return sqlite3_errcode(h->db);
	sqlite3_bind_int64(s, 1, a);
	if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_int64(s, 2, b);
	return history_run(s);
}

/* Of a user with more than half of all; else of everybody. */
static int make_room(struct history *h, int64_t rows)
{
	sqlite3_stmt *s = history_sql(h, SQL_GREEDY);
	int64_t belongs;
	int code;

	if (!s)
		return sqlite3_errcode(h->db);
	sqlite3_bind_int64(s, 1, (int64_t)h->limits.rows / 2);
	code = history_number(h, s, &belongs);
	if (code == SQLITE_EMPTY)
		return delete(h, SQL_OLDEST, rows, 0);
	return code ? code : delete(h, SQL_OLDEST_OF, rows, belongs);
}

/* Programs that no row speaks of any more: some of them, going round. */
static int drop_programs(struct history *h)
{
	int64_t last, from = h->sweep;
	int code;

	code = history_number(h, history_sql(h, SQL_LAST_PROGRAM), &last);
	if (code)
		return code;
	h->sweep = from + PRUNE_PROGRAMS < last ? from + PRUNE_PROGRAMS : 0;
	return delete(h, SQL_PROGRAMS, from, from + PRUNE_PROGRAMS);
}

/* How many rows there are too many, by number or by size. */
static int count_excess(struct history *h, int64_t *excess)
{
	int64_t rows, pages, most = (int64_t)h->limits.bytes / 4096;
	int code;

	code = history_number(h, history_sql(h, SQL_COUNT), &rows);
	if (!code)
		code = history_number(h, history_sql(h, SQL_PAGES), &pages);
	if (code)
		return code;
	*excess = rows - (int64_t)h->limits.rows;
	if (pages > most && rows * (pages - most) / pages > *excess)
		*excess = rows * (pages - most) / pages;
	if (*excess > PRUNE_ROWS)
		*excess = PRUNE_ROWS;
	return SQLITE_OK;
}

int history_prune(struct history *h, int64_t now)
{
	int64_t oldest = now - (int64_t)h->limits.days * SECONDS_PER_DAY, excess;
	int code;

	code = delete(h, SQL_OLD, oldest, PRUNE_ROWS);
	if (!code)
		code = delete(h, SQL_OLD_USES, now - (now - oldest) * USES_FACTOR, 0);
	if (!code)
		code = count_excess(h, &excess);
	if (!code && excess > 0)
		code = make_room(h, excess);
	return code ? code : drop_programs(h);
}

int history_prune_hard(struct history *h)
{
	int code = make_room(h, PRUNE_ROWS);

	return code ? code : drop_programs(h);
}
