// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs for the fetcher, and what it left. The fetcher talks to the network and may be taken over:
 * nothing of the spool is believed, and it can do no more than offer a list.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/save.h"
#include "keeper-private.h"

#define RETRY_FIRST	3600U	/* seconds after a failure; doubled with each, up to the usual time */

static uint64_t due(const struct list_conf *conf)
{
	uint64_t every = conf->every ? conf->every : KEEPER_EVERY, wait = every;

	if (!conf->tried)
		return 0;
	if (conf->failures) {
		wait = (uint64_t)RETRY_FIRST << (conf->failures > 10 ? 10 : conf->failures - 1);
		wait = wait < every ? wait : every;
	}
	return conf->tried + wait;
}

ssize_t keeper_read_small(const char *folder, const char *name, char *buf, size_t size)
{
	_cleanup_free_ char *path = snitch_format("%s/%s", folder, name);
	_cleanup_close_ int fd = -1;
	struct stat st;
	ssize_t n;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size >= (off_t)size)
		return -EINVAL;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return strlen(buf) == (size_t)n ? n : -EINVAL;
}

/* ---- jobs -------------------------------------------------------------------------------- */

static void write_job(struct keeper *k, const char *name, const struct list_job *job)
{
	_cleanup_free_ char *file = snitch_format("%s.job", name);
	char text[LIST_SPOOL_TEXT];
	struct list_job old;
	int r;

	if (!file)
		return;
	if (keeper_read_small(k->jobs, file, text, sizeof(text)) >= 0 && !list_job_read(text, &old) &&
	    !strcmp(old.url, job->url) && !strcmp(old.etag, job->etag) && old.after == job->after)
		return;
	r = snitch_save(k->jobs, file, list_job_write, job);
	if (r)
		log_msg(LOG_ERR, "list %s will not be fetched: cannot write %s/%s: %s", name,
			k->jobs, file, strerror(-r));
}

static const struct list_conf *fetched_conf(const struct keeper *k, const char *name)
{
	const struct list *list = lists_find(rulebook_lists(k->rules), name);
	const struct list_facts *facts = list ? list_facts(list) : NULL;

	return facts && !facts->admin && *facts->conf.url && !facts->conf.disabled ? &facts->conf :
	       NULL;
}

/* Jobs of lists that are not fetched any more. */
static void remove_jobs(struct keeper *k)
{
	DIR *dir = opendir(k->jobs);
	char name[LIST_NAME_MAX + 1];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".job") || dot - entry->d_name > LIST_NAME_MAX)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(dot - entry->d_name), entry->d_name);
		if (!fetched_conf(k, name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

void spool_write_jobs(struct keeper *k)
{
	const struct list *list;
	size_t i;

	remove_jobs(k);
	for (i = 0; (list = lists_at(rulebook_lists(k->rules), i)); i++) {
		const struct list_conf *conf = fetched_conf(k, list_facts(list)->name);
		struct list_job job;

		if (!conf)
			continue;
		memset(&job, 0, sizeof(job));
		strcpy(job.url, conf->url);
		/* what is not here any more is fetched whole */
		if (list_facts(list)->names || list_facts(list)->ranges)
			strcpy(job.etag, conf->etag);
		job.after = due(conf);
		write_job(k, list_facts(list)->name, &job);
	}
}

/* ---- results ------------------------------------------------------------------------------- */

static void remove_file(const struct keeper *k, const char *name, const char *suffix)
{
	_cleanup_free_ char *path = snitch_format("%s/%s%s", k->spool, name, suffix);

	if (path)
		unlink(path);
}

/* The data beside a result; it is copied before it is looked at. */
static int open_data(const struct keeper *k, const char *name)
{
	_cleanup_free_ char *path = snitch_format("%s/%s.data", k->spool, name);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	/* a second name of a file of somebody else: with our rights it would be read all the same */
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -EINVAL;
	return snitch_take_fd(&fd);
}

static void note_attempt(struct keeper *k, const char *name, const struct list_conf *conf)
{
	int r = keeper_write_conf(k, name, conf);

	if (r)
		log_msg(LOG_ERR, "cannot write %s/%s.conf: %s", k->store, name, strerror(-r));
	k->look = true;
}

static void take_result(struct keeper *k, const char *name, const struct list_result *result)
{
	struct list_conf conf;
	int fd, r = 0;

	keeper_conf(k, name, &conf);
	/* of a list that is gone, or is fetched from elsewhere now */
	if (!*conf.url || strcmp(conf.url, result->url))
		return;
	conf.tried = time(NULL);
	switch (result->outcome) {
	case LIST_FETCH_OK:
		strcpy(conf.etag, result->etag);
		fd = open_data(k, name);
		r = fd < 0 ? fd : intake_begin(k, name, &conf, fd, true, NULL);
		if (!r)
			return;
		snprintf(conf.error, sizeof(conf.error), "what was fetched cannot be read: %s",
			 strerror(-r));
		conf.etag[0] = '\0';
		conf.failures++;
		break;
	case LIST_FETCH_SAME:
		conf.fetched = conf.tried;
		conf.failures = 0;
		conf.error[0] = '\0';
		break;
	default:
		conf.failures++;
		snprintf(conf.error, sizeof(conf.error), "%s", result->error);
		log_msg(LOG_WARNING, "list %s not fetched: %s", name, result->error);
	}
	note_attempt(k, name, &conf);
}

static void take_file(struct keeper *k, const char *file)
{
	const char *dot = strrchr(file, '.');
	char name[LIST_NAME_MAX + 1], text[LIST_SPOOL_TEXT];
	struct list_result result;

	if (!dot || strcmp(dot, ".result") || dot - file > LIST_NAME_MAX)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(dot - file), file);
	if (!list_name_valid(name))
		return;
	if (keeper_read_small(k->spool, file, text, sizeof(text)) < 0 || list_result_read(text, &result))
		log_msg(LOG_WARNING, "%s/%s makes no sense", k->spool, file);
	else
		take_result(k, name, &result);
	/* an open file is read to its end, whether it has a name or not */
	remove_file(k, name, ".result");
	remove_file(k, name, ".data");
}

void spool_take_results(struct keeper *k)
{
	DIR *dir = opendir(k->spool);
	struct dirent *entry;
	unsigned int n = 0;

	k->results = false;
	while (dir && n < LISTS_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		take_file(k, entry->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
}
