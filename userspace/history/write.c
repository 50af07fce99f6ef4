// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One transaction for all that is gathered. It must never leave half of it, nor try for ever.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../util/log.h"
#include "private.h"

static int bind_text(sqlite3_stmt *s, int at, const char *text)
{
	return sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* The id of a program; @make: it is put in where it is not known. SQLITE_EMPTY: it is not. */
static int find_program(struct history *h, const struct history_flow *f, bool make, int64_t *id)
{
	sqlite3_stmt *s = history_sql(h, make ? SQL_PROGRAM : SQL_PROGRAM_ID);

	if (!s)
		return sqlite3_errcode(h->db);
	bind_text(s, 1, f->program);
	bind_text(s, 2, f->script);
	bind_text(s, 3, f->parents);
	bind_text(s, 4, f->app);
	sqlite3_bind_int64(s, 5, f->flags);
	if (make) {
		sqlite3_bind_int64(s, 6, (int64_t)f->dev);
		sqlite3_bind_int64(s, 7, (int64_t)f->ino);
		sqlite3_bind_int64(s, 8, f->ctime);
	}
	return history_number(h, s, id);
}

/* Parameters 1 to 7: program, user and remote. */
static void bind_whom(sqlite3_stmt *s, int64_t program, const struct history_flow *f)
{
	sqlite3_bind_int64(s, 1, program);
	sqlite3_bind_int64(s, 2, f->uid);
	sqlite3_bind_int64(s, 3, f->port);
	sqlite3_bind_blob(s, 4, f->address, sizeof(f->address), SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, f->proto);
	sqlite3_bind_int64(s, 6, f->family);
	sqlite3_bind_int64(s, 7, f->inbound);
}

static int write_bytes(struct history *h, const struct history_flow *f)
{
	sqlite3_stmt *s;
	int64_t program;
	int code;

	code = find_program(h, f, false, &program);
	if (code)
		return code == SQLITE_EMPTY ? SQLITE_OK : code;
	s = history_sql(h, SQL_BYTES);
	if (!s)
		return sqlite3_errcode(h->db);
	bind_whom(s, program, f);
	sqlite3_bind_int64(s, 8, f->last / SECONDS_PER_DAY - 1);
	sqlite3_bind_int64(s, 9, (int64_t)f->sent);
	sqlite3_bind_int64(s, 10, (int64_t)f->received);
	return history_run(s);
}

static int write_use(struct history *h, const struct history_flow *f)
{
	sqlite3_stmt *s;

	if (!f->rule)
		return SQLITE_OK;
	s = history_sql(h, SQL_USE);
	if (!s)
		return sqlite3_errcode(h->db);
	sqlite3_bind_int64(s, 1, (int64_t)f->rule);
	sqlite3_bind_int64(s, 2, (int64_t)f->count);
	sqlite3_bind_int64(s, 3, f->last);
	return history_run(s);
}

static int write_flow(struct history *h, const struct history_flow *f)
{
	sqlite3_stmt *s;
	int64_t program;
	int code;

	code = find_program(h, f, true, &program);
	if (code)
		return code;
	s = history_sql(h, SQL_FLOW);
	if (!s)
		return sqlite3_errcode(h->db);
	bind_whom(s, program, f);
	sqlite3_bind_int64(s, 8, f->last / SECONDS_PER_DAY);
	sqlite3_bind_int64(s, 9, f->action);
	sqlite3_bind_int64(s, 10, f->origin);
	sqlite3_bind_int64(s, 11, (int64_t)f->rule);
	sqlite3_bind_int64(s, 12, f->belongs);
	bind_text(s, 13, f->name);
	sqlite3_bind_int64(s, 14, f->first);
	sqlite3_bind_int64(s, 15, f->last);
	sqlite3_bind_int64(s, 16, (int64_t)f->count);
	sqlite3_bind_int64(s, 17, (int64_t)f->sent);
	sqlite3_bind_int64(s, 18, (int64_t)f->received);
	code = history_run(s);
	return code ? code : write_use(h, f);
}

/* Decisions first: bytes may be of a flow that was decided in the same batch. */
static int write_all(struct history *h)
{
	unsigned int i;
	int code = SQLITE_OK;

	for (i = 0; !code && i < h->n; i++) {
		if (!h->entries[i].only_bytes)
			code = write_flow(h, &h->entries[i].flow);
	}
	for (i = 0; !code && i < h->n; i++) {
		if (h->entries[i].only_bytes)
			code = write_bytes(h, &h->entries[i].flow);
	}
	return code;
}

static int run(struct history *h, enum history_sql which)
{
	sqlite3_stmt *s = history_sql(h, which);

	return s ? history_run(s) : sqlite3_errcode(h->db);
}

static int transaction(struct history *h, int (*work)(struct history *h))
{
	int code = run(h, SQL_BEGIN);

	if (code)
		return code;
	code = work(h);
	if (!code)
		code = run(h, SQL_COMMIT);
	if (code && !sqlite3_get_autocommit(h->db))
		run(h, SQL_ROLLBACK);
	return code;
}

static int write_and_prune(struct history *h)
{
	int code = write_all(h);

	return code ? code : history_prune(h, time(NULL));
}

int history_failed(struct history *h, int code, const char *what)
{
	if (history_is_broken(code)) {
		history_renew(h, sqlite3_errstr(code));
	} else if (!h->told) {
		log_msg(LOG_ERR, "%s cannot be %s (%s): what is decided is not kept until it can",
			h->path, what, sqlite3_errstr(code));
		h->told = true;
	}
	return history_errno(code);
}

int history_flush(struct history *h)
{
	int code;

	if (!h->n)
		return 0;
	if (!h->db)	/* a broken file could not be replaced: is there room by now? */
		code = history_connect(h);
	else
		code = SQLITE_OK;
	if (!code)
		code = transaction(h, write_and_prune);
	if ((code & 0xff) == SQLITE_FULL && h->db && !transaction(h, history_prune_hard))
		code = transaction(h, write_and_prune);
	/* somebody looks into the file with another program: they will be done soon */
	if ((code & 0xff) == SQLITE_BUSY && h->n < HISTORY_BATCH)
		return -EBUSY;
	if (code)
		h->lost += h->n;
	history_forget(h);
	if (code)
		return history_failed(h, code, "written");
	if (h->told)
		log_msg(LOG_NOTICE, "%s is written again", h->path);
	h->told = false;
	history_sweep(h);
	return 0;
}
