// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a flow the kernel consults about: answers given once, then the rules, then the
 * mode. It must never allow what nothing allows.
 */
#include "core.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <syslog.h>

#include "../util/log.h"
#include "../util/timespan.h"

#define DNS_PORT	53

static int send_verdict(struct core *core, const struct snitch_verdict *verdict)
{
	int r = snitch_device_verdict(core->dev, verdict);

	if (r == -ENOBUFS) {
		snitch_device_flush(core->dev);
		r = snitch_device_verdict(core->dev, verdict);
	}
	if (r) {
		core->counters[CORE_ERRORS]++;
		log_msg(LOG_ERR, "verdict not sent (error %d): the kernel refuses the flow", -r);
	}
	return r;
}

/* It goes as far as its first data, and is judged by what they say. */
static void let_it_speak(struct core *core, const struct snitch_flow_event *ev)
{
	struct snitch_verdict verdict = {
		.hdr = { .id = ev->hdr.id }, .action = SNITCH_ALLOW, .flags = SNITCH_V_DATA,
		.origin = SNITCH_BY_NAME,
	};

	if (core->dev)
		send_verdict(core, &verdict);
}

void core_verdict(struct core *core, const struct snitch_flow_event *ev, const struct owner *owner,
		  uint32_t action, uint32_t origin, uint64_t origin_id)
{
	struct snitch_verdict verdict = {
		.hdr = { .id = ev->hdr.id },
		.action = action,
		.origin = origin,
		.origin_id = origin_id,
	};

	if (!core->dev)
		return;
	/* What was parked before a panic: nobody lets it through now. */
	if (action == SNITCH_ALLOW && rulebook_panic(core->rules)) {
		action = SNITCH_DENY;
		verdict.action = action;
		verdict.origin = SNITCH_BY_MODE;
		verdict.origin_id = 0;
	}
	if (action != SNITCH_HOLD)
		core_forget_hello(core, ev->hdr.id);
	if (send_verdict(core, &verdict))
		return;
	if (action == SNITCH_ALLOW)
		core->counters[CORE_ALLOWED]++;
	else if (action == SNITCH_HOLD)
		core->counters[CORE_HELD]++;
	else
		core->counters[CORE_REFUSED]++;
	if (owner && (action == SNITCH_DENY || action == SNITCH_DROP))
		core_record(core, LOG_INFO, "refused", ev, owner, origin_id);
	if (owner && action != SNITCH_HOLD)
		core_remember(core, ev, owner, action, verdict.origin, verdict.origin_id);
}

uint32_t core_belongs(const struct core *core, const struct owner *owner, uint32_t uid)
{
	const struct snitch_owner *o = &owner->image->wire;

	if (o->userns && core->own_userns && o->userns != core->own_userns)
		return o->userns_owner;
	return uid;
}

bool core_has_agent(const struct core *core, uint32_t belongs, uint64_t loan)
{
	const struct agent *agent;

	TAILQ_FOREACH(agent, &core->agents, link) {
		if (!agent->watch && (!agent->loan || agent->loan == loan) &&
		    rights_may_answer(&agent->who, belongs))
			return true;
	}
	return false;
}

/* What counts where no rule does: a panic is lockdown, whatever mode was chosen. */
static uint32_t mode_in_force(const struct core *core)
{
	return rulebook_panic(core->rules) ? SNITCH_MODE_LOCKDOWN : core->mode.now;
}

/* Once-answers, then rules. Return: true when the flow has its verdict. */
static bool judge_by_word(struct core *core, const struct snitch_flow_event *ev,
			  const struct owner *owner, struct judgement *j)
{
	uint64_t now = snitch_boottime();
	const struct once_answer *once;

	rulebook_judge_said(core->rules, owner, ev, now, core_said(core, ev), j);
	if (mode_in_force(core) != SNITCH_MODE_LOCKDOWN && j->action != SNITCH_DENY &&
	    j->action != SNITCH_DROP) {
		once = once_find(&core->once, owner, ev, now);
		if (once) {
			core_verdict(core, ev, owner, once->action, SNITCH_BY_PERSON, 0);
			return true;
		}
	}
	if (core_wants_hello(core, ev, owner, j)) {
		let_it_speak(core, ev);
		return true;
	}
	if (j->action != SNITCH_ALLOW && j->action != SNITCH_DENY && j->action != SNITCH_DROP)
		return false;
	core_verdict(core, ev, owner, j->action, j->by_name ? SNITCH_BY_NAME : SNITCH_BY_RULE,
		     j->rule);
	if (j->loan && j->action == SNITCH_ALLOW)
		rulebook_note_need(core->rules, j->loan, owner, ev);
	return true;
}

static uint64_t hold_ns(const struct core *core, const struct snitch_flow_event *ev)
{
	uint32_t ms = core->welcome.hold_ms;

	if (ev->proto == IPPROTO_TCP)
		ms = core->welcome.hold_tcp_ms;
	else if (ev->proto == IPPROTO_UDP && ev->dport == DNS_PORT)
		ms = core->welcome.hold_dns_ms;
	return ms * SNITCH_NSEC_PER_MSEC;
}

/*
 * Puts a flow to people. @hold: it waits; else it was refused and is only listed. A flow that the
 * list has no room for is refused.
 */
static void ask(struct core *core, const struct snitch_flow_event *ev, struct owner *owner,
		bool hold, const struct judgement *j)
{
	struct question_names names;
	struct question_request req = {
		.ev = ev,
		.names = &names,
		.owner = owner,
		.belongs = core_belongs(core, owner, ev->uid),
		.deadline = hold ? ev->when + hold_ns(core, ev) : 0,
		.changed = j->suspended,
		.ask_rule = j->action == SNITCH_ASK ? j->rule : ev->ask_rule,
	};
	struct question *q = NULL;
	int r;

	core_question_names(core, ev, owner, &names);
	r = questions_add(core->questions, &req, &q);
	if (r)
		log_msg(LOG_WARNING, "no room for another question: a flow is refused unseen");
	if (ev->family == AF_PACKET)
		return;		/* it could not wait: the kernel has refused it */
	if (!hold || r) {
		core_verdict(core, ev, owner, SNITCH_DENY, SNITCH_BY_MODE, 0);
		return;
	}
	if (!(ev->flags & SNITCH_F_HELD) || !(ev->flags & SNITCH_F_REDELIVERED))
		core_verdict(core, ev, owner, SNITCH_HOLD, SNITCH_BY_PERSON, 0);
	if (q->attempts == 1) {
		core->counters[CORE_ASKED]++;
		core_record(core, LOG_NOTICE, "asked about", ev, owner, q->ask_rule);
	}
}

/* A packet socket's frame, judged by mode alone already: what would a rule have said? */
static void note_frame(struct core *core, const struct snitch_flow_event *ev, struct owner *owner)
{
	uint32_t mode = mode_in_force(core);
	struct judgement j;

	rulebook_judge(core->rules, owner, ev, snitch_boottime(), &j);
	if (j.action == SNITCH_ALLOW && (ev->flags & SNITCH_F_UNBOUND) &&
	    rulebook_knows(core->rules, owner->image))
		return;		/* just updated, and bound by now: the next frame goes */
	if (mode == SNITCH_MODE_OBSERVE && !j.action) {
		core->counters[CORE_RECORDED]++;
		core_record(core, LOG_INFO, "observed", ev, owner, 0);
		core_remember(core, ev, owner, SNITCH_ALLOW, SNITCH_BY_MODE, 0);
		return;
	}
	core_record(core, LOG_NOTICE, "frames refused", ev, owner, j.rule);
	core_remember(core, ev, owner, SNITCH_DENY, j.rule ? SNITCH_BY_RULE : SNITCH_BY_MODE,
		      j.rule);
	if (mode == SNITCH_MODE_ASK || mode == SNITCH_MODE_QUIET)
		ask(core, ev, owner, false, &j);
}

void core_judge_flow(struct core *core, const struct snitch_flow_event *ev, struct owner *owner)
{
	bool held = (ev->flags & SNITCH_F_HELD) && (ev->flags & SNITCH_F_REDELIVERED);
	uint32_t mode = mode_in_force(core);
	struct judgement j;
	bool known;

	if (core_wait_for_hello(core, ev, owner))
		return;
	known = core_know_executable(core, ev, owner);
	if (ev->family == AF_PACKET) {
		if (known || !core_wait_for_finding(core, ev, owner))
			note_frame(core, ev, owner);
		return;
	}
	if (mode == SNITCH_MODE_OFF) {
		core_verdict(core, ev, owner, SNITCH_ALLOW, SNITCH_BY_MODE, 0);
		return;
	}
	if (judge_by_word(core, ev, owner, &j))
		return;
	if (!known && mode != SNITCH_MODE_OBSERVE &&
	    core_wait_for_finding(core, ev, owner))
		return;
	switch (mode) {
	case SNITCH_MODE_OBSERVE:
		if (j.action == SNITCH_ASK || (ev->flags & SNITCH_F_UNPARSED))
			break;
		core->counters[CORE_RECORDED]++;
		core_record(core, LOG_INFO, "observed", ev, owner, 0);
		core_verdict(core, ev, owner, SNITCH_ALLOW, SNITCH_BY_MODE, 0);
		return;
	case SNITCH_MODE_ASK:
		break;
	case SNITCH_MODE_QUIET:
		if (j.action == SNITCH_ASK)
			break;
		ask(core, ev, owner, false, &j);
		return;
	default:
		core_verdict(core, ev, owner, SNITCH_DENY, SNITCH_BY_MODE, 0);
		return;
	}
	/* a person was asked already: the agent comes back to this daemon, too */
	held = held || core_has_agent(core, core_belongs(core, owner, ev->uid), j.loan);
	ask(core, ev, owner, held, &j);
}

/* Without a flow: is this still a question, now that rules or mode are different? */
static bool settled(struct core *core, const struct question *q)
{
	struct snitch_flow_event ev;
	struct judgement j;

	question_event(q, &ev);
	rulebook_judge(core->rules, q->owner, &ev, snitch_boottime(), &j);
	return j.action && j.action != SNITCH_ASK;
}

bool core_judge_again(void *ctx, const struct question *q, const struct question_flow *flow)
{
	struct core *core = ctx;
	struct judgement j;

	if (!flow)
		return settled(core, q);
	switch (mode_in_force(core)) {
	case SNITCH_MODE_OFF:
		core_verdict(core, &flow->ev, flow->owner, SNITCH_ALLOW, SNITCH_BY_MODE, 0);
		return true;
	case SNITCH_MODE_LOCKDOWN:
		if (!judge_by_word(core, &flow->ev, flow->owner, &j))
			core_verdict(core, &flow->ev, flow->owner, SNITCH_DENY, SNITCH_BY_MODE, 0);
		return true;
	case SNITCH_MODE_OBSERVE:
		if (judge_by_word(core, &flow->ev, flow->owner, &j))
			return true;
		if (j.action == SNITCH_ASK || (flow->ev.flags & SNITCH_F_UNPARSED))
			return false;
		core_verdict(core, &flow->ev, flow->owner, SNITCH_ALLOW, SNITCH_BY_MODE, 0);
		return true;
	default:
		return judge_by_word(core, &flow->ev, flow->owner, &j);
	}
}
