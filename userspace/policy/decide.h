/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What judging and compiling must see alike. Private to userspace/policy.
 */
#ifndef SNITCH_POLICY_DECIDE_H
#define SNITCH_POLICY_DECIDE_H

#include "policy.h"

/* True when it speaks of no profile, or of the active one. */
bool rule_in_profile(const struct rule *rule, const struct policy_env *env);
/* True when @rule has a say now: neither disabled nor expired, nor left out by lockdown. */
bool rule_in_force(const struct rule *rule, const struct policy_env *env);

/* True for "any": it names no program. */
bool rule_is_general(const struct rule *rule);

/* True for deny and drop. */
bool rule_is_refusal(const struct rule *rule);

/* True when @rule alone matches @q (whatever its action and rank). */
bool policy_matches(const struct rule *rule, const struct policy_env *env,
		    const struct flow_query *q);

/* True when @rule may speak of frames of packet sockets, whatever else it says. */
bool rule_covers_frames(const struct rule *rule);

/* Conditions of a rule that a flow does not meet. */
#define UNMET_FORCE	(1U << 0)	/* it is not in force */
#define UNMET_PROGRAM	(1U << 1)
#define UNMET_WHO	(1U << 2)
#define UNMET_IMAGE	(1U << 3)	/* until quit: of another process */
#define UNMET_REMOTE	(1U << 4)
#define UNMET_PORT	(1U << 5)
#define UNMET_PROTO	(1U << 6)
#define UNMET_INTERFACE	(1U << 7)
#define UNMET_FRAMES	(1U << 8)	/* it says nothing of frames */

/* UNMET_*; 0 just where policy_matches(). */
unsigned int policy_unmet(const struct rule *rule, const struct policy_env *env,
			  const struct flow_query *q);

/* Why @rule has no say although it matches, by itself; NULL: it has one. */
const char *policy_passed_over(const struct ruleset *set, const struct policy_env *env,
			       const struct flow_query *q, const struct rule *rule);

#endif
