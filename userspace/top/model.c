// SPDX-License-Identifier: GPL-2.0-or-later
/* Live flows by program; see model.h. */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../ask/who.h"
#include "../ask/words.h"
#include "../cli/cli.h"
#include "../util/cleanup.h"
#include "../util/idmap.h"
#include "../util/timespan.h"

struct top_before {
	uint64_t key;
	struct top_count total;
};

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)value_int(o, key, 0);
}

static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;	/* FNV-1a */
	return h;
}

/* A socket that is not a stream has a flow for each remote. */
static uint64_t key_of(const json_t *flow)
{
	const char *address = value_str(flow, "address", ""), *proto = value_str(flow, "proto", "");
	uint64_t cookie = number(flow, "cookie"), port = number(flow, "port");
	uint64_t h = hash(0xcbf29ce484222325ULL, &cookie, sizeof(cookie));

	h = hash(h, &port, sizeof(port));
	h = hash(h, address, strlen(address));
	return hash(h, proto, strlen(proto));
}

static void add_count(struct top_count *to, const struct top_count *c)
{
	to->sent += c->sent;
	to->received += c->received;
	to->sent_packets += c->sent_packets;
	to->received_packets += c->received_packets;
}

static int compare_before(const void *a, const void *b)
{
	const struct top_before *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* A count that fell began anew. */
static uint64_t per_second(uint64_t now, uint64_t before, uint64_t ns)
{
	uint64_t more = now >= before ? now - before : now;

	return ns ? (uint64_t)((double)more * SNITCH_NSEC_PER_SEC / ns) : 0;
}

static void set_rate(const struct top *t, struct top_flow *f, uint64_t ns)
{
	const struct top_before want = { .key = f->key };
	static const struct top_before none;
	const struct top_before *b = NULL;

	if (t->n_before)
		b = bsearch(&want, t->before, t->n_before, sizeof(*b), compare_before);
	if (!b)
		b = &none;	/* it began since */
	f->rate.sent = per_second(f->total.sent, b->total.sent, ns);
	f->rate.received = per_second(f->total.received, b->total.received, ns);
	f->rate.sent_packets = per_second(f->total.sent_packets, b->total.sent_packets, ns);
	f->rate.received_packets = per_second(f->total.received_packets,
					      b->total.received_packets, ns);
}

static int index_owners(const json_t *owners, struct idmap *map)
{
	const json_t *o;
	size_t i;

	json_array_foreach(owners, i, o) {
		if (number(o, "owner") && idmap_put(map, number(o, "owner"), (void *)o))
			return -ENOMEM;
	}
	return 0;
}

static int read_flows(struct top *t, uint64_t ns)
{
	size_t n = json_array_size(t->flows), i;
	struct idmap owners = { 0 };
	const json_t *flow;

	t->flow = calloc(n ? n : 1, sizeof(*t->flow));
	if (!t->flow || index_owners(t->owners, &owners)) {
		idmap_clear(&owners);
		return -ENOMEM;
	}
	json_array_foreach(t->flows, i, flow) {
		struct top_flow *f = &t->flow[t->n_flows];

		if (!json_is_object(flow))
			continue;
		if (t->n_flows == TOP_FLOWS_MAX) {
			t->more++;
			continue;
		}
		t->n_flows++;
		f->flow = flow;
		f->owner = idmap_get(&owners, number(flow, "owner"));
		f->key = key_of(flow);
		f->waits = !strcmp(value_str(flow, "verdict", ""), "hold");
		f->total = (struct top_count){
			number(flow, "sent"), number(flow, "received"),
			number(flow, "sent_packets"), number(flow, "received_packets"),
		};
		set_rate(t, f, ns);
		t->n_waiting += f->waits;
		t->unknown += !f->owner && number(flow, "owner");
	}
	idmap_clear(&owners);
	return 0;
}

/* ---- programs ------------------------------------------------------------------------------- */

static const char *flow_name(const struct top_flow *f)
{
	const char *name = value_str(f->owner, "program", NULL);

	return name && strcmp(name, "?") ? name : value_str(f->flow, "comm", "?");
}

/* What makes two flows one program's: the path, the user, what the program is part of. */
static int compare_group(const void *a, const void *b)
{
	const struct top_flow *x = a, *y = b;
	static const char *const keys[] = {
		"user", "container", "flatpak", "snap_app", "unit", "script",
	};
	int64_t ux = value_int(x->flow, "uid", -1), uy = value_int(y->flow, "uid", -1);
	int order = strcmp(flow_name(x), flow_name(y));
	size_t i;

	if (!order && !x->owner != !y->owner)
		order = x->owner ? -1 : 1;
	if (!order)
		order = ux < uy ? -1 : ux > uy;
	for (i = 0; !order && i < SNITCH_ARRAY_SIZE(keys); i++)
		order = strcmp(value_str(x->owner, keys[i], ""), value_str(y->owner, keys[i], ""));
	return order;
}

static char *user_of(const struct top_flow *f)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value_int(f->flow, "uid", -1));
	return strdup(value_str(f->owner, "user", text));
}

static int begin_program(struct top *t, size_t first)
{
	const struct top_flow *f = &t->flow[first];
	struct top_program *p = &t->program[t->n_programs++];

	p->first = first;
	p->owner = f->owner;
	p->name = strdup(flow_name(f));
	p->user = user_of(f);
	p->app = f->owner ? who_app(f->owner) : strdup("");
	return p->name && p->user && p->app ? 0 : -ENOMEM;
}

static int group(struct top *t)
{
	struct top_program *p = NULL;
	size_t i;

	qsort(t->flow, t->n_flows, sizeof(*t->flow), compare_group);
	t->program = calloc(t->n_flows ? t->n_flows : 1, sizeof(*t->program));
	if (!t->program)
		return -ENOMEM;
	for (i = 0; i < t->n_flows; i++) {
		const struct top_flow *f = &t->flow[i];

		if (!i || compare_group(f - 1, f)) {
			if (begin_program(t, i))
				return -ENOMEM;
			p = &t->program[t->n_programs - 1];
		}
		p->n_flows++;
		p->n_waiting += f->waits;
		add_count(&p->total, &f->total);
		add_count(&p->rate, &f->rate);
	}
	return 0;
}

/* ---- order --------------------------------------------------------------------------------- */

static int by_name(const struct top_program *a, const struct top_program *b)
{
	int order = strcmp(words_base_name(a->name), words_base_name(b->name));

	return order ? order : strcmp(a->name, b->name);
}

static int by_number(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int by_counts(enum top_sort sort, const struct top_count *a, const struct top_count *at,
		     const struct top_count *b, const struct top_count *bt)
{
	switch (sort) {
	case TOP_BY_RATE:
		return by_number(a->sent + a->received, b->sent + b->received);
	case TOP_BY_SENT:
		return by_number(at->sent, bt->sent);
	case TOP_BY_RECEIVED:
		return by_number(at->received, bt->received);
	default:
		return 0;
	}
}

/* What waits for a person comes first, whatever the order; equals stay where they were. */
static int compare_programs(const void *a, const void *b, void *ctx)
{
	const struct top_program *x = a, *y = b;
	const struct top *t = ctx;
	int order = by_counts(t->sort, &x->rate, &x->total, &y->rate, &y->total);

	if (!x->n_waiting != !y->n_waiting)
		return x->n_waiting ? -1 : 1;
	if (t->sort == TOP_BY_FLOWS)
		order = by_number(x->n_flows, y->n_flows);
	if (!order)
		order = by_name(x, y);
	else if (t->reverse)
		return -order;
	if (t->sort == TOP_BY_NAME && t->reverse)
		order = -order;
	return order ? order : x->first < y->first ? -1 : 1;
}

static int compare_flows(const void *a, const void *b, void *ctx)
{
	const struct top_flow *x = a, *y = b;
	const struct top *t = ctx;
	int order = by_counts(t->sort, &x->rate, &x->total, &y->rate, &y->total);

	if (x->waits != y->waits)
		return x->waits ? -1 : 1;
	if (!order)
		return x->key < y->key ? -1 : x->key > y->key;
	return t->reverse ? -order : order;
}

static void sort(struct top *t)
{
	size_t i;

	for (i = 0; i < t->n_programs; i++)
		qsort_r(t->flow + t->program[i].first, t->program[i].n_flows, sizeof(*t->flow),
			compare_flows, t);
	qsort_r(t->program, t->n_programs, sizeof(*t->program), compare_programs, t);
}

void top_order(struct top *t, enum top_sort by)
{
	t->reverse = t->sort == by && !t->reverse;
	t->sort = by;
	sort(t);
}

/* ---- an answer ------------------------------------------------------------------------------- */

static void clear_programs(struct top *t)
{
	size_t i;

	for (i = 0; i < t->n_programs; i++) {
		free(t->program[i].name);
		free(t->program[i].user);
		free(t->program[i].app);
	}
	free(t->program);
	free(t->flow);
	json_decref(t->owners);
	json_decref(t->flows);
	t->program = NULL;
	t->flow = NULL;
	t->owners = NULL;
	t->flows = NULL;
	t->n_programs = 0;
	t->n_flows = 0;
	t->n_waiting = 0;
	t->unknown = 0;
}

static void keep_counts(struct top *t)
{
	size_t i;

	free(t->before);
	t->n_before = 0;
	t->before = calloc(t->n_flows ? t->n_flows : 1, sizeof(*t->before));
	if (!t->before)
		return;
	for (i = 0; i < t->n_flows; i++)
		t->before[i] = (struct top_before){ t->flow[i].key, t->flow[i].total };
	t->n_before = t->n_flows;
	qsort(t->before, t->n_before, sizeof(*t->before), compare_before);
}

int top_take(struct top *t, json_t *owners, json_t *flows, uint64_t more, uint64_t now)
{
	uint64_t ns = t->when && now > t->when ? now - t->when : 0;
	int r;

	keep_counts(t);
	clear_programs(t);
	t->owners = owners;
	t->flows = flows;
	t->more = more;
	t->when = now;
	r = read_flows(t, ns);
	if (!r)
		r = group(t);
	if (r)
		clear_programs(t);
	else
		sort(t);
	return r;
}

void top_clear(struct top *t)
{
	clear_programs(t);
	free(t->before);
	*t = (struct top){ .n_flows = 0 };
}

long top_find(const struct top *t, const char *name, const char *user, const char *app)
{
	size_t i;

	for (i = 0; i < t->n_programs; i++) {
		const struct top_program *p = &t->program[i];

		if (!strcmp(p->name, name) && !strcmp(p->user, user) && !strcmp(p->app, app))
			return (long)i;
	}
	return -1;
}

const char *top_sort_name(enum top_sort by)
{
	static const char *const names[] = { "rate", "sent", "received", "flows", "name" };

	return names[by];
}

/* ---- for programs -------------------------------------------------------------------------- */

static json_t *program_json(const struct top *t, const struct top_program *p)
{
	json_t *o = p->owner ? json_copy((json_t *)p->owner) : json_object();
	json_t *flows = json_array();
	size_t i;

	for (i = 0; i < p->n_flows; i++)
		json_array_append(flows, (json_t *)t->flow[p->first + i].flow);
	json_object_set_new(o, "program", json_string(p->name));
	json_object_set_new(o, "user", json_string(p->user));
	json_object_set_new(o, "waiting", json_integer((json_int_t)p->n_waiting));
	json_object_set_new(o, "sent", json_integer((json_int_t)p->total.sent));
	json_object_set_new(o, "sent_packets", json_integer((json_int_t)p->total.sent_packets));
	json_object_set_new(o, "received", json_integer((json_int_t)p->total.received));
	json_object_set_new(o, "received_packets",
			    json_integer((json_int_t)p->total.received_packets));
	json_object_set_new(o, "flows", flows);
	return o;
}

json_t *top_json(const struct top *t)
{
	json_t *programs = json_array();
	size_t i;

	for (i = 0; programs && i < t->n_programs; i++)
		json_array_append_new(programs, program_json(t, &t->program[i]));
	return json_pack("{s:i,s:o,s:I}", "schema", 1, "programs", programs, "more",
			 (json_int_t)t->more);
}
