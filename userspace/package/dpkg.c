// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dpkg's records: info/PACKAGE.md5sums with info/PACKAGE.list, and tmp.ci, where the control files
 * of the package lie that is being unpacked right now: dpkg puts its files in place before it moves
 * these to info. It must never take a conffile (it has no md5sum), nor a file that a diversion has
 * put under another package's name.
 *
 * The records are text of which a line may be anything: lines are read into a bounded buffer, a
 * longer one is left out, and a file is read up to a bound.
 */
#include "package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"

#define FOLDER		"var/lib/dpkg"
#define LINE		8192
#define FILE_MAX	(64U << 20)	/* bytes read of one record */
#define MD5_DIGITS	(PACKAGE_MD5 - 1)
#define NAMES		2
#define UPDATES_MAX	10000		/* dpkg's names there have four digits */

/**
 * struct wanted - what is looked for in the records
 * @names: the path without its slash, as records write it; the second as before /usr took /bin in
 * @n: how many
 * @only: the one package that may own it, for a diversion; "": any
 * @not: a package that may not; "": none
 */
struct wanted {
	const struct package_question *q;
	char names[NAMES][PATH_MAX];
	unsigned int n;
	char only[128];
	char not[128];
};

/* ---- lines ------------------------------------------------------------------------------ */

struct lines {
	FILE *f;
	size_t left;
	char text[LINE];
};

static bool lines_open(struct lines *l, const struct package_question *q, int dir, const char *path)
{
	int fd = package_open(q, dir, path);

	l->left = FILE_MAX;
	l->f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!l->f && fd >= 0)
		close(fd);
	return l->f;
}

static void lines_close(struct lines *l)
{
	fclose(l->f);
}

/* The next line, without its newline; one with a NUL or too long is skipped. */
static bool lines_next(struct lines *l)
{
	size_t n;
	int c = 0;

	for (;;) {
		bool good = true;

		for (n = 0; l->left && (c = getc(l->f)) != EOF && c != '\n'; l->left--) {
			if (!c || n + 1 == sizeof(l->text))
				good = false;
			else
				l->text[n++] = c;
		}
		if (!l->left || (c == EOF && !n))
			return false;
		l->left--;
		l->text[n] = '\0';
		if (good)
			return true;
	}
}

/* ---- names and diversions ------------------------------------------------------------------ */

/* /usr/bin/x may be recorded as /bin/x, where /bin leads to usr/bin. */
static void add_alias(struct wanted *w)
{
	const char *name = w->names[0] + 4, *slash;
	char top[64], to[64];
	ssize_t n;

	if (strncmp(w->names[0], "usr/", 4))
		return;
	slash = strchr(name, '/');
	if (!slash || slash - name >= (ptrdiff_t)sizeof(top))
		return;
	snprintf(top, sizeof(top), "%.*s", (int)(slash - name), name);
	n = readlinkat(w->q->root, top, to, sizeof(to) - 1);
	if (n <= 4)
		return;
	to[n] = '\0';
	if (strncmp(to + (to[0] == '/'), "usr/", 4) ||
	    strcmp(to + (to[0] == '/') + 4, top))
		return;
	snprintf(w->names[w->n++], PATH_MAX, "%s", name);
}

static bool is_wanted(const struct wanted *w, const char *name)
{
	unsigned int i;

	for (i = 0; i < w->n; i++) {
		if (!strcmp(w->names[i], name))
			return true;
	}
	return false;
}

/*
 * A diversion is three lines: the name that packages but one give the file, the name it gets
 * instead, and that one package (":": the administrator's own).
 */
static bool mind_diversions(struct wanted *w, int dpkg)
{
	char from[LINE], to[LINE];
	struct lines l;
	bool good = true;

	if (!lines_open(&l, w->q, dpkg, "diversions"))
		return faccessat(dpkg, "diversions", F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
	while (good && lines_next(&l)) {
		snprintf(from, sizeof(from), "%s", l.text);
		good = lines_next(&l);
		if (!good)
			break;
		snprintf(to, sizeof(to), "%s", l.text);
		good = lines_next(&l) && from[0] == '/' && to[0] == '/';
		if (good && is_wanted(w, to + 1)) {
			good = strlen(from) < PATH_MAX && strlen(l.text) < sizeof(w->not);
			snprintf(w->names[0], PATH_MAX, "%.*s", PATH_MAX - 1, from + 1);
			w->n = 1;
			snprintf(w->not, sizeof(w->not), "%.*s", (int)sizeof(w->not) - 1, l.text);
			break;
		}
		if (good && is_wanted(w, from + 1)) {
			good = strcmp(l.text, ":") && strlen(l.text) < sizeof(w->only);
			snprintf(w->only, sizeof(w->only), "%.*s", (int)sizeof(w->only) - 1,
				 l.text);
			break;
		}
	}
	lines_close(&l);
	return good;
}

/* "libc6:amd64" is the package libc6. */
static bool same_package(const char *owner, const char *package)
{
	size_t n = strcspn(owner, ":");

	return strlen(package) == n && !strncmp(owner, package, n);
}

static bool may_own(const struct wanted *w, const char *owner)
{
	if (w->only[0] && !same_package(owner, w->only))
		return false;
	return !w->not[0] || !same_package(owner, w->not);
}

/* ---- records -------------------------------------------------------------------------------- */

static bool sums_agree(const struct wanted *w, int dir, const char *path)
{
	struct lines l;
	bool found = false;

	if (!lines_open(&l, w->q, dir, path))
		return false;
	while (!found && lines_next(&l)) {
		if (strncmp(l.text, w->q->md5, MD5_DIGITS) || strncmp(l.text + MD5_DIGITS, "  ", 2))
			continue;
		found = is_wanted(w, l.text + MD5_DIGITS + 2);
	}
	lines_close(&l);
	return found;
}

static bool list_has(const struct wanted *w, int dir, const char *path)
{
	struct lines l;
	bool found = false;

	if (!lines_open(&l, w->q, dir, path))
		return false;
	while (!found && lines_next(&l))
		found = l.text[0] == '/' && is_wanted(w, l.text + 1);
	lines_close(&l);
	return found;
}

/* A field of a paragraph of control data. Return: its value in @line, or NULL. */
static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) || line[n] != ':')
		return NULL;
	line += n + 1;
	return line + strspn(line, " \t");
}

static void take(char *to, size_t size, const char *value)
{
	if (value)
		snprintf(to, size, "%.*s", (int)size - 1, value);
}

/* The paragraph of @owner ("": the only one) in a file of control data. */
static bool read_control(const struct package_question *q, int dir, const char *path,
			 const char *owner, struct package_word *word)
{
	struct package_word p = { .busy = word->busy };
	const char *arch = strchr(owner, ':');
	bool found = false, more = true;
	char its[64] = "";
	struct lines l;

	if (!lines_open(&l, q, dir, path))
		return false;
	while (more && !found) {
		more = lines_next(&l);
		if (more && l.text[0]) {
			take(p.name, sizeof(p.name), field(l.text, "Package"));
			take(p.version, sizeof(p.version), field(l.text, "Version"));
			take(its, sizeof(its), field(l.text, "Architecture"));
			continue;
		}
		found = p.name[0] && (!owner[0] || same_package(owner, p.name)) &&
			(!arch || !strcmp(arch + 1, its));
		if (found)
			*word = p;
		p = (struct package_word){ .busy = word->busy };
		its[0] = '\0';
	}
	lines_close(&l);
	return found;
}

/* What dpkg has changed but not yet merged into status lies in updates, the newest last. */
static void find_version(const struct package_question *q, int dpkg, const char *owner,
			 struct package_word *word)
{
	char name[32];
	int i;

	for (i = 0; i < UPDATES_MAX; i++) {
		snprintf(name, sizeof(name), "updates/%04d", i);
		if (faccessat(dpkg, name, F_OK, AT_SYMLINK_NOFOLLOW))
			break;
	}
	while (i--) {
		snprintf(name, sizeof(name), "updates/%04d", i);
		if (read_control(q, dpkg, name, owner, word))
			return;
	}
	if (!read_control(q, dpkg, "status", owner, word))
		snprintf(word->name, sizeof(word->name), "%.*s", (int)strcspn(owner, ":"), owner);
}

static bool being_unpacked(const struct wanted *w, int dpkg, struct package_word *word)
{
	_cleanup_close_ int dir = package_open(w->q, dpkg, "tmp.ci");
	struct package_word found = { .busy = word->busy };

	if (dir < 0 || !read_control(w->q, dir, "control", "", &found) ||
	    !may_own(w, found.name) || !sums_agree(w, dir, "md5sums"))
		return false;
	*word = found;
	return true;
}

static bool installed(const struct wanted *w, int dpkg, struct package_word *word)
{
	static const char suffix[] = ".md5sums";
	int fd = package_open(w->q, dpkg, "info");
	char list[NAME_MAX + 1], owner[128];
	const struct dirent *e;
	bool found = false;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len < sizeof(suffix) || strcmp(e->d_name + len - (sizeof(suffix) - 1), suffix))
			continue;
		len -= sizeof(suffix) - 1;
		if (len >= sizeof(owner))
			continue;
		snprintf(owner, sizeof(owner), "%.*s", (int)len, e->d_name);
		snprintf(list, sizeof(list), "%s.list", owner);
		found = may_own(w, owner) && sums_agree(w, dirfd(dir), e->d_name) &&
			list_has(w, dirfd(dir), list);
	}
	closedir(dir);
	if (found)
		find_version(w->q, dpkg, owner, word);
	return found;
}

int dpkg_lists(const struct package_question *q, const char *package)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
	_cleanup_close_ int dpkg = package_open(q, q->root, FOLDER);
	_cleanup_close_ int info = dpkg < 0 ? -1 : package_open(q, dpkg, "info");
	struct wanted w = { .q = q, .n = 1 };
	char list[NAME_MAX + 1];
	size_t n = strlen(package);

	if (info < 0 || !n || n > 100 || strspn(package, letters) != n ||
	    strlen(q->path) >= PATH_MAX)
		return 0;
	snprintf(w.names[0], PATH_MAX, "%s", q->path + 1);
	add_alias(&w);
	snprintf(list, sizeof(list), "%s.list", package);
	return mind_diversions(&w, dpkg) && may_own(&w, package) && list_has(&w, info, list);
}

/* True while dpkg holds its lock. */
static bool at_work(const struct package_question *q, int dpkg)
{
	_cleanup_close_ int fd = package_open(q, dpkg, "lock");
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return fd >= 0 && !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK;
}

int dpkg_vouches(const struct package_question *q, struct package_word *word)
{
	_cleanup_close_ int dpkg = package_open(q, q->root, FOLDER);
	struct wanted w = { .q = q, .n = 1 };

	if (dpkg < 0 || strlen(q->md5) != MD5_DIGITS || strlen(q->path) >= PATH_MAX)
		return 0;
	/* before the records: what dpkg finishes meanwhile is looked at again */
	word->busy = at_work(q, dpkg);
	snprintf(w.names[0], PATH_MAX, "%s", q->path + 1);
	add_alias(&w);
	/* what leaves tmp.ci is in info by then: this order misses nothing */
	return mind_diversions(&w, dpkg) &&
	       (being_unpacked(&w, dpkg, word) || installed(&w, dpkg, word));
}
