// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages out of segments. It must never take for a message what is the middle of one. */
#include "segments.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"

#define LENGTH_BYTES	2	/* before each message */

/*
 * One way of a connection. @used: when it was last heard of, 0: free; @next: offset of the byte
 * that comes next; @n: bytes in @buf of a message that has not ended; @skip: of one too long.
 */
struct stream {
	uint64_t used;
	struct dns_path path;
	bool answer;
	uint32_t next;
	size_t n;
	size_t skip;
	uint8_t *buf;
};

struct dns_streams {
	uint64_t clock;
	struct stream all[DNS_STREAMS_MAX];
	struct {
		struct snitch_dns dns;
		uint8_t bytes[SNITCH_DNS_MAX];
	} message;
};

struct dns_streams *dns_streams_new(void)
{
	return calloc(1, sizeof(struct dns_streams));
}

static void drop(struct stream *s)
{
	free(s->buf);
	memset(s, 0, sizeof(*s));
}

void dns_streams_free(struct dns_streams *streams)
{
	size_t i;

	for (i = 0; streams && i < DNS_STREAMS_MAX; i++)
		drop(&streams->all[i]);
	free(streams);
}

size_t dns_streams_kept(const struct dns_streams *streams)
{
	size_t i, n = 0;

	for (i = 0; i < DNS_STREAMS_MAX; i++)
		n += streams->all[i].n;
	return n;
}

/* ---- which stream ---------------------------------------------------------------------- */

static struct stream *find(struct dns_streams *streams, const struct dns_path *path, bool answer)
{
	struct stream *s = streams->all, *end = s + DNS_STREAMS_MAX;

	for (; s < end; s++) {
		if (s->used && s->answer == answer && dns_path_same(&s->path, path))
			return s;
	}
	return NULL;
}

/* A free place; that of the owner's own oldest one, if it has its share; or of the oldest of all. */
static struct stream *place(struct dns_streams *streams, uint64_t owner)
{
	struct stream *s = streams->all, *end = s + DNS_STREAMS_MAX, *oldest = s, *own = NULL;
	unsigned int n = 0;

	for (; s < end; s++) {
		if (s->used < oldest->used)
			oldest = s;
		if (!s->used || s->path.owner != owner)
			continue;
		n++;
		if (!own || s->used < own->used)
			own = s;
	}
	return n >= DNS_STREAMS_OWNER ? own : oldest;
}

/* NULL: it is not the next one of a stream that is followed. */
static struct stream *stream_of(struct dns_streams *streams, const struct snitch_dns *piece)
{
	bool answer = piece->flags & SNITCH_D_ANSWER;
	struct dns_path path;
	struct stream *s;

	names_path(piece, &path);
	s = find(streams, &path, answer);
	if (!piece->offset) {
		if (!s)
			s = place(streams, path.owner);
		drop(s);
		s->path = path;
		s->answer = answer;
	} else if (!s) {
		return NULL;
	} else if (s->next != piece->offset) {
		drop(s);
		return NULL;
	}
	s->used = ++streams->clock;
	s->next += piece->len;
	return s;
}

/* ---- messages in it ---------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many bytes the message that has begun wants in all, as far as is known. */
static size_t wanted(const struct stream *s)
{
	return LENGTH_BYTES + (s->n < LENGTH_BYTES ? 0 : s->buf[0] << 8 | s->buf[1]);
}

/* The next bytes of a message. Return: how many of @len were taken; 0: no memory. */
static size_t fill(struct stream *s, const uint8_t *p, size_t len)
{
	size_t n;

	if (!s->buf)
		s->buf = malloc(LENGTH_BYTES + SNITCH_DNS_MAX);
	if (!s->buf)
		return 0;
	n = least(len, wanted(s) - s->n);
	memcpy(s->buf + s->n, p, n);
	s->n += n;
	if (s->n == LENGTH_BYTES && wanted(s) > LENGTH_BYTES + SNITCH_DNS_MAX) {
		s->skip = wanted(s) - LENGTH_BYTES;
		s->n = 0;
	}
	return n;
}

static void hand_over(struct dns_streams *streams, struct stream *s, const struct snitch_dns *piece,
		      dns_streams_message_t take, void *ctx)
{
	size_t len = s->n - LENGTH_BYTES;

	streams->message.dns = *piece;
	streams->message.dns.len = len;
	streams->message.dns.offset = 0;
	streams->message.dns.hdr.size = (sizeof(*piece) + len + 7) & ~(size_t)7;
	memcpy(streams->message.bytes, s->buf + LENGTH_BYTES, len);
	s->n = 0;
	if (len)
		take(ctx, &streams->message.dns);
}

void dns_streams_take(struct dns_streams *streams, const struct snitch_dns *piece,
		      dns_streams_message_t take, void *ctx)
{
	const uint8_t *p = (const uint8_t *)(piece + 1), *end = p + piece->len;
	struct stream *s = stream_of(streams, piece);
	size_t n;

	if (!s)
		return;
	while (p < end) {
		n = least(s->skip, end - p);
		s->skip -= n;
		if (!n) {
			n = fill(s, p, end - p);
			if (!n) {
				drop(s);
				return;
			}
			if (s->n >= LENGTH_BYTES && s->n == wanted(s))
				hand_over(streams, s, piece, take, ctx);
		}
		p += n;
	}
	if (!s->n) {
		free(s->buf);
		s->buf = NULL;
	}
}
