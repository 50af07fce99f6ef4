/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that say nothing, seen from the rules themselves. What is found is sure: a rule that is
 * called redundant or shadowed can go (all of them together, too) and no flow is judged
 * otherwise. What is not found may be there all the same.
 */
#ifndef SNITCH_POLICY_CHECK_H
#define SNITCH_POLICY_CHECK_H

#include "policy.h"

enum check_kind {
	CHECK_REDUNDANT,	/* @other says the same */
	CHECK_SHADOWED,		/* @other, which says something else, always decides before it */
	CHECK_CONTRADICTION,	/* as shadowed, and @other has the very same conditions */
	CHECK_ENDED,		/* its time is over */
};

/* About @rule; @other may be NULL. Both are the set's. */
struct check_finding {
	enum check_kind kind;
	const struct rule *rule;
	const struct rule *other;
};

/**
 * rules_check() - look for them
 * @set: the rules
 * @now: seconds since 1970
 * @out: gets the findings, in the order of @set; for free()
 * @n: how many
 * @all: gets false when there are too many rules to compare all that could cover each other
 *
 * Built-in rules are compared with, and never found.
 * Return: 0 or -ENOMEM.
 */
int rules_check(const struct ruleset *set, uint64_t now, struct check_finding **out, size_t *n,
		bool *all);

/* The same, each compared with each: slow, and what tests compare with. */
int rules_check_each(const struct ruleset *set, uint64_t now, struct check_finding **out,
		     size_t *n, bool *all);

/* "redundant", "shadowed", "contradiction", "ended" */
const char *check_kind_name(enum check_kind kind);

#endif
