// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QUIC Initial packets of a client, RFC 9000 section 17.2.2 and RFC 9369. It must never believe a
 * byte that its authentication tag does not cover.
 */
#include "quic.h"

#include <errno.h>
#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <string.h>

#include "../util/nettle.h"
#include "bytes.h"

#define LONG_HEADER	0x80
#define FIXED_BIT	0x40
#define PACKETS_MAX	16	/* of one datagram that are looked at */
#define PACKET_MAX	65536
#define NUMBER_MAX	4	/* bytes of a packet number */
#define HEADER_MAX	2048	/* with its token; a larger one would leave no room for more */

#define FRAME_PADDING	0x00
#define FRAME_PING	0x01
#define FRAME_ACK	0x02
#define FRAME_ACK_ECN	0x03
#define FRAME_CRYPTO	0x06
#define FRAME_CLOSE	0x1c

/* struct packet - one with a long header; @at the first of @len bytes */
struct packet {
	const uint8_t *at;
	size_t len;
	size_t number_off;
	uint32_t version;
	struct bytes cid;
	bool initial;
};

/* RFC 9000 section 16. */
static uint64_t take_varint(struct bytes *b)
{
	unsigned int size;

	if (!b->left) {
		b->bad = true;
		return 0;
	}
	size = 1U << (b->at[0] >> 6);
	return bytes_number(b, size) & (UINT64_MAX >> (64 - (8 * size - 2)));
}

/* ---- the handshake's bytes ---------------------------------------------------------------- */

static bool is_there(const struct quic_reader *q, size_t i)
{
	return q->have[i / 8] & 1U << i % 8;
}

/* Return: false: what is sent twice differs. What is beyond the bound is left out. */
static bool keep(struct quic_reader *q, uint64_t off, struct bytes data)
{
	size_t i;

	for (i = 0; i < data.left && off < TLS_HELLO_MAX && i < TLS_HELLO_MAX - off; i++) {
		size_t to = off + i;

		if (is_there(q, to) && q->data[to] != data.at[i])
			return false;
		q->data[to] = data.at[i];
		q->have[to / 8] |= 1U << to % 8;
	}
	return true;
}

static size_t contiguous(const struct quic_reader *q)
{
	size_t n = 0;

	while (n < TLS_HELLO_MAX && is_there(q, n))
		n++;
	return n;
}

/* ---- frames ------------------------------------------------------------------------------- */

static void skip_ack(struct bytes *b, bool ecn)
{
	uint64_t ranges;

	take_varint(b);
	take_varint(b);
	ranges = take_varint(b);
	take_varint(b);
	for (; ranges && !b->bad; ranges--) {
		take_varint(b);
		take_varint(b);
	}
	if (!ecn)
		return;
	take_varint(b);
	take_varint(b);
	take_varint(b);
}

/* Return: false: no client says that in an Initial packet. */
static bool take_frames(struct quic_reader *q, struct bytes b)
{
	while (b.left && !b.bad) {
		uint64_t off;

		switch (take_varint(&b)) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
			skip_ack(&b, false);
			break;
		case FRAME_ACK_ECN:
			skip_ack(&b, true);
			break;
		case FRAME_CRYPTO:
			off = take_varint(&b);
			if (!keep(q, off, bytes_take(&b, take_varint(&b))))
				return false;
			break;
		case FRAME_CLOSE:
			return true;	/* nothing follows that matters */
		default:
			return false;
		}
	}
	return !b.bad;
}

/* ---- packets ------------------------------------------------------------------------------ */

static int unprotect(const struct quic_keys *keys, const struct packet *p, uint8_t *header,
		     size_t *header_len, uint8_t nonce[QUIC_IV_LEN])
{
	uint8_t mask[QUIC_KEY_LEN];
	size_t number, i;

	/* the sample is where it would be with the longest number */
	if (p->len < p->number_off + NUMBER_MAX + QUIC_KEY_LEN)
		return -EBADMSG;
	quic_mask(keys, p->at + p->number_off + NUMBER_MAX, mask);
	memcpy(header, p->at, p->number_off + NUMBER_MAX);
	header[0] ^= mask[0] & 0x0f;
	number = (header[0] & 3) + 1;
	*header_len = p->number_off + number;
	memcpy(nonce, keys->iv, QUIC_IV_LEN);
	for (i = 0; i < number; i++) {
		header[p->number_off + i] ^= mask[1 + i];
		/* the first packets of all: what was cut from their numbers is 0 */
		nonce[QUIC_IV_LEN - number + i] ^= header[p->number_off + i];
	}
	return 0;
}

static int open_packet(const struct quic_keys *keys, const struct packet *p, uint8_t *plain,
		       size_t *plain_len)
{
	uint8_t header[HEADER_MAX], nonce[QUIC_IV_LEN], tag[QUIC_TAG_LEN];
	struct gcm_aes128_ctx gcm;
	size_t header_len, sealed;
	int r;

	if (p->number_off + NUMBER_MAX > sizeof(header))
		return -EBADMSG;
	r = unprotect(keys, p, header, &header_len, nonce);
	if (r)
		return r;
	sealed = p->len - header_len;
	if (sealed < QUIC_TAG_LEN || sealed - QUIC_TAG_LEN > *plain_len)
		return -EBADMSG;
	*plain_len = sealed - QUIC_TAG_LEN;
	gcm_aes128_set_key(&gcm, keys->key);
	gcm_aes128_set_iv(&gcm, sizeof(nonce), nonce);
	gcm_aes128_update(&gcm, header_len, header);
	gcm_aes128_decrypt(&gcm, *plain_len, plain, p->at + header_len);
	snitch_digest(gcm_aes128_digest, &gcm, sizeof(tag), tag);
	return memeql_sec(tag, p->at + p->len - sizeof(tag), sizeof(tag)) ? 0 : -EBADMSG;
}

/* A datagram for another connection attempt: what was kept is not its. */
static int use_keys(struct quic_reader *q, const struct packet *p)
{
	if (q->version == p->version && q->cid_len == p->cid.left &&
	    !memcmp(q->cid, p->cid.at, p->cid.left))
		return 0;
	memset(q, 0, sizeof(*q));
	if (quic_client_keys(p->version, p->cid.at, p->cid.left, &q->keys))
		return -EIO;
	q->version = p->version;
	q->cid_len = p->cid.left;
	memcpy(q->cid, p->cid.at, p->cid.left);
	return 0;
}

static int read_initial(struct quic_reader *q, const struct packet *p)
{
	static uint8_t plain[PACKET_MAX];	/* large; nothing is kept in it between calls */
	size_t len = sizeof(plain);
	int r;

	r = use_keys(q, p);
	if (!r)
		r = open_packet(&q->keys, p, plain, &len);
	if (r)
		return r;
	return take_frames(q, (struct bytes){ .at = plain, .left = len }) ? 0 : -EBADMSG;
}

/*
 * Takes a packet with a long header off. Return: false: there is none, or none of a version that
 * is known, and where it ends cannot be told.
 */
static bool take_packet(struct bytes *b, struct packet *p)
{
	struct bytes whole = *b;
	unsigned int first = bytes_number(b, 1), type;
	uint64_t len;

	p->version = bytes_number(b, 4);
	if (b->bad || (first & (LONG_HEADER | FIXED_BIT)) != (LONG_HEADER | FIXED_BIT) ||
	    (p->version != QUIC_VERSION_1 && p->version != QUIC_VERSION_2))
		return false;
	p->cid = bytes_vector(b, 1);
	if (p->cid.left > QUIC_CID_MAX || bytes_vector(b, 1).left > QUIC_CID_MAX || b->bad)
		return false;
	type = first >> 4 & 3;
	if (p->version == QUIC_VERSION_2)
		type = (type - 1) & 3;		/* RFC 9369 section 3.2 */
	if (type == 3)
		return false;			/* Retry: never a client's */
	p->initial = !type;
	if (p->initial)
		bytes_take(b, take_varint(b));	/* token */
	len = take_varint(b);
	p->at = whole.at;
	p->number_off = whole.left - b->left;
	bytes_take(b, len);
	p->len = whole.left - b->left;
	return !b->bad && p->len <= PACKET_MAX;
}

int quic_read(struct quic_reader *q, const void *buf, size_t len, struct tls_hello *out)
{
	struct bytes b = { .at = buf, .left = len };
	unsigned int i;
	size_t n;
	int r = -EBADMSG;

	for (i = 0; b.left && i < PACKETS_MAX; i++) {
		struct packet p;

		if (!take_packet(&b, &p))
			break;
		if (!p.initial)
			continue;
		r = read_initial(q, &p);
		if (r)
			return r == -EIO ? -EBADMSG : r;
	}
	if (r)
		return r;
	n = contiguous(q);
	r = tls_read_message(q->data, n, out);
	return r == -EAGAIN && n == TLS_HELLO_MAX ? -EMSGSIZE : r;
}
