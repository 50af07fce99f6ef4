/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What compiling asks about rules that stand against each other. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_COMPILE_H
#define SNITCH_POLICY_COMPILE_H

#include "policy.h"

/**
 * conflicts_find() - users' allow rules that a weaker refusal of the administrator may stop
 * @set: the set
 * @env: what is in force
 * @conflict: one a rule, by rank: gets true where only the daemon can judge the rule; true
 *	without need costs a consultation, false without right would be a hole
 *
 * Return: 0 or -ENOMEM.
 */
int conflicts_find(const struct ruleset *set, const struct policy_env *env, bool *conflict);

/* False only when no flow can match both; @work grows by the comparisons made. */
bool rules_meet(const struct rule *a, const struct rule *b, uint64_t *work);

#endif
