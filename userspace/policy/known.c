// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory of programs that rules name. It must never take a line of its file for more than it
 * says: what cannot be read is not known.
 */
#include "known.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "../util/save.h"

#define FOLDER		"/var/lib/snitch"
#define NAME		"programs"
#define FILE_MAX	(256 << 20)	/* bytes; a program has a few hundred */
#define NSEC_MAX	999999999

void known_file_of_stat(struct known_file *file, const struct stat *st)
{
	*file = (struct known_file){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.ctime = st->st_ctim.tv_sec,
		.nsec = st->st_ctim.tv_nsec,
	};
}

void known_file_of_owner(struct known_file *file, const struct snitch_owner *owner)
{
	*file = (struct known_file){
		.dev = owner->exe_dev,
		.ino = owner->exe_ino,
		.size = owner->exe_size,
		.ctime = owner->exe_ctime,
		.nsec = owner->exe_ctime_nsec,
	};
}

bool known_file_equal(const struct known_file *a, const struct known_file *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->ctime == b->ctime && a->nsec == b->nsec;
}

/* ---- the list ------------------------------------------------------------------------ */

/* The place of @path, or where it would be. */
static size_t place(const struct known *k, const char *path, bool *there)
{
	size_t low = 0, high = k->n;

	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(k->programs[middle].path, path);

		if (!order) {
			*there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct known_program *known_find(const struct known *k, const char *path)
{
	bool there;
	size_t at = place(k, path, &there);

	return there ? &k->programs[at] : NULL;
}

struct known_program *known_find_real(const struct known *k, const char *real)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		if (k->programs[i].real && !strcmp(k->programs[i].real, real))
			return &k->programs[i];
	}
	return NULL;
}

static int grow(struct known *k)
{
	size_t room = k->room ? 2 * k->room : 16;
	struct known_program *more;

	if (k->n < k->room)
		return 0;
	more = reallocarray(k->programs, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	k->programs = more;
	k->room = room;
	return 0;
}

struct known_program *known_add(struct known *k, const char *path)
{
	bool there;
	size_t at = place(k, path, &there);
	struct known_program *p;
	char *copy;

	if (there)
		return &k->programs[at];
	copy = strdup(path);
	if (!copy || grow(k)) {
		free(copy);
		return NULL;
	}
	p = &k->programs[at];
	memmove(p + 1, p, (k->n - at) * sizeof(*p));
	k->n++;
	*p = (struct known_program){ .path = copy };
	return p;
}

void known_program_clear(struct known_program *p)
{
	free(p->path);
	free(p->real);
	free(p->files);
	free(p->wrong);
	*p = (struct known_program){ .path = NULL };
}

static void drop(struct known *k, size_t at)
{
	struct known_program *p = &k->programs[at];

	known_program_clear(p);
	k->n--;
	memmove(p, p + 1, (k->n - at) * sizeof(*p));
}

void known_forget(struct known *k, const char *path)
{
	bool there;
	size_t at = place(k, path, &there);

	if (there)
		drop(k, at);
}

bool known_prune(struct known *k)
{
	size_t i, before = k->n;

	for (i = k->n; i--;) {
		if (!k->programs[i].named)
			drop(k, i);
	}
	return k->n != before;
}

void known_clear(struct known *k)
{
	while (k->n)
		drop(k, k->n - 1);
	free(k->programs);
	*k = (struct known){ .n = 0 };
}

/* ---- files of a program --------------------------------------------------------------- */

static bool among(const struct known_file *files, unsigned int n, const struct known_file *file)
{
	while (n--) {
		if (known_file_equal(&files[n], file))
			return true;
	}
	return false;
}

/* Room for one more: most programs have one file, and there may be thousands of programs. */
static bool more_room(struct known_file **files, uint8_t *n)
{
	struct known_file *more = reallocarray(*files, *n + 1, sizeof(*more));

	if (!more)
		return false;
	*files = more;
	++*n;
	return true;
}

static bool push(struct known_file **files, uint8_t *n, const struct known_file *file)
{
	if (among(*files, *n, file))
		return false;
	if (*n < KNOWN_FILES && !more_room(files, n))
		return false;
	memmove(*files + 1, *files, (*n - 1) * sizeof(**files));
	(*files)[0] = *file;
	return true;
}

bool known_is(const struct known_program *p, const struct known_file *file)
{
	return among(p->files, p->n_files, file);
}

bool known_is_wrong(const struct known_program *p, const struct known_file *file)
{
	return among(p->wrong, p->n_wrong, file);
}

bool known_same_inode(const struct known_program *p, const struct known_file *file)
{
	unsigned int i;

	for (i = 0; i < p->n_files; i++) {
		if (p->files[i].dev == file->dev && p->files[i].ino == file->ino)
			return true;
	}
	return false;
}

bool known_accept(struct known_program *p, const struct known_file *file)
{
	return push(&p->files, &p->n_files, file);
}

void known_refuse(struct known_program *p, const struct known_file *file)
{
	push(&p->wrong, &p->n_wrong, file);
}

/* ---- the file ---------------------------------------------------------------------------- */

/* A number that @end follows, which is skipped. */
static int take_number(const char **at, char end, uint64_t *out)
{
	const char *from = *at;
	char *stop;

	if (!isdigit((unsigned char)*from))
		return -EBADMSG;
	errno = 0;
	*out = strtoull(from, &stop, 10);
	if (errno || (end && *stop != end))
		return -EBADMSG;
	*at = end ? stop + 1 : stop;
	return 0;
}

static int take_file(const char **at, struct known_file *file)
{
	bool before;	/* 1970: clocks can be set so */
	uint64_t seconds, nsec;

	if (take_number(at, ':', &file->dev) || take_number(at, ':', &file->ino) ||
	    take_number(at, ':', &file->size))
		return -EBADMSG;
	before = **at == '-';
	*at += before;
	if (take_number(at, '.', &seconds) || seconds > INT64_MAX || take_number(at, 0, &nsec) ||
	    nsec > NSEC_MAX)
		return -EBADMSG;
	file->ctime = before ? -(int64_t)seconds : (int64_t)seconds;
	file->nsec = nsec;
	return 0;
}

static int take_files(const char **at, struct known_program *p)
{
	struct known_file file;

	if ((*at)[0] == '-' && (*at)[1] == ' ') {
		*at += 2;
		return 0;
	}
	for (;; (*at)++) {
		if (p->n_files == KNOWN_FILES || take_file(at, &file))
			return -EBADMSG;
		if (!more_room(&p->files, &p->n_files))
			return -ENOMEM;
		p->files[p->n_files - 1] = file;
		if (**at == ',')
			continue;
		return *(*at)++ == ' ' ? 0 : -EBADMSG;
	}
}

static int take_digest(const char **at, struct known_program *p)
{
	size_t i;

	if ((*at)[0] == '-' && (*at)[1] == ' ') {
		*at += 2;
		return 0;
	}
	for (i = 0; i < KNOWN_SHA256; i++, *at += 2) {
		int high = snitch_hex_digit((*at)[0]);
		int low = high < 0 ? -1 : snitch_hex_digit((*at)[1]);

		if (low < 0)
			return -EBADMSG;
		p->sha256[i] = high << 4 | low;
	}
	p->has_sha256 = true;
	return *(*at)++ == ' ' ? 0 : -EBADMSG;
}

static int take_program(struct known *k, const char *line, struct known_program *p)
{
	_cleanup_free_ char *path = NULL;
	struct known_program *to;
	size_t plain;
	int r;

	r = take_digest(&line, p);
	if (!r)
		r = take_files(&line, p);
	if (r)
		return r;
	path = snitch_unescape(line, &plain);
	if (!path || path[0] != '/' || strlen(path) != plain || known_find(k, path))
		return -EBADMSG;
	to = known_add(k, path);
	if (!to)
		return -ENOMEM;
	p->path = to->path;
	*to = *p;
	*p = (struct known_program){ .path = NULL };
	return 0;
}

static int take_line(struct known *k, const char *line)
{
	struct known_program p = { .path = NULL };
	int r = take_program(k, line, &p);

	known_program_clear(&p);
	return r;
}

/* Takes the newline off. Return: false for a line that is not whole: its path might be another. */
static bool end_line(char *line, size_t n)
{
	if (line[n - 1] != '\n')
		return false;
	line[n - 1] = '\0';
	return strlen(line) == n - 1;
}

int known_load(struct known *k, const char *root)
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	size_t size = 0;
	struct stat st;
	int one, r = 0;
	ssize_t n;

	path = snitch_format("%s" FOLDER "/" NAME, root ? root : "");
	if (!path)
		return -ENOMEM;
	f = snitch_read(path);
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fileno(f), &st) || st.st_size > FILE_MAX)
		return -EBADMSG;
	while ((n = getline(&line, &size, f)) > 0) {
		one = k->n < SNITCH_APPS_MAX && end_line(line, n) ? take_line(k, line) : -EBADMSG;
		if (one == -ENOMEM)
			return one;
		if (one)
			r = one;
	}
	return ferror(f) ? -EIO : r;
}

static int write_program(FILE *f, const struct known_program *p)
{
	_cleanup_free_ char *path = snitch_escape_str(p->path);
	unsigned int i;

	if (!path)
		return -ENOMEM;
	for (i = 0; p->has_sha256 && i < KNOWN_SHA256; i++)
		fprintf(f, "%02x", p->sha256[i]);
	fputs(p->has_sha256 ? " " : "- ", f);
	for (i = 0; i < p->n_files; i++) {
		const struct known_file *file = &p->files[i];

		fprintf(f, "%s%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRId64 ".%" PRIu32,
			i ? "," : "", file->dev, file->ino, file->size, file->ctime, file->nsec);
	}
	fprintf(f, "%s%s\n", p->n_files ? " " : "- ", path);
	return 0;
}

static int write_all(FILE *f, const void *ctx)
{
	const struct known *k = ctx;
	size_t i;
	int r = 0;

	for (i = 0; !r && i < k->n; i++)
		r = write_program(f, &k->programs[i]);
	return r;
}

int known_save(const struct known *k, const char *root)
{
	_cleanup_free_ char *folder = NULL;

	folder = snitch_format("%s" FOLDER, root ? root : "");
	if (!folder)
		return -ENOMEM;
	return snitch_save(folder, NAME, k->n ? write_all : NULL, k);
}
