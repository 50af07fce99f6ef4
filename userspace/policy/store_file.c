// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One file of rules: a line more, a line less. It must never be left half written, nor touch a line
 * that is not the rule that was read there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "program.h"
#include "set.h"
#include "store_file.h"

int store_fail(struct rule_error *err, int r, const char *path, const char *next)
{
	return rule_fail(err, r, path, 0, strerror(-r), "to write this file", next);
}

void store_close(struct store *s)
{
	if (s->dir >= 0)
		close(s->dir);
	free(s->text);
}

/* Only rules in /etc are for everybody to read. */
static bool is_public(const char *path)
{
	return strstr(path, "/etc/");
}

static int make_folders(const char *folder, mode_t mode)
{
	char path[PATH_MAX], *slash = path;

	snprintf(path, sizeof(path), "%s", folder);
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, mode) && errno != EEXIST ? -errno : 0;
}

int store_open(struct store *s, const char *path, size_t max, struct rule_error *err)
{
	char folder[PATH_MAX], *slash;
	int r;

	memset(s, 0, sizeof(*s));
	s->dir = -1;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return store_fail(err, -EINVAL, path, "");
	*slash = '\0';
	s->name = strrchr(s->path, '/') + 1;
	s->dir = folder_open(folder, err);
	if (s->dir == -ENOENT) {
		r = make_folders(folder, is_public(folder) ? 0755 : 0750);
		if (r)
			return store_fail(err, r, folder, "make the folder");
		s->dir = folder_open(folder, err);
	}
	if (s->dir == -ENOENT)
		return store_fail(err, -ENOENT, folder, "");
	if (s->dir < 0)
		return s->dir;
	r = file_read(s->dir, s->name, path, max, &s->text, &s->len, err);
	s->exists = !r;
	if (r != -ENOENT)
		return r;
	s->text = strdup("");
	return s->text ? 0 : store_fail(err, -ENOMEM, path, "");
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return fsync(fd) ? -errno : 0;
}

/* The version in force stays as FILE.last. */
static int keep_last(const struct store *s)
{
	char last[NAME_MAX + 1];

	if (!s->exists)
		return 0;
	if (snprintf(last, sizeof(last), "%s.last", s->name) >= (int)sizeof(last))
		return -ENAMETOOLONG;
	if (unlinkat(s->dir, last, 0) && errno != ENOENT)
		return -errno;
	return linkat(s->dir, s->name, s->dir, last, 0) ? -errno : 0;
}

/* The version before is in force again: that is what will be told. */
static void take_back(const struct store *s)
{
	char last[NAME_MAX + 1], tmp[NAME_MAX + 1];

	snprintf(last, sizeof(last), "%s.last", s->name);
	snprintf(tmp, sizeof(tmp), ".%s.tmp", s->name);
	if (!s->exists)
		unlinkat(s->dir, s->name, 0);
	else if (!linkat(s->dir, last, s->dir, tmp, 0))
		renameat(s->dir, tmp, s->dir, s->name);
}

int store_write(const struct store *s, struct rule_error *err)
{
	char tmp[NAME_MAX + 1];
	int fd, r;

	if (snprintf(tmp, sizeof(tmp), ".%s.tmp", s->name) >= (int)sizeof(tmp))
		return store_fail(err, -ENAMETOOLONG, s->path, "");
	unlinkat(s->dir, tmp, 0);
	fd = openat(s->dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return store_fail(err, -errno, s->path,
				  errno == EACCES || errno == EROFS ? "do it as root" : "");
	r = write_all(fd, s->text, s->len);
	if (!r && fchmod(fd, is_public(s->path) ? 0644 : 0640))
		r = -errno;
	close(fd);
	if (!r)
		r = keep_last(s);
	if (!r && renameat(s->dir, tmp, s->dir, s->name))
		r = -errno;
	if (r) {
		unlinkat(s->dir, tmp, 0);
	} else if (fsync(s->dir)) {
		r = -errno;
		take_back(s);
	}
	return r ? store_fail(err, r, s->path, "look for space and rights") : 0;
}

/* ---- lines ------------------------------------------------------------------------- */

/* True when that line still is the rule: somebody may have edited the file meanwhile. */
static bool line_is(const struct store *s, size_t from, size_t to, const struct rule *rule)
{
	_cleanup_free_ char *line = strndup(s->text + from, to - from);
	struct rule *there = NULL;
	struct rule_error err;
	bool same;

	if (!line || rule_parse(line, NULL, 0, &there, &err) || !there)
		return false;
	if (there->id_written)
		same = there->id == rule->id;
	else	/* a user's rule has got its user since: compare what does not change */
		same = !rule->id_written && there->action == rule->action &&
		       there->n_items == rule->n_items;
	rule_free(there);
	return same;
}

int store_drop(struct store *s, struct rule *const *rules, size_t n, struct rule_error *err)
{
	size_t at, next, kept = 0, i = 0;
	unsigned int line = 1;

	for (at = 0; at < s->len; at = next, line++) {
		next = strchrnul(s->text + at, '\n') - s->text;
		next += next < s->len;
		if (i < n && rules[i]->line == line && line_is(s, at, next, rules[i])) {
			i++;
			continue;
		}
		memmove(s->text + kept, s->text + at, next - at);
		kept += next - at;
	}
	s->len = kept;
	s->text[kept] = '\0';
	if (i == n)
		return 0;
	return rule_fail(err, -ESTALE, s->path, rules[i]->line, "another line",
			 "the rule where it was when it was loaded",
			 "load the rules again, then repeat");
}

unsigned int store_lines(const struct store *s)
{
	unsigned int n = 0;
	const char *p;

	for (p = s->text; *p; p++)
		n += *p == '\n';
	return n;
}

int store_append(struct store *s, const struct rule *rule, size_t max, struct rule_error *err)
{
	bool broken = s->len && s->text[s->len - 1] != '\n';
	char line[RULE_LINE_MAX], *text;
	int n = rule_print(rule, line, sizeof(line));
	size_t len;

	if (n < 0)
		return rule_fail(err, -E2BIG, NULL, 0, "a longer one",
				 "a rule of at most 4095 bytes", "make two rules of it");
	len = s->len + broken + n + 1;
	if (len > max)
		return rule_fail(err, -E2BIG, s->path, 0, "a full file",
				 "at most 16 MiB (1 MiB for a user's)", "remove some rules");
	text = realloc(s->text, len + 1);
	if (!text)
		return store_fail(err, -ENOMEM, s->path, "");
	s->text = text;
	snprintf(text + s->len, len + 1 - s->len, "%s%s\n", broken ? "\n" : "", line);
	s->len = len;
	return 0;
}
