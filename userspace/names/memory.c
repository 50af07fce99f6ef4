// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory of names. It must never grow over its bounds, nor tell one process what another one
 * has asked.
 */
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "../util/idmap.h"
#include "../util/timespan.h"

struct entry {
	TAILQ_ENTRY(entry) of_scope;
	TAILQ_ENTRY(entry) of_all;
	struct scope *scope;
	uint64_t learnt, until;
	uint32_t netns;
	uint8_t source;
	bool verified;
	struct dns_addr addr;
	char name[];
};

TAILQ_HEAD(entries, entry);

/* Newest first. */
struct scope {
	uint64_t id;
	unsigned int n;
	struct entries entries;
};

struct names {
	struct idmap by_id;
	struct scope system;		/* scope 0, which has no place in the map */
	struct entries all;		/* newest first */
	struct names_count count;
};

struct names *names_new(void)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	TAILQ_INIT(&names->all);
	TAILQ_INIT(&names->system.entries);
	return names;
}

uint64_t names_until(uint64_t now, uint32_t ttl)
{
	if (ttl < NAMES_TTL_FLOOR)
		ttl = NAMES_TTL_FLOOR;
	if (ttl > NAMES_TTL_CEILING)
		ttl = NAMES_TTL_CEILING;
	return now + ttl * SNITCH_NSEC_PER_SEC;
}

const char *name_source_word(unsigned int source)
{
	static const char *const words[__NAME_SOURCES] = {
		[NAME_BY_DNS] = "dns", [NAME_BY_TCP_DNS] = "tcp-dns",
		[NAME_BY_RESOLVED] = "resolved", [NAME_BY_HOSTS] = "hosts",
		[NAME_BY_MDNS] = "mdns", [NAME_BY_SNI] = "sni", [NAME_BY_QUIC] = "quic",
		[NAME_BY_OUTER] = "outer",
	};

	return source < __NAME_SOURCES ? words[source] : "?";
}

/* ---- scopes and bounds ------------------------------------------------------------- */

static struct scope *find_scope(struct names *names, uint64_t id)
{
	return id ? idmap_get(&names->by_id, id) : &names->system;
}

static struct scope *make_scope(struct names *names, uint64_t id)
{
	struct scope *scope = find_scope(names, id);

	if (scope)
		return scope;
	scope = calloc(1, sizeof(*scope));
	if (!scope || idmap_put(&names->by_id, id, scope)) {
		free(scope);
		return NULL;
	}
	scope->id = id;
	TAILQ_INIT(&scope->entries);
	names->count.scopes++;
	return scope;
}

static void drop_if_empty(struct names *names, struct scope *scope)
{
	if (scope->n || !scope->id)
		return;
	idmap_take(&names->by_id, scope->id);
	free(scope);
	names->count.scopes--;
}

static size_t entry_bytes(const struct entry *e)
{
	return sizeof(*e) + strlen(e->name) + 1;
}

/* The scope stays, even when it is empty. */
static void drop_entry(struct names *names, struct entry *e)
{
	TAILQ_REMOVE(&e->scope->entries, e, of_scope);
	TAILQ_REMOVE(&names->all, e, of_all);
	e->scope->n--;
	names->count.entries--;
	names->count.bytes -= entry_bytes(e);
	free(e);
}

static void evict(struct names *names, struct entry *e, const struct scope *keep)
{
	struct scope *scope = e->scope;

	names->count.evicted++;
	drop_entry(names, e);
	if (scope != keep)
		drop_if_empty(names, scope);
}

static unsigned int share_of(const struct scope *scope)
{
	return scope->id ? NAMES_SCOPE_MAX : NAMES_SYSTEM_MAX;
}

static void enforce_bounds(struct names *names, const struct scope *scope)
{
	while (scope->n > share_of(scope))
		evict(names, TAILQ_LAST(&scope->entries, entries), scope);
	while (names->count.entries > NAMES_MAX || names->count.bytes > NAMES_BYTES_MAX)
		evict(names, TAILQ_LAST(&names->all, entries), scope);
}

void names_free(struct names *names)
{
	struct entry *e;

	if (!names)
		return;
	while ((e = TAILQ_FIRST(&names->all)))
		evict(names, e, NULL);
	idmap_clear(&names->by_id);
	free(names);
}

/* ---- learning ---------------------------------------------------------------------- */

static bool same_addr(const struct dns_addr *a, const struct dns_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void touch(struct names *names, struct entry *e)
{
	TAILQ_REMOVE(&e->scope->entries, e, of_scope);
	TAILQ_INSERT_HEAD(&e->scope->entries, e, of_scope);
	TAILQ_REMOVE(&names->all, e, of_all);
	TAILQ_INSERT_HEAD(&names->all, e, of_all);
}

/* What is over makes room, where there is none or when it was long ago; the scope itself stays. */
static void drop_expired(struct names *names, struct scope *scope, uint64_t now)
{
	const uint64_t past = NAMES_PAST * SNITCH_NSEC_PER_SEC;
	struct entry *e, *next;

	if (scope->n < share_of(scope))
		now = now > past ? now - past : 0;
	for (e = TAILQ_FIRST(&scope->entries); e; e = next) {
		next = TAILQ_NEXT(e, of_scope);
		if (e->until <= now)
			drop_entry(names, e);
	}
}

static struct entry *new_entry(const struct name_fact *fact, struct scope *scope)
{
	size_t len = strlen(fact->name);
	struct entry *e = malloc(sizeof(*e) + len + 1);

	if (!e)
		return NULL;
	*e = (struct entry){
		.scope = scope, .learnt = fact->now, .until = fact->until, .netns = fact->netns,
		.source = fact->source, .verified = fact->verified, .addr = fact->addr,
	};
	memcpy(e->name, fact->name, len + 1);
	return e;
}

static void link_entry(struct names *names, struct entry *e)
{
	TAILQ_INSERT_HEAD(&e->scope->entries, e, of_scope);
	TAILQ_INSERT_HEAD(&names->all, e, of_all);
	e->scope->n++;
	names->count.entries++;
	names->count.bytes += entry_bytes(e);
}

/* The same fact, as far as it is kept once. A claim and a verified name are two. */
static bool says_the_same(const struct entry *e, const struct name_fact *fact)
{
	return e->netns == fact->netns && e->verified == fact->verified &&
	       e->source == fact->source && same_addr(&e->addr, &fact->addr) &&
	       !strcmp(e->name, fact->name);
}

static bool fact_valid(const struct name_fact *fact)
{
	size_t len = strlen(fact->name);

	return len && len < DNS_NAME_SIZE && fact->until > fact->now &&
	       fact->source < __NAME_SOURCES &&
	       (fact->addr.family == AF_INET || fact->addr.family == AF_INET6);
}

int names_learn(struct names *names, const struct name_fact *fact)
{
	struct entry *e, *same = NULL;
	struct scope *scope;
	int known = 0;

	if (!fact_valid(fact))
		return -EINVAL;
	scope = make_scope(names, fact->scope);
	if (!scope)
		return -ENOMEM;
	drop_expired(names, scope, fact->now);
	TAILQ_FOREACH(e, &scope->entries, of_scope) {
		if (e->netns == fact->netns && same_addr(&e->addr, &fact->addr))
			known = 1;
		if (!same && says_the_same(e, fact))
			same = e;
	}
	if (same) {
		same->learnt = fact->now;
		if (fact->until > same->until)
			same->until = fact->until;
		touch(names, same);
		return known;
	}
	e = new_entry(fact, scope);
	if (!e) {
		drop_if_empty(names, scope);
		return -ENOMEM;
	}
	link_entry(names, e);
	enforce_bounds(names, scope);
	return known;
}

/* ---- asking ------------------------------------------------------------------------ */

static bool answers(const struct entry *e, const struct name_question *q)
{
	return (q->past || e->until > q->now) && (q->said || e->source < NAME_BY_SNI) &&
	       (!e->netns || e->netns == q->netns) && same_addr(&e->addr, &q->addr);
}

static size_t add_found(const struct entry *e, struct name_found *out, size_t n, size_t max)
{
	size_t i;

	for (i = 0; i < n && strcmp(out[i].name, e->name); i++)
		;
	if (i < n && (out[i].verified || !e->verified))
		return n;
	if (i == max)
		return n;
	out[i] = (struct name_found){
		.name = e->name, .source = e->source, .verified = e->verified,
		.learnt = e->learnt, .until = e->until,
	};
	return i < n ? n : n + 1;
}

static size_t find_in(struct names *names, uint64_t id, const struct name_question *q,
		      struct name_found *out, size_t n, size_t max)
{
	const struct scope *scope = find_scope(names, id);
	const struct entry *e;

	if (!scope)
		return n;
	TAILQ_FOREACH(e, &scope->entries, of_scope) {
		if (answers(e, q))
			n = add_found(e, out, n, max);
	}
	return n;
}

size_t names_find(struct names *names, const struct name_question *q, struct name_found *out,
		  size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < q->n_scopes; i++)
		n = find_in(names, q->scopes[i], q, out, n, max);
	if (!q->system)
		return n;
	n = find_in(names, 0, q, out, n, max);
	if (!n)
		n = find_in(names, NAMES_SCOPE_RESOLVED, q, out, n, max);
	return n ? n : find_in(names, NAMES_SCOPE_MDNS, q, out, n, max);
}

void names_forget(struct names *names, uint64_t id, enum name_source source)
{
	struct scope *scope = find_scope(names, id);
	struct entry *e, *next;

	if (!scope)
		return;
	for (e = TAILQ_FIRST(&scope->entries); e; e = next) {
		next = TAILQ_NEXT(e, of_scope);
		if (source >= __NAME_SOURCES || e->source == source)
			drop_entry(names, e);
	}
	drop_if_empty(names, scope);
}

void names_count(const struct names *names, struct names_count *count)
{
	*count = names->count;
}
