// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs and results. It must never take a line that it does not know: the other side may be taken
 * over.
 */
#include "spool.h"

#include <errno.h>
#include <string.h>

#include "lines.h"

static const char *const outcomes[] = {
	[LIST_FETCH_FAILED] = "failed", [LIST_FETCH_OK] = "ok", [LIST_FETCH_SAME] = "same",
};

static int take_url(char *to, const char *value)
{
	return list_url_check(value) ? -EINVAL : lines_text(to, LIST_URL_MAX, value);
}

static int take_job(void *ctx, const char *key, const char *value)
{
	struct list_job *job = ctx;

	if (!strcmp(key, "url"))
		return take_url(job->url, value);
	if (!strcmp(key, "etag"))
		return lines_text(job->etag, sizeof(job->etag), value);
	if (!strcmp(key, "after"))
		return lines_number(&job->after, value, INT64_MAX);
	return -EINVAL;
}

int list_job_read(char *text, struct list_job *job)
{
	unsigned int line;
	int r;

	memset(job, 0, sizeof(*job));
	r = lines_read(text, take_job, job, &line);
	return r || !*job->url ? -EINVAL : 0;
}

int list_job_write(FILE *f, const void *ctx)
{
	const struct list_job *job = ctx;

	fprintf(f, "url = %s\nafter = %llu\n", job->url, (unsigned long long)job->after);
	if (*job->etag)
		fprintf(f, "etag = %s\n", job->etag);
	return 0;
}

static int take_outcome(enum list_outcome *to, const char *value)
{
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (strcmp(value, outcomes[i]))
			continue;
		*to = i;
		return 0;
	}
	return -EINVAL;
}

static int take_result(void *ctx, const char *key, const char *value)
{
	struct list_result *result = ctx;

	if (!strcmp(key, "outcome"))
		return take_outcome(&result->outcome, value);
	if (!strcmp(key, "url"))
		return take_url(result->url, value);
	if (!strcmp(key, "etag"))
		return lines_text(result->etag, sizeof(result->etag), value);
	if (!strcmp(key, "error"))
		return lines_text(result->error, sizeof(result->error), value);
	return -EINVAL;
}

int list_result_read(char *text, struct list_result *result)
{
	unsigned int line;
	int r;

	memset(result, 0, sizeof(*result));
	r = lines_read(text, take_result, result, &line);
	return r || !*result->url ? -EINVAL : 0;
}

int list_result_write(FILE *f, const void *ctx)
{
	const struct list_result *result = ctx;

	fprintf(f, "outcome = %s\nurl = %s\n", outcomes[result->outcome], result->url);
	if (*result->etag)
		fprintf(f, "etag = %s\n", result->etag);
	if (*result->error)
		fprintf(f, "error = %s\n", result->error);
	return 0;
}
