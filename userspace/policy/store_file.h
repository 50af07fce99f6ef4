/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file of rules, read to be written again. Private to userspace/policy: store.c changes sets and
 * their files together.
 */
#ifndef SNITCH_POLICY_STORE_FILE_H
#define SNITCH_POLICY_STORE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy.h"

/**
 * struct store - one file, read to be written again
 * @dir: its folder; -1: none
 * @path: for errors
 * @name: within @path
 * @text: @len bytes, NUL-ended; owned
 * @exists: there is a version to keep
 */
struct store {
	int dir;
	char path[PATH_MAX];
	const char *name;
	char *text;
	size_t len;
	bool exists;
};

/* An errno's error about @path, with what to do next. Return: @r. */
int store_fail(struct rule_error *err, int r, const char *path, const char *next);

/* Reads the file, or begins an empty one. For store_close(), also after a failure. */
int store_open(struct store *s, const char *path, size_t max, struct rule_error *err);
void store_close(struct store *s);

/* Writes beside, syncs, renames, syncs the folder; the version before stays as FILE.last. */
int store_write(const struct store *s, struct rule_error *err);

/*
 * In @s only: takes out the lines of @n rules, which stand in the order of their lines (after a failure
 * @s is good for store_close() only); or puts a line at the end, @max being the file's bound in bytes.
 */
int store_drop(struct store *s, struct rule *const *rules, size_t n, struct rule_error *err);
int store_append(struct store *s, const struct rule *rule, size_t max, struct rule_error *err);

unsigned int store_lines(const struct store *s);

#endif
