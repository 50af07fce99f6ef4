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

/* Until the kernel holds the addresses itself, every line of a list is the daemon's. */
static void test_kernel_asks(void **state)
{
	static const char *const texts[] = {
		"deny any to list:names", "deny any to 10.0.0.1,list:addrs",
		"allow /usr/bin/curl to not list:addrs", NULL
	};
	struct ruleset *set = set_of(texts);
	struct policy_compiled c = { .n_apps = 0 };
	unsigned int final = 0;
	size_t i;

	(void)state;
	assert_int_equal(policy_compile(set, &env, &c), 0);
	for (i = 0; i < c.n_rules; i++)
		final += !(c.rules[i].flags & SNITCH_R_DAEMON);
	assert_int_equal(c.n_rules, 4);
	assert_int_equal(final, 1);	/* 10.0.0.1 */
	for (i = 0; i < set->n_rules; i++)
		assert_true(rule_needs_daemon(set->rules[i]));
	policy_compiled_free(&c);
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_negated),
		cmocka_unit_test(test_hit),
		cmocka_unit_test(test_kernel_asks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
