/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What addresses were looked up as: by whom, in which network namespace, from which source, until
 * when. A scope is a process image (its owner id); scope 0 is the whole system; claims that are
 * nobody's in particular have scopes of their own, so that they drive out nothing else. What is over
 * is kept for a while where there is room: a connection lives longer than the name it was made by.
 * Everything is bounded, what was learnt longest ago goes first; nothing has a timer. Pure: no I/O, no
 * clock.
 */
#ifndef SNITCH_NAMES_MEMORY_H
#define SNITCH_NAMES_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"

#define NAMES_MAX		32768		/* in all */
#define NAMES_BYTES_MAX		(8U << 20)
#define NAMES_SCOPE_MAX		512		/* of one process image */
#define NAMES_SYSTEM_MAX	4096		/* of scope 0 */
#define NAMES_SCOPE_RESOLVED	UINT64_MAX	/* what systemd-resolved looked up */
#define NAMES_SCOPE_MDNS	(UINT64_MAX - 1)	/* what is said on the link */
#define NAMES_TTL_FLOOR		60		/* seconds; programs keep addresses longer than told */
#define NAMES_TTL_CEILING	86400
#define NAMES_FOR_EVER		UINT64_MAX
#define NAMES_PAST		21600		/* seconds that a name is kept which is over */
#define NAMES_FOUND_MAX		16		/* candidates of one address that are told */

enum name_source {
	NAME_BY_DNS,
	NAME_BY_TCP_DNS,
	NAME_BY_RESOLVED,
	NAME_BY_HOSTS,
	NAME_BY_MDNS,
	NAME_BY_SNI,		/* from here on: the program said so itself */
	NAME_BY_QUIC,
	NAME_BY_OUTER,		/* of those, the one beside an encrypted name */
	__NAME_SOURCES
};

/**
 * struct name_fact - @name is @addr
 * @scope: whose; 0: the system's
 * @netns: inode number; 0: any
 * @source: where it comes from
 * @verified: an allow rule may count on it; else it is a claim
 * @name: as dns_name_clean() writes it
 * @now, @until: CLOCK_BOOTTIME ns
 */
struct name_fact {
	uint64_t scope;
	uint32_t netns;
	enum name_source source;
	bool verified;
	struct dns_addr addr;
	const char *name;
	uint64_t now;
	uint64_t until;
};

/* A candidate. @name is the memory's, until it is changed. */
struct name_found {
	const char *name;
	enum name_source source;
	bool verified;
	uint64_t learnt;
	uint64_t until;
};

/**
 * struct name_question - whose names of which address?
 * @scopes: the image, then those that it was forked from; scope 0 need not be named
 */
struct name_question {
	const uint64_t *scopes;
	size_t n_scopes;
	uint32_t netns;
	bool system;		/* scope 0 as well, and what is nobody's */
	bool said;		/* what programs said themselves as well */
	bool past;		/* what is over as well */
	struct dns_addr addr;
	uint64_t now;
};

struct names_count {
	unsigned int entries, scopes;
	size_t bytes;
	uint64_t evicted;
};

struct names;

struct names *names_new(void);		/* NULL: no memory */
void names_free(struct names *names);	/* NULL is fine */

/*
 * Keeps a fact, or lengthens it. A claim never makes a verified name of the same scope a claim.
 * Return: 1 when the scope knew the address before, by whatever name; 0; -EINVAL; -ENOMEM.
 */
int names_learn(struct names *names, const struct name_fact *fact);

/*
 * The names that are still valid, each once: those of the nearest scope first, and in one scope the
 * newest. Where a name is both, it is verified. What others have looked up or said counts only where
 * there is nothing else. Return: how many, at most @max.
 */
size_t names_find(struct names *names, const struct name_question *q, struct name_found *out,
		  size_t max);

/* Forgets a scope; with @source below __NAME_SOURCES only what comes from there. */
void names_forget(struct names *names, uint64_t scope, enum name_source source);
void names_count(const struct names *names, struct names_count *count);

/* When a name with @ttl seconds ends, with floor and ceiling. */
uint64_t names_until(uint64_t now, uint32_t ttl);

/* "dns", "tcp-dns", "resolved"...; "?" for a number without a word. */
const char *name_source_word(unsigned int source);

#endif
