/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remotes as addresses: what "local-net" and the like stand for now. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_PLACES_H
#define SNITCH_POLICY_PLACES_H

#include "policy.h"

/* Addresses from @first to @last; @family 0: all. @loopback: leaving by a loopback device. */
struct range {
	uint8_t family;
	bool loopback;
	uint8_t first[16];
	uint8_t last[16];
};

/**
 * struct ranges - a remote as the kernel can compare it
 * @failed: no memory: the ranges are incomplete
 * @names: besides, there are names (or a negation) that only the daemon can judge
 */
struct ranges {
	struct range *range;
	size_t n;
	size_t room;
	bool failed;
	bool names;
};

/* True when the flow's remote is one the rule speaks of. */
bool rule_remote_matches(const struct rule *rule, const struct policy_env *env,
			 const struct flow_query *q);

/* The rule's remote as ranges, a negated one as the gaps between. For ranges_free(). */
void rule_ranges(const struct rule *rule, const struct policy_env *env, struct ranges *out);
void ranges_free(struct ranges *ranges);

#endif
