/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions that were put to name servers and have no answer yet: an answer teaches only whom it
 * was meant for, and only what was asked. A fixed number; where there is no room the oldest of a
 * few is forgotten. Pure: no I/O, no clock.
 */
#ifndef SNITCH_NAMES_QUERY_H
#define SNITCH_NAMES_QUERY_H

#include "dns.h"

#define DNS_QUERY_SETS	1024
#define DNS_QUERY_WAYS	4
#define DNS_QUERY_LIFE	30	/* seconds that an answer may take */

/**
 * struct dns_path - who asks whom, by which way
 * @owner: id of the process image
 */
struct dns_path {
	uint64_t owner;
	uint32_t netns;
	uint16_t own_port;
	uint16_t server_port;
	uint8_t proto;
	struct dns_addr own;
	struct dns_addr server;
};

bool dns_path_same(const struct dns_path *a, const struct dns_path *b);

struct dns_queries;

struct dns_queries *dns_queries_new(void);	/* NULL: no memory */
void dns_queries_free(struct dns_queries *queries);

/* @m, a question, is put at @now (ns). */
void dns_query_note(struct dns_queries *queries, const struct dns_path *path,
		    const struct dns_message *m, uint64_t now);

/* Was the question that @m answers put by that way? It has its answer then. */
bool dns_query_answered(struct dns_queries *queries, const struct dns_path *path,
			const struct dns_message *m, uint64_t now);

/*
 * What was asked for last by the socket that sends from @path->own_port to that server, NULL: it
 * is not known.
 */
const char *dns_query_last(const struct dns_queries *queries, const struct dns_path *path,
			   uint64_t now);

#endif
