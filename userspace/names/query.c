// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions without an answer yet. It must never take an answer for what was not asked.
 */
#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "../util/timespan.h"

/* @asked: when, 0: free or answered; @path: has no padding that counts */
struct query {
	uint64_t asked;
	struct dns_path path;
	uint16_t id;
	uint16_t type;
	char name[DNS_NAME_SIZE];
};

struct dns_queries {
	struct query sets[DNS_QUERY_SETS][DNS_QUERY_WAYS];
};

struct dns_queries *dns_queries_new(void)
{
	return calloc(1, sizeof(struct dns_queries));
}

void dns_queries_free(struct dns_queries *queries)
{
	free(queries);
}

/* Spreading only: a full set forgets. */
static size_t set_of(const struct dns_path *p, uint16_t id)
{
	uint64_t x = p->owner * 0x9e3779b97f4a7c15;

	x ^= (uint64_t)p->own_port << 32 ^ p->netns ^ (uint64_t)id << 16;
	return (x * 0xff51afd7ed558ccd >> 40) % DNS_QUERY_SETS;
}

bool dns_path_same(const struct dns_path *a, const struct dns_path *b)
{
	return a->owner == b->owner && a->netns == b->netns && a->own_port == b->own_port &&
	       a->server_port == b->server_port && a->proto == b->proto &&
	       !memcmp(&a->own, &b->own, sizeof(a->own)) &&
	       !memcmp(&a->server, &b->server, sizeof(a->server));
}

static bool same_question(const struct query *q, const struct dns_message *m)
{
	return q->id == m->id && q->type == m->type && !strcmp(q->name, m->name);
}

static bool over(const struct query *q, uint64_t now)
{
	return !q->asked || now - q->asked > DNS_QUERY_LIFE * SNITCH_NSEC_PER_SEC;
}

void dns_query_note(struct dns_queries *queries, const struct dns_path *path,
		    const struct dns_message *m, uint64_t now)
{
	struct query *set = queries->sets[set_of(path, m->id)], *q = &set[0];
	unsigned int i;

	for (i = 0; i < DNS_QUERY_WAYS; i++) {
		if (dns_path_same(&set[i].path, path) && same_question(&set[i], m)) {
			q = &set[i];
			break;
		}
		if (set[i].asked < q->asked)
			q = &set[i];
	}
	q->asked = now;
	q->path = *path;
	q->id = m->id;
	q->type = m->type;
	strcpy(q->name, m->name);
}

bool dns_query_answered(struct dns_queries *queries, const struct dns_path *path,
			const struct dns_message *m, uint64_t now)
{
	struct query *set = queries->sets[set_of(path, m->id)];
	unsigned int i;

	for (i = 0; i < DNS_QUERY_WAYS; i++) {
		if (over(&set[i], now) || !dns_path_same(&set[i].path, path) ||
		    !same_question(&set[i], m))
			continue;
		set[i].asked = 0;
		return true;
	}
	return false;
}

const char *dns_query_last(const struct dns_queries *queries, const struct dns_path *path,
			   uint64_t now)
{
	const struct query *q = queries->sets[0], *end = q + DNS_QUERY_SETS * DNS_QUERY_WAYS;
	const struct query *last = NULL;

	for (; q < end; q++) {
		if ((!last || q->asked > last->asked) && dns_path_same(&q->path, path) &&
		    !over(q, now))
			last = q;
	}
	return last ? last->name : NULL;
}
