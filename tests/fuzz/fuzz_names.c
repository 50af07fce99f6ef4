// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws random and spoiled DNS messages and hosts files at what names are learnt from. Whatever
 * comes, bounds hold, names are host names, and an answer is believed only where its question was
 * put. Texts of systemd-resolved are spoiled the same way. Streams of TCP, cut anywhere, with pieces
 * that are missing, give the messages that were put in, up to the gap and no more. The files of
 * corpus/names (a folder there is a reader) come whole first, then spoiled. $FUZZ_RUNS rounds, $FUZZ_SEED
 * the seed.
 */
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>

#include "corpus.h"
#include "names/hosts.h"
#include "names/learn.h"
#include "names/resolved.h"
#include "names/segments.h"
#include "rounds.h"
#include "tests/unit/dns-build.h"

static const char *const words[] = {
	"a.example", "b.example", "p.local", "www.a.example", "_443._https.a.example", "x", "c.d.e.f.g",
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

/* What systemd-resolved may tell, mostly. Return: how many names were learnt of it. */
static int resolved_round(struct names *names, const struct dns_build *d, unsigned long round)
{
	const size_t from = 12 + roll(20);
	char base64[8192], text[16384], *own;
	int len, r, k;

	if (d->n <= from || b64_ntop(d->b + from, d->n - from, base64, sizeof(base64)) < 0)
		return 0;
	len = snprintf(text, sizeof(text), "{\"parameters\":{\"state\":\"success\",\"question\":"
		       "[{\"class\":1,\"type\":%d,\"name\":\"%s\"}],\"collectedQuestions\":%s,"
		       "\"answer\":[{\"raw\":\"%s\"},{\"raw\":\"AWEHZXhhbXBsZQAAAQABAAAAPAAEwAACBw==\"}]}}",
		       roll(4) ? 1 : 28, word(), roll(2) ? "[]" : "[{\"class\":1,\"type\":1,\"name\":\"x\"}]",
		       roll(2) ? "" : base64);
	for (k = roll(3); k; k--)
		text[roll(len)] = roll(3) ? "\"{}[]:,0A"[roll(9)] : (char)roll(256);
	own = malloc(len);
	if (!own)
		exit(1);
	memcpy(own, text, len);
	r = resolved_learn(names, own, len, 1, 1000000000);
	require(r <= (int)(RESOLVED_NAMES_MAX * RESOLVED_NAMES_MAX * DNS_ADDRS_MAX),
		"too many names of one text", round);
	free(own);
	return r;
}

/* ---- streams ------------------------------------------------------------------------------- */

#define STREAM_MAX	20000

/* What was put into a stream, and how far it was told again. */
struct stream_check {
	uint8_t b[STREAM_MAX];
	size_t n;
	size_t at;
	unsigned long messages;
	unsigned long round;
};

static size_t next_length(const struct stream_check *c)
{
	return c->b[c->at] << 8 | c->b[c->at + 1];
}

/* The next one that is to be told: not empty, not too long. */
static void to_next(struct stream_check *c)
{
	while (c->at + 2 <= c->n && (!next_length(c) || next_length(c) > SNITCH_DNS_MAX))
		c->at += 2 + next_length(c);
}

static void check_told(void *ctx, const struct snitch_dns *dns)
{
	struct stream_check *c = ctx;

	to_next(c);
	require(c->at + 2 + dns->len <= c->n && next_length(c) == dns->len && !dns->offset &&
		!memcmp(dns + 1, c->b + c->at + 2, dns->len),
		"a message that was not put into the stream", c->round);
	c->at += 2 + dns->len;
	c->messages++;
}

static void fill_stream(struct stream_check *c)
{
	size_t len, i;

	while (c->n < STREAM_MAX / 2) {
		len = roll(4) ? roll(60) : roll(6000);
		c->b[c->n++] = len >> 8;
		c->b[c->n++] = len;
		for (i = 0; i < len; i++)
			c->b[c->n++] = roll(3);	/* much of it looks like a length */
	}
}

static void send_piece(struct dns_streams *streams, const struct snitch_dns *head,
		       struct stream_check *c)
{
	struct snitch_dns *dns = malloc(sizeof(*dns) + head->len);

	if (!dns)
		exit(1);
	*dns = *head;
	memcpy(dns + 1, c->b + head->offset, head->len);
	dns_streams_take(streams, dns, check_told, c);
	free(dns);
}

/* Return: how many messages were told. */
static unsigned long stream_round(struct dns_streams *streams, unsigned long round)
{
	static struct stream_check c;
	struct snitch_dns head = {
		.hdr = { .id = 1 + roll(20) }, .netns = 1, .family = AF_INET, .proto = IPPROTO_TCP,
		.own_port = 1 + roll(40), .server_port = 53,
		.flags = roll(2) ? SNITCH_D_ANSWER : 0,
	};
	size_t at = 0, cut = roll(4) ? 300 : SNITCH_DNS_MAX;
	bool gap = false;

	c.n = 0;
	c.at = 0;
	c.messages = 0;
	c.round = round;
	fill_stream(&c);
	while (at < c.n) {
		head.offset = at;
		head.len = 1 + roll(cut);
		if (head.len > c.n - at)
			head.len = c.n - at;
		at += head.len;
		if (!roll(100)) {
			gap = true;
			if (!head.offset)
				return 0;	/* what follows would be an older connection's */
			c.n = head.offset;	/* nothing behind it may be told */
			head.offset += head.len;
			if (head.offset < STREAM_MAX / 2)
				send_piece(streams, &head, &c);
			break;
		}
		send_piece(streams, &head, &c);
	}
	if (!gap) {
		to_next(&c);
		require(c.at == c.n, "a message was not told", round);
	}
	require(dns_streams_kept(streams) <= DNS_STREAMS_MAX * (SNITCH_DNS_MAX + 2),
		"too much is kept", round);
	return c.messages;
}

/* ---- kept files ------------------------------------------------------------------------------ */

enum reader { DNS, HOSTS, RESOLVED, __READERS };

static struct corpus *kept[__READERS];

static void spoil_kept(uint8_t *b, size_t n)
{
	static const uint8_t odd[] = { 0, 1, 0x0c, 0x3f, 0x7f, 0xc0, 0xff, '"', '.', '\n' };
	unsigned int k;

	for (k = n ? roll(4) : 0; k; k--)
		b[roll(n)] = roll(2) ? odd[roll(sizeof(odd))] : roll(256);
}

/* One message, in memory of its very size. Return: was something learnt? */
static bool take_kept(struct names *names, struct dns_queries *queries, const uint8_t *b, size_t n,
		      uint64_t when, unsigned long round)
{
	struct snitch_dns *dns = calloc(1, sizeof(*dns) + n);
	static struct names_news news;
	int r;

	if (!dns)
		exit(1);
	*dns = (struct snitch_dns){
		.hdr = { .id = 1 }, .when = when, .netns = 1, .len = n, .family = AF_INET,
		.proto = IPPROTO_UDP, .own_port = 40001, .server_port = 53,
		.flags = n > 2 && (b[2] & 0x80) ? SNITCH_D_ANSWER : 0,
	};
	memcpy(dns + 1, b, n);
	r = names_take(names, queries, dns, true, &news);
	if (r >= 0)
		check_message(&news.m, round);
	names_take_said(names, dns);
	free(dns);
	return r > 0;
}

/* All messages of a file, each behind its length as over TCP. Return: how many taught something. */
static unsigned long messages(struct names *names, struct dns_queries *queries, const uint8_t *b,
			      size_t n, uint64_t when, unsigned long round)
{
	unsigned long learnt = 0;
	size_t at, len;

	for (at = 0; at + 2 < n; at += 2 + len) {
		len = b[at] << 8 | b[at + 1];
		if (len > n - at - 2)
			len = n - at - 2;
		learnt += take_kept(names, queries, b + at + 2, len, when, round);
	}
	return learnt;
}

/* Return: how many names were learnt, or messages that taught one. */
static unsigned long read_kept(struct names *names, struct dns_queries *queries, enum reader by,
			       unsigned int which, bool whole, uint64_t when, unsigned long round)
{
	size_t n = kept[by]->file[which].n;
	uint8_t *b = malloc(n ? n : 1);
	unsigned long learnt;
	int r = 0;

	if (!b)
		exit(1);
	memcpy(b, kept[by]->file[which].b, n);
	if (!whole) {
		spoil_kept(b, n);
		n = roll(8) ? n : roll(n + 1);
	}
	if (by == DNS) {
		learnt = messages(names, queries, b, n, when, round);
	} else if (by == HOSTS) {
		learnt = hosts_learn(names, (char *)b, n, 1);
		require(learnt <= NAMES_SYSTEM_MAX, "too many hosts", round);
	} else {
		r = resolved_learn(names, (char *)b, n, 1, when);
		learnt = r > 0 ? r : 0;
	}
	free(b);
	return learnt;
}

/* Whole, each kind teaches something. */
static void read_corpus(struct names *names, struct dns_queries *queries)
{
	static const char *const folders[] = { "names/dns", "names/hosts", "names/resolved" };
	unsigned long learnt;
	enum reader by;
	unsigned int i;

	for (by = DNS; by < __READERS; by++) {
		kept[by] = corpus_read(folders[by]);
		for (learnt = i = 0; i < kept[by]->n; i++)
			learnt += read_kept(names, queries, by, i, true, 1000000000, 0);
		require(learnt >= 3, folders[by], learnt);
	}
}

int main(void)
{
	unsigned long left = rounds_begin(20000), round, learnt = 0, told = 0;
	unsigned long said = 0, resolved = 0;
	struct dns_queries *queries = dns_queries_new();
	struct dns_streams *streams = dns_streams_new();
	struct names *names = names_new();
	struct names_count count;
	static struct names_news news;
	uint64_t when = 1000000000;

	if (!queries || !names || !streams)
		return 1;
	read_corpus(names, queries);
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
		said += names_take_said(names, dns) > 0;
		free(dns);
		if (!roll(64))
			hosts_round(names, round);
		resolved += resolved_round(names, &d, round) > 0;
		if (!roll(4)) {
			enum reader by = roll(8) ? DNS : HOSTS + roll(2);

			read_kept(names, queries, by, roll(kept[by]->n), false, when, round);
		}
		if (!roll(16))
			told += stream_round(streams, round);
		names_count(names, &count);
		require(count.entries <= NAMES_MAX && count.bytes <= NAMES_BYTES_MAX,
			"a bound is broken", round);
	}
	require(left < 1000 || learnt > left / 200, "almost nothing was learnt", round);
	require(left < 1000 || told > left / 16, "almost nothing was told of streams", round);
	require(left < 1000 || resolved > left / 200, "almost nothing was learnt of resolved", round);
	require(left < 1000 || said > left / 200, "almost nothing was said on the link", round);
	for (round = 0; round < __READERS; round++)
		corpus_free(kept[round]);
	names_free(names);
	dns_queries_free(queries);
	dns_streams_free(streams);
	rounds_end(left);
	printf("fuzz_names: %lu rounds, %lu answers, %lu messages over TCP\n", left, learnt, told);
	return 0;
}
