// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-fetch: does the jobs that are due, one after the other, and ends. It must never write
 * anywhere but into the spool.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/save.h"
#include "fetch.h"

static const char help[] =
	"Usage: snitch-fetch [OPTION]...\n"
	"Fetches the lists that snitchd wants now. snitch-fetch.timer starts it.\n\n"
	"  --root DIR       prefix of all folders, for tests\n"
	"  --cacert FILE    trust these certificates instead of the system's\n"
	"  --time SECONDS   for one list (300)\n"
	"  --stall SECONDS  in which nearly nothing comes: give up (30)\n"
	"  --max BYTES      of one list (128 MiB)\n"
	"  --version, --help\n\n"
	"See snitch-fetch(8).\n";

enum { O_ROOT = 256, O_CACERT, O_TIME, O_STALL, O_MAX, O_VERSION, O_HELP };

static const struct option longs[] = {
	{ "root", required_argument, NULL, O_ROOT },
	{ "cacert", required_argument, NULL, O_CACERT },
	{ "time", required_argument, NULL, O_TIME },
	{ "stall", required_argument, NULL, O_STALL },
	{ "max", required_argument, NULL, O_MAX },
	{ "version", no_argument, NULL, O_VERSION },
	{ "help", no_argument, NULL, O_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool take_number(long *to, long max)
{
	char *end;

	*to = strtol(optarg, &end, 10);
	return *optarg && !*end && *to > 0 && *to <= max;
}

/* Return: 0; 1: done; -EINVAL. */
static int take(struct fetch_options *opt, int option)
{
	long number;

	switch (option) {
	case O_ROOT:
		opt->root = optarg;
		return 0;
	case O_CACERT:
		opt->cacert = optarg;
		return 0;
	case O_TIME:
		return take_number(&opt->time, 86400) ? 0 : -EINVAL;
	case O_STALL:
		return take_number(&opt->slow_time, 86400) ? 0 : -EINVAL;
	case O_MAX:
		if (!take_number(&number, LIST_FILE_MAX))
			return -EINVAL;
		opt->max = number;
		return 0;
	case O_VERSION:
		printf("snitch-fetch %s\n", SNITCH_VERSION);
		return 1;
	case O_HELP:
		fputs(help, stdout);
		return 1;
	default:
		return -EINVAL;
	}
}

static int parse(struct fetch_options *opt, int argc, char **argv)
{
	int option, r = 0;

	while (!r && (option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		r = take(opt, option);
	if (!r && optind < argc)
		r = -EINVAL;
	if (r < 0)
		fputs("Try \"snitch-fetch --help\".\n", stderr);
	return r;
}

/* Return: 0, or a negative errno: there is no such job. */
static int read_job(const char *folder, const char *file, struct list_job *job)
{
	_cleanup_free_ char *path = snitch_format("%s/%s", folder, file);
	_cleanup_close_ int fd = -1;
	char text[LIST_SPOOL_TEXT];
	ssize_t n;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return list_job_read(text, job);
}

static int flush(FILE *f)
{
	return fflush(f) || ferror(f) ? -EIO : 0;
}

/* The data first, the result last: snitchd looks for results. */
static int do_job(const struct fetch_options *opt, const char *spool, const char *name,
		  const struct list_job *job)
{
	_cleanup_free_ char *part = snitch_format("%s/.%s.part", spool, name);
	_cleanup_free_ char *data = snitch_format("%s/%s.data", spool, name);
	_cleanup_free_ char *file = snitch_format("%s.result", name);
	_cleanup_fclose_ FILE *to = NULL;
	struct list_result result;

	memset(&result, 0, sizeof(result));
	strcpy(result.url, job->url);
	if (!part || !data || !file)
		return -ENOMEM;
	unlink(part);
	to = fopen(part, "wxe");
	if (!to)
		return -errno;
	fetch_get(opt, job, to, &result);
	if (result.outcome == LIST_FETCH_OK && (flush(to) || rename(part, data)))
		return -EIO;
	if (result.outcome != LIST_FETCH_OK)
		unlink(part);
	log_msg(result.outcome == LIST_FETCH_FAILED ? LOG_WARNING : LOG_INFO, "list %s: %s", name,
		result.outcome == LIST_FETCH_OK ? "fetched" :
		result.outcome == LIST_FETCH_SAME ? "has not changed" : result.error);
	return snitch_save(spool, file, list_result_write, &result);
}

static int do_file(const struct fetch_options *opt, const char *jobs, const char *spool,
		   const char *file)
{
	const char *dot = strrchr(file, '.');
	char name[LIST_NAME_MAX + 1];
	struct list_job job;
	int r;

	if (!dot || strcmp(dot, ".job") || dot - file > LIST_NAME_MAX)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(dot - file), file);
	if (!list_name_valid(name))
		return 0;
	r = read_job(jobs, file, &job);
	if (r) {
		log_msg(LOG_WARNING, "%s/%s is no job: %s", jobs, file, strerror(-r));
		return r;
	}
	if ((uint64_t)time(NULL) < job.after)
		return 0;
	r = do_job(opt, spool, name, &job);
	if (r)
		log_msg(LOG_ERR, "cannot write into %s: %s", spool, strerror(-r));
	return r;
}

static int do_all(const struct fetch_options *opt)
{
	_cleanup_free_ char *jobs = snitch_format("%s" LIST_JOBS, opt->root);
	_cleanup_free_ char *spool = snitch_format("%s" LIST_SPOOL, opt->root);
	struct dirent *entry;
	unsigned int n = 0;
	int r = 0, one;
	DIR *dir;

	dir = jobs && spool ? opendir(jobs) : NULL;
	if (!dir) {
		log_msg(LOG_ERR, "cannot read %s: %m", jobs ? jobs : "the jobs");
		return -errno;
	}
	while (n++ < 4 * LISTS_MAX && (entry = readdir(dir))) {
		one = do_file(opt, jobs, spool, entry->d_name);
		r = r ? r : one;
	}
	closedir(dir);
	return r;
}

int main(int argc, char **argv)
{
	struct fetch_options opt = {
		.root = "", .time = FETCH_TIME, .slow_time = FETCH_SLOW_TIME,
		.max = LIST_FILE_MAX,
	};
	int r;

	r = parse(&opt, argc, argv);
	if (r)
		return r > 0 ? EXIT_SUCCESS : 2;
	/* snitchd reads the spool by its group */
	umask(0027);
	log_open(false);
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		log_msg(LOG_ERR, "libcurl does not start");
		return EXIT_FAILURE;
	}
	r = do_all(&opt);
	curl_global_cleanup();
	log_close();
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
