/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first message of a TLS client: which name does it want to speak to? It is a claim of the
 * program's, and every byte of it is hostile. Pure: no I/O, no clock, no allocation.
 */
#ifndef SNITCH_NAMES_TLS_H
#define SNITCH_NAMES_TLS_H

#include "dns.h"

#define TLS_HELLO_MAX	8192	/* bytes that are looked at */

/**
 * struct tls_hello - what a ClientHello says
 * @name: as dns_name_clean() writes it; "": it names nobody, or an address
 * @encrypted: it carries an encrypted ClientHello, or pretends to: then @name may be the name of
 *	whoever decrypts that, not the one that is meant
 */
struct tls_hello {
	char name[DNS_NAME_SIZE];
	bool encrypted;
};

/**
 * tls_read() - the beginning of what a client sends over TCP
 * @buf: as much of it as there is
 * @len: bytes; beyond TLS_HELLO_MAX nothing is read
 * @out: filled in on success
 *
 * Return: 0; -EAGAIN (more has to come); -EBADMSG (this is no ClientHello); -EMSGSIZE (it is larger
 * than TLS_HELLO_MAX).
 */
int tls_read(const void *buf, size_t len, struct tls_hello *out);

/* The same for a handshake message without records around it, as QUIC has it. */
int tls_read_message(const void *buf, size_t len, struct tls_hello *out);

#endif
