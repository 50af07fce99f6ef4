// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of QUIC's Initial packets: RFC 9001 section 5, RFC 9369 section 3.3. They are secret
 * from nobody; all arithmetic is GnuTLS's.
 */
#include "quic.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define SECRET_LEN	32
#define LABEL_PREFIX	"tls13 "

/* What tells the versions apart. */
static const struct quic_version {
	uint32_t number;
	uint8_t salt[20];
	const char *key, *iv, *mask;
} versions[] = {
	{
		.number = QUIC_VERSION_1,
		.salt = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
			  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
		.key = "quic key", .iv = "quic iv", .mask = "quic hp",
	},
	{
		.number = QUIC_VERSION_2,
		.salt = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
			  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
		.key = "quicv2 key", .iv = "quicv2 iv", .mask = "quicv2 hp",
	},
};

/* HKDF-Expand-Label of TLS 1.3, without a context. */
static int expand(const uint8_t secret[SECRET_LEN], const char *label, uint8_t *out, size_t len)
{
	gnutls_datum_t key = { (uint8_t *)secret, SECRET_LEN };
	size_t n = strlen(LABEL_PREFIX) + strlen(label);
	uint8_t text[64] = { len >> 8, len, n };
	gnutls_datum_t info = { text, n + 4 };

	memcpy(text + 3, LABEL_PREFIX, strlen(LABEL_PREFIX));
	memcpy(text + 3 + strlen(LABEL_PREFIX), label, strlen(label));
	return gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &key, &info, out, len) ? -EIO : 0;
}

int quic_client_keys(uint32_t version, const uint8_t *cid, size_t len, struct quic_keys *keys)
{
	gnutls_datum_t from = { (uint8_t *)cid, len }, salt = { .size = 0 };
	uint8_t initial[SECRET_LEN], client[SECRET_LEN];
	const struct quic_version *v = NULL;
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (versions[i].number == version)
			v = &versions[i];
	}
	if (!v)
		return -EPROTONOSUPPORT;
	salt = (gnutls_datum_t){ (uint8_t *)v->salt, sizeof(v->salt) };
	if (gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &from, &salt, initial) ||
	    expand(initial, "client in", client, sizeof(client)) ||
	    expand(client, v->key, keys->key, sizeof(keys->key)) ||
	    expand(client, v->iv, keys->iv, sizeof(keys->iv)) ||
	    expand(client, v->mask, keys->mask, sizeof(keys->mask)))
		return -EIO;
	return 0;
}

/* One block of AES by itself: CBC with nothing before it is that. */
int quic_mask(const struct quic_keys *keys, const uint8_t sample[QUIC_KEY_LEN],
	      uint8_t mask[QUIC_KEY_LEN])
{
	uint8_t zeroes[QUIC_KEY_LEN] = { 0 };
	gnutls_datum_t key = { (uint8_t *)keys->mask, sizeof(keys->mask) };
	gnutls_datum_t iv = { zeroes, sizeof(zeroes) };
	gnutls_cipher_hd_t cipher;
	int r;

	if (gnutls_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_CBC, &key, &iv))
		return -EIO;
	r = gnutls_cipher_encrypt2(cipher, sample, QUIC_KEY_LEN, mask, QUIC_KEY_LEN);
	gnutls_cipher_deinit(cipher);
	return r ? -EIO : 0;
}
