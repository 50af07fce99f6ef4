// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "list:NAME" in rules: which flows match, which entry did it, and what the kernel may decide. It
 * must never read this machine's lists.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "lab.h"
#include "lists/lists.h"
#include "policy/policy.h"
#include "snitch.h"

#define STORE	"/var/lib/snitch/lists"

static char root[LAB_ROOT];
static struct lists *lists;
static struct policy_env env = { .mode = SNITCH_MODE_ASK, .now = 1700000000, .boottime = 1000 };

static int setup(void **state)
{
	static const char *const dirs[] = { "/var", "/var/lib", "/var/lib/snitch", STORE };
	struct rule_error err;

	(void)state;
	lab_root(root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab_write(root, STORE "/names.list", "ads.example\n0.0.0.0 exact.example\n");
	lab_write(root, STORE "/names.except", "good.ads.example\n");
	lab_write(root, STORE "/addrs.list", "192.0.2.0/24\n");
	lab_write(root, STORE "/addrs.except", "192.0.2.9\n");
	assert_int_equal(lists_load(root, NULL, &lists, &err), 1);
	env.lists = lists;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lists_free(lists);
	lab_remove(root);
	return 0;
}

static struct ruleset *set_of(const char *const *texts)
{
	struct ruleset *set = ruleset_new();
	struct rule_error err;
	struct rule *rule;

	for (; *texts; texts++) {
		assert_int_equal(rule_parse(*texts, NULL, 0, &rule, &err), 0);
		assert_int_equal(ruleset_insert(set, rule, RULE_S_SYSTEM, 0, false, &err), 0);
	}
	return set;
}

/* @name NULL: none is known. */
static struct flow_query query(const char *addr, const char *const *name)
{
	struct flow_query q = {
		.exe = "/usr/bin/curl", .proto = IPPROTO_TCP, .port = 443, .family = AF_INET,
		.names = name, .n_names = name != NULL,
	};

	assert_int_equal(inet_pton(AF_INET, addr, q.addr), 1);
	return q;
}

static uint32_t judge(const struct ruleset *set, const char *addr, const char *name)
{
	struct flow_query q = query(addr, name ? &name : NULL);
	struct policy_decision d;

	policy_decide(set, &env, &q, &d);
	return d.action;
}

static void test_match(void **state)
{
	static const char *const texts[] = {
		"deny any to list:names,list:addrs priority high", "allow /usr/bin/curl to any",
		"deny any to list:nowhere priority high", NULL
	};
	struct ruleset *set = set_of(texts);

	(void)state;
	assert_int_equal(judge(set, "198.51.100.1", "x.ads.example"), SNITCH_DENY);
	assert_int_equal(judge(set, "198.51.100.1", "good.ads.example"), SNITCH_ALLOW);
	assert_int_equal(judge(set, "198.51.100.1", "EXACT.example"), SNITCH_DENY);
	assert_int_equal(judge(set, "198.51.100.1", "x.exact.example"), SNITCH_ALLOW);
	assert_int_equal(judge(set, "198.51.100.1", NULL), SNITCH_ALLOW);
	assert_int_equal(judge(set, "192.0.2.8", NULL), SNITCH_DENY);
	assert_int_equal(judge(set, "192.0.2.8", "fine.example"), SNITCH_DENY);
	assert_int_equal(judge(set, "192.0.2.9", "fine.example"), SNITCH_ALLOW);
	/* taken out of one list, it still is on the other */
	assert_int_equal(judge(set, "192.0.2.9", "x.ads.example"), SNITCH_DENY);
	env.lists = NULL;
	assert_int_equal(judge(set, "192.0.2.8", "x.ads.example"), SNITCH_ALLOW);
	env.lists = lists;
	ruleset_free(set);
}

/* What is not known is no licence. */
static void test_negated(void **state)
{
	static const char *const names[] = { "allow /usr/bin/curl to not list:names", NULL };
	static const char *const addrs[] = { "allow /usr/bin/curl to not list:addrs", NULL };
	static const char *const nowhere[] = { "allow /usr/bin/curl to not list:nowhere", NULL };
	static const char *const deny[] = { "deny /usr/bin/curl to not list:nowhere", NULL };
	struct ruleset *set = set_of(names);

	(void)state;
	assert_int_equal(judge(set, "192.0.2.8", "fine.example"), SNITCH_ALLOW);
	assert_int_equal(judge(set, "192.0.2.8", "x.ads.example"), 0);
	assert_int_equal(judge(set, "192.0.2.8", NULL), 0);
	ruleset_free(set);
	set = set_of(addrs);
	assert_int_equal(judge(set, "192.0.2.8", NULL), 0);
	assert_int_equal(judge(set, "192.0.2.9", NULL), SNITCH_ALLOW);
	ruleset_free(set);
	set = set_of(nowhere);
	assert_int_equal(judge(set, "192.0.2.8", "fine.example"), 0);
	ruleset_free(set);
	set = set_of(deny);
	assert_int_equal(judge(set, "192.0.2.8", "fine.example"), SNITCH_DENY);
	ruleset_free(set);
}

static void test_hit(void **state)
{
	static const char *const texts[] = {
		"deny any to list:nowhere,list:names,list:addrs", "deny any to not list:names", NULL
	};
	struct ruleset *set = set_of(texts);
	const char *name = "x.ads.example";
	struct policy_list_hit hit;
	struct flow_query q = query("192.0.2.8", &name);
	char buf[LIST_RANGE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < set->n_rules; i++)
		assert_int_equal(policy_list_hit(set->rules[i], &env, &q, &hit),
				 !set->rules[i]->negated);
	i = set->rules[0]->negated;
	assert_true(policy_list_hit(set->rules[i], &env, &q, &hit));
	assert_string_equal(list_facts(hit.list)->name, "names");
	assert_string_equal(hit.entry, "ads.example");
	assert_null(hit.range);
	q.n_names = 0;
	assert_true(policy_list_hit(set->rules[i], &env, &q, &hit));
	assert_string_equal(list_facts(hit.list)->name, "addrs");
	assert_null(hit.entry);
	assert_string_equal(list_range_print(hit.range, buf, sizeof(buf)), "192.0.2.0-192.0.2.8");
	ruleset_free(set);
}

/* Of the lines that @texts become: how many are there, and how many of them the kernel's. */
static void count_lines(const char *const *texts, size_t *lines, size_t *final,
			struct policy_compiled *c)
{
	struct ruleset *set = set_of(texts);
	size_t i;

	memset(c, 0, sizeof(*c));
	assert_int_equal(policy_compile(set, &env, c), 0);
	*lines = c->n_rules;
	*final = 0;
	for (i = 0; i < c->n_rules; i++)
		*final += !(c->rules[i].flags & SNITCH_R_DAEMON);
	ruleset_free(set);
}

/* The kernel has the addresses, the daemon the names. */
static void test_kernel_has_addresses(void **state)
{
	static const char *const names[] = { "deny any to list:names", NULL };
	static const char *const addrs[] = { "deny any to 10.0.0.1,list:addrs", NULL };
	static const char *const both[] = { "deny any to list:names,list:addrs", NULL };
	static const char *const gone[] = { "deny any to list:nowhere", NULL };
	static const char *const not_gone[] = { "deny any to not list:nowhere", NULL };
	static const char *const not_addrs[] = { "allow /usr/bin/curl to not list:addrs", NULL };
	static const char *const not_names[] = { "deny any to not list:names", NULL };
	static const char *const unit[] = { "deny unit x to list:addrs", NULL };
	static const struct {
		const char *const *texts;
		size_t lines, final;
	} cases[] = {
		{ names, 1, 0 }, { addrs, 3, 3 }, { both, 3, 2 }, { gone, 0, 0 },
		{ not_gone, 1, 0 }, { not_addrs, 4, 4 }, { not_names, 1, 0 }, { unit, 2, 0 },
	};
	struct policy_compiled c;
	size_t i, lines, final;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		count_lines(cases[i].texts, &lines, &final, &c);
		if (lines != cases[i].lines || final != cases[i].final)
			fail_msg("%s: %zu lines, %zu of them the kernel's", cases[i].texts[0],
				 lines, final);
		policy_compiled_free(&c);
	}
}

/* Many addresses are a set, without the excepted; equal ones are one; another version is another. */
static void test_sets(void **state)
{
	static const char *const texts[] = {
		"deny any to list:many port 80", "deny /usr/bin/curl to list:many",
		"deny any to list:many,192.0.2.1", NULL
	};
	struct policy_compiled c, next;
	struct lists *before = lists;
	size_t lines, final, i;
	struct rule_error err;

	(void)state;
	lab_write_addresses(root, STORE "/many.list", 40);
	lab_write(root, STORE "/many.except", "10.0.4.1\n");
	assert_int_equal(lists_load(root, before, &lists, &err), 1);
	env.lists = lists;
	count_lines(texts, &lines, &final, &c);
	assert_int_equal(lines, 3);
	assert_int_equal(final, 3);
	assert_int_equal(c.n_sets, 2);
	assert_int_equal(c.sets[0].n + c.sets[1].n, 39 + 40);
	for (i = 0; i < c.n_rules; i++)
		assert_true(c.rules[i].flags & SNITCH_R_SET);
	lists_free(before);
	before = lists;
	lab_unlink(root, STORE "/many.except");
	assert_int_equal(lists_load(root, before, &lists, &err), 1);
	env.lists = lists;
	count_lines(texts, &lines, &final, &next);
	assert_int_equal(next.sets[0].n + next.sets[1].n, 40 + 41);
	for (i = 0; i < next.n_sets; i++)
		assert_true(next.sets[i].tag != c.sets[0].tag && next.sets[i].tag != c.sets[1].tag);
	policy_compiled_free(&next);
	policy_compiled_free(&c);
	lists_free(before);
}

/* More than the kernel takes is left to the daemon, and the policy still is one. */
static void test_too_many(void **state)
{
	static const char *const texts[] = {
		"deny any to list:huge", "deny any to 10.0.0.0/8 priority high", NULL
	};
	struct lists *before = lists;
	struct policy_compiled c;
	struct rule_error err;
	size_t lines, final;

	(void)state;
	lab_write_addresses(root, STORE "/huge.list", POLICY_LINES_MAX + 1);
	assert_int_equal(lists_load(root, before, &lists, &err), 1);
	env.lists = lists;
	count_lines(texts, &lines, &final, &c);
	assert_int_equal(lines, 2);
	assert_int_equal(final, 2);
	policy_compiled_free(&c);
	env.max_ranges = POLICY_LINES_MAX;
	count_lines(texts, &lines, &final, &c);
	assert_int_equal(c.n_sets, 0);
	assert_int_equal(lines, 2);
	assert_int_equal(final, 1);
	policy_compiled_free(&c);
	env.max_ranges = 0;
	lists_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_negated),
		cmocka_unit_test(test_hit),
		cmocka_unit_test(test_kernel_has_addresses),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
