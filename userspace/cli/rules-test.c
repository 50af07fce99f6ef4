// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch rules test`: what a rule would have changed about the flows of the past. It must never
 * write one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "past.h"
#include "rules-test.h"

#define SINCE_USUAL	(7 * 86400)
#define CHANGES_MAX	1000	/* lines; the sums count all */

/**
 * struct test - one run
 * @rules: lines, being written; @n_rules
 * @changes: key -> object, in order of appearance
 * @flows, @changed: decisions
 * @skipped: rows that cannot be judged again
 */
struct test {
	struct cli *cli;
	struct past_filter filter;
	const char *file;
	FILE *rules;
	size_t n_rules;
	json_t *changes;
	uint64_t flows, changed, skipped;
	int code;
};

/* One line for alike rows of many days. */
static void note(struct test *t, const json_t *row, const struct past_flow *p, const char *before,
		 const char *after)
{
	const char *rule = value_str(row, "tested_rule", NULL);
	_cleanup_free_ char *key = NULL;
	char remote[400];
	json_t *line;

	past_remote(row, remote, sizeof(remote));
	key = snitch_format("%s|%u|%s|%s|%s|%s", value_str(row, "program", "?"), p->flow.uid,
			    remote, before, after, rule ? rule : "");
	line = key ? json_object_get(t->changes, key) : NULL;
	if (line) {
		json_object_set_new(line, "count", json_integer(value_int(line, "count", 0) +
				    (json_int_t)p->flow.count));
		return;
	}
	if (!key || json_object_size(t->changes) >= CHANGES_MAX)
		return;
	line = json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:I}", "program", value_str(row, "program", "?"),
			 "user", value_str(row, "user", "?"), "remote", remote, "count",
			 (json_int_t)p->flow.count, "before", before, "after", after,
			 "last", (json_int_t)p->flow.last);
	if (rule)
		json_object_set_new(line, "rule", json_string(rule));
	json_object_set_new(t->changes, key, line);
}

static bool take_row(void *ctx, json_t *row)
{
	const char *before = value_str(row, "today", NULL), *after = value_str(row, "tested", NULL);
	struct test *t = ctx;
	struct past_flow p;

	if (!before || !after || past_flow(row, &p)) {
		t->skipped++;
		return false;
	}
	t->flows += p.flow.count;
	if (strcmp(before, after)) {
		t->changed += p.flow.count;
		note(t, row, &p, before, after);
	}
	past_flow_clear(&p);
	return false;
}

/* ---- the rules ------------------------------------------------------------------------------- */

/* Read here, too: snitchd knows no files and lines. */
static int add_text(struct test *t, const char *text, const char *file, unsigned int line)
{
	struct rule_error err = { 0 };
	struct rule *rule = NULL;
	char said[1024];
	int len = strcspn(text, "\n");

	if (rule_parse(text, file, line, &rule, &err)) {
		out_error("%s", rule_error_print(&err, said, sizeof(said)));
		return CLI_INVALID;
	}
	if (rule && fprintf(t->rules, "%.*s\n", len, text) < 0)
		return CLI_FAILED;
	t->n_rules += rule != NULL;
	rule_free(rule);
	return CLI_OK;
}

static int add_file(struct test *t)
{
	bool input = !strcmp(t->file, "-");
	_cleanup_fclose_ FILE *own = input ? NULL : fopen(t->file, "re");
	FILE *f = input ? stdin : own;
	_cleanup_free_ char *line = NULL;
	unsigned int number = 0;
	size_t size = 0;
	int code = CLI_OK;

	if (!f) {
		out_error("%s: %s", t->file, strerror(errno));
		return errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED;
	}
	while (!code && getline(&line, &size, f) >= 0)
		code = add_text(t, line, t->file, ++number);
	return code;
}

/* Several rules, each quoted, or one in many words. */
static int add_arguments(struct test *t, int argc, char **argv)
{
	_cleanup_free_ char *text = NULL;
	int i, code = CLI_OK;

	for (i = 0; i < argc && strpbrk(argv[i], " \t"); i++)
		;
	if (argc && i == argc) {
		for (i = 0; !code && i < argc; i++)
			code = add_text(t, argv[i], NULL, 0);
		return code;
	}
	if (!argc)
		return CLI_OK;
	text = cli_join(argc, argv);
	return text ? add_text(t, text, NULL, 0) : CLI_FAILED;
}

/* ---- what is said ------------------------------------------------------------------------------ */

/* The widest of @key, but not wider than @most. */
static int width(const struct test *t, const char *key, int least, int most)
{
	const char *name;
	json_t *line;

	json_object_foreach(t->changes, name, line) {
		int len = (int)strlen(value_str(line, key, "?"));

		least = len > least ? len : least;
	}
	return least < most ? least : most;
}

static void print_changes(const struct test *t)
{
	int user = width(t, "user", strlen("USER"), 16);
	int program = width(t, "program", strlen("PROGRAM"), 40);
	const char *key;
	json_t *line;

	if (json_object_size(t->changes))
		out_printf("%5s  %-15s  %-*s  %-*s  %s\n", "TIMES", "BEFORE -> AFTER", user, "USER",
			   program, "PROGRAM", "TO");
	json_object_foreach(t->changes, key, line) {
		char both[24];

		snprintf(both, sizeof(both), "%s -> %s", value_str(line, "before", "?"),
			 value_str(line, "after", "?"));
		out_printf("%5lld  %-15s  %-*s  %-*s  %s\n", (long long)value_int(line, "count", 0),
			   both, user, value_str(line, "user", "?"), program,
			   value_str(line, "program", "?"), value_str(line, "remote", "?"));
	}
	out_printf("%llu of %llu flows would have been judged otherwise\n",
		   (unsigned long long)t->changed, (unsigned long long)t->flows);
	if (t->skipped) {
		char text[160];

		snprintf(text, sizeof(text), "%llu line%s of the history cannot be judged again (from outside, the kernel's, frames)",
			 (unsigned long long)t->skipped, t->skipped == 1 ? "" : "s");
		out_wrapped(0, text);
	}
}

static int print_json(const struct test *t)
{
	json_t *list = json_array(), *line;
	const char *key;

	json_object_foreach(t->changes, key, line)
		json_array_append(list, line);
	return out_json(json_pack("{s:i,s:I,s:I,s:I,s:I,s:I,s:o}", "schema", 1, "since",
				  (json_int_t)t->filter.since, "rules", (json_int_t)t->n_rules,
				  "flows", (json_int_t)t->flows, "changed", (json_int_t)t->changed,
				  "skipped", (json_int_t)t->skipped, "changes", list));
}

/* Options come before the rules. Return: how many arguments they took, or -exit code. */
static int take_options(struct test *t, int argc, char **argv)
{
	int i, code;

	for (i = 0; i < argc && !strncmp(argv[i], "--", 2); i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (value && !strcmp(argv[i], "--file")) {
			t->file = value;
			continue;
		}
		if (value && !strcmp(argv[i], "--scope") &&
		    (!strcmp(value, "user") || !strcmp(value, "system"))) {
			t->filter.scope = value;
			continue;
		}
		code = past_option(&t->filter, argv[i], value);
		if (code < 0)
			code = out_usage("rules test takes --since, --file, --scope user|system, --program, --verdict, --user, then rules; not '%s'",
					 argv[i]);
		if (code)
			return -code;
	}
	return i;
}

/* Options may stand behind the rules, too: they are brought to the front. */
static void options_first(int argc, char **argv)
{
	int i, k, n = 0;
	char *option, *value;

	for (i = 0; i + 1 < argc; i++) {
		if (strncmp(argv[i], "--", 2))
			continue;
		option = argv[i];
		value = argv[i + 1];
		for (k = i; k > n; k--)
			argv[k + 1] = argv[k - 1];
		argv[n] = option;
		argv[n + 1] = value;
		n += 2;
		i++;
	}
}

/* All rules that are to be tested, as lines. */
static int gather(struct test *t, int argc, char **argv, char **rules, size_t *size)
{
	int code = CLI_OK;

	t->rules = open_memstream(rules, size);
	if (!t->rules)
		return CLI_FAILED;
	if (t->file)
		code = add_file(t);
	if (!code)
		code = add_arguments(t, argc, argv);
	if (fclose(t->rules) && !code)
		code = CLI_FAILED;
	if (!code && !t->n_rules)
		code = out_usage("there is no rule to test");
	return code;
}

int rules_test(struct cli *cli, int argc, char **argv)
{
	struct test t = { .cli = cli, .filter = PAST_ALL };
	_cleanup_free_ char *rules = NULL;
	size_t size = 0;
	int code, taken;

	t.filter.since = time(NULL) - SINCE_USUAL;
	t.filter.scope = geteuid() ? "user" : "system";
	options_first(argc, argv);
	taken = take_options(&t, argc, argv);
	if (taken < 0)
		return -taken;
	if (taken == argc && !t.file)
		return out_usage("rules test wants rules, or --file FILE");
	code = gather(&t, argc - taken, argv + taken, &rules, &size);
	if (code)
		return code;
	t.filter.rules = rules;
	t.changes = json_object();
	code = past_read(cli, &t.filter, take_row, &t);
	if (!code && cli->json)
		code = print_json(&t);
	else if (!code)
		print_changes(&t);
	if (!code && t.changed)
		code = CLI_FINDINGS;
	json_decref(t.changes);
	return code;
}
