// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live flows judged by new rules. It must never cut one that another flow like it would not be refused
 * as, nor one that is merely unknown.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "../util/timespan.h"
#include "core.h"

#define LOOPBACK_IFINDEX	1	/* in every network namespace */
#define STEP_NS			(5 * SNITCH_NSEC_PER_MSEC)	/* then other events have their turn */

void core_live_rules(struct core *core)
{
	bool more = rulebook_refuses_more(core->rules);

	if (more && core->live.ops)
		core->live.ops->wanted(core->live.ctx);
}

int core_live_begin(struct core *core)
{
	struct live *live = &core->live;

	core_live_end(core);
	live->batch = calloc(SNITCH_NL_WALK_FLOWS, sizeof(*live->batch));
	return live->batch ? 0 : -ENOMEM;
}

void core_live_end(struct core *core)
{
	struct live *live = &core->live;

	free(live->batch);
	live->batch = NULL;
	live->n = 0;
	live->next = 0;
	live->cut = 0;
	live->nobodys = 0;
}

/*
 * What is asked about anew at its next packet needs no help. What answers others is refused by rules
 * of its program alone; so is the kernel's own traffic.
 */
static bool is_of_interest(const struct snitch_flow_info *f)
{
	if (f->action != SNITCH_ALLOW || !f->owner ||
	    (f->family != AF_INET && f->family != AF_INET6))
		return false;
	if (f->origin == SNITCH_BY_INBOUND || f->origin == SNITCH_BY_KERNEL)
		return false;
	return f->proto == IPPROTO_TCP || f->origin == SNITCH_BY_PERSON;
}

int core_live_take(struct core *core, const struct snitch_flow_info *flow)
{
	struct live *live = &core->live;

	live->nobodys += !flow->owner && flow->origin == SNITCH_BY_OLDER &&
			 flow->action == SNITCH_ALLOW;
	if (!is_of_interest(flow))
		return 0;
	if (live->n == SNITCH_NL_WALK_FLOWS)
		return -ENOBUFS;
	live->batch[live->n++] = (struct live_flow){ .info = *flow };
	return 0;
}

static void event_of(const struct snitch_flow_info *f, struct snitch_flow_event *ev)
{
	*ev = (struct snitch_flow_event){
		.owner = f->owner, .cookie = f->cookie, .netns = f->netns, .uid = f->uid,
		.family = f->family, .proto = f->proto, .sport = f->sport, .dport = f->dport,
		.ifindex = f->loopback ? LOOPBACK_IFINDEX : 0,
	};
	memcpy(ev->saddr, f->saddr, sizeof(ev->saddr));
	memcpy(ev->daddr, f->daddr, sizeof(ev->daddr));
}

/* Return: 0: it is settled; -EAGAIN: not now; or why nothing can be cut. */
static int judge(struct core *core, const struct snitch_flow_info *f, struct owner *owner)
{
	bool by_rule = f->origin == SNITCH_BY_RULE || f->origin == SNITCH_BY_NAME;
	struct rulebook_live how = { .rule = by_rule ? f->origin_id : 0 };
	struct snitch_flow_event ev;
	struct judgement j;
	int r;

	if (owner->image->wire.flags & (SNITCH_O_KERNEL | SNITCH_O_UNKNOWN))
		return 0;
	event_of(f, &ev);
	how.reads = core_can_hear(core, &ev);
	if (!rulebook_refuses_live(core->rules, owner, &ev, &how, snitch_boottime(), &j))
		return 0;
	r = core->live.ops->cut(core->live.ctx, f);
	if (r)
		return r;
	core->live.cut++;
	core_record(core, LOG_INFO, "cut", &ev, owner, j.rule);
	core_remember(core, &ev, owner, j.action, j.by_name ? SNITCH_BY_NAME : SNITCH_BY_RULE,
		      j.rule);
	return 0;
}

/* Whose flows these are, the kernel is asked once. */
static void ask_for(struct core *core, uint64_t owner)
{
	struct live *live = &core->live;
	unsigned int i;
	int r = snitch_device_get_owner(core->dev, owner);

	if (r == -ENOBUFS) {
		snitch_device_flush(core->dev);
		r = snitch_device_get_owner(core->dev, owner);
	}
	for (i = 0; !r && i < live->n; i++)
		live->batch[i].asked |= live->batch[i].info.owner == owner;
}

static int settle(struct core *core, const struct live_flow *flow)
{
	struct owner *owner = owners_find(&core->owners, flow->info.owner);
	int r;

	if (owner) {
		owner_get(owner);
		r = judge(core, &flow->info, owner);
		owner_put(owner);
		return r;
	}
	if (!core->dev)
		return 0;
	if (!flow->asked)
		ask_for(core, flow->info.owner);
	return -EAGAIN;
}

int core_live_step(struct core *core)
{
	uint64_t until = snitch_boottime() + STEP_NS;
	struct live *live = &core->live;
	int r;

	while (live->next < live->n) {
		r = settle(core, &live->batch[live->next]);
		if (r && r != -EAGAIN)
			return r;
		if (r)
			live->next++;
		else
			live->batch[live->next] = live->batch[--live->n];
		if (snitch_boottime() >= until)
			return 1;
	}
	live->next = 0;
	if (core->dev)
		snitch_device_flush(core->dev);
	return live->n ? -EAGAIN : 0;
}

void core_live_gone(struct core *core, uint64_t id)
{
	struct live *live = &core->live;
	unsigned int i = 0;

	while (i < live->n) {
		if (live->batch[i].info.owner == id)
			live->batch[i] = live->batch[--live->n];
		else
			i++;
	}
	live->next = 0;
}

bool core_live_give_up(struct core *core)
{
	bool any = core->live.n;

	core->live.n = 0;
	core->live.next = 0;
	return any;
}
