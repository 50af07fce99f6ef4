/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, prefixes and ranges as people write them. It never resolves a name.
 */
#ifndef SNITCH_UTIL_ADDRSPAN_H
#define SNITCH_UTIL_ADDRSPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum addrspan_kind {
	ADDRSPAN_ADDRESS,
	ADDRSPAN_PREFIX,
	ADDRSPAN_RANGE,
};

/**
 * struct addrspan - addresses from first to last
 * @family: AF_INET or AF_INET6; an IPv4 address written as IPv6 is the plain one
 * @len: bits, of a prefix
 * @first, @last: network order, an IPv4 address in the first 4 bytes
 */
struct addrspan {
	enum addrspan_kind kind;
	uint8_t family;
	uint8_t len;
	uint8_t first[16];
	uint8_t last[16];
};

/**
 * addrspan_parse() - read ADDRESS, ADDRESS/LEN or ADDRESS-ADDRESS
 * @word: the whole of it
 * @span: filled in
 * @why: gets what was expected, with -EINVAL
 *
 * Return: 0; -ENOENT: it is none of them; -EINVAL: it wants to be one.
 */
int addrspan_parse(const char *word, struct addrspan *span, const char **why);

/* A decimal number of at most 3 digits, or -1. */
int snitch_small_number(const char *s);

/*
 * The next address up (@by 1) or down (-1), of @bytes 4 or 16. Return: false where there is none:
 * it is all 0 or all ones then.
 */
bool snitch_addr_step(uint8_t *addr, size_t bytes, int by);

#endif
