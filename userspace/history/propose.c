// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grouping rows into proposals. It must never put two things under one rule that differ in more
 * than the host of a registrable domain, the address, or the port there.
 */
#include "propose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/snitch.h>

#include "../policy/program.h"
#include "../util/cleanup.h"
#include "../util/hostname.h"

bool proposal_wants(const struct history_flow *f)
{
	return !f->inbound && !f->rule && (f->family == AF_INET || f->family == AF_INET6) &&
	       (f->origin == SNITCH_BY_MODE || f->origin == SNITCH_BY_FAIL);
}

/* The part of a name that belongs to one owner; the whole name where there is none. */
static const char *owner_of(const char *name)
{
	const char *domain = snitch_hostname_domain(name);

	return domain ? domain : name;
}

/* A name that is no host's says nothing: the address counts. */
static bool is_host(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return len && !name[len] && len <= RULE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
	       name[len - 1] != '.' && !strstr(name, "..");
}

/* ---- one proposal ------------------------------------------------------------------------- */

static void free_one(struct proposal *p)
{
	while (p->n_names)
		free(p->names[--p->n_names]);
	free(p->program);
	free(p->domain);
	free(p->rule);
	free(p);
}

static bool has_name(const struct proposal *p, const char *name)
{
	unsigned int i;

	for (i = 0; i < p->n_names; i++) {
		if (!strcmp(p->names[i], name))
			return true;
	}
	return false;
}

static bool has_address(const struct proposal *p, const struct history_flow *f)
{
	unsigned int i;

	for (i = 0; i < p->n_addresses; i++) {
		if (p->addresses[i].family == f->family &&
		    !memcmp(p->addresses[i].addr, f->address, sizeof(f->address)))
			return true;
	}
	return false;
}

static bool has_port(const struct proposal *p, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < p->n_ports; i++) {
		if (p->ports[i] == port)
			return true;
	}
	return false;
}

/* Is there room in @p for all of @f that is not in it yet? */
static bool has_room(const struct proposal *p, const struct history_flow *f)
{
	if (p->why_not)
		return true;
	if (p->domain)
		return (has_port(p, f->port) || p->n_ports < PROPOSAL_PORTS) &&
		       (has_name(p, f->name) || p->n_names < PROPOSAL_NAMES);
	/* each address has all of these ports, so they must be the same */
	return (has_address(p, f) || p->n_addresses < PROPOSAL_ADDRESSES) && has_port(p, f->port);
}

static bool belongs_to(const struct proposal *p, const struct history_flow *f, const char *why_not,
		       const char *domain)
{
	if (p->uid != f->uid || strcmp(p->program, f->program) || p->why_not != why_not)
		return false;
	if (why_not)
		return true;
	if (p->proto != f->proto || !p->domain != !domain)
		return false;
	return (!domain || !strcmp(p->domain, domain)) && has_room(p, f);
}

/* By the alphabet: the order of what was seen in one second says nothing. */
static int add_name(struct proposal *p, const char *text)
{
	char *name = strdup(text);
	unsigned int i;

	if (!name)
		return -ENOMEM;
	for (i = p->n_names++; i && strcmp(p->names[i - 1], name) > 0; i--)
		p->names[i] = p->names[i - 1];
	p->names[i] = name;
	return 0;
}

static int take_in(struct proposal *p, const struct history_flow *f)
{
	if (f->name[0] && p->n_names < PROPOSAL_NAMES && !has_name(p, f->name) &&
	    add_name(p, f->name))
		return -ENOMEM;
	if (p->n_addresses < PROPOSAL_ADDRESSES && !has_address(p, f)) {
		p->addresses[p->n_addresses].family = f->family;
		memcpy(p->addresses[p->n_addresses++].addr, f->address, sizeof(f->address));
	}
	if (p->n_ports < PROPOSAL_PORTS && !has_port(p, f->port))
		p->ports[p->n_ports++] = f->port;
	if (f->action == SNITCH_ALLOW)
		p->allowed += f->count;
	else
		p->refused += f->count;
	if (!p->first || f->first < p->first)
		p->first = f->first;
	if (f->last > p->last)
		p->last = f->last;
	return 0;
}

static struct proposal *new_one(const struct history_flow *f, const char *why_not,
				const char *domain)
{
	struct proposal *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->program = strdup(f->program);
	p->domain = domain && !why_not ? strdup(domain) : NULL;
	p->why_not = why_not;
	p->uid = f->uid;
	p->proto = f->proto;
	if (p->program && (p->domain || !domain || why_not))
		return p;
	free_one(p);
	return NULL;
}

static int append(struct proposals *all, struct proposal *p)
{
	struct proposal **more;

	if (!p)
		return -ENOMEM;
	if (all->n == all->room) {
		more = reallocarray(all->list, all->room ? 2 * all->room : 16, sizeof(*more));
		if (!more) {
			free_one(p);
			return -ENOMEM;
		}
		all->list = more;
		all->room = all->room ? 2 * all->room : 16;
	}
	all->list[all->n++] = p;
	return 0;
}

int proposals_add(struct proposals *all, const struct history_flow *flow)
{
	struct history_flow without;
	const struct history_flow *f = flow;
	const char *why_not, *domain;
	size_t i;
	int r;

	if (!proposal_wants(f))
		return 0;
	if (f->name[0] && !is_host(f->name)) {
		without = *flow;
		without.name = "";
		f = &without;
	}
	domain = f->name[0] ? owner_of(f->name) : NULL;
	why_not = proposal_why_not(f);
	for (i = 0; i < all->n; i++) {
		if (belongs_to(all->list[i], f, why_not, domain))
			return take_in(all->list[i], f);
	}
	if (all->n == PROPOSALS_MAX) {
		all->left_out++;
		return 0;
	}
	r = append(all, new_one(f, why_not, domain));
	return r ? r : take_in(all->list[all->n - 1], f);
}

/* ---- the rules ------------------------------------------------------------------------------ */

static int set_domain(struct rule *rule, const struct proposal *p)
{
	struct rule_item *item = &rule->items[0];
	bool one = p->n_names == 1;

	item_clear(item);
	item->kind = one ? RULE_I_HOST : RULE_I_DOMAIN;
	item->name = strdup(one ? p->names[0] : p->domain);
	return item->name ? 0 : -ENOMEM;
}

static int set_addresses(struct rule *rule, const struct proposal *p)
{
	struct rule_item *items = reallocarray(rule->items, p->n_addresses, sizeof(*items));
	unsigned int i;

	if (!items)
		return -ENOMEM;
	rule->items = items;
	for (i = 1; i < p->n_addresses; i++) {
		items[i] = (struct rule_item){ .kind = RULE_I_ADDRESS,
					       .family = p->addresses[i].family };
		memcpy(items[i].first, p->addresses[i].addr, 16);
		memcpy(items[i].last, p->addresses[i].addr, 16);
	}
	rule->n_items = p->n_addresses;
	return 0;
}

static int set_ports(struct rule *rule, const struct proposal *p)
{
	unsigned int i;
	int r = 0;

	if (p->n_ports == 1 && !p->ports[0])
		return 0;
	rule_clear_ports(rule);
	for (i = 0; i < p->n_ports && !r; i++)
		r = rule_add_ports(rule, p->ports[i], p->ports[i]);
	return r;
}

/* Only what can be read back as it was meant is a rule. */
static bool is_readable(const struct rule *rule, const char *text)
{
	struct rule_error err;
	struct rule *again = NULL;
	bool same;

	same = !rule_parse(text, NULL, 0, &again, &err) && again && rule_equal(rule, again);
	rule_free(again);
	return same;
}

static int write_rule(struct proposal *p, const struct rule *rule)
{
	char text[RULE_TEXT_MAX];

	if (rule_print_plain(rule, text, sizeof(text)) < 0 || !is_readable(rule, text))
		return -EINVAL;
	p->rule = strdup(text);
	return p->rule ? 0 : -ENOMEM;
}

static void make_id(struct proposal *p)
{
	const unsigned char *c;
	uint32_t h = 0x811c9dc5u ^ p->uid;

	for (c = (const unsigned char *)p->rule; *c; c++)
		h = (h ^ *c) * 0x01000193u;	/* FNV-1a */
	snprintf(p->id, sizeof(p->id), "%08x", h);
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct proposal_address));
}

static int make_rule(struct proposal *p, uint32_t own)
{
	const struct proposal_address *first = &p->addresses[0];
	struct rule *rule;
	int r;

	qsort(p->ports, p->n_ports, sizeof(p->ports[0]), compare_ports);
	qsort(p->addresses, p->n_addresses, sizeof(p->addresses[0]), compare_addresses);
	r = rule_for_flow(SNITCH_ALLOW, p->program, p->uid == own ? (uint32_t)-1 : p->uid,
			  first->family, first->addr, 0, p->proto, &rule);
	if (!r) {
		r = p->domain ? set_domain(rule, p) : set_addresses(rule, p);
		if (!r)
			r = set_ports(rule, p);
		if (!r)
			r = write_rule(p, rule);
		rule_free(rule);
	}
	if (r == -EINVAL) {
		p->why_not = "no rule can say this: its path or its names cannot be written";
		return 0;
	}
	if (!r)
		make_id(p);
	return r;
}

/* Rules before what is not proposed; the program, then the most used. */
static int compare(const void *a, const void *b)
{
	const struct proposal *x = *(struct proposal *const *)a, *y = *(struct proposal *const *)b;
	uint64_t nx = x->allowed + x->refused, ny = y->allowed + y->refused;
	int r = strcmp(x->program, y->program);

	if (!x->rule != !y->rule)
		return x->rule ? -1 : 1;
	if (r)
		return r;
	if (nx != ny)
		return nx > ny ? -1 : 1;
	return x->rule && y->rule ? strcmp(x->rule, y->rule) : 0;
}

int proposals_finish(struct proposals *all, uint32_t own)
{
	size_t i;
	int r = 0;

	for (i = 0; !r && i < all->n; i++) {
		if (!all->list[i]->why_not)
			r = make_rule(all->list[i], own);
	}
	if (all->n)
		qsort(all->list, all->n, sizeof(*all->list), compare);
	return r;
}

void proposals_free(struct proposals *all)
{
	while (all->n)
		free_one(all->list[--all->n]);
	free(all->list);
	memset(all, 0, sizeof(*all));
}
