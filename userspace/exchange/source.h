/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of others, read within bounds, and the lines where its values stand, which the JSON library
 * does not tell. Private to userspace/exchange.
 */
#ifndef SNITCH_EXCHANGE_SOURCE_H
#define SNITCH_EXCHANGE_SOURCE_H

#include <jansson.h>

#include "exchange.h"

/* A place in the text; copied freely. at is NULL where the place is not known. */
struct place {
	const char *at;
	const char *end;
	unsigned int line;	/* 0: not known */
};

/* One file that is being read. */
struct source {
	struct exchange *x;
	const char *file;
	struct place start;	/* of the whole value */
	unsigned int rule;	/* its number in reports; 0: none */
};

/**
 * source_parse() - read a file as one JSON value
 * @src: for the report; its start is set
 * @root: the value, for json_decref(); NULL for a file of nothing but blanks
 *
 * Return: 0; -EINVAL, told in the report; -ENOMEM.
 */
int source_parse(struct source *src, const char *bytes, size_t len, json_t **root);

/* The value of member @key of the object at @p. Without one: a place without text, on @p's line. */
struct place place_member(struct place p, const char *key);
/* The first value of the array at @p, and the one after @p in the same array. */
struct place place_first(struct place p);
struct place place_next(struct place p);

/*
 * One line of the report: what stands at @p, under @key (or NULL), being @found (or NULL). Counts
 * nothing but entries. Return: 0 or -ENOMEM.
 */
__attribute__((format(printf, 6, 7)))
int source_say(const struct source *src, enum exchange_fate fate, struct place p, const char *key,
	       const char *found, const char *reason, ...);

/* The same, and one thing more is not carried over. */
#define source_leave(src, p, key, found, ...)				\
	((src)->x->n_left++,						\
	 source_say(src, EXCHANGE_LEFT, p, key, found, __VA_ARGS__))

/* @value as text to show: strings as they are, others as JSON; for free(). */
char *source_text(const json_t *value);

#endif
