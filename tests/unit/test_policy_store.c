// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Folders of rules: what is taken, what is refused, and what a change leaves on the disk. It must
 * never look outside a folder of its own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/policy.h"

#define BUILTIN	"usr/lib/snitch/rules.d"
#define ADMIN	"etc/snitch/rules.d"
#define STORE	"var/lib/snitch/rules"
#define RUN	"run/snitch/rules"

static char root[64];
static const struct policy_paths paths = { .root = root };

/* A shell command in the test's own folder. */
static void run(const char *what)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "umask 022; cd '%s' && %s", root, what);
	assert_int_equal(system(cmd), 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/snitch-store.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	run("mkdir -p " BUILTIN " " ADMIN " " STORE " " RUN);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run("rm -r usr etc var run elsewhere 2>/dev/null || [ ! -e usr ]");
	return rmdir(root);
}

static char *at(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(at(name), 0644), 0);
}

static void read_file(const char *name, char *buf, size_t size)
{
	FILE *f = fopen(at(name), "r");

	assert_non_null(f);
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

static struct ruleset *load(void)
{
	char text[1024];
	struct rule_error err;
	struct ruleset *set;

	if (ruleset_load(&paths, 0, &set, &err))
		fail_msg("%s", rule_error_print(&err, text, sizeof(text)));
	return set;
}

static void refused(int r, const char *expected)
{
	struct rule_error err;
	struct ruleset *set = (struct ruleset *)1;

	assert_int_equal(ruleset_load(&paths, 0, &set, &err), r);
	assert_null(set);
	assert_non_null(strstr(err.expected, expected));
	assert_int_equal(ruleset_load(&paths, RULES_SKIP_BAD, &set, &err), 0);
	assert_true(err.expected[0]);
	ruleset_free(set);
}

/* What only the set refuses is told with its place, too. */
static void test_place(void **state)
{
	struct rule_error err;
	struct ruleset *set;
	char text[1024];

	(void)state;
	write_file(ADMIN "/a.rules", "deny /bin/for to any\nallow /bin/for to any  for 1h\n");
	assert_int_equal(ruleset_load(&paths, 0, &set, &err), -EINVAL);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 24);
	assert_non_null(strstr(rule_error_print(&err, text, sizeof(text)),
			       "a.rules:2:24: found 'for', expected a lifetime"));
	write_file(ADMIN "/a.rules", "[id=0000000000000001] deny any to any\n"
		   "[id=0000000000000001] deny any to ::1\n");
	assert_int_equal(ruleset_load(&paths, 0, &set, &err), -EEXIST);
	assert_true(err.line == 2 && err.column == 1);
	unlink(at(ADMIN "/a.rules"));
}

static uint64_t add(struct ruleset *set, const char *text, enum rule_scope scope, uint32_t uid)
{
	struct rule_error err = { .line = 0 };
	struct rule *rule;
	uint64_t id;

	assert_int_equal(rule_parse(text, NULL, 0, &rule, &err), 0);
	rule_begin(rule, 1000, NULL);
	if (ruleset_add(set, &paths, rule, scope, uid, false, &id, &err))
		fail_msg("'%s': %s: found %s, expected %s", text, err.file, err.found,
			 err.expected);
	return id;
}

static void test_folders(void **state)
{
	struct ruleset *set;
	size_t i, kernel;

	(void)state;
	write_file(BUILTIN "/10-a.rules", "allow any to loopback\n");
	write_file(BUILTIN "/20-b.rules", "allow any to dns-servers port 53\n");
	write_file(BUILTIN "/30-c.rules", "allow any to multicast\nallow kernel nd to any\n"
		   "deny kernel mld to any\n");
	write_file(BUILTIN "/40-d.rules", "allow kernel igmp to any\n");
	write_file(ADMIN "/40-d.rules", "");
	write_file(BUILTIN "/README", "not a rule\n");
	write_file(ADMIN "/20-b.rules", "# masked\n\ndeny any to 192.0.2.1\n");
	assert_int_equal(symlink("/dev/null", at(ADMIN "/30-c.rules")), 0);
	write_file(STORE "/system.rules", "deny any to 192.0.2.2\n");
	write_file(STORE "/1000.rules", "allow any to 192.0.2.3");
	set = load();
	assert_int_equal(set->n_rules, 5);
	assert_int_equal(set->rules[0]->scope, RULE_S_USER);
	assert_int_equal(set->rules[0]->who_id, 1000);
	assert_int_equal(set->rules[1]->action, SNITCH_DENY);
	assert_int_equal(set->rules[3]->scope, RULE_S_BUILTIN);
	/* Of what is switched off, what the kernel was allowed is refused: nobody can be asked. */
	for (i = 0, kernel = 0; i < set->n_rules; i++) {
		if (set->rules[i]->program.kind != RULE_P_KERNEL)
			continue;
		assert_int_equal(set->rules[i]->program.kernel, SNITCH_K_ND);
		assert_int_equal(set->rules[i]->action, SNITCH_DENY);
		assert_int_equal(set->rules[i]->scope, RULE_S_BUILTIN);
		kernel++;
	}
	assert_int_equal(kernel, 1);
	ruleset_free(set);
}

static void test_refusals(void **state)
{
	(void)state;
	write_file(ADMIN "/a.rules", "deny any to 192.0.2.1\nallow any too any\n");
	refused(-EINVAL, "");
	write_file(ADMIN "/a.rules", "deny any to any\n");
	chmod(at(ADMIN "/a.rules"), 0664);
	refused(-EPERM, "a mode without write");
	chmod(at(ADMIN "/a.rules"), 0644);
	chmod(at(ADMIN), 0777);
	refused(-EPERM, "a mode without write");
	chmod(at(ADMIN), 0755);
	run("mv " ADMIN "/a.rules elsewhere");
	assert_int_equal(symlink("../../../elsewhere", at(ADMIN "/a.rules")), 0);
	refused(-EPERM, "a file of its own");
	unlink(at(ADMIN "/a.rules"));
	mkdir(at(ADMIN "/a.rules"), 0755);
	refused(-EPERM, "a plain file");
	rmdir(at(ADMIN "/a.rules"));
	assert_int_equal(mkfifo(at(ADMIN "/a.rules"), 0644), 0);
	refused(-EPERM, "a plain file");
	unlink(at(ADMIN "/a.rules"));
	write_file(STORE "/007.rules", "deny any to any\n");
	refused(-EINVAL, "UID.rules");
	unlink(at(STORE "/007.rules"));
	write_file(STORE "/7.rules", "allow any user root to any\n");
	refused(-EPERM, "for the user it belongs to");
	run("head -c 1048577 /dev/zero | tr '\\0' '#' > " STORE "/7.rules");
	refused(-EFBIG, "16 MiB");
}

static void test_add_remove(void **state)
{
	struct rule_error err;
	struct ruleset *set;
	uint64_t a, b, again;
	char text[4096];
	struct stat st;

	(void)state;
	write_file(STORE "/system.rules", "# kept\ndeny any to 192.0.2.1");
	set = load();
	a = add(set, "allow /usr/bin/curl to 192.0.2.2 # why", RULE_S_SYSTEM, 0);
	b = add(set, "deny /usr/bin/curl to 192.0.2.3", RULE_S_SYSTEM, 0);
	read_file(STORE "/system.rules", text, sizeof(text));
	assert_memory_equal(text, "# kept\ndeny any to 192.0.2.1\n[id=", 33);
	assert_int_equal(stat(at(STORE "/system.rules"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(access(at(STORE "/system.rules.last"), F_OK), 0);
	/* the same again takes its place */
	again = add(set, "allow /usr/bin/curl to 192.0.2.2 # why", RULE_S_SYSTEM, 0);
	assert_int_not_equal(again, a);
	assert_int_equal(set->n_rules, 3);
	assert_null(ruleset_find(set, a));
	assert_int_equal(ruleset_find(set, b)->line, 3);
	assert_int_equal(ruleset_find(set, again)->line, 4);
	assert_int_equal(ruleset_remove(set, &paths, b, &err), 0);
	assert_int_equal(ruleset_find(set, again)->line, 3);
	assert_int_equal(ruleset_remove(set, &paths, b, &err), -ENOENT);
	ruleset_free(set);
	set = load();
	assert_int_equal(set->n_rules, 2);
	assert_non_null(ruleset_find(set, again));
	/* somebody edited the file meanwhile */
	write_file(STORE "/system.rules", "deny any to 192.0.2.1\n");
	assert_int_equal(ruleset_remove(set, &paths, again, &err), -ESTALE);
	assert_non_null(ruleset_find(set, again));
	read_file(STORE "/system.rules", text, sizeof(text));
	assert_string_equal(text, "deny any to 192.0.2.1\n");
	ruleset_free(set);
}

static void test_places(void **state)
{
	struct rule_error err;
	struct ruleset *set;
	uint64_t id;

	(void)state;
	run("rm -r run");
	write_file(BUILTIN "/a.rules", "allow any to loopback\n");
	set = load();
	assert_int_equal(ruleset_remove(set, &paths, set->rules[0]->id, &err), -EPERM);
	add(set, "deny any to 192.0.2.1", RULE_S_ADMIN, 0);
	add(set, "deny any to 192.0.2.2", RULE_S_USER, 1000);
	id = add(set, "deny any to 192.0.2.3 for 1h", RULE_S_USER, 1000);
	add(set, "deny any to 192.0.2.4 until reboot", RULE_S_SYSTEM, 0);
	assert_int_equal(access(at(ADMIN "/prompts.rules"), F_OK), 0);
	assert_int_equal(access(at(STORE "/1000.rules"), F_OK), 0);
	assert_int_equal(access(at(RUN "/1000.rules"), F_OK), 0);
	assert_int_equal(access(at(RUN "/system.rules"), F_OK), 0);
	ruleset_free(set);
	set = load();
	assert_int_equal(set->n_rules, 5);
	assert_int_equal(ruleset_find(set, id)->until, 1000 + 3600 * 1000000000ULL);
	assert_int_equal(ruleset_expire(set, &paths, 0, 2000), 0);
	assert_int_equal(ruleset_expire(set, &paths, 0, UINT64_MAX), 1);
	assert_null(ruleset_find(set, id));
	ruleset_free(set);
}

/* A file that cannot be written leaves the set as it was. */
static void test_failure(void **state)
{
	struct rule_error err;
	struct ruleset *set = load();
	struct rule *rule;

	(void)state;
	assert_int_equal(chmod(at(STORE), 0777), 0);
	assert_int_equal(rule_parse("deny any to any", NULL, 0, &rule, &err), 0);
	assert_int_equal(ruleset_add(set, &paths, rule, RULE_S_SYSTEM, 0, false, NULL, &err),
			 -EPERM);
	assert_int_equal(set->n_rules, 0);
	assert_int_equal(access(at(STORE "/system.rules"), F_OK), -1);
	assert_int_equal(rule_parse("deny any to any", NULL, 0, &rule, &err), 0);
	assert_int_equal(ruleset_add(set, &paths, rule, RULE_S_BUILTIN, 0, false, NULL, &err),
			 -EPERM);
	assert_int_equal(set->n_rules, 0);
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_add_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
