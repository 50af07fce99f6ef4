// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decisions on their way into the history. It must never hold a verdict back for it: when too much
 * comes at once, rows are lost, not time.
 */
#include <string.h>
#include <time.h>

#include "../util/timespan.h"
#include "remember.h"

#define FLUSH_PAUSE_NS		(100 * SNITCH_NSEC_PER_MSEC)	/* on the average */
#define FLUSH_BURST_NS		(10 * FLUSH_PAUSE_NS)
#define LOOPBACK_IFINDEX	1	/* in every network namespace */

/* What keeps any allow rule from holding. */
#define ODD_OWNER	(SNITCH_O_DELETED | SNITCH_O_MEMFD | SNITCH_O_DISGUISED | SNITCH_O_UNKNOWN | \
			 SNITCH_O_NO_PATH | SNITCH_O_SERVED)
#define ODD_FLOW	(SNITCH_F_SHARED | SNITCH_F_UNPARSED)

static void join_parents(const struct owner *owner, char *buf, size_t size)
{
	size_t used = 0, len;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < owner->n_parents; i++) {
		const char *exe = owner->parents[i]->exe;

		len = strlen(exe);
		/* one that cannot stand on a line of its own would look like two */
		if (!len || strchr(exe, '\n') || used + len + 2 > size)
			return;
		if (used)
			buf[used++] = '\n';
		memcpy(buf + used, exe, len + 1);
		used += len;
	}
}

void remember_owner(const struct core *core, const struct owner *owner, uint32_t uid,
		    struct remember_text *text, struct history_flow *out)
{
	const struct snitch_owner *o = &owner->image->wire;

	join_parents(owner, text->parents, sizeof(text->parents));
	*out = (struct history_flow){
		.program = image_program(owner->image, text->kernel, sizeof(text->kernel)),
		.script = owner->image->script,
		.parents = text->parents,
		.app = rulebook_app_text(core->rules, owner->image, text->app, sizeof(text->app)),
		.name = "",
		.dev = o->exe_dev,
		.ino = o->exe_ino,
		.ctime = o->exe_ctime,
		.uid = uid,
		.belongs = core_belongs(core, owner, uid),
		.flags = (o->flags & ODD_OWNER ? HISTORY_F_ODD : 0) |
			 (o->flags & SNITCH_O_KERNEL ? HISTORY_F_KERNEL : 0),
		.last = time(NULL),
	};
}

/* The likeliest name that a rule could count on: of a claim nobody shall make a rule. */
static void take_name(const struct core *core, const struct snitch_flow_event *ev,
		      const struct owner *owner, struct remember_text *text)
{
	struct name_found found[NAMES_FOUND_MAX];
	size_t i, n;

	text->name[0] = '\0';
	n = rulebook_find_names(core->rules, owner, ev, snitch_boottime(), found, NAMES_FOUND_MAX);
	for (i = 0; i < n && !text->name[0]; i++) {
		if (found[i].verified)
			snprintf(text->name, sizeof(text->name), "%s", found[i].name);
	}
}

void remember_fill(const struct core *core, const struct snitch_flow_event *ev,
		   const struct owner *owner, struct remember_text *text, struct history_flow *out)
{
	remember_owner(core, owner, ev->uid, text, out);
	out->family = ev->family;
	out->proto = ev->proto;
	out->port = ev->dport;
	memcpy(out->address, ev->daddr, sizeof(out->address));
	take_name(core, ev, owner, text);
	out->name = text->name;
	out->flags |= (ev->flags & ODD_FLOW ? HISTORY_F_ODD : 0) |
		      (ev->ifindex == LOOPBACK_IFINDEX ? HISTORY_F_LOOPBACK : 0);
}

void remember_flush(struct core *core)
{
	uint64_t now = snitch_boottime(), before = core->history_flushed;

	if (before + FLUSH_BURST_NS < now)
		before = now - FLUSH_BURST_NS;
	if (now < before + FLUSH_PAUSE_NS)
		return;
	/* those that are judged already need not wait for the others */
	if (core->dev)
		snitch_device_flush(core->dev);
	history_flush(core->history);
	core->history_flushed = before + FLUSH_PAUSE_NS;
}

void core_remember(struct core *core, const struct snitch_flow_event *ev, const struct owner *owner,
		   uint32_t action, uint32_t origin, uint64_t rule)
{
	struct remember_text text;
	struct history_flow flow;

	if (!core->history)
		return;
	remember_fill(core, ev, owner, &text, &flow);
	flow.action = action;
	flow.origin = origin;
	flow.rule = rule;
	flow.count = 1;
	if (history_add(core->history, &flow))
		remember_flush(core);
}

void core_remember_cancel(struct core *core, const struct snitch_cancel *cancel)
{
	const struct question_flow *flow;

	if (!core->history)
		return;
	flow = questions_find_flow(core->questions, cancel->hdr.id);
	if (flow)
		core_remember(core, &flow->ev, flow->owner,
			      cancel->action ? cancel->action : SNITCH_DENY,
			      cancel->why == SNITCH_CANCEL_POLICY ? SNITCH_BY_RULE : SNITCH_BY_FAIL, 0);
}
