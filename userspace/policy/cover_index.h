/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules of a set may cover another one, without a look at each: by program, then by remote or
 * port. Private to userspace/policy. It must never miss one.
 */
#ifndef SNITCH_POLICY_COVER_INDEX_H
#define SNITCH_POLICY_COVER_INDEX_H

#include "policy.h"

struct cover_index;

/* Return: for cover_index_free(), as long as @set stays as it is; NULL without memory. */
struct cover_index *cover_index_new(const struct ruleset *set);
void cover_index_free(struct cover_index *index);	/* NULL is allowed */

/* Marks the rules that may cover @rule, one of the set, or have the same conditions; no others. */
void cover_index_mark(struct cover_index *index, const struct rule *rule);

/* The rank of the first marked rule at @from or later; the number of rules: there is none. */
size_t cover_index_next(const struct cover_index *index, size_t from);

#endif
