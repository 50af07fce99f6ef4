/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules are in force, as far as it tells whether something may be refused that was not before:
 * a refusal is new, or what stood before one is gone. Then live flows are worth a look.
 */
#ifndef SNITCH_POLICY_REFUSALS_H
#define SNITCH_POLICY_REFUSALS_H

#include "policy.h"

/**
 * struct policy_refusals - what rules in force say; zero it before first use
 * @refusing: owned; hashes in order, of those that refuse
 * @others: owned; of the rest; none where nothing refuses
 */
struct policy_refusals {
	uint64_t *refusing;
	uint64_t *others;
	size_t n_refusing;
	size_t n_others;
};

/* Return: 0 or -ENOMEM. */
int policy_refusals_take(const struct ruleset *set, const struct policy_env *env,
			 struct policy_refusals *out);
void policy_refusals_clear(struct policy_refusals *r);

bool policy_refuses_more(const struct policy_refusals *before, const struct policy_refusals *now);

#endif
