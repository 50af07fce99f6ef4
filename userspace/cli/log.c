// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch log`: what was decided, the newest last, and as it goes on. It must never ask for more
 * than it prints.
 */
#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../ask/who.h"
#include "../ask/words.h"
#include "../util/cleanup.h"
#include "past.h"

#define ROWS_USUAL	200
#define FOLLOW_SECONDS	2
#define FOLLOW_ROWS	1000	/* at a time; older ones of a greater burst are left out */
#define PROGRAM_COLUMNS	24
#define REMOTE_AT	58	/* columns before the remote */
#define REST_INDENT	12

struct log {
	struct cli *cli;
	struct past_filter filter;
	bool follow;
	json_t *rows;		/* the newest first */
	int64_t now;
	json_t *shown;		/* "row" -> count, of those whose time is @filter.since */
};

static bool keep(void *ctx, json_t *row)
{
	struct log *l = ctx;

	json_array_append(l->rows, row);
	return false;
}

/* By what it was decided, what went, and what is known of the process; for free(). */
static char *rest_of(const json_t *row)
{
	json_t *who = past_who(row);
	_cleanup_free_ char *app = who_app(who), *script = who_script(who);
	const char *parent = json_string_value(json_array_get(json_object_get(row, "parents"), 0));
	const char *rule = value_str(row, "rule", NULL);
	long long sent = value_int(row, "sent", 0), received = value_int(row, "received", 0);
	size_t size = 0;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);

	json_decref(who);
	if (!f)
		return NULL;
	fprintf(f, "by %s%s%s", value_str(row, "by", "?"), rule ? " " : "", rule ? rule : "");
	if (sent || received)
		fprintf(f, ", %lld bytes sent, %lld received", sent, received);
	if (app && *app)
		fprintf(f, ", part of %s", app);
	if (script && *script)
		fprintf(f, ", script %s", script);
	if (parent)
		fprintf(f, ", started by %s", words_base_name(parent));
	fclose(f);
	return out;
}

/* @text in just so many columns, cut where it has more, and a blank. */
static void put_cell(const char *text, unsigned int columns)
{
	_cleanup_free_ char *fit = NULL;
	unsigned int used;

	if (out_columns())
		fit = words_fit(text, columns, true, !strcmp(nl_langinfo(CODESET), "UTF-8"));
	used = words_columns(fit ? fit : text);
	out_printf("%s%*s ", fit ? fit : text, used < columns ? (int)(columns - used) : 0, "");
}

/* On a terminal a row is two lines, so that the first ones stand below each other. */
static void print_row(const struct log *l, const json_t *row)
{
	bool allow = !strcmp(value_str(row, "verdict", ""), "allow");
	unsigned int columns = out_columns();
	_cleanup_free_ char *rest = rest_of(row);
	char when[24], remote[400], verdict[16];

	past_time(value_int(row, "last", 0), l->now, when, sizeof(when));
	past_remote(row, remote, sizeof(remote));
	snprintf(verdict, sizeof(verdict), "%-5s", value_str(row, "verdict", "?"));
	out_printf("%-11s ", when);
	out_colour(l->cli, allow ? 32 : 31, verdict);
	out_printf(" %5lld %-8s ", (long long)value_int(row, "count", 0),
		   value_str(row, "user", "?"));
	put_cell(value_str(row, "program", "?"), PROGRAM_COLUMNS);
	if (columns > REMOTE_AT + 20) {
		put_cell(remote, columns - REMOTE_AT - 2);
		out_printf("\n%*s", REST_INDENT, "");
		if (words_columns(remote) > columns - REMOTE_AT - 2) {
			out_wrapped(REST_INDENT, remote);
			out_printf("%*s", REST_INDENT, "");
		}
		out_wrapped(REST_INDENT, rest ? rest : "");
	} else {
		out_printf("%s %s\n", remote, rest ? rest : "");
	}
}

static void print_head(void)
{
	out_printf("%-11s %-5s %5s %-8s %-*s %s\n", "LAST", "WHAT", "TIMES", "USER",
		   PROGRAM_COLUMNS, "PROGRAM", "TO");
}

static void put(const struct log *l, json_t *row)
{
	if (l->cli->json)
		out_ndjson(json_pack("{s:s,s:O}", "type", "flow", "flow", row));
	else
		print_row(l, row);
}

/* Of a row told before only a new count is news. */
static bool is_news(struct log *l, const json_t *row)
{
	json_int_t count = value_int(row, "count", 0);
	char key[24];

	snprintf(key, sizeof(key), "%lld", (long long)value_int(row, "row", 0));
	if (json_integer_value(json_object_get(l->shown, key)) == count)
		return false;
	json_object_set_new(l->shown, key, json_integer(count));
	return true;
}

static void put_news(struct log *l)
{
	size_t i = json_array_size(l->rows);

	while (i--) {
		json_t *row = json_array_get(l->rows, i);
		int64_t last = value_int(row, "last", 0);

		if (last > l->filter.since) {
			json_object_clear(l->shown);
			l->filter.since = last;
		}
		if (is_news(l, row))
			put(l, row);
	}
	json_array_clear(l->rows);
	fflush(stdout);
}

/* A clock of ours: the daemon has none that ticks for this. */
static int follow(struct log *l)
{
	const struct timespec pause = { .tv_sec = FOLLOW_SECONDS };
	sigset_t set;
	int code;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->shown = json_object();
	l->filter.max = FOLLOW_ROWS;
	for (;;) {
		put_news(l);
		if (sigtimedwait(&set, NULL, &pause) > 0)
			return CLI_OK;
		l->now = time(NULL);
		code = past_read(l->cli, &l->filter, keep, l);
		if (code)
			return code;
	}
}

static int take_options(struct log *l, int argc, char **argv)
{
	char *end;
	int code;

	for (; argc; argc--, argv++) {
		if (!strcmp(argv[0], "--follow") || !strcmp(argv[0], "-f")) {
			l->follow = true;
			continue;
		}
		if (!strcmp(argv[0], "-n")) {
			errno = 0;
			l->filter.max = argc > 1 ? strtoull(argv[1], &end, 10) : 0;
			if (argc < 2 || *argv[1] < '0' || *argv[1] > '9' || *end || errno)
				return out_usage("-n wants a number of lines; 0: all there are");
		} else {
			code = past_option(&l->filter, argv[0], argc > 1 ? argv[1] : NULL);
			if (code < 0)
				return out_usage("log takes --since, --program, --verdict, --user, "
						 "-n and --follow, not '%s'", argv[0]);
			if (code)
				return code;
		}
		argc--;
		argv++;
	}
	return CLI_OK;
}

static int print_all(struct log *l)
{
	size_t i = json_array_size(l->rows);

	if (l->cli->json)
		return out_json(json_pack("{s:i,s:O}", "schema", 1, "flows", l->rows));
	if (i)
		print_head();
	else
		out_error("nothing of that is in the history");
	while (i--)
		print_row(l, json_array_get(l->rows, i));
	return CLI_OK;
}

int cmd_log(struct cli *cli, int argc, char **argv)
{
	struct log l = { .cli = cli, .filter = PAST_ALL, .now = time(NULL) };
	int code;

	l.filter.max = ROWS_USUAL;
	code = take_options(&l, argc, argv);
	if (code)
		return code;
	l.rows = json_array();
	code = past_read(cli, &l.filter, keep, &l);
	if (!code && l.follow && cli->json)
		code = out_hello("history");
	else if (!code && l.follow)
		print_head();
	if (!code)
		code = l.follow ? follow(&l) : print_all(&l);
	json_decref(l.rows);
	json_decref(l.shown);
	return code;
}
