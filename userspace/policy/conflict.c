// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Users' allow rules against the administrator's refusals. It must never miss two rules that can
 * match the same flow.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "decide.h"
#include "program.h"

#define WORK_MAX	20000000	/* comparisons; from then on all are in conflict */

static bool programs_meet(const struct rule_program *a, const struct rule_program *b)
{
	if (a->kind == RULE_P_KERNEL || b->kind == RULE_P_KERNEL)
		return a->kind == b->kind;
	if (a->kind == RULE_P_PATH && b->kind == RULE_P_PATH && !a->and_children &&
	    !b->and_children)
		return !strcmp(a->name, b->name);
	return true;
}

/* "icmp" means that of both families. */
static bool protos_meet(int a, int b)
{
	if ((a == IPPROTO_ICMP && b == IPPROTO_ICMPV6) ||
	    (b == IPPROTO_ICMP && a == IPPROTO_ICMPV6))
		return true;
	return a < 0 || b < 0 || a == b;
}

static bool ports_meet(const struct rule *a, const struct rule *b)
{
	size_t i, j;

	if (!a->n_ports || !b->n_ports)
		return true;
	for (i = 0; i < a->n_ports; i++) {
		for (j = 0; j < b->n_ports; j++) {
			if (rule_ports(a)[i].first <= rule_ports(b)[j].last &&
			    rule_ports(b)[j].first <= rule_ports(a)[i].last)
				return true;
		}
	}
	return false;
}

static bool items_meet(const struct rule_item *a, const struct rule_item *b)
{
	if (!item_is_address(a) || !item_is_address(b))
		return true;
	return a->family == b->family && memcmp(a->first, b->last, sizeof(a->first)) <= 0 &&
	       memcmp(b->first, a->last, sizeof(b->first)) <= 0;
}

static bool remotes_meet(const struct rule *a, const struct rule *b, uint64_t *work)
{
	size_t i, j;

	if (a->negated || b->negated)
		return true;
	for (i = 0; i < a->n_items; i++) {
		for (j = 0; j < b->n_items; j++, ++*work) {
			if (items_meet(&a->items[i], &b->items[j]))
				return true;
		}
	}
	return false;
}

bool rules_meet(const struct rule *a, const struct rule *b, uint64_t *work)
{
	++*work;
	if (a->who == RULE_W_USER && b->who == RULE_W_USER && a->who_id != b->who_id)
		return false;
	return programs_meet(&a->program, &b->program) && protos_meet(a->proto, b->proto) &&
	       ports_meet(a, b) && remotes_meet(a, b, work);
}

int conflicts_find(const struct ruleset *set, const struct policy_env *env, bool *conflict)
{
	const struct rule **refusals = calloc(set->n_rules + 1, sizeof(*refusals));
	uint64_t work = 0;
	size_t n = 0, i, j;

	if (!refusals)
		return -ENOMEM;
	/* from the weakest up: refusals collected so far are the weaker ones */
	for (i = set->n_rules; i--;) {
		const struct rule *rule = set->rules[i];

		conflict[i] = false;
		if (!rule_in_force(rule, env))
			continue;
		if (rule_is_refusal(rule) && rule->scope != RULE_S_USER)
			refusals[n++] = rule;
		if (rule->action != SNITCH_ALLOW || rule->scope != RULE_S_USER)
			continue;
		for (j = 0; j < n && !conflict[i]; j++)
			conflict[i] = work > WORK_MAX || rules_meet(rule, refusals[j], &work);
	}
	free(refusals);
	return 0;
}
