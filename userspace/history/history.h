/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was decided, kept in SQLite: one row a day for each program, user, remote, verdict and
 * reason, with counts. Bounded by rows, bytes and age; the oldest go first, and no user can push
 * out more than half of what is kept. It must never make a decision wait: writes are gathered,
 * nothing is synced by the caller's thread, each call does a bounded amount of work, and where the
 * disk does not take a row the row is lost and counted.
 *
 * One store is used by one thread. Functions returning int return 0 or a negative errno.
 */
#ifndef SNITCH_HISTORY_HISTORY_H
#define SNITCH_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../util/idmap.h"

#define HISTORY_FILE		"history.db"
#define HISTORY_BATCH		256	/* rows gathered at most; then history_flush() is due */
#define HISTORY_PARENTS_TEXT	1024	/* bytes of struct history_flow's @parents that are kept */
#define HISTORY_SCAN		2048	/* rows that one history_read() looks at, at most */
#define HISTORY_ANY_UID		((uint32_t)-1)

/* history_flow.flags */
#define HISTORY_F_ODD	(1U << 0)	/* no allow rule could hold: deleted, disguised, shared... */
#define HISTORY_F_KERNEL (1U << 1)	/* @program is a name of the kernel's */
#define HISTORY_F_LOOPBACK (1U << 2)	/* leaves by a loopback device */

/* Bounds; 0: as it comes, HISTORY_* below. */
struct history_limits {
	uint64_t rows;
	uint64_t bytes;		/* of the file; HISTORY_SLACK and its log (a few MiB) come on top */
	uint64_t days;
};

#define HISTORY_ROWS		50000
#define HISTORY_ROWS_MAX	2000000
#define HISTORY_BYTES		(24ULL << 20)
#define HISTORY_BYTES_MIN	(1ULL << 20)
#define HISTORY_BYTES_MAX	(1ULL << 30)
#define HISTORY_SLACK		(4ULL << 20)	/* one batch of the longest names */
#define HISTORY_DAYS		30
#define HISTORY_DAYS_MAX	3660

/**
 * struct history_flow - one row, or what one decision adds to it
 * @program: path of the executable, or the kernel's name; any bytes but NUL
 * @script: what an interpreter runs, as claimed; "": nothing
 * @parents: paths, the nearest first, with newlines between; "": not known
 * @app: what the program belongs to, as app_print() of userspace/policy writes it; "": nothing
 * @name: verified name of the remote; "": none
 * @dev, @ino, @ctime: the executable's identity when it was last seen
 * @uid: effective uid; @belongs: who may see the row
 * @address: v4 in the first four bytes
 * @port: the remote's; of inbound ones the local port
 * @action: SNITCH_ALLOW, DENY or DROP
 * @origin: enum snitch_origin; @rule: id of the deciding rule, 0: none
 * @first, @last: seconds since 1970
 * @sent, @received: bytes, as far as known
 */
struct history_flow {
	const char *program, *script, *parents, *app, *name;
	uint64_t dev, ino;
	int64_t ctime;
	uint32_t uid, belongs;
	uint8_t family, proto;
	uint16_t port;
	uint8_t address[16];
	bool inbound;
	uint32_t action, origin;
	uint64_t rule;
	uint32_t flags;
	int64_t first, last;
	uint64_t count;
	uint64_t sent, received;
};

struct history;

/**
 * history_open() - the store in a folder
 * @folder: where; must exist
 * @limits: bounds
 * @out: for history_close()
 *
 * A file that is broken, somebody else's, or of a later version is moved aside
 * (history.db.broken-1...; the last of five is replaced) and a new one is begun; that is told in
 * the log, once. Return: 0, or what the disk says.
 */
int history_open(const char *folder, const struct history_limits *limits, struct history **out);

/* Writes what is gathered and closes. NULL is fine. */
void history_close(struct history *h);

/*
 * A decision. @flow->first is not looked at, count 0 counts as 1. Return: true when history_flush()
 * is due now; else it is due within seconds.
 */
bool history_add(struct history *h, const struct history_flow *flow);

/*
 * Bytes of a flow that was allowed on @flow->last or the day before: added to its newest row; lost
 * without one. Of @flow only what names the row counts: program, uid, remote. Return: as above.
 */
bool history_bytes(struct history *h, const struct history_flow *flow);

/* True when something is gathered. */
bool history_dirty(const struct history *h);

/*
 * Writes what is gathered, in one transaction, and takes away a bounded number of rows that are
 * too old or too many. Return: 0, or why it could not be written: it is lost then, and told once.
 */
int history_flush(struct history *h);

/* Rows lost since the store was opened. */
uint64_t history_lost(const struct history *h);

/**
 * struct history_filter - which rows
 * @since, @until: seconds since 1970, of @last; 0: any
 * @program: its path or the last part of it; NULL: any
 * @uid: or HISTORY_ANY_UID
 * @belongs: only rows this user may see; HISTORY_ANY_UID: all
 * @actions: bits 1 << SNITCH_ALLOW...; 0: any
 */
struct history_filter {
	int64_t since, until;
	const char *program;
	uint32_t uid, belongs;
	uint32_t actions;
};

/* Where reading goes on; all zero: at the newest row. */
struct history_place {
	int64_t last;
	int64_t id;
};

/* Return: 0, or 1: no more after this row. @flow's strings die with the call. */
typedef int (*history_row_fn)(void *ctx, int64_t id, const struct history_flow *flow);

/**
 * history_read() - some rows, the newest first
 * @place: where to begin; gets where to go on
 * @max: rows handed to @fn, at most
 *
 * What is gathered is written first when it begins at the newest. A row that is used again between
 * two calls becomes the newest one, and is not told by the later call.
 *
 * Return: 1: there may be more, 0: that was all, or a negative errno.
 */
int history_read(struct history *h, const struct history_filter *filter,
		 struct history_place *place, unsigned int max, history_row_fn fn, void *ctx);

/* What is known of a rule's use. */
struct history_use {
	uint64_t hits;
	int64_t last;		/* seconds since 1970 */
};

/* All rules that were ever used: id to struct history_use, both for history_uses_free(). */
int history_uses(struct history *h, struct idmap *uses);
void history_uses_free(struct idmap *uses);

#endif
