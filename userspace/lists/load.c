// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists from their folders, in steps. It must never take a file that somebody else could have
 * written, nor let one bad list take others with it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../policy/set.h"
#include "../util/cleanup.h"
#include "list.h"

#define PIECE		65536
#define CONF_MAX	8192	/* bytes of a .conf */

static const char *const suffixes[__LIST_FILES] = {
	[LIST_FILE_ENTRIES] = ".list", [LIST_FILE_CONF] = ".conf", [LIST_FILE_EXCEPT] = ".except",
};

struct lists {
	struct list **list;	/* owned, by name */
	size_t n;
};

struct job {
	char name[LIST_NAME_MAX + 1];
	bool admin;
};

/**
 * struct lists_load - one load of both folders
 * @dir, @path: the store's and the administrator's, -1: not there
 * @at: the job being done
 * @builder, @fd, @file: of it, while its files are read
 * @stamp, @conf: of it
 * @buf: what is read
 */
struct lists_load {
	const struct lists *before;
	struct lists *out;
	int dir[2];
	char path[2][PATH_MAX];
	struct job *jobs;
	size_t n_jobs;
	size_t at;
	struct list_builder *builder;
	int fd;
	enum list_file file;
	struct list_stamp stamp[__LIST_FILES];
	struct list_conf conf;
	char buf[PIECE];
	bool changed;
	bool done;
};

struct lists *lists_new(void)
{
	return calloc(1, sizeof(struct lists));
}

void lists_free(struct lists *lists)
{
	size_t i;

	for (i = 0; lists && i < lists->n; i++)
		list_free(lists->list[i]);
	if (lists)
		free(lists->list);
	free(lists);
}

static int by_name(const void *name, const void *list)
{
	return strcmp(name, (*(struct list *const *)list)->facts.name);
}

const struct list *lists_find(const struct lists *lists, const char *name)
{
	struct list **found = NULL;

	if (lists && lists->n)
		found = bsearch(name, lists->list, lists->n, sizeof(*found), by_name);
	return found ? *found : NULL;
}

const struct list *lists_at(const struct lists *lists, size_t i)
{
	return lists && i < lists->n ? lists->list[i] : NULL;
}

/* ---- which lists there are ------------------------------------------------------------- */

static int add_job(struct lists_load *l, const char *file, bool admin)
{
	const char *dot = strrchr(file, '.');
	struct job *more, *job;

	/* a list that has not been fetched yet has a .conf only */
	if (!dot || dot - file > LIST_NAME_MAX ||
	    (strcmp(dot, suffixes[LIST_FILE_ENTRIES]) && strcmp(dot, suffixes[LIST_FILE_CONF])))
		return 0;
	if (l->n_jobs == 4 * LISTS_MAX)
		return -E2BIG;
	more = reallocarray(l->jobs, l->n_jobs + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->jobs = more;
	job = &more[l->n_jobs];
	snprintf(job->name, sizeof(job->name), "%.*s", (int)(dot - file), file);
	job->admin = admin;
	l->n_jobs += list_name_valid(job->name);
	return 0;
}

static int read_folder(struct lists_load *l, bool admin)
{
	struct dirent *entry;
	int copy = dup(l->dir[admin]), r = 0;
	DIR *dir = fdopendir(copy);

	if (!dir) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	rewinddir(dir);
	while (!r && (entry = readdir(dir)))
		r = add_job(l, entry->d_name, admin);
	closedir(dir);
	return r;
}

/* By name; the administrator's first. */
static int compare_jobs(const void *a, const void *b)
{
	const struct job *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (int)y->admin - (int)x->admin;
}

/* One job a list: the administrator's list hides the store's of that name. */
static int sort_jobs(struct lists_load *l)
{
	size_t i, n = 0;

	if (l->n_jobs)
		qsort(l->jobs, l->n_jobs, sizeof(*l->jobs), compare_jobs);
	for (i = 0; i < l->n_jobs; i++) {
		if (!n || strcmp(l->jobs[n - 1].name, l->jobs[i].name))
			l->jobs[n++] = l->jobs[i];
	}
	l->n_jobs = n;
	return n > LISTS_MAX ? -E2BIG : 0;
}

static int open_folders(struct lists_load *l, const char *root, struct rule_error *err)
{
	static const char *const folders[] = { LIST_FOLDER_STORE, LIST_FOLDER_ADMIN };
	int i, r = 0;

	for (i = 0; i < 2 && !r; i++) {
		if (snprintf(l->path[i], sizeof(l->path[i]), "%s%s", root ? root : "",
			     folders[i]) >= (int)sizeof(l->path[i]))
			return -ENAMETOOLONG;
		l->dir[i] = folder_open(l->path[i], err);
		if (l->dir[i] == -ENOENT)
			continue;
		r = l->dir[i] < 0 ? l->dir[i] : read_folder(l, i);
	}
	return r;
}

int lists_load_start(const char *root, const struct lists *before, struct lists_load **out,
		     struct rule_error *err)
{
	struct lists_load *l = calloc(1, sizeof(*l));
	int r;

	memset(err, 0, sizeof(*err));
	if (!l)
		return -ENOMEM;
	l->before = before;
	l->fd = -1;
	l->dir[0] = -1;
	l->dir[1] = -1;
	l->out = lists_new();
	r = l->out ? open_folders(l, root, err) : -ENOMEM;
	if (!r)
		r = sort_jobs(l);
	if (!r)
		l->out->list = calloc(l->n_jobs + 1, sizeof(*l->out->list));
	if (!r && !l->out->list)
		r = -ENOMEM;
	if (r)
		lists_load_end(l, NULL);
	else
		*out = l;
	return r;
}

/* ---- one list ---------------------------------------------------------------------------- */

static void file_name(const struct job *job, enum list_file file, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", job->name, suffixes[file]);
}

/* Return: fd, -ENOENT, or another errno with @problem. */
static int open_file(struct lists_load *l, enum list_file file, struct stat *st, char *problem,
		     size_t size)
{
	const struct job *job = &l->jobs[l->at];
	char name[LIST_NAME_MAX + 16];
	char path[PATH_MAX + sizeof(name)];
	struct rule_error err = { .line = 0 };
	int fd;

	file_name(job, file, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", l->path[job->admin], name);
	fd = file_open(l->dir[job->admin], name, path, st, &err);
	if (fd < 0 && fd != -ENOENT)
		rule_error_print(&err, problem, size);
	return fd;
}

static void take_stamp(struct list_stamp *stamp, const struct stat *st)
{
	memset(stamp, 0, sizeof(*stamp));
	stamp->dev = st->st_dev;
	stamp->ino = st->st_ino;
	stamp->size = st->st_size;
	stamp->mtime = st->st_mtim;
	stamp->ctime = st->st_ctim;
}

static void read_stamps(struct lists_load *l)
{
	const struct job *job = &l->jobs[l->at];
	char name[LIST_NAME_MAX + 16];
	enum list_file file;
	struct stat st;

	memset(l->stamp, 0, sizeof(l->stamp));
	for (file = 0; file < __LIST_FILES; file++) {
		file_name(job, file, name, sizeof(name));
		if (!fstatat(l->dir[job->admin], name, &st, AT_SYMLINK_NOFOLLOW))
			take_stamp(&l->stamp[file], &st);
	}
}

static int read_conf(struct lists_load *l, char *problem, size_t size)
{
	const struct job *job = &l->jobs[l->at];
	_cleanup_free_ char *text = NULL;
	struct rule_error err = { .line = 0 };
	char name[LIST_NAME_MAX + 16];
	char path[PATH_MAX + sizeof(name)];
	unsigned int line;
	size_t len;
	int r;

	memset(&l->conf, 0, sizeof(l->conf));
	file_name(job, LIST_FILE_CONF, name, sizeof(name));
	snprintf(path, sizeof(path), "%s/%s", l->path[job->admin], name);
	r = file_read(l->dir[job->admin], name, path, CONF_MAX, &text, &len, &err);
	if (r == -ENOENT)
		return 0;
	if (r) {
		rule_error_print(&err, problem, size);
		return r;
	}
	r = list_conf_read(text, &l->conf, &line);
	if (r)
		snprintf(problem, size, "%s:%u: expected a line of snitch-lists(5)", name, line);
	return r;
}

static void put(struct lists_load *l, struct list *list, bool changed)
{
	memcpy(list->stamp, l->stamp, sizeof(l->stamp));
	list->facts.admin = l->jobs[l->at].admin;
	l->out->list[l->out->n++] = list;
	l->changed |= changed;
	l->at++;
}

/* The list stays as it was, or is empty, and says why. */
static int put_problem(struct lists_load *l, const struct list *old, const char *problem)
{
	struct list *list = list_make(l->jobs[l->at].name, old);

	if (!list)
		return -ENOMEM;
	snprintf(list->facts.problem, sizeof(list->facts.problem), "%s", problem);
	put(l, list, !old);
	return 1;
}

static bool same_files(const struct lists_load *l, const struct list *old, enum list_file file)
{
	return !memcmp(&l->stamp[file], &old->stamp[file], sizeof(l->stamp[file]));
}

/* Nothing has changed, or only what is kept beside the entries. Return: 1 when that is all. */
static int put_same(struct lists_load *l, const struct list *old)
{
	struct list *list;

	if (old->facts.admin != l->jobs[l->at].admin ||
	    !same_files(l, old, LIST_FILE_ENTRIES) || !same_files(l, old, LIST_FILE_EXCEPT))
		return 0;
	if (!same_files(l, old, LIST_FILE_CONF) &&
	    (old->facts.problem[0] || l->conf.kind != old->facts.conf.kind ||
	     l->conf.disabled != old->facts.conf.disabled))
		return 0;
	list = list_make(old->facts.name, old);
	if (!list)
		return -ENOMEM;
	if (!same_files(l, old, LIST_FILE_CONF))
		list->facts.conf = l->conf;
	put(l, list, false);
	return 1;
}

static int open_next(struct lists_load *l, enum list_file file, char *problem, size_t size)
{
	struct stat st;

	l->file = file;
	l->fd = open_file(l, file, &st, problem, size);
	if (l->fd < 0)
		return l->fd == -ENOENT ? 0 : l->fd;
	if (st.st_size > LIST_FILE_MAX) {
		snprintf(problem, size, "more than %u MiB", LIST_FILE_MAX >> 20);
		return -EFBIG;
	}
	return 0;
}

static void stop_list(struct lists_load *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	list_builder_free(l->builder);
	l->builder = NULL;
}

static int fail_list(struct lists_load *l, int r, const char *problem)
{
	const char *name = l->jobs[l->at].name;

	stop_list(l);
	if (r == -ENOMEM)
		return r;
	return put_problem(l, lists_find(l->before, name), *problem ? problem : strerror(-r));
}

/* Return: 1; -ENOMEM. */
static int begin_list(struct lists_load *l)
{
	const struct job *job = &l->jobs[l->at];
	const struct list *old = lists_find(l->before, job->name);
	char problem[256] = "";
	int r;

	read_stamps(l);
	r = read_conf(l, problem, sizeof(problem));
	if (r)
		return fail_list(l, r, problem);
	if (l->conf.removed && !job->admin) {
		l->at++;
		return 1;
	}
	r = old ? put_same(l, old) : 0;
	if (r)
		return r;
	l->builder = list_builder_new(job->name, l->conf.kind);
	if (!l->builder)
		return -ENOMEM;
	r = l->conf.disabled ? 0 : open_next(l, LIST_FILE_ENTRIES, problem, sizeof(problem));
	return r ? fail_list(l, r, problem) : 1;
}

static int finish_list(struct lists_load *l)
{
	struct list *list = list_builder_finish(l->builder);

	l->builder = NULL;
	if (!list)
		return -ENOMEM;
	list->facts.conf = l->conf;
	put(l, list, true);
	return 1;
}

/* A piece of the file, or the next one. Return: 1; -ENOMEM. */
static int read_piece(struct lists_load *l)
{
	char problem[256] = "";
	ssize_t n;
	int r;

	n = l->fd < 0 ? 0 : read(l->fd, l->buf, sizeof(l->buf));
	if (n < 0)
		return fail_list(l, -errno, "");
	if (n) {
		r = list_builder_feed(l->builder, l->buf, n);
		return r ? fail_list(l, r, r == -E2BIG ? "more than 4 million entries" : "") : 1;
	}
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	if (l->file == LIST_FILE_EXCEPT || l->conf.disabled)
		return finish_list(l);
	list_builder_part(l->builder, LIST_EXCEPTIONS);
	r = open_next(l, LIST_FILE_EXCEPT, problem, sizeof(problem));
	return r ? fail_list(l, r, problem) : 1;
}

int lists_load_step(struct lists_load *l, size_t bytes)
{
	size_t done;
	int r = 1;

	for (done = 0; r > 0 && done < bytes && l->at < l->n_jobs; done += PIECE)
		r = l->builder ? read_piece(l) : begin_list(l);
	if (r < 0)
		return r;
	l->done = l->at == l->n_jobs;
	return !l->done;
}

int lists_load_end(struct lists_load *l, struct lists **out)
{
	int r = l->changed || !l->before || !l->out || l->out->n != l->before->n;

	stop_list(l);
	if (out && l->done)
		*out = snitch_take_ptr(l->out);
	else if (out)
		*out = NULL;
	lists_free(l->out);
	if (l->dir[0] >= 0)
		close(l->dir[0]);
	if (l->dir[1] >= 0)
		close(l->dir[1]);
	free(l->jobs);
	free(l);
	return r;
}

int lists_load(const char *root, const struct lists *before, struct lists **out,
	       struct rule_error *err)
{
	struct lists_load *l;
	int r;

	*out = NULL;
	r = lists_load_start(root, before, &l, err);
	if (r)
		return r;
	do {
		r = lists_load_step(l, LIST_FILE_MAX);
	} while (r > 0);
	if (!r)
		return lists_load_end(l, out);
	lists_load_end(l, NULL);
	return r;
}
