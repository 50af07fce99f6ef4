// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What dpkg's records say of a file, in a folder made for it. It must never need root, nor look at
 * this machine's packages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"
#include "package/package.h"

#define SUM_A	"0123456789abcdef0123456789abcdef"
#define SUM_B	"fedcba9876543210fedcba9876543210"
#define INFO	"/var/lib/dpkg/info/"

struct lab {
	char root[LAB_ROOT];
	int dir;
	uid_t owner;
};

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/usr", "/usr/bin", "/opt", "/var", "/var/lib", "/var/lib/dpkg",
		"/var/lib/dpkg/info", "/var/lib/dpkg/updates",
	};
	struct lab *lab = calloc(1, sizeof(*lab));
	struct stat st;

	assert_non_null(lab);
	lab_root(lab->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab->dir = open(lab->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fstat(lab->dir, &st), 0);
	lab->owner = st.st_uid;
	lab_write(lab->root, "/usr/bin/prog", "x");
	lab_write(lab->root, INFO "prog.list", "/.\n/usr\n/usr/bin\n/usr/bin/prog\n");
	lab_write(lab->root, INFO "prog.md5sums", SUM_A "  usr/bin/prog\n");
	lab_write(lab->root, "/var/lib/dpkg/status",
		  "Package: other\nVersion: 9\n\nPackage: prog\nStatus: install ok installed\n"
		  "Architecture: amd64\nVersion: 1.0-1\nDescription: x\n Version: 7\n\n");
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	close(lab->dir);
	lab_remove(lab->root);
	free(lab);
	return 0;
}

static struct package_question question(const struct lab *lab, const char *path, const char *md5)
{
	return (struct package_question){ lab->dir, lab->owner, path, md5 };
}

static int ask(const struct lab *lab, const char *path, const char *md5, struct package_word *word)
{
	struct package_question q = question(lab, path, md5);

	return package_vouches(&q, word);
}

static bool trusted(const struct lab *lab, const char *path)
{
	struct package_question q = question(lab, path, SUM_A);

	return package_trusted(&q);
}

static int mode(const struct lab *lab, const char *name, mode_t bits)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", lab->root, name);
	return chmod(path, bits);
}

static int link_to(const struct lab *lab, const char *to, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", lab->root, name);
	return symlink(to, path);
}

static void what_a_package_brought(void **state)
{
	struct lab *lab = *state;
	struct package_word word;

	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
	assert_string_equal(word.name, "prog");
	assert_string_equal(word.version, "1.0-1");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
	assert_false(word.busy);
	assert_int_equal(ask(lab, "/usr/bin/prog2", SUM_A, &word), 0);
	assert_int_equal(ask(lab, "/usr/bin/pro", SUM_A, &word), 0);
	assert_int_equal(ask(lab, "/bin/prog", SUM_A, &word), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", "", &word), 0);
}

/* Without the list it is not the package's any more; a conffile is in the list only. */
static void both_records_are_needed(void **state)
{
	struct lab *lab = *state;
	struct package_word word;

	lab_write(lab->root, INFO "prog.list", "/.\n/usr/bin/other\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	lab_write(lab->root, INFO "prog.list", "/usr/bin/prog\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
	lab_unlink(lab->root, INFO "prog.list");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	lab_write(lab->root, INFO "prog.list", "/usr/bin/prog\n");
	lab_unlink(lab->root, INFO "prog.md5sums");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
}

static void no_dpkg_nobody_vouches(void **state)
{
	struct lab *lab = *state;
	struct package_word word;
	char from[256], to[256];

	snprintf(from, sizeof(from), "%s/var/lib/dpkg", lab->root);
	snprintf(to, sizeof(to), "%s/var/lib/rpm", lab->root);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	assert_false(word.busy);
}

/* Lines of any kind are passed over; the good one among them counts. */
static void hostile_records(void **state)
{
	struct lab *lab = *state;
	struct package_word word;
	char path[256], *line = malloc(100001);
	FILE *f;

	assert_non_null(line);
	memset(line, 'a', 100000);
	line[100000] = '\0';
	snprintf(path, sizeof(path), "%s" INFO "prog.md5sums", lab->root);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "\n\n%s\n" SUM_A "\n" SUM_A " usr/bin/prog\n" SUM_A "  ../usr/bin/prog\n", line);
	fprintf(f, SUM_A "  %s\n", line);
	fwrite(SUM_A "  usr/bin/prog\0x\n", 1, 49, f);
	fclose(f);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	f = fopen(path, "a");
	fprintf(f, SUM_A "  usr/bin/prog");	/* no newline */
	fclose(f);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
	free(line);
}

/* A record that somebody else can write, that is elsewhere, or that is no file, is none. */
static void records_are_roots_alone(void **state)
{
	struct lab *lab = *state;
	struct package_word word;
	char path[256];

	assert_int_equal(mode(lab, INFO "prog.md5sums", 0664), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	assert_int_equal(mode(lab, INFO "prog.md5sums", 0644), 0);
	assert_int_equal(mode(lab, "/var/lib/dpkg/info", 0777), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	assert_int_equal(mode(lab, "/var/lib/dpkg/info", 0755), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
	lab_write(lab->root, "/opt/sums", SUM_A "  usr/bin/prog\n");
	lab_unlink(lab->root, INFO "prog.md5sums");
	assert_int_equal(link_to(lab, "/opt/sums", INFO "prog.md5sums"), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	lab_unlink(lab->root, INFO "prog.md5sums");
	snprintf(path, sizeof(path), "%s" INFO "prog.md5sums", lab->root);
	assert_int_equal(mkfifo(path, 0644), 0);
	alarm(20);	/* nobody writes into it */
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	alarm(0);
}

static void paths_are_roots_alone(void **state)
{
	struct lab *lab = *state;
	struct package_question q = question(lab, "/usr/bin/prog", SUM_A);

	assert_true(trusted(lab, "/usr/bin/prog"));
	assert_false(trusted(lab, "/usr/bin/none"));
	assert_false(trusted(lab, "/usr/bin"));
	assert_false(trusted(lab, "usr/bin/prog"));
	q.owner++;
	assert_false(package_trusted(&q));
	assert_int_equal(mode(lab, "/usr/bin/prog", 0757), 0);
	assert_false(trusted(lab, "/usr/bin/prog"));
	assert_int_equal(mode(lab, "/usr/bin/prog", 0755), 0);
	assert_int_equal(mode(lab, "/usr", 0775), 0);
	assert_false(trusted(lab, "/usr/bin/prog"));
	assert_int_equal(mode(lab, "/usr", 01777), 0);
	assert_false(trusted(lab, "/usr/bin/prog"));
	assert_int_equal(mode(lab, "/usr", 0755), 0);
	assert_true(trusted(lab, "/usr/bin/prog"));
	assert_int_equal(mode(lab, "", 0777), 0);
	assert_false(trusted(lab, "/usr/bin/prog"));
	assert_int_equal(mode(lab, "", 0755), 0);
	assert_int_equal(link_to(lab, "usr/bin", "/bin"), 0);
	assert_false(trusted(lab, "/bin/prog"));
	assert_int_equal(link_to(lab, "prog", "/usr/bin/alias"), 0);
	assert_false(trusted(lab, "/usr/bin/alias"));
}

/* A package from before /usr took /bin in records bin/prog. */
static void merged_usr(void **state)
{
	struct lab *lab = *state;
	struct package_word word;

	lab_write(lab->root, INFO "prog.list", "/bin/prog\n");
	lab_write(lab->root, INFO "prog.md5sums", SUM_A "  bin/prog\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	assert_int_equal(link_to(lab, "opt", "/bin"), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	lab_unlink(lab->root, "/bin");
	assert_int_equal(link_to(lab, "usr/bin", "/bin"), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
}

/* "wrap" puts its own /usr/bin/prog in the place of that of "prog". */
static void diversions(void **state)
{
	struct lab *lab = *state;
	struct package_word word;

	lab_write(lab->root, "/var/lib/dpkg/diversions",
		  "/usr/bin/a\n/usr/bin/b\nx\n/usr/bin/prog\n/usr/bin/prog.real\nwrap\n");
	lab_write(lab->root, INFO "wrap:amd64.list", "/usr/bin/prog\n");
	lab_write(lab->root, INFO "wrap:amd64.md5sums", SUM_B "  usr/bin/prog\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 1);
	assert_string_equal(word.name, "wrap");
	assert_int_equal(ask(lab, "/usr/bin/prog.real", SUM_A, &word), 1);
	assert_string_equal(word.name, "prog");
	assert_int_equal(ask(lab, "/usr/bin/prog.real", SUM_B, &word), 0);
	/* the administrator's own */
	lab_write(lab->root, "/var/lib/dpkg/diversions",
		  "/usr/bin/prog\n/usr/bin/prog.real\n:\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog.real", SUM_A, &word), 1);
	/* half a file says nothing, so nobody vouches */
	lab_write(lab->root, "/var/lib/dpkg/diversions", "/usr/bin/prog\n/usr/bin/prog.real\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
	lab_write(lab->root, "/var/lib/dpkg/diversions", "x\n/usr/bin/prog.real\n:\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 0);
}

/* dpkg has put the new file in place, the records are still those of the old one. */
static void while_it_unpacks(void **state)
{
	struct lab *lab = *state;
	struct package_word word;
	char path[256];

	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/tmp.ci", lab->root);
	assert_int_equal(mkdir(path, 0755), 0);
	lab_write(lab->root, "/var/lib/dpkg/tmp.ci/md5sums", SUM_B "  usr/bin/prog\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
	lab_write(lab->root, "/var/lib/dpkg/tmp.ci/control", "Package: prog\nVersion: 2.0-1\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 1);
	assert_string_equal(word.name, "prog");
	assert_string_equal(word.version, "2.0-1");
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
}

static void newest_version(void **state)
{
	struct lab *lab = *state;
	struct package_word word;

	lab_write(lab->root, "/var/lib/dpkg/updates/0000", "Package: prog\nVersion: 1.1\n");
	lab_write(lab->root, "/var/lib/dpkg/updates/0001", "Package: prog\nVersion: 1.2\n");
	lab_write(lab->root, "/var/lib/dpkg/updates/0002", "Package: x\nVersion: 5\n");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
	assert_string_equal(word.version, "1.2");
	lab_unlink(lab->root, "/var/lib/dpkg/status");
	lab_unlink(lab->root, "/var/lib/dpkg/updates/0000");
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_A, &word), 1);
	assert_string_equal(word.name, "prog");
	assert_string_equal(word.version, "");
}

static void at_work(void **state)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct lab *lab = *state;
	struct package_word word;
	char path[256], byte;
	int fd, ready[2];
	pid_t pid;

	lab_write(lab->root, "/var/lib/dpkg/lock", "");
	snprintf(path, sizeof(path), "%s/var/lib/dpkg/lock", lab->root);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		fd = open(path, O_RDWR);
		if (fcntl(fd, F_SETLK, &lock) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
	assert_true(word.busy);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(ask(lab, "/usr/bin/prog", SUM_B, &word), 0);
	assert_false(word.busy);
	close(ready[0]);
	close(ready[1]);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(what_a_package_brought),
		LAB(both_records_are_needed),
		LAB(no_dpkg_nobody_vouches),
		LAB(hostile_records),
		LAB(records_are_roots_alone),
		LAB(paths_are_roots_alone),
		LAB(merged_usr),
		LAB(diversions),
		LAB(while_it_unpacks),
		LAB(newest_version),
		LAB(at_work),
	};

	return cmocka_run_group_tests_name("package", tests, NULL, NULL);
}
