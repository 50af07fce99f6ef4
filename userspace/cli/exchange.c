// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch rules import` and `export`: files here, rules at snitchd. It must never import some of
 * the rules: all that can be carried over, in one transaction, or none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../exchange/exchange.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/save.h"
#include "cli.h"

#define FOLDER_MAX	20000	/* files of a folder */

/**
 * struct task - the words of an import or export
 * @format: EXCHANGE_FORMATS: by the file
 * @scope: NULL: the usual one
 * @lists: folder for lists, or NULL
 * @root: as of `rules add`
 * @file: or folder; NULL: none was named
 */
struct task {
	enum exchange_format format;
	const char *scope, *lists, *root, *file;
	bool reviewed, dry_run;
};

static int no_memory(void)
{
	out_error("no memory");
	return CLI_FAILED;
}

/* Options and at most one file. Return: enum cli_exit. */
static int read_words(int argc, char **argv, bool import, struct task *task)
{
	const struct {
		const char *name;
		const char **value;
	} values[] = {
		{ "--scope", &task->scope }, { "--lists", import ? &task->lists : NULL },
		{ "--root", import ? &task->root : NULL },
	};
	const char *verb = import ? "import" : "export";
	size_t k;
	int i;

	task->format = EXCHANGE_FORMATS;
	for (i = 0; i < argc; i++) {
		for (k = 0; k < SNITCH_ARRAY_SIZE(values); k++) {
			if (values[k].value && !strcmp(argv[i], values[k].name))
				break;
		}
		if (k < SNITCH_ARRAY_SIZE(values) && i + 1 < argc) {
			*values[k].value = argv[++i];
		} else if (!strcmp(argv[i], "--format") && i + 1 < argc) {
			if (exchange_format_parse(argv[++i], &task->format))
				return out_usage("the formats are lsrules, opensnitch, json and "
						 "snitch, not '%s'", argv[i]);
		} else if (import && !strcmp(argv[i], "--reviewed")) {
			task->reviewed = true;
		} else if (import && !strcmp(argv[i], "--dry-run")) {
			task->dry_run = true;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			return out_usage("rules %s has no option '%s', or it wants a word", verb,
					 argv[i]);
		} else if (task->file) {
			return out_usage("rules %s takes one file", verb);
		} else {
			task->file = argv[i];
		}
	}
	return CLI_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int file_error(const char *name, int error)
{
	out_error("%s: %s", name, strerror(error));
	return error == ENOENT ? CLI_NOT_FOUND : error == EACCES ? CLI_DENIED : CLI_FAILED;
}

/* All of a stream, one byte more than the bound at most. */
static char *read_stream(FILE *f, size_t *len)
{
	size_t room = 65536, n;
	char *text = NULL;

	for (*len = 0;; room *= 2) {
		char *more = realloc(text, room);

		if (!more)
			break;
		text = more;
		n = fread(text + *len, 1, room - *len, f);
		*len += n;
		if (*len < room) {
			if (ferror(f))
				break;
			text[*len] = '\0';
			return text;
		}
		if (*len > EXCHANGE_FILE_MAX)
			return text;
	}
	free(text);
	return NULL;
}

/* @r: what the reader said, for a file that is wrong as a whole. Return: enum cli_exit. */
static int import_file(struct exchange *x, const struct task *task, const char *path, int *r)
{
	_cleanup_fclose_ FILE *f = NULL;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	bool in = !strcmp(path, "-");
	enum exchange_format format = task->format;
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (!in)
		f = fopen(path, "re");
	if (!in && !f)
		return file_error(path, errno);
	text = read_stream(in ? stdin : f, &len);
	if (!text)
		return file_error(path, errno ? errno : EIO);
	if (format == EXCHANGE_FORMATS)
		format = exchange_guess(path, text, len);
	*r = exchange_import(x, format, in ? "standard-input" : name, text, len);
	return *r == -ENOMEM ? no_memory() : CLI_OK;
}

static int is_rule_file(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return e->d_name[0] != '.' && dot && (!strcmp(dot, ".json") || !strcmp(dot, ".lsrules") ||
					      !strcmp(dot, ".rules"));
}

/* One file of a folder; what is no regular file there is passed by. */
static int import_entry(struct exchange *x, const struct task *task, const char *name)
{
	_cleanup_free_ char *path = snitch_format("%s/%s", task->file, name);
	struct stat st;
	int r;

	if (!path)
		return no_memory();
	if (stat(path, &st))
		return file_error(path, errno);
	if (S_ISREG(st.st_mode))
		return import_file(x, task, path, &r);
	out_error("%s: no regular file, passed by", path);
	return CLI_OK;
}

/* The files of a folder by name; one that is wrong as a whole is in the report. */
static int import_folder(struct exchange *x, const struct task *task)
{
	struct dirent **names;
	int i, n, code = CLI_OK;

	n = scandir(task->file, &names, is_rule_file, alphasort);
	if (n < 0)
		return file_error(task->file, errno);
	if (n > FOLDER_MAX) {
		out_error("%s: more than %d files", task->file, FOLDER_MAX);
		code = CLI_FAILED;
	}
	if (!n) {
		out_error("%s: no file ends in .json, .lsrules or .rules", task->file);
		code = CLI_NOT_FOUND;
	}
	for (i = 0; i < n; i++) {
		if (!code)
			code = import_entry(x, task, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return code;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static int write_text(FILE *f, const void *ctx)
{
	return fputs(ctx, f) < 0 ? -EIO : 0;
}

/* Takes the first @n back: the rules about them were refused, or one more could not be written. */
static void drop_lists(const struct exchange *x, const struct task *task, size_t n)
{
	while (n--) {
		const char *name = x->lists[n].name;
		_cleanup_free_ char *path = snitch_format("%s/%s.list", task->lists, name);

		if (path)
			unlink(path);
	}
}

/* Never over a file that is there: somebody may have made it. */
static int save_list(const struct exchange_list *list, const char *folder)
{
	_cleanup_free_ char *name = snitch_format("%s.list", list->name);
	_cleanup_free_ char *path = name ? snitch_format("%s/%s", folder, name) : NULL;
	_cleanup_free_ char *text = exchange_list_text(list);
	int r;

	if (!path || !text)
		return no_memory();
	if (!access(path, F_OK)) {
		out_error("%s is there already: move it away, or name another folder", path);
		return CLI_FAILED;
	}
	r = snitch_save(folder, name, write_text, text);
	return r ? file_error(path, -r) : CLI_OK;
}

static int save_lists(const struct exchange *x, const struct task *task)
{
	int code = CLI_OK;
	size_t i;

	for (i = 0; i < x->n_lists && !code; i++)
		code = save_list(&x->lists[i], task->lists);
	if (code)
		drop_lists(x, task, i - 1);
	return code;
}

/* ---- import ---------------------------------------------------------------------------------- */

static int store_admin(struct cli *cli, struct exchange *x, const char *root)
{
	_cleanup_free_ struct rule **rules = calloc(x->n_rules, sizeof(*rules));
	_cleanup_free_ uint64_t *ids = calloc(x->n_rules, sizeof(*ids));
	size_t i;
	int code;

	if (!rules || !ids)
		return no_memory();
	for (i = 0; i < x->n_rules; i++)
		rules[i] = snitch_take_ptr(x->rules[i].rule);
	code = admin_add_all(cli, root, rules, x->n_rules, ids);
	x->n_rules = 0;
	return code;
}

static int store(struct cli *cli, struct exchange *x, const struct task *task)
{
	char **texts, text[RULE_TEXT_MAX];
	int code = CLI_OK;
	json_t *ids;
	size_t i;

	if (!x->n_rules)
		return CLI_OK;
	if (!strcmp(task->scope, "admin"))
		return store_admin(cli, x, task->root);
	texts = calloc(x->n_rules + 1, sizeof(*texts));
	if (!texts)
		return no_memory();
	for (i = 0; i < x->n_rules && !code; i++) {
		exchange_rule_text(x->rules[i].rule, text, sizeof(text));
		texts[i] = strdup(text);
		if (!texts[i])
			code = no_memory();
	}
	if (!code)
		code = cli_call_many(cli, "AddRules", &ids, texts, task->scope);
	if (!code)
		json_decref(ids);
	for (i = 0; texts[i]; i++)
		free(texts[i]);
	free(texts);
	return code;
}

static json_t *entry_json(const struct exchange_entry *e)
{
	json_t *obj = json_pack("{s:s,s:s,s:s}", "fate", exchange_fate_name(e->fate),
				"file", e->file, "reason", e->reason);

	if (obj && e->line)
		json_object_set_new(obj, "line", json_integer(e->line));
	if (obj && e->rule)
		json_object_set_new(obj, "rule", json_integer(e->rule));
	if (obj && e->key)
		json_object_set_new(obj, "key", json_string(e->key));
	if (obj && e->found)
		json_object_set_new(obj, "found", json_string(e->found));
	return obj;
}

static json_t *rules_json(const struct exchange *x)
{
	json_t *rules = json_array();
	char text[RULE_TEXT_MAX];
	size_t i;

	for (i = 0; i < x->n_rules; i++) {
		exchange_rule_text(x->rules[i].rule, text, sizeof(text));
		json_array_append_new(rules, json_pack("{s:s,s:b}", "text", text, "review",
						       x->rules[i].review));
	}
	return rules;
}

static json_t *list_json(const struct exchange_list *list)
{
	return json_pack("{s:s,s:I}", "name", list->name, "entries", (json_int_t)list->n_entries);
}

static json_t *report_json(const struct exchange *x)
{
	json_t *report = json_array(), *lists = json_array(), *rules = rules_json(x);
	size_t i;

	for (i = 0; i < x->n_entries; i++)
		json_array_append_new(report, entry_json(&x->entries[i]));
	for (i = 0; i < x->n_lists; i++)
		json_array_append_new(lists, list_json(&x->lists[i]));
	return json_pack("{s:i,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "schema", 1,
			 "imported", (json_int_t)x->n_enforced, "review", (json_int_t)x->n_review,
			 "kept", (json_int_t)x->n_kept, "left", (json_int_t)x->n_left,
			 "unsaid", (json_int_t)x->n_unsaid, "rules", rules, "lists", lists,
			 "report", report);
}

/* The report is talk, or, where nothing is imported, what was asked for. */
static void print_entries(const struct exchange *x, bool data)
{
	char line[2048];
	size_t i;

	for (i = 0; i < x->n_entries; i++) {
		exchange_entry_print(&x->entries[i], line, sizeof(line));
		if (data)
			out_wrapped(4, line);
		else
			out_error("%s", line);
	}
	if (x->n_unsaid && data)
		out_printf("and %zu more of this kind\n", x->n_unsaid);
	else if (x->n_unsaid)
		out_error("and %zu more of this kind", x->n_unsaid);
}

static void print_rules(const struct exchange *x)
{
	char text[RULE_TEXT_MAX];
	size_t i;

	for (i = 0; i < x->n_rules; i++) {
		exchange_rule_text(x->rules[i].rule, text, sizeof(text));
		out_printf("%s\n", text);
	}
}

static void print_summary(const struct exchange *x, const struct task *task)
{
	size_t i;

	for (i = 0; i < x->n_lists; i++)
		out_printf("list %s: %zu entries%s%s/%s.list\n", x->lists[i].name,
			   x->lists[i].n_entries, task->dry_run ? ", would be written to " : " in ",
			   task->lists, x->lists[i].name);
	out_printf("%zu %simported (%zu disabled for review)", x->n_enforced,
		   task->dry_run ? "would be " : "", x->n_review);
	if (x->n_kept)
		out_printf(", %zu kept but not enforced", x->n_kept);
	out_printf(", %zu not carried over\n", x->n_left);
	if (x->n_review)
		out_error("what is disabled allows nothing yet: look at it, then %s",
			  task->reviewed ? "add it with `snitch rules add`" :
			  "import again with --reviewed");
}

static bool is_program(void *ctx, const char *path)
{
	struct stat st;

	(void)ctx;
	return !stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

/* Reads, stores and tells, in this order: what is told has happened. */
static int import(struct cli *cli, struct exchange *x, const struct task *task)
{
	json_t *told = NULL;
	struct stat st;
	int r = 0, code;

	if (strcmp(task->file, "-") && !stat(task->file, &st) && S_ISDIR(st.st_mode))
		code = import_folder(x, task);
	else
		code = import_file(x, task, task->file, &r);
	if (code)
		return code;
	if (!cli->json)
		print_entries(x, task->dry_run);
	if (r)
		code = CLI_INVALID;
	if (cli->json)
		told = report_json(x);
	if (!code && task->dry_run && !cli->json)
		print_rules(x);
	if (!code && !task->dry_run)
		code = save_lists(x, task);
	if (!code && !task->dry_run) {
		code = store(cli, x, task);
		if (code)
			drop_lists(x, task, x->n_lists);
	}
	if (told && (!code || r))
		return out_json(told) ? CLI_FAILED : code;
	json_decref(told);
	if (!code)
		print_summary(x, task);
	return code;
}

int rules_import(struct cli *cli, int argc, char **argv)
{
	struct exchange_options options = { .exists = is_program };
	struct task task = { .scope = NULL };
	struct exchange *x;
	int code;

	code = read_words(argc, argv, true, &task);
	if (code)
		return code;
	if (!task.file)
		return out_usage("rules import wants a file, a folder, or - for standard input");
	if (!task.scope)
		task.scope = geteuid() ? "user" : "system";
	if (strcmp(task.scope, "user") && strcmp(task.scope, "system") &&
	    strcmp(task.scope, "admin") && strcmp(task.scope, "runtime"))
		return out_usage("the scopes are admin, system, user and runtime, not '%s'",
				 task.scope);
	if (task.root && strcmp(task.scope, "admin"))
		return out_usage("--root is for --scope admin");
	options.reviewed = task.reviewed;
	options.one_user = !strcmp(task.scope, "user") ||
			   (!strcmp(task.scope, "runtime") && geteuid());
	options.uid = geteuid();
	options.temporary = !strcmp(task.scope, "runtime");
	options.lists = task.lists;
	x = exchange_new(&options);
	code = x ? import(cli, x, &task) : no_memory();
	exchange_free(x);
	return code;
}

/* ---- export ---------------------------------------------------------------------------------- */

/* A rule as snitchd tells it; built-in rules stay where they are. Return: enum cli_exit. */
static int take_rule(struct exchange *x, const json_t *row, const char *only)
{
	const char *scope = value_str(row, "scope", "");
	size_t len = only ? strlen(only) : 0;
	struct rule *rule = NULL;
	struct rule_error err;

	if (only ? strncmp(scope, only, len) || (scope[len] && scope[len] != ' ') :
	    !strcmp(scope, "builtin"))
		return CLI_OK;
	if (rule_parse(value_str(row, "text", ""), NULL, 0, &rule, &err) || !rule) {
		out_error("snitchd has a rule that this program does not understand: "
			  "are both of the same version?");
		return CLI_FAILED;
	}
	rule_id_parse(value_str(row, "id", ""), &rule->id);
	rule->scope = !strcmp(scope, "builtin") ? RULE_S_BUILTIN : !strcmp(scope, "admin") ?
		      RULE_S_ADMIN : !strncmp(scope, "user ", 5) ? RULE_S_USER : RULE_S_SYSTEM;
	rule->scope_uid = rule->scope == RULE_S_USER ? strtoul(scope + 5, NULL, 10) : 0;
	if (rule->scope_uid && rule->scope_uid != geteuid())
		rule->scope = RULE_S_SYSTEM;	/* "me" would be somebody else */
	rule->runtime = !strcmp(scope, "runtime");
	return exchange_add_rule(x, rule, false) ? no_memory() : CLI_OK;
}

static int save_export(const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = !slash ? strdup(".") : slash == path ? strdup("/") :
				      strndup(path, slash - path);
	int r = folder ? snitch_save(folder, slash ? slash + 1 : path, write_text, text) : -ENOMEM;

	return r ? file_error(path, -r) : CLI_OK;
}

static int export(struct exchange *x, const struct task *task)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int code, r = exchange_export(x, task->format, &text, &len);

	if (r)
		return no_memory();
	print_entries(x, false);
	if (task->file && strcmp(task->file, "-")) {
		code = save_export(task->file, text);
		if (!code)
			out_error("%zu of %zu rules are in %s", x->n_rules - x->n_left, x->n_rules,
				  task->file);
		return code;
	}
	fputs(text, stdout);
	return CLI_OK;
}

static bool is_scope(const char *scope)
{
	static const char *const scopes[] = { "builtin", "admin", "system", "user", "runtime" };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(scopes); i++) {
		if (!strcmp(scopes[i], scope))
			return true;
	}
	return false;
}

int rules_export(struct cli *cli, int argc, char **argv)
{
	struct task task = { .scope = NULL };
	struct exchange *x = NULL;
	json_t *all, *row;
	size_t i;
	int code;

	code = read_words(argc, argv, false, &task);
	if (code)
		return code;
	if (task.scope && !is_scope(task.scope))
		return out_usage("the scopes are builtin, admin, system, user and runtime");
	if (task.format == EXCHANGE_FORMATS)
		task.format = cli->json ? EXCHANGE_JSON : task.file ?
			      exchange_guess(task.file, "{\"schema\"", 9) : EXCHANGE_SNITCH;
	if (task.format == EXCHANGE_OPENSNITCH)
		return out_usage("rules are exported as lsrules, json or snitch");
	code = cli_call_json(cli, "ListRules", &all, "");
	if (code)
		return code;
	x = exchange_new(NULL);
	if (!x)
		code = no_memory();
	json_array_foreach(all, i, row) {
		if (!code)
			code = take_rule(x, row, task.scope);
	}
	json_decref(all);
	if (!code)
		code = export(x, &task);
	exchange_free(x);
	return code;
}
