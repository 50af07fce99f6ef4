// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files of state: what is in them when a step of writing them fails, also where names cannot
 * change places. Two calls of the C library are this file's own, so that they fail when told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"
#include "util/save.h"

#define NAME	"/state"

static bool swaps;		/* the file system can swap names */
static unsigned int syncs_left;	/* that succeed */

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	if (swaps)
		return syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
	/* Linux, fs/namei.c: the names are looked up before the file system is asked */
	if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW))
		return -1;
	errno = EINVAL;
	return -1;
}

int fsync(int fd)
{
	if (!syncs_left) {
		errno = EIO;
		return -1;
	}
	syncs_left--;
	return syscall(SYS_fsync, fd);
}

static int setup(void **state)
{
	char *root = malloc(LAB_ROOT);

	assert_non_null(root);
	lab_root(root, NULL, 0);
	swaps = true;
	syncs_left = 100;
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	lab_remove(*state);
	free(*state);
	return 0;
}

static int put_text(FILE *f, const void *ctx)
{
	return fputs(ctx, f) < 0 ? -EIO : 0;
}

/* What the file holds; NULL: there is none. There is never another one in the folder. */
static void t_holds(const char *root, const char *text)
{
	char path[LAB_ROOT + 16], got[64] = "";
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/.state.tmp", root);
	assert_int_equal(lstat(path, &st), -1);
	snprintf(path, sizeof(path), "%s" NAME, root);
	f = snitch_read(path);
	assert_int_equal(!f, !text);
	if (!f)
		return;
	assert_int_equal(fread(got, 1, sizeof(got) - 1, f), strlen(text));
	fclose(f);
	assert_string_equal(got, text);
}

static void t_written(void **state)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		swaps = !i;
		assert_int_equal(snitch_save(*state, "state", put_text, "first"), 0);
		t_holds(*state, "first");
		assert_int_equal(snitch_save(*state, "state", put_text, "second"), 0);
		t_holds(*state, "second");
		assert_int_equal(snitch_save(*state, "state", NULL, NULL), 0);
		t_holds(*state, NULL);
	}
}

static void t_new_not_synced(void **state)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		swaps = !i;
		syncs_left = 1;
		assert_int_equal(snitch_save(*state, "state", put_text, "first"), -EIO);
		t_holds(*state, NULL);
	}
}

static void t_swapped_not_synced(void **state)
{
	assert_int_equal(snitch_save(*state, "state", put_text, "first"), 0);
	syncs_left = 1;
	assert_int_equal(snitch_save(*state, "state", put_text, "second"), -EIO);
	t_holds(*state, "first");
	syncs_left = 0;
	assert_int_equal(snitch_save(*state, "state", put_text, "third"), -EIO);
	t_holds(*state, "first");
	assert_int_equal(snitch_save(*state, "state", NULL, NULL), -EIO);
	t_holds(*state, "first");
}

/* The one before is gone then: a whole file stays all the same. */
static void t_over_not_synced(void **state)
{
	swaps = false;
	assert_int_equal(snitch_save(*state, "state", put_text, "first"), 0);
	syncs_left = 1;
	assert_int_equal(snitch_save(*state, "state", put_text, "second"), -EIO);
	t_holds(*state, "second");
}

#define SAVE(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAVE(t_written),
		SAVE(t_new_not_synced),
		SAVE(t_swapped_not_synced),
		SAVE(t_over_not_synced),
	};

	return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
