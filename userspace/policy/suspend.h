/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Executables that changed since their rules were loaded: their allow rules do not count until
 * somebody says so. It must never forget one because the daemon ended.
 *
 * Kept in /var/lib/snitch/suspended: a path a line, written with snitch_escape().
 */
#ifndef SNITCH_POLICY_SUSPEND_H
#define SNITCH_POLICY_SUSPEND_H

#include <stdbool.h>
#include <stddef.h>

#include "policy.h"

/* Zero it before first use. No path is there twice; only paths that rules name get in. */
struct suspended {
	char **exe;			/* owned */
	size_t n;
};

bool suspended_has(const struct suspended *s, const char *exe);
/* Return: 1 when that is news, 0, or -ENOMEM. */
int suspended_add(struct suspended *s, const char *exe);
/* Return: true when it was there. */
bool suspended_remove(struct suspended *s, const char *exe);
void suspended_clear(struct suspended *s);

/**
 * suspended_load() - read the file into @s, which is empty
 * @root: prefix of the file's path; NULL: none
 *
 * Return: 0, also without a file; -EBADMSG (lines that are no paths are left out), -ENOMEM, or
 * from the file system.
 */
int suspended_load(struct suspended *s, const char *root);

/* Write the file anew, synced; none when @s is empty. Return: 0, or from the file system. */
int suspended_save(const struct suspended *s, const char *root);

/*
 * The kernel binds the path to the changed file. Its allow rules in @c are left to the daemon,
 * which does not let them count; its deny rules stay final in the kernel.
 */
void suspended_withhold(const struct suspended *s, struct policy_compiled *c);

#endif
