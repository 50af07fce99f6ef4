// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows in the words of the grammar of rules. It must never look up a name, nor guess what was
 * not said.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "program.h"
#include "snitch.h"
#include "../util/cleanup.h"
#include "../util/format.h"

#define ACTION	"allow "	/* makes a rule of a description */

static int refuse(struct rule_error *err, const char *found, const char *expected, const char *next)
{
	return rule_fail(err, -EINVAL, NULL, 0, found, expected, next);
}

/* ---- what it runs as --------------------------------------------------------------------------- */

/* "NAME.APP" is one of the apps of the snap NAME. */
static void take_snap(struct flow_description *d, const char *name)
{
	snprintf(d->snap, sizeof(d->snap), "%.*s", (int)strcspn(name, "."), name);
	d->app.snap = d->snap;
	d->app.snap_app = strchr(name, '.') ? name : "";
	d->app.snap_sure = true;
}

/* The path of a container's program is none of this machine's. */
static bool take_container(struct flow_description *d, const struct rule_program *p)
{
	struct flow_query *q = &d->query;

	if (d->app.n_images || (q->exe && strcmp(q->exe, p->path)))
		return false;
	q->exe = p->path;
	q->strange = true;
	d->images[0] = p->name;
	d->app.images = d->images;
	d->app.n_images = 1;
	return true;
}

/* Return: false where it says something twice, or nothing of the kind. */
static bool take_app(struct flow_description *d, const struct rule_program *p)
{
	struct app *app = &d->app;

	switch (p->kind) {
	case RULE_P_UNIT:
		if (*app->unit)
			return false;
		app->unit = p->name;
		return true;
	case RULE_P_FLATPAK:
		if (*app->flatpak)
			return false;
		app->flatpak = p->name;
		app->flatpak_sure = true;
		return true;
	case RULE_P_SNAP:
		if (*app->snap)
			return false;
		take_snap(d, p->name);
		return true;
	case RULE_P_SCRIPT:
		if (*app->script)
			return false;
		app->script = p->name;
		app->script_sure = true;
		return true;
	case RULE_P_CONTAINER:
		return take_container(d, p);
	default:
		return false;
	}
}

/*
 * Reads the "as PROGRAM" of @line, which is ACTION and the description, and puts blanks in their
 * place: the rest has the form of a rule. Return: 0, or -EINVAL or -ENOMEM with @err filled.
 */
static int cut_apps(struct flow_description *d, char *line, struct rule_error *err)
{
	_cleanup_free_ struct words *w = calloc(1, sizeof(*w));
	struct rule_program first = { .kind = RULE_P_ANY };
	unsigned int from;
	int r;

	if (!w)
		return rule_fail(err, -ENOMEM, NULL, 0, NULL, "more memory", NULL);
	w->line = line;
	w->pos = strlen(ACTION);
	w->err = err;
	r = words_next(w);
	if (!r)
		r = program_parse(w, &first);
	program_clear(&first);
	while (!r && words_is(w, "as")) {
		if (d->n_as == DESCRIBE_AS_MAX)
			return refuse(err, "as", "each kind once", "leave one out");
		from = w->column - 1;
		r = words_next(w);
		if (!r)
			r = program_parse(w, &d->as[d->n_as++]);
		if (!r)
			memset(line + from, ' ', w->column - 1 - from);
	}
	return r;
}

static int take_apps(struct flow_description *d, struct rule_error *err)
{
	size_t i;

	for (i = 0; i < d->n_as; i++) {
		const struct rule_program *p = &d->as[i];

		if (d->query.kernel || p->child_of || p->and_children || !take_app(d, p))
			return refuse(err, "as", "unit, flatpak, snap, container or script, each once",
				      "ancestors stand before 'as'; a container's path is the program's");
	}
	return 0;
}

/* ---- the flow ----------------------------------------------------------------------------------- */

static int take_program(struct flow_description *d, struct rule_error *err)
{
	const struct rule_program *p = &d->rule->program;
	struct flow_query *q = &d->query;

	if (p->kind == RULE_P_KERNEL && p->kernel) {
		q->kernel = p->kernel;
		return 0;
	}
	if (p->kind == RULE_P_PATH)
		q->exe = p->name;
	if (p->and_children || (p->kind != RULE_P_PATH && !take_app(d, p)))
		return refuse(err, "", "one program: its path, what it runs as, or kernel NAME",
			      "write it like /usr/bin/curl to 192.0.2.7 port 443");
	q->app = &d->app;
	q->parents = d->parents;
	for (p = p->child_of; p; p = p->child_of) {
		if (p->kind != RULE_P_PATH)
			return refuse(err, p->name, "the path of a program after 'child-of'",
				      "name each ancestor, the nearest first");
		d->parents[q->n_parents++] = p->name;
	}
	return 0;
}

/* One of the remotes of the description. */
static bool take_item(struct flow_description *d, const struct rule_item *item)
{
	struct flow_query *q = &d->query;
	bool v4 = item->family == AF_INET;

	if (item->kind == RULE_I_HOST) {
		d->names[q->n_names++] = item->name;
		return true;
	}
	if (item->kind == RULE_I_ANY)
		return q->family == AF_PACKET;
	if (q->family && !(q->family == AF_PACKET && item->kind == RULE_I_LOOPBACK))
		return false;
	if (item->kind == RULE_I_ADDRESS) {
		q->family = item->family;
		memcpy(q->addr, item->first, sizeof(q->addr));
		q->loopback = v4 ? q->addr[0] == 127 : !memcmp(q->addr, &in6addr_loopback, 16);
		return true;
	}
	if (item->kind != RULE_I_LOOPBACK)
		return false;
	q->loopback = true;
	if (!q->family) {
		q->family = AF_INET;
		q->addr[0] = 127;
		q->addr[3] = 1;
	}
	return true;
}

static int take_remote(struct flow_description *d, struct rule_error *err)
{
	static const char expected[] = "one address, a host, or both: example.com,192.0.2.7";
	const struct rule *rule = d->rule;
	size_t i;

	d->query.names = d->names;
	if (rule->proto == RULE_PROTO_PACKET)
		d->query.family = AF_PACKET;
	for (i = 0; i < rule->n_items; i++) {
		if (rule->negated || !take_item(d, &rule->items[i]))
			return refuse(err, "", expected, "a flow goes to one place");
	}
	return 0;
}

static int take_service(struct flow_description *d, struct rule_error *err)
{
	const struct rule *rule = d->rule;
	struct flow_query *q = &d->query;

	if (rule->n_ports > 1 || (rule->n_ports && rule_ports(rule)[0].first != rule_ports(rule)[0].last))
		return refuse(err, "", "one port", "a flow goes to one port");
	q->port = rule->n_ports ? rule_ports(rule)[0].first : 0;
	q->interface = rule->interface;
	if (q->loopback && !q->interface)
		q->interface = "lo";
	if (q->family != AF_PACKET)
		q->proto = rule->proto < 0 ? IPPROTO_TCP : rule->proto;
	/* "icmp" means that of both families */
	if (q->family == AF_INET6 && q->proto == IPPROTO_ICMP)
		q->proto = IPPROTO_ICMPV6;
	return 0;
}

static int take_who(struct flow_description *d, uint32_t uid, struct rule_error *err)
{
	const struct rule *rule = d->rule;
	struct flow_query *q = &d->query;

	q->uid = uid;
	if (rule->who == RULE_W_ANYONE)
		return 0;
	if (!rule->who_known)
		return refuse(err, rule->who_name, "a user or group of this machine",
			      "write its number");
	if (rule->who == RULE_W_USER) {
		q->uid = rule->who_id;
		return 0;
	}
	d->gid = rule->who_id;
	q->gids = &d->gid;
	q->n_gids = 1;
	return 0;
}

/* What a rule's error says of its place and of an action, which nobody has written here. */
static void forget_action(struct rule_error *err)
{
	static const char write[] = "write ", action[] = "ACTION ";
	char *at = err->next + strlen(write);

	err->column -= err->column > strlen(ACTION) ? strlen(ACTION) : err->column;
	if (!strncmp(err->next, write, strlen(write)) && !strncmp(at, action, strlen(action)))
		memmove(at, at + strlen(action), strlen(at + strlen(action)) + 1);
}

int describe_flow(const char *text, uint32_t uid, struct flow_description *out,
		  struct rule_error *err)
{
	_cleanup_free_ char *line = snitch_format(ACTION "%s", text);
	int r;

	memset(err, 0, sizeof(*err));
	if (!line)
		return rule_fail(err, -ENOMEM, NULL, 0, NULL, "more memory", NULL);
	out->app = APP_NONE;
	/* a word has room for what a line may have; rule_parse() says no to longer ones */
	r = strlen(line) < RULE_LINE_MAX ? cut_apps(out, line, err) : 0;
	if (!r)
		r = rule_parse(line, NULL, 0, &out->rule, err);
	if (r) {
		forget_action(err);
		return r;
	}
	if (out->rule->flags || out->rule->profile || out->rule->lifetime != RULE_L_FOREVER)
		return refuse(err, "", "a flow: program, remote, port, protocol, user, interface",
			      "leave out what only rules have");
	r = take_program(out, err);
	if (!r)
		r = take_apps(out, err);
	if (!r)
		r = take_remote(out, err);
	if (!r)
		r = take_service(out, err);
	return r ? r : take_who(out, uid, err);
}

void description_free(struct flow_description *d)
{
	while (d->n_as)
		program_clear(&d->as[--d->n_as]);
	rule_free(d->rule);
	memset(d, 0, sizeof(*d));
}

static void add_remote(const struct flow_query *q, struct text *t)
{
	char addr[INET6_ADDRSTRLEN];
	size_t i;

	for (i = 0; i < q->n_names; i++)
		text_addf(t, "%s%s", i ? "," : "", q->names[i]);
	if (q->family == AF_PACKET) {
		text_add(t, q->loopback ? "loopback" : "any");
	} else if (q->family) {
		inet_ntop(q->family, q->addr, addr, sizeof(addr));
		text_addf(t, "%s%s", i ? "," : "", addr);
	}
}

static void add_as(struct text *t, enum rule_program_kind kind, const char *name, const char *path)
{
	const struct rule_program p = { .kind = kind, .name = (char *)name, .path = (char *)path };

	if (!*name)
		return;
	text_add(t, " as ");
	program_print(&p, t);
}

/* What nobody vouches for is not said: a reader would take it for sure. */
static void add_apps(const struct flow_query *q, struct text *t)
{
	const struct app *app = q->app;

	add_as(t, RULE_P_UNIT, app->unit, NULL);
	if (app->flatpak_sure)
		add_as(t, RULE_P_FLATPAK, app->flatpak, NULL);
	if (app->snap_sure)
		add_as(t, RULE_P_SNAP, *app->snap_app ? app->snap_app : app->snap, NULL);
	if (app->n_images && q->exe)
		add_as(t, RULE_P_CONTAINER, app->images[0], q->exe);
	if (app->script_sure)
		add_as(t, RULE_P_SCRIPT, app->script, NULL);
}

char *flow_sentence(const struct flow_query *q, char *buf, size_t size)
{
	int proto = q->family == AF_PACKET ? RULE_PROTO_PACKET : q->proto;
	struct text t = { .buf = buf, .size = size };
	struct rule_program p = { .kind = RULE_P_PATH, .name = (char *)q->exe };
	size_t i;

	if (size)
		buf[0] = '\0';
	if (q->kernel)
		p = (struct rule_program){ .kind = RULE_P_KERNEL, .kernel = q->kernel };
	if (q->kernel || q->exe)
		program_print(&p, &t);
	else
		text_add(&t, "an unknown program");
	for (i = 0; i < q->n_parents; i++) {
		if (!q->parents[i] || q->parents[i][0] != '/')
			continue;
		p.name = (char *)q->parents[i];
		text_add(&t, " child-of ");
		program_print(&p, &t);
	}
	if (q->app)
		add_apps(q, &t);
	if (!q->kernel)
		text_addf(&t, " user %u", q->uid);
	text_add(&t, " to ");
	add_remote(q, &t);
	if (q->port)
		text_addf(&t, " port %u", q->port);
	if (proto_word(proto))
		text_addf(&t, " %s", proto_word(proto));
	else
		text_addf(&t, " %d", proto);
	if (q->interface) {
		text_add(&t, " via-interface ");
		text_add_word(&t, q->interface);
	}
	return buf;
}
