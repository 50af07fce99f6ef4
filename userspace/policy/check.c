// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules that can go. It must never find one whose absence some flow would feel; see decide.c for
 * what a rule does besides deciding: refusals of the administrator stop users' allow rules, and
 * whole denials stop general ones.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "cover.h"
#include "cover_index.h"
#include "decide.h"
#include "program.h"
#include "set.h"

#define WORK_MAX	1000000000	/* pairs; then the rest is not compared */

/**
 * struct check - one run
 * @index: NULL: each rule is compared with each
 * @in_force: by rank: has a say, and was not found
 * @whole: tiers, as bits, in which some program is denied as a whole
 * @user_allows: there is an allow rule of a user
 */
struct check {
	const struct ruleset *set;
	struct cover_index *index;
	bool *in_force;
	unsigned int whole;
	bool user_allows;
	struct check_finding *found;
	size_t n, room;
	uint64_t work;
};

const char *check_kind_name(enum check_kind kind)
{
	static const char *const names[] = {
		[CHECK_REDUNDANT] = "redundant", [CHECK_SHADOWED] = "shadowed",
		[CHECK_CONTRADICTION] = "contradiction", [CHECK_ENDED] = "ended",
	};

	return names[kind];
}

static int add(struct check *c, enum check_kind kind, const struct rule *rule,
	       const struct rule *other)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 16;
		struct check_finding *more = reallocarray(c->found, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->found = more;
		c->room = room;
	}
	c->found[c->n++] = (struct check_finding){ kind, rule, other };
	c->in_force[rule->rank] = false;
	return 0;
}

static bool is_user(const struct rule *rule)
{
	return rule->scope == RULE_S_USER;
}

static bool stops_users(const struct rule *rule)
{
	return rule_is_refusal(rule) && !is_user(rule);
}

/* Without @rule, all that it does besides deciding is done by @other, which covers it. */
static bool side_effects_stay(const struct check *c, const struct rule *rule,
			      const struct rule *other)
{
	if (rule_is_whole(rule) &&
	    !(rule_is_whole(other) && rule_tier(rule) == rule_tier(other)))
		return false;
	if (!stops_users(rule) || !c->user_allows)
		return true;
	/* which refusal stops a user's rule decides between deny and drop */
	return stops_users(other) && other->action == rule->action;
}

/* Where allow @rule has a say, allow @other, which covers it, has one, too. */
static bool has_say_too(const struct check *c, const struct rule *rule, const struct rule *other)
{
	if (!rule_is_general(other))
		return true;
	if (rule_is_general(rule) && rule_tier(rule) == rule_tier(other))
		return true;
	return !(c->whole & 1U << rule_tier(other));
}

/* @other stands before @rule and covers it: @rule never decides, nor is it missed. */
static bool hidden_by(const struct check *c, const struct rule *rule, const struct rule *other)
{
	if (other->action == SNITCH_ALLOW &&
	    (rule->action != SNITCH_ALLOW || !has_say_too(c, rule, other)))
		return false;
	return side_effects_stay(c, rule, other);
}

/* The first of @n sorted rules that is weaker than @rule. */
static size_t find_weaker(struct rule *const *rules, size_t n, const struct rule *rule)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rules[middle]->rank <= rule->rank)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* None of @n sorted rules that is between them would decide otherwise. */
static bool none_between(struct check *c, const struct rule *rule, const struct rule *other,
			 struct rule *const *rules, size_t n)
{
	size_t i;

	for (i = find_weaker(rules, n, rule); i < n && rules[i]->rank < other->rank; i++) {
		const struct rule *between = rules[i];

		if (!c->in_force[between->rank])
			continue;
		if (between->action == rule->action && is_user(between) == is_user(rule))
			continue;
		if (rules_meet(rule, between, &c->work))
			return false;
	}
	return true;
}

/* No rule between @rule and the weaker @other would decide otherwise, if @rule were not there. */
static bool nothing_between(struct check *c, const struct rule *rule, const struct rule *other)
{
	const struct rule_program *p = &rule->program;
	const struct set_index *index = set_index(c->set);
	struct rule **alike;
	size_t n;

	if (!c->index || !index || p->kind != RULE_P_PATH || p->and_children)
		return none_between(c, rule, other, c->set->rules, c->set->n_rules);
	/* one executable has nothing to do with rules of another one */
	alike = set_paths(index, p->name, &n);
	return none_between(c, rule, other, alike, n) &&
	       none_between(c, rule, other, index->others, index->n_others);
}

/* @other, weaker, says the same for all that @rule says it for. */
static bool needless_by(struct check *c, const struct rule *rule, const struct rule *other)
{
	if (rule->action != other->action || is_user(rule) != is_user(other))
		return false;
	if (rule->action == SNITCH_ALLOW && !has_say_too(c, rule, other))
		return false;
	return side_effects_stay(c, rule, other) && nothing_between(c, rule, other);
}

static enum check_kind kind_of(const struct rule *rule, const struct rule *other)
{
	if (rule->action == other->action)
		return CHECK_REDUNDANT;
	return rule_same_conditions(rule, other) ? CHECK_CONTRADICTION : CHECK_SHADOWED;
}

/* The rank of the next rule, at @rank or later, that may cover the one being looked at. */
static size_t next(const struct check *c, size_t rank)
{
	return c->index ? cover_index_next(c->index, rank) : rank;
}

static int check_rule(struct check *c, const struct rule *rule)
{
	size_t i;

	for (i = next(c, 0); i < c->set->n_rules; i = next(c, i + 1)) {
		const struct rule *other = c->set->rules[i];

		if (c->work++ > WORK_MAX)
			return 0;
		if (other == rule || !c->in_force[i] || !rule_covers(other, rule))
			continue;
		if (other->rank < rule->rank ? hidden_by(c, rule, other) :
					       needless_by(c, rule, other))
			return add(c, kind_of(rule, other), rule, other);
	}
	return 0;
}

/* What decides the very same flows otherwise, though the rule may have a say now and then. */
static int find_contradiction(struct check *c, const struct rule *rule)
{
	size_t i;

	/* no user's rule beats the administrator's refusal, whatever their order */
	if (rule->action != SNITCH_ALLOW || !is_user(rule))
		return 0;
	for (i = next(c, rule->rank + 1); i < c->set->n_rules; i = next(c, i + 1)) {
		const struct rule *other = c->set->rules[i];
		bool in_force = c->in_force[rule->rank];
		int r;

		if (c->work++ > WORK_MAX)
			return 0;
		if (!c->in_force[i] || !stops_users(other) || other->scope == RULE_S_BUILTIN ||
		    !rule_same_conditions(rule, other))
			continue;
		r = add(c, CHECK_CONTRADICTION, rule, other);
		c->in_force[rule->rank] = in_force;
		return r;
	}
	return 0;
}

static void look_around(struct check *c, uint64_t now)
{
	size_t i;

	for (i = 0; i < c->set->n_rules; i++) {
		const struct rule *rule = c->set->rules[i];

		/* what began runs: a lifetime that ends is the rules' own business */
		c->in_force[i] = !rule_why_inactive(rule, now, 0);
		if (!c->in_force[i])
			continue;
		if (rule_is_whole(rule))
			c->whole |= 1U << rule_tier(rule);
		c->user_allows |= is_user(rule) && rule->action == SNITCH_ALLOW;
	}
}

static int compare_findings(const void *a, const void *b)
{
	const struct check_finding *x = a, *y = b;

	return x->rule->rank < y->rule->rank ? -1 : x->rule->rank > y->rule->rank;
}

static int check_all(struct check *c, uint64_t now)
{
	size_t i;
	int r = 0;

	/* from the weakest up: of two that say the same the stronger one stays */
	for (i = c->set->n_rules; i-- && !r;) {
		const struct rule *rule = c->set->rules[i];

		if (rule->scope == RULE_S_BUILTIN)
			continue;
		if (c->index)
			cover_index_mark(c->index, rule);
		if (rule->lifetime == RULE_L_DATE && now >= rule->seconds)
			r = add(c, CHECK_ENDED, rule, NULL);
		else if (c->in_force[i])
			r = check_rule(c, rule);
		if (!r && c->in_force[i])
			r = find_contradiction(c, rule);
	}
	return r;
}

static int check(struct check *c, uint64_t now, struct check_finding **out, size_t *n, bool *all)
{
	int r = -ENOMEM;

	*out = NULL;
	*n = 0;
	c->in_force = calloc(c->set->n_rules + 1, sizeof(bool));
	if (c->in_force) {
		look_around(c, now);
		r = check_all(c, now);
	}
	free(c->in_force);
	if (r) {
		free(c->found);
		return r;
	}
	if (c->n)
		qsort(c->found, c->n, sizeof(*c->found), compare_findings);
	*out = c->found;
	*n = c->n;
	*all = c->work <= WORK_MAX;
	return 0;
}

int rules_check(const struct ruleset *set, uint64_t now, struct check_finding **out, size_t *n,
		bool *all)
{
	struct check c = { .set = set, .index = cover_index_new(set) };
	int r = c.index ? check(&c, now, out, n, all) : -ENOMEM;

	cover_index_free(c.index);
	return r;
}

int rules_check_each(const struct ruleset *set, uint64_t now, struct check_finding **out,
		     size_t *n, bool *all)
{
	struct check c = { .set = set };

	return check(&c, now, out, n, all);
}
