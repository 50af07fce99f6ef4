// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proposals: grouped, never wider than program and registrable domain, none for interpreters. It
 * must never need the store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/snitch.h>

#include "history/propose.h"
#include "policy/policy.h"

#define OWN	1000

static struct history_flow flow(const char *program, const char *to, const char *name,
				uint16_t port)
{
	struct history_flow f = {
		.program = program, .script = "", .parents = "", .app = "", .name = name, .uid = OWN,
		.belongs = OWN, .family = strchr(to, ':') ? AF_INET6 : AF_INET,
		.proto = IPPROTO_TCP, .port = port, .action = SNITCH_ALLOW,
		.origin = SNITCH_BY_MODE, .first = 100, .last = 200, .count = 1,
	};

	assert_int_equal(inet_pton(f.family, to, f.address), 1);
	return f;
}

static void add(struct proposals *all, const char *program, const char *to, const char *name,
		uint16_t port)
{
	struct history_flow f = flow(program, to, name, port);

	assert_int_equal(proposals_add(all, &f), 0);
}

/* What is proposed, without what is not. */
static size_t finish(struct proposals *all)
{
	size_t n;

	assert_int_equal(proposals_finish(all, OWN), 0);
	for (n = 0; n < all->n && all->list[n]->rule; n++)
		assert_null(all->list[n]->why_not);
	return n;
}

static void test_one_host(void **state)
{
	struct proposals all = { 0 };

	(void)state;
	add(&all, "/usr/bin/curl", "192.0.2.1", "www.example.co.uk", 443);
	add(&all, "/usr/bin/curl", "192.0.2.2", "www.example.co.uk", 443);
	add(&all, "/usr/bin/curl", "192.0.2.2", "www.example.co.uk", 80);
	assert_int_equal(finish(&all), 1);
	assert_string_equal(all.list[0]->rule,
			    "allow /usr/bin/curl to www.example.co.uk port 80,443 tcp");
	assert_int_equal(all.list[0]->allowed, 3);
	proposals_free(&all);
}

/* Hosts of one owner become its domain; those of another owner, user or protocol do not join. */
static void test_domain(void **state)
{
	struct proposals all = { 0 };
	struct history_flow f;

	(void)state;
	add(&all, "/usr/bin/curl", "192.0.2.1", "a.example.co.uk", 443);
	add(&all, "/usr/bin/curl", "192.0.2.2", "b.c.example.co.uk", 443);
	add(&all, "/usr/bin/curl", "192.0.2.3", "other.co.uk", 443);
	add(&all, "/usr/bin/wget", "192.0.2.1", "a.example.co.uk", 443);
	f = flow("/usr/bin/curl", "192.0.2.1", "a.example.co.uk", 443);
	f.uid = 1001;
	proposals_add(&all, &f);
	f.uid = OWN;
	f.proto = IPPROTO_UDP;
	proposals_add(&all, &f);
	assert_int_equal(finish(&all), 5);
	assert_string_equal(all.list[0]->rule,
			    "allow /usr/bin/curl to *.example.co.uk port 443 tcp");
	assert_string_equal(all.list[1]->rule,
			    "allow /usr/bin/curl to a.example.co.uk port 443 udp");
	assert_string_equal(all.list[2]->rule, "allow /usr/bin/curl to other.co.uk port 443 tcp");
	assert_non_null(strstr(all.list[3]->rule, "allow /usr/bin/curl user "));
	assert_non_null(strstr(all.list[4]->rule, "/usr/bin/wget"));
	proposals_free(&all);
}

/* Hosts below a public suffix have different owners: they are never joined. */
static void test_public_suffix(void **state)
{
	struct proposals all = { 0 };
	size_t i, n;

	(void)state;
	add(&all, "/usr/bin/curl", "192.0.2.1", "alice.github.io", 443);
	add(&all, "/usr/bin/curl", "192.0.2.1", "bob.github.io", 443);
	add(&all, "/usr/bin/curl", "192.0.2.1", "co.uk", 443);
	add(&all, "/usr/bin/curl", "192.0.2.1", "localhost", 443);
	n = finish(&all);
	assert_int_equal(n, 4);
	for (i = 0; i < n; i++)
		assert_null(strchr(all.list[i]->rule, '*'));
	proposals_free(&all);
}

/* Addresses: those that were seen, each with the ports that were seen there. */
static void test_addresses(void **state)
{
	struct proposals all = { 0 };
	char address[32];
	int i;

	(void)state;
	add(&all, "/usr/bin/ssh", "192.0.2.9", "", 22);
	add(&all, "/usr/bin/ssh", "192.0.2.1", "", 22);
	add(&all, "/usr/bin/ssh", "2001:db8::1", "", 22);
	add(&all, "/usr/bin/ssh", "192.0.2.1", "", 2222);
	assert_int_equal(finish(&all), 2);
	assert_string_equal(all.list[0]->rule,
			    "allow /usr/bin/ssh to 192.0.2.1,192.0.2.9,2001:db8::1 port 22 tcp");
	assert_string_equal(all.list[1]->rule, "allow /usr/bin/ssh to 192.0.2.1 port 2222 tcp");
	proposals_free(&all);
	for (i = 0; i < PROPOSAL_ADDRESSES + 3; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		add(&all, "/usr/bin/ssh", address, "", 22);
	}
	assert_int_equal(finish(&all), 2);
	proposals_free(&all);
}

static void test_not_proposed(void **state)
{
	static const char *const programs[] = {
		"/usr/bin/python3.11", "/usr/bin/perl", "/bin/bash", "/usr/bin/node",
		"/usr/bin/ruby3.1", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "/bin/sh",
		"/usr/bin/php8.2", "/opt/x/bin/python3.12-dbg", "/usr/bin/pwsh-7",
		"/usr/bin/busybox", "/usr/bin/qemu-x86_64-static", "/lib64/ld-linux-x86-64.so.2",
		"/usr/lib/systemd/systemd-resolved", "/usr/bin/tclsh8.6", "?", "curl",
	};
	struct proposals all = { 0 };
	struct history_flow f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		add(&all, programs[i], "192.0.2.1", "www.example.org", 443);
		add(&all, programs[i], "192.0.2.2", "", 80);
	}
	f = flow("/opt/runner", "192.0.2.1", "", 80);
	f.script = "/home/x/job";
	proposals_add(&all, &f);
	f = flow("/opt/odd", "192.0.2.1", "", 80);
	f.flags = HISTORY_F_ODD;
	proposals_add(&all, &f);
	f = flow("/usr/bin/curl", "192.0.2.1", "", 80);
	f.app = "image debian:12\ncontainer";
	proposals_add(&all, &f);
	f = flow("kernel nfs", "192.0.2.1", "", 80);
	f.flags = HISTORY_F_KERNEL;
	proposals_add(&all, &f);
	assert_int_equal(finish(&all), 0);
	assert_int_equal(all.n, sizeof(programs) / sizeof(programs[0]) + 4);
	for (i = 0; i < all.n; i++)
		assert_non_null(all.list[i]->why_not);
	proposals_free(&all);
	/* names that only begin or end like one */
	add(&all, "/usr/bin/shutter", "192.0.2.1", "", 443);
	add(&all, "/usr/bin/thunderbird", "192.0.2.1", "", 443);
	add(&all, "/home/perl/fetcher", "192.0.2.1", "", 443);
	assert_int_equal(finish(&all), 3);
	proposals_free(&all);
}

/* What a rule or a person decided, came from outside or was a frame is no proposal. */
static void test_only_undecided(void **state)
{
	struct proposals all = { 0 };
	struct history_flow f = flow("/usr/bin/curl", "192.0.2.1", "", 443);

	(void)state;
	f.origin = SNITCH_BY_RULE;
	f.rule = 7;
	proposals_add(&all, &f);
	f.origin = SNITCH_BY_PERSON;
	proposals_add(&all, &f);
	f = flow("/usr/bin/curl", "192.0.2.1", "", 443);
	f.inbound = true;
	proposals_add(&all, &f);
	f.inbound = false;
	f.family = AF_PACKET;
	proposals_add(&all, &f);
	assert_int_equal(all.n, 0);
	f = flow("/usr/bin/curl", "192.0.2.1", "", 443);
	f.action = SNITCH_DENY;
	f.count = 5;
	proposals_add(&all, &f);
	assert_int_equal(finish(&all), 1);
	assert_int_equal(all.list[0]->refused, 5);
	assert_int_equal(all.list[0]->allowed, 0);
	proposals_free(&all);
}

/* Hostile paths and names: a rule that reads back as it was meant, or none. */
static void test_hostile(void **state)
{
	static const char *const programs[] = {
		"/opt/a b", "/opt/a\"b", "/opt/a\\b", "/opt/a\nallow any to any", "/opt/a*",
		"/opt/\xff\xfe", "/opt/#x", "/opt/\x1b[2J", "/",
	};
	static const char *const names[] = {
		"a b.example.org", "any", "*.example.org", "list:x", "-x.example.org", "..", ".",
		"10.0.0.0/8", "www.example.org port 1-65535", "local-net", "\xff.example.org",
	};
	struct proposals all = { 0 };
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		add(&all, programs[i], "192.0.2.1", "", 443);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add(&all, "/usr/bin/curl", "192.0.2.1", names[i], 443);
	n = finish(&all);
	for (i = 0; i < n; i++) {
		const struct proposal *p = all.list[i];
		struct rule_error err;
		struct rule *rule = NULL;

		assert_null(strchr(p->rule, '\n'));
		assert_int_equal(rule_parse(p->rule, NULL, 0, &rule, &err), 0);
		assert_int_equal(rule->program.kind, RULE_P_PATH);
		assert_string_equal(rule->program.name, p->program);
		assert_int_equal(rule->n_items, 1);
		if (p->n_names)
			assert_int_equal(rule->items[0].kind, RULE_I_HOST);
		else
			assert_int_equal(rule->items[0].kind, RULE_I_ADDRESS);
		rule_free(rule);
	}
	assert_true(n > 0);
	proposals_free(&all);
}

/* What was seen in one second comes in any order, and is shown in one. */
static void test_names_in_order(void **state)
{
	static const char *const seen[] = { "www", "img", "a", "zz", "img", "api" };
	static const char *const shown[] = { "a", "api", "img", "www", "zz" };
	struct proposals all = { 0 };
	char name[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		snprintf(name, sizeof(name), "%s.example.org", seen[i]);
		add(&all, "/usr/bin/curl", "192.0.2.1", name, 443);
	}
	assert_int_equal(finish(&all), 1);
	assert_int_equal(all.list[0]->n_names, sizeof(shown) / sizeof(shown[0]));
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		snprintf(name, sizeof(name), "%s.example.org", shown[i]);
		assert_string_equal(all.list[0]->names[i], name);
	}
	proposals_free(&all);
}

static void test_ids(void **state)
{
	struct proposals a = { 0 }, b = { 0 };
	char id[9];

	(void)state;
	add(&a, "/usr/bin/curl", "192.0.2.1", "", 443);
	add(&a, "/usr/bin/curl", "192.0.2.2", "", 443);
	finish(&a);
	strcpy(id, a.list[0]->id);
	add(&b, "/usr/bin/curl", "192.0.2.2", "", 443);
	add(&b, "/usr/bin/curl", "192.0.2.1", "", 443);
	finish(&b);
	assert_string_equal(b.list[0]->id, id);	/* in whatever order it was seen */
	proposals_free(&b);
	add(&b, "/usr/bin/curl", "192.0.2.2", "", 443);
	finish(&b);
	assert_string_not_equal(b.list[0]->id, id);
	proposals_free(&a);
	proposals_free(&b);
}

static void test_bounded(void **state)
{
	struct proposals all = { 0 };
	char program[32];
	int i;

	(void)state;
	for (i = 0; i < PROPOSALS_MAX + 10; i++) {
		snprintf(program, sizeof(program), "/opt/p%d", i);
		add(&all, program, "192.0.2.1", "", 443);
	}
	assert_int_equal(finish(&all), PROPOSALS_MAX);
	assert_int_equal(all.left_out, 10);
	proposals_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_host),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_public_suffix),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_not_proposed),
		cmocka_unit_test(test_only_undecided),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_names_in_order),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests_name("history proposals", tests, NULL, NULL);
}
