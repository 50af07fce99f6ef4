// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Executables that changed stay suspended when the daemon ends, until somebody makes an allow
 * rule. No device, no bus, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/rulebook.h"
#include "policy/suspend.h"

#define CURL		"/usr/bin/curl"
#define RULES_FILE	"/etc/snitch/rules.d/test.rules"
#define LIST_FILE	"/var/lib/snitch/suspended"
#define RULES		"allow " CURL " to 192.0.2.1\ndeny " CURL " to 192.0.2.66\n"

/* A folder, and how many rules of the last policy the daemon keeps for itself, by action. */
struct lab {
	char root[64];
	unsigned int kept_allow, kept_deny;
};

static int sink_begin(void *ctx, const struct snitch_policy *policy, uint64_t *generation)
{
	struct lab *lab = ctx;

	(void)policy;
	lab->kept_allow = 0;
	lab->kept_deny = 0;
	*generation = 1;
	return 0;
}

static int sink_apps(void *ctx, const char *const *paths, size_t n)
{
	(void)ctx;
	(void)paths;
	(void)n;
	return 0;
}

static int sink_rules(void *ctx, const struct snitch_rule *rules, size_t n)
{
	struct lab *lab = ctx;

	for (; n--; rules++) {
		if (!(rules->flags & SNITCH_R_DAEMON))
			continue;
		lab->kept_allow += rules->action == SNITCH_ALLOW;
		lab->kept_deny += rules->action == SNITCH_DENY;
	}
	return 0;
}

static int sink_commit(void *ctx, uint64_t *generation, uint32_t *unbound)
{
	(void)ctx;
	*generation = 1;
	*unbound = 0;
	return 0;
}

static void sink_abort(void *ctx)
{
	(void)ctx;
}

static const char *sink_error(void *ctx)
{
	(void)ctx;
	return "";
}

static void write_file(const struct lab *lab, const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", lab->root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0644);
}

static bool there(const struct lab *lab, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s%s", lab->root, name);
	return !access(path, F_OK);
}

static const char *const dirs[] = {
	"/etc", "/etc/snitch", "/etc/snitch/rules.d", "/var", "/var/lib", "/var/lib/snitch",
};

static int setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	char path[160];
	size_t i;

	assert_non_null(lab);
	strcpy(lab->root, "/tmp/snitch-test-XXXXXX");
	assert_non_null(mkdtemp(lab->root));
	chmod(lab->root, 0755);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", lab->root, dirs[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	write_file(lab, RULES_FILE, RULES);
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;
	char path[160];
	size_t i;

	snprintf(path, sizeof(path), "%s" RULES_FILE, lab->root);
	unlink(path);
	snprintf(path, sizeof(path), "%s" LIST_FILE, lab->root);
	unlink(path);
	for (i = sizeof(dirs) / sizeof(dirs[0]); i--;) {
		snprintf(path, sizeof(path), "%s%s", lab->root, dirs[i]);
		rmdir(path);
	}
	assert_int_equal(rmdir(lab->root), 0);
	free(lab);
	return 0;
}

/* As the daemon starts. */
static struct rulebook *start(const struct lab *lab)
{
	struct rulebook *rb;

	assert_int_equal(rulebook_new(&rb, lab->root), 0);
	assert_int_equal(rulebook_recall(rb), 0);
	assert_int_equal(rulebook_load(rb), 1);
	return rb;
}

static void install(struct lab *lab, struct rulebook *rb)
{
	const struct snitch_policy_sink sink = {
		.ctx = lab, .begin = sink_begin, .apps = sink_apps, .rules = sink_rules,
		.commit = sink_commit, .abort = sink_abort, .error = sink_error,
	};
	const struct rulebook_policy as = {
		.mode = SNITCH_MODE_ASK, .fail = SNITCH_DENY, .kernel = SNITCH_ALLOW,
	};
	uint64_t generation;

	assert_int_equal(rulebook_install(rb, &sink, &as, &generation), 0);
}

static void a_restart_forgets_nothing(void **state)
{
	struct lab *lab = *state;
	struct rulebook *rb = start(lab);

	install(lab, rb);
	assert_int_equal(lab->kept_allow, 0);
	assert_int_equal(rulebook_suspend(rb, CURL), 1);
	assert_int_equal(rulebook_suspend(rb, CURL), 0);
	rulebook_free(rb);

	rb = start(lab);
	assert_true(rulebook_suspended(rb, CURL));
	assert_false(rulebook_suspended(rb, "/usr/bin/wget"));
	install(lab, rb);
	assert_int_equal(lab->kept_allow, 1);
	assert_int_equal(lab->kept_deny, 0);
	rulebook_free(rb);
}

static void a_new_allow_rule_ends_it(void **state)
{
	struct lab *lab = *state;
	struct rulebook *rb = start(lab);

	assert_int_equal(rulebook_suspend(rb, CURL), 1);
	assert_int_equal(rulebook_load(rb), 0);
	assert_true(rulebook_suspended(rb, CURL));
	write_file(lab, RULES_FILE, RULES "deny " CURL " to 192.0.2.67\nallow /usr/bin/wget to any\n");
	assert_int_equal(rulebook_load(rb), 1);
	assert_true(rulebook_suspended(rb, CURL));
	write_file(lab, RULES_FILE, RULES "allow " CURL " to 192.0.2.2\n");
	assert_int_equal(rulebook_load(rb), 1);
	assert_false(rulebook_suspended(rb, CURL));
	install(lab, rb);
	assert_int_equal(lab->kept_allow, 0);
	rulebook_free(rb);

	assert_false(there(lab, LIST_FILE));
	rb = start(lab);
	assert_false(rulebook_suspended(rb, CURL));
	rulebook_free(rb);
}

/* What cannot be written holds as long as the daemon runs, and is told. */
static void without_a_folder_it_is_told(void **state)
{
	struct lab *lab = *state;
	struct rulebook *rb = start(lab);
	char path[160];

	snprintf(path, sizeof(path), "%s/var/lib/snitch", lab->root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rulebook_suspend(rb, CURL), -ENOENT);
	assert_true(rulebook_suspended(rb, CURL));
	rulebook_free(rb);
}

static void paths_of_all_kinds_come_back(void **state)
{
	static const char *const exes[] = {
		"/opt/with blank", "/opt/with\nnewline", "/opt/back\\slash", "/opt/\x1b[2J\xff",
	};
	struct suspended a = { 0 }, b = { 0 };
	struct lab *lab = *state;
	size_t i;

	for (i = 0; i < 4; i++)
		assert_int_equal(suspended_add(&a, exes[i]), 1);
	assert_int_equal(suspended_save(&a, lab->root), 0);
	assert_int_equal(suspended_load(&b, lab->root), 0);
	assert_int_equal(b.n, 4);
	for (i = 0; i < 4; i++)
		assert_true(suspended_has(&b, exes[i]));
	assert_true(suspended_remove(&b, exes[1]));
	assert_false(suspended_remove(&b, exes[1]));
	assert_int_equal(suspended_save(&b, lab->root), 0);
	suspended_clear(&a);
	suspended_clear(&b);
	assert_int_equal(suspended_load(&b, lab->root), 0);
	assert_int_equal(b.n, 3);
	suspended_clear(&b);
}

static void lines_that_are_no_paths_are_left_out(void **state)
{
	struct suspended s = { 0 };
	struct lab *lab = *state;

	write_file(lab, LIST_FILE, "/bin/a\nrelative\n\n/bin/\\xzz\n/bin/\\x00b\n/bin/c");
	assert_int_equal(suspended_load(&s, lab->root), -EBADMSG);
	assert_int_equal(s.n, 2);
	assert_true(suspended_has(&s, "/bin/a") && suspended_has(&s, "/bin/c"));
	suspended_clear(&s);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_restart_forgets_nothing),
		TEST(a_new_allow_rule_ends_it),
		TEST(without_a_folder_it_is_told),
		TEST(paths_of_all_kinds_come_back),
		TEST(lines_that_are_no_paths_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
