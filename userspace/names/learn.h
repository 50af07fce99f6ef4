/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the kernel's copies of DNS messages to the memory of names: a question is noted, its answer
 * is learnt from. Pure: no I/O, no clock but the kernel's times.
 */
#ifndef SNITCH_NAMES_LEARN_H
#define SNITCH_NAMES_LEARN_H

#include <linux/snitch.h>

#include "memory.h"
#include "query.h"

/**
 * struct names_news - what a message has taught
 * @m: the message, of a question or an answer that was asked for
 * @until: of an answer: when the names end, CLOCK_BOOTTIME ns
 * @known: which of @m.addrs the process had looked up before: their names may be others now
 */
struct names_news {
	struct dns_message m;
	uint64_t until;
	bool known[DNS_ADDRS_MAX];
};

/**
 * names_take() - a DNS message
 * @names: the memory
 * @queries: questions without an answer yet
 * @dns: as the kernel sent it, checked; of TCP what dns_streams_take() made of it
 * @verified: the server is one that allow rules may count on
 * @news: filled in on success
 *
 * Return: 1: names were learnt; 0: a question, or an answer that says no; or -ENOENT (nobody asked
 * for it), or what dns_parse() said: nothing was learnt.
 */
int names_take(struct names *names, struct dns_queries *queries, const struct snitch_dns *dns,
	       bool verified, struct names_news *news);

#define NAMES_SAID_MAX	32	/* records of one message that was said to all on the link */

/* Such a message: claims of nobody in particular. Return: as dns_parse_said(). */
int names_take_said(struct names *names, const struct snitch_dns *dns);

/* By which way a message goes. */
void names_path(const struct snitch_dns *dns, struct dns_path *path);

/* What a program wants to know with a packet to a name server; NULL: it is not known. */
const char *names_asked(const struct dns_queries *queries, const struct snitch_flow_event *ev,
			uint64_t now);

#endif
