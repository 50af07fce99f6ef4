// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers of people: who may say what, and what comes of it. It must never let an answer do more
 * than decide this question's flows and write the rule that was shown.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "../util/log.h"
#include "../util/timespan.h"
#include "core.h"

int core_parse_verdict(const char *text, struct core_answer *answer)
{
	static const char *const words[] = {
		[SNITCH_ALLOW] = "allow", [SNITCH_DENY] = "deny", [SNITCH_DROP] = "drop",
	};
	uint32_t i;

	for (i = SNITCH_ALLOW; i <= SNITCH_DROP; i++) {
		if (!strcmp(text, words[i])) {
			answer->action = i;
			return 0;
		}
	}
	return -EINVAL;
}

int core_parse_lifetime(const char *text, struct core_answer *answer)
{
	static const struct {
		const char *word;
		enum wish_lifetime lifetime;
	} words[] = {
		{ "once", WISH_ONCE }, { "until quit", WISH_QUIT },
		{ "until reboot", WISH_REBOOT }, { "forever", WISH_FOREVER },
	};
	unsigned int i;

	answer->seconds = 0;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i].word)) {
			answer->lifetime = words[i].lifetime;
			return 0;
		}
	}
	answer->lifetime = WISH_SPAN;
	if (strncmp(text, "for ", 4))
		return -EINVAL;
	return snitch_span_parse(text + 4, &answer->seconds) ? -EINVAL : 0;
}

/* An image that no rule may allow can only be let through once, by a person who looks at it. */
static const char *only_once(const struct question *q, enum wish_lifetime lifetime)
{
	uint32_t flags = q->owner->image->wire.flags;

	if (flags & SNITCH_O_DISGUISED)
		return "the program disguises its executable";
	if (flags & SNITCH_O_MEMFD)
		return "the program has no file";
	if (flags & SNITCH_O_DELETED)
		return "the executable was deleted or replaced while it runs";
	if (q->flow_flags & SNITCH_F_SHARED)
		return "several programs hold the socket";
	if (q->flow_flags & SNITCH_F_UNPARSED)
		return "the packets could not be read";
	/* it is this process that the person looks at, whatever its file will be */
	if (flags & SNITCH_O_SERVED && lifetime != WISH_QUIT)
		return "the executable is on a file system that a program serves";
	return NULL;
}

static int check(const struct caller *who, const struct question *q,
		 const struct core_answer *answer, struct core_error *error)
{
	enum right right = rights_to_answer(who, q->belongs);
	bool lasts = answer->lifetime != WISH_ONCE;
	const char *why;

	if (!rights_may_answer(who, q->belongs))
		return core_lacks(error, right && lasts ? RIGHT_MANAGE : right,
				  "question %llu belongs to uid %u; answer as that user, as root or as a member of group snitch",
				  (unsigned long long)q->id, q->belongs);
	if (question_scope_is_name(answer->scope) && !question_scope_name_in(q, answer->scope))
		return core_fail(error, -EINVAL, "Invalid", "%s; answer for the address",
				 q->host.text[0] ? "this name belongs to no domain" :
						   "nobody vouches for a name of this address");
	if (!lasts)
		return 0;
	if (!rights_may_last(who, q->belongs))
		return core_lacks(error, RIGHT_MANAGE,
				  "for uid %u you may answer \"once\"; more needs root or group snitch",
				  q->belongs);
	if (q->owner->image->exe[0] != '/' ||
	    (q->owner->image->wire.flags & (SNITCH_O_KERNEL | SNITCH_O_UNKNOWN)))
		return core_fail(error, -EINVAL, "Invalid",
				 "no rule can name this program; answer \"once\"");
	why = answer->action == SNITCH_ALLOW ? only_once(q, answer->lifetime) : NULL;
	if (why)
		return core_fail(error, -EINVAL, "Invalid", "%s; allow it \"once\"%s", why,
				 only_once(q, WISH_QUIT) ? "" : " or \"until quit\"");
	if (q->uid != q->belongs && !who->admin)
		return core_lacks(error, RIGHT_MANAGE,
				  "uid %u comes from a user namespace of yours; answer \"once\", or ask a member of group snitch",
				  q->uid);
	if (answer->lifetime == WISH_FOREVER && !rights_may_keep(who, q->belongs))
		return core_lacks(error, RIGHT_KEEP_OWN,
				  "\"forever\" needs an active local session, root or group snitch; \"until reboot\" is allowed");
	return 0;
}

struct giving {
	struct core *core;
	const struct core_answer *answer;
	const struct question *question;
	uint64_t rule;
	uint32_t flows;
};

static void give(void *ctx, const struct question_flow *flow)
{
	struct giving *g = ctx;

	core_verdict(g->core, &flow->ev, flow->owner, g->answer->action, SNITCH_BY_PERSON, g->rule);
	g->flows++;
}

/* Remembers the answer for retries: each process that waits, or the next attempt if none does. */
static void remember(struct core *core, const struct question *q, const struct core_answer *answer)
{
	uint64_t now = snitch_boottime();
	const struct question_flow *flow;
	const struct owner *last = NULL;

	if (!q->n_flows)
		once_add(&core->once, q, q->owner, answer->scope, answer->action, now);
	TAILQ_FOREACH(flow, &q->flows, link) {
		if (flow->owner != last)
			once_add(&core->once, q, flow->owner, answer->scope, answer->action, now);
		last = flow->owner;
	}
}

int core_answer(struct core *core, const struct caller *who, const struct core_answer *answer,
		struct core_answered *done, struct core_error *error)
{
	struct question *q = questions_find(core->questions, answer->id);
	struct rule_wish wish = {
		.question = q,
		.action = answer->action,
		.scope = answer->scope,
		.lifetime = answer->lifetime,
		.seconds = answer->seconds,
	};
	struct giving g = { .core = core, .answer = answer, .question = q };
	int r;

	memset(done, 0, sizeof(*done));
	if (!q || !q->listed)
		return core_fail(error, -ENOENT, "NotFound",
				 "there is no question %llu (any more); see \"snitch pending\"",
				 (unsigned long long)answer->id);
	r = check(who, q, answer, error);
	if (r)
		return r;
	if (answer->action == SNITCH_ALLOW && rulebook_panic(core->rules))
		return core_fail(error, -EPERM, "Failed",
				 "everything is cut, by \"snitch panic\"; \"snitch release\" ends it");
	if (answer->lifetime == WISH_ONCE) {
		remember(core, q, answer);
	} else {
		r = rulebook_wish(core->rules, &wish, &done->made);
		if (r)
			return core_fail(error, r, "Failed", "the rule was not written: %s",
					 rulebook_refusal(core->rules));
	}
	g.rule = done->made.id;
	log_msg(LOG_NOTICE, "question %llu answered by uid %u: %s, scope %s%s%s",
		(unsigned long long)q->id, who->uid, snitch_action_name(answer->action),
		question_scope_name(answer->scope), done->made.text[0] ? ", rule: " : ", once",
		done->made.text);
	questions_answer(core->questions, q, answer->scope, give, &g);
	core->counters[CORE_ANSWERED]++;
	done->flows = g.flows;
	/* the program goes on now; the kernel learns the rule after that */
	if (core->dev)
		snitch_device_flush(core->dev);
	if (answer->lifetime != WISH_ONCE)
		core_install(core);
	core_rejudge(core);
	return 0;
}

static void refuse(void *ctx, const struct question_flow *flow)
{
	core_verdict(ctx, &flow->ev, flow->owner, SNITCH_DENY, SNITCH_BY_PERSON, 0);
}

int core_dismiss(struct core *core, const struct caller *who, uint64_t id,
		 struct core_error *error)
{
	struct question *q = questions_find(core->questions, id);

	if (!q || !q->listed)
		return core_fail(error, -ENOENT, "NotFound",
				 "there is no question %llu (any more); see \"snitch pending\"",
				 (unsigned long long)id);
	if (!rights_may_answer(who, q->belongs))
		return core_lacks(error, rights_to_answer(who, q->belongs),
				  "question %llu belongs to uid %u", (unsigned long long)id,
				  q->belongs);
	questions_remove(core->questions, q, QUESTION_DISMISSED, refuse, core);
	if (core->dev)
		snitch_device_flush(core->dev);
	return 0;
}
