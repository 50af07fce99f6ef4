// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon tells of a flow and to whom: a user of his own flows and rules only. No device,
 * no bus, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/pace.h"
#include "daemon/rulebook.h"
#include "lab.h"

#define FLOW	"/usr/bin/curl to 192.0.2.7 port 443"

/**
 * struct lab - a rulebook on a folder of its own, and what was told last
 * @uid: who may see the rules of
 * @admin: all of them
 * @told: rules, a line each; the first one, without reason, decides
 */
struct lab {
	char root[LAB_ROOT];
	struct rulebook *rb;
	uint32_t uid;
	bool admin;
	uint32_t action;
	bool daemon;
	char flow[256], told[4096], error[256];
};

static bool may_see(void *ctx, uint32_t uid)
{
	const struct lab *lab = ctx;

	return lab->admin || lab->uid == uid;
}

static void on_verdict(void *ctx, const struct rulebook_verdict *v)
{
	struct lab *lab = ctx;

	lab->action = v->action;
	lab->daemon = v->daemon;
	snprintf(lab->flow, sizeof(lab->flow), "%s", v->flow);
}

static void on_rule(void *ctx, const struct rulebook_row *row, bool matches, const char *why)
{
	size_t len;
	struct lab *lab = ctx;

	len = strlen(lab->told);
	snprintf(lab->told + len, sizeof(lab->told) - len, "%s%s%s%s\n", row->text,
		 why ? " | " : "", why ? why : "", !why || matches ? "" : " | not near");
}

static int explain(struct lab *lab, const char *text)
{
	const struct rulebook_teller teller = {
		.ctx = lab, .may_see = may_see, .verdict = on_verdict, .rule = on_rule,
	};

	lab->told[0] = '\0';
	lab->flow[0] = '\0';
	lab->action = 99;
	return rulebook_explain_text(lab->rb, text, lab->uid, &teller, lab->error,
				     sizeof(lab->error));
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/etc", "/etc/snitch", "/etc/snitch/rules.d", "/var", "/var/lib", "/var/lib/snitch",
		"/var/lib/snitch/rules",
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	lab->uid = 1000;
	lab_root(lab->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab_write(lab->root, "/etc/snitch/rules.d/a.rules", "deny any to 192.0.2.0/24\n"
		  "allow /usr/bin/curl user 1001 to 192.0.2.7 port 443\n");
	lab_write(lab->root, "/var/lib/snitch/rules/1000.rules", "ask /usr/bin/curl to any\n");
	lab_write(lab->root, "/var/lib/snitch/rules/1001.rules",
		  "ask /usr/bin/curl to any port 443\n");
	assert_int_equal(rulebook_new(&lab->rb, lab->root), 0);
	assert_int_equal(rulebook_load(lab->rb), 1);
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	rulebook_free(lab->rb);
	lab_remove(lab->root);
	free(lab);
	return 0;
}

static void test_own(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(explain(lab, FLOW), 0);
	assert_string_equal(lab->flow, "/usr/bin/curl user 1000 to 192.0.2.7 port 443 tcp");
	assert_int_equal(lab->action, SNITCH_DENY);
	assert_false(lab->daemon);
	assert_memory_equal(lab->told, "deny any to 192.0.2.0/24\n", 25);
	assert_non_null(strstr(lab->told, "ask /usr/bin/curl user 1000 to any | matches, but an "
			       "address is more specific than any\n"));
	/* the administrator's are seen by all, another user's are not */
	assert_non_null(strstr(lab->told, "| only for user 1001 | not near\n"));
	assert_null(strstr(lab->told, "ask /usr/bin/curl user 1001"));
}

static void test_others(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(explain(lab, FLOW " user 1001"), -EPERM);
	assert_non_null(strstr(lab->error, "root and group snitch"));
	assert_string_equal(lab->told, "");
	assert_int_equal(lab->action, 99);
	lab->admin = true;
	assert_int_equal(explain(lab, FLOW " user 1001"), 0);
	assert_int_equal(lab->action, SNITCH_ALLOW);
	assert_non_null(strstr(lab->told, "ask /usr/bin/curl user 1001 to any port 443 | matches"));
	assert_int_equal(explain(lab, "curl to 192.0.2.7"), -EINVAL);
	assert_non_null(strstr(lab->error, "found 'curl'"));
}

/* An executable that changed is explained as it is judged. */
static void test_suspended(void **state)
{
	struct lab *lab = *state;

	lab->uid = 1001;
	assert_int_equal(explain(lab, FLOW), 0);
	assert_int_equal(lab->action, SNITCH_ALLOW);
	rulebook_suspend(lab->rb, "/usr/bin/curl");
	assert_int_equal(explain(lab, FLOW), 0);
	assert_int_equal(lab->action, SNITCH_DENY);
	assert_true(lab->daemon);
	assert_non_null(strstr(lab->told, "matches, but the executable changed"));
}

/* Each user has so many at once, and then one in a while; nobody pays for another. */
static void test_pace(void **state)
{
	struct pace pace = { 0 };
	uint64_t now = 1000000000;
	unsigned int i, taken = 0;

	(void)state;
	for (i = 0; i < 100; i++)
		taken += pace_take(&pace, 1000, now);
	assert_int_equal(taken, PACE_BURST);
	assert_true(pace_take(&pace, 1001, now));
	assert_false(pace_take(&pace, 1000, now + PACE_EACH_NS - 1));
	assert_true(pace_take(&pace, 1000, now + PACE_EACH_NS));
	assert_false(pace_take(&pace, 1000, now + PACE_EACH_NS));
	/* many users do not push out one who calls too often */
	for (i = 0; i < PACE_USERS - 2; i++)
		assert_true(pace_take(&pace, 2000 + i, now + PACE_EACH_NS));
	assert_false(pace_take(&pace, 1000, now + PACE_EACH_NS));
	for (i = 0; i < 10 * PACE_USERS; i++)
		assert_true(pace_take(&pace, 9000 + i, now + PACE_EACH_NS));
	assert_false(pace_take(&pace, 1000, now + PACE_EACH_NS));
	for (i = 0, taken = 0; i < 100; i++)
		taken += pace_take(&pace, 1000, now + 100 * PACE_EACH_NS);
	assert_int_equal(taken, PACE_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_suspended, setup, teardown),
		cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
