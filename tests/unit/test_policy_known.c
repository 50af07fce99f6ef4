// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory of programs: what is kept comes back, what makes no sense does not. No daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "lab.h"
#include "policy/known.h"

#define FILE_NAME	"/var/lib/snitch/programs"
#define SHA		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int setup(void **state)
{
	static const char *const dirs[] = { "/var", "/var/lib", "/var/lib/snitch" };
	char *root = malloc(LAB_ROOT);

	assert_non_null(root);
	lab_root(root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	lab_remove(*state);
	free(*state);
	return 0;
}

static struct known_file file(uint64_t ino)
{
	return (struct known_file){ .dev = 2049, .ino = ino, .size = 5, .ctime = -3, .nsec = 7 };
}

static void what_is_kept_comes_back(void **state)
{
	static const char *const paths[] = {
		"/usr/bin/b", "/opt/with blank", "/opt/with\nnewline", "/a", "/usr/bin/\x1b\xff",
	};
	struct known a = { .n = 0 }, b = { .n = 0 };
	struct known_program *p;
	struct known_file f;
	uint64_t i;

	for (i = 0; i < 5; i++) {
		p = known_add(&a, paths[i]);
		assert_non_null(p);
		assert_ptr_equal(p, known_add(&a, paths[i]));
		for (f = file(100); f.ino < 100 + i; f.ino++)
			assert_true(known_accept(p, &f));
		p->has_sha256 = i & 1;
		memset(p->sha256, 0xa0 + i, sizeof(p->sha256));
	}
	assert_int_equal(known_save(&a, *state), 0);
	assert_int_equal(known_load(&b, *state), 0);
	assert_int_equal(b.n, 5);
	for (i = 0; i < 5; i++) {
		p = known_find(&b, paths[i]);
		assert_non_null(p);
		assert_int_equal(p->n_files, i);
		f = file(99 + i);
		assert_int_equal(known_is(p, &f), i > 0);
		f = file(100 + i);
		assert_false(known_is(p, &f));
		assert_int_equal(p->has_sha256, i & 1);
		assert_true(!p->has_sha256 || p->sha256[31] == 0xa0 + i);
	}
	known_clear(&a);
	known_clear(&b);
	/* none, no file */
	assert_int_equal(known_save(&a, *state), 0);
	assert_int_equal(known_load(&b, *state), 0);
	assert_int_equal(b.n, 0);
}

static void every_part_counts(void **state)
{
	struct known_file base = file(1), f;
	struct known_program p = { .path = NULL };

	(void)state;
	assert_true(known_accept(&p, &base));
	assert_false(known_accept(&p, &base));
	assert_true(known_is(&p, &base));
	f = base, f.dev++;
	assert_false(known_is(&p, &f) || known_same_inode(&p, &f));
	f = base, f.ino++;
	assert_false(known_is(&p, &f) || known_same_inode(&p, &f));
	f = base, f.size++;
	assert_false(known_is(&p, &f));
	assert_true(known_same_inode(&p, &f));
	f = base, f.ctime++;
	assert_false(known_is(&p, &f));
	f = base, f.nsec++;
	assert_false(known_is(&p, &f));
	known_refuse(&p, &f);
	assert_true(known_is_wrong(&p, &f));
	assert_false(known_is_wrong(&p, &base));
	known_program_clear(&p);
}

static void the_oldest_goes(void **state)
{
	struct known_program p = { .path = NULL };
	struct known_file f = file(1);

	(void)state;
	for (; f.ino <= KNOWN_FILES + 1; f.ino++)
		known_accept(&p, &f);
	assert_int_equal(p.n_files, KNOWN_FILES);
	f = file(1);
	assert_false(known_is(&p, &f));
	f = file(2);
	assert_true(known_is(&p, &f));
	known_program_clear(&p);
}

static void lines_that_make_no_sense(void **state)
{
	static const char *const bad[] = {
		"", "-", "- -", "- - ", "- - relative", "- - /a\\x00b", "- - /a\\xzz",
		"- 1:2:3:4 /a", "- 1:2:3:4. /a", "- 1:2:3:4.1000000000 /a", "- 1:2:3:x.0 /a",
		"- 1:2:3:4.5, /a", "- 1:2:3:4.5,/a", "- -1:2:3:4.5 /a", "- +1:2:3:4.5 /a",
		"- 99999999999999999999:2:3:4.5 /a", "- 1:2:3:9223372036854775808.5 /a",
		"- 1:1:1:1.1,2:2:2:2.2,3:3:3:3.3,4:4:4:4.4,5:5:5:5.5 /a",
		"00112233 1:2:3:4.5 /a", SHA "0 1:2:3:4.5 /a", SHA " 1:2:3:4.5",
	};
	struct known k = { .n = 0 };
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s\n" SHA " 1:2:3:-4.5 /good\n", bad[i]);
		lab_write(*state, FILE_NAME, text);
		assert_int_equal(known_load(&k, *state), -EBADMSG);
		assert_int_equal(k.n, 1);
		assert_int_equal(known_find(&k, "/good")->files[0].ctime, -4);
		known_clear(&k);
	}
	lab_write(*state, FILE_NAME, "- 1:2:3:4.5 /a\n- 9:9:9:9.9 /a\n");
	assert_int_equal(known_load(&k, *state), -EBADMSG);
	assert_int_equal(known_find(&k, "/a")->files[0].ino, 2);
	known_clear(&k);
}

static void what_no_rule_names_is_forgotten(void **state)
{
	struct known k = { .n = 0 };

	(void)state;
	known_add(&k, "/a");
	known_add(&k, "/b");
	known_find(&k, "/b")->named = true;
	assert_true(known_prune(&k));
	assert_null(known_find(&k, "/a"));
	assert_non_null(known_find(&k, "/b"));
	assert_false(known_prune(&k));
	known_forget(&k, "/b");
	assert_int_equal(k.n, 0);
	known_clear(&k);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(what_is_kept_comes_back),
		LAB(every_part_counts),
		LAB(the_oldest_goes),
		LAB(lines_that_make_no_sense),
		LAB(what_no_rule_names_is_forgotten),
	};

	return cmocka_run_group_tests_name("policy_known", tests, NULL, NULL);
}
