// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes simple expressions apart. It must never take one for less, or more, than it matches. */
#include "plain.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STRING_MAX	1024

struct strings {
	char *s[PLAIN_MAX];
	size_t n;
};

static void clear(struct strings *set)
{
	while (set->n)
		free(set->s[--set->n]);
}

/* One literal character at *@re. Return: the character, or 0 for what is more than that. */
static char literal(const char **re)
{
	const char *s = *re;

	if (*s == '\\') {
		/* \d and its like mean classes; only what is no letter or digit is itself */
		if (!s[1] || isalnum((unsigned char)s[1]) || (unsigned char)s[1] >= 0x80)
			return 0;
		*re += 2;
		return s[1];
	}
	if (!*s || strchr(".*+?()[]{}|^$", *s))
		return 0;
	(*re)++;
	return *s;
}

/* Literals up to what is none, as a new string; NULL without memory or when too long. */
static char *literals(const char **re)
{
	char buf[STRING_MAX], c;
	size_t n = 0;

	while (n < sizeof(buf) - 1 && (c = literal(re)))
		buf[n++] = c;
	buf[n] = '\0';
	return n < sizeof(buf) - 1 ? strdup(buf) : NULL;
}

/* Each of @set with each of @more behind it. Return: 0, -EINVAL (too many, too long), -ENOMEM. */
static int multiply(struct strings *set, const struct strings *more)
{
	struct strings all = { .n = 0 };
	size_t i, k;

	if (set->n * more->n > PLAIN_MAX)
		return -EINVAL;
	for (i = 0; i < set->n; i++) {
		for (k = 0; k < more->n; k++) {
			size_t a = strlen(set->s[i]), b = strlen(more->s[k]);
			char *s = a + b < STRING_MAX ? malloc(a + b + 1) : NULL;

			if (!s) {
				clear(&all);
				return a + b < STRING_MAX ? -ENOMEM : -EINVAL;
			}
			memcpy(s, set->s[i], a);
			memcpy(s + a, more->s[k], b + 1);
			all.s[all.n++] = s;
		}
	}
	clear(set);
	*set = all;
	return 0;
}

/* "(a|b|c)" or a run of literals at *@re. */
static int read_part(const char **re, struct strings *part)
{
	bool group = **re == '(';

	*re += group;
	if (group && !strncmp(*re, "?:", 2))
		*re += 2;
	for (;;) {
		const char *start = *re;
		char *s;

		if (part->n == PLAIN_MAX)
			return -EINVAL;
		s = literals(re);
		if (!s)
			return *re - start >= STRING_MAX - 1 ? -EINVAL : -ENOMEM;
		part->s[part->n++] = s;
		if (!group)
			return *s ? 0 : -EINVAL;
		if (**re != '|')
			break;
		(*re)++;
	}
	if (**re != ')')
		return -EINVAL;
	(*re)++;
	return 0;
}

/* A repeat would make the last character, or the group, optional or many. */
static bool is_repeat(char c)
{
	return c && strchr("*+?{", c);
}

static int read_all(const char *re, struct strings *set)
{
	set->s[0] = strdup("");
	if (!set->s[0])
		return -ENOMEM;
	set->n = 1;
	while (strcmp(re, "$")) {
		struct strings part = { .n = 0 };
		int r = read_part(&re, &part);

		if (!r && is_repeat(*re))
			r = -EINVAL;
		if (!r)
			r = multiply(set, &part);
		clear(&part);
		if (r)
			return r;
	}
	return 0;
}

int plain_read(const char *re, bool *domain, bool *apex, char *out[PLAIN_MAX])
{
	static const struct {
		const char *text;
		bool apex;
	} before[] = {
		{ "(|.*\\.)", true }, { "(.*\\.|)", true }, { "(.*\\.)?", true },
		{ "(?:.*\\.)?", true }, { ".*\\.", false }, { ".+\\.", false },
		{ "(.*\\.)", false },
	};
	struct strings set = { .n = 0 };
	size_t i, n;
	int r;

	*domain = *apex = false;
	if (*re++ != '^')
		return 0;
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		n = strlen(before[i].text);
		if (strncmp(re, before[i].text, n) || is_repeat(re[n]))
			continue;
		*domain = true;
		*apex = before[i].apex;
		re += n;
		break;
	}
	r = read_all(re, &set);
	if (r) {
		clear(&set);
		*domain = *apex = false;
		return r == -ENOMEM ? r : 0;
	}
	memcpy(out, set.s, set.n * sizeof(set.s[0]));
	return set.n;
}
