// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `snitch rules check` finds, and that it is right: without the rules that are called
 * redundant or shadowed every flow is judged as before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/check.h"
#include "policy/cover.h"
#include "policy/cover_index.h"
#include "policy/decide.h"
#include "rulegen.h"

#define NOTHING	(-1)

static struct rule *parse(const char *text)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;

	if (rule_parse(text, NULL, 0, &rule, &err) || !rule)
		fail_msg("'%s': found '%s', expected %s", text, err.found, err.expected);
	return rule;
}

/* "user:", "builtin:" in front say whose; 1000 is the user. */
static void put(struct ruleset *set, const char *text, unsigned int line)
{
	enum rule_scope scope = !strncmp(text, "user:", 5) ? RULE_S_USER :
				!strncmp(text, "builtin:", 8) ? RULE_S_BUILTIN : RULE_S_ADMIN;
	struct rule *rule = parse(scope == RULE_S_ADMIN ? text : strchr(text, ':') + 1);
	struct rule_error err;

	rule->line = line;
	assert_int_equal(ruleset_insert(set, rule, scope, scope == RULE_S_USER ? 1000 : 0,
					false, &err), 0);
}

/* Up to four rules; what is found, of which line, by which other line (0: none). */
static const struct {
	const char *rules[4];
	int kind;
	unsigned int line, other;
} cases[] = {
	/* the same, or more of it */
	{ { "allow /bin/a to any", "allow /bin/a to any # twice" }, CHECK_REDUNDANT, 0, 0 },
	{ { "allow /bin/a to 192.0.2.1", "allow /bin/a to any" }, CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a to 192.0.2.1", "allow any to any" }, CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a to www.x.test", "allow /bin/a to *.x.test" }, CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a to any port 80 tcp", "allow /bin/a to any port 80-90" },
	  CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a user 5 to any", "allow /bin/a to any" }, CHECK_REDUNDANT, 1, 2 },
	{ { "deny /bin/a to any", "deny /bin/a to any priority high" }, NOTHING, 0, 0 },
	{ { "deny /bin/a to 192.0.2.1", "deny any to any priority high" }, CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a to any", "allow /bin/* to any" }, CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a to any until 2040-01-01", "allow /bin/a to any until 2041-01-01" },
	  CHECK_REDUNDANT, 1, 2 },
	{ { "allow /bin/a to any", "allow /bin/a to any until 2041-01-01" },
	  CHECK_REDUNDANT, 2, 1 },
	{ { "allow /bin/a to not 10.0.0.0/8", "allow /bin/a to not 10.0.0.0/9" },
	  CHECK_REDUNDANT, 1, 2 },
	/* not quite */
	{ { "allow /bin/a to 192.0.2.1", "allow /bin/a to any tcp" }, NOTHING, 0, 0 },
	{ { "allow /bin/a to 192.0.2.1 lockdown", "allow /bin/a to any" }, NOTHING, 0, 0 },
	{ { "allow /bin/a to any packet", "allow /bin/a to any" }, NOTHING, 0, 0 },
	{ { "allow /bin/a to 192.0.2.1", "deny /bin/a to 192.0.2.0/24", "allow /bin/a to any" },
	  NOTHING, 0, 0 },
	{ { "allow /bin/a to 192.0.2.1", "allow any to any", "deny /bin/b to any" },
	  NOTHING, 0, 0 },
	{ { "allow /bin/a to any disabled", "allow /bin/a to any" }, NOTHING, 0, 0 },
	{ { "builtin:allow /bin/a to any", "builtin:allow any to any" }, NOTHING, 0, 0 },
	{ { "allow /bin/a to 10.1.2.3", "allow /bin/a to local-net" }, NOTHING, 0, 0 },
	{ { "user:allow /bin/a to 192.0.2.1", "allow /bin/a to any" }, NOTHING, 0, 0 },
	{ { "allow /bin/a child-of /bin/b to any", "allow /bin/a child-of /bin/c to any" },
	  NOTHING, 0, 0 },
	/* never decides */
	{ { "deny any to 10.0.0.0/8", "allow /bin/a to 10.0.0.1,10.0.0.2" },
	  CHECK_SHADOWED, 2, 1 },
	{ { "deny any to any priority high", "allow /bin/a to 192.0.2.1" }, CHECK_SHADOWED, 2, 1 },
	{ { "ask any to any priority high lockdown", "deny /bin/a to 192.0.2.1" },
	  CHECK_SHADOWED, 2, 1 },
	/* it does: in lockdown, and for what is disguised, for which no allow counts */
	{ { "ask any to any priority high", "deny /bin/a to 192.0.2.1" }, NOTHING, 0, 0 },
	{ { "allow any to any priority high", "deny /bin/a to 192.0.2.1" }, NOTHING, 0, 0 },
	/* it stops the user's rule, which the asking does not */
	{ { "ask any to 192.0.2.0/24 lockdown", "deny /bin/a to 192.0.2.0/25,192.0.2.1",
	    "user:allow /bin/a to 192.0.2.1" }, NOTHING, 0, 0 },
	{ { "ask any to 192.0.2.0/24 lockdown", "deny /bin/a to 192.0.2.0/25,192.0.2.1" },
	  CHECK_SHADOWED, 2, 1 },
	/* without it the user's rule would decide, which the last one stops */
	{ { "allow /bin/a to 192.0.2.1", "user:allow /bin/a to 192.0.2.0/28",
	    "allow /bin/a to 192.0.2.0/24", "deny any to 192.0.0.0/16" }, NOTHING, 0, 0 },
	/* the same conditions */
	{ { "allow /bin/a to 192.0.2.1", "deny /bin/a to 192.0.2.1" }, CHECK_CONTRADICTION, 1, 2 },
	{ { "ask /bin/a to 192.0.2.1", "drop /bin/a to 192.0.2.1" }, CHECK_CONTRADICTION, 1, 2 },
	{ { "user:allow /bin/a user 1000 to 192.0.2.1", "deny /bin/a user 1000 to 192.0.2.1" },
	  CHECK_CONTRADICTION, 1, 2 },
	{ { "user:allow /bin/a to 192.0.2.1 priority high", "deny /bin/a user 1000 to 192.0.2.1" },
	  CHECK_CONTRADICTION, 1, 2 },
	/* over */
	{ { "allow /bin/a to any until 2020-01-01", "allow /bin/b to any" }, CHECK_ENDED, 1, 0 },
};

static void test_cases(void **state)
{
	size_t i, k, n;

	(void)state;
	for (i = 0; i < GEN_N(cases); i++) {
		struct ruleset *set = ruleset_new();
		struct check_finding *found;
		bool all;

		for (k = 0; k < 4 && cases[i].rules[k]; k++)
			put(set, cases[i].rules[k], k + 1);
		assert_int_equal(rules_check(set, GEN_NOW, &found, &n, &all), 0);
		assert_true(all);
		if (n != (cases[i].kind != NOTHING))
			fail_msg("'%s': %zu findings, the first %s", cases[i].rules[0], n,
				 n ? check_kind_name(found->kind) : "none");
		if (n && ((int)found->kind != cases[i].kind ||
			  (cases[i].line && found->rule->line != cases[i].line) ||
			  (found->other ? found->other->line : 0) != (cases[i].line ?
			   cases[i].other : found->other->line)))
			fail_msg("'%s': line %u is %s", cases[i].rules[0], found->rule->line,
				 check_kind_name(found->kind));
		free(found);
		ruleset_free(set);
	}
}

/* ---- it is right -------------------------------------------------------------------------- */

/* The rules of @set but those that were found; ids as they were. */
static struct ruleset *without(const struct ruleset *set, const struct check_finding *found,
			       size_t n)
{
	struct ruleset *out = ruleset_new();
	char text[RULE_TEXT_MAX];
	struct rule_error err;
	size_t i, k;

	for (i = 0; i < set->n_rules; i++) {
		const struct rule *rule = set->rules[i];
		struct rule *copy;

		for (k = 0; k < n && (found[k].rule != rule ||
				      (found[k].kind == CHECK_CONTRADICTION &&
				       found[k].other->rank > rule->rank)); k++)
			;
		if (k < n)
			continue;
		rule_print(rule, text, sizeof(text));
		copy = parse(text);
		copy->id = rule->id;
		copy->id_written = true;
		assert_int_equal(ruleset_insert(out, copy, rule->scope, rule->scope_uid,
						rule->runtime, &err), 0);
	}
	return out;
}

static void show(const struct ruleset *set, const struct check_finding *found, size_t n)
{
	char text[RULE_TEXT_MAX], other[RULE_TEXT_MAX];
	size_t i;

	for (i = 0; i < set->n_rules; i++) {
		rule_print_plain(set->rules[i], text, sizeof(text));
		print_message("  %s (%u)\n", text, set->rules[i]->scope);
	}
	for (i = 0; i < n; i++) {
		rule_print_plain(found[i].rule, text, sizeof(text));
		if (found[i].other)
			rule_print_plain(found[i].other, other, sizeof(other));
		print_message("%s: %s by %s\n", check_kind_name(found[i].kind), text,
			      found[i].other ? other : "");
	}
}

static void same_verdicts(const struct ruleset *set, const struct ruleset *rest,
			  const struct check_finding *found, size_t n)
{
	struct policy_env env = gen_env;
	struct policy_decision a, b;
	struct gen_flow f;
	unsigned int k;

	for (k = 0; k < 60; k++) {
		gen_flow(&f);
		f.q.suspended = gen_once_in(6);
		env.mode = gen_once_in(4) ? SNITCH_MODE_LOCKDOWN : SNITCH_MODE_ASK;
		env.profile = gen_profile();
		if (gen_once_in(4))	/* later, when some have ended */
			env.now = gen_once_in(2) ? 2208988800 + 86400 : 2300000000;
		policy_decide(set, &env, &f.q, &a);
		policy_decide(rest, &env, &f.q, &b);
		if (a.action == b.action)
			continue;
		show(set, found, n);
		fail_msg("%s: action %u became %u", f.q.exe ? f.q.exe : "kernel", a.action,
			 b.action);
	}
}

static void test_sound(void **state)
{
	unsigned int left = gen_rounds(20000), kinds[4] = { 0 };
	struct check_finding *found;
	size_t n, i;
	bool all;

	(void)state;
	gen_seed("sound");
	while (left--) {
		struct ruleset *set = ruleset_new(), *rest;

		gen_set(set, 2 + gen_pick(gen_once_in(4) ? 25 : 6), gen_once_in(2));
		assert_int_equal(rules_check(set, GEN_NOW, &found, &n, &all), 0);
		for (i = 0; i < n; i++)
			kinds[found[i].kind]++;
		rest = without(set, found, n);
		same_verdicts(set, rest, found, n);
		ruleset_free(rest);
		ruleset_free(set);
		free(found);
	}
	print_message("redundant %u, shadowed %u, contradictions %u, ended %u\n", kinds[0],
		      kinds[1],
		      kinds[2], kinds[3]);
	for (i = 0; i < 4; i++)
		assert_true(kinds[i] > 0);
}

/* Whatever covers a rule, or has its conditions, is among those that the index names. */
static void check_index(const struct ruleset *set)
{
	struct cover_index *index = cover_index_new(set);
	size_t i, k, next, marked = 0;

	assert_non_null(index);
	for (i = 0; i < set->n_rules; i++) {
		cover_index_mark(index, set->rules[i]);
		next = cover_index_next(index, 0);
		for (k = 0; k < set->n_rules; k++) {
			const struct rule *a = set->rules[k], *b = set->rules[i];

			if (k == next) {
				next = cover_index_next(index, k + 1);
				marked++;
				continue;
			}
			if (!rule_covers(a, b) && !rule_same_conditions(a, b))
				continue;
			show(set, NULL, 0);
			fail_msg("rule %zu covers rule %zu, and the index does not say so", k, i);
		}
		assert_int_equal(next, set->n_rules);
	}
	assert_true(marked >= set->n_rules);	/* each is its own */
	cover_index_free(index);
}

static bool same_findings(const struct check_finding *a, size_t n, const struct check_finding *b,
			  size_t m)
{
	size_t i;

	for (i = 0; i < n && i < m; i++) {
		if (a[i].kind != b[i].kind || a[i].rule != b[i].rule || a[i].other != b[i].other)
			return false;
	}
	return n == m;
}

/* With and without the index the same is found. */
static void test_index(void **state)
{
	unsigned int left = gen_rounds(1500);
	struct check_finding *a, *b;
	size_t n, m, found = 0;
	bool all;

	(void)state;
	gen_seed("index");
	while (left--) {
		struct ruleset *set = ruleset_new();

		gen_set(set, 1 + gen_pick(gen_once_in(4) ? 150 : 20), gen_once_in(2));
		check_index(set);
		assert_int_equal(rules_check(set, GEN_NOW, &a, &n, &all), 0);
		assert_int_equal(rules_check_each(set, GEN_NOW, &b, &m, &all), 0);
		if (!same_findings(a, n, b, m)) {
			show(set, a, n);
			show(set, b, m);
			fail_msg("%zu findings with the index, %zu without it", n, m);
		}
		found += n;
		free(a);
		free(b);
		ruleset_free(set);
	}
	assert_true(found > gen_rounds(1500));
}

/* The @k-th rule of a sort; 0: there is no such sort. */
static int rule_of_sort(unsigned int sort, unsigned int k, char *buf, size_t size)
{
	unsigned int x = k / 250, y = k % 250;

	switch (sort) {
	case 0:
		return snprintf(buf, size, "allow /bin/p%u to 10.%u.%u.0/24 port 443 tcp", k % 400,
				x, y);
	case 1:
		return snprintf(buf, size, "deny any to 10.%u.%u.7", x, y);
	case 2:
		return snprintf(buf, size, "deny any to h%u.d%u.test", x, y);
	case 3:
		return snprintf(buf, size, "allow /bin/a to any port %u", k + 1);
	default:
		return 0;
	}
}

/* 10 000 rules of each sort: how many others are looked at for one, on the average? */
static void test_index_is_short(void **state)
{
	char text[128];
	unsigned int sort, k;
	size_t at, marked;

	(void)state;
	for (sort = 0; rule_of_sort(sort, 0, text, sizeof(text)); sort++) {
		struct ruleset *set = ruleset_new();
		struct cover_index *index;

		for (k = 0; k < 10000; k++) {
			rule_of_sort(sort, k, text, sizeof(text));
			put(set, text, 1);
		}
		put(set, "allow any to any", 1);
		put(set, "deny /bin/p7 to any", 1);
		index = cover_index_new(set);
		assert_non_null(index);
		for (k = 0, marked = 0; k < set->n_rules; k++) {
			cover_index_mark(index, set->rules[k]);
			for (at = 0; (at = cover_index_next(index, at)) < set->n_rules; at++)
				marked++;
		}
		if (marked > 4 * set->n_rules)
			fail_msg("'%s': %zu rules looked at for %zu", text, marked,
				 set->n_rules);
		cover_index_free(index);
		ruleset_free(set);
	}
}

static void test_cover_table(void **state)
{
	static const struct {
		const char *a, *b;
		bool covers;
	} pairs[] = {
		{ "allow any to any", "allow /bin/a child-of /bin/b and children to 10.0.0.1",
		  true },
		{ "deny any to any", "deny kernel tcp to any", false },
		{ "deny kernel any to any", "deny kernel tcp to any", true },
		{ "deny /bin/a to any", "deny /bin/a child-of /bin/b to any", true },
		{ "deny /bin/a child-of /bin/b to any", "deny /bin/a to any", false },
		{ "deny any child-of /bin/b to any", "deny /bin/a child-of /bin/b to any", true },
		{ "deny /bin/* to any", "deny /bin/a/b to any", false },
		{ "deny /bin/a and children to any", "deny /bin/a to any", true },
		{ "deny /bin/a to any", "deny /bin/a and children to any", false },
		{ "deny any to *.x.test", "deny any to x.test", true },
		{ "deny any to *.x.test", "deny any to ax.test", false },
		{ "deny any to x.test", "deny any to *.x.test", false },
		{ "deny any to 10.0.0.0/8", "deny any to 10.1.0.0-10.2.0.0", true },
		{ "deny any to ::/0", "deny any to 10.0.0.1", false },
		{ "deny any to multicast", "deny any to bonjour", true },
		{ "deny any to not 10.0.0.1", "deny any to not 10.0.0.0/8", true },
		{ "deny any to not 10.0.0.0/8", "deny any to not 10.0.0.1", false },
		{ "allow any to not x.test", "allow any to not *.x.test", true },
		{ "allow any to not x.test lockdown", "deny any to not *.x.test port 1", false },
		{ "deny any to any port 1-9", "deny any to any port 2,4-5", true },
		{ "deny any to any port 1-9", "deny any to any", false },
		{ "deny any to any icmp", "deny any to any icmpv6", true },
		{ "deny any to any icmpv6", "deny any to any icmp", false },
		{ "allow any to any", "deny any to any", false },	/* frames */
		{ "allow any to any", "allow any to any packet", false },
		{ "deny any to any", "allow any to any packet", true },
		{ "allow any to any", "allow any to any lockdown", false },
		{ "deny any to any until reboot", "deny any to any", false },
		{ "deny any to any until quit", "deny /bin/a to any until quit", true },
		{ "deny any to any until quit", "deny /bin/a and children to any until quit",
		  false },
		{ "deny any and children to any until quit",
		  "deny /bin/a and children to any until quit", true },
		{ "deny any to any until 2040-01-01", "deny any to any until 2030-01-01", true },
		{ "deny any to any until 2030-01-01", "deny any to any until 2040-01-01", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < GEN_N(pairs); i++) {
		struct rule *a = parse(pairs[i].a), *b = parse(pairs[i].b);

		if (rule_covers(a, b) != pairs[i].covers)
			fail_msg("'%s' and '%s'", pairs[i].a, pairs[i].b);
		rule_free(a);
		rule_free(b);
	}
}

/* Where one rule covers another, no flow matches only the latter. */
static void test_covers(void **state)
{
	unsigned int left = gen_rounds(60000), covered = 0, k;
	struct policy_env env = gen_env;

	(void)state;
	gen_seed("covers");
	while (left--) {
		struct rule *a = gen_rule(gen_once_in(2)), *b = gen_rule(gen_once_in(2));

		for (k = 0; a && b && rule_covers(a, b) && k < 40; k++) {
			char x[RULE_TEXT_MAX], y[RULE_TEXT_MAX];
			struct gen_flow f;

			gen_flow(&f);
			env.mode = gen_once_in(4) ? SNITCH_MODE_LOCKDOWN : SNITCH_MODE_ASK;
			env.profile = gen_profile();
			covered++;
			if (!policy_matches(b, &env, &f.q) || policy_matches(a, &env, &f.q) ||
			    rule_why_inactive(a, GEN_NOW, 0))
				continue;
			rule_print_plain(a, x, sizeof(x));
			rule_print_plain(b, y, sizeof(y));
			fail_msg("'%s' does not cover '%s'", x, y);
		}
		rule_free(a);
		rule_free(b);
	}
	assert_true(covered > gen_rounds(2000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_cover_table),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_index_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
