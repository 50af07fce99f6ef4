// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The administrator's rules, written by `snitch rules` itself below a folder of the test's own. It
 * must never touch the machine's rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "policy/policy.h"

#define FOLDER	"/etc/snitch/rules.d"
#define OURS	FOLDER "/prompts.rules"
#define BY_HAND	"# by hand\ndeny any to 192.0.2.1\n"
#define NC	"deny /usr/bin/nc to 192.0.2.7 port 80 tcp"

struct lab {
	char root[64];
	struct cli cli;
	char text[1024];
};

static const char *const dirs[] = { "/etc", "/etc/snitch", FOLDER };

static void path_of(const struct lab *lab, const char *name, char path[160])
{
	assert_true(snprintf(path, 160, "%s%s", lab->root, name) < 160);
}

static int setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	char path[160];
	size_t i;

	assert_non_null(lab);
	strcpy(lab->root, "/tmp/snitch-test-XXXXXX");
	assert_non_null(mkdtemp(lab->root));
	for (i = 0; i < 3; i++) {
		path_of(lab, dirs[i], path);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = { OURS, OURS ".last", FOLDER "/mine.rules" };
	struct lab *lab = *state;
	char path[160];
	size_t i;

	for (i = 0; i < 3; i++) {
		path_of(lab, files[i], path);
		unlink(path);
	}
	for (i = 3; i--;) {
		path_of(lab, dirs[i], path);
		assert_int_equal(rmdir(path), 0);	/* nothing else was written */
	}
	assert_int_equal(rmdir(lab->root), 0);
	free(lab);
	return 0;
}

static void put(const struct lab *lab, const char *name, const char *text)
{
	char path[160];
	FILE *f;

	path_of(lab, name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, 0644), 0);
}

/* The text of a file; "" without one. */
static const char *get(struct lab *lab, const char *name)
{
	char path[160];
	FILE *f;

	path_of(lab, name, path);
	lab->text[0] = '\0';
	f = fopen(path, "r");
	if (f) {
		lab->text[fread(lab->text, 1, sizeof(lab->text) - 1, f)] = '\0';
		fclose(f);
	}
	return lab->text;
}

static int add(struct lab *lab, const char *root, const char *text, uint64_t *id)
{
	struct rule *rule = NULL;

	assert_int_equal(rule_parse(text, NULL, 0, &rule, NULL), 0);
	return admin_add(&lab->cli, root, rule, id);
}

static void it_is_written_and_taken_away(void **state)
{
	struct lab *lab = *state;
	char line[128], path[160];
	uint64_t id, other;
	struct stat st;

	put(lab, OURS, BY_HAND);
	assert_int_equal(add(lab, lab->root, NC, &id), CLI_OK);
	snprintf(line, sizeof(line), BY_HAND "[id=%016llx] " NC "\n", (unsigned long long)id);
	assert_string_equal(get(lab, OURS), line);
	assert_string_equal(get(lab, OURS ".last"), BY_HAND);
	path_of(lab, OURS, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);

	/* the same again takes its place */
	assert_int_equal(add(lab, lab->root, NC, &other), CLI_OK);
	assert_null(strstr(get(lab, OURS), line + strlen(BY_HAND)));
	assert_int_equal(admin_remove(&lab->cli, lab->root, id), CLI_NOT_FOUND);
	assert_int_equal(admin_remove(&lab->cli, lab->root, other), CLI_OK);
	assert_string_equal(get(lab, OURS), BY_HAND);
}

static void a_bad_file_stops_it(void **state)
{
	struct lab *lab = *state;
	uint64_t id;

	put(lab, FOLDER "/mine.rules", "allow everybody everything\n");
	assert_int_equal(add(lab, lab->root, "deny any to 192.0.2.7", &id), CLI_INVALID);
	assert_string_equal(get(lab, OURS), "");
}

static void a_folder_open_to_others_is_refused(void **state)
{
	struct lab *lab = *state;
	char path[160];
	uint64_t id;

	path_of(lab, FOLDER, path);
	assert_int_equal(chmod(path, 0775), 0);
	assert_int_equal(add(lab, lab->root, "deny any to 192.0.2.7", &id), CLI_DENIED);
	assert_string_equal(get(lab, OURS), "");
}

static void only_root_may(void **state)
{
	const uid_t me = geteuid();
	struct lab *lab = *state;
	uint64_t id;

	if (!me)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(add(lab, NULL, "deny any to 192.0.2.7", &id), CLI_DENIED);
	assert_int_equal(admin_remove(&lab->cli, NULL, 1), CLI_NOT_FOUND);
	assert_int_equal(seteuid(me), 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_written_and_taken_away),
		TEST(a_bad_file_stops_it),
		TEST(a_folder_open_to_others_is_refused),
		TEST(only_root_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
