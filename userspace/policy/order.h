/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of the order of rules, for those who explain it. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_ORDER_H
#define SNITCH_POLICY_ORDER_H

#include "policy.h"

/* What two rules are compared by, first to last; up to __ORDER_KEYS in rule_order_key(). */
enum order_step {
	ORDER_TIER,		/* high, regular, built-in */
	ORDER_REMOTE,		/* class of the broadest remote */
	ORDER_COUNT,		/* how many remotes */
	ORDER_SIZE,		/* the broadest remote's range or domain */
	ORDER_PROGRAM,
	ORDER_PORTS,		/* how many */
	ORDER_PROTO,		/* one, or any */
	ORDER_WHO,		/* user, group, anyone */
	ORDER_INTERFACE,	/* one, or any */
	ORDER_ACTION,		/* deny and drop, ask, allow */
	__ORDER_KEYS,
	ORDER_SCOPE = __ORDER_KEYS,	/* whose file: administrator, system, user, built-in */
	ORDER_ID,
	ORDER_SAME,
};

/* The first step in which they differ: rule_compare() is about that. */
enum order_step rule_order_step(const struct rule *a, const struct rule *b);

/* Class of the remote, 0 the most specific: RULE_I_ADDRESS and its like have one in common. */
unsigned int rule_order_class(const struct rule *rule);

#endif
