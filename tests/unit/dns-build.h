/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS messages written by hand for tests: not by the code that reads them. */
#ifndef TESTS_UNIT_DNS_BUILD_H
#define TESTS_UNIT_DNS_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DNS_A		1
#define DNS_CNAME	5
#define DNS_AAAA	28
#define DNS_HTTPS	65

struct dns_build {
	uint8_t b[4096];
	size_t n;
};

static inline void dns_put(struct dns_build *d, const void *bytes, size_t n)
{
	if (d->n + n > sizeof(d->b))
		abort();
	memcpy(d->b + d->n, bytes, n);
	d->n += n;
}

static inline void dns_put16(struct dns_build *d, unsigned int v)
{
	dns_put(d, (uint8_t[]){ v >> 8, v }, 2);
}

static inline void dns_put32(struct dns_build *d, uint32_t v)
{
	dns_put16(d, v >> 16);
	dns_put16(d, v);
}

/* "a.b" as labels, without compression. */
static inline void dns_put_name(struct dns_build *d, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		dns_put(d, (uint8_t[]){ n }, 1);
		dns_put(d, name, n);
		name += n + (name[n] == '.');
	}
	dns_put(d, "", 1);
}

static inline void dns_begin(struct dns_build *d, unsigned int id, unsigned int flags,
			     const char *name, unsigned int type)
{
	d->n = 0;
	dns_put16(d, id);
	dns_put16(d, flags);
	dns_put16(d, 1);
	dns_put(d, "\0\0\0\0\0", 6);
	dns_put_name(d, name);
	dns_put16(d, type);
	dns_put16(d, 1);
}

static inline void dns_question(struct dns_build *d, unsigned int id, const char *name,
				unsigned int type)
{
	dns_begin(d, id, 0x0100, name, type);
}

static inline void dns_answer(struct dns_build *d, unsigned int id, const char *name,
			      unsigned int type)
{
	dns_begin(d, id, 0x8180, name, type);
}

static inline void dns_record(struct dns_build *d, const char *name, unsigned int type,
			      uint32_t ttl, const void *data, size_t len)
{
	d->b[7]++;
	dns_put_name(d, name);
	dns_put16(d, type);
	dns_put16(d, 1);
	dns_put32(d, ttl);
	dns_put16(d, len);
	dns_put(d, data, len);
}

static inline void dns_a(struct dns_build *d, const char *name, uint32_t ttl, unsigned int last)
{
	dns_record(d, name, DNS_A, ttl, (uint8_t[]){ 192, 0, 2, last }, 4);
}

static inline void dns_cname(struct dns_build *d, const char *name, uint32_t ttl, const char *to)
{
	struct dns_build data = { .n = 0 };

	dns_put_name(&data, to);
	dns_record(d, name, DNS_CNAME, ttl, data.b, data.n);
}

#endif
