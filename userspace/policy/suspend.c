// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of executables that changed, in memory and in its file. It must never leave the file
 * half written.
 */
#include "suspend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "../util/save.h"

#define FOLDER	"/var/lib/snitch"
#define NAME	"suspended"

static bool find(const struct suspended *s, const char *exe, size_t *at)
{
	for (*at = 0; *at < s->n; ++*at) {
		if (!strcmp(s->exe[*at], exe))
			return true;
	}
	return false;
}

bool suspended_has(const struct suspended *s, const char *exe)
{
	size_t at;

	return find(s, exe, &at);
}

int suspended_add(struct suspended *s, const char *exe)
{
	char **more;
	size_t at;

	if (find(s, exe, &at))
		return 0;
	more = reallocarray(s->exe, s->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->exe = more;
	s->exe[s->n] = strdup(exe);
	if (!s->exe[s->n])
		return -ENOMEM;
	s->n++;
	return 1;
}

bool suspended_remove(struct suspended *s, const char *exe)
{
	size_t at;

	if (!find(s, exe, &at))
		return false;
	free(s->exe[at]);
	s->exe[at] = s->exe[--s->n];
	return true;
}

void suspended_clear(struct suspended *s)
{
	while (s->n)
		free(s->exe[--s->n]);
	free(s->exe);
	s->exe = NULL;
}

int suspended_load(struct suspended *s, const char *root)
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	size_t size = 0, plain;
	ssize_t len;
	int r = 0;

	path = snitch_format("%s" FOLDER "/" NAME, root ? root : "");
	if (!path)
		return -ENOMEM;
	f = snitch_read(path);
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while ((len = getline(&line, &size, f)) > 0) {
		_cleanup_free_ char *exe = NULL;

		line[strcspn(line, "\n")] = '\0';
		exe = snitch_unescape(line, &plain);
		if (!exe || exe[0] != '/' || strlen(exe) != plain)
			r = -EBADMSG;
		else if (suspended_add(s, exe) < 0)
			return -ENOMEM;
	}
	return ferror(f) ? -EIO : r;
}

static int write_list(FILE *f, const void *ctx)
{
	const struct suspended *s = ctx;
	size_t i;

	for (i = 0; i < s->n; i++) {
		_cleanup_free_ char *exe = snitch_escape_str(s->exe[i]);

		if (!exe)
			return -ENOMEM;
		fprintf(f, "%s\n", exe);
	}
	return 0;
}

int suspended_save(const struct suspended *s, const char *root)
{
	_cleanup_free_ char *folder = NULL;

	folder = snitch_format("%s" FOLDER, root ? root : "");
	if (!folder)
		return -ENOMEM;
	return snitch_save(folder, NAME, s->n ? write_list : NULL, s);
}

void suspended_withhold(const struct suspended *s, struct policy_compiled *c)
{
	uint32_t app;
	size_t i, k;

	for (i = 0; i < s->n; i++) {
		app = policy_app(c, s->exe[i]);
		for (k = 0; app && k < c->n_rules; k++) {
			if (c->rules[k].app == app && c->rules[k].action == SNITCH_ALLOW)
				c->rules[k].flags |= SNITCH_R_DAEMON;
		}
	}
}
