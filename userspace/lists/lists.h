/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists: names and addresses by the million, which rules name as "list:NAME". Pure: it reads
 * files that only the right users can write, and never the network or the bus.
 *
 * A struct list never changes once it is built; a struct lists is a set of them, swapped whole.
 * Lists whose files have not changed are shared between the set of before and the next.
 */
#ifndef SNITCH_LISTS_H
#define SNITCH_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LIST_NAME_MAX		64	/* bytes of a list's name */
#define LIST_LINE_MAX		1024	/* bytes of a line in a list */
#define LIST_FILE_MAX		(128U << 20)
#define LIST_ENTRIES_MAX	4000000U
#define LIST_BAD_SHOWN		5	/* bad lines that are kept to be shown */
#define LIST_URL_MAX		1024
#define LIST_ETAG_MAX		256
#define LISTS_MAX		256

#define LIST_FOLDER_STORE	"/var/lib/snitch/lists"
#define LIST_FOLDER_ADMIN	"/etc/snitch/lists"

/* Addresses from @first to @last, network order; IPv4 in the first 4 bytes, the others 0. */
struct list_range {
	uint8_t family;
	uint8_t first[16], last[16];
};

enum list_kind {
	LIST_AUTO,		/* by line: names of hosts files are exact, others with what is below */
	LIST_DOMAINS,		/* names, with what is below them */
	LIST_HOSTS,		/* names, exactly */
	LIST_ADDRESSES,
	__LIST_KINDS
};

/* What NAME.conf holds, see snitch-lists(5). Strings are "" where there is nothing. */
struct list_conf {
	char url[LIST_URL_MAX];
	enum list_kind kind;
	uint64_t every;		/* seconds between fetches; 0: the usual */
	bool disabled;
	bool removed;		/* it is no list any more: its other files are on their way out */
	uint64_t fetched;	/* seconds since 1970 of the last good answer; 0: never */
	uint64_t tried;		/* of the last attempt */
	uint32_t failures;	/* since then */
	uint64_t count;		/* entries of the last good answer */
	char etag[LIST_ETAG_MAX];
	char sha256[65];
	char error[256];	/* of the last attempt */
};

/* A line that could not be read; @text may hold anything. */
struct list_bad {
	uint64_t line;
	const char *why;	/* constant */
	char text[48];
};

/**
 * struct list_facts - what is to be told about a list
 * @admin: it stands in the administrator's folder
 * @ranges: after joining, without exceptions
 * @lines: of the file; @bad of them could not be read
 * @html: it begins like a page of the web
 * @problem: why its newest files are not in force, "" when they are
 */
struct list_facts {
	char name[LIST_NAME_MAX + 1];
	bool admin;
	size_t names, ranges, excepted;
	uint64_t lines, bad, comments;
	struct list_bad bad_lines[LIST_BAD_SHOWN];
	bool html;
	size_t bytes;
	char problem[256];
	struct list_conf conf;
};

struct list;
struct lists;
struct rule_error;

/* ---- one list ------------------------------------------------------------------------ */

/* Letters, digits, '-', '_' and '.', not at the beginning; also a name of files. */
bool list_name_valid(const char *name);

const struct list_facts *list_facts(const struct list *list);

/* Are both of the same files, as they were? NULL is none. */
bool list_same(const struct list *a, const struct list *b);

/* Its addresses, sorted, joined, exceptions taken out. Return: how many. */
size_t list_ranges(const struct list *list, const struct list_range **out);

/*
 * Is @host on the list, and no exception? @entry gets the line's name, which lives as long as the
 * list; may be NULL.
 */
bool list_match_name(const struct list *list, const char *host, const char **entry);

/* The same of an address in network order. */
bool list_match_addr(const struct list *list, uint8_t family, const uint8_t *addr,
		     const struct list_range **entry);

/* The exception that keeps @host or @addr off the list, as text to @buf; NULL: none. */
const char *list_why_not_name(const struct list *list, const char *host, char *buf, size_t size);
const char *list_why_not_addr(const struct list *list, uint8_t family, const uint8_t *addr,
			      char *buf, size_t size);

/* "192.0.2.0-192.0.2.255", or the one address. Return: @buf. */
#define LIST_RANGE_TEXT		96
char *list_range_print(const struct list_range *range, char *buf, size_t size);

void list_free(struct list *list);	/* NULL is allowed; for those of list_builder_finish() */

/* ---- reading ------------------------------------------------------------------------- */

/* Reads lines in pieces as they come, for a loop that must not wait. */
struct list_builder;

enum list_part { LIST_ENTRIES, LIST_EXCEPTIONS };

/* Return: a builder for list_builder_finish() or list_builder_free(); NULL without memory. */
struct list_builder *list_builder_new(const char *name, enum list_kind kind);
void list_builder_free(struct list_builder *b);	/* NULL is allowed */

/* From now on pieces are of another file: the list's, or its exceptions'. */
void list_builder_part(struct list_builder *b, enum list_part part);

/* Return: 0; -E2BIG over LIST_ENTRIES_MAX, or -ENOMEM: it makes no sense to go on. */
int list_builder_feed(struct list_builder *b, const char *data, size_t len);

/* Return: the list, for list_free(); NULL without memory. @b is gone in any case. */
struct list *list_builder_finish(struct list_builder *b);

/* ---- NAME.conf ------------------------------------------------------------------------- */

/* "auto", "domains", "hosts", "addresses". parse: 0 or -EINVAL. */
const char *list_kind_name(enum list_kind kind);
int list_kind_parse(const char *text, enum list_kind *kind);

/* NULL when a list can be fetched from @url; else what was expected. */
const char *list_url_check(const char *url);

/* Reads the text of a .conf, which is cut up. Return: 0, or -EINVAL with the @line. */
int list_conf_read(char *text, struct list_conf *conf, unsigned int *line);
/* Return: 0 or a negative errno; for snitch_save(), @ctx is the struct list_conf. */
int list_conf_write(FILE *f, const void *ctx);

/* ---- all lists ------------------------------------------------------------------------- */

struct lists *lists_new(void);		/* an empty set; NULL: no memory */
void lists_free(struct lists *lists);	/* NULL is allowed */

const struct list *lists_find(const struct lists *lists, const char *name);	/* or NULL */
/* The list at place @i, by name, from 0; NULL: no more. */
const struct list *lists_at(const struct lists *lists, size_t i);

/* Loading in steps. */
struct lists_load;

/**
 * lists_load_start() - begin to read the folders
 * @root: prefix of all folders, NULL: none
 * @before: lists whose files are as they were are taken from it; may be NULL, else it must stay
 *	until the end
 * @out: for lists_load_end()
 * @err: filled in when a folder cannot be read, or others can write it
 *
 * What is wrong with one list is its own problem (list_facts.problem): it stays as it was before,
 * or is empty. A file is refused as a file of rules is.
 *
 * Return: 0; -E2BIG with more than LISTS_MAX lists, or another negative errno.
 */
int lists_load_start(const char *root, const struct lists *before, struct lists_load **out,
		     struct rule_error *err);
/* Reads about @bytes more. Return: 1: there is more; 0: done; a negative errno. */
int lists_load_step(struct lists_load *l, size_t bytes);
/* @out gets the new set unless it is NULL or they are not all read. Frees @l. Return: 1 when they
 * differ from those before, 0 when not.
 */
int lists_load_end(struct lists_load *l, struct lists **out);

/* All steps at once. Return: 1, 0 as above or a negative errno: @out is NULL then. */
int lists_load(const char *root, const struct lists *before, struct lists **out,
	       struct rule_error *err);

/* ---- hits ------------------------------------------------------------------------------ */

#define LIST_HITS_MAX	1024	/* entries counted one by one, of all lists */

/* How often lists decided. It outlives the lists. */
struct list_hits;

/* One line; @entry NULL: the list as a whole. */
struct list_hit {
	const char *list;
	const char *entry;
	uint64_t count;
	uint64_t last;		/* seconds since 1970 */
};

struct list_hits *list_hits_new(void);	/* NULL: no memory */
void list_hits_free(struct list_hits *hits);
/* Without room the entry is not told apart; the list is always counted. */
void list_hits_add(struct list_hits *hits, const char *list, const char *entry, uint64_t now);
void list_hits_each(const struct list_hits *hits, const char *list,
		    void (*fn)(void *ctx, const struct list_hit *hit), void *ctx);
uint64_t list_hits_count(const struct list_hits *hits, const char *list);

#endif
