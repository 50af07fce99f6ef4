// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines of the compiled table. That they mean what the rules mean is test_policy_agree.c's. It
 * must never depend on the machine it runs on.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kmod/match.h"
#include "lib/snitch.h"
#include "policy/policy.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* more than POLICY_SET_FROM */
#define MANY	"192.0.2.1,192.0.2.3,192.0.2.5,192.0.2.7,192.0.2.9,192.0.2.11,192.0.2.13,192.0.2.15," \
		"192.0.2.17,192.0.2.19,192.0.2.21,192.0.2.23,192.0.2.25,192.0.2.27,192.0.2.29," \
		"203.0.113.0/24,2001:db8::/32"

static const struct policy_net local_net = { AF_INET, 24, { 203, 0, 113 } };
static const struct policy_net dns = { AF_INET, 32, { 9, 9, 9, 9 } };
static const struct policy_link links[] = { { "lo", 1 }, { "eth0", 2 } };
static struct policy_env env = {
	.mode = SNITCH_MODE_ASK, .local = &local_net, .n_local = 1, .dns = &dns, .n_dns = 1,
	.links = links, .n_links = 2, .netns = 4026531840,
	.now = 1700000000, .boottime = 1000,
};

static void put(struct ruleset *set, const char *text, enum rule_scope scope, uint32_t uid)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;

	if (rule_parse(text, NULL, 0, &rule, &err) || !rule)
		fail_msg("'%s': found '%s', expected %s", text, err.found, err.expected);
	assert_int_equal(ruleset_insert(set, rule, scope, uid, false, &err), 0);
}

static void compile(const struct ruleset *set, struct policy_compiled *c)
{
	assert_int_equal(policy_compile(set, &env, c), 0);
	assert_int_equal(c->policy.rules, c->n_rules);
	assert_int_equal(c->policy.apps, c->n_apps);
}

static void test_lines(void **state)
{
	struct ruleset *set = ruleset_new();
	struct policy_compiled c;

	(void)state;
	put(set, "deny /usr/bin/b to any", RULE_S_SYSTEM, 0);
	put(set, "allow /usr/bin/a user root to 192.0.2.0/24 port 80,443 tcp", RULE_S_SYSTEM, 0);
	put(set, "allow kernel icmp-error to any icmp", RULE_S_BUILTIN, 0);
	put(set, "allow any to loopback", RULE_S_BUILTIN, 0);
	put(set, "allow /usr/bin/a to example.com", RULE_S_SYSTEM, 0);
	put(set, "deny /usr/bin/z to any disabled", RULE_S_SYSTEM, 0);
	compile(set, &c);
	assert_int_equal(c.n_apps, 2);
	assert_int_equal(policy_app(&c, "/usr/bin/a"), 1);
	assert_int_equal(policy_app(&c, "/usr/bin/b"), 2);
	assert_int_equal(policy_app(&c, "/usr/bin/z"), 0);
	assert_int_equal(c.n_rules, 7);
	assert_int_equal(c.rules[0].app, 1);
	assert_int_equal(c.rules[0].port_first, 80);
	assert_int_equal(c.rules[0].flags, SNITCH_R_UID | SNITCH_R_PROTO);
	assert_memory_equal(c.rules[0].last, "\xc0\0\x02\xff", 4);
	assert_int_equal(c.rules[1].port_last, 443);
	assert_int_equal(c.rules[2].flags, SNITCH_R_DAEMON);
	assert_int_equal(c.rules[3].flags, SNITCH_R_WHOLE);
	assert_int_equal(SNITCH_RANK_TIER(c.rules[3].rank), 1);
	assert_int_equal(c.rules[4].flags, SNITCH_R_BUILTIN | SNITCH_R_LOOPBACK);
	assert_int_equal(SNITCH_RANK_TIER(c.rules[4].rank), 2);
	assert_int_equal(c.rules[5].proto, IPPROTO_ICMP);
	assert_int_equal(c.rules[6].proto, IPPROTO_ICMPV6);
	assert_int_equal(c.rules[6].app, SNITCH_APP_KERNEL);
	assert_int_equal(c.rules[6].kernel, SNITCH_K_ICMP_ERROR);
	policy_compiled_free(&c);
	ruleset_free(set);
}

/* A remote of many items is one line about a set; the same one again is the same set. */
static void test_sets(void **state)
{
	struct ruleset *set = ruleset_new();
	struct policy_compiled c, again;
	size_t i;

	(void)state;
	put(set, "deny /bin/a to " MANY " port 80,443 tcp", RULE_S_SYSTEM, 0);
	put(set, "deny /bin/b to " MANY ",loopback,example.com", RULE_S_SYSTEM, 0);
	put(set, "allow /bin/c to not " MANY, RULE_S_SYSTEM, 0);
	compile(set, &c);
	assert_int_equal(c.policy.sets, 2);
	assert_int_equal(c.n_sets, 2);
	assert_int_equal(c.n_rules, 2 + 3 + 1);
	for (i = 0; i < c.n_rules; i++) {
		if (c.rules[i].flags & (SNITCH_R_LOOPBACK | SNITCH_R_DAEMON))
			continue;
		assert_true(c.rules[i].flags & SNITCH_R_SET);
		assert_int_equal(c.rules[i].family, 0);
		assert_true(c.rules[i].set == c.sets[0].id || c.rules[i].set == c.sets[1].id);
	}
	/* the kernel may keep what it has */
	put(set, "deny /bin/d to any", RULE_S_SYSTEM, 0);
	compile(set, &again);
	assert_int_equal(again.n_sets, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(again.sets[i].id, c.sets[i].id);
		assert_true(again.sets[i].tag == c.sets[i].tag);
	}
	policy_compiled_free(&again);
	policy_compiled_free(&c);
	ruleset_free(set);
}

/* Frames: of any device, of one by index and namespace, of one that is not there: no line. */
static void test_frames(void **state)
{
	static const uint8_t eth0[8] = { 0, 0, 0, 2, 0xf0, 0, 0, 0 };
	struct ruleset *set = ruleset_new();
	struct policy_compiled c;

	(void)state;
	put(set, "allow /bin/a to any packet", RULE_S_SYSTEM, 0);
	put(set, "allow /bin/b to any port 2048 packet via-interface eth0", RULE_S_SYSTEM, 0);
	put(set, "allow /bin/c to any packet via-interface wlan0", RULE_S_SYSTEM, 0);
	compile(set, &c);
	assert_int_equal(c.n_rules, 2);
	assert_int_equal(c.rules[0].family, AF_PACKET);
	assert_int_equal(c.rules[0].port_first, 2048);
	assert_int_equal(c.rules[0].flags, 0);
	assert_memory_equal(c.rules[0].first, eth0, 8);
	assert_memory_equal(c.rules[0].last, eth0, 8);
	assert_int_equal(c.rules[1].family, AF_PACKET);
	assert_int_equal(c.rules[1].first[0], 0);
	assert_int_equal(c.rules[1].last[0], 255);
	policy_compiled_free(&c);
	ruleset_free(set);
}

static void test_policy(void **state)
{
	struct ruleset *set = ruleset_new();
	struct policy_compiled c;

	(void)state;
	put(set, "allow any to any", RULE_S_SYSTEM, 0);
	put(set, "deny any to 192.0.2.1", RULE_S_SYSTEM, 0);
	compile(set, &c);
	assert_int_equal(c.policy.fail, SNITCH_DENY);
	assert_int_equal(c.policy.kernel, SNITCH_ALLOW);
	assert_int_equal(c.policy.unmatched, SNITCH_ASK);
	assert_int_equal(c.n_rules, 2);
	policy_compiled_free(&c);
	env.mode = SNITCH_MODE_LOCKDOWN;
	compile(set, &c);
	assert_int_equal(c.policy.unmatched, SNITCH_DENY);
	assert_int_equal(c.n_rules, 1);
	policy_compiled_free(&c);
	env.mode = SNITCH_MODE_OBSERVE;
	compile(set, &c);
	assert_int_equal(c.policy.fail, SNITCH_ALLOW);
	policy_compiled_free(&c);
	env.mode = SNITCH_MODE_ASK;
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
