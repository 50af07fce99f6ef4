// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows that go already, under other rules. It must never call one refused that would be let go if it
 * began now: less is known of it than of one that begins.
 */
#include <netinet/in.h>
#include <string.h>

#include "rulebook-private.h"

bool rulebook_refuses_more(struct rulebook *rb)
{
	bool meant_else = rb->meant_else, more;
	struct policy_refusals now;

	/* the rules count for nothing; all are new again when that is over */
	if (rulebook_panic(rb) || rb->env.mode == SNITCH_MODE_OFF) {
		policy_refusals_clear(&rb->refusals);
		return false;
	}
	if (policy_refusals_take(rb->set, rulebook_env(rb), &now))
		return true;
	more = policy_refuses_more(&rb->refusals, &now) || (meant_else && now.n_refusing);
	policy_refusals_clear(&rb->refusals);
	rb->refusals = now;
	rb->meant_else = false;
	return more;
}

static bool refuses(const struct policy_decision *d)
{
	return d->rule && (d->action == SNITCH_DENY || d->action == SNITCH_DROP);
}

/* By which interface it leaves is not known: is it refused by each? */
static bool refused_everywhere(struct rulebook *rb, const struct snitch_flow_event *ev,
			       const struct flow_query *q)
{
	struct flow_query by = *q;
	struct policy_decision d;
	size_t i;

	if (!rb->by_interface || q->loopback || ev->netns != rb->places.netns)
		return true;
	for (i = 0; i < rb->places.n_links; i++) {
		by.interface = rb->places.links[i].name;
		policy_decide(rb->set, &rb->env, &by, &d);
		if (!refuses(&d))
			return false;
	}
	return true;
}

/*
 * It may have said which of several names it means, which nobody has kept; and one of them may be over by
 * now: would another flow be let go that says the right one?
 */
static bool said_may_decide(struct rulebook *rb, const struct owner *owner,
			    const struct snitch_flow_event *ev, uint64_t now,
			    const struct flow_query *q)
{
	struct flow_query all = *q;
	struct rulebook_names names;

	all.n_names = 0;
	all.n_claims = 0;
	rulebook_past_name_query(rb, owner, ev, now, &names, &all);
	return all.n_names + all.n_claims > 1 && rulebook_names_differ(rb, &all);
}

bool rulebook_refuses_live(struct rulebook *rb, const struct owner *owner,
			   const struct snitch_flow_event *ev, const struct rulebook_live *how,
			   uint64_t now, struct judgement *out)
{
	struct policy_env *env = rulebook_env(rb);
	struct rulebook_names names;
	struct policy_decision d;
	struct query_room room;
	struct flow_query q;

	env->boottime = now;
	rulebook_query(rb, owner, ev, &room, &q);
	if (q.suspended) {	/* allow rules that wait for a look at it may count again */
		q.suspended = false;
		q.strange = false;
	}
	rulebook_name_query(rb, owner, ev, now, &names, &q);
	if (!q.n_names && !q.n_claims)	/* those that it had when it began may be over */
		rulebook_past_name_query(rb, owner, ev, now, &names, &q);
	policy_decide(rb->set, env, &q, &d);
	if (!refuses(&d) || !refused_everywhere(rb, ev, &q))
		return false;
	if (how->rule && policy_name_may_allow(rb->set, env, &q, &d, how->rule))
		return false;
	if (how->reads && said_may_decide(rb, owner, ev, now, &q))
		return false;
	*out = (struct judgement){
		.action = d.action,
		.rule = d.rule->id,
		.loan = d.rule->loan,
		.by_name = rulebook_rule_is_by_name(d.rule),
	};
	return true;
}
