// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds changed netlink answers to libsnitch, made here or kept in corpus/nl (a folder there is a
 * request). It must never read past one, nor return success for a request that was not answered.
 * $FUZZ_RUNS rounds, $FUZZ_SEED the seed.
 */
#include "corpus.h"
#include "rounds.h"
#include "tests/unit/nlwire.h"

/**
 * struct ask - one kind of request
 * @folder: of its kept answers
 * @call: makes it. Return: as the library
 * @cmd, @type, @size: of its right reply
 * @dump: many of them, and a DONE
 */
struct ask {
	const char *folder;
	int (*call)(struct snitch_nl *nl);
	int cmd, type;
	size_t size;
	bool dump;
};

static unsigned int seen;	/* by callbacks, in this round */
static unsigned long sum;	/* so that what is handed on is read */

static void use(const void *data, size_t len)
{
	const unsigned char *p = data;

	seen++;
	while (len--)
		sum += *p++;
}

static int use_flow(void *ctx, const struct snitch_flow_info *flow)
{
	(void)ctx;
	use(flow, sizeof(*flow));
	return 0;
}

static int use_parked(void *ctx, const struct snitch_parked_info *parked)
{
	(void)ctx;
	use(parked, sizeof(*parked));
	return 0;
}

static int use_rule(void *ctx, const struct snitch_rule *rule, uint64_t hits)
{
	(void)ctx;
	use(rule, sizeof(*rule));
	sum += hits;
	return 0;
}

static void use_event(void *ctx, const struct snitch_monitor *event)
{
	(void)ctx;
	use(event, sizeof(*event));
}

static void use_end(void *ctx, const struct snitch_monitor_ended *event)
{
	(void)ctx;
	use(event, sizeof(*event));
}

static int call_status(struct snitch_nl *nl)
{
	struct snitch_status st;
	int err = snitch_nl_status(nl, &st);

	use(&st, sizeof(st));
	return err;
}

static int call_flows(struct snitch_nl *nl)
{
	return snitch_nl_flows(nl, use_flow, NULL);
}

static int call_parked(struct snitch_nl *nl)
{
	return snitch_nl_parked(nl, use_parked, NULL);
}

static int call_rules(struct snitch_nl *nl)
{
	return snitch_nl_rules(nl, use_rule, NULL);
}

static int call_commit(struct snitch_nl *nl)
{
	struct snitch_policy_sink sink;
	uint64_t generation;
	uint32_t unbound;

	snitch_nl_sink(nl, &sink);
	return sink.commit(nl, &generation, &unbound);
}

static const struct ask asks[] = {
	{ "nl/status", call_status, SNITCH_CMD_GET_STATUS, SNITCH_A_STATUS,
	  sizeof(struct snitch_status), false },
	{ "nl/commit", call_commit, SNITCH_CMD_COMMIT, SNITCH_A_GENERATION, sizeof(uint64_t), false },
	{ "nl/flows", call_flows, SNITCH_CMD_GET_FLOWS, SNITCH_A_FLOW,
	  sizeof(struct snitch_flow_info), true },
	{ "nl/parked", call_parked, SNITCH_CMD_GET_PARKED, SNITCH_A_PARKED,
	  sizeof(struct snitch_parked_info), true },
	{ "nl/rules", call_rules, SNITCH_CMD_GET_RULES, SNITCH_A_RULE,
	  sizeof(struct snitch_rule), true },
};

#define ASKS	(sizeof(asks) / sizeof(asks[0]))

static struct corpus *kept[ASKS];

/* Some bytes of headers and attributes changed, perhaps cut: what lies far in is plain data. */
static void spoil(struct wire *w)
{
	static const unsigned char odd[] = { 0, 1, 2, 3, 4, 0x10, 0x7f, 0x80, 0xff };
	unsigned int changes = roll(4);

	while (changes--) {
		struct wire_gram *g = &w->in[roll(w->n_in)];
		size_t near = g->len < 48 || !roll(4) ? g->len : 48;

		if (near)
			g->bytes[roll(near)] = roll(2) ? odd[roll(sizeof(odd))] : roll(256);
	}
	if (!roll(8))
		w->in[roll(w->n_in)].len = roll(64);
}

static void put_answer(struct wire *w, const struct ask *a)
{
	static const unsigned char data[sizeof(struct snitch_status)] = { 1 };
	const char *text = roll(2) ? "what the kernel says" : NULL;
	int err = roll(8) ? 0 : -(int)roll(40), flags = roll(2) ? NLM_F_CAPPED : 0;
	unsigned int n = a->dump ? roll(4) : 1;
	const uint64_t number = 4;
	struct nlmsghdr *h;

	wire_reset(w);
	wire_gram(w);
	while (n--) {
		h = wire_genl(w, a->cmd, a->dump ? NLM_F_MULTI : 0);
		wire_attr(w, a->type, data, a->size);
		wire_attr(w, roll(2) ? SNITCH_A_UNBOUND : SNITCH_A_HITS, &number,
			  roll(8) ? sizeof(number) : 4);
		wire_end(w, h);
		if (roll(2))
			wire_gram(w);
	}
	if (a->dump)
		wire_done(w, err, text, roll(8) ? 0 : NLM_F_DUMP_INTR);
	else
		wire_ack(w, err, text, flags);
	spoil(w);
}

/* A file is an answer's datagrams, each behind its length; their numbers become the request's. */
static void put_kept(struct wire *w, const uint8_t *b, size_t n)
{
	struct nlmsghdr *h;
	uint32_t len;
	size_t at, in;

	wire_reset(w);
	for (at = 0; at + sizeof(len) <= n; at += sizeof(len) + len) {
		memcpy(&len, b + at, sizeof(len));
		require(len <= n - at - sizeof(len), "a kept answer ends early", at);
		wire_gram(w);
		wire_bytes(w, b + at + sizeof(len), len);
		for (in = 0; in + sizeof(*h) <= len; in += NLMSG_ALIGN(h->nlmsg_len)) {
			h = (struct nlmsghdr *)(w->in[w->n_in - 1].bytes + in);
			h->nlmsg_seq = w->seq;
			if (h->nlmsg_len < sizeof(*h))
				break;
		}
	}
}

static void put_spoiled(struct wire *w, const struct corpus *c)
{
	unsigned int which = roll(c->n);

	put_kept(w, c->file[which].b, c->file[which].n);
	spoil(w);
}

static bool round_of(struct wire *w, unsigned long round)
{
	struct snitch_nl nl = { .sock = w->sock, .family = WIRE_FAMILY };
	unsigned int which = roll(ASKS);
	const struct ask *a = &asks[which];
	int err;

	seen = 0;
	if (roll(4))
		put_answer(w, a);
	else
		put_spoiled(w, kept[which]);
	err = a->call(&nl);
	require(err <= 0, "a positive error", round);
	require(memchr(nl.error, '\0', sizeof(nl.error)), "a text without an end", round);
	require(err || w->next, "success without an answer", round);
	return !err;
}

/* The monitor takes the same bytes as events, one datagram a dispatch. */
static void round_of_monitor(struct wire *w, unsigned long round)
{
	static const struct snitch_monitor_calls calls = { use_event, use_end };
	static const unsigned char data[sizeof(struct snitch_monitor)] = { 1 };
	struct snitch_nl_monitor mon = { .sock = w->sock, .family = WIRE_FAMILY };
	int n;

	seen = 0;
	wire_reset(w);
	wire_gram(w);
	wire_one(w, SNITCH_CMD_MONITOR, 0, SNITCH_A_DECIDED_EVENT, data, sizeof(data));
	wire_one(w, SNITCH_CMD_MONITOR_ENDED, 0, SNITCH_A_ENDED_EVENT, data,
		 sizeof(struct snitch_monitor_ended));
	spoil(w);
	snitch_nl_monitor_listen(&mon);
	n = snitch_nl_monitor_dispatch(&mon, &calls, NULL);
	require(n < 0 || (unsigned int)n == seen, "another count of events", round);
}

/* Return: how many of the kept answers are good ones. */
static unsigned int read_corpus(struct wire *w)
{
	struct snitch_nl nl = { .sock = w->sock, .family = WIRE_FAMILY };
	unsigned int i, k, good = 0;

	for (i = 0; i < ASKS; i++) {
		kept[i] = corpus_read(asks[i].folder);
		for (k = 0; k < kept[i]->n; k++) {
			seen = 0;
			put_kept(w, kept[i]->file[k].b, kept[i]->file[k].n);
			good += !asks[i].call(&nl);
		}
	}
	return good;
}

int main(void)
{
	unsigned long rounds = rounds_begin(100000), i, passed = 0;
	struct wire *asked = wire_new(), *heard = wire_new();

	wire_now = asked;
	require(read_corpus(asked) >= ASKS, "the kept answers are those of other structures", 0);
	for (i = 0; i < rounds; i++) {
		wire_now = asked;
		passed += round_of(asked, i);
		wire_now = heard;
		round_of_monitor(heard, i);
	}
	/* Neither nothing nor everything: then it tested nothing. */
	require(rounds < 1000 || (passed > rounds / 50 && passed < rounds - rounds / 50),
		"almost all, or almost nothing passed", i);
	printf("fuzz_nl: %lu rounds, %lu passed, sum %lu\n", rounds, passed, sum);
	for (i = 0; i < ASKS; i++)
		corpus_free(kept[i]);
	wire_free(asked);
	wire_free(heard);
	return 0;
}
