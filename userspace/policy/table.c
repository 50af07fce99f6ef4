// SPDX-License-Identifier: GPL-2.0-or-later
/* See table.h. */
#include "table.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "../../kmod/sets.h"

static int add_set(struct snitch_sets_build *b, const struct snitch_set_data *from)
{
	struct snitch_set_head head = { .id = from->id, .tag = from->tag };
	const char *why;
	size_t i;
	int r;

	for (i = 0; i < from->n; i++)
		*(from->ranges[i].family == AF_INET ? &head.ranges4 : &head.ranges6) += 1;
	r = snitch_sets_build_set(b, &head, &why);
	for (i = 0; i < from->n && !r; i++) {
		const struct snitch_range *range = &from->ranges[i];
		struct snitch_range4 r4;
		struct snitch_range6 r6;

		memcpy(r4.first, range->first, sizeof(r4.first));
		memcpy(r4.last, range->last, sizeof(r4.last));
		memcpy(r6.first, range->first, sizeof(r6.first));
		memcpy(r6.last, range->last, sizeof(r6.last));
		r = snitch_sets_build_ranges(b, false, &r4, range->family == AF_INET, &r6,
					     range->family == AF_INET6, &why);
	}
	return r;
}

static int build_sets(const struct policy_compiled *c, struct snitch_sets **out)
{
	struct snitch_sets_build *b;
	const char *why;
	size_t i, ranges = 0;
	int r = 0;

	for (i = 0; i < c->n_sets; i++)
		ranges += c->sets[i].n;
	b = snitch_sets_build_new(NULL, false, c->n_sets, ranges);
	if (!b)
		return -ENOMEM;
	for (i = 0; i < c->n_sets && !r; i++)
		r = add_set(b, &c->sets[i]);
	if (!r)
		r = snitch_sets_build_finish(b, 1, out, &why);
	snitch_sets_build_free(b);
	return r;
}

int policy_table_build(const struct policy_compiled *c, struct policy_table *out)
{
	int r;

	memset(out, 0, sizeof(*out));
	r = build_sets(c, &out->sets);
	if (!r)
		out->table = snitch_table_build(c->rules, c->n_rules, c->n_apps, out->sets, &r);
	if (r)
		policy_table_free(out);
	return r;
}

void policy_table_free(struct policy_table *t)
{
	snitch_table_free(t->table);
	snitch_sets_free(t->sets);
	memset(t, 0, sizeof(*t));
}
