// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs of rules: read, written, compared with a flow. It must never look at files. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "program.h"
#include "snitch.h"

/* Programs that begin with a word of their own. */
static const struct {
	const char *word;
	enum rule_program_kind kind;
} worded[] = {
	{ "unit", RULE_P_UNIT },
	{ "flatpak", RULE_P_FLATPAK },
	{ "snap", RULE_P_SNAP },
	{ "container", RULE_P_CONTAINER },
	{ "script", RULE_P_SCRIPT },
};

#define N_WORDED	(sizeof(worded) / sizeof(worded[0]))

/* Absolute and as readlink -f would write it. */
static bool path_valid(const char *s)
{
	size_t n = strlen(s);

	if (*s != '/' || n < 2 || n >= RULE_LINE_MAX || s[n - 1] == '/')
		return false;
	if (strstr(s, "//") || strstr(s, "/./") || strstr(s, "/../"))
		return false;
	if (!strcmp(s + n - 2, "/."))
		return false;
	return n < 3 || strcmp(s + n - 3, "/..");
}

static bool is_pattern(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (strchr("*?[", *s))
			return true;
	}
	return false;
}

/* Take away the backslashes before what would make a pattern. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] && strchr("*?[]\\", s[1]))
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

static int fail_path(struct words *w)
{
	return words_fail(w, "an absolute path without //, /./, /../ or a final /",
			  "write the path as 'readlink -f' shows it");
}

static int parse_path(struct words *w, struct rule_program *p)
{
	if (!path_valid(w->text))
		return fail_path(w);
	p->name = strdup(w->text);
	if (!p->name)
		return -ENOMEM;
	p->kind = is_pattern(p->name) ? RULE_P_PATTERN : RULE_P_PATH;
	if (p->kind == RULE_P_PATH)
		unescape(p->name);
	return words_next(w);
}

static int parse_kernel(struct words *w, struct rule_program *p)
{
	unsigned int i;
	int r = words_next(w);

	if (r)
		return r;
	p->kind = RULE_P_KERNEL;
	if (words_is(w, "any"))
		return words_next(w);
	for (i = SNITCH_K_NONE + 1; i < __SNITCH_K_MAX; i++) {
		if (words_is(w, snitch_kernel_name(i))) {
			p->kernel = i;
			return words_next(w);
		}
	}
	return words_fail(w, "any, icmp-error, icmp-reply, nd, igmp, mld, tcp, wireguard, nfs, "
			  "vxlan, relayed, forwarded or other after 'kernel'", "see snitch-rules(5)");
}

static int parse_container(struct words *w, struct rule_program *p)
{
	char *colon = strstr(w->text, ":/");

	if (!colon || colon == w->text || colon - w->text > RULE_NAME_MAX ||
	    !path_valid(colon + 1) || is_pattern(colon + 1))
		return words_fail(w, "IMAGE:PATH after 'container'",
				  "write it like debian:12:/usr/bin/curl");
	p->name = strndup(w->text, colon - w->text);
	p->path = strdup(colon + 1);
	if (!p->name || !p->path)
		return -ENOMEM;
	unescape(p->path);
	return words_next(w);
}

/* The word after "unit" and its like. */
static int parse_named(struct words *w, struct rule_program *p, enum rule_program_kind kind)
{
	int r = words_next(w);

	if (r)
		return r;
	if (w->kind != WORD_PLAIN && w->kind != WORD_QUOTED)
		return words_fail(w, "a name", "see snitch-rules(5)");
	p->kind = kind;
	if (kind == RULE_P_CONTAINER)
		return parse_container(w, p);
	if (kind == RULE_P_SCRIPT && !path_valid(w->text))
		return fail_path(w);
	if (kind == RULE_P_SCRIPT && is_pattern(w->text))
		return words_fail(w, "one path after 'script', no pattern",
				  "a backslash before * ? [ takes its meaning away");
	if (!w->text[0] || (kind != RULE_P_SCRIPT && strlen(w->text) > RULE_NAME_MAX))
		return words_fail(w, "a name of 1 to 255 bytes",
				  "names with blanks stand in double quotes");
	p->name = strdup(w->text);
	if (!p->name)
		return -ENOMEM;
	if (kind == RULE_P_SCRIPT)
		unescape(p->name);
	return words_next(w);
}

static int parse_base(struct words *w, struct rule_program *p)
{
	size_t i;

	if (words_is(w, "any")) {
		p->kind = RULE_P_ANY;
		return words_next(w);
	}
	if (words_is(w, "kernel"))
		return parse_kernel(w, p);
	for (i = 0; i < N_WORDED; i++) {
		if (words_is(w, worded[i].word))
			return parse_named(w, p, worded[i].kind);
	}
	if ((w->kind == WORD_PLAIN || w->kind == WORD_QUOTED) && w->text[0] == '/')
		return parse_path(w, p);
	return words_fail(w, "a program: any, an absolute path, unit, flatpak, snap, container, "
			  "script or kernel", "write the program's full path");
}

static int parse_parents(struct words *w, struct rule_program *p)
{
	unsigned int n;
	int r;

	for (n = 0; words_is(w, "child-of"); n++) {
		if (p->kind == RULE_P_KERNEL)
			return words_fail(w, "no 'child-of' with 'kernel'", "see snitch-rules(5)");
		if (n == RULE_CHILD_MAX)
			return words_fail(w, "at most 8 times 'child-of'", "see snitch-rules(5)");
		r = words_next(w);
		if (r)
			return r;
		if (words_is(w, "any") || words_is(w, "kernel"))
			return words_fail(w, "a program that has children", "name it by its path");
		p->child_of = calloc(1, sizeof(*p->child_of));
		if (!p->child_of)
			return -ENOMEM;
		p = p->child_of;
		r = parse_base(w, p);
		if (r)
			return r;
	}
	return 0;
}

static int parse_children(struct words *w, struct rule_program *p)
{
	int r;

	if (!words_is(w, "and"))
		return 0;
	if (p->kind == RULE_P_KERNEL)
		return words_fail(w, "a program that has children", "name it by its path");
	r = words_next(w);
	if (r)
		return r;
	if (!words_is(w, "children"))
		return words_fail(w, "'children' after 'and'", "see snitch-rules(5)");
	p->and_children = true;
	return words_next(w);
}

int program_parse(struct words *w, struct rule_program *p)
{
	int r = parse_base(w, p);

	if (!r)
		r = parse_parents(w, p);
	if (!r)
		r = parse_children(w, p);
	if (r == -ENOMEM)
		rule_fail(w->err, r, w->file, w->lineno, NULL, "more memory", NULL);
	return r;
}

/* @s so that none of it makes a pattern. */
static void escape(const char *s, struct text *t)
{
	char escaped[2 * RULE_LINE_MAX];
	size_t n = 0;

	for (; *s && n < sizeof(escaped) - 2; s++) {
		if (strchr("*?[]\\", *s))
			escaped[n++] = '\\';
		escaped[n++] = *s;
	}
	if (*s)
		t->full = true;
	escaped[n] = '\0';
	text_add(t, escaped);
}

static void print_base(const struct rule_program *p, struct text *t)
{
	char word[2 * RULE_LINE_MAX];
	struct text b = { .buf = word, .size = sizeof(word) };
	size_t i;

	word[0] = '\0';
	switch (p->kind) {
	case RULE_P_ANY:
		text_add(t, "any");
		return;
	case RULE_P_KERNEL:
		text_addf(t, "kernel %s", p->kernel ? snitch_kernel_name(p->kernel) : "any");
		return;
	case RULE_P_PATH:
	case RULE_P_SCRIPT:
		escape(p->name, &b);
		break;
	case RULE_P_CONTAINER:
		text_addf(&b, "%s:", p->name);
		escape(p->path, &b);
		break;
	default:
		text_add(&b, p->name);
		break;
	}
	for (i = 0; i < N_WORDED; i++) {
		if (worded[i].kind == p->kind)
			text_addf(t, "%s ", worded[i].word);
	}
	if (b.full)
		t->full = true;
	text_add_word(t, word);
}

void program_print(const struct rule_program *p, struct text *t)
{
	const struct rule_program *q;

	print_base(p, t);
	for (q = p->child_of; q; q = q->child_of) {
		text_add(t, " child-of ");
		print_base(q, t);
	}
	if (p->and_children)
		text_add(t, " and children");
}

void program_clear(struct rule_program *p)
{
	struct rule_program *q = p->child_of;

	free(p->name);
	free(p->path);
	while (q) {
		struct rule_program *next = q->child_of;

		free(q->name);
		free(q->path);
		free(q);
		q = next;
	}
	memset(p, 0, sizeof(*p));
}

bool program_is_plain_path(const struct rule_program *p)
{
	return p->kind == RULE_P_PATH && !p->child_of && !p->and_children;
}

static bool path_matches(const struct rule_program *p, const char *exe)
{
	if (!exe)
		return false;
	if (p->kind == RULE_P_PATH)
		return !strcmp(p->name, exe);
	return p->kind == RULE_P_PATTERN && !fnmatch(p->name, exe, FNM_PATHNAME);
}

static bool container_matches(const struct rule_program *p, const struct flow_query *q)
{
	size_t i;

	for (i = 0; i < q->app->n_images; i++) {
		if (!strcmp(p->name, q->app->images[i]))
			return q->exe && !strcmp(p->path, q->exe);
	}
	return false;
}

/* @sure: what could be made to look so does not count */
static bool base_matches(const struct rule_program *p, const struct flow_query *q, bool sure)
{
	const struct app *app = q->app;

	switch (p->kind) {
	case RULE_P_ANY:
		return true;
	case RULE_P_PATH:
	case RULE_P_PATTERN:
		return !(sure && q->strange) && path_matches(p, q->exe);
	case RULE_P_UNIT:
		return app && app_unit_is(app->unit, p->name);
	case RULE_P_FLATPAK:
		return app && !(sure && !app->flatpak_sure) && !strcmp(p->name, app->flatpak);
	case RULE_P_SNAP:
		return app && !(sure && !app->snap_sure) &&
		       (!strcmp(p->name, app->snap) || !strcmp(p->name, app->snap_app));
	case RULE_P_CONTAINER:
		return app && container_matches(p, q);
	case RULE_P_SCRIPT:
		return app && !(sure && !app->script_sure) && !strcmp(p->name, app->script);
	case RULE_P_KERNEL:
		break;
	}
	return false;
}

static bool parent_matches(const struct rule_program *p, const struct flow_query *q, size_t i,
			   bool sure)
{
	return !(sure && q->strangers && q->strangers[i]) && path_matches(p, q->parents[i]);
}

/* Whether the chain @p is among the parents, in order, the first at @from or later. */
static bool parents_match(const struct rule_program *p, const struct flow_query *q, size_t from,
			  bool sure)
{
	for (; p; p = p->child_of) {
		while (from < q->n_parents && !parent_matches(p, q, from, sure))
			from++;
		if (from++ >= q->n_parents)
			return false;
	}
	return true;
}

static bool matches(const struct rule_program *p, const struct flow_query *q, bool sure)
{
	size_t i;

	if (q->kernel)
		return p->kind == RULE_P_KERNEL && (!p->kernel || p->kernel == q->kernel);
	if (base_matches(p, q, sure) && parents_match(p->child_of, q, 0, sure))
		return true;
	for (i = 0; p->and_children && i < q->n_parents; i++) {
		if (parent_matches(p, q, i, sure) && parents_match(p->child_of, q, i + 1, sure))
			return true;
	}
	return false;
}

bool program_matches(const struct rule_program *p, const struct flow_query *q)
{
	return matches(p, q, false);
}

bool program_is_vouched(const struct rule_program *p, const struct flow_query *q)
{
	return matches(p, q, true);
}

unsigned int program_order(const struct rule_program *p)
{
	static const unsigned int kinds[] = {
		[RULE_P_ANY] = 3, [RULE_P_PATH] = 0, [RULE_P_PATTERN] = 1, [RULE_P_UNIT] = 2,
		[RULE_P_FLATPAK] = 2, [RULE_P_SNAP] = 2, [RULE_P_CONTAINER] = 2,
		[RULE_P_SCRIPT] = 0, [RULE_P_KERNEL] = 0,
	};
	unsigned int kind = kinds[p->kind];

	if (p->kind == RULE_P_KERNEL && !p->kernel)
		kind = 3;
	return kind << 2 | (unsigned int)p->and_children << 1 | !p->child_of;
}
