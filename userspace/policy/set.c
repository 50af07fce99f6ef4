// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A set of rules in memory: sorted by precedence, found by id and by executable. It must never
 * hold two rules of one id, nor a user's rule that reaches beyond that user.
 */
#include "set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define NSEC_PER_SEC	1000000000ULL

struct ruleset *ruleset_new(void)
{
	struct ruleset *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->index = calloc(1, sizeof(struct set_index));
	if (!set->index) {
		free(set);
		return NULL;
	}
	return set;
}

void ruleset_free(struct ruleset *set)
{
	struct set_index *index;
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->n_rules; i++)
		rule_free(set->rules[i]);
	for (i = 0; i < set->n_files; i++)
		free(set->files[i]);
	index = set->index;
	idmap_clear(&index->ids);
	free(index->paths);
	free(index->others);
	free(index);
	free(set->rules);
	free(set->files);
	free(set);
}

const char *set_file(struct ruleset *set, const char *path)
{
	char **files, *copy;
	size_t i;

	for (i = set->n_files; i--;) {
		if (!strcmp(set->files[i], path))
			return set->files[i];
	}
	files = reallocarray(set->files, set->n_files + 1, sizeof(*files));
	if (!files)
		return NULL;
	set->files = files;
	copy = strdup(path);
	if (copy)
		files[set->n_files++] = copy;
	return copy;
}

static int set_reserve(struct ruleset *set)
{
	size_t room = set->room ? 2 * set->room : 64;
	struct rule **rules;

	if (set->n_rules < set->room)
		return 0;
	rules = reallocarray(set->rules, room, sizeof(struct rule *));
	if (!rules)
		return -ENOMEM;
	set->rules = rules;
	set->room = room;
	return 0;
}

static int fail(struct rule_error *err, int r, const struct rule *rule, const char *found,
		const char *expected, const char *next)
{
	return rule_fail(err, r, rule->file, rule->line, found, expected, next);
}

static int no_memory(struct rule_error *err, const struct rule *rule)
{
	return fail(err, -ENOMEM, rule, "", "more memory", "");
}

/* A user's rules are about that user's own programs, whether they say so or not. */
static int check_user(struct rule *rule, struct rule_error *err)
{
	if (rule->who == RULE_W_ANYONE) {
		char name[16];

		snprintf(name, sizeof(name), "%u", rule->scope_uid);
		rule->who_name = strdup(name);
		if (!rule->who_name)
			return no_memory(err, rule);
		rule->who = RULE_W_USER;
		rule->who_id = rule->scope_uid;
		rule->who_known = true;
	}
	if (rule->who != RULE_W_USER || rule->who_id != rule->scope_uid)
		return fail(err, -EPERM, rule, rule->who_name,
			    "a rule for the user it belongs to",
			    "ask the administrator for rules about others");
	if (rule->program.kind == RULE_P_KERNEL)
		return fail(err, -EPERM, rule, "kernel", "a rule about the user's own programs",
			    "ask the administrator");
	if (rule->flags & RULE_F_LOCKDOWN)
		return fail(err, -EPERM, rule, "lockdown", "no 'lockdown' in a user's rule",
			    "ask the administrator");
	return 0;
}

/* A rule that ends with the boot has to be kept where that ends, too. */
static int check_lifetime(const struct rule *rule, struct rule_error *err)
{
	if (rule->lifetime == RULE_L_FOREVER || rule->lifetime == RULE_L_DATE)
		return 0;
	if (!rule->runtime)
		return fail(err, -EINVAL, rule, rule->lifetime == RULE_L_FOR ? "for" : "until",
			    "a lifetime that a file can keep: none, or until DATE",
			    "add it with 'snitch rules add', which knows when it begins");
	if (rule->lifetime == RULE_L_FOR && !rule->until)
		return fail(err, -EINVAL, rule, "for", "until= in the brackets",
			    "remove the rule");
	if (rule->lifetime == RULE_L_QUIT && !rule->image.pid)
		return fail(err, -EINVAL, rule, "until quit", "pid= in the brackets",
			    "a rule until quit comes from a question about a running program");
	return 0;
}

/* Ids of hand-written rules are hashes of their text; equal ones are told apart by counting. */
static int give_id(struct ruleset *set, struct rule *rule, struct rule_error *err)
{
	struct set_index *index = set->index;

	if (rule->id_written) {
		if (idmap_get(&index->ids, rule->id))
			return fail(err, -EEXIST, rule, "id", "an id that no other rule has",
				    "remove one of the two rules");
	} else {
		rule->id = rule_hash(rule);
		while (!rule->id || idmap_get(&index->ids, rule->id))
			rule->id++;
	}
	if (idmap_put(&index->ids, rule->id, rule))
		return no_memory(err, rule);
	return 0;
}

int set_append(struct ruleset *set, struct rule *rule, struct rule_error *err)
{
	int r = check_lifetime(rule, err);

	if (!r && rule->scope == RULE_S_USER)
		r = check_user(rule, err);
	if (!r && set->n_rules >= RULES_MAX)
		r = fail(err, -E2BIG, rule, "", "at most 100000 rules", "remove some");
	if (!r && set_reserve(set))
		r = no_memory(err, rule);
	if (!r)
		r = give_id(set, rule, err);
	if (r)
		return r;
	set->rules[set->n_rules++] = rule;
	((struct set_index *)set->index)->valid = false;
	return 0;
}

/* ---- order ----------------------------------------------------------------------- */

struct entry {
	uint64_t key;
	struct rule *rule;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	/* the key is most of it, and known already */
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return rule_compare(x->rule, y->rule);
}

static int compare_rules(const void *a, const void *b)
{
	return rule_compare(*(struct rule *const *)a, *(struct rule *const *)b);
}

static void number(struct ruleset *set, size_t from)
{
	for (; from < set->n_rules; from++)
		set->rules[from]->rank = from;
}

void ruleset_sort(struct ruleset *set)
{
	struct entry *entries = calloc(set->n_rules + 1, sizeof(*entries));
	size_t i;

	if (entries) {
		for (i = 0; i < set->n_rules; i++) {
			entries[i].key = rule_order_key(set->rules[i]);
			entries[i].rule = set->rules[i];
		}
		qsort(entries, set->n_rules, sizeof(*entries), compare_entries);
		for (i = 0; i < set->n_rules; i++)
			set->rules[i] = entries[i].rule;
	} else if (set->n_rules) {
		qsort(set->rules, set->n_rules, sizeof(struct rule *), compare_rules);
	}
	free(entries);
	number(set, 0);
	((struct set_index *)set->index)->valid = false;
}

void set_place_last(struct ruleset *set)
{
	size_t last = set->n_rules - 1, low = 0, high = last;
	struct rule *rule = set->rules[last];

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rule_compare(set->rules[middle], rule) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(set->rules + low + 1, set->rules + low, (last - low) * sizeof(struct rule *));
	set->rules[low] = rule;
	number(set, low);
	((struct set_index *)set->index)->valid = false;
}

void set_take(struct ruleset *set, struct rule *rule)
{
	struct set_index *index = set->index;
	size_t at = rule->rank;

	idmap_take(&index->ids, rule->id);
	set->n_rules--;
	memmove(set->rules + at, set->rules + at + 1,
		(set->n_rules - at) * sizeof(struct rule *));
	number(set, at);
	index->valid = false;
}

int ruleset_append(struct ruleset *set, struct rule *rule, enum rule_scope scope, uint32_t uid,
		   bool runtime, struct rule_error *err)
{
	int r;

	memset(err, 0, sizeof(*err));
	rule->scope = scope;
	rule->scope_uid = uid;
	rule->runtime = runtime;
	r = set_append(set, rule, err);
	if (r)
		rule_free(rule);
	return r;
}

int ruleset_insert(struct ruleset *set, struct rule *rule, enum rule_scope scope, uint32_t uid,
		   bool runtime, struct rule_error *err)
{
	int r = ruleset_append(set, rule, scope, uid, runtime, err);

	if (!r)
		set_place_last(set);
	return r;
}

size_t ruleset_drop(struct ruleset *set, bool (*which)(const struct rule *rule, const void *ctx),
		    const void *ctx)
{
	struct set_index *index = set->index;
	size_t i, kept = 0, n = set->n_rules;

	for (i = 0; i < n; i++) {
		struct rule *rule = set->rules[i];

		if (!which(rule, ctx)) {
			set->rules[kept++] = rule;
			continue;
		}
		idmap_take(&index->ids, rule->id);
		rule_free(rule);
	}
	set->n_rules = kept;
	number(set, 0);
	index->valid = false;
	return n - kept;
}

/* ---- finding --------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
	const struct rule *x = *(struct rule *const *)a, *y = *(struct rule *const *)b;
	int r = strcmp(x->program.name, y->program.name);

	return r ? r : x->rank < y->rank ? -1 : x->rank > y->rank;
}

const struct set_index *set_index(const struct ruleset *set)
{
	struct set_index *index = set->index;
	size_t i;

	if (index->valid)
		return index;
	free(index->paths);
	free(index->others);
	index->n_paths = 0;
	index->n_others = 0;
	index->paths = calloc(set->n_rules + 1, sizeof(struct rule *));
	index->others = calloc(set->n_rules + 1, sizeof(struct rule *));
	if (!index->paths || !index->others)
		return NULL;
	for (i = 0; i < set->n_rules; i++) {
		if (program_is_plain_path(&set->rules[i]->program))
			index->paths[index->n_paths++] = set->rules[i];
		else
			index->others[index->n_others++] = set->rules[i];
	}
	qsort(index->paths, index->n_paths, sizeof(struct rule *), compare_paths);
	index->valid = true;
	return index;
}

/* The first rule of @exe, or, with @after, the first one after them. */
static size_t path_bound(const struct set_index *index, const char *exe, bool after)
{
	size_t low = 0, high = index->n_paths;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = strcmp(index->paths[middle]->program.name, exe);

		if (r < 0 || (!r && after))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct rule **set_paths(const struct set_index *index, const char *exe, size_t *n)
{
	size_t first = path_bound(index, exe, false);

	*n = path_bound(index, exe, true) - first;
	return index->paths + first;
}

const struct rule *ruleset_find(const struct ruleset *set, uint64_t id)
{
	const struct set_index *index = set->index;

	return idmap_get(&index->ids, id);
}

bool ruleset_names(const struct ruleset *set, const char *exe)
{
	const struct set_index *index = set_index(set);
	struct rule **rules;
	size_t i, n;

	if (!index)
		return true;
	rules = set_paths(index, exe, &n);
	for (i = 0; i < n; i++) {
		if (!(rules[i]->flags & (RULE_F_DISABLED | RULE_F_IN)))
			return true;
	}
	for (i = 0; i < index->n_others; i++) {
		const struct rule *rule = index->others[i];

		if (rule->program.kind == RULE_P_PATH && !strcmp(rule->program.name, exe) &&
		    !(rule->flags & (RULE_F_DISABLED | RULE_F_IN)))
			return true;
	}
	return false;
}

uint64_t ruleset_next_change(const struct ruleset *set, uint64_t now, uint64_t boottime)
{
	uint64_t next = 0, at;
	size_t i;

	for (i = 0; i < set->n_rules; i++) {
		const struct rule *rule = set->rules[i];

		if (rule_why_inactive(rule, now, boottime))
			continue;
		if (rule->lifetime == RULE_L_FOR)
			at = rule->until;
		else if (rule->lifetime == RULE_L_DATE && rule->seconds - now < UINT32_MAX)
			at = boottime + (rule->seconds - now) * NSEC_PER_SEC;
		else
			continue;
		if (!next || at < next)
			next = at;
	}
	return next;
}
