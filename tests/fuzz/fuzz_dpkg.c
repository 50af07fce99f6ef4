// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled records at the reader of dpkg's files: whatever they say, it vouches only for a
 * digest and a path that stand in one line. It must never touch a file outside of its folder.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "package/package.h"
#include "spoil.h"

#define SUM	"0123456789abcdef0123456789abcdef"
#define NAME	"usr/bin/prog"

struct record {
	const char *path, *text;
};

static const struct record records[] = {
	{ "var/lib/dpkg/info/prog.md5sums",
	  "ffffffffffffffffffffffffffffffff  usr/share/doc/x\n" SUM "  " NAME "\n" },
	{ "var/lib/dpkg/info/prog.list", "/.\n/usr\n/usr/bin\n/" NAME "\n" },
	{ "var/lib/dpkg/diversions", "/usr/bin/a\n/usr/bin/b\nx\n/usr/bin/c\n/usr/bin/d\n:\n" },
	{ "var/lib/dpkg/status", "Package: x\nVersion: 1\n\nPackage: prog\nVersion: 2\n\n" },
	{ "var/lib/dpkg/tmp.ci/control", "Package: prog\nVersion: 3\n" },
	{ "var/lib/dpkg/tmp.ci/md5sums", SUM "  " NAME "\n" },
};

#define RECORDS	(sizeof(records) / sizeof(records[0]))

static size_t spoil(char *text, size_t n, size_t size)
{
	static const char bytes[] = "\n\n :/\\ax0\0";

	return spoil_text(text, n, size, bytes, sizeof(bytes) - 1);
}

static void put(int root, const char *path, const char *text, size_t n)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || ftruncate(fd, n))
		abort();
	close(fd);
}

/* Does the line that would justify a yes stand anywhere? */
static int stands(const char *text, size_t n)
{
	static const char line[] = SUM "  " NAME;
	const char *at = text, *end = text + n;
	size_t len = sizeof(line) - 1;

	while ((at = memmem(at, end - at, line, len))) {
		if ((at == text || at[-1] == '\n') && (at + len == end || at[len] == '\n'))
			return 1;
		at++;
	}
	return 0;
}

static void one(int root, uid_t owner)
{
	struct package_question q = { root, owner, "/" NAME, SUM };
	struct package_word word;
	int good = 0;
	size_t i;

	for (i = 0; i < RECORDS; i++) {
		size_t n = strlen(records[i].text);
		char text[512];
		int k;

		memcpy(text, records[i].text, n);
		for (k = rand() % 4; k > 0; k--)
			n = spoil(text, n, sizeof(text));
		put(root, records[i].path, text, n);
		if (strstr(records[i].path, "md5sums"))
			good |= stands(text, n);
	}
	if (package_vouches(&q, &word) && !good) {
		fprintf(stderr, "vouched for by '%s' without a line that says so\n", word.name);
		abort();
	}
}

int main(void)
{
	static const char *const dirs[] = {
		"usr", "usr/bin", "var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info",
		"var/lib/dpkg/tmp.ci",
	};
	char folder[] = "/tmp/snitch-fuzz-XXXXXX";
	const char *runs = getenv("FUZZ_RUNS");
	long left = runs ? atol(runs) : 2000;
	struct stat st;
	size_t i;
	int root;

	srand(1);
	umask(022);
	if (!mkdtemp(folder))
		return 1;
	root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstat(root, &st) || fchmodat(AT_FDCWD, folder, 0755, 0))
		return 1;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		mkdirat(root, dirs[i], 0755);
	while (left-- > 0)
		one(root, st.st_uid);
	for (i = 0; i < RECORDS; i++)
		unlinkat(root, records[i].path, 0);
	for (i = sizeof(dirs) / sizeof(dirs[0]); i--;)
		unlinkat(root, dirs[i], AT_REMOVEDIR);
	close(root);
	return rmdir(folder) ? 1 : 0;
}
