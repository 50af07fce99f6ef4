/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own table of a compiled policy, built here: what it says is what the kernel says. It
 * must never be used to decide a real flow.
 */
#ifndef SNITCH_POLICY_TABLE_H
#define SNITCH_POLICY_TABLE_H

#include "../../kmod/match.h"
#include "policy.h"
#include "snitch.h"

struct policy_table {
	struct snitch_table *table;
	struct snitch_sets *sets;
};

/* For policy_table_free(). Return: 0, or what the kernel would say to such a policy. */
int policy_table_build(const struct policy_compiled *c, struct policy_table *out);
void policy_table_free(struct policy_table *t);

static inline void policy_table_lookup(const struct policy_table *t, const struct snitch_query *q,
				       struct snitch_decision *d)
{
	snitch_table_lookup(t->table, t->sets, q, d);
}

#endif
