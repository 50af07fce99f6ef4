// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Judging in user space: which of several sentences a flow follows. It must never
 * read this machine's rules, users or networks.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "policy/places.h"
#include "policy/policy.h"

#define CURL	"/usr/bin/curl"

static struct policy_env env = { .mode = SNITCH_MODE_ASK, .now = 1700000000, .boottime = 1000 };

static struct rule *parse(const char *text)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;

	if (rule_parse(text, NULL, 0, &rule, &err) || !rule)
		fail_msg("'%s': found '%s', expected %s", text, err.found, err.expected);
	return rule;
}

static void put_as(struct ruleset *set, const char *text, enum rule_scope scope, uint32_t uid)
{
	struct rule_error err;

	assert_int_equal(ruleset_insert(set, parse(text), scope, uid, false, &err), 0);
}

static void put(struct ruleset *set, const char *text)
{
	put_as(set, text, RULE_S_SYSTEM, 0);
}

static struct flow_query query(const char *exe, const char *addr, uint16_t port)
{
	struct flow_query q = {
		.exe = exe, .uid = 1000, .proto = IPPROTO_TCP, .port = port, .family = AF_INET,
	};

	if (inet_pton(AF_INET, addr, q.addr) != 1) {
		q.family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, addr, q.addr), 1);
	}
	return q;
}

static uint32_t decide(const struct ruleset *set, const struct flow_query *q)
{
	struct policy_decision d;

	policy_decide(set, &env, q, &d);
	assert_non_null(d.reason);
	assert_int_equal(!d.rule, !d.action);
	return d.action;
}

static uint32_t judge(const struct ruleset *set, const char *exe, const char *addr, uint16_t port)
{
	struct flow_query q = query(exe, addr, port);

	return decide(set, &q);
}

static void test_whole_denial(void **state)
{
	struct ruleset *set = ruleset_new();
	struct policy_decision d;
	struct flow_query q = query(CURL, "192.0.2.1", 443);

	(void)state;
	put(set, "deny " CURL " to any");
	put(set, "allow any to 192.0.2.1");
	put(set, "allow " CURL " to 192.0.2.7");
	policy_decide(set, &env, &q, &d);
	assert_int_equal(d.action, SNITCH_DENY);
	assert_non_null(d.beaten);
	assert_string_equal(d.reason, "the program is denied as a whole");
	assert_int_equal(judge(set, CURL, "192.0.2.7", 443), SNITCH_ALLOW);
	assert_int_equal(judge(set, "/usr/bin/wget", "192.0.2.1", 443), SNITCH_ALLOW);
	assert_int_equal(judge(set, "/usr/bin/wget", "192.0.2.2", 443), 0);
	put(set, "allow any to 192.0.2.1 priority high");
	assert_int_equal(judge(set, CURL, "192.0.2.1", 443), SNITCH_ALLOW);
	ruleset_free(set);
}

static void test_user_below_admin(void **state)
{
	struct ruleset *set = ruleset_new();
	struct flow_query q = query(CURL, "192.0.2.1", 443);
	struct policy_decision d;
	struct rule_error err;

	(void)state;
	put_as(set, "allow " CURL " to 192.0.2.1 port 443 tcp", RULE_S_USER, 1000);
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	q.uid = 1001;
	assert_int_equal(decide(set, &q), 0);
	q.uid = 1000;
	put_as(set, "deny any to 192.0.2.0/24", RULE_S_ADMIN, 0);
	policy_decide(set, &env, &q, &d);
	assert_int_equal(d.action, SNITCH_DENY);
	assert_int_equal(d.rule->scope, RULE_S_ADMIN);
	assert_int_equal(d.beaten->scope, RULE_S_USER);
	/* nor may a user's file speak of others, of the kernel or of lockdown */
	assert_int_equal(ruleset_insert(set, parse("allow any user root to any"), RULE_S_USER,
					1000, false, &err), -EPERM);
	assert_int_equal(ruleset_insert(set, parse("allow kernel nfs to any"), RULE_S_USER, 1000,
					false, &err), -EPERM);
	assert_int_equal(ruleset_insert(set, parse("allow any to any lockdown"), RULE_S_USER,
					1000, false, &err), -EPERM);
	assert_int_equal(set->n_rules, 2);
	ruleset_free(set);
}

static void test_no_allow(void **state)
{
	struct ruleset *set = ruleset_new();
	struct flow_query q = query(CURL, "192.0.2.1", 443);

	(void)state;
	put(set, "allow " CURL " to any");
	put(set, "allow any to 192.0.2.1");
	q.no_allow = true;
	assert_int_equal(decide(set, &q), 0);
	q.no_allow = false;
	q.suspended = true;
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	q = query(CURL, "192.0.2.9", 443);
	q.suspended = true;
	assert_int_equal(decide(set, &q), 0);
	put(set, "deny " CURL " to 192.0.2.9");
	assert_int_equal(decide(set, &q), SNITCH_DENY);
	ruleset_free(set);
}

static void test_places(void **state)
{
	static const struct policy_net local = { AF_INET, 24, { 203, 0, 113 } };
	static const struct policy_net dns = { AF_INET, 0, { 9, 9, 9, 9 } };
	struct ruleset *set = ruleset_new();
	struct flow_query q = query(CURL, "127.0.0.1", 80);

	(void)state;
	env.local = &local;
	env.n_local = 1;
	env.dns = &dns;
	env.n_dns = 1;
	put(set, "allow any to local-net");
	put(set, "allow any to dns-servers port 53");
	put(set, "allow any to loopback");
	put(set, "deny any to multicast");
	assert_int_equal(judge(set, CURL, "203.0.113.200", 80), SNITCH_ALLOW);
	assert_int_equal(judge(set, CURL, "203.0.114.1", 80), 0);
	assert_int_equal(judge(set, CURL, "172.31.255.255", 80), SNITCH_ALLOW);
	assert_int_equal(judge(set, CURL, "172.32.0.0", 80), 0);
	assert_int_equal(judge(set, CURL, "fe80::1", 80), SNITCH_ALLOW);
	assert_int_equal(judge(set, CURL, "fdff::1", 80), SNITCH_ALLOW);
	assert_int_equal(judge(set, CURL, "fe00::1", 80), 0);
	assert_int_equal(judge(set, CURL, "9.9.9.9", 53), SNITCH_ALLOW);
	assert_int_equal(judge(set, CURL, "9.9.9.9", 80), 0);
	assert_int_equal(judge(set, CURL, "9.9.9.8", 53), 0);
	assert_int_equal(judge(set, CURL, "ff02::fb", 5353), SNITCH_DENY);
	/* loopback is the device, not an address that claims it */
	assert_int_equal(decide(set, &q), 0);
	q.loopback = true;
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	env.n_local = 0;
	env.n_dns = 0;
	ruleset_free(set);
}

static void test_names(void **state)
{
	static const char *const names[] = { "Imap.Example.com" };
	struct ruleset *set = ruleset_new();
	struct flow_query q = query(CURL, "192.0.2.1", 443);

	(void)state;
	put(set, "allow " CURL " to *.example.com");
	assert_int_equal(decide(set, &q), 0);
	q.names = names;
	q.n_names = 1;
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	put(set, "deny " CURL " to imap.example.com");
	assert_int_equal(decide(set, &q), SNITCH_DENY);
	ruleset_free(set);
	/* whose name is not known may be the very one that is excepted */
	set = ruleset_new();
	put(set, "allow " CURL " to not evil.example");
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	q.n_names = 0;
	assert_int_equal(decide(set, &q), 0);
	ruleset_free(set);
}

static void test_ancestors(void **state)
{
	static const char *const parents[] = { "/usr/bin/git", "/bin/bash" };
	struct ruleset *set = ruleset_new();
	struct flow_query q = query("/usr/bin/ssh", "192.0.2.1", 22);

	(void)state;
	put(set, "allow /usr/bin/ssh child-of /usr/bin/git to any");
	assert_int_equal(decide(set, &q), 0);
	q.parents = parents;
	q.n_parents = 2;
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	put(set, "deny /bin/bash and children to 192.0.2.1");
	assert_int_equal(decide(set, &q), SNITCH_DENY);
	q.n_parents = 0;
	assert_int_equal(decide(set, &q), 0);
	ruleset_free(set);
}

static void test_lockdown_and_time(void **state)
{
	struct ruleset *set = ruleset_new();
	struct rule_image image = { 7, 8, 9 };
	struct flow_query q = query(CURL, "192.0.2.1", 443);
	struct rule_error err;
	struct rule *rule = parse("allow " CURL " to any until quit");

	(void)state;
	rule_begin(rule, env.boottime, &image);
	assert_int_equal(ruleset_insert(set, rule, RULE_S_SYSTEM, 0, true, &err), 0);
	assert_int_equal(decide(set, &q), 0);
	q.image = image;
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	env.mode = SNITCH_MODE_LOCKDOWN;
	assert_int_equal(decide(set, &q), 0);
	put(set, "allow " CURL " to any lockdown");
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	env.mode = SNITCH_MODE_ASK;
	rule = parse("deny " CURL " to 192.0.2.1 for 1h");
	rule_begin(rule, env.boottime, NULL);
	assert_int_equal(ruleset_insert(set, rule, RULE_S_SYSTEM, 0, true, &err), 0);
	assert_int_equal(decide(set, &q), SNITCH_DENY);
	assert_int_equal(ruleset_next_change(set, env.now, env.boottime),
			 1000 + 3600 * 1000000000ULL);
	env.boottime += 3600 * 1000000000ULL;
	assert_int_equal(decide(set, &q), SNITCH_ALLOW);
	assert_int_equal(ruleset_next_change(set, env.now, env.boottime), 0);
	env.boottime = 1000;
	/* a file in /etc cannot keep it */
	assert_int_equal(ruleset_insert(set, parse("deny any to any for 1h"), RULE_S_ADMIN, 0,
					false, &err), -EINVAL);
	ruleset_free(set);
}

/* The gaps and the ranges cover every address, and none twice. */
static void test_complement(void **state)
{
	struct rule *rule = parse("allow any to not 0.0.0.0/8,10.1.2.3,10.1.2.4,255.0.0.0/8,"
				  "10.0.0.0/8,::/1");
	struct ranges r;

	(void)state;
	rule_ranges(rule, &env, &r);
	assert_false(r.names);
	assert_int_equal(r.n, 3);
	assert_memory_equal(r.range[0].first, "\x01\0\0\0", 4);
	assert_memory_equal(r.range[0].last, "\x09\xff\xff\xff", 4);
	assert_memory_equal(r.range[1].first, "\x0b\0\0\0", 4);
	assert_memory_equal(r.range[1].last, "\xfe\xff\xff\xff", 4);
	assert_int_equal(r.range[2].family, AF_INET6);
	assert_int_equal(r.range[2].first[0], 0x80);
	ranges_free(&r);
	rule_free(rule);
	rule = parse("allow any to not any");
	rule_ranges(rule, &env, &r);
	assert_int_equal(r.n, 0);
	assert_false(r.names);
	ranges_free(&r);
	rule_free(rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_denial),
		cmocka_unit_test(test_user_below_admin),
		cmocka_unit_test(test_no_allow),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ancestors),
		cmocka_unit_test(test_lockdown_and_time),
		cmocka_unit_test(test_complement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
