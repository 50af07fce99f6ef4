// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The compiled table against the judge of user space: where the kernel's matcher is final, both
 * say the same. It must never depend on the machine it runs on.
 */
#include <arpa/inet.h>
#include <errno.h>
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
#include "policy/policy.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

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

/* ---- random rules and flows --------------------------------------------------------- */

static uint32_t seed = 1;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static const char *const programs[] = {
	"any", "any", "/bin/a", "/bin/a", "/bin/b", "/bin/[ab]", "/bin/a child-of /bin/b",
	"/bin/b and children", "kernel nfs", "kernel tcp", "any child-of /bin/a",
};
static const char *const exes[] = { "/bin/a", "/bin/b", "/bin/c" };
static const char *const whos[] = { "", "", "", "user 1000", "user 1001", "group 50" };
static const char *const remotes[] = {
	"any", "any", "any", "192.0.2.1", "192.0.2.0/30", "192.0.2.2-192.0.2.9", "local-net",
	"loopback", "dns-servers", "multicast", "not 192.0.2.0/30,203.0.113.0/24", "example.com",
	"192.0.2.1,fe80::1", "not loopback", "not example.com", "fe80::/10", "bonjour",
};
static const char *const addrs[] = {
	"192.0.2.1", "192.0.2.3", "192.0.2.4", "203.0.113.7", "9.9.9.9", "224.0.0.251",
	"fe80::1", "2001:db8::1", "10.0.0.1",
};
static const char *const services[] = {
	"", "", "", "port 80", "port 53,80-90 tcp", "tcp", "udp", "icmp", "packet",
	"port 2048 packet", "packet via-interface eth0", "packet via-interface eth1",
};
static const char *const options[] = { "", "", "", "", "priority high", "lockdown" };
static const char *const actions[] = { "allow", "allow", "deny", "drop", "ask" };

static void random_rule(struct ruleset *set)
{
	static const enum rule_scope scopes[] = {
		RULE_S_ADMIN, RULE_S_SYSTEM, RULE_S_USER, RULE_S_BUILTIN,
	};
	enum rule_scope scope = scopes[pick(N(scopes))];
	struct rule_error err;
	struct rule *rule;
	char text[512];

	snprintf(text, sizeof(text), "%s %s %s to %s %s %s", actions[pick(N(actions))],
		 programs[pick(N(programs))], whos[pick(N(whos))], remotes[pick(N(remotes))],
		 services[pick(N(services))], options[pick(N(options))]);
	if (rule_parse(text, NULL, 0, &rule, &err))
		return;	/* ports of icmp, and the like */
	if (rule->who == RULE_W_USER || rule->who == RULE_W_GROUP)
		rule->who_known = true;
	ruleset_insert(set, rule, scope, scope == RULE_S_USER ? 1000 + pick(2) : 0, false, &err);
}

/* One of a packet socket, through lo, eth0, or a device of another namespace. */
static void random_frame(struct flow_query *q)
{
	unsigned int n = pick(3);

	q->family = AF_PACKET;
	q->proto = 0;
	q->port = pick(2) ? 2048 : 80;
	q->loopback = n == 0;
	q->interface = n < 2 ? links[n].name : NULL;
	policy_frame_addr(n < 2 ? links[n].index : 2, n < 2 ? env.netns : 1, q->addr);
}

static void random_flow(struct flow_query *q)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
	};
	static const uint16_t ports[] = { 53, 80, 85, 443 };
	static const char *parents[2];
	static const uint32_t gids[] = { 50 };
	const char *addr = addrs[pick(N(addrs))];

	memset(q, 0, sizeof(*q));
	q->exe = exes[pick(N(exes))];
	q->uid = 1000 + pick(2);
	q->no_allow = !pick(8);
	q->kernel = pick(8) ? 0 : pick(2) ? SNITCH_K_NFS : SNITCH_K_TCP;
	if (q->kernel)
		q->exe = NULL;
	q->gids = gids;
	q->n_gids = pick(2);
	q->parents = parents;
	parents[0] = exes[pick(N(exes))];
	q->n_parents = pick(2);
	q->proto = protos[pick(N(protos))];
	q->port = q->proto == IPPROTO_TCP || q->proto == IPPROTO_UDP ? ports[pick(N(ports))] : 0;
	q->loopback = !pick(4);
	q->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	inet_pton(q->family, addr, q->addr);
	if (!q->kernel && !pick(4))
		random_frame(q);
}

static unsigned int alike;	/* kernel flows judged by their kind alone */

/* What holds for all traffic of a kind holds for this flow. */
static void compare_kind(const struct snitch_table *t, const struct snitch_query *kq,
			 const struct snitch_decision *kd)
{
	struct snitch_decision by_kind;

	/* The kernel has no executable that could be disguised. */
	if (kq->app != SNITCH_APP_KERNEL || kq->no_allow || !snitch_table_kind(t, kq->kernel, &by_kind))
		return;
	assert_false(kd->consult);
	assert_int_equal(by_kind.action, kd->action);
	assert_int_equal(by_kind.rule, kd->rule);
	assert_int_equal(by_kind.index, kd->index);
	alike++;
}

/* Return: true when the kernel's answer was final. */
static bool compare(const struct ruleset *set, const struct policy_compiled *c,
		    const struct snitch_table *t, const struct flow_query *q)
{
	struct snitch_query kq = {
		.app = q->kernel ? SNITCH_APP_KERNEL : policy_app(c, q->exe),
		.bound = true,
		.no_allow = q->no_allow,
		.kernel = q->kernel,
		.family = q->family,
		.proto = q->proto,
		.loopback = q->loopback,
		.port = q->port,
		.uid = q->uid,
	};
	struct snitch_decision kd;
	struct policy_decision d;
	char text[RULE_LINE_MAX] = "nothing";

	memcpy(kq.addr, q->addr, sizeof(kq.addr));
	snitch_table_lookup(t, &kq, &kd);
	compare_kind(t, &kq, &kd);
	if (kd.consult)
		return false;
	policy_decide(set, &env, q, &d);
	if (kd.action != d.action || (d.rule && kd.rule != d.rule->id)) {
		if (d.rule)
			rule_print(d.rule, text, sizeof(text));
		fail_msg("kernel: action %u of rule %llx; here: '%s' (%s)", kd.action,
			 (unsigned long long)kd.rule, text, d.reason);
	}
	return true;
}

static void test_equivalence(void **state)
{
	unsigned int round, i, final = 0, all = 0;

	(void)state;
	for (round = 0; round < 1500; round++) {
		struct ruleset *set = ruleset_new();
		struct policy_compiled c;
		struct snitch_table *t;
		struct flow_query q;
		int err;

		env.mode = pick(5) ? SNITCH_MODE_ASK : SNITCH_MODE_LOCKDOWN;
		for (i = pick(14); i--;)
			random_rule(set);
		compile(set, &c);
		t = snitch_table_build(c.rules, c.n_rules, c.n_apps, &err);
		if (!t)
			fail_msg("the kernel refuses the table: %d", err);
		for (i = 0; i < 60; i++, all++) {
			random_flow(&q);
			final += compare(set, &c, t, &q);
		}
		snitch_table_free(t);
		policy_compiled_free(&c);
		ruleset_free(set);
	}
	env.mode = SNITCH_MODE_ASK;
	/* not by consulting about everything */
	assert_true(final > all / 4);
	assert_true(final < all);
	assert_true(alike > 0 && alike < all / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_equivalence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
