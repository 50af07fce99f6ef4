/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS messages: what was asked, and which addresses are the answer. The records are taken apart by
 * the C library's parser; every message is hostile. Pure: no I/O, no clock, no allocation.
 */
#ifndef SNITCH_NAMES_DNS_H
#define SNITCH_NAMES_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_SIZE	254	/* 253 characters and a NUL */
#define DNS_ADDRS_MAX	64	/* addresses of one answer; more are left out */

struct dns_addr {
	uint8_t family;		/* AF_INET or AF_INET6 */
	uint8_t addr[16];	/* network order, v4 in the first four bytes, the rest 0 */
};

/**
 * struct dns_message - the part of a message that names are learnt from
 * @id: of the transaction
 * @answer: else a question
 * @name: what was asked for: small letters, digits, '-', '_', dots between, none at the end
 * @type: of the question
 * @ttl: seconds; the least of all records on the way from @name to @addrs
 * @addrs: that @name stands for, each once. Names on the way (CNAME, SVCB) are not kept: whoever
 *	   answers for the first one may write anything into the rest
 */
struct dns_message {
	uint16_t id;
	uint16_t type;
	bool answer;
	char name[DNS_NAME_SIZE];
	uint32_t ttl;
	unsigned int n_addrs;
	struct dns_addr addrs[DNS_ADDRS_MAX];
};

/**
 * dns_parse() - read a message
 * @buf: the message, without the length that goes before it over TCP
 * @len: bytes
 * @out: filled in whole on success
 *
 * An answer that says no, or whose records do not lead from the question to an address, has no
 * addresses.
 *
 * Return: 0; -EBADMSG (malformed); -EOPNOTSUPP (no plain question about one host name).
 */
int dns_parse(const void *buf, size_t len, struct dns_message *out);

/* A record that was said to all on the link: @name, which ends with ".local", is @addr. */
struct dns_said {
	char name[DNS_NAME_SIZE];
	uint32_t ttl;		/* seconds, not 0: what is over is not told */
	struct dns_addr addr;
};

/*
 * Reads an answer of multicast DNS (RFC 6762), which follows from no question. Return: how many
 * records were put to @out, at most @max; -EBADMSG; -EOPNOTSUPP (a question).
 */
int dns_parse_said(const void *buf, size_t len, struct dns_said *out, size_t max);

/**
 * dns_name_clean() - a name as it is compared
 * @text: with or without its final dot
 * @out: gets it in small letters
 *
 * Return: false when it is no host name: empty, too long, or with other characters.
 */
bool dns_name_clean(const char *text, char out[DNS_NAME_SIZE]);

#endif
