// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When the daemon loads its rules into the kernel: for a word of `snitch release` always, for
 * touched files only when they changed. No device, no bus, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core.h"
#include "lists/lists.h"
#include "policy/policy.h"
#include "util/log.h"
#include "util/panic.h"
#include "lab.h"

#define RULES_FILE	"/etc/snitch/rules.d/test.rules"
#define BAD_FILE	"/etc/snitch/rules.d/bad.rules"

/**
 * struct lab - a core on a folder of its own
 * @loads: policies loaded so far
 * @rules, @ranges: of the last one
 * @room: for ranges; 0: as many as like
 * @changes: of sets so far; @ranges are those of the last one then
 * @change: why there is none
 */
struct lab {
	char root[LAB_ROOT];
	struct core core;
	unsigned int loads, rules;
	size_t ranges, room;
	unsigned int changes;
	int change;
};

static int sink_begin(void *ctx, const struct snitch_policy *policy, uint64_t *generation)
{
	struct lab *lab = ctx;

	lab->rules = policy->rules;
	lab->ranges = 0;
	*generation = lab->loads + 1;
	return 0;
}

static int sink_sets(void *ctx, const struct snitch_set_data *sets, size_t n)
{
	struct lab *lab = ctx;

	while (n--)
		lab->ranges += sets++->n;
	return lab->room && lab->ranges > lab->room ? -ENOSPC : 0;
}

static int sink_change(void *ctx, const struct snitch_set_change *changes, size_t n)
{
	struct lab *lab = ctx;

	if (lab->change)
		return lab->change;
	lab->changes++;
	for (lab->ranges = 0; n--; changes++)
		lab->ranges += changes->data.n;
	return 0;
}

static int sink_commit(void *ctx, uint64_t *generation, uint32_t *unbound)
{
	struct lab *lab = ctx;

	*generation = ++lab->loads;
	*unbound = 0;
	return 0;
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/etc", "/etc/snitch", "/etc/snitch/rules.d", "/run", "/run/snitch",
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	log_set_level(LOG_EMERG);
	lab_root(lab->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	assert_int_equal(core_init(&lab->core, lab->root, NULL, NULL), 0);
	lab->core.sink = (struct snitch_policy_sink){
		.ctx = lab, .begin = sink_begin, .apps = lab_no_apps, .rules = lab_no_rules,
		.sets = sink_sets, .change = sink_change, .commit = sink_commit, .abort = lab_no_abort, .error = lab_no_error,
	};
	lab_write(lab->root, RULES_FILE, "deny /usr/bin/curl to any\n");
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(lab->loads, 1);
	assert_int_equal(lab->rules, 1);
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	core_done(&lab->core);
	lab_remove(lab->root);
	free(lab);
	return 0;
}

/* The rules are the same as before the panic; what the kernel holds is not. */
static void test_release(void **state)
{
	struct lab *lab = *state;

	lab_write(lab->root, SNITCH_PANIC_FILE, "");
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(lab->rules, SNITCH_PANIC_RULES);
	lab_unlink(lab->root, SNITCH_PANIC_FILE);
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(lab->rules, 1);
	assert_int_equal(lab->loads, 3);
}

static void make_list_folder(struct lab *lab)
{
	static const char *const folders[] = { "/var", "/var/lib", "/var/lib/snitch", LIST_FOLDER_STORE };
	char path[256];
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", lab->root, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
}

static void take_lists(struct lab *lab)
{
	struct rule_error err;
	struct lists *lists;

	assert_int_equal(lists_load(lab->root, rulebook_lists(lab->core.rules), &lists, &err), 1);
	rulebook_take_lists(lab->core.rules, lists);
}

/* The lists' files were written: what becomes of the policy? */
static void lists_become(struct lab *lab, unsigned int loads, unsigned int changes, size_t ranges)
{
	take_lists(lab);
	assert_int_equal(core_lists_changed(&lab->core), 0);
	assert_int_equal(lab->loads, loads);
	assert_int_equal(lab->changes, changes);
	assert_int_equal(lab->ranges, ranges);
}

/* Other addresses need no other policy; whatever else is different does. */
static void test_lists_change(void **state)
{
	static const char a[] = LIST_FOLDER_STORE "/a.list", b[] = LIST_FOLDER_STORE "/b.list";
	struct lab *lab = *state;

	make_list_folder(lab);
	lab_write_addresses(lab->root, a, 100);
	lab_write_addresses(lab->root, b, 100);
	take_lists(lab);
	lab_write(lab->root, RULES_FILE, "deny any to list:a\ndeny /usr/bin/curl to list:a,list:b\n");
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(lab->loads, 2);
	assert_int_equal(lab->ranges, 100);	/* they are the same, still */
	lab_write_addresses(lab->root, b, 120);
	lists_become(lab, 3, 0, 100 + 120);
	lab_write_addresses(lab->root, b, 140);
	lists_become(lab, 3, 1, 140);
	lab_write_addresses(lab->root, a, 50);
	lists_become(lab, 3, 2, 50);		/* the other set is as before */
	lab_write(lab->root, LIST_FOLDER_STORE "/c.list", "192.0.2.1\n");
	lists_become(lab, 3, 2, 50);		/* no rule names it */
	lab_write_addresses(lab->root, b, 150);
	lab->change = -ENOENT;			/* another policy is there by now */
	lists_become(lab, 4, 2, 50 + 150);
	lab->change = 0;
	lab_write(lab->root, LIST_FOLDER_STORE "/c.list", "ads.example\n");
	lists_become(lab, 5, 2, 50 + 150);	/* names: what was concluded does not count */
	lab_write_addresses(lab->root, b, 160);
	lists_become(lab, 5, 3, 160);
	lab_unlink(lab->root, a);
	lists_become(lab, 6, 3, 160);		/* a line less */
	lab_write(lab->root, SNITCH_PANIC_FILE, "");
	lab_write_addresses(lab->root, b, 170);
	lists_become(lab, 7, 3, 0);
	assert_int_equal(lab->rules, SNITCH_PANIC_RULES);
}

/* What the kernel has no room for the daemon judges by; small sets stay. */
static void test_no_room(void **state)
{
	static const char rules[] = "deny any to list:big\ndeny any to 192.0.2.1,192.0.2.3,192.0.2.5,"
		"192.0.2.7,192.0.2.9,192.0.2.11,192.0.2.13,192.0.2.15,192.0.2.17,192.0.2.19,"
		"192.0.2.21,192.0.2.23,192.0.2.25,192.0.2.27,192.0.2.29,192.0.2.31,192.0.2.33\n";
	struct lab *lab = *state;

	make_list_folder(lab);
	lab_write_addresses(lab->root, LIST_FOLDER_STORE "/big.list", POLICY_LINES_MAX + 100);
	take_lists(lab);
	lab_write(lab->root, RULES_FILE, rules);
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(lab->ranges, POLICY_LINES_MAX + 100 + 17);
	lab->room = POLICY_LINES_MAX;
	assert_int_equal(core_reload(&lab->core), 0);
	assert_int_equal(lab->ranges, 17);
	assert_int_equal(lab->rules, 2);
	assert_string_equal(rulebook_error(lab->core.rules), "");
	assert_int_equal(lab->loads, 3);
	lab->room = 1;		/* not even that: nothing is loaded, and that is said */
	assert_int_equal(core_reload(&lab->core), -ENOSPC);
	assert_true(rulebook_error(lab->core.rules)[0]);
	assert_int_equal(lab->loads, 3);
}

/* No rule of a file ends a panic. */
static void test_panic_stays(void **state)
{
	struct lab *lab = *state;

	lab_write(lab->root, SNITCH_PANIC_FILE, "");
	lab_write(lab->root, RULES_FILE, "allow /usr/bin/curl to any\nallow /usr/bin/wget to any\n"
		   "allow /usr/bin/ping to any\n");
	assert_int_equal(core_files_changed(&lab->core), 0);
	assert_int_equal(lab->rules, SNITCH_PANIC_RULES);
}

static void test_files(void **state)
{
	struct lab *lab = *state;

	lab_write(lab->root, RULES_FILE, "deny /usr/bin/curl to any\n");
	assert_int_equal(core_files_changed(&lab->core), 0);
	assert_int_equal(lab->loads, 1);
	lab_write(lab->root, RULES_FILE, "deny /usr/bin/curl to any\ndeny /usr/bin/wget to any\n");
	assert_int_equal(core_files_changed(&lab->core), 0);
	assert_int_equal(lab->loads, 2);
	assert_int_equal(lab->rules, 2);
	lab_write(lab->root, RULES_FILE, "deny everything, please\n");
	assert_true(core_files_changed(&lab->core) < 0);
	assert_int_equal(lab->loads, 2);
	assert_non_null(strstr(rulebook_error(lab->core.rules), "test.rules:1"));
}

/* A bad file is told, and goes on being told; it does not make a panic last. */
static void test_release_with_bad_file(void **state)
{
	struct lab *lab = *state;

	lab_write(lab->root, SNITCH_PANIC_FILE, "");
	assert_int_equal(core_reload(&lab->core), 0);
	lab_write(lab->root, RULES_FILE, "deny everything, please\n");
	lab_unlink(lab->root, SNITCH_PANIC_FILE);
	assert_true(core_reload(&lab->core) < 0);
	assert_int_equal(lab->rules, 1);
	assert_non_null(strstr(rulebook_error(lab->core.rules), "test.rules:1"));
	assert_int_equal(core_set_mode(&lab->core, SNITCH_MODE_ASK, 0), 0);
	assert_non_null(strstr(rulebook_error(lab->core.rules), "test.rules:1"));
	lab_write(lab->root, RULES_FILE, "deny /usr/bin/curl to any\n");
	assert_int_equal(core_reload(&lab->core), 0);
	assert_string_equal(rulebook_error(lab->core.rules), "");
}

/* A daemon that starts has no last good set: it takes the files without errors. */
static void test_bad_file_at_the_start(void **state)
{
	struct lab *lab = *state;
	struct core again;

	lab_write(lab->root, BAD_FILE, "allow everything, please\n");
	assert_int_equal(core_init(&again, lab->root, NULL, NULL), 0);
	assert_true(rulebook_load(again.rules) < 0);
	assert_non_null(strstr(rulebook_error(again.rules), "bad.rules:1"));
	assert_int_equal(rulebook_count(again.rules), 1);
	core_done(&again);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_release),
		LAB(test_no_room),
		LAB(test_lists_change),
		LAB(test_panic_stays),
		LAB(test_files),
		LAB(test_release_with_bad_file),
		LAB(test_bad_file_at_the_start),
	};

	return cmocka_run_group_tests_name("daemon_reload", tests, NULL, NULL);
}
