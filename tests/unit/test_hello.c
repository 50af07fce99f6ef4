// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names in the first messages of TLS and QUIC clients: whole, in pieces, malformed, too large, and
 * the packets that RFC 9001 and RFC 9369 print.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "hello-build.h"

static struct tls_hello hello;
static struct hello_build message, wire, frames;
static struct quic_reader quic;

/* In memory of its own, so that a byte too far is noticed. */
static int read_tls(const struct hello_build *h, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, h->b, len);
	r = tls_read(copy, len, &hello);
	free(copy);
	return r;
}

static int read_quic(const struct hello_build *h)
{
	uint8_t *copy = malloc(h->n ? h->n : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, h->b, h->n);
	r = quic_read(&quic, copy, h->n, &hello);
	free(copy);
	return r;
}

static void put_hex(struct hello_build *h, const char *text)
{
	unsigned int v;

	for (; *text; text += 2) {
		assert_int_equal(sscanf(text, "%2x", &v), 1);
		hello_number(h, v, 1);
	}
}

static void assert_hex(const uint8_t *bytes, const char *text)
{
	struct hello_build want = { .n = 0 };

	put_hex(&want, text);
	assert_memory_equal(bytes, want.b, want.n);
}

/* ---- TLS ------------------------------------------------------------------------------------ */

static void a_name_is_read(void **state)
{
	(void)state;
	hello_make(&message, "WWW.Example.com");
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), 0);
	assert_string_equal(hello.name, "www.example.com");
	assert_false(hello.encrypted);
	/* what a client sends behind it changes nothing */
	hello_number(&wire, 0x1403030001, 5);
	hello_number(&wire, 1, 1);
	assert_int_equal(read_tls(&wire, wire.n), 0);
}

static void a_name_is_read_in_pieces(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 40, 100 };
	size_t i, n;

	(void)state;
	hello_make(&message, "pieces.example");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		hello_records(&wire, &message, sizes[i]);
		for (n = 0; n < wire.n; n++)
			assert_int_equal(read_tls(&wire, n), -EAGAIN);
		assert_int_equal(read_tls(&wire, wire.n), 0);
		assert_string_equal(hello.name, "pieces.example");
	}
}

static void no_name_is_no_fault(void **state)
{
	(void)state;
	hello_make(&message, NULL);
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), 0);
	assert_string_equal(hello.name, "");
	/* an address names nobody */
	hello_make(&message, "192.0.2.1");
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), 0);
	assert_string_equal(hello.name, "");
	/* older clients have no extensions at all */
	message.n = hello_start(&message) - 2;
	hello_end(&message, 4, 3);
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), 0);
}

static void an_encrypted_hello_is_said_to_be_so(void **state)
{
	size_t extensions = hello_start(&message);

	(void)state;
	hello_extension(&message, 0xfe0d, 200);
	hello_server_name(&message, "public.example");
	hello_finish(&message, extensions);
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), 0);
	assert_true(hello.encrypted);
	assert_string_equal(hello.name, "public.example");
}

static void other_protocols_are_none(void **state)
{
	static const char *const others[] = {
		"GET / HTTP/1.1\r\n", "SSH-2.0-x\r\n", "\x80\x2e\x01\x03\x01", "\x16\x02\x00",
		"\x16\x03\x01\x00\x02\x02x", "\x16\x03\x01\x7f\x7f", "\x17\x03\x03", "\x15\x03\x01",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		/* those with zeroes in them are longer than they look */
		wire.n = 0;
		hello_put(&wire, others[i], i == 4 ? 7 : i == 3 ? 3 : strlen(others[i]));
		assert_int_equal(read_tls(&wire, wire.n), -EBADMSG);
	}
	assert_int_equal(tls_read(NULL, 0, &hello), -EAGAIN);
	/* a record without anything in it */
	wire.n = 0;
	hello_number(&wire, 0x1603010000, 5);
	assert_int_equal(read_tls(&wire, wire.n), -EBADMSG);
}

static void malformed_messages_name_nobody(void **state)
{
	size_t extensions, i;

	(void)state;
	/* twice */
	extensions = hello_start(&message);
	hello_server_name(&message, "a.example");
	hello_server_name(&message, "b.example");
	hello_finish(&message, extensions);
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), -EBADMSG);
	/* with what no host has */
	hello_make(&message, "a example");
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), -EBADMSG);
	hello_make(&message, "");
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, wire.n), -EBADMSG);
	/* with a length that is one off, wherever there is one */
	hello_make(&message, "a.example");
	hello_records(&wire, &message, 16384);
	for (i = 43; i < 60; i++) {
		static const size_t lengths[] = { 43, 44, 45, 50, 52, 53 };
		size_t k;

		for (k = 0; k < sizeof(lengths) / sizeof(lengths[0]) && lengths[k] != i; k++)
			;
		if (k == sizeof(lengths) / sizeof(lengths[0]))
			continue;
		wire.b[i] += 1;
		assert_int_not_equal(read_tls(&wire, wire.n), 0);
		wire.b[i] -= 1;
	}
	assert_int_equal(read_tls(&wire, wire.n), 0);
}

static void a_large_one_is_said_to_be(void **state)
{
	size_t extensions = hello_start(&message);

	(void)state;
	hello_extension(&message, 51, TLS_HELLO_MAX);
	hello_server_name(&message, "late.example");
	hello_finish(&message, extensions);
	hello_records(&wire, &message, 16384);
	assert_int_equal(read_tls(&wire, 20), -EMSGSIZE);
	/* in so many records that they do not fit */
	extensions = hello_start(&message);
	hello_extension(&message, 51, TLS_HELLO_MAX / 2);
	hello_finish(&message, extensions);
	hello_records(&wire, &message, 2);
	assert_int_equal(read_tls(&wire, TLS_HELLO_MAX - 1), -EAGAIN);
	assert_int_equal(read_tls(&wire, TLS_HELLO_MAX), -EMSGSIZE);
	assert_int_equal(read_tls(&wire, wire.n), -EMSGSIZE);
}

/* ---- QUIC ----------------------------------------------------------------------------------- */

static const uint8_t rfc_cid[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };
/* RFC 9001 appendix A.2: the CRYPTO frame of a client's first packet. */
static const char rfc_frame[] =
	"060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
	"04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
	"616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
	"04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
	"baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
	"0d0010000e0403050306030203080408050806002d00020101001c0002400100"
	"3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
	"75300901100f088394c8f03e51570806048000ffff";

static const struct vector {
	uint32_t version;
	const char *key, *iv, *mask;
	const char *begin;	/* of the packet */
	const char *end;	/* its tag, which covers every other byte */
} vectors[] = {
	{ QUIC_VERSION_1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
	  "9f50449e04a0e810283a1e9933adedd2",
	  "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"
	  "d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399",
	  "e221af44860018ab0856972e194cd934" },
	{ QUIC_VERSION_2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
	  "45b95e15235d6f45a6b19cbcb0294ba9",
	  "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"
	  "dd04de806071bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad04",
	  "a18b2faa745b6fe189cf772a9f84cbfc" },
};

static void the_packets_of_the_rfcs_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct quic_keys keys;

		assert_int_equal(quic_client_keys(v->version, rfc_cid, sizeof(rfc_cid), &keys), 0);
		assert_hex(keys.key, v->key);
		assert_hex(keys.iv, v->iv);
		assert_hex(keys.mask, v->mask);
		frames.n = 0;
		put_hex(&frames, rfc_frame);
		wire.n = 0;
		quic_seal(&wire, v->version, rfc_cid, sizeof(rfc_cid), 2, &frames, 1162);
		assert_int_equal(wire.n, 1200);
		assert_hex(wire.b, v->begin);
		assert_hex(wire.b + 1200 - 16, v->end);
		memset(&quic, 0, sizeof(quic));
		assert_int_equal(read_quic(&wire), 0);
		assert_string_equal(hello.name, "example.com");
		/* the first packet goes to somebody else's: begun anew */
		assert_int_equal(read_quic(&wire), 0);
	}
}

static void seal(uint32_t number)
{
	wire.n = 0;
	quic_seal(&wire, QUIC_VERSION_1, rfc_cid, sizeof(rfc_cid), number, &frames, 1162);
}

static void crypto_frames_come_in_any_order(void **state)
{
	size_t half, i;

	(void)state;
	hello_make(&message, "order.example");
	half = message.n / 2;
	memset(&quic, 0, sizeof(quic));
	frames.n = 0;
	quic_crypto(&frames, half, message.b + half, message.n - half);
	hello_number(&frames, 1, 1);		/* PING */
	seal(0);
	assert_int_equal(read_quic(&wire), -EAGAIN);
	/* then bytes one by one, backwards, some twice */
	for (i = half; i-- > 10;) {
		frames.n = 0;
		quic_crypto(&frames, i, message.b + i, 1 + i % 3);
		seal(half - i);
		assert_int_equal(read_quic(&wire), -EAGAIN);
	}
	frames.n = 0;
	hello_put(&frames, "\x02\x00\x00\x00\x00", 5);		/* ACK */
	quic_crypto(&frames, 0, message.b, 10);
	seal(300);
	assert_int_equal(read_quic(&wire), 0);
	assert_string_equal(hello.name, "order.example");
}

static void one_datagram_has_several_packets(void **state)
{
	(void)state;
	hello_make(&message, "several.example");
	memset(&quic, 0, sizeof(quic));
	wire.n = 0;
	frames.n = 0;
	quic_crypto(&frames, 20, message.b + 20, message.n - 20);
	quic_seal(&wire, QUIC_VERSION_1, rfc_cid, sizeof(rfc_cid), 0, &frames, 400);
	/* 0-RTT between them */
	hello_number(&wire, 0xd0, 1);
	hello_number(&wire, QUIC_VERSION_1, 4);
	hello_number(&wire, 0, 2);
	hello_number(&wire, 5, 1);
	hello_number(&wire, 0, 5);
	frames.n = 0;
	quic_crypto(&frames, 0, message.b, 20);
	quic_seal(&wire, QUIC_VERSION_1, rfc_cid, sizeof(rfc_cid), 1, &frames, 400);
	assert_int_equal(read_quic(&wire), 0);
	assert_string_equal(hello.name, "several.example");
}

static void spoiled_packets_say_nothing(void **state)
{
	size_t i;

	(void)state;
	hello_make(&message, "spoiled.example");
	frames.n = 0;
	quic_crypto(&frames, 0, message.b, message.n);
	seal(0);
	for (i = 0; i < wire.n; i++) {
		memset(&quic, 0, sizeof(quic));
		wire.b[i] ^= 0x20;
		/* bits of the header that are not protected by the tag do not exist */
		assert_int_equal(read_quic(&wire), -EBADMSG);
		wire.b[i] ^= 0x20;
	}
	for (i = 0; i < wire.n; i += 7) {
		size_t n = wire.n;

		memset(&quic, 0, sizeof(quic));
		wire.n = i;
		assert_int_equal(read_quic(&wire), -EBADMSG);
		wire.n = n;
	}
	memset(&quic, 0, sizeof(quic));
	assert_int_equal(read_quic(&wire), 0);
	/* the same bytes otherwise, behind a good tag */
	message.b[30] ^= 1;
	frames.n = 0;
	quic_crypto(&frames, 0, message.b, message.n);
	seal(1);
	assert_int_equal(read_quic(&wire), -EBADMSG);
	/* what no client says */
	frames.n = 0;
	hello_number(&frames, 0x08, 1);
	seal(2);
	memset(&quic, 0, sizeof(quic));
	assert_int_equal(read_quic(&wire), -EBADMSG);
	/* another version */
	seal(3);
	wire.b[4] = 9;
	assert_int_equal(read_quic(&wire), -EBADMSG);
}

static void far_offsets_are_left_out(void **state)
{
	(void)state;
	memset(&quic, 0, sizeof(quic));
	frames.n = 0;
	quic_crypto(&frames, 16000, "far", 3);
	hello_number(&frames, 6, 1);
	hello_number(&frames, UINT64_MAX, 8);
	quic_varint(&frames, 3);
	hello_put(&frames, "far", 3);
	seal(0);
	assert_int_equal(read_quic(&wire), -EAGAIN);
	/* a message larger than anybody looks at */
	frames.n = 0;
	quic_crypto(&frames, 0, "\x01\x00\x40\x00", 4);
	seal(1);
	assert_int_equal(read_quic(&wire), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_read),
		cmocka_unit_test(a_name_is_read_in_pieces),
		cmocka_unit_test(no_name_is_no_fault),
		cmocka_unit_test(an_encrypted_hello_is_said_to_be_so),
		cmocka_unit_test(other_protocols_are_none),
		cmocka_unit_test(malformed_messages_name_nobody),
		cmocka_unit_test(a_large_one_is_said_to_be),
		cmocka_unit_test(the_packets_of_the_rfcs_are_read),
		cmocka_unit_test(crypto_frames_come_in_any_order),
		cmocka_unit_test(one_datagram_has_several_packets),
		cmocka_unit_test(spoiled_packets_say_nothing),
		cmocka_unit_test(far_offsets_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
