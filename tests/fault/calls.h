/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that change files, and what a stopped process means by one. It must never stop it. */
#ifndef SNITCH_FAULT_CALLS_H
#define SNITCH_FAULT_CALLS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/seccomp.h>
#include <sys/types.h>

/* What may be missing or full; see calls.c. */
#define CALL_TAKES_SPACE	(1U << 0)
#define CALL_WRITES		(1U << 1)

/**
 * struct call - one kind
 * @dir, @path: places of the arguments; @dir -1: none; @path -1: @dir is the file itself
 * @to_dir, @to_path: of its second name; @to_path 0: none
 * @flags: place of open's flags; 0: none
 */
struct call {
	const char *name;
	int dir, path, to_dir, to_path, flags;
	unsigned int traits;
};

/* The table; ends with a name NULL. */
extern const struct call calls[];

/**
 * call_names - what @call is about, as absolute paths
 * @to: "" when there is only one
 * Return: false: it changes no file, or the process is gone.
 */
bool call_names(const struct call *call, const struct seccomp_notif *req, char from[PATH_MAX],
		char to[PATH_MAX]);

/** call_memory - read the process's memory; returns bytes read, at most @len */
ssize_t call_memory(pid_t pid, __u64 addr, void *buf, size_t len);

#endif
