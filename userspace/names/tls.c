// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS ClientHello, RFC 8446 section 4.1.2. It must never tell a name that a server would not see,
 * so what is malformed has none, and neither has what is there twice.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "bytes.h"

#define RECORD_HANDSHAKE	22
#define RECORD_HEADER		5
#define RECORD_MAX		16384	/* of a record that is not encrypted */
#define MESSAGE_HEADER		4
#define CLIENT_HELLO		1
#define RANDOM_LEN		32
#define SESSION_MAX		32
#define EXT_SERVER_NAME		0
#define EXT_ENCRYPTED_HELLO	0xfe0d
#define NAME_IS_HOST		0

/* ---- the message ------------------------------------------------------------------------ */

/* Return: false: it is none that a server would take. */
static bool take_host(struct bytes text, struct tls_hello *out)
{
	char name[DNS_NAME_SIZE];
	struct in_addr addr;

	if (!text.left || text.left >= sizeof(name) || memchr(text.at, '\0', text.left))
		return false;
	memcpy(name, text.at, text.left);
	name[text.left] = '\0';
	if (!dns_name_clean(name, out->name))
		return false;
	if (inet_pton(AF_INET, out->name, &addr) == 1)
		out->name[0] = '\0';
	return true;
}

static bool take_server_name(struct bytes ext, struct tls_hello *out)
{
	struct bytes list = bytes_vector(&ext, 2);
	bool host = false;

	if (list.bad || ext.left || !list.left)
		return false;
	while (list.left) {
		unsigned int type = bytes_number(&list, 1);
		struct bytes text = bytes_vector(&list, 2);

		if (list.bad)
			return false;
		if (type != NAME_IS_HOST)
			continue;
		if (host || !take_host(text, out))
			return false;
		host = true;
	}
	return true;
}

static bool take_extensions(struct bytes all, struct tls_hello *out)
{
	bool named = false;

	while (all.left) {
		unsigned int type = bytes_number(&all, 2);
		struct bytes ext = bytes_vector(&all, 2);

		if (all.bad)
			return false;
		if (type == EXT_ENCRYPTED_HELLO)
			out->encrypted = true;
		if (type != EXT_SERVER_NAME)
			continue;
		if (named || !take_server_name(ext, out))
			return false;
		named = true;
	}
	return true;
}

static int read_hello(struct bytes b, struct tls_hello *out)
{
	unsigned int version = bytes_number(&b, 2);
	struct bytes session, ciphers, compression;

	memset(out, 0, sizeof(*out));
	bytes_take(&b, RANDOM_LEN);
	session = bytes_vector(&b, 1);
	ciphers = bytes_vector(&b, 2);
	compression = bytes_vector(&b, 1);
	if (b.bad || version >> 8 != 3 || session.left > SESSION_MAX || !ciphers.left ||
	    ciphers.left % 2 || !compression.left)
		return -EBADMSG;
	if (b.left) {
		struct bytes extensions = bytes_vector(&b, 2);

		if (b.bad || b.left || !take_extensions(extensions, out))
			return -EBADMSG;
	}
	return 0;
}

int tls_read_message(const void *buf, size_t len, struct tls_hello *out)
{
	struct bytes b = { .at = buf, .left = len };
	struct bytes message;
	uint64_t size;

	if (len && b.at[0] != CLIENT_HELLO)
		return -EBADMSG;
	if (len < MESSAGE_HEADER)
		return -EAGAIN;
	bytes_take(&b, 1);
	size = bytes_number(&b, MESSAGE_HEADER - 1);
	if (size > TLS_HELLO_MAX - MESSAGE_HEADER)
		return -EMSGSIZE;
	if (size > b.left)
		return -EAGAIN;
	message = bytes_take(&b, size);
	return read_hello(message, out);
}

/* ---- records ------------------------------------------------------------------------------ */

/* Does it begin as a record with a part of a handshake? Only what is there is looked at. */
static bool record_fits(struct bytes b)
{
	size_t len;

	if (b.left >= 1 && b.at[0] != RECORD_HANDSHAKE)
		return false;
	if (b.left >= 2 && b.at[1] != 3)
		return false;
	if (b.left < RECORD_HEADER)
		return true;
	len = (size_t)b.at[3] << 8 | b.at[4];
	return len && len <= RECORD_MAX;
}

int tls_read(const void *buf, size_t len, struct tls_hello *out)
{
	struct bytes b = { .at = buf, .left = len < TLS_HELLO_MAX ? len : TLS_HELLO_MAX };
	uint8_t message[TLS_HELLO_MAX];
	bool whole = true;
	size_t n = 0;
	int r;

	while (whole && b.left) {
		struct bytes part;
		size_t size;

		if (!record_fits(b))
			return -EBADMSG;
		if (b.left < RECORD_HEADER)
			break;
		bytes_take(&b, RECORD_HEADER - 2);
		size = bytes_number(&b, 2);
		whole = size <= b.left;
		part = bytes_take(&b, whole ? size : b.left);
		/* no more than there was in the buffer: it fits */
		memcpy(message + n, part.at, part.left);
		n += part.left;
		r = tls_read_message(message, n, out);
		if (r != -EAGAIN)
			return r;
	}
	return len < TLS_HELLO_MAX ? -EAGAIN : -EMSGSIZE;
}
