// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See cover_index.h, and cover.c for what covers what: each condition that is looked at here is one
 * that rule_covers() asks for, too.
 */
#include "cover_index.h"

#include <stdlib.h>
#include <string.h>

#include "program.h"

/* Programs that may cover others than themselves; the others are numbered from GROUPS on. */
enum { GROUP_ANY, GROUP_PATTERN, GROUP_KERNEL, GROUPS };

/*
 * What a rule can be found by: nothing (it may cover every remote), ranges of its ports (it covers
 * every remote), addresses or names of its remote.
 */
enum entry_type { BY_NOTHING, BY_PORT, BY_ADDRESS, BY_NAME };

/**
 * struct entry - one thing that a rule is found by
 * @kind: BY_ADDRESS: the family; BY_NAME: enum rule_item_kind
 * @name: BY_NAME, where the kind has one
 * @first, @last: BY_PORT, BY_ADDRESS
 * @reach: the same: of the subtree that this entry is the root of, the one with the greatest @last;
 *	the root of entries from..to, alike but for first and last, is the one in the middle
 */
struct entry {
	uint32_t group, rank, reach;
	uint8_t type, kind;
	const char *name;
	uint8_t first[16], last[16];
};

/**
 * struct cover_index - entries, sorted
 * @group: of each rule, by rank
 * @marks: a bit a rule, by rank
 */
struct cover_index {
	const struct ruleset *set;
	struct entry *entries;
	size_t n, room;
	uint32_t *group;
	uint64_t *marks;
};

/* ---- groups of programs ------------------------------------------------------------------------ */

static int compare_names(const char *a, const char *b)
{
	return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int compare_programs(const void *a, const void *b)
{
	const struct rule_program *x = &(*(struct rule *const *)a)->program;
	const struct rule_program *y = &(*(struct rule *const *)b)->program;
	int r;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kernel != y->kernel)
		return x->kernel < y->kernel ? -1 : 1;
	r = compare_names(x->name, y->name);
	return r ? r : compare_names(x->path, y->path);
}

static bool find_groups(struct cover_index *index)
{
	const struct ruleset *set = index->set;
	struct rule **sorted = calloc(set->n_rules + 1, sizeof(struct rule *));
	uint32_t number = GROUPS;
	size_t i;

	if (!sorted)
		return false;
	for (i = 0; i < set->n_rules; i++)
		sorted[i] = set->rules[i];
	qsort(sorted, set->n_rules, sizeof(struct rule *), compare_programs);
	for (i = 0; i < set->n_rules; i++) {
		const struct rule_program *p = &sorted[i]->program;

		number += i && compare_programs(&sorted[i - 1], &sorted[i]);
		index->group[sorted[i]->rank] =
			p->kind == RULE_P_ANY ? GROUP_ANY :
			p->kind == RULE_P_PATTERN ? GROUP_PATTERN :
			p->kind == RULE_P_KERNEL && !p->kernel ? GROUP_KERNEL : number;
	}
	free(sorted);
	return true;
}

/* ---- building -------------------------------------------------------------------------------- */

static bool add(struct cover_index *index, const struct entry *entry)
{
	if (index->n == index->room) {
		size_t room = index->room ? 2 * index->room : 64;
		struct entry *more = reallocarray(index->entries, room, sizeof(*more));

		if (!more)
			return false;
		index->entries = more;
		index->room = room;
	}
	index->entries[index->n++] = *entry;
	return true;
}

static void put_port(uint8_t addr[16], uint16_t port)
{
	memset(addr, 0, 16);
	addr[0] = port >> 8;
	addr[1] = port & 0xff;
}

/* By what is asked of it besides the program. */
static bool add_ports(struct cover_index *index, const struct rule *rule, struct entry *e)
{
	size_t i;

	if (!rule->n_ports)
		return add(index, e);
	e->type = BY_PORT;
	for (i = 0; i < rule->n_ports; i++) {
		put_port(e->first, rule_ports(rule)[i].first);
		put_port(e->last, rule_ports(rule)[i].last);
		if (!add(index, e))
			return false;
	}
	return true;
}

static bool add_rule(struct cover_index *index, const struct rule *rule)
{
	struct entry e = { .group = index->group[rule->rank], .rank = rule->rank };
	size_t i;

	for (i = 0; i < rule->n_items && rule->items[i].kind != RULE_I_ANY; i++)
		;
	if (rule->negated || i < rule->n_items)
		return add_ports(index, rule, &e);
	for (i = 0; i < rule->n_items; i++) {
		const struct rule_item *item = &rule->items[i];

		e.type = item_is_address(item) ? BY_ADDRESS : BY_NAME;
		e.kind = e.type == BY_ADDRESS ? item->family : item->kind;
		e.name = item_is_name(item) ? item->name : NULL;
		memset(e.first, 0, sizeof(e.first));
		memset(e.last, 0, sizeof(e.last));
		if (e.type == BY_ADDRESS) {
			memcpy(e.first, item->first, sizeof(e.first));
			memcpy(e.last, item->last, sizeof(e.last));
		}
		if (!add(index, &e))
			return false;
	}
	return true;
}

/* All but what tells entries apart that are found by the same. */
static int compare_keys(const struct entry *x, const struct entry *y)
{
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return compare_names(x->name, y->name);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = compare_keys(x, y);

	return r ? r : memcmp(x->first, y->first, sizeof(x->first));
}

static uint32_t farther(const struct entry *entries, uint32_t a, uint32_t b)
{
	return memcmp(entries[a].last, entries[b].last, 16) < 0 ? b : a;
}

/* Return: the root's reach; there is at least one entry. */
static uint32_t find_reach(struct entry *entries, uint32_t from, uint32_t to)
{
	uint32_t middle = from + (to - from) / 2, reach = middle;

	if (from < middle)
		reach = farther(entries, reach, find_reach(entries, from, middle));
	if (middle + 1 < to)
		reach = farther(entries, reach, find_reach(entries, middle + 1, to));
	entries[middle].reach = reach;
	return reach;
}

static void find_reaches(struct cover_index *index)
{
	size_t from = 0, i;

	for (i = 1; i <= index->n; i++) {
		if (i < index->n && !compare_keys(&index->entries[from], &index->entries[i]))
			continue;
		find_reach(index->entries, from, i);
		from = i;
	}
}

struct cover_index *cover_index_new(const struct ruleset *set)
{
	struct cover_index *index = calloc(1, sizeof(*index));
	bool ok;
	size_t i;

	if (!index)
		return NULL;
	index->set = set;
	index->group = calloc(set->n_rules + 1, sizeof(*index->group));
	index->marks = calloc(set->n_rules / 64 + 1, sizeof(*index->marks));
	ok = index->group && index->marks && find_groups(index);
	for (i = 0; ok && i < set->n_rules; i++)
		ok = add_rule(index, set->rules[i]);
	if (!ok) {
		cover_index_free(index);
		return NULL;
	}
	if (index->n) {
		qsort(index->entries, index->n, sizeof(*index->entries), compare_entries);
		find_reaches(index);
	}
	return index;
}

void cover_index_free(struct cover_index *index)
{
	if (!index)
		return;
	free(index->entries);
	free(index->group);
	free(index->marks);
	free(index);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void mark(struct cover_index *index, const struct entry *entry)
{
	index->marks[entry->rank / 64] |= 1ULL << entry->rank % 64;
}

/* Entries with the keys of @key: @from gets the first. Return: one after the last. */
static size_t find_alike(const struct cover_index *index, const struct entry *key, size_t *from)
{
	size_t low = 0, high = index->n, first;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_keys(&index->entries[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	first = low;
	for (high = index->n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (compare_keys(&index->entries[middle], key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	*from = first;
	return low;
}

static void mark_alike(struct cover_index *index, const struct entry *key)
{
	size_t i, to = find_alike(index, key, &i);

	for (; i < to; i++)
		mark(index, &index->entries[i]);
}

/* Of from..to those that reach from @key's first to its last. */
static void mark_around(struct cover_index *index, const struct entry *key, size_t from, size_t to)
{
	const struct entry *entries = index->entries, *root;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		root = &entries[middle];
		if (memcmp(entries[root->reach].last, key->last, sizeof(key->last)) < 0)
			return;
		mark_around(index, key, from, middle);
		if (memcmp(root->first, key->first, sizeof(key->first)) > 0)
			return;
		if (memcmp(root->last, key->last, sizeof(key->last)) >= 0)
			mark(index, root);
		from = middle + 1;
	}
}

static void mark_spans(struct cover_index *index, const struct entry *key)
{
	size_t from, to = find_alike(index, key, &from);

	mark_around(index, key, from, to);
}

/* Each of a rule's remotes has to be covered: one that few others cover will do. */
static const struct rule_item *choose(const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (rule->items[i].kind == RULE_I_HOST || rule->items[i].kind == RULE_I_ADDRESS)
			return &rule->items[i];
	}
	return rule->items;
}

static void mark_name(struct cover_index *index, struct entry *key, const struct rule_item *item)
{
	key->type = BY_NAME;
	key->kind = item->kind;
	key->name = item_is_name(item) ? item->name : NULL;
	mark_alike(index, key);
	if (item->kind == RULE_I_BONJOUR) {
		key->kind = RULE_I_MULTICAST;
		mark_alike(index, key);
	}
	if (item->kind != RULE_I_HOST && item->kind != RULE_I_DOMAIN)
		return;
	key->kind = RULE_I_DOMAIN;
	while (key->name) {
		mark_alike(index, key);
		key->name = strchr(key->name, '.');
		if (key->name)
			key->name++;
	}
}

static void mark_group(struct cover_index *index, const struct rule *rule, uint32_t group)
{
	const struct rule_item *item = choose(rule);
	struct entry key = { .group = group, .type = BY_NOTHING };

	mark_alike(index, &key);
	if (rule->n_ports) {
		key.type = BY_PORT;
		put_port(key.first, rule_ports(rule)[0].first);
		put_port(key.last, rule_ports(rule)[0].last);
		mark_spans(index, &key);
	}
	if (rule->negated || item->kind == RULE_I_ANY)
		return;
	if (!item_is_address(item)) {
		mark_name(index, &key, item);
		return;
	}
	key.type = BY_ADDRESS;
	key.kind = item->family;
	memcpy(key.first, item->first, sizeof(key.first));
	memcpy(key.last, item->last, sizeof(key.last));
	mark_spans(index, &key);
}

void cover_index_mark(struct cover_index *index, const struct rule *rule)
{
	uint32_t own = index->group[rule->rank];
	bool kernel = rule->program.kind == RULE_P_KERNEL;

	memset(index->marks, 0, (index->set->n_rules / 64 + 1) * sizeof(*index->marks));
	mark_group(index, rule, own);
	if (kernel && own != GROUP_KERNEL)
		mark_group(index, rule, GROUP_KERNEL);
	if (!kernel && own != GROUP_ANY)
		mark_group(index, rule, GROUP_ANY);
	if (rule->program.kind == RULE_P_PATH)
		mark_group(index, rule, GROUP_PATTERN);
}

size_t cover_index_next(const struct cover_index *index, size_t from)
{
	size_t n = index->set->n_rules, word = from / 64;
	uint64_t bits;

	if (from >= n)
		return n;
	bits = index->marks[word] & ~0ULL << from % 64;
	while (!bits && ++word <= n / 64)
		bits = index->marks[word];
	return bits ? 64 * word + __builtin_ctzll(bits) : n;
}
