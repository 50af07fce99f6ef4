// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The question model: flows that wait, grouped as people see them. It must never decide a flow by
 * itself, and never hold more than its bounds.
 */
#include "question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/hostname.h"
#include "../util/idmap.h"

TAILQ_HEAD(question_list, question);

struct questions {
	const struct questions_ops *ops;
	void *ctx;
	struct question_list list;	/* oldest first */
	struct idmap by_id;
	struct idmap flows;
	uint64_t last_id;
	uint32_t n;
	uint32_t n_listed;
	uint64_t refused;
};

struct questions *questions_new(const struct questions_ops *ops, void *ctx)
{
	struct questions *qs = calloc(1, sizeof(*qs));

	if (!qs)
		return NULL;
	qs->ops = ops;
	qs->ctx = ctx;
	TAILQ_INIT(&qs->list);
	return qs;
}

static void flow_free(struct questions *qs, struct question_flow *flow)
{
	TAILQ_REMOVE(&flow->question->flows, flow, link);
	flow->question->n_flows--;
	idmap_take(&qs->flows, flow->ev.hdr.id);
	owner_put(flow->owner);
	free(flow);
}

static void question_free(struct questions *qs, struct question *q)
{
	while (!TAILQ_EMPTY(&q->flows))
		flow_free(qs, TAILQ_FIRST(&q->flows));
	owner_put(q->owner);
	free(q);
}

void questions_free(struct questions *qs)
{
	struct question *q;

	if (!qs)
		return;
	while ((q = TAILQ_FIRST(&qs->list))) {
		TAILQ_REMOVE(&qs->list, q, link);
		question_free(qs, q);
	}
	idmap_clear(&qs->by_id);
	idmap_clear(&qs->flows);
	free(qs);
}

static void tell_added(struct questions *qs, struct question *q)
{
	if (qs->ops && qs->ops->added)
		qs->ops->added(qs->ctx, q);
}

static void tell_changed(struct questions *qs, struct question *q)
{
	if (q->listed && qs->ops && qs->ops->changed)
		qs->ops->changed(qs->ctx, q);
}

static unsigned int count_uid(const struct questions *qs, uint32_t belongs, bool listed)
{
	const struct question *q;
	unsigned int n = 0;

	TAILQ_FOREACH(q, &qs->list, link)
		n += q->belongs == belongs && (q->listed || !listed);
	return n;
}

/* Lists the oldest unlisted questions that there is room for. */
static void list_more(struct questions *qs)
{
	struct question *q;

	if (qs->n_listed == qs->n)
		return;
	TAILQ_FOREACH(q, &qs->list, link) {
		if (qs->n_listed >= SNITCH_QUESTIONS_LISTED)
			return;
		if (q->listed || count_uid(qs, q->belongs, true) >= SNITCH_QUESTIONS_LISTED_UID)
			continue;
		q->listed = true;
		qs->n_listed++;
		tell_added(qs, q);
	}
}

static void unlink_question(struct questions *qs, struct question *q, enum question_gone why)
{
	TAILQ_REMOVE(&qs->list, q, link);
	idmap_take(&qs->by_id, q->id);
	qs->n--;
	if (q->listed) {
		qs->n_listed--;
		if (qs->ops && qs->ops->removed)
			qs->ops->removed(qs->ctx, q, why);
	}
	question_free(qs, q);
}

void questions_remove(struct questions *qs, struct question *q, enum question_gone why,
		      question_flow_fn fn, void *ctx)
{
	struct question_flow *flow;

	if (fn) {
		TAILQ_FOREACH(flow, &q->flows, link)
			fn(ctx, flow);
	}
	unlink_question(qs, q, why);
	list_more(qs);
}

/* Removes the oldest question nobody waits in; @belongs: only of that user, (uint32_t)-1: any. */
static bool make_room(struct questions *qs, uint32_t belongs)
{
	struct question *q;

	TAILQ_FOREACH(q, &qs->list, link) {
		if (q->n_flows || (belongs != (uint32_t)-1 && q->belongs != belongs))
			continue;
		unlink_question(qs, q, QUESTION_REPLACED);
		return true;
	}
	return false;
}

static bool same_group(const struct question *q, const struct question_request *req)
{
	return q->uid == req->ev->uid && q->belongs == req->belongs &&
	       q->target.family == req->ev->family &&
	       !memcmp(q->target.addr, req->ev->daddr, sizeof(q->target.addr)) &&
	       image_same_program(q->owner->image, req->owner->image);
}

static struct question *find_group(struct questions *qs, const struct question_request *req)
{
	struct question *q;

	TAILQ_FOREACH(q, &qs->list, link) {
		if (same_group(q, req))
			return q;
	}
	return NULL;
}

/* Makes room by the bounds of all and of one user. Return: 0 or -ENOSPC. */
static int admit(struct questions *qs, uint32_t belongs)
{
	if (count_uid(qs, belongs, false) >= SNITCH_QUESTIONS_MAX_UID && !make_room(qs, belongs))
		return -ENOSPC;
	if (qs->n >= SNITCH_QUESTIONS_MAX && !make_room(qs, -1))
		return -ENOSPC;
	/* a listed place: rather for a new question than for one that nobody waits in */
	if (count_uid(qs, belongs, true) >= SNITCH_QUESTIONS_LISTED_UID)
		make_room(qs, belongs);
	else if (qs->n_listed >= SNITCH_QUESTIONS_LISTED)
		make_room(qs, -1);
	return 0;
}

/* The first name that somebody vouches for; or none. */
static void take_host(struct question *q, const struct question_names *names)
{
	unsigned int i;

	for (i = 0; i < names->n && names->name[i].claimed; i++)
		;
	if (i < names->n)
		q->host = names->name[i];
}

static struct question *question_new(struct questions *qs, const struct question_request *req)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->id = qs->last_id + 1;
	if (idmap_put(&qs->by_id, q->id, q)) {
		free(q);
		return NULL;
	}
	qs->last_id++;
	TAILQ_INIT(&q->flows);
	q->state = QUESTION_PENDING;
	q->uid = req->ev->uid;
	q->belongs = req->belongs;
	q->owner = owner_get(req->owner);
	q->target.family = req->ev->family;
	memcpy(q->target.addr, req->ev->daddr, sizeof(q->target.addr));
	q->netns = req->ev->netns;
	q->first_seen = req->ev->when;
	if (req->names)
		take_host(q, req->names);
	TAILQ_INSERT_TAIL(&qs->list, q, link);
	qs->n++;
	return q;
}

static void note_peer(struct question_target *t, uint8_t proto, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < t->n_peers; i++) {
		if (t->peers[i].proto == proto && t->peers[i].port == port)
			return;
	}
	if (t->n_peers < SNITCH_QUESTION_PEERS)
		t->peers[t->n_peers++] = (struct question_peer){ proto, port };
}

static int add_flow(struct questions *qs, struct question *q, const struct question_request *req)
{
	struct question_flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return -ENOMEM;
	flow->ev = *req->ev;
	if (idmap_put(&qs->flows, flow->ev.hdr.id, flow)) {
		free(flow);
		return -ENOMEM;
	}
	flow->owner = owner_get(req->owner);
	flow->question = q;
	flow->deadline = req->deadline;
	TAILQ_INSERT_TAIL(&q->flows, flow, link);
	q->n_flows++;
	return 0;
}

static void note_names(struct question *q, const struct question_names *names)
{
	unsigned int i;

	q->names = *names;
	if (!q->host.text[0])
		return;
	for (i = 0; i < names->n && strcmp(names->name[i].text, q->host.text); i++)
		;
	if (i == names->n && i < QUESTION_NAMES)
		q->names.n++;
	if (i == QUESTION_NAMES)
		i--;
	memmove(&q->names.name[1], &q->names.name[0], i * sizeof(q->names.name[0]));
	q->names.name[0] = q->host;
}

static void note_flow(struct question *q, const struct question_request *req)
{
	owner_get(req->owner);
	owner_put(q->owner);
	q->owner = req->owner;
	q->attempts++;
	q->last_seen = req->ev->when;
	q->flow_flags |= req->ev->flags;
	q->changed |= req->changed;
	if (req->ask_rule)
		q->ask_rule = req->ask_rule;
	note_peer(&q->target, req->ev->proto, req->ev->dport);
	if (req->names && (req->names->n || req->names->lookup[0]))
		note_names(q, req->names);
	if (req->deadline)
		q->state = QUESTION_HELD;
}

int questions_add(struct questions *qs, const struct question_request *req, struct question **ret)
{
	struct question_flow *known = idmap_get(&qs->flows, req->ev->hdr.id);
	struct question *q;
	bool fresh = false;
	int r;

	if (known) {
		known->deadline = req->deadline;
		if (ret)
			*ret = known->question;
		return 0;
	}
	q = find_group(qs, req);
	if (!q) {
		r = admit(qs, req->belongs);
		if (r) {
			qs->refused++;
			return r;
		}
		q = question_new(qs, req);
		if (!q)
			return -ENOMEM;
		fresh = true;
	}
	r = req->deadline ? add_flow(qs, q, req) : 0;
	if (r) {
		if (fresh)
			unlink_question(qs, q, QUESTION_REPLACED);
		return r;
	}
	note_flow(q, req);
	if (fresh)
		list_more(qs);
	else
		tell_changed(qs, q);
	if (ret)
		*ret = q;
	return 0;
}

bool questions_cancel(struct questions *qs, uint64_t id, uint32_t why)
{
	struct question_flow *flow = idmap_get(&qs->flows, id);
	struct question *q;

	if (!flow)
		return false;
	q = flow->question;
	flow_free(qs, flow);
	if (q->n_flows) {
		tell_changed(qs, q);
	} else if (why == SNITCH_CANCEL_POLICY) {
		questions_remove(qs, q, QUESTION_BY_RULE, NULL, NULL);
	} else {
		q->state = QUESTION_MISSED;
		tell_changed(qs, q);
	}
	return true;
}

bool question_scope_has_ports(enum question_scope scope)
{
	return scope == SCOPE_ADDRESS_PORT || scope == SCOPE_HOST_PORT ||
	       scope == SCOPE_DOMAIN_PORT || scope == SCOPE_PORT;
}

enum question_scope question_scope_usual(const struct question *q)
{
	return q && q->host.text[0] ? SCOPE_HOST_PORT : SCOPE_ADDRESS_PORT;
}

const char *question_scope_name_in(const struct question *q, enum question_scope scope)
{
	if (!q->host.text[0])
		return NULL;
	if (scope == SCOPE_HOST || scope == SCOPE_HOST_PORT)
		return q->host.text;
	return snitch_hostname_domain(q->host.text);
}

bool question_covers(const struct question_target *target, enum question_scope scope,
		     const struct snitch_flow_event *ev)
{
	unsigned int i;

	if (scope != SCOPE_ANY && scope != SCOPE_PORT &&
	    (ev->family != target->family ||
	     memcmp(ev->daddr, target->addr, sizeof(target->addr))))
		return false;
	if (!question_scope_has_ports(scope))
		return true;
	for (i = 0; i < target->n_peers; i++) {
		if (target->peers[i].proto == ev->proto && target->peers[i].port == ev->dport)
			return true;
	}
	return false;
}

bool questions_answer(struct questions *qs, struct question *q, enum question_scope scope,
		      question_flow_fn fn, void *ctx)
{
	struct question_flow *flow, *next;

	for (flow = TAILQ_FIRST(&q->flows); flow; flow = next) {
		next = TAILQ_NEXT(flow, link);
		if (!question_covers(&q->target, scope, &flow->ev))
			continue;
		fn(ctx, flow);
		flow_free(qs, flow);
	}
	if (q->n_flows) {
		tell_changed(qs, q);
		return false;
	}
	questions_remove(qs, q, QUESTION_ANSWERED, NULL, NULL);
	return true;
}

void questions_judge(struct questions *qs, question_judge_fn fn, void *ctx)
{
	struct question_flow *flow, *next_flow;
	struct question *q, *next;
	uint32_t before;

	for (q = TAILQ_FIRST(&qs->list); q; q = next) {
		next = TAILQ_NEXT(q, link);
		before = q->n_flows;
		if (!before && fn(ctx, q, NULL)) {
			unlink_question(qs, q, QUESTION_BY_RULE);
			continue;
		}
		for (flow = TAILQ_FIRST(&q->flows); flow; flow = next_flow) {
			next_flow = TAILQ_NEXT(flow, link);
			if (fn(ctx, q, flow))
				flow_free(qs, flow);
		}
		if (before && !q->n_flows)
			unlink_question(qs, q, QUESTION_BY_RULE);
		else if (before != q->n_flows)
			tell_changed(qs, q);
	}
	list_more(qs);
}

void questions_reset(struct questions *qs)
{
	struct question *q;

	TAILQ_FOREACH(q, &qs->list, link) {
		if (!q->n_flows)
			continue;
		while (!TAILQ_EMPTY(&q->flows))
			flow_free(qs, TAILQ_FIRST(&q->flows));
		q->state = QUESTION_MISSED;
		tell_changed(qs, q);
	}
}

struct question *questions_find(struct questions *qs, uint64_t id)
{
	return idmap_get(&qs->by_id, id);
}

const struct question_flow *questions_find_flow(const struct questions *qs, uint64_t flow)
{
	return idmap_get(&qs->flows, flow);
}

struct question *questions_next(struct questions *qs, const struct question *prev)
{
	struct question *q = prev ? TAILQ_NEXT(prev, link) : TAILQ_FIRST(&qs->list);

	while (q && !q->listed)
		q = TAILQ_NEXT(q, link);
	return q;
}

void questions_count(const struct questions *qs, struct questions_count *count)
{
	const struct question *q;

	memset(count, 0, sizeof(*count));
	count->refused = qs->refused;
	TAILQ_FOREACH(q, &qs->list, link) {
		count->flows += q->n_flows;
		if (!q->listed)
			count->more++;
		else if (q->state == QUESTION_HELD)
			count->held++;
		else if (q->state == QUESTION_MISSED)
			count->missed++;
		else
			count->pending++;
	}
}

uint64_t question_deadline(const struct question *q)
{
	const struct question_flow *flow;
	uint64_t last = 0;

	TAILQ_FOREACH(flow, &q->flows, link) {
		if (flow->deadline > last)
			last = flow->deadline;
	}
	return last;
}

static const char *const state_names[] = { "held", "missed", "pending" };
static const char *const gone_names[] = { "answered", "rule", "dismissed", "replaced" };
static const char *const scope_names[__SCOPE_MAX] = {
	[SCOPE_ADDRESS] = "address", [SCOPE_ADDRESS_PORT] = "address-port",
	[SCOPE_HOST] = "host", [SCOPE_HOST_PORT] = "host-port",
	[SCOPE_DOMAIN] = "domain", [SCOPE_DOMAIN_PORT] = "domain-port",
	[SCOPE_ANY] = "any", [SCOPE_PORT] = "port",
};

const char *question_state_name(enum question_state state)
{
	return state_names[state];
}

const char *question_gone_name(enum question_gone why)
{
	return gone_names[why];
}

const char *question_scope_name(enum question_scope scope)
{
	return scope_names[scope];
}

int question_scope_parse(const char *text, enum question_scope *scope)
{
	unsigned int i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(scope_names); i++) {
		if (!strcmp(text, scope_names[i])) {
			*scope = i;
			return 0;
		}
	}
	return -EINVAL;
}

void question_event(const struct question *q, struct snitch_flow_event *ev)
{
	*ev = (struct snitch_flow_event){
		.family = q->target.family,
		.netns = q->netns,
		.uid = q->uid,
		.proto = q->target.n_peers ? q->target.peers[0].proto : 0,
		.dport = q->target.n_peers ? q->target.peers[0].port : 0,
	};
	memcpy(ev->daddr, q->target.addr, sizeof(ev->daddr));
}
