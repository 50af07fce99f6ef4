// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explanations out of the rules in force. It must never tell of a rule that the asker may not see.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/explain.h"
#include "../util/cleanup.h"
#include "../util/timespan.h"
#include "rulebook-private.h"

static bool may_see(void *ctx, const struct rule *rule)
{
	const struct rulebook_teller *teller = ctx;

	return rule->scope != RULE_S_USER || teller->may_see(teller->ctx, rule->scope_uid);
}

static void tell_rule(const struct rulebook *rb, const struct rulebook_teller *teller,
		      const struct rule *rule, bool matches, const char *why)
{
	char text[RULE_TEXT_MAX], scope[32];
	struct rulebook_row row;

	rulebook_fill_row(rb, rule, text, sizeof(text), scope, sizeof(scope), &row);
	teller->rule(teller->ctx, &row, matches, why);
}

static int tell(struct rulebook *rb, const struct flow_query *q,
		const struct rulebook_teller *teller)
{
	_cleanup_free_ struct explanation *e = malloc(sizeof(*e));
	char flow[RULE_TEXT_MAX];
	size_t i;
	int r = -ENOMEM;

	if (e)
		r = policy_explain(rb->set, rulebook_env(rb), q, may_see, (void *)teller, e);
	if (r)
		return r;
	teller->verdict(teller->ctx, &(struct rulebook_verdict){
		.flow = flow_sentence(q, flow, sizeof(flow)),
		.why = e->decision.reason,
		.action = e->decision.action,
		.daemon = e->daemon,
		.more = e->more,
	});
	if (e->decision.rule && may_see((void *)teller, e->decision.rule))
		tell_rule(rb, teller, e->decision.rule, true, NULL);
	for (i = 0; i < e->n_misses; i++)
		tell_rule(rb, teller, e->misses[i].rule, e->misses[i].matches, e->misses[i].why);
	return 0;
}

int rulebook_explain_flow(struct rulebook *rb, const struct owner *owner,
			  const struct snitch_flow_event *ev,
			  const struct rulebook_teller *teller)
{
	struct rulebook_names names;
	struct query_room room;
	struct flow_query q;

	rulebook_query(rb, owner, ev, &room, &q);
	rulebook_name_query(rb, owner, ev, snitch_boottime(), &names, &q);
	return tell(rb, &q, teller);
}

static int explain_description(struct rulebook *rb, struct flow_query *q, uint32_t uid,
			       const struct rulebook_teller *teller, char *error, size_t size)
{
	if (q->uid != uid && !teller->may_see(teller->ctx, q->uid)) {
		snprintf(error, size, "other users' flows are explained to root and group snitch");
		return -EPERM;
	}
	if (q->exe && !q->strange) {
		q->exe = rulebook_name(rb, q->exe);
		q->served = rulebook_served(rb, q->exe);
		q->suspended = !q->served && (rulebook_suspended(rb, q->exe) ||
					      rulebook_unsure(rb, q->exe));
	}
	if (!q->n_gids)
		rulebook_groups(rb, q->uid, (uint32_t)-1, q);
	return tell(rb, q, teller);
}

int rulebook_explain_text(struct rulebook *rb, const char *text, uint32_t uid,
			  const struct rulebook_teller *teller, char *error, size_t size)
{
	_cleanup_free_ struct flow_description *d = calloc(1, sizeof(*d));
	struct rule_error err;
	int r;

	if (!d)
		return -ENOMEM;
	r = describe_flow(text, uid, d, &err);
	if (r)
		rule_error_print(&err, error, size);
	else
		r = explain_description(rb, &d->query, uid, teller, error, size);
	description_free(d);
	return r;
}
