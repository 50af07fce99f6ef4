// SPDX-License-Identifier: GPL-2.0-or-later
/* The language of rules: what is read is written back, what is wrong is told, nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "policy/policy.h"
#include "policy/program.h"
#include "util/cleanup.h"

static struct rule *parse(const char *line)
{
	struct rule *rule = NULL;
	struct rule_error err;

	if (rule_parse(line, NULL, 0, &rule, &err)) {
		char text[1024];

		fail_msg("'%s': %s", line, rule_error_print(&err, text, sizeof(text)));
	}
	return rule;
}

static struct rule *parse_some(const char *line)
{
	struct rule *rule = parse(line);

	assert_non_null(rule);
	return rule;
}

static void check_print(const char *line, const char *expected)
{
	struct rule *rule = parse_some(line), *again;
	char text[RULE_TEXT_MAX];

	assert_int_equal(rule_print(rule, text, sizeof(text)), strlen(expected));
	assert_string_equal(text, expected);
	again = parse_some(text);
	assert_true(rule_equal(rule, again));
	assert_int_equal(rule->id, again->id);
	rule_free(again);
	rule_free(rule);
}

/* Lines that are printed as they are. */
static void test_same(void **state)
{
	static const char *const lines[] = {
		"allow any to any",
		"deny /usr/bin/thunderbird to homepage.mac.com",
		"allow /usr/bin/curl to *.debian.org port 80,443 tcp  # updates",
		"allow /usr/bin/ssh child-of /usr/bin/git to local-net port 22",
		"deny any to list:trackers priority high",
		"ask /usr/bin/python3 user alice to not local-net",
		"allow /usr/bin/make and children to 10.0.0.0/8,192.0.2.1-192.0.2.9,fd00::/8",
		"drop any group 27 to 2001:db8::1 port 1-1024,5353 udp",
		"allow kernel wireguard to any",
		"allow kernel any to any",
		"deny any to any 200",
		"allow \"/opt/a b,c\" to loopback,multicast,broadcast,bonjour,dns-servers",
		"allow /usr/lib/*/curl to any",
		"allow container debian:12:/usr/bin/curl to any",
		"allow unit \"a b.service\" to any",
		"allow flatpak org.gnome.Maps to any",
		"allow snap firefox to any",
		"allow script /usr/bin/x.py to any",
		"allow /bin/x to any in via-interface wg0 for 1h profile \"at home\" nolog",
		"allow /bin/x to any disabled",
		"allow /bin/x to any until quit lockdown",
		"allow /bin/x to any until reboot",
		"allow /bin/x to any until 2031-12-01T18:00:05Z",
		"[id=0123456789abcdef] allow any to any",
		"[id=0123456789abcdef until=5 pid=1 start=2 exec=3 by=alice n=a/b] "
		"allow /bin/x to \"any\" for 90s",
		"deny /usr/sbin/dhclient to any port 2048,2054 packet via-interface eth0",
		"allow any to loopback packet",
		"allow /a child-of /b child-of /c* and children to ::/0",
	};
	struct rule_error err;
	struct rule *rule;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[RULE_TEXT_MAX];

		if (rule_parse(lines[i], NULL, 0, &rule, &err))
			fail_msg("'%s': %s", lines[i], rule_error_print(&err, text, sizeof(text)));
		/* a span is written in its own way: compared after a second reading */
		if (rule->lifetime != RULE_L_FOR)
			check_print(lines[i], lines[i]);
		assert_true(rule_print(rule, text, sizeof(text)) > 0);
		check_print(text, text);
		rule_free(rule);
	}
}

/* Lines that mean the same as another one. */
static void test_canonical(void **state)
{
	(void)state;
	check_print("  allow\tany  to any port any", "allow any to any");
	check_print("allow any to any\n", "allow any to any");
	check_print("allow any to Example.COM.", "allow any to example.com");
	check_print("allow any to ::ffff:192.0.2.1", "allow any to 192.0.2.1");
	check_print("allow any to ::ffff:10.0.0.0/104", "allow any to 10.0.0.0/8");
	check_print("allow any to 10.1.2.3/8", "allow any to 10.0.0.0/8");
	check_print("allow any to any 6", "allow any to any tcp");
	check_print("allow any to any tcp port 80", "allow any to any port 80 tcp");
	check_print("deny any to any priority regular #  a  ", "deny any to any  # a");
	check_print("allow \"/opt/\\xc3\\xa4\\x0a\" to any", "allow \"/opt/ä\\x0a\" to any");
	check_print("allow /opt/a\\*b to any", "allow /opt/a\\*b to any");
	check_print("allow script /opt/a\\*b to any", "allow script /opt/a\\*b to any");
	check_print("allow container a\\:/opt/\\[ to any", "allow container a\\:/opt/\\[ to any");
	check_print("allow /bin/x to any port 80 user root",
		    "allow /bin/x user root to any port 80");
	check_print("allow /bin/x to any until 2031-12-01Z",
		    "allow /bin/x to any until 2031-12-01T00:00:00Z");
}

static void test_nothing(void **state)
{
	(void)state;
	assert_null(parse(""));
	assert_null(parse(" \t "));
	assert_null(parse("  # allow any to any"));
}

static void test_fields(void **state)
{
	struct rule *rule = parse_some("allow /bin/a\\*b user 1000 to not 10.0.0.0/9,fe80::1 "
				       "port 5-7 udp for 1h lockdown # hi");

	(void)state;
	assert_int_equal(rule->action, SNITCH_ALLOW);
	assert_int_equal(rule->program.kind, RULE_P_PATH);
	assert_string_equal(rule->program.name, "/bin/a*b");
	assert_true(rule->who == RULE_W_USER && rule->who_known && rule->who_id == 1000);
	assert_true(rule->negated && rule->n_items == 2);
	assert_int_equal(rule->items[0].last[1], 127);
	assert_int_equal(rule->items[1].family, AF_INET6);
	assert_true(rule->n_ports == 1 && rule_ports(rule)[0].first == 5 && rule_ports(rule)[0].last == 7);
	assert_int_equal(rule->proto, 17);
	assert_int_equal(rule->flags, RULE_F_LOCKDOWN);
	assert_true(rule->lifetime == RULE_L_FOR && rule->seconds == 3600);
	assert_string_equal(rule->note, "hi");
	assert_false(rule_needs_daemon(rule));
	assert_string_equal(rule_why_inactive(rule, 0, 0), "not begun");
	rule_begin(rule, 1000000000, NULL);
	assert_null(rule_why_inactive(rule, 0, 2000000000));
	assert_string_equal(rule_why_inactive(rule, 0, 3601000000000), "expired");
	rule_free(rule);
	rule = parse_some("deny /bin/x to any");
	assert_true(rule_is_whole(rule));
	rule_free(rule);
	rule = parse_some("deny any to any");
	assert_false(rule_is_whole(rule));
	rule_free(rule);
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *text;
	} bad[] = {
		{ "permit any to any", "f:7:1: found 'permit', expected allow, deny, drop or ask; "
		  "begin the rule with its action" },
		{ "allow curl to any", "f:7:7: found 'curl', expected a program: any, an absolute "
		  "path, unit, flatpak, snap, container, script or kernel; write the program's "
		  "full path" },
		{ "allow /usr/../bin/x to any",
		  "f:7:7: found '/usr/../bin/x', expected an absolute "
		  "path without //, /./, /../ or a final /; write the path as 'readlink -f' shows "
		  "it" },
		{ "allow any", "f:7:10: found 'the end of the line', expected 'to' and a remote; "
		  "write ACTION PROGRAM [user NAME] to REMOTE; names with blanks or commas "
		  "stand in double quotes" },
		{ "allow any to 10.0.0.0/33", "f:7:14: found '10.0.0.0/33', expected ADDRESS/LEN, "
		  "like 10.0.0.0/8 or fd00::/8; see snitch-rules(5)" },
		{ "allow any to any port 0",
		  "f:7:23: found '0', expected 'any', or ports from 1 to "
		  "65535 like 443 or 8000-8080; put commas between them" },
		{ "allow any to any port 80 icmp", "f:7:26: found 'icmp', expected a protocol with "
		  "ports: tcp, udp, sctp, dccp, udplite or packet; leave out 'port' or the protocol" },
		{ "allow any to any for 1h until quit", "f:7:25: found 'until', expected one "
		  "lifetime at most; leave out one of them" },
		{ "allow any to any until 2031-02-30", "f:7:24: found '2031-02-30', expected quit, "
		  "reboot or a date after 'until'; write a date as 2026-12-31 or "
		  "2026-12-31T18:00" },
		{ "allow \"/opt/a to any",
		  "f:7:7: found '/opt/a to any', expected a closing double "
		  "quote; add \" where the name ends" },
		{ "ask kernel tcp to any", "f:7:16: found 'to', expected allow, deny or drop with "
		  "'kernel'; the kernel's own traffic is never asked about" },
		{ "allow /bin/x to 10.0.0.1 packet",
		  "f:7:26: found 'packet', expected to any or to "
		  "loopback: frames are not judged by address; write 'to any', perhaps with "
		  "'via-interface'" },
		{ "[id=1] allow any to any", "f:7:2: found 'id=1', expected key=value, as in "
		  "[id=0123456789abcdef]; correct it, or leave out the brackets" },
	};
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rule_error err;
		struct rule *rule;

		assert_int_equal(rule_parse(bad[i].line, "f", 7, &rule, &err), -EINVAL);
		assert_null(rule);
		assert_string_equal(rule_error_print(&err, text, sizeof(text)), bad[i].text);
	}
}

static void test_refused(void **state)
{
	static const char *const lines[] = {
		"allow any\nto any", "allow any to any\n\n", "allow any to any \x1b[1m",
		"[id=0123456789abcdef allow any",
		"[] allow any to any", "[id=0000000000000000] allow any to any", "allow",
		"[by=x] allow any to any", "allow any to", "allow any to not", "allow any to ,any",
		"allow any to any,", "allow any to any port", "allow any to any port 1-70000",
		"allow any to any port 9-8", "allow any to any port any,80", "allow any to any 256",
		"allow any to any tcp udp", "allow any to any in in", "allow any to any for 0",
		"allow any to any until tomorrow", "allow any to any priority low",
		"allow any to 10.0.0.9-10.0.0.1", "allow any to 10.0.0.1-::1", "allow any to 1.2.3",
		"allow any to a..b", "allow any to list:", "allow any to *.",
		"allow any to ex_am!ple",
		"allow any to any via-interface 0123456789abcdef", "allow unit to",
		"allow kernel x to any", "allow kernel tcp child-of /x to any",
		"allow kernel tcp user 0 to any", "allow /x child-of any to any", "allow / to any",
		"allow /x and to any", "allow any user to any", "allow \"any\" to any",
		"\"allow\" any to any", "allow any to any # \xff", "allow /a/ to any",
		"allow \"/a\\x00\" to any", "allow \"/a\\q\" to any",
		"allow any to any profile \"\"",
		"allow any to not loopback packet", "allow any to any,loopback packet",
		"drop kernel any to any packet", "allow any to any packet tcp",
		"allow script /x* to any", "allow container a:/x* to any",
		"allow /x user 0 to any user 0", "allow kernel tcp to any user 0",
		"allow any to any via-interface ..", "allow any to any via-interface",
		"[id=0123456789abcdef pid=1 pid=2] allow any to any",
		"[id=0123456789abcdef id=0123456789abcdef] allow any to any",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct rule_error err;
		struct rule *rule;

		if (!rule_parse(lines[i], NULL, 0, &rule, &err))
			fail_msg("'%s' was read", lines[i]);
		assert_true(err.expected[0]);
		assert_true(err.column > 0);
	}
}

/* Too long, too many. */
static void test_bounds(void **state)
{
	char line[2 * RULE_LINE_MAX] = "allow any to any # ";
	struct rule_error err;
	struct rule *rule;
	size_t i;

	(void)state;
	memset(line + strlen(line), 'x', RULE_LINE_MAX);
	assert_int_equal(rule_parse(line, NULL, 0, &rule, &err), -EINVAL);
	assert_string_equal(err.expected, "a line of at most 4095 bytes");
	/* one blank more stands before a note when it is written */
	line[RULE_LINE_MAX - 2] = '\0';
	rule_free(parse_some(line));
	strcpy(line, "allow \"/");
	memset(line + strlen(line), 0xff, 1100);
	strcpy(line + 1108, "\" to any");
	assert_int_equal(rule_parse(line, NULL, 0, &rule, &err), -EINVAL);
	assert_string_equal(err.expected, "a rule of at most 4095 bytes as snitch writes it");
	strcpy(line, "allow any to any port 1");
	for (i = 1; i < RULE_ITEMS_MAX; i++)
		strcat(line, ",1");
	rule_free(parse_some(line));
	strcat(line, ",1");
	assert_int_equal(rule_parse(line, NULL, 0, &rule, &err), -EINVAL);
	strcpy(line, "allow /a");
	for (i = 0; i < RULE_CHILD_MAX; i++)
		strcat(line, " child-of /b");
	strcat(line, " child-of /b to any");
	assert_int_equal(rule_parse(line, NULL, 0, &rule, &err), -EINVAL);
}

static void test_for_flow(void **state)
{
	static const uint8_t addr[16] = { 192, 0, 2, 7 };
	char text[RULE_TEXT_MAX];
	struct rule *rule;

	(void)state;
	assert_int_equal(rule_for_flow(SNITCH_DENY, "/opt/a *\n\"", 1000, AF_INET, addr,
				       443, 6, &rule), 0);
	assert_true(rule_print_plain(rule, text, sizeof(text)) > 0);
	assert_string_equal(text,
			    "deny \"/opt/a \\\\*\\x0a\\\"\" user 1000 to 192.0.2.7 port 443 tcp");
	rule_free(rule);
	assert_int_equal(rule_for_flow(SNITCH_ALLOW, NULL, -1, 0, NULL, 0, -1, &rule), 0);
	assert_true(rule_print_plain(rule, text, sizeof(text)) > 0);
	assert_string_equal(text, "allow any to any");
	rule_free(rule);
	assert_int_equal(rule_for_flow(SNITCH_ALLOW, "memfd:x", -1, 0, NULL, 0, -1, &rule),
			 -EINVAL);
	assert_null(rule);
}

/* A name is a name, also where it reads like a word of the language, or there is no rule. */
static void test_for_name(void **state)
{
	static const struct {
		const char *name, *host, *domain;	/* the place as printed; NULL: refused */
	} all[] = {
		{ "www.example.org", "www.example.org", "*.www.example.org" },
		{ "any", "\"any\"", "*.any" },
		{ "loopback", "\"loopback\"", "*.loopback" },
		{ "port", "port", "*.port" },
		{ "tcp", "tcp", "*.tcp" },
		{ "for", "for", "*.for" },
		{ "192.0.2.7", NULL, NULL },
		{ "a b", NULL, NULL },
		{ "*.example.org", NULL, NULL },
		{ "", NULL, NULL },
	};
	char text[RULE_TEXT_MAX], want[128];
	struct rule *rule;
	unsigned int i;
	bool domain;

	(void)state;
	for (i = 0; i < 2 * SNITCH_ARRAY_SIZE(all); i++) {
		const char *name = all[i / 2].name, *place;

		domain = i % 2;
		place = domain ? all[i / 2].domain : all[i / 2].host;
		if (rule_for_name(SNITCH_ALLOW, "/opt/a", -1, name, domain, -1, &rule)) {
			if (place)
				fail_msg("%s: refused", name);
			assert_null(rule);
			continue;
		}
		assert_true(rule_print_plain(rule, text, sizeof(text)) > 0);
		if (!place)
			fail_msg("'%s': %s", name, text);
		snprintf(want, sizeof(want), "allow /opt/a to %s", place);
		assert_string_equal(text, want);
		assert_int_equal(rule->items[0].kind, domain ? RULE_I_DOMAIN : RULE_I_HOST);
		rule_free(rule);
		strcat(text, " port 443 tcp");
		rule = parse(text);
		assert_int_equal(rule->items[0].kind, domain ? RULE_I_DOMAIN : RULE_I_HOST);
		assert_string_equal(rule->items[0].name, name);
		assert_int_equal(rule->n_ports, 1);
		rule_free(rule);
	}
}

static void test_ids(void **state)
{
	struct rule *a = parse_some("allow any to any # one");
	struct rule *b = parse_some("allow  any to any # two");
	struct rule *c = parse_some("deny any to any");
	char text[17];
	uint64_t id;

	(void)state;
	assert_int_equal(a->id, b->id);
	assert_int_not_equal(a->id, c->id);
	assert_false(rule_equal(a, c));
	assert_int_equal(rule_id_parse(rule_id_print(a->id, text, sizeof(text)), &id), 0);
	assert_int_equal(id, a->id);
	assert_int_equal(rule_id_parse("0123", &id), -EINVAL);
	assert_int_equal(rule_id_parse("0123456789abcdeg", &id), -EINVAL);
	rule_free(a);
	rule_free(b);
	rule_free(c);
}

static void test_lifetime(void **state)
{
	struct rule *rule = parse_some("allow any to any");

	(void)state;
	assert_int_equal(rule_set_lifetime(rule, "for 2d"), 0);
	assert_true(rule->lifetime == RULE_L_FOR && rule->seconds == 2 * 86400);
	assert_int_equal(rule_set_lifetime(rule, "until quit"), 0);
	assert_int_equal(rule->lifetime, RULE_L_QUIT);
	assert_int_equal(rule_set_lifetime(rule, "until 2031-01-01T00:00Z"), 0);
	assert_int_equal(rule->seconds, 1924992000);
	assert_int_equal(rule_set_lifetime(rule, "forever"), 0);
	assert_int_equal(rule->lifetime, RULE_L_FOREVER);
	assert_int_equal(rule_set_lifetime(rule, "for ever"), -EINVAL);
	assert_int_equal(rule_set_lifetime(rule, ""), -EINVAL);
	rule_free(rule);
}

static void test_programs(void **state)
{
	const char *parents[] = { "/bin/sh", "/usr/bin/make", "/sbin/init" };
	struct flow_query q = { .exe = "/usr/bin/cc", .parents = parents, .n_parents = 3 };
	static const struct {
		const char *line;
		bool yes;
	} cases[] = {
		{ "allow any to any", true },
		{ "allow /usr/bin/cc to any", true },
		{ "allow /usr/bin/c? to any", true },
		{ "allow /usr/* to any", false },
		{ "allow /usr/bin/make to any", false },
		{ "allow /usr/bin/make and children to any", true },
		{ "allow /usr/bin/cc child-of /usr/bin/make to any", true },
		{ "allow /usr/bin/cc child-of /bin/sh child-of /sbin/init to any", true },
		{ "allow /usr/bin/cc child-of /sbin/init child-of /bin/sh to any", false },
		{ "allow kernel any to any", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rule *rule = parse_some(cases[i].line);

		if (program_matches(&rule->program, &q) != cases[i].yes)
			fail_msg("%s", cases[i].line);
		rule_free(rule);
	}
}

/* Random lines of tokens and bytes: read or refused, and what is read is written back. */
static void test_hostile(void **state)
{
	static const char *const tokens[] = {
		"allow", "deny", "ask", "any", "/bin/x", "/b*", "to", "not", ",", "10.0.0.1",
		"::1/64",
		"port", "80", "1-9", "tcp", "in", "for", "1h", "until", "quit", "\"",
		"\"a b\"", "# n",
		"[", "]", "id=0123456789abcdef", "kernel", "nd", "user", "0", "child-of", "and",
		"children", "\\", "\x80", "*.a.b", "list:x", "priority", "high", "profile",
		"-", "/",
	};
	char line[512], text[RULE_TEXT_MAX];
	unsigned int seed = 1, i, k, n_read = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		struct rule *rule, *again;
		struct rule_error err;

		strcpy(line, rand_r(&seed) % 4 ? "allow any to any " : "");
		for (k = rand_r(&seed) % 12; k; k--) {
			strcat(line, tokens[rand_r(&seed) % (sizeof(tokens) / sizeof(tokens[0]))]);
			strcat(line, rand_r(&seed) % 8 ? " " : "");
		}
		if (rule_parse(line, "f", 1, &rule, &err)) {
			rule_error_print(&err, text, rand_r(&seed) % sizeof(text));
			continue;
		}
		if (!rule)
			continue;
		n_read++;
		if (rule_print(rule, text, sizeof(text)) < 0 ||
		    rule_parse(text, NULL, 0, &again, &err) || !again || !rule_equal(rule, again))
			fail_msg("'%s' became '%s'", line, text);
		rule_free(again);
		rule_free(rule);
	}
	assert_true(n_read > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_for_flow),
		cmocka_unit_test(test_for_name),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_hostile),
	};

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
