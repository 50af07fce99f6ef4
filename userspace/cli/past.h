/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's history, for log, review and rules test. It must never hold more of it than its
 * user asks for.
 */
#ifndef SNITCH_CLI_PAST_H
#define SNITCH_CLI_PAST_H

#include "../history/history.h"
#include "cli.h"

#define PAST_SINCE_HELP	"a span of time (2h, 7d), a date (2026-11-20) or a time (2026-11-20 08:00)"

/**
 * struct past_filter - which rows; PAST_ALL: every one
 * @since: seconds since 1970
 * @max: rows at most; 0: no bound
 * @judge: each row gets "today" and "today_rule": what the rules of now would do, by snitchd
 * @rules: and "tested", "tested_rule": with these besides, a line each; "": none
 * @scope: whose those are: "user" or "system"
 */
struct past_filter {
	int64_t since;
	const char *program, *verdict;
	uint32_t uid;
	uint64_t max;
	bool judge;
	const char *rules, *scope;
};

#define PAST_ALL	((struct past_filter){ .program = "", .verdict = "", .uid = HISTORY_ANY_UID, \
					       .rules = "", .scope = "system" })

/** past_when - "7d" (that long ago), "2026-11-20", "2026-11-20 08:00"; 0 or -EINVAL */
int past_when(const char *text, int64_t now, int64_t *when);

/**
 * past_option - an option that narrows the history
 * @option: --since, --program, --verdict, --user
 * @value: NULL: it is missing
 *
 * Return: CLI_OK: taken; -1: none of ours; else an exit code, with a message printed.
 */
int past_option(struct past_filter *filter, const char *option, const char *value);

/**
 * past_read - row after row, the newest first
 * @fn: gets each, borrowed; returns true to end
 *
 * Errors are printed. Return: enum cli_exit.
 */
int past_read(struct cli *cli, const struct past_filter *filter,
	      bool (*fn)(void *ctx, json_t *row), void *ctx);

/**
 * struct past_flow - a row as the history has it
 * @flow: its strings are those below
 */
struct past_flow {
	struct history_flow flow;
	char *program, *script, *parents, *app, *name;
};

/** past_flow - take a row's escapes out; 0, -EINVAL (not of this version) or -ENOMEM */
int past_flow(const json_t *row, struct past_flow *out);
void past_flow_clear(struct past_flow *flow);

/**
 * past_who - who it was, by the keys of a question: for who_app() and who_script()
 *
 * "container" is "" where its id is not known. Return: a new object; NULL without memory.
 */
json_t *past_who(const json_t *row);

/** past_remote - "www.example.org (192.0.2.1:443) tcp" */
void past_remote(const json_t *row, char *buf, size_t size);

/** past_time - "11-20 08:00", in local time; with the year where that is another one than @now's */
void past_time(int64_t when, int64_t now, char *buf, size_t size);

#endif
