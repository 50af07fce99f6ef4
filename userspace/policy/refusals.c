// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules in force, compared. It must never take more for less: a look too many does no harm. */
#include "refusals.h"

#include <errno.h>
#include <stdlib.h>

#include "decide.h"

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What it says, and for whom. */
static uint64_t hash_of(const struct rule *rule)
{
	const uint64_t more[] = {
		rule->scope, rule->scope_uid, rule->who_known ? rule->who_id : 0, rule->image.pid,
		rule->image.start, rule->image.exec_id,
	};
	/* without a written one the id is that hash already */
	uint64_t h = rule->id_written ? rule_hash(rule) : rule->id;
	size_t i;

	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		h = (h ^ more[i]) * 0x100000001b3ULL;
	return h;
}

int policy_refusals_take(const struct ruleset *set, const struct policy_env *env,
			 struct policy_refusals *out)
{
	size_t i, n = 0;

	*out = (struct policy_refusals){ .n_refusing = 0 };
	for (i = 0; i < set->n_rules; i++)
		n += rule_is_refusal(set->rules[i]) && rule_in_force(set->rules[i], env);
	if (!n)
		return 0;
	out->refusing = malloc(n * sizeof(*out->refusing));
	out->others = malloc((set->n_rules - n + 1) * sizeof(*out->others));
	if (!out->refusing || !out->others) {
		policy_refusals_clear(out);
		return -ENOMEM;
	}
	for (i = 0; i < set->n_rules; i++) {
		const struct rule *rule = set->rules[i];

		if (!rule_in_force(rule, env))
			continue;
		if (rule_is_refusal(rule))
			out->refusing[out->n_refusing++] = hash_of(rule);
		else
			out->others[out->n_others++] = hash_of(rule);
	}
	qsort(out->refusing, out->n_refusing, sizeof(*out->refusing), compare);
	qsort(out->others, out->n_others, sizeof(*out->others), compare);
	return 0;
}

void policy_refusals_clear(struct policy_refusals *r)
{
	free(r->refusing);
	free(r->others);
	*r = (struct policy_refusals){ .n_refusing = 0 };
}

/* Both in order. */
static bool has_all(const uint64_t *all, size_t n_all, const uint64_t *some, size_t n)
{
	size_t i, at = 0;

	for (i = 0; i < n; i++) {
		while (at < n_all && all[at] < some[i])
			at++;
		if (at == n_all || all[at] != some[i])
			return false;
	}
	return true;
}

bool policy_refuses_more(const struct policy_refusals *before, const struct policy_refusals *now)
{
	if (!now->n_refusing)
		return false;
	return !has_all(before->refusing, before->n_refusing, now->refusing, now->n_refusing) ||
	       !has_all(now->others, now->n_others, before->others, before->n_others);
}
