/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What judging and compiling must see alike. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_DECIDE_H
#define SNITCH_POLICY_DECIDE_H

#include "policy.h"

/* True when @rule has a say now: neither disabled nor expired, nor left out by lockdown. */
bool rule_in_force(const struct rule *rule, const struct policy_env *env);

/* True for "any": it names no program. */
bool rule_is_general(const struct rule *rule);

/* True for deny and drop. */
bool rule_is_refusal(const struct rule *rule);

/* True when @rule alone matches @q (whatever its action and rank). */
bool policy_matches(const struct rule *rule, const struct policy_env *env,
		    const struct flow_query *q);

#endif
