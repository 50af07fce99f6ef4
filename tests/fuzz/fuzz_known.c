// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws a spoiled memory of programs at its reader: what is taken stands in a whole line, is
 * kept in order, and is the same when it is written and read again. It must never touch a file
 * outside of its folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/known.h"
#include "spoil.h"
#include "util/escape.h"

#define FILE_NAME	"/var/lib/snitch/programs"
#define SHA	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char seed[] =
	SHA " 2049:131:52000:1700000000.5,2049:132:52001:-3.999999999 /usr/bin/curl\n"
	"- 1:2:3:4.0,5:6:7:8.9,18446744073709551615:0:0:0.0,1:1:1:1.1 /opt/a b/c\\x0ad\n"
	"- - /usr/bin/\xc3\xbc\n"
	SHA " - /usr/bin/curl-2\n";

static size_t spoil(char *text, size_t n, size_t size)
{
	static const char bytes[] = "\n\n --:,./\\x0a9/\0\xff";

	return spoil_text(text, n, size, bytes, sizeof(bytes) - 1);
}

static void put(const char *root, const char *text, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s" FILE_NAME, root);
	f = fopen(path, "we");
	if (!f || fwrite(text, 1, n, f) != n || fclose(f))
		abort();
}

static int ends_with(const char *text, size_t n, const char *path)
{
	const char *at = text, *end;
	size_t len = strlen(path);

	for (; (end = memchr(at, '\n', n - (at - text))); at = end + 1) {
		if ((size_t)(end - at) > len && end[-(long)len - 1] == ' ' &&
		    !memcmp(end - len, path, len))
			return 1;
	}
	return 0;
}

/* Does a line of the file end with this path, escaped as it is written, or not at all? */
static int stands(const char *text, size_t n, const char *path)
{
	char *line = snitch_escape_str(path);
	int found;

	if (!line)
		abort();
	/* with more escapes than are needed it can stand in many ways */
	found = ends_with(text, n, path) || ends_with(text, n, line) || memmem(text, n, "\\x", 2);
	free(line);
	return found;
}

static int same(const struct known *a, const struct known *b)
{
	size_t i;
	unsigned int k;

	if (a->n != b->n)
		return 0;
	for (i = 0; i < a->n; i++) {
		const struct known_program *p = &a->programs[i], *q = &b->programs[i];

		if (strcmp(p->path, q->path) || p->n_files != q->n_files ||
		    p->has_sha256 != q->has_sha256 ||
		    (p->has_sha256 && memcmp(p->sha256, q->sha256, sizeof(p->sha256))))
			return 0;
		for (k = 0; k < p->n_files; k++) {
			if (!known_file_equal(&p->files[k], &q->files[k]))
				return 0;
		}
	}
	return 1;
}

static void check(const struct known *k, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		const struct known_program *p = &k->programs[i];

		if (p->path[0] != '/' || p->n_files > KNOWN_FILES || known_find(k, p->path) != p ||
		    (i && strcmp(k->programs[i - 1].path, p->path) >= 0) ||
		    !stands(text, n, p->path)) {
			fprintf(stderr, "'%s' was taken from: %.*s\n", p->path, (int)n, text);
			abort();
		}
	}
}

static void one(const char *root)
{
	struct known first = { .n = 0 }, again = { .n = 0 };
	char text[2048];
	size_t n = sizeof(seed) - 1;
	int k, r;

	memcpy(text, seed, n);
	for (k = rand() % 5; k > 0; k--)
		n = spoil(text, n, sizeof(text));
	put(root, text, n);
	r = known_load(&first, root);
	if (r && r != -EBADMSG)
		abort();
	check(&first, text, n);
	if (known_save(&first, root) || known_load(&again, root) || !same(&first, &again)) {
		fprintf(stderr, "not the same again: %.*s\n", (int)n, text);
		abort();
	}
	known_clear(&first);
	known_clear(&again);
}

int main(void)
{
	static const char *const dirs[] = { "/var", "/var/lib", "/var/lib/snitch" };
	char root[] = "/tmp/snitch-fuzz-XXXXXX", path[128];
	const char *runs = getenv("FUZZ_RUNS");
	long left = runs ? atol(runs) : 1000;
	size_t i;

	srand(1);
	if (!mkdtemp(root))
		return 1;
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		if (mkdir(path, 0755))
			return 1;
	}
	while (left-- > 0)
		one(root);
	snprintf(path, sizeof(path), "%s" FILE_NAME, root);
	unlink(path);
	for (i = 3; i--;) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		rmdir(path);
	}
	return rmdir(root) ? 1 : 0;
}
