/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables and statements of the store. No other folder may include it.
 */
#ifndef SNITCH_HISTORY_SCHEMA_H
#define SNITCH_HISTORY_SCHEMA_H

#define HISTORY_SCHEMA		3
#define HISTORY_APPLICATION	0x736e6368	/* "snch" */

enum history_sql {
	SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK,
	SQL_PROGRAM, SQL_PROGRAM_ID, SQL_FLOW, SQL_BYTES, SQL_USE,
	SQL_READ, SQL_READ_OF, SQL_USES,
	SQL_COUNT, SQL_PAGES, SQL_OLD, SQL_OLDEST, SQL_OLDEST_OF, SQL_GREEDY,
	SQL_PROGRAMS, SQL_LAST_PROGRAM, SQL_OLD_USES,
	__SQL_MAX
};

/* From an empty file to the present one, in order. */
extern const char *const history_steps[HISTORY_SCHEMA];
extern const char *const history_texts[__SQL_MAX];

#endif
