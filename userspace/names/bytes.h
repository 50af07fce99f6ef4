/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A place in bytes that belong to others: what is taken beyond their end is nothing, and the fault
 * stays known. Private to userspace/names.
 */
#ifndef SNITCH_NAMES_BYTES_H
#define SNITCH_NAMES_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @bad: something was taken that is not there; then all that follows is empty */
struct bytes {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* The next @n bytes, or none of them. */
static inline struct bytes bytes_take(struct bytes *b, uint64_t n)
{
	struct bytes part = { .at = b->at, .left = n };

	if (b->bad || n > b->left) {
		b->bad = true;
		b->left = 0;
		return (struct bytes){ .bad = true };
	}
	b->at += n;
	b->left -= n;
	return part;
}

/* A number of @n bytes, at most 8, the first one most significant; 0 when they are not there. */
static inline uint64_t bytes_number(struct bytes *b, size_t n)
{
	struct bytes part = bytes_take(b, n);
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < part.left; i++)
		v = v << 8 | part.at[i];
	return v;
}

/* What follows its own length, which is a number of @n bytes. */
static inline struct bytes bytes_vector(struct bytes *b, size_t n)
{
	uint64_t len = bytes_number(b, n);

	return bytes_take(b, len);
}

#endif
