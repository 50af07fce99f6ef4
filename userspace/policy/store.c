// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changing rules in a set and in its files. It must never change the set when the file could not be
 * changed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../util/cleanup.h"
#include "program.h"
#include "set.h"
#include "store_file.h"

/* How many of @n rules, which stand in the order of their lines, stand before @line. */
static size_t lines_before(struct rule *const *rules, size_t n, unsigned int line)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = (low + n) / 2;

		if (rules[middle]->line < line)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* The lines of @n rules of one file went: those below them went up, and they have none any more. */
static void move_lines(struct ruleset *set, struct rule *const *gone, size_t n)
{
	size_t i, before;

	for (i = 0; n && i < set->n_rules; i++) {
		struct rule *rule = set->rules[i];

		if (!rule->line || !rule->file || strcmp(rule->file, gone[0]->file))
			continue;
		before = lines_before(gone, n, rule->line);
		if (before == n || gone[before] != rule)
			rule->line -= before;
	}
	for (i = 0; i < n; i++)
		gone[i]->line = 0;
}

/* ---- adding ------------------------------------------------------------------------ */

static int rule_path(const struct rule *rule, const struct policy_paths *paths, char *buf,
		     size_t size)
{
	enum folder folder = rule->runtime ? FOLDER_RUNTIME :
			     rule->scope == RULE_S_ADMIN ? FOLDER_ADMIN : FOLDER_STORE;
	const char *name = "system";
	size_t used;
	int n;

	n = folder_path(paths, folder, buf, size);
	if (n)
		return n;
	used = strlen(buf);
	if (rule->scope == RULE_S_ADMIN)
		name = rule->runtime ? "admin" : "prompts";
	if (rule->scope == RULE_S_USER)
		n = snprintf(buf + used, size - used, "/%u.rules", rule->scope_uid);
	else
		n = snprintf(buf + used, size - used, "/%s.rules", name);
	return (size_t)n >= size - used ? -ENAMETOOLONG : 0;
}

static int random_id(const struct ruleset *set, uint64_t *id)
{
	do {
		if (getrandom(id, sizeof(*id), 0) != sizeof(*id))
			return -EIO;
	} while (!*id || ruleset_find(set, *id));
	return 0;
}

/* A rule that counts takes the place of its like that was disabled, too. */
static bool replaces(const struct rule *rule, const struct rule *old)
{
	struct rule like = *old;

	if (!(rule->flags & RULE_F_DISABLED))
		like.flags &= ~RULE_F_DISABLED;
	return rule_equal(&like, rule);
}

/* The rule of the same file that @rule replaces, or NULL. */
static struct rule *find_replaced(const struct ruleset *set, const struct rule *rule)
{
	uint64_t key = rule_order_key(rule);
	size_t i;

	for (i = 0; i < set->n_rules; i++) {
		struct rule *r = set->rules[i];

		if (r != rule && rule_order_key(r) == key && r->file &&
		    !strcmp(r->file, rule->file) && replaces(rule, r))
			return r;
	}
	return NULL;
}

/* Puts @rule into its file in place of @old (or NULL), and tells it its line. */
static int write_added(struct ruleset *set, struct rule *rule, struct rule *old,
		       struct rule_error *err)
{
	size_t max = rule->scope == RULE_S_USER ? RULES_USER_FILE_MAX : RULE_FILE_MAX;
	struct store s;
	int r;

	r = store_open(&s, rule->file, max, err);
	if (!r && old)
		r = store_drop(&s, &old, 1, err);
	if (!r)
		r = store_append(&s, rule, max, err);
	if (!r)
		r = store_write(&s, err);
	if (!r) {
		if (old)
			move_lines(set, &old, 1);
		rule->line = store_lines(&s);
	}
	store_close(&s);
	return r;
}

/* Where the rule will be kept, and under which id. */
static int prepare(struct ruleset *set, const struct policy_paths *paths, struct rule *rule,
		   struct rule_error *err)
{
	char path[PATH_MAX];
	int r;

	if (rule->scope == RULE_S_BUILTIN)
		return rule_fail(err, -EPERM, NULL, 0, "builtin", "admin, system or a user",
				 "built-in rules come with the program");
	if (rule->lifetime != RULE_L_FOREVER && rule->lifetime != RULE_L_DATE)
		rule->runtime = true;
	r = rule_path(rule, paths, path, sizeof(path));
	if (r)
		return store_fail(err, r, "", "");
	rule->file = set_file(set, path);
	if (!rule->file)
		return store_fail(err, -ENOMEM, path, "");
	if (!rule->id_written) {
		r = random_id(set, &rule->id);
		if (r)
			return store_fail(err, r, path, "");
		rule->id_written = true;
	}
	rule->line = 0;
	return 0;
}

int ruleset_add(struct ruleset *set, const struct policy_paths *paths, struct rule *rule,
		enum rule_scope scope, uint32_t uid, bool runtime, uint64_t *id,
		struct rule_error *err)
{
	struct rule *old;
	int r;

	memset(err, 0, sizeof(*err));
	rule->scope = scope;
	rule->scope_uid = uid;
	rule->runtime = runtime;
	r = prepare(set, paths, rule, err);
	if (!r)
		r = set_append(set, rule, err);
	if (r) {
		rule_free(rule);
		return r;
	}
	set_place_last(set);
	old = find_replaced(set, rule);
	r = write_added(set, rule, old, err);
	if (r) {
		set_take(set, rule);
		rule_free(rule);
		return r;
	}
	if (old) {
		set_take(set, old);
		rule_free(old);
	}
	if (id)
		*id = rule->id;
	return 0;
}

/* ---- adding many --------------------------------------------------------------------- */

/**
 * struct batch - rules on their way into one file
 * @from: the set is as it was up to here; the new ones follow, unsorted
 * @texts: the rules of the file by what they say
 * @replaced: @n_replaced rules of the file that go when the new ones are written
 */
struct batch {
	size_t from;
	struct idmap texts;
	struct rule **replaced;
	size_t n_replaced;
};

/* Takes the rules from @from on, at the end of an unsorted set, out again. */
static void drop_appended(struct ruleset *set, size_t from)
{
	while (set->n_rules > from) {
		struct rule *rule = set->rules[set->n_rules - 1];

		rule->rank = set->n_rules - 1;
		set_take(set, rule);
		rule_free(rule);
	}
}

/* The rules of @file by what they say. */
static int index_texts(const struct ruleset *set, const char *file, struct idmap *texts)
{
	size_t i;

	for (i = 0; i < set->n_rules; i++) {
		struct rule *rule = set->rules[i];

		if (rule->file && !strcmp(rule->file, file) &&
		    idmap_put(texts, rule_hash(rule), rule))
			return -ENOMEM;
	}
	return 0;
}

/* The rule of the file that says what @rule says, being disabled or not; or NULL. */
static struct rule *batch_like(const struct batch *b, const struct rule *rule, bool disabled)
{
	struct rule like = *rule, *old;

	like.flags &= ~RULE_F_DISABLED;
	like.flags |= disabled ? RULE_F_DISABLED : 0;
	old = idmap_get(&b->texts, rule_hash(&like));
	return old && rule_equal(old, &like) ? old : NULL;
}

/*
 * Takes @rule: into the set's end, or, where an equal one is there, away. What counts replaces its
 * like that was disabled; what is disabled does not disable its like.
 */
static int append_new(struct ruleset *set, struct rule *rule, struct batch *b, uint64_t *id,
		      struct rule_error *err)
{
	struct rule *old;
	uint64_t hash;
	int r = set_append(set, rule, err);

	if (r) {
		rule_free(rule);
		return r;
	}
	/* not before: a user's rule got its user just now */
	old = batch_like(b, rule, false);
	if (!old && rule->flags & RULE_F_DISABLED)
		old = batch_like(b, rule, true);
	if (old) {
		*id = old->id;
		drop_appended(set, set->n_rules - 1);
		return 0;
	}
	old = rule->flags & RULE_F_DISABLED ? NULL : batch_like(b, rule, true);
	if (old && old->line)
		b->replaced[b->n_replaced++] = old;
	*id = rule->id;
	hash = rule_hash(rule);
	return idmap_get(&b->texts, hash) || !idmap_put(&b->texts, hash, rule) ? 0 :
	       rule_fail(err, -ENOMEM, NULL, 0, "", "more memory", "");
}

static int by_line(const void *a, const void *b)
{
	const struct rule *const *x = a, *const *y = b;

	return (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

static bool has_lost_its_line(const struct rule *rule, const void *file)
{
	return !rule->line && rule->file && !strcmp(rule->file, file);
}

/* The new rules are in the file, from @line on. */
static void batch_done(struct ruleset *set, struct batch *b, unsigned int line)
{
	const char *file = set->rules[b->from]->file;
	size_t i;

	move_lines(set, b->replaced, b->n_replaced);
	for (i = b->from; i < set->n_rules; i++)
		set->rules[i]->line = line++;
	if (b->n_replaced)
		ruleset_drop(set, has_lost_its_line, file);
	ruleset_sort(set);
}

/* One write for the new rules, and those that they replace. */
static int batch_write(struct ruleset *set, struct batch *b, struct rule_error *err)
{
	unsigned int line = 0;
	struct store s;
	size_t max, i;
	int r;

	if (b->from == set->n_rules)
		return 0;
	max = set->rules[b->from]->scope == RULE_S_USER ? RULES_USER_FILE_MAX : RULE_FILE_MAX;
	qsort(b->replaced, b->n_replaced, sizeof(*b->replaced), by_line);
	r = store_open(&s, set->rules[b->from]->file, max, err);
	if (!r && b->n_replaced)
		r = store_drop(&s, b->replaced, b->n_replaced, err);
	for (i = b->from; i < set->n_rules && !r; i++) {
		r = store_append(&s, set->rules[i], max, err);
		if (i == b->from)
			line = store_lines(&s);
	}
	if (!r)
		r = store_write(&s, err);
	store_close(&s);
	if (!r)
		batch_done(set, b, line);
	return r;
}

/* Everything that can be known of @rule without the others. Takes nothing. */
static int prepare_one(struct ruleset *set, const struct policy_paths *paths, struct rule *rule,
		       const struct rule *first, struct rule_error *err)
{
	int r = prepare(set, paths, rule, err);

	if (r || rule->file == first->file)
		return r;
	return rule_fail(err, -EINVAL, NULL, 0, rule->runtime ? "a rule that ends by itself" :
			 "a lasting rule", "rules that are kept in one file",
			 "add those that end by themselves on their own");
}

int ruleset_add_all(struct ruleset *set, const struct policy_paths *paths, struct rule **rules,
		    size_t n, enum rule_scope scope, uint32_t uid, bool runtime, uint64_t *ids,
		    size_t *bad, struct rule_error *err)
{
	_cleanup_free_ struct rule **replaced = calloc(n + 1, sizeof(*replaced));
	struct batch b = { .from = set->n_rules, .replaced = replaced };
	size_t i;
	int r = 0;

	memset(err, 0, sizeof(*err));
	*bad = n;
	for (i = 0; i < n && !r; i++) {
		rules[i]->scope = scope;
		rules[i]->scope_uid = uid;
		rules[i]->runtime = runtime;
		r = prepare_one(set, paths, rules[i], rules[0], err);
		if (r)
			*bad = i;
	}
	if (!r && n && (!replaced || index_texts(set, rules[0]->file, &b.texts)))
		r = rule_fail(err, -ENOMEM, NULL, 0, "", "more memory", "");
	for (i = 0; i < n; i++) {
		if (r) {
			rule_free(rules[i]);
			continue;
		}
		r = append_new(set, rules[i], &b, &ids[i], err);
		if (r)
			*bad = i;
	}
	if (!r)
		r = batch_write(set, &b, err);
	if (r)
		drop_appended(set, b.from);
	idmap_clear(&b.texts);
	return r;
}

/* ---- removing ---------------------------------------------------------------------- */

static int write_removed(struct ruleset *set, struct rule *rule, struct rule_error *err)
{
	struct store s;
	int r;

	r = store_open(&s, rule->file, RULE_FILE_MAX, err);
	if (!r)
		r = store_drop(&s, &rule, 1, err);
	if (!r)
		r = store_write(&s, err);
	store_close(&s);
	if (!r)
		move_lines(set, &rule, 1);
	return r;
}

int ruleset_remove(struct ruleset *set, const struct policy_paths *paths, uint64_t id,
		   struct rule_error *err)
{
	struct rule *rule = (struct rule *)ruleset_find(set, id);
	char text[17];
	int r;

	(void)paths;	/* the rule knows its file */
	memset(err, 0, sizeof(*err));
	if (!rule)
		return rule_fail(err, -ENOENT, NULL, 0, rule_id_print(id, text, sizeof(text)),
				 "the id of a rule", "see 'snitch rules list'");
	if (rule->scope == RULE_S_BUILTIN)
		return rule_fail(err, -EPERM, rule->file, rule->line, "a built-in rule",
				 "a rule made here",
				 "to switch it off, link a file of that name in /etc/snitch/rules.d to /dev/null");
	r = rule->file ? write_removed(set, rule, err) : 0;
	if (r)
		return r;
	set_take(set, rule);
	rule_free(rule);
	return 0;
}

int ruleset_expire(struct ruleset *set, const struct policy_paths *paths, uint64_t now,
		   uint64_t boottime)
{
	struct rule_error err;
	int n = 0, r;
	size_t i;

	for (i = set->n_rules; i--;) {
		const struct rule *rule = set->rules[i];
		const char *why = rule_why_inactive(rule, now, boottime);

		if (!rule->runtime || !why || strcmp(why, "expired"))
			continue;
		r = ruleset_remove(set, paths, rule->id, &err);
		if (r)
			return r;
		n++;
	}
	return n;
}
