// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch rules check`: errors in files of rules, and rules that say nothing. It must never need
 * the daemon, nor change a file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../policy/check.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "cli.h"

/**
 * struct checking - one run
 * @set: what could be read
 * @root: prefix of the paths that rules name; NULL: none
 * @errors, @findings: as JSON
 * @code: enum cli_exit of the errors
 */
struct checking {
	struct ruleset *set;
	const char *root;
	json_t *errors;
	json_t *findings;
	int code;
};

/* ---- errors ---------------------------------------------------------------------------------- */

static void add_error(struct checking *c, const struct rule_error *err, int code)
{
	char text[1024];

	out_error("%s", rule_error_print(err, text, sizeof(text)));
	json_array_append_new(c->errors,
			      json_pack("{s:s,s:i,s:i,s:s,s:s,s:s}", "file", err->file, "line",
					(int)err->line, "column", (int)err->column, "found",
					err->found, "expected", err->expected, "next", err->next));
	c->code = code;
}

static void add_file_error(struct checking *c, const char *name, unsigned int line,
			   const char *what,
			   int code)
{
	struct rule_error err = { .line = line };

	snprintf(err.file, sizeof(err.file), "%s", name);
	snprintf(err.found, sizeof(err.found), "%s", what);
	snprintf(err.expected, sizeof(err.expected), "a readable text file");
	add_error(c, &err, code);
}

/* Whether such a rule is kept in /run only, as its keys say. */
static bool is_runtime(const struct rule *rule)
{
	return rule->until || rule->image.pid;
}

/* The built-in rules name programs that may come, wherever they are laid out. */
static enum rule_scope scope_of(const char *name)
{
	return strstr(name, "/usr/lib/snitch/rules.d/") ? RULE_S_BUILTIN : RULE_S_ADMIN;
}

static void check_line(struct checking *c, const char *name, unsigned int lineno, char *line)
{
	struct rule_error err = { 0 };
	struct rule *rule = NULL;

	if (rule_parse(line, name, lineno, &rule, &err) < 0) {
		add_error(c, &err, CLI_INVALID);
		return;
	}
	if (!rule)
		return;
	rule->file = name;
	if (!ruleset_append(c->set, rule, scope_of(name), 0, is_runtime(rule), &err))
		return;
	rule_error_find(&err, line);
	add_error(c, &err, CLI_INVALID);
}

static void check_stream(struct checking *c, FILE *f, const char *name)
{
	_cleanup_free_ char *line = NULL;
	unsigned int lineno = 0;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, f)) >= 0) {
		if (strlen(line) != (size_t)len) {
			add_file_error(c, name, lineno + 1, "a NUL byte", CLI_INVALID);
			return;
		}
		check_line(c, name, ++lineno, line);
	}
	if (ferror(f))
		add_file_error(c, name, 0, strerror(errno), CLI_FAILED);
}

static void check_file(struct checking *c, const char *name)
{
	_cleanup_fclose_ FILE *f = NULL;

	if (!strcmp(name, "-")) {
		check_stream(c, stdin, "standard input");
		return;
	}
	f = fopen(name, "re");
	if (f)
		check_stream(c, f, name);
	else
		add_file_error(c, name, 0, strerror(errno), errno == ENOENT ? CLI_NOT_FOUND :
			       errno == EACCES ? CLI_DENIED : CLI_FAILED);
}

/* The installed folders, as the daemon would load them. */
static void check_installed(struct checking *c)
{
	struct policy_paths paths = { .root = c->root };
	struct rule_error err = { 0 };
	struct ruleset *set = NULL;
	int rc = ruleset_load(&paths, 0, &set, &err);

	if (rc < 0) {
		add_error(c, &err, rc == -EACCES ? CLI_DENIED : CLI_INVALID);
		return;
	}
	ruleset_free(c->set);
	c->set = set;
}

/* ---- findings -------------------------------------------------------------------------------- */

static json_t *place(const struct rule *rule)
{
	char text[RULE_TEXT_MAX];

	if (rule_print_plain(rule, text, sizeof(text)) < 0)
		text[0] = '\0';
	return json_pack("{s:s,s:i,s:s}", "file", rule->file ? rule->file : "", "line",
			 (int)rule->line, "text", text);
}

static void add_finding(struct checking *c, const char *kind, const char *why,
			const struct rule *rule, const struct rule *other)
{
	json_t *finding = place(rule);

	json_object_set_new(finding, "kind", json_string(kind));
	json_object_set_new(finding, "why", json_string(why));
	if (other)
		json_object_set_new(finding, "other", place(other));
	json_array_append_new(c->findings, finding);
}

static const char *why_found(const struct check_finding *f)
{
	switch (f->kind) {
	case CHECK_REDUNDANT:
		return "the other rule says so already";
	case CHECK_SHADOWED:
		return "it never decides: the other rule always does before it";
	case CHECK_CONTRADICTION:
		return f->other->rank < f->rule->rank ?
			"the other rule has the same conditions and wins" :
			"the other rule has the same conditions, and no user's rule beats it";
	default:
		return "its time is over";
	}
}

static bool is_missing(const struct checking *c, const char *path)
{
	_cleanup_free_ char *full = snitch_format("%s%s", c->root ? c->root : "", path);

	return full && access(full, F_OK) && (errno == ENOENT || errno == ENOTDIR);
}

/* Names that nothing has, as far as this machine can tell; built-in rules name what may come. */
static void find_missing(struct checking *c)
{
	const struct rule_program *p;
	size_t i;

	for (i = 0; i < c->set->n_rules; i++) {
		const struct rule *rule = c->set->rules[i];

		if (rule->scope == RULE_S_BUILTIN || (rule->flags & RULE_F_DISABLED))
			continue;
		if (rule->who != RULE_W_ANYONE && !rule->who_known)
			add_finding(c, "nobody",
				    rule->who == RULE_W_USER ? "there is no such user" :
				    "there is no such group", rule, NULL);
		for (p = &rule->program; p; p = p->child_of) {
			if (p->kind != RULE_P_PATH || !is_missing(c, p->name))
				continue;
			add_finding(c, "missing", "there is no such program", rule, NULL);
			break;
		}
	}
}

/* By file and line, as one goes through them; what was found of one line in the order it was. */
struct found {
	json_t *finding;
	size_t at;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	long long from = value_int(x->finding, "line", 0), to = value_int(y->finding, "line", 0);
	int r = strcmp(value_str(x->finding, "file", ""), value_str(y->finding, "file", ""));

	if (r)
		return r;
	return from != to ? (from < to ? -1 : 1) : x->at < y->at ? -1 : 1;
}

static void sort_findings(struct checking *c)
{
	size_t n = json_array_size(c->findings), i;
	_cleanup_free_ struct found *all = calloc(n + 1, sizeof(*all));
	json_t *sorted = json_array();

	for (i = 0; all && i < n; i++)
		all[i] = (struct found){ json_array_get(c->findings, i), i };
	if (all)
		qsort(all, n, sizeof(*all), compare_found);
	for (i = 0; all && i < n; i++)
		json_array_append(sorted, all[i].finding);
	if (json_array_size(sorted) == n) {
		json_decref(c->findings);
		c->findings = sorted;
	} else {
		json_decref(sorted);	/* no memory: as they were found */
	}
}

static void find_all(struct checking *c)
{
	_cleanup_free_ struct check_finding *found = NULL;
	bool all = true;
	size_t n, i;

	if (rules_check(c->set, time(NULL), &found, &n, &all)) {
		out_error("no memory");
		c->code = CLI_FAILED;
		return;
	}
	for (i = 0; i < n; i++)
		add_finding(c, check_kind_name(found[i].kind), why_found(&found[i]), found[i].rule,
			    found[i].other);
	if (!all)
		out_error("too many rules to compare each with each: there may be more to find");
	find_missing(c);
	sort_findings(c);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void print_place(const json_t *o, const char *between)
{
	out_printf("%s:%lld: %s%s\n", value_str(o, "file", "?"), (long long)value_int(o, "line", 0),
		   between, value_str(o, "text", "?"));
}

static void print_finding(const json_t *f)
{
	const json_t *other = json_object_get(f, "other");
	char kind[32];

	snprintf(kind, sizeof(kind), "%s: ", value_str(f, "kind", "?"));
	print_place(f, kind);
	out_printf("    %s\n", value_str(f, "why", "?"));
	if (other) {
		out_printf("    ");
		print_place(other, "");
	}
}

static void tell(const struct cli *cli, const struct checking *c)
{
	size_t rules = c->set->n_rules, n = json_array_size(c->findings), i;
	char found[48] = "";
	json_t *f;

	if (cli->json) {
		out_json(json_pack("{s:i,s:b,s:I,s:O,s:O}", "schema", 1, "ok", c->code == CLI_OK,
				   "rules", (json_int_t)rules, "errors", c->errors, "findings",
				   c->findings));
		return;
	}
	json_array_foreach(c->findings, i, f)
		print_finding(f);
	if (n)
		snprintf(found, sizeof(found), "; %zu finding%s", n, n == 1 ? "" : "s");
	if (!c->code)
		out_printf("%zu rule%s, no error%s\n", rules, rules == 1 ? "" : "s", found);
}

int cmd_rules_check(struct cli *cli, int argc, char **argv)
{
	struct checking c = {
		.set = ruleset_new(), .errors = json_array(), .findings = json_array(),
	};
	bool installed = !argc || (argc == 2 && !strcmp(argv[0], "--root"));
	int i, code = CLI_FAILED;

	if (installed && argc)
		c.root = argv[1];
	if (!c.set || !c.errors || !c.findings) {
		out_error("no memory");
	} else {
		if (installed)
			check_installed(&c);
		for (i = 0; !installed && i < argc; i++)
			check_file(&c, argv[i]);
		ruleset_sort(c.set);
		if (!c.code)
			find_all(&c);
		tell(cli, &c);
		code = c.code ? c.code : json_array_size(c.findings) ? CLI_FINDINGS : CLI_OK;
	}
	ruleset_free(c.set);
	json_decref(c.errors);
	json_decref(c.findings);
	return code;
}
