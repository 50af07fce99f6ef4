/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first datagrams of a QUIC client (versions 1 and 2): its ClientHello is encrypted there with
 * keys that everybody can make who sees them. Pure: no I/O, no clock, no memory but the caller's.
 */
#ifndef SNITCH_NAMES_QUIC_H
#define SNITCH_NAMES_QUIC_H

#include "tls.h"

#define QUIC_VERSION_1	0x00000001U
#define QUIC_VERSION_2	0x6b3343cfU
#define QUIC_CID_MAX	20
#define QUIC_KEY_LEN	16
#define QUIC_IV_LEN	12
#define QUIC_TAG_LEN	16

/* What protects a client's Initial packets. */
struct quic_keys {
	uint8_t key[QUIC_KEY_LEN];
	uint8_t iv[QUIC_IV_LEN];
	uint8_t mask[QUIC_KEY_LEN];	/* the one for headers */
};

/**
 * struct quic_reader - what has been read so far; begin with zeroes
 * @version, @cid: of the connection attempt, with @keys; 0: none yet
 * @data: its handshake bytes, as far as @have says (a bit for each)
 */
struct quic_reader {
	uint32_t version;
	size_t cid_len;
	uint8_t cid[QUIC_CID_MAX];
	struct quic_keys keys;
	uint8_t data[TLS_HELLO_MAX];
	uint8_t have[TLS_HELLO_MAX / 8];
};

/**
 * quic_read() - the next datagram of a client
 * @q: its reader
 * @buf: the datagram, or several that go to one place without a gap
 * @len: bytes
 * @out: filled in on success
 *
 * Return: as tls_read(); -EAGAIN also for packets that say nothing yet, -EBADMSG where there is no
 * Initial packet of a client at all, or one that no server would take.
 */
int quic_read(struct quic_reader *q, const void *buf, size_t len, struct tls_hello *out);

/*
 * The keys of a connection attempt. Return: 0, or -EPROTONOSUPPORT (another version).
 */
int quic_client_keys(uint32_t version, const uint8_t *cid, size_t len, struct quic_keys *keys);

/* The bytes that a header is masked with, from a sample of what follows it. */
void quic_mask(const struct quic_keys *keys, const uint8_t sample[QUIC_KEY_LEN],
	       uint8_t mask[QUIC_KEY_LEN]);

#endif
