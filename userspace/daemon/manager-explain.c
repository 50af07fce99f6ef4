// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explanations over D-Bus. It must never tell a user of other users' flows and rules.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/timespan.h"
#include "manager.h"

/* A reply being made; the first error stays. */
struct telling {
	sd_bus_message *m;
	struct core *core;
	struct caller who;
	const char *mode;
	bool misses;		/* their array is open */
	int r;
};

static bool may_see(void *ctx, uint32_t uid)
{
	const struct telling *t = ctx;

	return t->who.admin || t->who.uid == uid;
}

static void tell_verdict(void *ctx, const struct rulebook_verdict *v)
{
	struct telling *t = ctx;

	t->r = sd_bus_message_open_container(t->m, 'a', "{sv}");
	if (t->r >= 0)
		t->r = message_sentence_entry(t->m, "flow", v->flow);
	if (t->r >= 0)
		t->r = sd_bus_message_append(t->m, "{sv}{sv}{sv}{sv}{sv}", "verdict", "s",
					     v->action ? snitch_action_name(v->action) : "none",
					     "by", "s", v->daemon ? "daemon" : "kernel", "why", "s",
					     v->why, "mode", "s", t->mode, "more", "t",
					     (uint64_t)v->more);
}

static int open_variant(sd_bus_message *m, const char *key, const char *type)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	return r >= 0 ? sd_bus_message_open_container(m, 'v', type) : r;
}

static int close_variant(sd_bus_message *m)
{
	int r = sd_bus_message_close_container(m);

	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

/* Who it is that a question or a waiting flow is about, and whom it wants to talk to. */
static int tell_asker(struct telling *t, const struct question *q)
{
	int r = open_variant(t->m, "asker", "a{sv}");

	if (r >= 0)
		r = sd_bus_message_open_container(t->m, 'a', "{sv}");
	if (r >= 0)
		r = message_owner(t->m, t->core, q->owner, q->uid);
	if (r >= 0)
		r = message_whom(t->m, q);
	if (r >= 0)
		r = message_open(t->m, "flags", "as");
	if (r >= 0)
		r = message_owner_flags(t->m, q->owner);
	if (r >= 0 && q->changed)
		r = sd_bus_message_append_basic(t->m, 's', "changed");
	if (r >= 0)
		r = message_close(t->m);
	if (r >= 0)
		r = sd_bus_message_close_container(t->m);
	return r >= 0 ? close_variant(t->m) : r;
}

static int open_misses(struct telling *t)
{
	int r = open_variant(t->m, "misses", "a(a{sv}bs)");

	t->misses = true;
	return r >= 0 ? sd_bus_message_open_container(t->m, 'a', "(a{sv}bs)") : r;
}

static int tell_miss(struct telling *t, const struct rulebook_row *row, bool matches,
		     const char *why)
{
	char *safe = message_sentence(why);
	int r = safe ? 0 : -ENOMEM;

	if (!r && !t->misses)
		r = open_misses(t);
	if (r >= 0)
		r = sd_bus_message_open_container(t->m, 'r', "a{sv}bs");
	if (r >= 0)
		r = message_rule(t->m, row, NULL);
	if (r >= 0)
		r = sd_bus_message_append(t->m, "bs", matches, safe);
	free(safe);
	return r >= 0 ? sd_bus_message_close_container(t->m) : r;
}

static void tell_rule(void *ctx, const struct rulebook_row *row, bool matches, const char *why)
{
	struct telling *t = ctx;

	if (t->r < 0)
		return;
	if (why) {
		t->r = tell_miss(t, row, matches, why);
		return;
	}
	t->r = open_variant(t->m, "rule", "a{sv}");
	if (t->r >= 0)
		t->r = message_rule(t->m, row, NULL);
	if (t->r >= 0)
		t->r = close_variant(t->m);
}

/* The flow @id, or the first one of the question @id, as far as @who may know of it. */
static const struct question *find_flow(struct daemon *d, uint64_t id, const struct caller *who,
					const struct snitch_flow_event **ev)
{
	struct question *q = questions_find(d->core.questions, id);
	const struct question_flow *flow;

	if (q && q->listed && rights_may_answer(who, q->belongs)) {
		flow = TAILQ_FIRST(&q->flows);
		*ev = flow ? &flow->ev : NULL;
		return q;
	}
	for (q = NULL; (q = questions_next(d->core.questions, q));) {
		TAILQ_FOREACH(flow, &q->flows, link) {
			if (flow->ev.hdr.id != id || !rights_may_answer(who, q->belongs))
				continue;
			*ev = &flow->ev;
			return q;
		}
	}
	return NULL;
}

/* Return: 0, or a negative errno with @error filled in. @asked: the question it is about. */
static int explain_flow(struct daemon *d, uint64_t id, const struct rulebook_teller *teller,
			const struct question **asked, char *error, size_t size)
{
	const struct telling *t = teller->ctx;
	const struct snitch_flow_event *ev = NULL;
	const struct question *q = find_flow(d, id, &t->who, &ev);
	struct snitch_flow_event past;

	if (!q) {
		snprintf(error, size, "there is no such question or waiting flow for you; "
			 "`snitch pending` lists the questions");
		return -ENOENT;
	}
	if (!ev) {
		question_event(q, &past);
		ev = &past;
	}
	*asked = q;
	return rulebook_explain_flow(d->core.rules, q->owner, ev, teller);
}

static int explain(struct daemon *d, const char *what, const struct rulebook_teller *teller,
		   const struct question **asked, char *error, size_t size)
{
	const struct telling *t = teller->ctx;
	uint64_t id;
	char *end;

	errno = 0;
	id = strtoull(what, &end, 10);
	if (*what >= '0' && *what <= '9' && !*end && !errno)
		return explain_flow(d, id, teller, asked, error, size);
	return rulebook_explain_text(d->core.rules, what, t->who.uid, teller, error, size);
}

int manager_explain(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct telling t = { .mode = snitch_mode_name(d->core.mode.now), .core = &d->core };
	const struct question *asked = NULL;
	const struct rulebook_teller teller = {
		.ctx = &t, .may_see = may_see, .verdict = tell_verdict, .rule = tell_rule,
	};
	char text[1024] = "no memory";
	const char *what;
	int r;

	(void)error;
	r = manager_args(d, m, &t.who, "s", &what);
	if (r <= 0)
		return manager_end(r);
	/* each compiles the policy once more, lists and all */
	if (!pace_take(&d->explain_pace, t.who.uid, snitch_boottime()))
		return manager_refuse(m, "TooMany",
				      "too many explanations at once; try again in a second");
	r = sd_bus_message_new_method_return(m, &t.m);
	if (r < 0)
		return r;
	r = explain(d, what, &teller, &asked, text, sizeof(text));
	if (r) {
		sd_bus_message_unref(t.m);
		return manager_refuse(m, r == -ENOENT ? "NotFound" : r == -EINVAL ? "Invalid" :
				      r == -EPERM ? "NotPermitted" : "Failed", text);
	}
	if (t.r >= 0 && t.misses)
		t.r = sd_bus_message_close_container(t.m);
	if (t.r >= 0 && t.misses)
		t.r = close_variant(t.m);
	if (t.r >= 0 && asked)
		t.r = tell_asker(&t, asked);
	if (t.r >= 0)
		t.r = sd_bus_message_close_container(t.m);
	return manager_reply(t.m, t.r);
}
