// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists and the rules that name them. It must never let go of a list that rules still point into.
 */
#include <string.h>
#include <time.h>

#include "rulebook-private.h"

const struct lists *rulebook_lists(const struct rulebook *rb)
{
	return rb->lists;
}

struct list_hits *rulebook_hits(const struct rulebook *rb)
{
	return rb->hits;
}

/* Does a list of @a have names, and is another one in @b, or not there? */
static bool names_differ(const struct lists *a, const struct lists *b)
{
	const struct list *list;
	size_t i;

	for (i = 0; (list = lists_at(a, i)); i++) {
		if (list_facts(list)->names &&
		    !list_same(list, lists_find(b, list_facts(list)->name)))
			return true;
	}
	return false;
}

void rulebook_take_lists(struct rulebook *rb, struct lists *lists)
{
	rb->names_differ |= names_differ(rb->lists, lists) || names_differ(lists, rb->lists);
	lists_free(rb->lists);
	rb->lists = lists;
	rb->env.lists = lists;
}

bool rulebook_names_lists(const struct rulebook *rb)
{
	size_t i, j;

	for (i = 0; i < rb->set->n_rules; i++) {
		const struct rule *rule = rb->set->rules[i];

		for (j = 0; j < rule->n_items; j++) {
			if (rule->items[j].kind == RULE_I_LIST)
				return true;
		}
	}
	return false;
}

const char *rulebook_missing_list(const struct rulebook *rb, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (rule->items[i].kind == RULE_I_LIST &&
		    !lists_find(rb->lists, rule->items[i].name))
			return rule->items[i].name;
	}
	return NULL;
}

void rulebook_count_hit(struct rulebook *rb, const struct rule *rule, const struct flow_query *q)
{
	char text[LIST_RANGE_TEXT];
	struct policy_list_hit hit;

	if (!policy_list_hit(rule, &rb->env, q, &hit))
		return;
	list_hits_add(rb->hits, list_facts(hit.list)->name,
		      hit.range ? list_range_print(hit.range, text, sizeof(text)) : hit.entry,
		      time(NULL));
}

void rulebook_count_decided(struct rulebook *rb, uint64_t rule, const struct snitch_flow_event *ev)
{
	const struct rule *found = ruleset_find(rb->set, rule);
	struct flow_query q = { .family = ev->family };

	memcpy(q.addr, ev->daddr, sizeof(q.addr));
	if (found)
		rulebook_count_hit(rb, found, &q);
}
