// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws random and spoiled DNS messages and hosts files at what names are learnt from. Whatever
 * comes, bounds hold, names are host names, and an answer is believed only where its question was
 * put. $FUZZ_RUNS rounds, $FUZZ_SEED the seed.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "names/hosts.h"
#include "names/learn.h"
#include "tests/unit/dns-build.h"

static uint64_t seed;

static uint32_t roll(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

static void require(bool good, const char *what, unsigned long round)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_names: round %lu: %s\n", round, what);
	exit(1);
}

static const char *const words[] = {
	"a.example", "b.example", "www.a.example", "_443._https.a.example", "x", "c.d.e.f.g",
};

static const char *word(void)
{
	return words[roll(sizeof(words) / sizeof(words[0]))];
}

static void make(struct dns_build *d)
{
	static const unsigned int types[] = { DNS_A, DNS_AAAA, DNS_CNAME, DNS_HTTPS, 64, 255, 16 };
	uint8_t data[64];
	static unsigned int id, type;
	static const char *name;
	unsigned int records = roll(6), i, k;

	/* mostly the answer to what was asked just now */
	if (name && roll(3)) {
		dns_answer(d, id, name, type);
	} else {
		id = roll(4);
		name = word();
		type = types[roll(4)];
		dns_question(d, id, name, type);
		records = 0;
	}
	for (; records; records--) {
		for (i = 0; i < sizeof(data); i++)
			data[i] = roll(4) ? roll(8) : roll(256);
		if (!roll(3))
			dns_cname(d, roll(2) ? name : word(), roll(1000), word());
		else if (!roll(3))
			dns_a(d, roll(2) ? name : word(), roll(1000), roll(256));
		else
			dns_record(d, word(), types[roll(7)], roll(1000), data, roll(sizeof(data)));
	}
	for (k = roll(4); k; k--) {
		i = roll(d->n);
		if (roll(2))
			continue;
		switch (roll(4)) {
		case 0:
			d->b[i] = 0xc0;
			d->b[(i + 1) % d->n] = roll(d->n);
			break;
		case 1:
			d->b[i] = roll(256);
			break;
		case 2:
			d->b[roll(12)] = roll(5);
			break;
		default:
			d->n = roll(8) ? d->n : 1 + roll(d->n);
		}
	}
}

static void check_message(const struct dns_message *m, unsigned long round)
{
	char again[DNS_NAME_SIZE];
	unsigned int i;

	require(m->n_addrs <= DNS_ADDRS_MAX, "too many addresses", round);
	require(strlen(m->name) < DNS_NAME_SIZE && dns_name_clean(m->name, again) &&
		!strcmp(m->name, again), "a name that is no host name", round);
	for (i = 0; i < m->n_addrs; i++)
		require(m->addrs[i].family == AF_INET || m->addrs[i].family == AF_INET6,
			"an address of no family", round);
	require(m->answer || !m->n_addrs, "a question has addresses", round);
}

static void hosts_round(struct names *names, unsigned long round)
{
	static const char bytes[] = "192.0.2.1 ::a.b\n\t#x\r";
	char text[512];
	size_t len = roll(sizeof(text)), i;

	for (i = 0; i < len; i++)
		text[i] = roll(20) ? bytes[roll(sizeof(bytes) - 1)] : (char)roll(256);
	require(hosts_learn(names, text, len, 1) <= NAMES_SYSTEM_MAX, "too many hosts", round);
}

int main(void)
{
	const char *runs = getenv("FUZZ_RUNS"), *from = getenv("FUZZ_SEED");
	unsigned long left = runs ? strtoul(runs, NULL, 10) : 20000, round, learnt = 0;
	struct dns_queries *queries = dns_queries_new();
	struct names *names = names_new();
	struct names_count count;
	static struct names_news news;
	uint64_t when = 1000000000;

	seed = from ? strtoull(from, NULL, 10) : 0x5eed;
	if (!seed || !queries || !names)
		return 1;
	for (round = 0; round < left; round++) {
		struct dns_build d = { .n = 0 };
		struct snitch_dns *dns;
		int r;

		make(&d);
		/* its own piece of memory, so that a byte too far is noticed */
		dns = calloc(1, sizeof(*dns) + d.n);
		if (!dns)
			return 1;
		when += roll(1000000000);
		*dns = (struct snitch_dns){
			.hdr = { .id = roll(8) ? 1 : 2 }, .when = when, .netns = 1, .len = d.n,
			.family = AF_INET, .proto = IPPROTO_UDP, .own_port = 40000,
			.server_port = 53, .flags = (d.b[2] & 0x80) ? SNITCH_D_ANSWER : 0,
		};
		memcpy(dns + 1, d.b, d.n);
		r = names_take(names, queries, dns, roll(2), &news);
		if (r >= 0)
			check_message(&news.m, round);
		if (r > 0) {
			require(dns->flags & SNITCH_D_ANSWER, "learnt from a question", round);
			require(names_take(names, queries, dns, true, &news) < 0,
				"one question has two answers", round);
			learnt++;
		}
		free(dns);
		if (!roll(64))
			hosts_round(names, round);
		names_count(names, &count);
		require(count.entries <= NAMES_MAX && count.bytes <= NAMES_BYTES_MAX,
			"a bound is broken", round);
	}
	require(left < 1000 || learnt > left / 200, "almost nothing was learnt", round);
	names_free(names);
	dns_queries_free(queries);
	printf("fuzz_names: %lu rounds, %lu answers\n", left, learnt);
	return 0;
}
