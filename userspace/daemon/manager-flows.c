// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live flows over D-Bus: those that the kernel knows and those that wait for a person. It must
 * never tell one user about another's, nor walk through the kernel's tables more often than once a
 * second, whoever asks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/escape.h"
#include "../util/idmap.h"
#include "../util/timespan.h"
#include "manager.h"

#define FLOWS_MAX	4096	/* of one listing */
#define FLOWS_USER	1024	/* of one for somebody without rights, who may ask again and again */
#define FETCH_MAX	64	/* owners that the kernel is asked for after one listing */
#define LOOKS_MAX	16	/* owners that are looked into for one; the others next time */
#define FRESH_NS	(900 * SNITCH_NSEC_PER_MSEC)

/**
 * struct flows_source - what the kernel knew a moment ago
 * @flow: @n of them, room for @room, FLOWS_MAX at most
 * @taken: CLOCK_BOOTTIME ns; 0: never
 * @more: flows that there was no room for
 * @error: of the last time, 0 or a negative errno
 */
struct flows_source {
	struct snitch_flow_info *flow;
	size_t n, room;
	uint64_t more;
	uint64_t taken;
	int error;
};

static int keep(void *ctx, const struct snitch_flow_info *flow)
{
	struct flows_source *s = ctx;

	if (s->n < FLOWS_MAX && s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		void *more = reallocarray(s->flow, room, sizeof(*s->flow));

		if (more) {
			s->flow = more;
			s->room = room;
		}
	}
	if (s->n < s->room)
		s->flow[s->n++] = *flow;
	else
		s->more++;
	return 0;
}

static struct flows_source *look(struct daemon *d)
{
	uint64_t now = snitch_boottime();
	struct flows_source *s = d->flows;

	if (!s) {
		d->flows = calloc(1, sizeof(*d->flows));
		s = d->flows;
	}
	if (!s || (s->taken && now - s->taken < FRESH_NS))
		return s;
	s->n = 0;
	s->more = 0;
	s->taken = now;
	/* a device that is no kernel has no table of flows */
	s->error = d->nl ? snitch_nl_flows(d->nl, keep, s) : d->fake ? 0 : -ENOTCONN;
	return s;
}

void flows_stop(struct daemon *d)
{
	if (d->flows)
		free(d->flows->flow);
	free(d->flows);
	d->flows = NULL;
}

/**
 * struct listing - one answer
 * @told: owners that are in it, id to anything
 * @asked: for how many owners that the daemon does not know
 * @looked: into how many that nobody had looked into
 */
struct listing {
	struct daemon *d;
	sd_bus_message *m;
	struct caller who;
	struct idmap told;
	unsigned int asked, looked;
	size_t n;
	uint64_t more;
};

static size_t bound(const struct listing *l)
{
	return l->who.admin ? FLOWS_MAX : FLOWS_USER;
}

/* ---- owners -------------------------------------------------------------------------------- */

/* Files of containers and apps are looked at, but verdicts do not wait for many of them. */
static bool look_at(struct listing *l, const struct owner *owner)
{
	return owner->image->identity || l->looked++ < LOOKS_MAX;
}

static int tell_owner(struct listing *l, struct owner *owner, uint32_t uid)
{
	uint64_t id = owner_id(owner);
	int r;

	if (idmap_get(&l->told, id) || l->told.used >= bound(l))
		return 0;
	r = idmap_put(&l->told, id, owner);
	if (!r)
		r = sd_bus_message_open_container(l->m, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(l->m, "{sv}", "owner", "t", id);
	if (r >= 0)
		r = look_at(l, owner) ? message_owner(l->m, &l->d->core, owner, uid) :
					message_known_owner(l->m, owner, uid);
	if (r >= 0)
		r = message_open(l->m, "flags", "as");
	if (r >= 0)
		r = message_owner_flags(l->m, owner);
	if (r >= 0)
		r = message_close(l->m);
	return r >= 0 ? sd_bus_message_close_container(l->m) : r;
}

/* An owner that nobody has told the daemon of is there the next time, if the kernel has it. */
static struct owner *find_owner(struct listing *l, uint64_t id)
{
	struct owner *owner = id ? owners_find(&l->d->core.owners, id) : NULL;

	if (!owner && id && l->d->device && l->asked < FETCH_MAX) {
		l->asked++;
		snitch_device_get_owner(l->d->device, id);
	}
	return owner;
}

static bool may_see(const struct listing *l, const struct snitch_flow_info *f,
		    const struct owner *owner)
{
	uint32_t belongs = owner ? core_belongs(&l->d->core, owner, f->uid) : f->uid;

	/* without its owner nobody knows whose user namespace it is in */
	return rights_may_answer(&l->who, belongs) && (owner || l->who.admin);
}

static int tell_owners(struct listing *l, const struct flows_source *s)
{
	const struct question_flow *wait;
	struct question *q = NULL;
	struct owner *owner;
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < s->n; i++) {
		owner = find_owner(l, s->flow[i].owner);
		if (owner && may_see(l, &s->flow[i], owner))
			r = tell_owner(l, owner, s->flow[i].uid);
	}
	while (r >= 0 && (q = questions_next(l->d->core.questions, q))) {
		if (!rights_may_answer(&l->who, q->belongs))
			continue;
		TAILQ_FOREACH(wait, &q->flows, link) {
			if (r >= 0)
				r = tell_owner(l, wait->owner, q->uid);
		}
	}
	return r;
}

/* ---- flows --------------------------------------------------------------------------------- */

static int tell_remote(struct listing *l, const struct snitch_flow_event *ev,
		       const struct owner *owner)
{
	char local[SNITCH_ADDR_TEXT], remote[SNITCH_ADDR_TEXT], number[8];
	struct question_names names;
	int r;

	r = sd_bus_message_append(l->m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "address", "s",
				  snitch_addr_format(ev->family, ev->daddr, remote), "port", "q",
				  ev->dport, "local", "s",
				  snitch_addr_format(ev->family, ev->saddr, local), "local_port",
				  "q", ev->sport, "proto", "s",
				  snitch_proto_name(ev->family, ev->proto, number, sizeof(number)),
				  "uid", "u", ev->uid, "owner", "t", ev->owner, "cookie", "t",
				  ev->cookie);
	if (r < 0 || !owner)
		return r;
	core_question_names(&l->d->core, ev, owner, &names);
	return message_names(l->m, &names);
}

static int tell_origin(struct listing *l, const struct snitch_flow_info *f)
{
	char comm[4 * SNITCH_COMM_LEN + 1], rule[17];
	bool by_rule = f->origin == SNITCH_BY_RULE || f->origin == SNITCH_BY_NAME ||
		       f->origin == SNITCH_BY_PERSON;
	int r;

	snitch_escape_buf(f->comm, strnlen(f->comm, SNITCH_COMM_LEN), comm, sizeof(comm));
	r = sd_bus_message_append(l->m, "{sv}{sv}{sv}{sv}", "verdict", "s",
				  snitch_action_name(f->action), "by", "s",
				  snitch_origin_name(f->origin), "comm", "s", comm, "pid", "u",
				  f->pid);
	if (r >= 0 && by_rule && f->origin_id)
		r = sd_bus_message_append(l->m, "{sv}", "rule", "s",
					  rule_id_print(f->origin_id, rule, sizeof(rule)));
	return r;
}

static int tell_flow(struct listing *l, const struct snitch_flow_info *f, const struct owner *owner)
{
	struct snitch_flow_event ev = {
		.owner = f->owner, .cookie = f->cookie, .netns = f->netns, .uid = f->uid,
		.family = f->family, .proto = f->proto, .sport = f->sport, .dport = f->dport,
	};
	int r = sd_bus_message_open_container(l->m, 'a', "{sv}");

	memcpy(ev.saddr, f->saddr, sizeof(ev.saddr));
	memcpy(ev.daddr, f->daddr, sizeof(ev.daddr));
	if (r >= 0)
		r = tell_remote(l, &ev, owner);
	if (r >= 0)
		r = tell_origin(l, f);
	if (r >= 0)
		r = sd_bus_message_append(l->m, "{sv}{sv}{sv}{sv}", "sent_packets", "t", f->packets,
					  "sent", "t", f->bytes, "received_packets", "t",
					  f->rx_packets, "received", "t", f->rx_bytes);
	return r >= 0 ? sd_bus_message_close_container(l->m) : r;
}

static int tell_waiting(struct listing *l, const struct question *q,
			const struct question_flow *flow)
{
	int r = sd_bus_message_open_container(l->m, 'a', "{sv}");

	if (r >= 0)
		r = tell_remote(l, &flow->ev, flow->owner);
	if (r >= 0)
		r = sd_bus_message_append(l->m, "{sv}{sv}{sv}", "verdict", "s", "hold", "by", "s",
					  "question", "question", "t", q->id);
	return r >= 0 ? sd_bus_message_close_container(l->m) : r;
}

/* False: the answer is full. */
static bool has_room(struct listing *l)
{
	if (l->n == bound(l)) {
		l->more++;
		return false;
	}
	l->n++;
	return true;
}

static int tell_all_waiting(struct listing *l)
{
	const struct question_flow *flow;
	struct question *q = NULL;
	int r = 0;

	while (r >= 0 && (q = questions_next(l->d->core.questions, q))) {
		if (!rights_may_answer(&l->who, q->belongs))
			continue;
		TAILQ_FOREACH(flow, &q->flows, link) {
			if (r >= 0 && has_room(l))
				r = tell_waiting(l, q, flow);
		}
	}
	return r;
}

static int tell_flows(struct listing *l, const struct flows_source *s)
{
	const struct owner *owner;
	size_t i;
	int r = tell_all_waiting(l);

	for (i = 0; r >= 0 && i < s->n; i++) {
		owner = idmap_get(&l->told, s->flow[i].owner);
		if (may_see(l, &s->flow[i], owner) && has_room(l))
			r = tell_flow(l, &s->flow[i], owner);
	}
	/* how many there are beyond the bound is nobody's business but root's */
	l->more += l->who.admin ? s->more : 0;
	return r;
}

static int tell_all(struct listing *l, const struct flows_source *s)
{
	int r = sd_bus_message_open_container(l->m, 'a', "a{sv}");

	if (r >= 0)
		r = tell_owners(l, s);
	if (r >= 0)
		r = sd_bus_message_close_container(l->m);
	if (r >= 0)
		r = sd_bus_message_open_container(l->m, 'a', "a{sv}");
	if (r >= 0)
		r = tell_flows(l, s);
	if (r >= 0)
		r = sd_bus_message_close_container(l->m);
	return r >= 0 ? sd_bus_message_append(l->m, "t", l->more) : r;
}

int manager_list_flows(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct daemon *d = userdata;
	struct listing l = { .d = d };
	struct flows_source *s;
	int r;

	(void)error;
	r = manager_caller(d, m, &l.who);
	if (r <= 0)
		return manager_end(r);
	s = look(d);
	if (!s)
		return -ENOMEM;
	if (s->error)
		return manager_refuse(m, "Failed",
				      "the kernel does not tell its flows; see `snitch doctor`");
	r = sd_bus_message_new_method_return(m, &l.m);
	if (r >= 0)
		r = tell_all(&l, s);
	idmap_clear(&l.told);
	return manager_reply(l.m, r);
}
