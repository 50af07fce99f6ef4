// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy transactions over netlink: what is sent, in which messages, and what comes of each
 * failure. No socket, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nlwire.h"

#define GENERATION	0x1122334455667788ULL
#define TEXT		"rule 3: its rank is taken"

/**
 * struct fixture - a sink, and how the other end answers
 * @fail: the command that is refused with -EINVAL and TEXT; 0: none
 * @bare: the command whose reply has no attribute; 0: none
 */
static struct fixture {
	struct wire *wire;
	struct snitch_nl nl;
	struct snitch_policy_sink sink;
	int fail, bare;
} fix;

static void answer(struct wire *w, int cmd)
{
	const uint64_t generation = GENERATION;
	const uint32_t unbound = 3;
	struct nlmsghdr *h;

	wire_gram(w);
	if (cmd == fix.fail) {
		wire_ack(w, -EINVAL, TEXT, NLM_F_CAPPED);
		return;
	}
	if (cmd == SNITCH_CMD_BEGIN || cmd == SNITCH_CMD_COMMIT) {
		h = wire_genl(w, cmd, 0);
		if (cmd != fix.bare)
			wire_attr(w, SNITCH_A_GENERATION, &generation, sizeof(generation));
		if (cmd == SNITCH_CMD_COMMIT)
			wire_attr(w, SNITCH_A_UNBOUND, &unbound, sizeof(unbound));
		wire_end(w, h);
	}
	wire_ack(w, 0, NULL, NLM_F_CAPPED);
}

static int setup(void **state)
{
	(void)state;
	memset(&fix, 0, sizeof(fix));
	fix.wire = wire_new();
	fix.wire->answer = answer;
	fix.nl.sock = fix.wire->sock;
	fix.nl.family = WIRE_FAMILY;
	snitch_nl_sink(&fix.nl, &fix.sink);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wire_free(fix.wire);
	return 0;
}

/* The command sent @at-th, and its attribute @type (NULL: there is none). */
static int sent(unsigned int at, int type, struct nlattr **attr)
{
	struct nlmsghdr *h = (struct nlmsghdr *)fix.wire->out[at].bytes;
	struct nlattr *attrs[SNITCH_A_MAX + 1];

	assert_true(at < fix.wire->n_out);
	assert_int_equal(genlmsg_parse(h, 0, attrs, SNITCH_A_MAX, NULL), 0);
	*attr = attrs[type];
	return genlmsg_hdr(h)->cmd;
}

static void test_whole(void **state)
{
	const char *const apps[] = { "/usr/bin/curl", "/usr/bin/ping" };
	const struct snitch_rule rules[3] = { { .id = 1 }, { .id = 2 }, { .id = 3 } };
	const struct snitch_policy policy = { .rules = 3, .apps = 2, .fail = SNITCH_DENY };
	uint64_t generation = 0;
	uint32_t unbound = 0;
	struct nlattr *a, *app;
	unsigned int n = 0;
	int left;

	(void)state;
	assert_int_equal(snitch_policy_load(&fix.sink, &policy, apps, rules, NULL, &generation,
					    &unbound), 0);
	assert_true(generation == GENERATION);
	assert_int_equal(unbound, 3);
	assert_int_equal(fix.wire->n_out, 4);
	assert_int_equal(sent(0, SNITCH_A_POLICY, &a), SNITCH_CMD_BEGIN);
	assert_int_equal(nla_len(a), sizeof(policy));
	assert_memory_equal(nla_data(a), &policy, sizeof(policy));
	assert_int_equal(sent(1, SNITCH_A_APPS, &a), SNITCH_CMD_ADD_APPS);
	nla_for_each_nested(app, a, left) {
		assert_int_equal(nla_type(app), SNITCH_A_APP);
		assert_int_equal(nla_len(app), strlen(apps[n]) + 1);
		assert_string_equal(nla_data(app), apps[n]);
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(sent(2, SNITCH_A_RULES, &a), SNITCH_CMD_ADD_RULES);
	assert_int_equal(nla_len(a), sizeof(rules));
	assert_memory_equal(nla_data(a), rules, sizeof(rules));
	assert_int_equal(sent(3, SNITCH_A_POLICY, &a), SNITCH_CMD_COMMIT);
	assert_null(a);
}

/* More than one message holds: every app and rule arrives once, in order. */
static void test_split(void **state)
{
	enum { APPS = 2000, RULES = 2 * SNITCH_RULES_PER_MSG + 1 };
	static char paths[APPS][32];
	static const char *apps[APPS];
	static struct snitch_rule rules[RULES];
	unsigned int i, at, n_apps = 0, n_rules = 0;
	struct nlattr *a, *app;
	int left, k, per;

	(void)state;
	for (i = 0; i < APPS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/opt/some/where/app-%u", i);
		apps[i] = paths[i];
	}
	for (i = 0; i < RULES; i++)
		rules[i].id = i + 1;
	assert_int_equal(fix.sink.apps(&fix.nl, apps, APPS), 0);
	assert_int_equal(fix.sink.rules(&fix.nl, rules, RULES), 0);
	for (at = 0; at < fix.wire->n_out; at++) {
		assert_true(fix.wire->out[at].len < 32768);
		if (sent(at, SNITCH_A_APPS, &a) == SNITCH_CMD_ADD_APPS) {
			assert_int_equal(n_rules, 0);
			nla_for_each_nested(app, a, left)
				assert_string_equal(nla_data(app), paths[n_apps++]);
			continue;
		}
		assert_int_equal(sent(at, SNITCH_A_RULES, &a), SNITCH_CMD_ADD_RULES);
		per = nla_len(a) / sizeof(*rules);
		assert_in_range(per, 1, SNITCH_RULES_PER_MSG);
		for (k = 0; k < per; k++, n_rules++)
			assert_memory_equal(nla_data(a) + k * sizeof(*rules), &rules[n_rules],
					    sizeof(*rules));
	}
	assert_int_equal(n_apps, APPS);
	assert_int_equal(n_rules, RULES);
}

/* The longest path that the kernel takes fits; one byte more is refused before it is sent. */
static void test_longest_path(void **state)
{
	static char path[SNITCH_PATH_MAX + 1];
	const char *const apps[] = { path };
	struct nlattr *a;

	(void)state;
	memset(path, 'p', SNITCH_PATH_MAX - 1);
	path[0] = '/';
	assert_int_equal(fix.sink.apps(&fix.nl, apps, 1), 0);
	assert_int_equal(sent(0, SNITCH_A_APPS, &a), SNITCH_CMD_ADD_APPS);
	assert_string_equal(nla_data((struct nlattr *)nla_data(a)), path);
	path[SNITCH_PATH_MAX - 1] = 'p';
	assert_int_equal(fix.sink.apps(&fix.nl, apps, 1), -ENAMETOOLONG);
	assert_int_equal(fix.wire->n_out, 1);
}

/* Each step refused: what the kernel said of it comes back, not what ABORT was told. */
static void test_refused(void **state)
{
	static const int cmds[] = { SNITCH_CMD_BEGIN, SNITCH_CMD_ADD_APPS, SNITCH_CMD_ADD_RULES,
				    SNITCH_CMD_COMMIT };
	const char *const apps[] = { "/usr/bin/curl" };
	const struct snitch_rule rules[1] = { { .id = 1 } };
	const struct snitch_policy policy = { .rules = 1, .apps = 1 };
	uint64_t generation = 42;
	struct nlattr *a;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cmds) / sizeof(*cmds); i++) {
		wire_reset(fix.wire);
		fix.fail = cmds[i];
		assert_int_equal(snitch_policy_load(&fix.sink, &policy, apps, rules, NULL, &generation,
						    NULL), -EINVAL);
		assert_string_equal(fix.sink.error(&fix.nl), TEXT);
		assert_true(generation == 42);
		/* A transaction that never began is not ended. */
		assert_int_equal(fix.wire->n_out, i ? i + 2 : 1);
		assert_int_equal(sent(fix.wire->n_out - 1, SNITCH_A_POLICY, &a),
				 i ? SNITCH_CMD_ABORT : SNITCH_CMD_BEGIN);
	}
}

/* A reply without the number of the policy is none. */
static void test_no_generation(void **state)
{
	static const int cmds[] = { SNITCH_CMD_BEGIN, SNITCH_CMD_COMMIT };
	const struct snitch_policy policy = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		wire_reset(fix.wire);
		fix.bare = cmds[i];
		assert_int_equal(snitch_policy_load(&fix.sink, &policy, NULL, NULL, NULL, NULL, NULL),
				 -EBADMSG);
		assert_string_equal(fix.sink.error(&fix.nl), "");
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole),
		TEST(test_split),
		TEST(test_longest_path),
		TEST(test_refused),
		TEST(test_no_generation),
	};

	return cmocka_run_group_tests_name("nl_policy", tests, NULL, NULL);
}
