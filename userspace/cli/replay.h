/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of the past under the rules of today: those that snitchd tells of, judged here by the same
 * code. It must never change a rule.
 */
#ifndef SNITCH_CLI_REPLAY_H
#define SNITCH_CLI_REPLAY_H

#include "../policy/policy.h"
#include "past.h"

/**
 * struct replay - the rules, twice
 * @before: as they are, in mode @mode
 * @after: the same and what was added
 * @added: how many were
 */
struct replay {
	struct ruleset *before, *after;
	struct policy_env env;
	struct places *places;
	size_t added;
};

/**
 * struct replay_verdict - what would happen
 * @action: SNITCH_ALLOW, DENY, DROP, ASK
 * @by_rule: a rule says so; else the mode does
 */
struct replay_verdict {
	uint32_t action;
	bool by_rule;
	uint64_t rule;
};

/** replay_open - ask snitchd for rules and mode; errors are printed; enum cli_exit */
int replay_open(struct cli *cli, struct replay *r);
void replay_close(struct replay *r);

/** replay_add - one more rule (taken, also on failure) in @after; as of @uid, or the system's */
int replay_add(struct replay *r, struct rule *rule, bool of_user, uint32_t uid);

/** replay_can - can this flow be judged by what the history knows of it? */
bool replay_can(const struct history_flow *flow);

/** replay_judge - @flow under @set */
void replay_judge(const struct replay *r, const struct ruleset *set,
		  const struct history_flow *flow, struct replay_verdict *out);

#endif
