/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First messages of TLS and QUIC clients, by hand for tests: not by the code that reads them. */
#ifndef TESTS_UNIT_HELLO_BUILD_H
#define TESTS_UNIT_HELLO_BUILD_H

#include <nettle/gcm.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "names/quic.h"
#include "util/nettle.h"

struct hello_build {
	uint8_t b[32768];
	size_t n;
};

static inline void hello_put(struct hello_build *h, const void *bytes, size_t n)
{
	if (h->n + n > sizeof(h->b))
		abort();
	memcpy(h->b + h->n, bytes, n);
	h->n += n;
}

static inline void hello_number(struct hello_build *h, uint64_t v, unsigned int size)
{
	uint8_t bytes[8];
	unsigned int i;

	for (i = 0; i < size; i++)
		bytes[i] = v >> 8 * (size - 1 - i);
	hello_put(h, bytes, size);
}

/* What follows gets its length in @size bytes here; hello_end() with what this returns. */
static inline size_t hello_begin(struct hello_build *h, unsigned int size)
{
	hello_number(h, 0, size);
	return h->n;
}

static inline void hello_end(struct hello_build *h, size_t from, unsigned int size)
{
	size_t len = h->n - from;
	unsigned int i;

	for (i = 0; i < size; i++)
		h->b[from - size + i] = len >> 8 * (size - 1 - i);
}

static inline void hello_server_name(struct hello_build *h, const char *name)
{
	size_t ext, list, text;

	hello_number(h, 0, 2);
	ext = hello_begin(h, 2);
	list = hello_begin(h, 2);
	hello_number(h, 0, 1);
	text = hello_begin(h, 2);
	hello_put(h, name, strlen(name));
	hello_end(h, text, 2);
	hello_end(h, list, 2);
	hello_end(h, ext, 2);
}

/* Any other extension, @len zeroes large. */
static inline void hello_extension(struct hello_build *h, unsigned int type, size_t len)
{
	hello_number(h, type, 2);
	hello_number(h, len, 2);
	while (len--)
		hello_number(h, 0, 1);
}

/* A ClientHello up to its extensions; hello_finish() with what this returns. */
static inline size_t hello_start(struct hello_build *h)
{
	unsigned int i;

	h->n = 0;
	hello_number(h, 1, 1);
	hello_number(h, 0, 3);
	hello_number(h, 0x0303, 2);
	for (i = 0; i < 32; i++)
		hello_number(h, i * 7, 1);
	hello_number(h, 0, 1);
	hello_number(h, 4, 2);
	hello_number(h, 0x13011302, 4);
	hello_number(h, 0x0100, 2);
	return hello_begin(h, 2);
}

static inline void hello_finish(struct hello_build *h, size_t extensions)
{
	hello_end(h, extensions, 2);
	hello_end(h, 4, 3);
}

/* A whole one; NULL: it names nobody. */
static inline void hello_make(struct hello_build *h, const char *name)
{
	size_t extensions = hello_start(h);

	hello_extension(h, 10, 8);
	if (name)
		hello_server_name(h, name);
	hello_extension(h, 51, 36);
	hello_finish(h, extensions);
}

/* @h in TLS records of at most @max bytes each. */
static inline void hello_records(struct hello_build *out, const struct hello_build *h, size_t max)
{
	size_t at, n;

	out->n = 0;
	for (at = 0; at < h->n; at += n) {
		n = h->n - at < max ? h->n - at : max;
		hello_number(out, 22, 1);
		hello_number(out, 0x0301, 2);
		hello_number(out, n, 2);
		hello_put(out, h->b + at, n);
	}
}

static inline void quic_varint(struct hello_build *h, uint64_t v)
{
	if (v < 64)
		hello_number(h, v, 1);
	else
		hello_number(h, v | 0x4000, 2);
}

static inline void quic_crypto(struct hello_build *h, size_t off, const void *bytes, size_t n)
{
	hello_number(h, 6, 1);
	quic_varint(h, off);
	quic_varint(h, n);
	hello_put(h, bytes, n);
}

/*
 * An Initial packet with the frames @plain, filled up with PADDING to @size bytes of frames, as
 * packet number @number in 4 bytes. Appended to @out.
 */
static inline void quic_seal(struct hello_build *out, uint32_t version, const uint8_t *cid,
			     size_t cid_len, uint32_t number, const struct hello_build *plain,
			     size_t size)
{
	uint8_t padded[16384] = { 0 }, nonce[QUIC_IV_LEN], mask[QUIC_KEY_LEN];
	size_t head = out->n, number_at, sealed_len, i;
	struct gcm_aes128_ctx gcm;
	struct quic_keys keys;

	if (plain->n > size || size > sizeof(padded) ||
	    quic_client_keys(version, cid, cid_len, &keys))
		abort();
	memcpy(padded, plain->b, plain->n);
	hello_number(out, version == QUIC_VERSION_2 ? 0xd3 : 0xc3, 1);
	hello_number(out, version, 4);
	hello_number(out, cid_len, 1);
	hello_put(out, cid, cid_len);
	hello_number(out, 0, 2);		/* no id of its own, no token */
	hello_number(out, (4 + size + QUIC_TAG_LEN) | 0x4000, 2);
	number_at = out->n;
	hello_number(out, number, 4);
	memcpy(nonce, keys.iv, sizeof(nonce));
	for (i = 0; i < 4; i++)
		nonce[QUIC_IV_LEN - 4 + i] ^= number >> 8 * (3 - i);
	sealed_len = size + QUIC_TAG_LEN;
	if (out->n + sealed_len > sizeof(out->b))
		abort();
	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, sizeof(nonce), nonce);
	gcm_aes128_update(&gcm, out->n - head, out->b + head);
	gcm_aes128_encrypt(&gcm, size, out->b + out->n, padded);
	snitch_digest(gcm_aes128_digest, &gcm, QUIC_TAG_LEN, out->b + out->n + size);
	quic_mask(&keys, out->b + out->n, mask);
	out->n += sealed_len;
	out->b[head] ^= mask[0] & 0x0f;
	for (i = 0; i < 4; i++)
		out->b[number_at + i] ^= mask[1 + i];
}

#endif
