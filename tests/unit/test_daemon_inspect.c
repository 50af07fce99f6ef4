// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that looks into executables: what it finds, and that it never keeps anybody waiting.
 * No daemon, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/inspect.h"
#include "lab.h"
#include "util/log.h"

#define PROG	"/usr/bin/prog"
#define MD5_V1	"4f98f59e877ecb84ff75ef0fab45bac5"
#define SUMS	"/var/lib/dpkg/info/prog.md5sums"
#define WAIT_MS	30000

struct lab {
	char root[LAB_ROOT];
	struct inspector *inspector;
};

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/usr", "/usr/bin", "/var", "/var/lib", "/var/lib/dpkg", "/var/lib/dpkg/info",
	};
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	log_set_level(LOG_EMERG);
	lab_root(lab->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab_write(lab->root, PROG, "v1\n");
	lab_write(lab->root, SUMS, MD5_V1 "  usr/bin/prog\n");
	lab_write(lab->root, "/var/lib/dpkg/info/prog.list", PROG "\n");
	assert_int_equal(inspector_start(&lab->inspector, lab->root, false), 0);
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	inspector_stop(lab->inspector);
	lab_remove(lab->root);
	free(lab);
	return 0;
}

static struct inspect_finding next(const struct lab *lab)
{
	struct pollfd fds = { .fd = inspector_fd(lab->inspector), .events = POLLIN };
	struct inspect_finding finding;

	assert_int_equal(poll(&fds, 1, WAIT_MS), 1);
	assert_int_equal(inspector_read(lab->inspector, &finding), 0);
	return finding;
}

static struct inspect_finding look(const struct lab *lab, const char *path, int fd)
{
	static uint64_t id = 40;
	struct inspect_finding finding;

	assert_int_equal(inspector_ask(lab->inspector, ++id, path, fd), 0);
	finding = next(lab);
	assert_int_equal(finding.id, id);
	return finding;
}

static int open_file(const struct lab *lab, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", lab->root, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void it_finds(void **state)
{
	/* of "v1\n" */
	static const uint8_t sha256[] = {
		0x2d, 0x27, 0xfb, 0xdf, 0x4e, 0x8c, 0xa2, 0x07, 0xaf, 0xbf, 0xa3, 0x88,
		0xca, 0x91, 0x72, 0xfb, 0xcc, 0x6c, 0x70, 0xe5, 0x34, 0xaf, 0x24, 0x76,
		0xb3, 0xb7, 0x04, 0xf8, 0x7d, 0xeb, 0xad, 0xcf,
	};
	struct lab *lab = *state;
	struct inspect_finding f = look(lab, PROG, -1);
	struct known_file file;
	struct stat st;
	int fd;

	assert_int_equal(f.error, 0);
	assert_memory_equal(f.sha256, sha256, sizeof(sha256));
	assert_true(f.at_path);
	assert_true(f.vouched);
	assert_string_equal(f.package, "prog");
	fd = open_file(lab, PROG);
	assert_int_equal(fstat(fd, &st), 0);
	known_file_of_stat(&file, &st);
	assert_true(known_file_equal(&file, &f.file));
	f = look(lab, PROG, fd);
	assert_true(!f.error && f.at_path && f.vouched);
	close(fd);
}

static void no_word_for_other_contents(void **state)
{
	struct lab *lab = *state;
	struct inspect_finding f;
	char path[256];

	lab_write(lab->root, PROG, "v2\n");
	f = look(lab, PROG, -1);
	assert_true(!f.error && f.at_path && !f.vouched);
	lab_write(lab->root, PROG, "v1\n");
	snprintf(path, sizeof(path), "%s/usr/bin", lab->root);
	assert_int_equal(chmod(path, 0777), 0);
	f = look(lab, PROG, -1);
	assert_true(!f.error && f.at_path && !f.vouched);
	assert_int_equal(chmod(path, 0755), 0);
	assert_true(look(lab, PROG, -1).vouched);
}

/* The executable that runs is another one than that at the path, whatever it contains. */
static void another_file(void **state)
{
	struct lab *lab = *state;
	struct inspect_finding f;
	int fd;

	lab_write(lab->root, "/usr/bin/copy", "v1\n");
	fd = open_file(lab, "/usr/bin/copy");
	f = look(lab, PROG, fd);
	close(fd);
	assert_true(!f.error && !f.at_path && !f.vouched);
	assert_string_equal(f.package, "");
}

static void files_that_are_none(void **state)
{
	struct lab *lab = *state;
	char path[256];

	assert_int_equal(look(lab, "/usr/bin/none", -1).error, -ENOENT);
	assert_int_equal(look(lab, "/usr/bin", -1).error, -EINVAL);
	snprintf(path, sizeof(path), "%s/usr/bin/fifo", lab->root);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(look(lab, "/usr/bin/fifo", -1).error, -EINVAL);
	assert_int_equal(look(lab, "/dev/zero", -1).error, -ENOENT);
}

/* A link in the path is followed to the file that the kernel would execute. */
static void links(void **state)
{
	struct lab *lab = *state;
	char path[256];

	snprintf(path, sizeof(path), "%s/bin", lab->root);
	assert_int_equal(symlink("usr/bin", path), 0);
	assert_true(look(lab, "/bin/prog", -1).vouched);
}

/* Many at once are answered one and all. */
static void many(void **state)
{
	struct lab *lab = *state;
	uint64_t seen = 0;
	int i;

	for (i = 0; i < 40; i++)
		assert_int_equal(inspector_ask(lab->inspector, i, i % 2 ? PROG : "/none", -1), 0);
	for (i = 0; i < 40; i++) {
		struct inspect_finding f = next(lab);

		assert_int_equal(f.error, f.id % 2 ? 0 : -ENOENT);
		seen |= 1ULL << f.id;
	}
	assert_int_equal(seen, (1ULL << 40) - 1);
}

static void it_ends_with_the_daemon(void **state)
{
	struct lab *lab = *state;
	struct pollfd fds;
	int other;

	other = dup(inspector_fd(lab->inspector));
	assert_true(other >= 0);
	assert_int_equal(shutdown(other, SHUT_WR), 0);
	fds = (struct pollfd){ .fd = other, .events = POLLIN };
	assert_int_equal(poll(&fds, 1, WAIT_MS), 1);
	assert_true(fds.revents & POLLHUP);
	close(other);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(it_finds),
		LAB(no_word_for_other_contents),
		LAB(another_file),
		LAB(files_that_are_none),
		LAB(links),
		LAB(many),
		LAB(it_ends_with_the_daemon),
	};

	return cmocka_run_group_tests_name("daemon_inspect", tests, NULL, NULL);
}
