/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the history store share. No other file may include it.
 */
#ifndef SNITCH_HISTORY_PRIVATE_H
#define SNITCH_HISTORY_PRIVATE_H

#include <pthread.h>
#include <sqlite3.h>

#include "history.h"
#include "schema.h"

#define HISTORY_SLOTS		(2 * HISTORY_BATCH)	/* a power of two */
#define HISTORY_CACHE_KIB	256
#define HISTORY_LOG_PAGES	512	/* of the write-ahead log; then it is copied back */
#define SECONDS_PER_DAY		86400

/**
 * struct history_entry - something gathered; its strings are owned
 * @only_bytes: bytes for a row that is there, no decision
 */
struct history_entry {
	struct history_flow flow;
	bool only_bytes;
	uint64_t hash;
};

/**
 * struct history - see history.h
 * @sql: prepared when first needed
 * @slots: indices of @entries plus 1, by hash; 0: free
 * @told: the last write failed, and that was said
 * @sweep: id of the program looked at last for whether any row uses it
 * @sweeper, @sweeping, @swept: the thread that copies the log back
 */
struct history {
	char *path;
	struct history_limits limits;
	sqlite3 *db;
	sqlite3_stmt *sql[__SQL_MAX];
	struct history_entry *entries;
	unsigned int n;
	uint16_t slots[HISTORY_SLOTS];
	uint64_t lost;
	bool told;
	int64_t sweep;
	int log_pages;
	pthread_t sweeper;
	bool sweeping;
	bool swept;
};

/* ---- store.c ---- */

/* The statement, reset and without values, or NULL. */
sqlite3_stmt *history_sql(struct history *h, enum history_sql which);
/* Runs a statement that gives no row. Return: SQLITE_OK or its code. */
int history_run(sqlite3_stmt *s);
/* The first number of the first row a statement gives. SQLITE_EMPTY: there is none. */
int history_number(struct history *h, sqlite3_stmt *s, int64_t *number);
/* Opens @h->path as it is, or makes it. Return: SQLite's code. */
int history_connect(struct history *h);
void history_disconnect(struct history *h);
/* A code of SQLite's as an errno. */
int history_errno(int code);
/* Does this code say that the file is no good? */
bool history_is_broken(int code);
/* Moves the file aside and begins a new one. Return: SQLite's code. */
int history_renew(struct history *h, const char *why);

/* ---- write.c ---- */

/* Takes all back, says it (once), and begins anew where the file is broken. Return: an errno. */
int history_failed(struct history *h, int code, const char *what);

/* ---- gather.c ---- */

void history_forget(struct history *h);

/* ---- prune.c: in a transaction; return SQLite's codes ---- */

int history_prune(struct history *h, int64_t now);
/* The file is full by our own bound: makes room. */
int history_prune_hard(struct history *h);

/* ---- sweep.c ---- */

/* Copies the log back in a thread of its own when it has grown. */
void history_sweep(struct history *h);
/* Waits for that thread. */
void history_sweep_end(struct history *h);

#endif
