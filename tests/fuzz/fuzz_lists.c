// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled lists at their reader, those of corpus/lists, in pieces that end anywhere: what is
 * found on a list has to be a name or a range that could stand there. It must never touch another file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "corpus.h"
#include "lists/lists.h"
#include "util/hostname.h"

static void spoil(char *text, size_t *len)
{
	static const char bytes[] = "\n\n\r\t .:/-^|@#*0f\0\x7f\xc3";
	size_t at = rand() % *len, n;

	switch (rand() % 3) {
	case 0:
		text[at] = bytes[rand() % (sizeof(bytes) - 1)];
		break;
	case 1:
		n = 1 + rand() % 8;
		if (at + n < *len) {
			memmove(text + at, text + at + n, *len - at - n);
			*len -= n;
		}
		break;
	default:
		text[at] = rand();
	}
}

static void check(const struct list *list, const char *host)
{
	const char *entry = NULL;

	if (list_match_name(list, host, &entry) &&
	    !(strlen(entry) <= SNITCH_HOSTNAME_MAX && snitch_hostname_valid(entry, strlen(entry)))) {
		fprintf(stderr, "'%s' is on the list by '%s'\n", host, entry);
		abort();
	}
}

static void check_ranges(const struct list *list)
{
	const struct list_range *ranges;
	size_t n = list_ranges(list, &ranges), i;

	for (i = 0; i < n; i++) {
		bool ordered = !i || ranges[i - 1].family < ranges[i].family ||
			       memcmp(ranges[i - 1].last, ranges[i].first, 16) < 0;

		if (!ordered || memcmp(ranges[i].first, ranges[i].last, 16) > 0 ||
		    (ranges[i].family != AF_INET && ranges[i].family != AF_INET6))
			abort();
	}
}

static void one(const char *text, size_t len)
{
	struct list_builder *b = list_builder_new("fuzz", rand() % __LIST_KINDS);
	struct list *list;
	size_t at, n;

	for (at = 0; b && at < len; at += n) {
		n = 1 + rand() % 40;
		if (n > len - at)
			n = len - at;
		if (rand() % 16 == 0)
			list_builder_part(b, rand() % 2 ? LIST_EXCEPTIONS : LIST_ENTRIES);
		if (list_builder_feed(b, text + at, n))
			break;
	}
	list = b ? list_builder_finish(b) : NULL;
	if (!list)
		abort();
	check(list, "www.ads.example.com");
	check(list, "b.example");
	check(list, "a.b.c.zip.");
	check(list, "..");
	for (at = 0; at + 1 < len; at += 1 + rand() % 50) {
		char host[300];

		snprintf(host, sizeof(host), "%.*s", rand() % 299, text + at);
		check(list, host);
	}
	check_ranges(list);
	list_free(list);
}

int main(void)
{
	const char *runs = getenv("FUZZ_RUNS");
	long left = runs ? atol(runs) : 5000;
	struct corpus *c = corpus_read("lists");
	unsigned int i;

	srand(1);
	for (i = 0; i < c->n; i++)
		one((char *)c->file[i].b, c->file[i].n);
	while (left-- > 0) {
		char text[2 * CORPUS_BYTES + 1];
		unsigned int files = 1 + rand() % 3;
		size_t len = 0;
		int k;

		/* several kinds in one, too */
		while (files--) {
			i = rand() % c->n;
			if (len + c->file[i].n <= 2 * CORPUS_BYTES)
				memcpy(text + len, c->file[i].b, c->file[i].n);
			else
				break;
			len += c->file[i].n;
		}
		for (k = rand() % 30; k >= 0 && len; k--)
			spoil(text, &len);
		text[len] = '\0';
		one(text, len);
	}
	corpus_free(c);
	return 0;
}
