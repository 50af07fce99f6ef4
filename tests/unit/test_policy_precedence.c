// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Precedence, as a table: each step of the order, and what people mean by their rules. It must
 * never read this machine's rules, users or networks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/order.h"
#include "policy/policy.h"
#include "rulegen.h"

static struct rule *parse(const char *text)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule = NULL;
	char why[1024];

	if (rule_parse(text, NULL, 0, &rule, &err) || !rule)
		fail_msg("'%s': %s", text, rule_error_print(&err, why, sizeof(why)));
	return rule;
}

/* ---- the order, step by step ----------------------------------------------------------- */

/* "!": a built-in rule. Each is stronger than the next, by the step that stands with the latter. */
static const struct {
	enum order_step step;
	const char *text;
} ladder[] = {
	{ ORDER_SAME, "allow any to any priority high" },
	/* remotes: their classes, then how many, then how much */
	{ ORDER_TIER, "allow any to 192.0.2.1" },
	{ ORDER_SIZE, "allow any to 192.0.2.0-192.0.2.1" },
	{ ORDER_SIZE, "allow any to 192.0.2.0/24" },
	{ ORDER_SIZE, "allow any to 192.0.0.0/16" },
	{ ORDER_SIZE, "allow any to 0.0.0.0/0" },
	{ ORDER_SIZE, "allow any to 2001:db8::/32" },
	{ ORDER_COUNT, "allow any to 192.0.2.1,192.0.2.2" },
	{ ORDER_COUNT, "allow any to 192.0.2.1,192.0.2.2,192.0.2.3" },
	{ ORDER_REMOTE, "allow any to example.com" },
	{ ORDER_COUNT, "allow any to example.com,192.0.2.1" },
	{ ORDER_REMOTE, "allow any to *.www.example.com" },
	{ ORDER_SIZE, "allow any to *.example.com" },
	{ ORDER_SIZE, "allow any to *.com" },
	{ ORDER_COUNT, "allow any to *.www.example.com,192.0.2.1" },
	{ ORDER_REMOTE, "allow any to list:x" },
	{ ORDER_COUNT, "allow any to list:x,192.0.2.1" },
	{ ORDER_REMOTE, "allow any to dns-servers" },
	{ ORDER_REMOTE, "allow any to broadcast" },
	{ ORDER_REMOTE, "allow any to multicast" },
	{ ORDER_REMOTE, "allow any to bonjour" },
	{ ORDER_REMOTE, "allow any to loopback" },
	{ ORDER_REMOTE, "allow any to local-net" },
	{ ORDER_REMOTE, "allow any to not 192.0.2.1" },
	/* programs */
	{ ORDER_REMOTE, "allow /bin/x child-of /bin/y to any" },
	{ ORDER_PROGRAM, "allow /bin/x to any port 80 tcp" },
	/* ports, protocol, user, interface */
	{ ORDER_PORTS, "allow /bin/x to any port 80,81 tcp" },
	{ ORDER_PORTS, "allow /bin/x to any port 80-90 tcp" },
	{ ORDER_PORTS, "allow /bin/x to any port 1-65535 tcp" },
	{ ORDER_PORTS, "allow /bin/x user 0 to any tcp via-interface eth0" },
	{ ORDER_INTERFACE, "allow /bin/x user 0 to any tcp" },
	{ ORDER_WHO, "allow /bin/x group 0 to any tcp" },
	{ ORDER_WHO, "allow /bin/x to any tcp" },
	{ ORDER_PROTO, "allow /bin/x user 0 to any via-interface eth0" },
	{ ORDER_INTERFACE, "allow /bin/x user 0 to any" },
	{ ORDER_WHO, "allow /bin/x to any via-interface eth0" },
	/* actions */
	{ ORDER_INTERFACE, "deny /bin/x to any" },
	{ ORDER_ACTION, "ask /bin/x to any" },
	{ ORDER_ACTION, "allow /bin/x to any" },
	{ ORDER_PROGRAM, "allow /bin/x child-of /bin/y and children to any" },
	{ ORDER_PROGRAM, "deny /bin/x and children to any" },
	{ ORDER_PROGRAM, "allow /bin/* to any" },
	{ ORDER_PROGRAM, "allow /bin/* and children to any" },
	{ ORDER_PROGRAM, "deny unit x.service to any" },
	{ ORDER_PROGRAM, "allow any child-of /bin/y to any" },
	{ ORDER_PROGRAM, "deny any to any" },
	{ ORDER_ACTION, "ask any to any" },
	{ ORDER_ACTION, "allow any to any" },
	{ ORDER_TIER, "!deny /bin/x user 0 to 192.0.2.1 port 80 tcp" },
	{ ORDER_REMOTE, "!allow any to any" },
};

static struct rule *rung(size_t i)
{
	const char *text = ladder[i].text;
	struct rule *rule = parse(text + (*text == '!'));

	rule->scope = *text == '!' ? RULE_S_BUILTIN : RULE_S_SYSTEM;
	/* what is not looked at but last must not help */
	rule->id = GEN_N(ladder) - i;
	return rule;
}

static void test_ladder(void **state)
{
	struct rule *rules[GEN_N(ladder)];
	size_t i, k;

	(void)state;
	for (i = 0; i < GEN_N(ladder); i++)
		rules[i] = rung(i);
	for (i = 1; i < GEN_N(ladder); i++) {
		if (rule_order_step(rules[i - 1], rules[i]) != ladder[i].step)
			fail_msg("'%s' and '%s' differ in step %u", ladder[i - 1].text,
				 ladder[i].text, rule_order_step(rules[i - 1], rules[i]));
	}
	/* not only neighbours */
	for (i = 0; i < GEN_N(ladder); i++) {
		for (k = i + 1; k < GEN_N(ladder); k++) {
			if (rule_compare(rules[i], rules[k]) >= 0 ||
			    rule_compare(rules[k], rules[i]) <= 0)
				fail_msg("'%s' is not stronger than '%s'", ladder[i].text,
					 ladder[k].text);
		}
	}
	for (i = 0; i < GEN_N(ladder); i++)
		rule_free(rules[i]);
}

/* Equal ones: whose they are, then the id. What is no condition does not count at all. */
static void test_equal(void **state)
{
	static const char *const same[] = {
		"deny /bin/x to 192.0.2.1", "drop /bin/y to 192.0.2.9", "deny /bin/z to fe80::1",
		"deny /bin/x to 192.0.2.1 for 1h", "deny /bin/x to 192.0.2.1 until 2040-01-01",
		"deny /bin/x to 192.0.2.1 disabled", "deny /bin/x to 192.0.2.1 nolog # note",
		"deny /bin/x to 192.0.2.1 lockdown", "deny script /bin/x to 192.0.2.1",
		"deny kernel nfs to 192.0.2.1", "deny /bin/x to 192.0.2.1 priority regular",
	};
	static const enum rule_scope scopes[] = { RULE_S_ADMIN, RULE_S_SYSTEM, RULE_S_USER };
	struct rule *a = parse(same[0]), *b;
	size_t i;

	(void)state;
	for (i = 0; i < GEN_N(same); i++) {
		b = parse(same[i]);
		a->scope = b->scope;
		if (rule_order_key(a) != rule_order_key(b))
			fail_msg("'%s' and '%s' differ", same[0], same[i]);
		for (a->scope = 0; a->scope < GEN_N(scopes); a->scope++) {
			b->scope = a->scope;
			a->id = 1;
			b->id = 2;
			assert_int_equal(rule_compare(a, b), -1);
			assert_int_equal(rule_order_step(a, b), ORDER_ID);
			b->id = 1;
			assert_int_equal(rule_compare(a, b), 0);
			assert_int_equal(rule_order_step(a, b), ORDER_SAME);
			b->id = 0;
			b->scope++;
			if (b->scope == RULE_S_BUILTIN)
				continue;
			assert_int_equal(rule_compare(a, b), -1);
			assert_int_equal(rule_order_step(a, b), ORDER_SCOPE);
		}
		rule_free(b);
	}
	rule_free(a);
}

/* ---- what people mean -------------------------------------------------------------------- */

#define FOX	"/usr/bin/firefox"
#define SSH	"/usr/bin/ssh"

enum { NOTHING = 0 };

/* Rules, one a line: "admin:", "user:" (1000) and "builtin:" in front say whose, else system. */
static const struct {
	const char *rules;
	const char *exe, *parent, *addr, *name;
	uint16_t port;
	uint32_t uid, action;
} meant[] = {
	/* all of a program is denied, but one host */
	{ "deny " FOX " to any\nallow " FOX " to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL, 443,
	  1000, SNITCH_ALLOW },
	{ "deny " FOX " to any\nallow " FOX " to 192.0.2.7", FOX, NULL, "192.0.2.8", NULL, 443,
	  1000, SNITCH_DENY },
	{ "deny " FOX " to any\nallow " FOX " to imap.example", FOX, NULL, "192.0.2.7",
	  "imap.example", 443, 1000, SNITCH_ALLOW },
	/* a general allow does not open a denied program, however specific */
	{ "deny " FOX " to any\nallow any to 192.0.2.7 port 443 tcp", FOX, NULL, "192.0.2.7", NULL,
	  443, 1000, SNITCH_DENY },
	{ "deny " FOX " to any\nallow any child-of /bin/sh to any", FOX, "/bin/sh", "192.0.2.7",
	  NULL, 443, 1000, SNITCH_DENY },
	{ "deny " FOX " to any\nallow any to 192.0.2.7 port 443 tcp", SSH, NULL, "192.0.2.7", NULL,
	  443, 1000, SNITCH_ALLOW },
	{ "drop " FOX " to any\nbuiltin:allow any to dns-servers port 53", FOX, NULL, "9.9.9.9",
	  NULL, 53, 1000, SNITCH_DROP },
	/* but in a stronger tier it does; and one that names it by a pattern */
	{ "deny " FOX " to any\nallow any to 192.0.2.7 priority high", FOX, NULL, "192.0.2.7", NULL,
	  443, 1000, SNITCH_ALLOW },
	{ "deny " FOX " to any\nallow /usr/bin/* to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL, 443,
	  1000, SNITCH_ALLOW },
	/* not whole: only a port, a protocol, a host */
	{ "deny " FOX " to any tcp\nallow any to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL, 443,
	  1000,
	  SNITCH_ALLOW },
	/* denied as a whole for one user only */
	{ "deny " FOX " user 1000 to any\nallow any to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL,
	  443,
	  1000, SNITCH_DENY },
	{ "deny " FOX " user 1000 to any\nallow any to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL,
	  443,
	  1001, SNITCH_ALLOW },
	/* a list of trackers over an allowed browser, without and with priority */
	{ "allow " FOX " to any\ndeny any to *.tracker.example", FOX, NULL, "192.0.2.7",
	  "a.tracker.example", 443, 1000, SNITCH_DENY },
	{ "allow " FOX " to any\ndeny any to *.tracker.example", FOX, NULL, "192.0.2.7",
	  "example.com", 443, 1000, SNITCH_ALLOW },
	{ "allow " FOX " to 192.0.2.7\ndeny any to *.tracker.example priority high", FOX, NULL,
	  "192.0.2.7", "tracker.example", 443, 1000, SNITCH_DENY },
	{ "allow " FOX " to 192.0.2.7\ndeny any to *.tracker.example", FOX, NULL, "192.0.2.7",
	  "tracker.example", 443, 1000, SNITCH_ALLOW },
	/* the administrator's refusal over a user's allow, however specific or high */
	{ "admin:deny any to 192.0.2.0/24\nuser:allow " FOX " to 192.0.2.7 port 443 tcp", FOX, NULL,
	  "192.0.2.7", NULL, 443, 1000, SNITCH_DENY },
	{ "admin:drop any to any\nuser:allow " FOX " to 192.0.2.7 priority high", FOX, NULL,
	  "192.0.2.7", NULL, 443, 1000, SNITCH_DROP },
	{ "admin:deny any to 192.0.2.0/24\nuser:allow " FOX " to any", FOX, NULL, "198.51.100.1",
	  NULL, 443, 1000, SNITCH_ALLOW },
	/* but over an administrator's allow or ask a user may be stricter or surer */
	{ "admin:allow " FOX " to any\nuser:deny " FOX " to 192.0.2.7", FOX, NULL, "192.0.2.7",
	  NULL,
	  443, 1000, SNITCH_DENY },
	{ "admin:ask " FOX " to any\nuser:allow " FOX " to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL,
	  443, 1000, SNITCH_ALLOW },
	{ "admin:allow " FOX " to any\nuser:deny " FOX " to any", FOX, NULL, "192.0.2.7", NULL, 443,
	  1001, SNITCH_ALLOW },
	/* child-of: the rule with it is the stronger one; it says nothing of others */
	{ "deny " SSH " to any\nallow " SSH " child-of /usr/bin/git to any", SSH, "/usr/bin/git",
	  "192.0.2.7", NULL, 22, 1000, SNITCH_ALLOW },
	{ "deny " SSH " to any\nallow " SSH " child-of /usr/bin/git to any", SSH, "/bin/sh",
	  "192.0.2.7", NULL, 22, 1000, SNITCH_DENY },
	{ "allow /usr/bin/git to any", SSH, "/usr/bin/git", "192.0.2.7", NULL, 22, 1000, NOTHING },
	{ "allow /usr/bin/git and children to any\ndeny " SSH " to any", SSH, "/usr/bin/git",
	  "192.0.2.7", NULL, 22, 1000, SNITCH_DENY },
	/* not: all but some; a rule about one of these, or about any, is beside it */
	{ "deny " FOX " to not local-net\nallow " FOX " to any", FOX, NULL, "10.1.2.3", NULL, 80,
	  1000, SNITCH_ALLOW },
	{ "deny " FOX " to not local-net\nallow " FOX " to any", FOX, NULL, "192.0.2.7", NULL, 80,
	  1000, SNITCH_DENY },
	{ "deny " FOX " to not local-net\nallow any to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL, 80,
	  1000, SNITCH_ALLOW },
	{ "allow " FOX " to not evil.example\ndeny any to any", FOX, NULL, "192.0.2.7", NULL, 80,
	  1000, SNITCH_DENY },
	/* high: before all else, and among themselves as ever */
	{ "allow any to any priority high\ndeny " FOX " to 192.0.2.7 port 443 tcp", FOX, NULL,
	  "192.0.2.7", NULL, 443, 1000, SNITCH_ALLOW },
	{ "allow any to any priority high\ndeny " FOX " to any priority high", FOX, NULL,
	  "192.0.2.7", NULL, 443, 1000, SNITCH_DENY },
	/* a built-in gives way to all */
	{ "builtin:allow any to dns-servers port 53\ndeny any to any", FOX, NULL, "9.9.9.9", NULL,
	  53, 1000, SNITCH_DENY },
	/* equal rules: deny, ask, allow */
	{ "allow " FOX " to any\nask " FOX " to any\ndeny " FOX " to any", FOX, NULL, "192.0.2.7",
	  NULL, 443, 1000, SNITCH_DENY },
	{ "allow " FOX " to 192.0.2.7\nask " FOX " to 192.0.2.7", FOX, NULL, "192.0.2.7", NULL, 443,
	  1000, SNITCH_ASK },
	/* the remote is compared before the program */
	{ "allow " FOX " to any\ndeny any to 192.0.2.0/24", FOX, NULL, "192.0.2.7", NULL, 443, 1000,
	  SNITCH_DENY },
};

/* The rules of @text; from the last line to the first with @backwards. */
static void put_rules(struct ruleset *set, const char *text, bool backwards)
{
	const char *end = strchr(text, '\n');
	enum rule_scope scope = RULE_S_SYSTEM;
	char line[256];
	struct rule_error err;
	int r;

	if (end && backwards)
		put_rules(set, end + 1, true);
	snprintf(line, sizeof(line), "%.*s", (int)(end ? end - text : 255), text);
	if (!strncmp(line, "admin:", 6))
		scope = RULE_S_ADMIN;
	else if (!strncmp(line, "user:", 5))
		scope = RULE_S_USER;
	else if (!strncmp(line, "builtin:", 8))
		scope = RULE_S_BUILTIN;
	r = ruleset_insert(set, parse(scope == RULE_S_SYSTEM ? line : strchr(line, ':') + 1), scope,
			   scope == RULE_S_USER ? 1000 : 0, false, &err);
	assert_int_equal(r, 0);
	if (end && !backwards)
		put_rules(set, end + 1, false);
}

static void test_meant(void **state)
{
	struct policy_decision d;
	size_t i;
	int way;

	(void)state;
	for (i = 0; i < GEN_N(meant); i++) {
		struct flow_query q = {
			.exe = meant[i].exe, .uid = meant[i].uid, .port = meant[i].port,
			.proto = IPPROTO_TCP, .family = AF_INET,
			.parents = &meant[i].parent, .n_parents = meant[i].parent != NULL,
			.names = &meant[i].name, .n_names = meant[i].name != NULL,
		};

		assert_int_equal(inet_pton(AF_INET, meant[i].addr, q.addr), 1);
		/* wherever they stand */
		for (way = 0; way < 2; way++) {
			struct ruleset *set = ruleset_new();

			put_rules(set, meant[i].rules, way);
			policy_decide(set, &gen_env, &q, &d);
			if (d.action != meant[i].action)
				fail_msg("%s to %s: action %u, not %u, by\n%s", q.exe,
					 meant[i].addr, d.action, meant[i].action, meant[i].rules);
			ruleset_free(set);
		}
	}
}

/* ---- a total order ------------------------------------------------------------------------ */

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Of few ids; now and then one that says what @like says. */
static struct rule *some_rule(const struct rule *like)
{
	struct rule *rule = NULL;
	char text[RULE_TEXT_MAX];

	if (like && gen_once_in(4)) {
		rule_print(like, text, sizeof(text));
		rule = parse(text);
	}
	while (!rule)
		rule = gen_rule(false);
	rule->scope = gen_pick(RULE_S_BUILTIN + 1);
	rule->id = gen_pick(3) + 1;
	return rule;
}

static void test_total(void **state)
{
	unsigned int i, left = gen_rounds(200000), equal = 0;

	(void)state;
	gen_seed("total order");
	while (left--) {
		struct rule *r[3];

		r[0] = some_rule(NULL);
		r[1] = some_rule(r[0]);
		r[2] = some_rule(r[1]);
		for (i = 0; i < 3; i++) {
			struct rule *a = r[i], *b = r[(i + 1) % 3], *c = r[(i + 2) % 3];
			int ab = sign(rule_compare(a, b)), ac = sign(rule_compare(a, c));

			assert_int_equal(rule_compare(a, a), 0);
			assert_int_equal(ab, -sign(rule_compare(b, a)));
			if (ab < 0 && rule_compare(b, c) < 0)
				assert_int_equal(ac, -1);
			/* only the very same is equal: nothing is left to where it stands */
			assert_int_equal(ab == 0, rule_order_step(a, b) == ORDER_SAME);
			if (!ab) {
				assert_true(a->id == b->id && a->scope == b->scope);
				assert_int_equal(ac, sign(rule_compare(b, c)));
				equal++;
			}
		}
		for (i = 0; i < 3; i++)
			rule_free(r[i]);
	}
	assert_true(equal > 0);
}

/* Two sets of the same rules, put in in another order, have them in the same order. */
static void test_place(void **state)
{
	unsigned int left = gen_rounds(2000);

	(void)state;
	gen_seed("place");
	while (left--) {
		struct ruleset *a = ruleset_new(), *b = ruleset_new();
		char text[RULE_TEXT_MAX];
		struct rule_error err;
		size_t i;

		gen_set(a, 1 + gen_pick(12), false);
		for (i = a->n_rules; i--;) {
			const struct rule *from = a->rules[i];
			struct rule *copy;

			assert_true(rule_print(from, text, sizeof(text)) > 0);
			copy = parse(text);
			copy->id = from->id;
			copy->id_written = true;
			assert_int_equal(ruleset_insert(b, copy, from->scope, from->scope_uid,
							from->runtime, &err), 0);
		}
		assert_int_equal(a->n_rules, b->n_rules);
		for (i = 0; i < a->n_rules; i++) {
			assert_true(a->rules[i]->id == b->rules[i]->id);
			assert_int_equal(a->rules[i]->rank, i);
		}
		ruleset_free(a);
		ruleset_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ladder),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_meant),
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
