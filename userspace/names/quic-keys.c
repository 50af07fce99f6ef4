// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keys of QUIC's Initial packets: RFC 9001 section 5, RFC 9369 section 3.3. They are secret
 * from nobody; all arithmetic is Nettle's.
 */
#include "quic.h"

#include <errno.h>
#include <nettle/aes.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <string.h>

#define SECRET_LEN	SHA256_DIGEST_SIZE
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
static void expand(const uint8_t secret[SECRET_LEN], const char *label, uint8_t *out, size_t len)
{
	size_t n = strlen(LABEL_PREFIX) + strlen(label);
	uint8_t text[64] = { len >> 8, len, n };
	struct hmac_sha256_ctx hmac;

	memcpy(text + 3, LABEL_PREFIX, strlen(LABEL_PREFIX));
	memcpy(text + 3 + strlen(LABEL_PREFIX), label, strlen(label));
	hmac_sha256_set_key(&hmac, SECRET_LEN, secret);
	hkdf_expand(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
		    (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, n + 4, text,
		    len, out);
}

int quic_client_keys(uint32_t version, const uint8_t *cid, size_t len, struct quic_keys *keys)
{
	uint8_t initial[SECRET_LEN], client[SECRET_LEN];
	struct hmac_sha256_ctx hmac;
	const struct quic_version *v = NULL;
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (versions[i].number == version)
			v = &versions[i];
	}
	if (!v)
		return -EPROTONOSUPPORT;
	hmac_sha256_set_key(&hmac, sizeof(v->salt), v->salt);
	hkdf_extract(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
		     (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, len, cid,
		     initial);
	expand(initial, "client in", client, sizeof(client));
	expand(client, v->key, keys->key, sizeof(keys->key));
	expand(client, v->iv, keys->iv, sizeof(keys->iv));
	expand(client, v->mask, keys->mask, sizeof(keys->mask));
	return 0;
}

void quic_mask(const struct quic_keys *keys, const uint8_t sample[QUIC_KEY_LEN],
	       uint8_t mask[QUIC_KEY_LEN])
{
	struct aes128_ctx aes;

	aes128_set_encrypt_key(&aes, keys->mask);
	aes128_encrypt(&aes, QUIC_KEY_LEN, mask, sample);
}
