// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How large a binary property list is when every reference in it is followed: one object may be
 * referred to many times, and libplist copies it each time. It must never read beyond the bytes
 * given; it makes no values.
 *
 * Format: CFBinaryPList.c of Apple's CF-Lite: objects, table of offsets, trailer of 32 bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "iap.h"

#define TRAILER		32
#define MAGIC		8
#define WEIGHT_MAX	(4U << 20)	/* bytes unfolded, roughly */
#define WEIGHT_OBJECT	64

enum mark { UNSEEN, OPEN, DONE };

/* @height: levels of containers below it */
struct object {
	enum mark mark;
	unsigned int height;
	size_t weight;
};

struct file {
	const uint8_t *bytes;
	size_t end;			/* of the objects: where the table of offsets begins */
	unsigned int offset_size;
	unsigned int ref_size;
	size_t n;
	struct object *objects;
};

static uint64_t number(const uint8_t *at, unsigned int size)
{
	uint64_t n = 0;

	while (size--)
		n = n << 8 | *at++;
	return n;
}

/* The length of the object at @at, whose first byte has been looked at; moves on to its content. */
static bool length(const struct file *f, size_t *at, uint64_t *len)
{
	unsigned int low = f->bytes[(*at)++] & 0x0f, size;

	*len = low;
	if (low != 0x0f)
		return true;
	if (*at >= f->end || f->bytes[*at] >> 4 != 1)
		return false;
	size = 1U << (f->bytes[(*at)++] & 0x0f);
	if (size > 8 || size > f->end - *at)
		return false;
	*len = number(f->bytes + *at, size);
	*at += size;
	return true;
}

static bool weigh(struct file *f, uint64_t object, unsigned int depth, struct object *parent);

static bool weigh_refs(struct file *f, size_t at, uint64_t refs, unsigned int depth,
		       struct object *self)
{
	uint64_t i;

	if (refs > (f->end - at) / f->ref_size)
		return false;
	for (i = 0; i < refs; i++, at += f->ref_size) {
		if (!weigh(f, number(f->bytes + at, f->ref_size), depth + 1, self))
			return false;
	}
	return true;
}

/* Is there a NUL in a string of @len characters of @size bytes? libplist does not bear it. */
static bool has_nul(const uint8_t *at, uint64_t len, unsigned int size)
{
	for (; len; len--, at += size)
		if (!number(at, size))
			return true;
	return false;
}

static bool weigh_content(struct file *f, size_t at, unsigned int depth, struct object *self)
{
	uint8_t kind = f->bytes[at] >> 4, low = f->bytes[at] & 0x0f;
	uint64_t len;

	switch (kind) {
	case 0x0:	/* null, booleans */
		return true;
	case 0x1:	/* numbers: 2 to the power of the low bits */
	case 0x2:
	case 0x3:
		return low <= 4 && (1U << low) <= f->end - at - 1;
	case 0x8:	/* UID: one byte more than the low bits say */
		return low + 1U <= f->end - at - 1;
	case 0x4:	/* data, ASCII, UTF-16 */
	case 0x5:
	case 0x6:
		if (!length(f, &at, &len) || len > (f->end - at) / (kind == 6 ? 2 : 1))
			return false;
		self->weight += 3 * len;
		return kind == 4 || !has_nul(f->bytes + at, len, kind - 4);
	case 0xa:	/* array */
	case 0xc:	/* set */
	case 0xd:	/* dictionary: keys, then values */
		if (!length(f, &at, &len) || len > f->end)
			return false;
		return weigh_refs(f, at, kind == 0xd ? 2 * len : len, depth, self);
	default:
		return false;
	}
}

/* Adds what @object weighs to @parent. False: broken, in a circle, too deep or too heavy. */
static bool weigh(struct file *f, uint64_t object, unsigned int depth, struct object *parent)
{
	struct object *self = &f->objects[object < f->n ? object : 0];
	uint64_t at;

	if (object >= f->n || depth > IAP_DEPTH_MAX || self->mark == OPEN)
		return false;
	if (self->mark == UNSEEN) {
		at = number(f->bytes + f->end + object * f->offset_size, f->offset_size);
		if (at < MAGIC || at >= f->end)
			return false;
		self->mark = OPEN;
		self->weight = WEIGHT_OBJECT;
		if (!weigh_content(f, at, depth, self))
			return false;
		self->mark = DONE;
	}
	if (parent->height < self->height + 1)
		parent->height = self->height + 1;
	parent->weight += self->weight;
	/* An object may have been weighed where it stood less deep than here. */
	return depth + self->height <= IAP_DEPTH_MAX && parent->weight <= WEIGHT_MAX;
}

bool iap_bplist_bounded(const uint8_t *bytes, size_t len)
{
	_cleanup_free_ struct object *objects = NULL;
	struct object all = { .mark = OPEN };
	struct file f = { .bytes = bytes };
	uint64_t n, root, table;
	const uint8_t *trailer;

	if (len < MAGIC + TRAILER + 1 || memcmp(bytes, "bplist00", MAGIC))
		return false;
	trailer = bytes + len - TRAILER;
	f.offset_size = trailer[6];
	f.ref_size = trailer[7];
	n = number(trailer + 8, 8);
	root = number(trailer + 16, 8);
	table = number(trailer + 24, 8);
	if (!f.offset_size || f.offset_size > 8 || !f.ref_size || f.ref_size > 8 || !n ||
	    n > IAP_NODES_MAX || table < MAGIC || table > len - TRAILER ||
	    n > (len - TRAILER - table) / f.offset_size)
		return false;
	f.n = n;
	f.end = table;
	f.objects = objects = calloc(n, sizeof(*objects));
	return objects && weigh(&f, root, 0, &all);
}
