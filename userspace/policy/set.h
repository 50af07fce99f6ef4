/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files about sets, folders and stores share. Private to userspace/policy, but for
 * folder_open(), file_open() and file_read(), which userspace/lists has its files checked by.
 */
#ifndef SNITCH_POLICY_SET_H
#define SNITCH_POLICY_SET_H

#include <sys/stat.h>

#include "../util/idmap.h"
#include "policy.h"

/**
 * struct set_index - finds rules without walking the set
 * @ids: id to struct rule; always up to date
 * @paths: rules of one executable (program_is_plain_path()), by path, then rank
 * @others: all others, by rank
 * @valid: @paths and @others are up to date
 */
struct set_index {
	struct idmap ids;
	struct rule **paths;
	size_t n_paths;
	struct rule **others;
	size_t n_others;
	bool valid;
};

enum folder { FOLDER_BUILTIN, FOLDER_ADMIN, FOLDER_STORE, FOLDER_RUNTIME };

/* The set's own copy of a file name, for as long as the set lives; NULL without memory. */
const char *set_file(struct ruleset *set, const char *path);

/*
 * Checks a rule, whose scope, scope_uid, runtime, file and line are set, and puts it at the end of
 * the set, which owns it only if that worked; ruleset_sort() or set_place_last() gives it its
 * place.
 */
int set_append(struct ruleset *set, struct rule *rule, struct rule_error *err);

/* Moves the last rule of an otherwise sorted set to its place. */
void set_place_last(struct ruleset *set);

/* Takes a rule out; it belongs to the caller again. */
void set_take(struct ruleset *set, struct rule *rule);

/* The index, brought up to date; NULL without memory. */
const struct set_index *set_index(const struct ruleset *set);

/* The rules of exactly this executable, strongest first. @n gets how many. */
struct rule **set_paths(const struct set_index *index, const char *exe, size_t *n);

/* Writes the path of a folder. @paths may be NULL. Return: 0 or -ENAMETOOLONG. */
int folder_path(const struct policy_paths *paths, enum folder folder, char *buf, size_t size);

/* Opens a folder that only root, snitch or the caller can write. Return: fd; -ENOENT without
 * filling @err; another errno.
 */
int folder_open(const char *path, struct rule_error *err);

/* Opens a plain file that only the right users can write. Return: fd; else as file_read(). */
int file_open(int dir, const char *name, const char *path, struct stat *st,
	      struct rule_error *err);

/**
 * file_read() - read a file of rules that only the right users can write
 * @dir: its folder
 * @name: in @dir
 * @path: for @err
 * @max: bytes
 * @out: gets its NUL-ended text, for free()
 * @len: of @out
 * @err: filled in on failure
 *
 * Return: 0; -ENOENT without filling @err; another errno.
 */
int file_read(int dir, const char *name, const char *path, size_t max, char **out, size_t *len,
	      struct rule_error *err);

/* Whose rules a file has, by its name. Return: 0, or -EINVAL for a name without meaning. */
int file_scope(const char *name, enum folder folder, enum rule_scope *scope, uint32_t *uid);

#endif
