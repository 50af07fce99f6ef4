/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What snitchd and snitch-fetch tell each other: jobs one way, results and what was fetched the
 * other. Both are other users: neither may believe more than what stands here.
 *
 *	LIST_JOBS/NAME.job		of snitchd
 *	LIST_SPOOL/NAME.result		of snitch-fetch, written last
 *	LIST_SPOOL/NAME.data		beside a result "ok"
 */
#ifndef SNITCH_LISTS_SPOOL_H
#define SNITCH_LISTS_SPOOL_H

#include "lists.h"

#define LIST_FETCH_FOLDER	"/var/lib/snitch-fetch"
#define LIST_JOBS		LIST_FETCH_FOLDER "/jobs"
#define LIST_SPOOL		LIST_FETCH_FOLDER "/spool"
#define LIST_SPOOL_TEXT		8192	/* bytes of a job or a result */

struct list_job {
	char url[LIST_URL_MAX];
	char etag[LIST_ETAG_MAX];
	uint64_t after;		/* seconds since 1970: not before */
};

enum list_outcome { LIST_FETCH_FAILED, LIST_FETCH_OK, LIST_FETCH_SAME };

struct list_result {
	enum list_outcome outcome;
	char url[LIST_URL_MAX];		/* the job's */
	char etag[LIST_ETAG_MAX];
	char error[256];		/* of a failure */
};

/* Read a text, which is cut up. Return: 0 or -EINVAL. */
int list_job_read(char *text, struct list_job *job);
int list_result_read(char *text, struct list_result *result);

/* For snitch_save(). */
int list_job_write(FILE *f, const void *ctx);
int list_result_write(FILE *f, const void *ctx);

#endif
