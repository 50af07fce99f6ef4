// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many rules at once: all of them or none, in the set as on the disk. No device, no bus, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/rulebook.h"
#include "policy/policy.h"
#include "util/format.h"
#include "lab.h"

#define STORE	"/var/lib/snitch/rules"
#define SYSTEM	STORE "/system.rules"
#define MANY	3000

struct lab {
	char root[LAB_ROOT];
	struct rulebook *rb;
	uint64_t ids[MANY];
	char error[1024];
};

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/var", "/var/lib", "/var/lib/snitch", STORE, "/run", "/run/snitch",
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	lab_root(lab->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab_write(lab->root, SYSTEM, "# by hand\ndeny any to 192.0.2.1\nallow any to 192.0.2.2");
	assert_int_equal(rulebook_new(&lab->rb, lab->root), 0);
	assert_true(rulebook_load(lab->rb) >= 0);
	assert_int_equal(rulebook_count(lab->rb), 2);
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

static void read_store(const struct lab *lab, const char *name, char *buf, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", lab->root, name);
	f = fopen(path, "r");
	assert_non_null(f);
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

static int add(struct lab *lab, char **texts, size_t n, enum rulebook_scope scope, uint32_t uid)
{
	lab->error[0] = '\0';
	return rulebook_add_all(lab->rb, texts, n, scope, uid, lab->ids, lab->error,
				sizeof(lab->error));
}

static bool may(void *ctx, const struct rulebook_row *row)
{
	(void)ctx;
	(void)row;
	return true;
}

/* What the folders say now is what the set says. */
static void check_disk(struct lab *lab, unsigned int rules)
{
	assert_int_equal(rulebook_count(lab->rb), rules);
	assert_true(rulebook_load(lab->rb) >= 0);
	assert_string_equal(rulebook_error(lab->rb), "");
	assert_int_equal(rulebook_count(lab->rb), rules);
}

static void test_all(void **state)
{
	char *texts[] = { "deny any to 192.0.2.3", "allow /usr/bin/curl to any  # n",
			  "deny any to 192.0.2.4" };
	struct lab *lab = *state;
	char text[1024];

	assert_int_equal(add(lab, texts, 3, RULEBOOK_SYSTEM, -1), 0);
	check_disk(lab, 5);
	read_store(lab, SYSTEM, text, sizeof(text));
	assert_non_null(strstr(text, "deny any to 192.0.2.1\nallow any to 192.0.2.2\n[id="));
	assert_non_null(strstr(text, "# by hand\n"));
	read_store(lab, SYSTEM ".last", text, sizeof(text));
	assert_null(strstr(text, "192.0.2.3"));
	/* each stands in the line that the set thinks it does */
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[1], may, NULL), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[0], may, NULL), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[2], may, NULL), 0);
	check_disk(lab, 2);
}

/* Lines are right without a load in between, too. */
static void test_lines(void **state)
{
	char *texts[] = { "deny any to 192.0.2.3", "deny any to 192.0.2.4" };
	struct lab *lab = *state;

	assert_int_equal(add(lab, texts, 2, RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[0], may, NULL), 0);
	assert_int_equal(add(lab, texts, 1, RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[0], may, NULL), 0);
	check_disk(lab, 3);
}

/* What was disabled until somebody looked at it is not there twice afterwards. */
static void test_reviewed(void **state)
{
	char *waits[] = { "allow any to 192.0.2.3 disabled  # a", "deny any to 192.0.2.4",
			  "allow any to 192.0.2.5 disabled" };
	char *counts[] = { "allow any to 192.0.2.5", "allow any to 192.0.2.3  # a",
			   "allow any to 192.0.2.6" };
	struct lab *lab = *state;
	char text[1024];

	assert_int_equal(add(lab, waits, 3, RULEBOOK_SYSTEM, -1), 0);
	check_disk(lab, 5);
	assert_int_equal(add(lab, counts, 3, RULEBOOK_SYSTEM, -1), 0);
	check_disk(lab, 6);
	read_store(lab, SYSTEM, text, sizeof(text));
	assert_null(strstr(text, "disabled"));
	assert_non_null(strstr(text, "192.0.2.3  # a\n"));
	/* looked at once is enough */
	assert_int_equal(add(lab, waits, 3, RULEBOOK_SYSTEM, -1), 0);
	check_disk(lab, 6);
	read_store(lab, SYSTEM, text, sizeof(text));
	assert_null(strstr(text, "disabled"));
	/* lines are right without a load in between */
	assert_int_equal(add(lab, (char *[]){ "deny any to 192.0.2.7 disabled" }, 1,
			     RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(add(lab, counts, 3, RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[2], may, NULL), 0);
	assert_int_equal(add(lab, (char *[]){ "deny any to 192.0.2.8", "deny any to 192.0.2.7" }, 2,
			     RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[0], may, NULL), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[1], may, NULL), 0);
	check_disk(lab, 5);
}

/* One rule does the same. */
static void test_reviewed_one(void **state)
{
	struct lab *lab = *state;
	uint64_t id;

	assert_int_equal(rulebook_add(lab->rb, "allow any to 192.0.2.3 disabled", RULEBOOK_SYSTEM, -1,
				      &id, lab->error, sizeof(lab->error)), 0);
	assert_int_equal(rulebook_add(lab->rb, "allow any to 192.0.2.3", RULEBOOK_SYSTEM, -1,
				      &id, lab->error, sizeof(lab->error)), 0);
	check_disk(lab, 3);
}

static void refuse(struct lab *lab, char **texts, size_t n, enum rulebook_scope scope, uint32_t uid,
		   int r, const char *says)
{
	char before[1024], after[1024];

	read_store(lab, SYSTEM, before, sizeof(before));
	assert_int_equal(add(lab, texts, n, scope, uid), r);
	if (!strstr(lab->error, says))
		fail_msg("'%s' does not say '%s'", lab->error, says);
	read_store(lab, SYSTEM, after, sizeof(after));
	assert_string_equal(before, after);
	check_disk(lab, 2);
}

static void test_none(void **state)
{
	char *grammar[] = { "deny any to 192.0.2.3", "deny any 192.0.2.4", "deny any to any" };
	char *comment[] = { "deny any to 192.0.2.3", "# nothing" };
	char *quit[] = { "deny any to 192.0.2.3", "deny any to any until quit" };
	char *mixed[] = { "deny any to 192.0.2.3", "deny any to any", "deny any to any for 1h" };
	char *other[] = { "deny any to 192.0.2.3", "deny any user 1001 to any" };
	char *twice[] = { "[id=0123456789abcdef] deny any to 192.0.2.3",
			  "[id=0123456789abcdef] deny any to 192.0.2.4" };
	struct lab *lab = *state;

	refuse(lab, grammar, 3, RULEBOOK_SYSTEM, -1, -EINVAL, "rule 2: ");
	refuse(lab, comment, 2, RULEBOOK_SYSTEM, -1, -EINVAL, "rule 2: that is no rule");
	refuse(lab, quit, 2, RULEBOOK_SYSTEM, -1, -EINVAL, "rule 2: \"until quit\"");
	refuse(lab, mixed, 3, RULEBOOK_SYSTEM, -1, -EINVAL, "rule 3: ");
	refuse(lab, other, 2, RULEBOOK_USER, 1000, -EPERM, "rule 2: ");
	refuse(lab, twice, 2, RULEBOOK_SYSTEM, -1, -EEXIST, "rule 2: ");
	assert_int_equal(add(lab, grammar, 0, RULEBOOK_SYSTEM, -1), 0);
	check_disk(lab, 2);
}

/* The folder is none any more when the file is to be written. */
static void test_unwritable(void **state)
{
	char *texts[] = { "deny any to 192.0.2.3", "deny any to 192.0.2.4" };
	struct lab *lab = *state;
	char from[256], to[256];

	snprintf(from, sizeof(from), "%s" STORE, lab->root);
	snprintf(to, sizeof(to), "%s/away", lab->root);
	assert_int_equal(rename(from, to), 0);
	lab_write(lab->root, STORE, "");
	assert_true(add(lab, texts, 2, RULEBOOK_SYSTEM, -1) < 0);
	assert_true(lab->error[0]);
	assert_int_equal(rulebook_count(lab->rb), 2);
	lab_unlink(lab->root, STORE);
	assert_int_equal(rename(to, from), 0);
	check_disk(lab, 2);
}

static void test_there_already(void **state)
{
	char *texts[] = { "deny any to 192.0.2.3", "deny any to 192.0.2.1",
			  "deny any to 192.0.2.3" };
	struct lab *lab = *state;
	uint64_t first;

	assert_int_equal(add(lab, texts, 3, RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(lab->ids[0], lab->ids[2]);
	assert_true(lab->ids[0] != lab->ids[1]);
	first = lab->ids[0];
	assert_int_equal(add(lab, texts, 3, RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(lab->ids[0], first);
	check_disk(lab, 3);
}

/* A user's rule is about that user, which it need not say; again it is the same rule. */
static void test_user(void **state)
{
	char *texts[] = { "deny any to 192.0.2.3", "deny any user 1000 to 192.0.2.4" };
	struct lab *lab = *state;

	assert_int_equal(add(lab, texts, 2, RULEBOOK_USER, 1000), 0);
	assert_int_equal(add(lab, texts, 2, RULEBOOK_USER, 1000), 0);
	check_disk(lab, 4);
}

/* With scope runtime all of them end with the boot, those with a span before. */
static void test_runtime(void **state)
{
	char *texts[] = { "deny any to 192.0.2.3", "deny any to 192.0.2.4 for 1h",
			  "deny any to 192.0.2.5 until reboot" };
	struct lab *lab = *state;

	assert_int_equal(add(lab, texts, 3, RULEBOOK_RUNTIME, -1), 0);
	check_disk(lab, 5);
}

/* @n texts, each about another name: those with the numbers from 0 by @step. */
static char **many(size_t n, size_t step, const char *action, const char *options)
{
	char **texts = calloc(n, sizeof(*texts));
	size_t i;

	assert_non_null(texts);
	for (i = 0; i < n; i++) {
		texts[i] = snitch_format("%s any to d%zu.example%s", action, i * step, options);
		assert_non_null(texts[i]);
	}
	return texts;
}

static void free_many(char **texts, size_t n)
{
	while (n--)
		free(texts[n]);
	free(texts);
}

static void test_many(void **state)
{
	struct lab *lab = *state;
	char **texts = many(MANY, 1, "deny", "");

	assert_int_equal(add(lab, texts, MANY, RULEBOOK_SYSTEM, -1), 0);
	check_disk(lab, MANY + 2);
	free_many(texts, MANY);
}

/* A third of many, each of them between two that stay: every line is right without a load. */
static void test_many_reviewed(void **state)
{
	struct lab *lab = *state;
	char **waits = many(MANY, 1, "allow", " disabled");
	char **counts = many(MANY / 3, 3, "allow", "");
	uint64_t ids[MANY];
	size_t i;

	assert_int_equal(add(lab, waits, MANY, RULEBOOK_SYSTEM, -1), 0);
	memcpy(ids, lab->ids, sizeof(ids));
	assert_int_equal(add(lab, counts, MANY / 3, RULEBOOK_SYSTEM, -1), 0);
	assert_int_equal(rulebook_count(lab->rb), MANY + 2);
	for (i = 1; i < MANY; i += MANY / 10)
		assert_int_equal(rulebook_remove(lab->rb, ids[i], may, NULL), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[0], may, NULL), 0);
	assert_int_equal(rulebook_remove(lab->rb, lab->ids[MANY / 3 - 1], may, NULL), 0);
	check_disk(lab, MANY + 2 - 10 - 2);
	free_many(counts, MANY / 3);
	free_many(waits, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reviewed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reviewed_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwritable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_there_already, setup, teardown),
		cmocka_unit_test_setup_teardown(test_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runtime, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_reviewed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
