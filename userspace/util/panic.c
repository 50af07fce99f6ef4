// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy of a panic: everything is cut but loopback. It must never depend
 * on any rule.
 */
#include "panic.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

const struct snitch_policy snitch_panic_policy = {
	.mode = SNITCH_MODE_LOCKDOWN,
	.fail = SNITCH_DENY,
	.kernel = SNITCH_DENY,
	.rules = SNITCH_PANIC_RULES,
	.unmatched = SNITCH_DENY,
	.forward = SNITCH_FORWARD_RULES,
};

/* Loopback, for programs and for the kernel. */
const struct snitch_rule snitch_panic_rules[SNITCH_PANIC_RULES] = {
	{ .id = 1, .rank = 0, .app = SNITCH_APP_ANY, .action = SNITCH_ALLOW, .port_last = 65535,
	  .flags = SNITCH_R_LOOPBACK | SNITCH_R_BUILTIN },
	{ .id = 2, .rank = 1, .app = SNITCH_APP_KERNEL, .action = SNITCH_ALLOW,
	  .port_last = 65535, .flags = SNITCH_R_LOOPBACK | SNITCH_R_BUILTIN },
};

bool snitch_panic_in_force(const char *root)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root ? root : "", SNITCH_PANIC_FILE);
	return !access(path, F_OK);
}
