// SPDX-License-Identifier: GPL-2.0-or-later
/* A whole policy transaction through a sink: all or nothing. */
#include "snitch.h"

static int send_all(const struct snitch_policy_sink *sink, const struct snitch_policy *policy,
		    const char *const *apps, const struct snitch_rule *rules,
		    const struct snitch_set_data *sets, uint64_t *generation, uint32_t *unbound)
{
	int err = 0;

	if (policy->apps)
		err = sink->apps(sink->ctx, apps, policy->apps);
	if (!err && policy->sets)
		err = sink->sets(sink->ctx, sets, policy->sets);
	if (!err && policy->rules)
		err = sink->rules(sink->ctx, rules, policy->rules);
	return err ? err : sink->commit(sink->ctx, generation, unbound);
}

int snitch_policy_load(const struct snitch_policy_sink *sink, const struct snitch_policy *policy,
		       const char *const *apps, const struct snitch_rule *rules,
		       const struct snitch_set_data *sets, uint64_t *generation, uint32_t *unbound)
{
	uint64_t number;
	uint32_t missing;
	int err;

	err = sink->begin(sink->ctx, policy, &number);
	if (err)
		return err;
	err = send_all(sink, policy, apps, rules, sets, &number, &missing);
	if (err) {
		sink->abort(sink->ctx);
		return err;
	}
	if (generation)
		*generation = number;
	if (unbound)
		*unbound = missing;
	return 0;
}
