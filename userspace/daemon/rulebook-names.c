// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names for the rules: which ones an address has for a program, who may be believed about them, and
 * what can be concluded before a flow is there. It must never let an allow rule count on a claim.
 */
#include "rulebook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../names/hosts.h"
#include "../names/resolved.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "rulebook-private.h"

void rulebook_use_names(struct rulebook *rb, struct names *names)
{
	rb->names = names;
}

/* ---- who is believed ------------------------------------------------------------------- */

/*
 * The configured name servers, in the initial namespace: in another one anybody who has the rights
 * there can have their addresses, too.
 */
bool rulebook_believes(const struct rulebook *rb, const struct snitch_dns *dns)
{
	size_t i, len = dns->family == AF_INET ? 4 : 16;

	if (dns->netns != rb->places.netns)
		return false;
	for (i = 0; i < rb->places.n_dns; i++) {
		if (rb->places.dns[i].family == dns->family &&
		    !memcmp(rb->places.dns[i].addr, dns->server, len))
			return true;
	}
	return false;
}

/* ---- /etc/hosts ------------------------------------------------------------------------- */

int rulebook_read_hosts(struct rulebook *rb)
{
	_cleanup_free_ char *path = snitch_format("%s/etc/hosts", rb->root);
	_cleanup_free_ char *text = malloc(HOSTS_FILE_MAX);
	_cleanup_fclose_ FILE *f = NULL;
	size_t len = 0, i;
	uint64_t hash = 0xcbf29ce484222325ULL;

	if (!path || !text)
		return -ENOMEM;
	if (!rb->names)
		return 0;
	f = fopen(path, "re");
	if (f)
		len = fread(text, 1, HOSTS_FILE_MAX, f);
	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ULL;
	if (hash == rb->hosts && rb->hosts_netns == rb->places.netns)
		return 0;
	rb->hosts = hash;
	rb->hosts_netns = rb->places.netns;
	hosts_learn(rb->names, text, len, rb->places.netns);
	return 1;
}

/* ---- systemd-resolved ----------------------------------------------------------------------- */

int rulebook_take_resolved(struct rulebook *rb, const char *text, size_t len, uint64_t now)
{
	return rb->names ? resolved_learn(rb->names, text, len, rb->places.netns, now) : 0;
}

/* ---- the names of an address --------------------------------------------------------------- */

/* Beside those that were looked up and are valid. */
#define FIND_SAID	(1U << 0)
#define FIND_PAST	(1U << 1)

static size_t find_names(const struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now, unsigned int more,
			 struct name_found *out, size_t max)
{
	uint64_t scopes[SNITCH_ANCESTORS + 1] = { owner_id(owner) };
	struct name_question q = {
		.scopes = scopes, .n_scopes = 1, .netns = ev->netns,
		.system = ev->netns == rb->places.netns, .addr = { .family = ev->family },
		.now = now, .said = more & FIND_SAID, .past = more & FIND_PAST,
	};
	const struct image *image = owner->image;
	unsigned int i;

	if (!rb->names || (ev->family != AF_INET && ev->family != AF_INET6))
		return 0;
	/* a fork has looked up what its parent has; another program has not */
	for (i = 0; i < owner->n_parents && (image->wire.flags & SNITCH_O_FORKED); i++) {
		image = owner->parents[i];
		scopes[q.n_scopes++] = image->wire.hdr.id;
	}
	memcpy(q.addr.addr, ev->daddr, sizeof(q.addr.addr));
	return names_find(rb->names, &q, out, max);
}

size_t rulebook_find_names(const struct rulebook *rb, const struct owner *owner,
			   const struct snitch_flow_event *ev, uint64_t now,
			   struct name_found *out, size_t max)
{
	return find_names(rb, owner, ev, now, FIND_SAID, out, max);
}

static void name_query(const struct rulebook *rb, const struct owner *owner,
		       const struct snitch_flow_event *ev, uint64_t now, unsigned int more,
		       struct rulebook_names *names, struct flow_query *q)
{
	struct name_found found[NAMES_FOUND_MAX];
	size_t i, n;

	/* what was said on another connection says nothing about this one */
	n = find_names(rb, owner, ev, now, more, found, NAMES_FOUND_MAX);
	names->until = NAMES_FOR_EVER;
	q->names = names->names;
	q->claims = names->claims;
	for (i = 0; i < n; i++) {
		if (found[i].verified)
			names->names[q->n_names++] = found[i].name;
		else
			names->claims[q->n_claims++] = found[i].name;
		if (found[i].until < names->until)
			names->until = found[i].until;
	}
}

void rulebook_name_query(const struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now,
			 struct rulebook_names *names, struct flow_query *q)
{
	name_query(rb, owner, ev, now, 0, names, q);
}

void rulebook_past_name_query(const struct rulebook *rb, const struct owner *owner,
			      const struct snitch_flow_event *ev, uint64_t now,
			      struct rulebook_names *names, struct flow_query *q)
{
	name_query(rb, owner, ev, now, FIND_PAST, names, q);
}

bool rulebook_rule_is_by_name(const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (rule->items[i].kind == RULE_I_HOST || rule->items[i].kind == RULE_I_DOMAIN)
			return true;
	}
	return false;
}

/* ---- what a program says itself --------------------------------------------------------- */

/*
 * It chooses among the names that the program has looked up for the address; another one is a claim
 * beside them, which can only refuse.
 */
void rulebook_take_said(struct rulebook_names *names, const char *said, struct flow_query *q)
{
	size_t i;

	for (i = 0; said && i < q->n_names; i++) {
		if (strcmp(q->names[i], said))
			continue;
		names->names[0] = q->names[i];
		q->n_names = 1;
		q->n_claims = 0;
		return;
	}
	if (said)
		names->claims[q->n_claims++] = said;
}

static bool would_allow(const struct rulebook *rb, const struct policy_decision *d)
{
	return d->action == SNITCH_ALLOW || (!d->action && rb->env.mode == SNITCH_MODE_OBSERVE);
}

bool rulebook_names_differ(const struct rulebook *rb, const struct flow_query *all)
{
	struct policy_decision d;
	bool allowed = false, other = false;
	size_t i;

	for (i = 0; i < all->n_names + all->n_claims; i++) {
		struct flow_query q = *all;

		q.n_names = i < all->n_names;
		q.n_claims = !q.n_names;
		if (q.n_names)
			q.names = &all->names[i];
		else
			q.claims = &all->claims[i - all->n_names];
		policy_decide(rb->set, &rb->env, &q, &d);
		if (would_allow(rb, &d))
			allowed = true;
		else
			other = true;
	}
	return allowed && other;
}

bool rulebook_wants_said(struct rulebook *rb, const struct owner *owner,
			 const struct snitch_flow_event *ev, uint64_t now)
{
	struct rulebook_names names;
	struct policy_decision d;
	struct query_room room;
	struct flow_query q;

	if (!rb->by_name)
		return false;
	rulebook_env(rb)->boottime = now;
	rulebook_query(rb, owner, ev, &room, &q);
	rulebook_name_query(rb, owner, ev, now, &names, &q);
	if (q.n_names + q.n_claims > 1)
		return rulebook_names_differ(rb, &q);
	if (q.n_names)
		return false;
	policy_decide(rb->set, &rb->env, &q, &d);
	return would_allow(rb, &d) && policy_name_may_refuse(rb->set, &rb->env, &q, &d);
}

/* ---- conclusions beforehand ------------------------------------------------------------------ */

static void add_port(struct rulebook *rb, uint8_t proto, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < rb->n_name_ports; i++) {
		if (rb->name_ports[i].proto == proto && rb->name_ports[i].port == port)
			return;
	}
	if (i < RULEBOOK_NAME_PORTS)
		rb->name_ports[rb->n_name_ports++] = (struct rulebook_port){ proto, port };
}

/* Where programs go that have looked up a name: what rules about names say, and the web. */
void rulebook_note_name_ports(struct rulebook *rb)
{
	static const struct rulebook_port web[] = { { 6, 443 }, { 6, 80 }, { 17, 443 } };
	size_t i, k;

	rb->n_name_ports = 0;
	rb->by_name = rulebook_names_lists(rb);
	for (i = 0; i < rb->set->n_rules; i++) {
		const struct rule *rule = rb->set->rules[i];

		if (!rulebook_rule_is_by_name(rule))
			continue;
		rb->by_name = true;
		for (k = 0; !rb->n_name_ports && k < SNITCH_ARRAY_SIZE(web); k++)
			rb->name_ports[k] = web[k];
		if (!rb->n_name_ports)
			rb->n_name_ports = SNITCH_ARRAY_SIZE(web);
		for (k = 0; k < rule->n_ports; k++) {
			if (rule_ports(rule)[k].first != rule_ports(rule)[k].last)
				continue;
			if (rule->proto != 17)
				add_port(rb, 6, rule_ports(rule)[k].first);
			if (rule->proto != 6)
				add_port(rb, 17, rule_ports(rule)[k].first);
		}
	}
}

const struct rulebook_port *rulebook_name_ports(const struct rulebook *rb, unsigned int *n)
{
	*n = rb->n_name_ports;
	return rb->name_ports;
}

/*
 * Only what would be said of every such flow: the way it leaves by is not known yet, and who it is
 * must be.
 */
bool rulebook_may_foresee(const struct rulebook *rb, const struct owner *owner)
{
	const struct image *image = owner->image;

	if (!rb->n_name_ports || rb->by_interface || rulebook_panic(rb))
		return false;
	return !(image->wire.flags & (SNITCH_O_KERNEL | SNITCH_O_UNKNOWN)) &&
	       (rulebook_knows(rb, image) || !rulebook_app(rb, rulebook_name(rb, image->exe)));
}
