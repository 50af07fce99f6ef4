/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What compiling asks about rules that stand against each other. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_COMPILE_H
#define SNITCH_POLICY_COMPILE_H

#include "policy.h"
#include "snitch.h"

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

/**
 * compiled_set() - the set of these ranges, a new one or one that is there already
 * @out: gets it
 * @env: how many ranges there may be in all
 * @ranges: in any order, of IPv4 and IPv6, from malloc(); taken, also on failure
 * @n: how many
 * @id: gets the set's id; 0: there are as many sets, or ranges, as there may be
 *
 * Sets of equal contents have the same id and tag in all policies that one process compiles, so
 * that the kernel can keep them.
 * Return: 0 or -ENOMEM.
 */
int compiled_set(struct policy_compiled *out, const struct policy_env *env,
		 struct snitch_range *ranges, size_t n, uint32_t *id);
/* Part of a hash that nobody can foresee: another one in each process. */
uint64_t compiled_mix(uint64_t h, uint64_t v);
void compiled_sets_free(struct policy_compiled *out);

#endif
