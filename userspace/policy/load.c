// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules from folders. It must never take a file that somebody else could have written, nor half
 * of a file that has an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "program.h"
#include "set.h"

#define SUFFIX	".rules"

struct names {
	char **name;
	size_t n;
};

/**
 * struct loading - one load of all folders
 * @admin: names in the administrator's folder: they mask built-in files
 * @off: of them links to /dev/null
 * @skipped: a file was left out; @err tells of the first
 */
struct loading {
	struct ruleset *set;
	const struct policy_paths *paths;
	unsigned int flags;
	struct names admin, off;
	struct rule_error *err;
	bool skipped;
};

static int fail(struct rule_error *err, int r, const char *path, const char *found,
		const char *expected, const char *next)
{
	return rule_fail(err, r, path, 0, found, expected, next);
}

static int fail_errno(struct rule_error *err, int r, const char *path)
{
	return fail(err, r, path, strerror(-r), "a readable file or folder", "");
}

static void names_clear(struct names *names)
{
	while (names->n)
		free(names->name[--names->n]);
	free(names->name);
	names->name = NULL;
}

/* ---- trust ----------------------------------------------------------------------- */

static bool owner_trusted(uid_t uid)
{
	const struct passwd *pw;

	if (!uid || uid == geteuid())
		return true;
	pw = getpwnam("snitch");
	return pw && pw->pw_uid == uid;
}

static int check_trust(const struct stat *st, const char *path, struct rule_error *err)
{
	char found[64];

	if (!owner_trusted(st->st_uid)) {
		snprintf(found, sizeof(found), "owner %u", st->st_uid);
		return fail(err, -EPERM, path, found, "root or snitch as owner",
			    "look who wrote it, then chown it");
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		snprintf(found, sizeof(found), "mode %03o", st->st_mode & 07777);
		return fail(err, -EPERM, path, found, "a mode without write for group and others",
			    "look who wrote it, then chmod go-w");
	}
	return 0;
}

/* ---- folders and files ------------------------------------------------------------ */

int folder_path(const struct policy_paths *paths, enum folder folder, char *buf, size_t size)
{
	static const char *const defaults[] = {
		[FOLDER_BUILTIN] = "/usr/lib/snitch/rules.d",
		[FOLDER_ADMIN] = "/etc/snitch/rules.d",
		[FOLDER_STORE] = "/var/lib/snitch/rules",
		[FOLDER_RUNTIME] = "/run/snitch/rules",
	};
	const char *path = NULL;
	int n;

	if (paths)
		path = folder == FOLDER_BUILTIN ? paths->builtin :
		       folder == FOLDER_ADMIN ? paths->admin :
		       folder == FOLDER_STORE ? paths->store : paths->runtime;
	n = snprintf(buf, size, "%s%s", paths && paths->root ? paths->root : "",
		     path ? path : defaults[folder]);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int folder_open(const char *path, struct rule_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail_errno(err, -errno, path);
	r = fstat(fd, &st) ? fail_errno(err, -errno, path) : check_trust(&st, path, err);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

/* All of @fd. Return: 0; -EFBIG over @max; -ENOMEM; from read(2). */
static int read_all(int fd, size_t max, char **out, size_t *len)
{
	size_t size = 65536, used = 0;
	char *text = malloc(size + 1), *more;
	ssize_t n = 1;

	while (text && n) {
		if (used == size) {
			size *= 2;
			more = realloc(text, size + 1);
			if (!more)
				break;
			text = more;
		}
		n = read(fd, text + used, size - used);
		if (n < 0 && errno != EINTR) {
			n = -errno;
			free(text);
			return n;
		}
		used += n > 0 ? n : 0;
		if (used > max) {
			free(text);
			return -EFBIG;
		}
	}
	if (!text || n) {
		free(text);
		return -ENOMEM;
	}
	text[used] = '\0';
	*out = text;
	*len = used;
	return 0;
}

int file_open(int dir, const char *name, const char *path, struct stat *st, struct rule_error *err)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ELOOP)
		return fail(err, -EPERM, path, "a symbolic link", "a file of its own",
			    "put a copy there (only a link to /dev/null, in the administrator's folder, has a meaning)");
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail_errno(err, -errno, path);
	if (fstat(fd, st))
		return fail_errno(err, -errno, path);
	if (!S_ISREG(st->st_mode))
		return fail(err, -EPERM, path, "no regular file", "a plain file", "remove it");
	r = check_trust(st, path, err);
	return r ? r : snitch_take_fd(&fd);
}

int file_read(int dir, const char *name, const char *path, size_t max, char **out, size_t *len,
	      struct rule_error *err)
{
	struct stat st;
	_cleanup_close_ int fd = file_open(dir, name, path, &st, err);
	int r;

	if (fd < 0)
		return fd;
	r = read_all(fd, max, out, len);
	if (r == -EFBIG)
		return fail(err, r, path, "a bigger file", "at most 16 MiB (1 MiB for a user's)",
			    "make several files of it");
	if (r)
		return fail_errno(err, r, path);
	if (memchr(*out, '\0', *len)) {
		free(*out);
		*out = NULL;
		return fail(err, -EINVAL, path, "a NUL byte", "text", "look who wrote it");
	}
	return 0;
}

int file_scope(const char *name, enum folder folder, enum rule_scope *scope, uint32_t *uid)
{
	unsigned long n;
	char *end;

	*uid = 0;
	if (folder == FOLDER_BUILTIN || folder == FOLDER_ADMIN) {
		*scope = folder == FOLDER_ADMIN ? RULE_S_ADMIN : RULE_S_BUILTIN;
		return 0;
	}
	if (!strcmp(name, "system.rules") ||
	    (folder == FOLDER_RUNTIME && !strcmp(name, "admin.rules"))) {
		*scope = name[0] == 's' ? RULE_S_SYSTEM : RULE_S_ADMIN;
		return 0;
	}
	/* a uid as the store writes it: 0 or without leading zeroes */
	if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1] != '.') ||
	    strlen(name) > 16)
		return -EINVAL;
	n = strtoul(name, &end, 10);
	if (strcmp(end, SUFFIX) || n >= UINT32_MAX)
		return -EINVAL;
	*scope = RULE_S_USER;
	*uid = n;
	return 0;
}

/* ---- loading ---------------------------------------------------------------------- */

/*
 * Of a built-in file that is switched off: what programs do is asked about without a rule. The
 * kernel cannot be asked, so that what it was allowed is refused. Return: false: no rule is left.
 */
static bool switch_off(struct rule *rule)
{
	if (rule->program.kind != RULE_P_KERNEL || rule->action != SNITCH_ALLOW)
		return false;
	rule->action = SNITCH_DENY;
	return true;
}

/* The rules of a text, line by line; the text is cut up. */
static int load_text(struct ruleset *set, char *text, const struct rule *like, bool off,
		     struct rule_error *err)
{
	const char *line_text;
	unsigned int line = 0;
	struct rule *rule;
	int r;

	while (*text) {
		char *end = strchrnul(text, '\n'), *next = end;

		if (*end) {
			*end = '\0';
			next++;
		}
		r = rule_parse(text, like->file, ++line, &rule, err);
		if (r)
			return r;
		line_text = text;
		text = next;
		if (!rule)
			continue;
		if (off && !switch_off(rule)) {
			rule_free(rule);
			continue;
		}
		rule->scope = like->scope;
		rule->scope_uid = like->scope_uid;
		rule->runtime = like->runtime;
		rule->file = like->file;
		rule->line = line;
		r = set_append(set, rule, err);
		if (r) {
			rule_error_find(err, line_text);
			rule_free(rule);
			return r;
		}
	}
	return 0;
}

/* All rules of a file, or none. @off: a built-in file is switched off. */
static int load_file(struct ruleset *set, int dir, const char *folder_name, enum folder folder,
		     const char *name, bool off, struct rule_error *err)
{
	struct set_index *index = set->index;
	struct rule like = { .runtime = folder == FOLDER_RUNTIME };
	enum rule_scope scope;
	size_t before = set->n_rules, len;
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", folder_name, name) >= (int)sizeof(path))
		return fail_errno(err, -ENAMETOOLONG, name);
	if (file_scope(name, folder, &scope, &like.scope_uid))
		return fail(err, -EINVAL, path, name, "system.rules or UID.rules",
			    "put rules written by hand into /etc/snitch/rules.d");
	like.scope = scope;
	like.file = set_file(set, path);
	if (!like.file)
		return fail_errno(err, -ENOMEM, path);
	r = file_read(dir, name, path,
		      like.scope == RULE_S_USER ? RULES_USER_FILE_MAX : RULE_FILE_MAX,
		      &text, &len, err);
	if (!r)
		r = load_text(set, text, &like, off, err);
	while (r && set->n_rules > before) {
		struct rule *rule = set->rules[--set->n_rules];

		idmap_take(&index->ids, rule->id);
		rule_free(rule);
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct names *names, const char *name)
{
	size_t len = strlen(name);
	char **more;

	if (name[0] == '.' || len <= strlen(SUFFIX) || strcmp(name + len - strlen(SUFFIX), SUFFIX))
		return 0;
	more = reallocarray(names->name, names->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->name = more;
	more[names->n] = strdup(name);
	if (!more[names->n])
		return -ENOMEM;
	return ++names->n > RULES_FILES_MAX ? -E2BIG : 0;
}

/* The files of rules in a folder, sorted. */
static int list_folder(int fd, const char *path, struct names *names, struct rule_error *err)
{
	int copy = dup(fd);
	DIR *dir = fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return fail_errno(err, r, path);
	}
	while (!r) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = -errno;
			break;
		}
		r = add_name(names, entry->d_name);
	}
	closedir(dir);
	if (r == -E2BIG)
		return fail(err, r, path, "more", "at most 4096 files", "join some");
	if (r)
		return fail_errno(err, r, path);
	if (names->n)
		qsort(names->name, names->n, sizeof(char *), compare_names);
	return 0;
}

/* True for the link to /dev/null that switches a built-in file off. */
static bool is_mask(int dir, const char *name)
{
	char target[16];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	return n == (ssize_t)strlen("/dev/null") && !memcmp(target, "/dev/null", n);
}

static bool is_among(const struct names *names, const char *name)
{
	return names->n && bsearch(&name, names->name, names->n, sizeof(char *), compare_names);
}

/* What is not there has no rules; what is wrong may be left out, if so wished. */
static int forgive(struct loading *l, int r, const struct rule_error *err)
{
	if (!r || r == -ENOENT)
		return 0;
	if (!l->skipped)
		*l->err = *err;
	if (!(l->flags & RULES_SKIP_BAD) || r == -ENOMEM)
		return r;
	l->skipped = true;
	return 0;
}

static int load_files(struct loading *l, enum folder folder, int fd, const char *path,
		      const struct names *names)
{
	struct rule_error err = { .line = 0 };
	size_t i;
	int r = 0;

	for (i = 0; i < names->n && !r; i++) {
		const char *name = names->name[i];
		bool off = folder == FOLDER_BUILTIN && is_among(&l->off, name);

		if (folder == FOLDER_BUILTIN && !off && is_among(&l->admin, name))
			continue;
		if (folder == FOLDER_ADMIN && is_mask(fd, name)) {
			r = add_name(&l->off, name);
			if (r)
				r = fail_errno(l->err, r, path);
			continue;
		}
		r = forgive(l, load_file(l->set, fd, path, folder, name, off, &err), &err);
	}
	return r;
}

static int load_folder(struct loading *l, enum folder folder)
{
	struct rule_error err = { .line = 0 };
	struct names own = { .n = 0 };
	struct names *names = folder == FOLDER_ADMIN ? &l->admin : &own;
	char path[PATH_MAX];
	int fd, r;

	r = folder_path(l->paths, folder, path, sizeof(path));
	if (r)
		return fail_errno(l->err, r, "");
	fd = folder_open(path, &err);
	if (fd < 0)
		return forgive(l, fd, &err);
	r = forgive(l, list_folder(fd, path, names, &err), &err);
	if (!r)
		r = load_files(l, folder, fd, path, names);
	names_clear(&own);
	close(fd);
	return r;
}

int ruleset_load(const struct policy_paths *paths, unsigned int flags, struct ruleset **out,
		 struct rule_error *err)
{
	/* the administrator's first: it says what is masked */
	static const enum folder order[] = {
		FOLDER_ADMIN, FOLDER_BUILTIN, FOLDER_STORE, FOLDER_RUNTIME,
	};
	struct loading l = { .paths = paths, .flags = flags, .err = err };
	size_t i;
	int r = 0;

	*out = NULL;
	memset(err, 0, sizeof(*err));
	l.set = ruleset_new();
	if (!l.set)
		return fail_errno(err, -ENOMEM, "");
	for (i = 0; i < SNITCH_ARRAY_SIZE(order) && !r; i++)
		r = load_folder(&l, order[i]);
	names_clear(&l.admin);
	names_clear(&l.off);
	if (r) {
		ruleset_free(l.set);
		return r;
	}
	ruleset_sort(l.set);
	*out = l.set;
	return 0;
}
