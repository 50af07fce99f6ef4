/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The downloader of lists: a program of its own, as a user of its own, as it talks to the network.
 * It reads jobs and writes what came into the spool; whether that is a list is for snitchd to say.
 */
#ifndef SNITCH_FETCH_H
#define SNITCH_FETCH_H

#include "../lists/spool.h"

#define FETCH_TIME		300	/* seconds for one list */
#define FETCH_CONNECT		30
#define FETCH_SLOW_BYTES	100	/* a second, over FETCH_SLOW_TIME: it has stopped */
#define FETCH_SLOW_TIME		30
#define FETCH_REDIRECTS		5

/**
 * struct fetch_options - the command line
 * @root: prefix of all folders, "" for none
 * @cacert: file of certificates to trust instead of the system's, or NULL
 * @time, @slow_time: seconds, instead of those above
 * @max: bytes of a list
 */
struct fetch_options {
	const char *root;
	const char *cacert;
	long time, slow_time;
	uint64_t max;
};

/*
 * fetch_get() - one list
 * @to: file that gets the contents
 * @result: gets the outcome; its url is not touched
 */
void fetch_get(const struct fetch_options *opt, const struct list_job *job, FILE *to,
	       struct list_result *result);

#endif
