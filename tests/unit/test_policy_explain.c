// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Explanations: what decides, who, and why the others do not. They must say what the judge does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decide.h"
#include "policy/explain.h"
#include "rulegen.h"

#define CURL	"/usr/bin/curl"
#define FLOW	CURL " to 192.0.2.7 port 443"

static struct policy_env env;

static void put(struct ruleset *set, const char *text, enum rule_scope scope, uint32_t uid)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;

	if (rule_parse(text, NULL, 0, &rule, &err) || !rule)
		fail_msg("'%s': found '%s', expected %s", text, err.found, err.expected);
	assert_int_equal(ruleset_insert(set, rule, scope, uid, false, &err), 0);
}

/* The explanation of @flow; the set is the caller's. */
static void explain(const struct ruleset *set, const char *flow, struct explanation *e)
{
	struct flow_description d = { .rule = NULL };
	struct rule_error err;
	char text[1024];

	if (describe_flow(flow, 1000, &d, &err))
		fail_msg("'%s': %s", flow, rule_error_print(&err, text, sizeof(text)));
	assert_int_equal(policy_explain(set, &env, &d.query, NULL, NULL, e), 0);
	description_free(&d);
}

/* Of two rules, what is said of the one that does not decide. */
static const struct {
	const char *winner;	/* NULL: none */
	const char *other, *flow, *why;
} clauses[] = {
	{ "deny any to imap.example", "allow " CURL " to *.example",
	  CURL " to imap.example,192.0.2.7", "matches, but a host is more specific than a domain" },
	{ "deny any to 192.0.2.7", "allow " CURL " to any", FLOW,
	  "matches, but an address is more specific than any" },
	{ "deny any to 192.0.2.7", "allow " CURL " to 192.0.2.0/24", FLOW,
	  "matches, but a smaller range is more specific" },
	{ "deny any to 192.0.2.7", "allow " CURL " to 192.0.2.7,192.0.2.8", FLOW,
	  "matches, but a shorter list of remotes is more specific (1, not 2)" },
	{ "deny any to *.b.example", "allow any to *.example", CURL " to a.b.example,192.0.2.7",
	  "matches, but a longer domain is more specific" },
	{ "allow any to any priority high", "deny " CURL " to 192.0.2.7", FLOW,
	  "matches, but priority high comes first" },
	{ "deny " CURL " to any", "allow /usr/bin/* to any", FLOW,
	  "matches, but a path is more specific than a pattern" },
	{ "deny " CURL " child-of /bin/sh to any", "allow " CURL " to any",
	  CURL " child-of /bin/sh to 192.0.2.7",
	  "matches, but a rule with 'child-of' comes before one without" },
	{ "deny " CURL " to any", "allow /bin/sh and children to any",
	  CURL " child-of /bin/sh to 192.0.2.7",
	  "matches, but a rule without 'and children' comes before one with it" },
	{ "allow " CURL " to any port 443", "deny " CURL " to any port 443,80", FLOW,
	  "matches, but fewer ports are more specific" },
	{ "allow " CURL " to any tcp", "deny " CURL " to any", FLOW,
	  "matches, but one protocol is more specific than any" },
	{ "allow " CURL " user 1000 to any", "deny " CURL " to any", FLOW,
	  "matches, but a user comes before a group, a group before anyone" },
	{ "allow " CURL " to any via-interface eth0", "deny " CURL " to any",
	  FLOW " via-interface eth0", "matches, but one interface is more specific than any" },
	{ "deny " CURL " to 192.0.2.7", "allow " CURL " to 192.0.2.7", FLOW,
	  "matches, but of rules alike deny comes before allow" },
	{ "deny " CURL " to 192.0.2.7", "drop " CURL " to 192.0.2.7", FLOW,
	  "matches, but of equal rules the one with the smaller id comes first" },
	{ "deny " CURL " to any", "allow any to 192.0.2.7", FLOW,
	  "matches, but the program is denied as a whole" },
	{ NULL, "allow " CURL " to any port 80", FLOW, "port 443 is not 80" },
	{ NULL, "allow " CURL " to any port 80,8000-8080", CURL " to 192.0.2.7 icmp",
	  "the flow has no port, and this is for 80,8000-8080" },
	{ NULL, "allow " CURL " to any port 80 udp", FLOW, "" /* two conditions: not near */ },
	{ NULL, "allow " CURL " to any port 80", CURL " to 192.0.2.7",
	  "the flow has no port, and this is for 80" },
	{ NULL, "allow " CURL " to any udp", FLOW, "the protocol is tcp, not udp" },
	{ NULL, "allow " CURL " user 0 to any", FLOW, "only for user 0" },
	{ NULL, "allow " CURL " to any", FLOW " user 0", NULL },
	{ NULL, "allow " CURL " group 7 to any", FLOW, "only for group 7" },
	{ NULL, "allow " CURL " to any disabled", FLOW, "disabled" },
	{ NULL, "allow " CURL " to any until 2020-01-01", FLOW, "ended" },
	{ NULL, "allow " CURL " to any profile x", FLOW, "only in profile x" },
	{ NULL, "allow " CURL " to example.com", FLOW,
	  "needs DNS names: none is known for this address" },
	{ NULL, "allow any to not example.com", FLOW,
	  "needs DNS names: none is known for this address" },
	{ NULL, "allow " CURL " to example.com", CURL " to b.example,192.0.2.7",
	  "192.0.2.7 (b.example) is not example.com" },
	{ NULL, "allow " CURL " to 10.0.0.0/8,192.0.2.9", FLOW,
	  "192.0.2.7 is not in 10.0.0.0/8,192.0.2.9" },
	{ NULL, "allow " CURL " to not 192.0.2.0/24", FLOW, "192.0.2.7 is in 192.0.2.0/24" },
	{ NULL, "allow " CURL " to not 10.0.0.0/8", CURL " to example.com",
	  "needs the address, which is not known" },
	{ NULL, "allow any to 192.0.2.9", FLOW, "" },
	{ NULL, "allow " CURL " to any via-interface eth0", FLOW, "only via-interface eth0" },
	{ NULL, "allow " CURL " child-of /usr/bin/git to any", FLOW,
	  "only as a child of /usr/bin/git" },
	{ NULL, "allow /usr/local/bin/curl to any", FLOW,
	  "the program is another one, /usr/local/bin/curl" },
	{ NULL, "allow /usr/bin/wget to any", FLOW, "" },
	{ NULL, "allow " CURL " to any", CURL " to any packet",
	  "says nothing of the frames of packet sockets" },
};

static void test_clauses(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < GEN_N(clauses); i++) {
		struct ruleset *set = ruleset_new();
		struct explanation e;
		const char *why;

		if (clauses[i].winner)
			put(set, clauses[i].winner, RULE_S_SYSTEM, 0);
		put(set, clauses[i].other, RULE_S_SYSTEM, 0);
		explain(set, clauses[i].flow, &e);
		why = e.n_misses ? e.misses[0].why : "";
		if (!clauses[i].why)	/* it decides itself */
			assert_non_null(e.decision.rule);
		else if (strcmp(why, clauses[i].why) && (!clauses[i].winner ||
			 !strstr(clauses[i].why, "smaller id")))
			fail_msg("'%s' for '%s': %s", clauses[i].other, clauses[i].flow, why);
		if (clauses[i].winner)
			assert_true(e.decision.rule && e.n_misses == 1 && e.misses[0].matches);
		else if (clauses[i].why)
			assert_true(!e.decision.rule && !e.more &&
				    e.n_misses == !!clauses[i].why[0]);
		ruleset_free(set);
	}
}

static void test_users(void **state)
{
	struct ruleset *set = ruleset_new();
	struct explanation e;

	(void)state;
	put(set, "allow " CURL " to 192.0.2.7", RULE_S_USER, 1000);
	put(set, "allow " CURL " to 192.0.2.0/28", RULE_S_ADMIN, 0);
	put(set, "deny any to 192.0.2.0/24", RULE_S_ADMIN, 0);
	explain(set, FLOW, &e);
	assert_int_equal(e.decision.action, SNITCH_DENY);
	assert_int_equal(e.n_misses, 2);
	assert_string_equal(e.misses[0].why, "matches, but no user's rule beats the "
			    "administrator's refusal");
	assert_string_equal(e.misses[1].why, "matches, but a stronger rule comes before it, which "
			    "a refusal then overrules");
	assert_true(e.daemon);
	explain(set, FLOW " user 1001", &e);
	assert_int_equal(e.decision.action, SNITCH_ALLOW);
	assert_false(e.daemon);
	ruleset_free(set);
}

static void test_who_decides(void **state)
{
	struct ruleset *set = ruleset_new();
	struct explanation e;

	(void)state;
	explain(set, FLOW, &e);
	assert_true(!e.decision.rule && e.daemon);
	put(set, "allow " CURL " to 192.0.2.0/24", RULE_S_SYSTEM, 0);
	explain(set, FLOW, &e);
	assert_false(e.daemon);
	/* a stronger rule for the daemon bars the way, though it does not match */
	put(set, "deny " CURL " to 192.0.2.7 until 2040-01-01 via-interface eth0", RULE_S_SYSTEM,
	    0);
	explain(set, FLOW, &e);
	assert_int_equal(e.decision.action, SNITCH_ALLOW);
	assert_true(e.daemon);
	ruleset_free(set);
}

/* More than can be told are counted. */
static void test_many(void **state)
{
	struct ruleset *set = ruleset_new();
	struct explanation e;
	char text[128];
	unsigned int i;

	(void)state;
	for (i = 1; i <= 3 * EXPLAIN_MISSES; i++) {
		snprintf(text, sizeof(text), "allow " CURL " to any port %u", i);
		put(set, text, RULE_S_SYSTEM, 0);
	}
	put(set, "deny any to any", RULE_S_SYSTEM, 0);
	put(set, "allow any to any", RULE_S_SYSTEM, 0);
	explain(set, FLOW, &e);
	assert_int_equal(e.n_misses, EXPLAIN_MISSES);
	assert_int_equal(e.more, 2 * EXPLAIN_MISSES + 1);
	assert_true(e.misses[0].matches);
	assert_false(e.misses[1].matches);
	ruleset_free(set);
}

static void test_bad_descriptions(void **state)
{
	static const char *const bad[] = {
		"", "curl to 192.0.2.7", "any to 192.0.2.7", CURL, CURL " to 192.0.2.0/24",
		CURL " to 192.0.2.1,192.0.2.2", CURL " to any", CURL " to not 192.0.2.7",
		CURL " to 192.0.2.7 port 1-2", CURL " to 192.0.2.7 for 1h", FLOW " priority high",
		CURL " and children to 192.0.2.7", "/bin/* to 192.0.2.7", "kernel any to 192.0.2.7",
		FLOW " user no-such-user-here", CURL " child-of unit x to 192.0.2.7",
	};
	size_t i;

	(void)state;
	for (i = 0; i < GEN_N(bad); i++) {
		struct flow_description d = { .rule = NULL };
		struct rule_error err;

		if (describe_flow(bad[i], 0, &d, &err) != -22)
			fail_msg("'%s' was taken", bad[i]);
		assert_true(err.expected[0]);
		description_free(&d);
	}
}

/* The explanation says what the judge does, and leaves out no rule that matches. */
static void check_flow(const struct ruleset *set, const struct flow_query *q)
{
	struct policy_decision d;
	struct explanation e;
	size_t i, matching = 0, told = 0;

	policy_decide(set, &env, q, &d);
	assert_int_equal(policy_explain(set, &env, q, NULL, NULL, &e), 0);
	assert_ptr_equal(e.decision.rule, d.rule);
	assert_int_equal(e.decision.action, d.action);
	for (i = 0; i < set->n_rules; i++) {
		bool matches = policy_matches(set->rules[i], &env, q);

		assert_int_equal(matches, !policy_unmet(set->rules[i], &env, q));
		matching += matches && set->rules[i] != d.rule;
	}
	for (i = 0; i < e.n_misses; i++) {
		assert_true(e.misses[i].why[0]);
		assert_ptr_not_equal(e.misses[i].rule, d.rule);
		told += e.misses[i].matches;
	}
	assert_int_equal(told, matching < EXPLAIN_MISSES ? matching : EXPLAIN_MISSES);
}

/* What is written of a flow is read as that flow. */
static void check_sentence(const struct ruleset *set, const struct flow_query *q)
{
	struct flow_description d = { .rule = NULL };
	struct policy_decision a, b;
	struct flow_query plain = *q;
	struct rule_error err;
	char text[1024];

	/* what has no words: groups, processes, disguises, loopback that is none */
	plain.n_gids = 0;
	plain.no_allow = false;
	memset(&plain.image, 0, sizeof(plain.image));
	plain.loopback = plain.family == AF_PACKET ? plain.loopback :
			 plain.family == AF_INET && plain.addr[0] == 127;
	if (plain.loopback && plain.family != AF_PACKET)
		plain.interface = "lo";
	if (plain.kernel) {
		plain.uid = 0;
		plain.n_parents = 0;
	}
	if ((plain.family == AF_INET) != (plain.proto != IPPROTO_ICMPV6) && plain.family == AF_INET)
		return;
	if (plain.family == AF_INET6 && plain.proto == IPPROTO_ICMP)
		return;
	flow_sentence(&plain, text, sizeof(text));
	if (describe_flow(text, 0, &d, &err))
		fail_msg("'%s': found '%s', expected %s", text, err.found, err.expected);
	policy_decide(set, &env, &plain, &a);
	policy_decide(set, &env, &d.query, &b);
	if (a.rule != b.rule)
		fail_msg("'%s' is another flow", text);
	description_free(&d);
}

static void test_random(void **state)
{
	unsigned int left = gen_rounds(1500), k;

	(void)state;
	gen_seed("explain");
	while (left--) {
		struct ruleset *set = ruleset_new();

		gen_set(set, 1 + gen_pick(30), false);
		env.mode = gen_once_in(5) ? SNITCH_MODE_LOCKDOWN : SNITCH_MODE_ASK;
		env.profile = gen_profile();
		for (k = 0; k < 10; k++) {
			struct gen_flow f;

			gen_flow(&f);
			check_flow(set, &f.q);
			check_sentence(set, &f.q);
		}
		ruleset_free(set);
	}
	env.mode = SNITCH_MODE_ASK;
}

/* What a program runs as: said, read back as it was printed, and judged by. */
static void test_apps(void **state)
{
	static const struct {
		const char *flow, *rule;
		uint32_t action;
	} cases[] = {
		{ CURL " as unit backup to 192.0.2.7", "allow unit backup to any", SNITCH_ALLOW },
		{ CURL " as unit backup.service to 192.0.2.7", "allow unit backup to any", SNITCH_ALLOW },
		{ CURL " as unit other to 192.0.2.7", "allow unit backup to any", 0 },
		{ "unit backup to 192.0.2.7", "allow unit backup to any", SNITCH_ALLOW },
		{ "unit backup to 192.0.2.7", "allow " CURL " to any", 0 },
		{ CURL " child-of /bin/sh as flatpak org.a.B to 192.0.2.7",
		  "deny flatpak org.a.B child-of /bin/sh to any", SNITCH_DENY },
		{ CURL " as snap a.b to 192.0.2.7", "allow snap a to any", SNITCH_ALLOW },
		{ CURL " as snap a to 192.0.2.7", "allow snap a.b to any", 0 },
		{ CURL " as script \"/opt/x y\" as unit u to 192.0.2.7",
		  "allow script \"/opt/x y\" to any", SNITCH_ALLOW },
		{ "container debian:12:" CURL " to 192.0.2.7", "allow container debian:12:" CURL " to any",
		  SNITCH_ALLOW },
		/* the machine's own program is another one */
		{ "container debian:12:" CURL " to 192.0.2.7", "allow " CURL " to any", 0 },
		{ CURL " as container debian:12:" CURL " to 192.0.2.7", "deny " CURL " to any",
		  SNITCH_DENY },
	};
	static const char *const wrong[] = {
		CURL " as to 192.0.2.7", CURL " as any to 192.0.2.7", CURL " as /bin/sh to 192.0.2.7",
		CURL " as unit a as unit b to 192.0.2.7", CURL " as unit a child-of /bin/sh to 192.0.2.7",
		CURL " as container debian:12:/bin/sh to 192.0.2.7", "kernel nfs as unit a to 192.0.2.7",
		CURL " as unit a as snap b as flatpak c as script /d as container e:" CURL
		" as unit f to 192.0.2.7", "unit a as unit b to 192.0.2.7", CURL " as",
	};
	struct flow_description d;
	struct policy_decision pd;
	struct rule_error err;
	char text[1024], again[1024];
	size_t i;

	(void)state;
	for (i = 0; i < GEN_N(cases); i++) {
		struct ruleset *set = ruleset_new();

		put(set, cases[i].rule, RULE_S_ADMIN, 0);
		memset(&d, 0, sizeof(d));
		if (describe_flow(cases[i].flow, 1000, &d, &err))
			fail_msg("'%s': %s", cases[i].flow, rule_error_print(&err, text, sizeof(text)));
		policy_decide(set, &env, &d.query, &pd);
		if (pd.action != cases[i].action)
			fail_msg("'%s' under '%s': %u", cases[i].flow, cases[i].rule, pd.action);
		flow_sentence(&d.query, text, sizeof(text));
		description_free(&d);
		ruleset_free(set);
		if (strncmp(text, "an unknown", 10) == 0)
			continue;
		if (describe_flow(text, 1000, &d, &err))
			fail_msg("'%s': %s", text, rule_error_print(&err, again, sizeof(again)));
		assert_string_equal(flow_sentence(&d.query, again, sizeof(again)), text);
		description_free(&d);
	}
	for (i = 0; i < GEN_N(wrong); i++) {
		memset(&d, 0, sizeof(d));
		if (!describe_flow(wrong[i], 1000, &d, &err))
			fail_msg("'%s' is a flow", wrong[i]);
		assert_true(err.expected[0]);
		description_free(&d);
	}
}

/* Anybody on the bus may send a megabyte of it: refused, wherever it stands. */
static void test_long_descriptions(void **state)
{
	static const char *const begins[] = {
		"/", "\"/", CURL " as ", CURL " as script /", CURL " as unit \"", CURL " as unit u to ",
		"container ",
	};
	const size_t size = 1 << 20;
	char *text = malloc(size);
	struct flow_description d;
	struct rule_error err;
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < GEN_N(begins); i++) {
		memset(text, 'x', size - 1);
		text[size - 1] = '\0';
		memcpy(text, begins[i], strlen(begins[i]));
		memset(&d, 0, sizeof(d));
		assert_int_equal(describe_flow(text, 1000, &d, &err), -22);
		assert_string_equal(err.expected, "a line of at most 4095 bytes");
		description_free(&d);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clauses),
		cmocka_unit_test(test_apps),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_who_decides),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bad_descriptions),
		cmocka_unit_test(test_long_descriptions),
		cmocka_unit_test(test_random),
	};

	env = gen_env;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
