// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our own rules, as JSON and as a file of rules, in and out; and the way to each format. It must
 * never write what it could not read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "export.h"
#include "lsrules.h"

/* ---- in -------------------------------------------------------------------------------------- */

/* A sentence becomes a draft, so that it is looked at as rules of other formats are. */
static int read_sentence(struct source *src, struct place at, const char *text, bool hide)
{
	struct rule_error err;
	struct draft d = { .src = src, .at = at };
	struct rule *rule = NULL;
	char why[1024];
	int r;

	r = rule_parse(text, NULL, 0, &rule, &err);
	if (r == -ENOMEM)
		return r;
	if (r) {
		rule_error_print(&err, why, sizeof(why));
		return source_leave(src, at, NULL, NULL, "%s", why);
	}
	if (!rule)
		return hide ? 0 : source_leave(src, at, NULL, text, "it holds no rule");
	d.rule = rule;
	/* ids, ends and processes are those of another place and time */
	rule->id_written = false;
	free(rule->keys);
	rule->keys = NULL;
	rule->until = 0;
	memset(&rule->image, 0, sizeof(rule->image));
	draft_finish(&d);
	r = d.r;
	draft_clear(&d);
	return r;
}

static int read_object(struct source *src, struct place p, const json_t *one)
{
	const char *text = json_string_value(json_object_get(one, "text"));
	const char *scope = json_string_value(json_object_get(one, "scope"));

	if (!text)
		return source_leave(src, p, "text", NULL,
				    "a rule as one sentence is expected here");
	if (scope && !strcmp(scope, "builtin"))
		return source_leave(src, p, "scope", scope,
				    "built-in rules come with the program");
	if (strpbrk(text, "\r\n"))
		return source_leave(src, place_member(p, "text"), "text", text,
				    "a rule is one line");
	return read_sentence(src, place_member(p, "text"), text, false);
}

int native_read_json(struct source *src, const json_t *root)
{
	const json_t *rules = json_object_get(root, "rules"), *schema, *one;
	struct place p = place_first(place_member(src->start, "rules"));
	size_t i;
	int r = 0;

	schema = json_object_get(root, "schema");
	if (!json_is_number(schema) || json_number_value(schema) != 1 || !json_is_array(rules)) {
		r = source_leave(src, src->start, NULL, NULL,
				 "no \"schema\": 1 with an array \"rules\"");
		return r ? r : -EINVAL;
	}
	json_array_foreach(rules, i, one) {
		src->rule = i + 1;
		r = read_object(src, p, one);
		if (r)
			break;
		p = place_next(p);
	}
	src->rule = 0;
	return r;
}

int native_read_text(struct source *src, const char *bytes, size_t len)
{
	struct place p = { .line = 1 };
	const char *end = bytes + len;
	int r = 0;

	if (len > RULE_FILE_MAX || memchr(bytes, '\0', len)) {
		p.line = 0;
		r = source_leave(src, p, NULL, NULL, len > RULE_FILE_MAX ?
				 "the file is larger than 16 MiB" : "a NUL byte: not a text file");
		return r ? r : -EINVAL;
	}
	for (; bytes < end && !r; p.line++) {
		const char *newline = memchr(bytes, '\n', end - bytes);
		size_t n = (newline ? newline : end) - bytes;
		_cleanup_free_ char *line = strndup(bytes, n);

		if (!line)
			return -ENOMEM;
		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		r = read_sentence(src, p, line, true);
		bytes += n + !!newline;
	}
	return r;
}

static int import_json(struct source *src, enum exchange_format format, const char *bytes,
		       size_t len)
{
	json_t *root;
	int r = source_parse(src, bytes, len, &root);

	if (r || !root)
		return r;
	r = format == EXCHANGE_LSRULES ? lsrules_read(src, root) :
	    format == EXCHANGE_OPENSNITCH ? opensnitch_read(src, root) :
	    native_read_json(src, root);
	json_decref(root);
	return r;
}

int exchange_import(struct exchange *x, enum exchange_format format, const char *file,
		    const char *bytes, size_t len)
{
	struct source src = { .x = x, .file = file };

	return format == EXCHANGE_SNITCH ? native_read_text(&src, bytes, len) :
	       import_json(&src, format, bytes, len);
}

/* ---- out ------------------------------------------------------------------------------------- */

static json_t *rule_json(const struct rule *rule, const char *text)
{
	char id[17], scope[32];

	return json_pack("{s:s,s:s,s:s}", "id", rule_id_print(rule->id, id, sizeof(id)),
			 "text", text, "scope", rule_scope_name(rule, scope, sizeof(scope)));
}

/* The shape of `snitch rules list --json`, less what is true only where it was printed. */
static int export_json(struct exchange *x, char **out)
{
	json_t *rules = json_array(), *root;
	char text[RULE_TEXT_MAX];
	size_t i;
	int r = rules ? 0 : -ENOMEM;

	for (i = 0; i < x->n_rules && !r; i++) {
		const struct rule *rule = x->rules[i].rule;

		if (exchange_rule_text(rule, text, sizeof(text)) < 0)
			r = export_leave(x, i, "it is longer than a line of a rule may be");
		else if (json_array_append_new(rules, rule_json(rule, text)))
			r = -ENOMEM;
	}
	root = json_pack("{s:i,s:o}", "schema", 1, "rules", rules);
	*out = root && !r ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	return r ? r : *out ? 0 : -ENOMEM;
}

static int export_text(struct exchange *x, char **out, size_t *len)
{
	FILE *f = open_memstream(out, len);
	char text[RULE_TEXT_MAX];
	size_t i;
	int r = 0;

	if (!f)
		return -ENOMEM;
	for (i = 0; i < x->n_rules && !r; i++) {
		if (exchange_rule_text(x->rules[i].rule, text, sizeof(text)) < 0)
			r = export_leave(x, i, "it is longer than a line of a rule may be");
		else if (fprintf(f, "%s\n", text) < 0)
			r = -ENOMEM;
	}
	if (fclose(f) && !r)
		r = -ENOMEM;
	return r;
}

int exchange_export(struct exchange *x, enum exchange_format format, char **out, size_t *len)
{
	char *text = NULL;
	int r = -ENOTSUP;

	*out = NULL;
	*len = 0;
	if (format == EXCHANGE_SNITCH)
		r = export_text(x, out, len);
	else if (format == EXCHANGE_JSON)
		r = export_json(x, &text);
	else if (format == EXCHANGE_LSRULES)
		r = export_lsrules(x, &text);
	if (text) {
		*out = snitch_format("%s\n", text);
		*len = *out ? strlen(*out) : 0;
		r = *out ? r : -ENOMEM;
		free(text);
	}
	if (r) {
		free(*out);
		*out = NULL;
	}
	return r;
}
