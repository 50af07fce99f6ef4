/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rule matches all that another one matches. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_COVER_H
#define SNITCH_POLICY_COVER_H

#include "policy.h"

/*
 * True only when every flow that @b matches, at any time and in any mode, is matched by @a, too.
 * False may mean that it cannot be told. Both are in force, or begin to be without a change.
 */
bool rule_covers(const struct rule *a, const struct rule *b);

/* True when both have the same conditions, whatever their actions are and make of frames. */
bool rule_same_conditions(const struct rule *a, const struct rule *b);

#endif
