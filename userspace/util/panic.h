/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of a panic: everything is cut but loopback. It must never depend
 * on any rule.
 */
#ifndef SNITCH_UTIL_PANIC_H
#define SNITCH_UTIL_PANIC_H

#include <stdbool.h>

#include <linux/snitch.h>

#define SNITCH_PANIC_FILE	"/run/snitch/panic"	/* there while a panic is in force */
#define SNITCH_PANIC_RULES	2

extern const struct snitch_policy snitch_panic_policy;
extern const struct snitch_rule snitch_panic_rules[SNITCH_PANIC_RULES];

/**
 * snitch_panic_in_force - does the mark say that there is a panic?
 * @root: put before the mark's path; NULL: nothing
 */
bool snitch_panic_in_force(const char *root);

#endif
