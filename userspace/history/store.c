// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file: opening, its version, and what happens to one that is no good. It must never overwrite
 * a file it does not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "private.h"

#define PAGE_SIZE	4096
#define BROKEN_MAX	5	/* files kept aside */

int history_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_MISMATCH:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

/* A constraint or a table that is not there: somebody else has been at it. */
bool history_is_broken(int code)
{
	code &= 0xff;
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_MISMATCH ||
	       code == SQLITE_CONSTRAINT || code == SQLITE_SCHEMA || code == SQLITE_ERROR;
}

sqlite3_stmt *history_sql(struct history *h, enum history_sql which)
{
	sqlite3_stmt **s = &h->sql[which];

	if (!h->db)
		return NULL;
	if (!*s)
		sqlite3_prepare_v3(h->db, history_texts[which], -1, SQLITE_PREPARE_PERSISTENT, s,
				   NULL);
	if (*s) {
		sqlite3_reset(*s);
		sqlite3_clear_bindings(*s);
	}
	return *s;
}

int history_run(sqlite3_stmt *s)
{
	int code;

	if (!s)
		return SQLITE_ERROR;
	code = sqlite3_step(s);
	sqlite3_reset(s);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

int history_number(struct history *h, sqlite3_stmt *s, int64_t *number)
{
	int code;

	if (!s)
		return sqlite3_errcode(h->db);
	code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return code == SQLITE_ROW ? SQLITE_OK : code == SQLITE_DONE ? SQLITE_EMPTY : code;
}

static int exec(struct history *h, const char *sql)
{
	return sqlite3_exec(h->db, sql, NULL, NULL, NULL);
}

static int pragma(struct history *h, const char *text, int64_t *number)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(h->db, text, -1, &s, NULL);

	if (!code)
		code = history_number(h, s, number);
	sqlite3_finalize(s);
	return code;
}

static int check_whole(struct history *h)
{
	sqlite3_stmt *s = NULL;
	const char *said;
	int code = sqlite3_prepare_v2(h->db, "PRAGMA quick_check(1)", -1, &s, NULL);

	if (!code)
		code = sqlite3_step(s);
	said = code == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
	if (code == SQLITE_ROW)
		code = said && !strcmp(said, "ok") ? SQLITE_OK : SQLITE_CORRUPT;
	sqlite3_finalize(s);
	return code;
}

static int bound_pages(struct history *h)
{
	char text[64];

	snprintf(text, sizeof(text), "PRAGMA max_page_count = %llu",
		 (unsigned long long)((h->limits.bytes + HISTORY_SLACK) / PAGE_SIZE));
	return exec(h, text);
}

/* An empty file becomes ours; one of an earlier version is brought up; others are not touched. */
static int migrate(struct history *h)
{
	int64_t application = 0, version = 0, tables = 0;
	char text[64];
	int code;

	code = pragma(h, "PRAGMA application_id", &application);
	if (!code)
		code = pragma(h, "PRAGMA user_version", &version);
	if (!code)
		code = pragma(h, "SELECT count(*) FROM sqlite_schema", &tables);
	if (code)
		return code;
	if (!application && !version && !tables)
		application = HISTORY_APPLICATION;
	else if (application != HISTORY_APPLICATION || version < 1)
		return SQLITE_NOTADB;
	if (version > HISTORY_SCHEMA)
		return SQLITE_MISMATCH;
	if (version == HISTORY_SCHEMA)
		return SQLITE_OK;
	/* a step may need a table twice for a while: the bound holds again after it */
	code = exec(h, "PRAGMA max_page_count = 4294967294; BEGIN IMMEDIATE");
	for (; !code && version < HISTORY_SCHEMA; version++)
		code = exec(h, history_steps[version]);
	snprintf(text, sizeof(text), "PRAGMA application_id = %lld", (long long)application);
	if (!code)
		code = exec(h, text);
	snprintf(text, sizeof(text), "PRAGMA user_version = %d", HISTORY_SCHEMA);
	if (!code)
		code = exec(h, text);
	if (!code)
		code = exec(h, "COMMIT");
	if (code)
		exec(h, "ROLLBACK");
	bound_pages(h);
	return code;
}

static int configure(struct history *h)
{
	char text[512];
	int code;

	sqlite3_extended_result_codes(h->db, 1);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_wal_autocheckpoint(h->db, 0);	/* sweep.c does it */
	snprintf(text, sizeof(text),
		 "PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		 "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
		 "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = %d", PAGE_SIZE,
		 HISTORY_CACHE_KIB, HISTORY_LOG_PAGES * PAGE_SIZE);
	code = exec(h, text);
	return code ? code : bound_pages(h);
}

/* Not readable by others from the beginning, whatever the umask; never through a link. */
static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
	int code = SQLITE_OK;
	struct stat st;

	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL :
		       errno == ELOOP || errno == EISDIR ? SQLITE_NOTADB : SQLITE_CANTOPEN;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		code = SQLITE_NOTADB;
	else if ((st.st_mode & 07777) != 0640)
		fchmod(fd, 0640);
	close(fd);
	return code;
}

/* A log that is still there: the last owner did not get to close the file. */
static bool was_cut_off(const struct history *h)
{
	_cleanup_free_ char *log = snitch_format("%s-wal", h->path);
	struct stat st;

	return log && !stat(log, &st) && st.st_size;
}

static int on_wal(void *ctx, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	((struct history *)ctx)->log_pages = pages;
	return SQLITE_OK;
}

int history_connect(struct history *h)
{
	bool cut_off = was_cut_off(h);
	int code = make_file(h->path);

	if (!code)
		code = sqlite3_open_v2(h->path, &h->db, SQLITE_OPEN_READWRITE |
				       SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (!code)
		code = configure(h);
	if (!code && cut_off)
		code = check_whole(h);
	if (!code)
		code = migrate(h);
	if (code) {
		history_disconnect(h);
		return code;
	}
	sqlite3_wal_hook(h->db, on_wal, h);
	return SQLITE_OK;
}

void history_disconnect(struct history *h)
{
	int i;

	history_sweep_end(h);
	for (i = 0; i < __SQL_MAX; i++) {
		sqlite3_finalize(h->sql[i]);
		h->sql[i] = NULL;
	}
	sqlite3_close(h->db);
	h->db = NULL;
	h->log_pages = 0;
}

static void move_aside(const char *path, const char *end, int number)
{
	_cleanup_free_ char *from = snitch_format("%s%s", path, end);
	_cleanup_free_ char *to = snitch_format("%s.broken-%d%s", path, number, end);

	if (from && to && rename(from, to) && errno != ENOENT)
		log_msg(LOG_ERR, "cannot move %s aside: %m", from);
}

static int free_number(const char *path)
{
	struct stat st;
	int number;

	for (number = 1; number < BROKEN_MAX; number++) {
		_cleanup_free_ char *to = snitch_format("%s.broken-%d", path, number);

		if (!to || (lstat(to, &st) && errno == ENOENT))
			break;
	}
	return number;
}

int history_renew(struct history *h, const char *why)
{
	int number = free_number(h->path);
	int code;

	history_disconnect(h);
	/* "-shm" is only about the process that had it open */
	move_aside(h->path, "-wal", number);
	move_aside(h->path, "", number);
	code = history_connect(h);
	log_msg(LOG_ERR, "%s is no good (%s): it is %s.broken-%d now, and %s", h->path, why, h->path,
		number, code ? "a new one could not be made" : "a new one is begun");
	return code;
}

static uint64_t bound(uint64_t value, uint64_t usual, uint64_t min, uint64_t max)
{
	if (!value)
		return usual;
	return value < min ? min : value > max ? max : value;
}

static int open_store(struct history *h)
{
	int code = history_connect(h);

	if (code && history_is_broken(code))
		code = history_renew(h, sqlite3_errstr(code));
	return history_errno(code);
}

int history_open(const char *folder, const struct history_limits *limits, struct history **out)
{
	struct history *h = calloc(1, sizeof(*h));
	int r = -ENOMEM;

	if (!h)
		return -ENOMEM;
	h->limits = (struct history_limits){
		.rows = bound(limits->rows, HISTORY_ROWS, 1, HISTORY_ROWS_MAX),
		.bytes = bound(limits->bytes, HISTORY_BYTES, HISTORY_BYTES_MIN, HISTORY_BYTES_MAX),
		.days = bound(limits->days, HISTORY_DAYS, 1, HISTORY_DAYS_MAX),
	};
	h->path = snitch_format("%s/" HISTORY_FILE, folder);
	h->entries = calloc(HISTORY_BATCH, sizeof(*h->entries));
	if (h->path && h->entries)
		r = open_store(h);
	if (r) {
		history_close(h);
		return r;
	}
	*out = h;
	return 0;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	if (h->entries) {
		history_flush(h);
		history_forget(h);
	}
	history_disconnect(h);
	free(h->entries);
	free(h->path);
	free(h);
}
