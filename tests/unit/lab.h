/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of the daemon share: a root folder of their own below /tmp, and the parts of a policy
 * sink that have nothing to do. It must never touch a file outside that folder.
 */
#ifndef SNITCH_TESTS_LAB_H
#define SNITCH_TESTS_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/snitch.h>

#define LAB_ROOT	64	/* bytes of a root's path */

/* Makes a root with @dirs, parents first; @root gets its path. */
static inline void lab_root(char root[LAB_ROOT], const char *const *dirs, size_t n)
{
	char path[256];
	size_t i;

	strcpy(root, "/tmp/snitch-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	chmod(root, 0755);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
}

/* A file that anybody may read. */
static inline void lab_write(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0644);
}

/* A file of @n addresses that do not touch, a line each: 10.0.0.1, 10.0.1.1... */
static inline void lab_write_addresses(const char *root, const char *name, size_t n)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (i = 0; i < n; i++)
		fprintf(f, "10.%zu.%zu.1\n", i >> 8, i & 255);
	fclose(f);
	lab_write(root, name, text);
	free(text);
}

static inline void lab_unlink(const char *root, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(remove(path), 0);
}

static inline void lab_remove(const char *root)
{
	char command[128];

	/* it is ours, from mkdtemp(); never across a mount */
	assert_int_equal(strncmp(root, "/tmp/snitch-test-", 17), 0);
	snprintf(command, sizeof(command), "rm -r --one-file-system -- %s", root);
	assert_int_equal(system(command), 0);
}

/* ---- members of struct snitch_policy_sink ---- */

static inline int lab_no_apps(void *ctx, const char *const *paths, size_t n)
{
	(void)ctx;
	(void)paths;
	(void)n;
	return 0;
}

static inline int lab_no_rules(void *ctx, const struct snitch_rule *rules, size_t n)
{
	(void)ctx;
	(void)rules;
	(void)n;
	return 0;
}

static inline void lab_no_abort(void *ctx)
{
	(void)ctx;
}

static inline const char *lab_no_error(void *ctx)
{
	(void)ctx;
	return "";
}

#endif
