// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The netlink wrapper against hand-made answers: what it sends, what it believes, and that
 * each thing that goes wrong comes back as one error. No socket, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nlwire.h"

#define TEXT	"rule 3: its rank is taken"

struct fixture {
	struct wire *wire;
	struct snitch_nl nl;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->wire = wire_new();
	f->nl.sock = f->wire->sock;
	f->nl.family = WIRE_FAMILY;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	wire_free(f->wire);
	free(f);
	return 0;
}

/* What was sent @at-th; its attributes in @attrs. */
static const struct nlmsghdr *sent(struct wire *w, unsigned int at, int cmd,
				   struct nlattr **attrs)
{
	struct nlmsghdr *h = (struct nlmsghdr *)w->out[at].bytes;

	assert_true(at < w->n_out);
	assert_int_equal(h->nlmsg_len, w->out[at].len);
	assert_int_equal(h->nlmsg_type, WIRE_FAMILY);
	assert_true(h->nlmsg_flags & NLM_F_REQUEST);
	assert_int_equal(genlmsg_hdr(h)->cmd, cmd);
	assert_int_equal(genlmsg_hdr(h)->version, SNITCH_GENL_VERSION);
	assert_int_equal(genlmsg_parse(h, 0, attrs, SNITCH_A_MAX, NULL), 0);
	return h;
}

static void is_attr(const struct nlattr *attr, const void *data, size_t len)
{
	assert_non_null(attr);
	assert_int_equal(nla_len(attr), len);
	assert_memory_equal(nla_data(attr), data, len);
}

/* ---- one reply ---- */

static void test_status(void **state)
{
	struct snitch_status want = { .generation = 7, .rules = 12, .armed = 1 }, got;
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct fixture *f = *state;
	const struct nlmsghdr *h;

	want.counter[SNITCH_C_HELD] = 1ULL << 40;
	wire_gram(f->wire);
	wire_one(f->wire, SNITCH_CMD_GET_STATUS, 0, SNITCH_A_STATUS, &want, sizeof(want));
	wire_gram(f->wire);
	wire_ack(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_status(&f->nl, &got), 0);
	assert_memory_equal(&got, &want, sizeof(got));
	assert_string_equal(snitch_nl_error(&f->nl), "");
	assert_int_equal(f->wire->n_out, 1);
	h = sent(f->wire, 0, SNITCH_CMD_GET_STATUS, attrs);
	assert_true(h->nlmsg_flags & NLM_F_ACK);
	assert_int_equal(h->nlmsg_len, NLMSG_HDRLEN + GENL_HDRLEN);
}

/* A newer module may have put more behind the structure, and more attributes. */
static void test_newer(void **state)
{
	unsigned char longer[sizeof(struct snitch_status) + 8] = { 9 };
	struct fixture *f = *state;
	struct snitch_status got;
	struct nlmsghdr *h;

	wire_gram(f->wire);
	h = wire_genl(f->wire, SNITCH_CMD_GET_STATUS, 0);
	wire_attr(f->wire, SNITCH_A_MAX + 5, "what", 4);
	wire_attr(f->wire, SNITCH_A_STATUS, longer, sizeof(longer));
	wire_end(f->wire, h);
	wire_ack(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_status(&f->nl, &got), 0);
	assert_int_equal(got.generation, 9);
}

/* Each of them: one bad reply, then a good ack. */
enum bad { MISSING, SHORT, OTHER_ATTR, PAST_END, NO_GENL, OTHER_FAMILY, NO_REPLY, N_BAD };

static void bad_reply(struct wire *w, enum bad bad, int cmd, int type, size_t len)
{
	static const unsigned char zero[4096];
	struct nlmsghdr *h;

	wire_gram(w);
	switch (bad) {
	case MISSING:
		wire_end(w, wire_genl(w, cmd, 0));
		break;
	case SHORT:
		wire_one(w, cmd, 0, type, zero, len - 1);
		break;
	case OTHER_ATTR:
		wire_one(w, cmd, 0, SNITCH_A_PAD, zero, len);
		break;
	case PAST_END:	/* the attribute claims more than the message has */
		h = wire_genl(w, cmd, 0);
		wire_attr(w, type, zero, len);
		h->nlmsg_len = w->in[w->n_in - 1].len - NLMSG_ALIGN(len);
		w->in[w->n_in - 1].len = h->nlmsg_len;
		break;
	case NO_GENL:
		wire_end(w, wire_msg(w, WIRE_FAMILY, 0));
		break;
	case OTHER_FAMILY:
		h = wire_genl(w, cmd, 0);
		h->nlmsg_type++;
		wire_attr(w, type, zero, len);
		wire_end(w, h);
		break;
	case NO_REPLY:
	default:
		break;
	}
	if (bad != NO_REPLY)
		wire_gram(w);
	wire_ack(w, 0, NULL, 0);
}

static void test_bad_status(void **state)
{
	struct fixture *f = *state;
	struct snitch_status got;
	unsigned int bad;

	for (bad = 0; bad < N_BAD; bad++) {
		wire_reset(f->wire);
		bad_reply(f->wire, bad, SNITCH_CMD_GET_STATUS, SNITCH_A_STATUS, sizeof(got));
		assert_int_equal(snitch_nl_status(&f->nl, &got), -EBADMSG);
		assert_string_equal(snitch_nl_error(&f->nl), "");
		assert_int_equal(f->wire->next, f->wire->n_in);
	}
}

static void test_limits(void **state)
{
	const struct snitch_limits limits = { .max_flows = 99, .hold_ms = 5 };
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct fixture *f = *state;

	wire_gram(f->wire);
	wire_ack(f->wire, 0, NULL, NLM_F_CAPPED);
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), 0);
	sent(f->wire, 0, SNITCH_CMD_SET_LIMITS, attrs);
	is_attr(attrs[SNITCH_A_LIMITS], &limits, sizeof(limits));
}

/* ---- errors ---- */

static void test_error_text(void **state)
{
	const struct snitch_limits limits = { .max_flows = 1 };
	struct fixture *f = *state;
	int capped;

	for (capped = 0; capped < 2; capped++) {
		wire_reset(f->wire);
		wire_gram(f->wire);
		wire_ack(f->wire, -ERANGE, TEXT, capped ? NLM_F_CAPPED : 0);
		assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), -ERANGE);
		assert_string_equal(snitch_nl_error(&f->nl), TEXT);
	}
	/* The next success forgets it; an error without text has none. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_ack(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), 0);
	assert_string_equal(snitch_nl_error(&f->nl), "");
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_ack(f->wire, -EBUSY, NULL, NLM_F_CAPPED);
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), -EBUSY);
	assert_string_equal(snitch_nl_error(&f->nl), "");
}

/* Errors that the kernel would not send that way. */
static void test_error_odd(void **state)
{
	const struct snitch_limits limits = { 0 };
	struct fixture *f = *state;
	struct nlmsghdr *h;
	char text[600];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wire_gram(f->wire);
	wire_ack(f->wire, -EINVAL, text, NLM_F_CAPPED);
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), -EINVAL);
	assert_int_equal(strlen(f->nl.error), sizeof(f->nl.error) - 1);

	/* A quoted request longer than the message: no text, but the error. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_ack(f->wire, -EINVAL, TEXT, 0);
	h = (struct nlmsghdr *)f->wire->in[0].bytes;
	((struct nlmsgerr *)NLMSG_DATA(h))->msg.nlmsg_len = 0xfffffff0;
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), -EINVAL);
	assert_string_equal(snitch_nl_error(&f->nl), "");

	/* A positive one is none that a caller could take for success or a count. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_ack(f->wire, 5, NULL, NLM_F_CAPPED);
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), -EBADMSG);

	/* Cut before the error itself. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	h = wire_msg(f->wire, NLMSG_ERROR, 0);
	wire_bytes(f->wire, "\xea\xff\xff\xff", 4);
	wire_end(f->wire, h);
	assert_int_equal(snitch_nl_set_limits(&f->nl, &limits), -EBADMSG);
}

/* An error after a reply counts; after a bad reply the first one is told. */
static void test_error_once(void **state)
{
	struct fixture *f = *state;
	struct snitch_status st = { .rules = 1 };

	wire_gram(f->wire);
	wire_one(f->wire, SNITCH_CMD_GET_STATUS, 0, SNITCH_A_STATUS, &st, sizeof(st));
	wire_ack(f->wire, -EPERM, TEXT, 0);
	assert_int_equal(snitch_nl_status(&f->nl, &st), -EPERM);
	assert_string_equal(snitch_nl_error(&f->nl), TEXT);
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_one(f->wire, SNITCH_CMD_GET_STATUS, 0, SNITCH_A_STATUS, &st, 3);
	wire_ack(f->wire, -EPERM, NULL, 0);
	assert_int_equal(snitch_nl_status(&f->nl, &st), -EBADMSG);
}

static void test_no_answer(void **state)
{
	struct fixture *f = *state;
	struct snitch_status st = { 0 };
	struct wire_gram *g;

	assert_int_equal(snitch_nl_status(&f->nl, &st), -ETIMEDOUT);

	/* A datagram whose message claims more than arrived is no answer either. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_one(f->wire, SNITCH_CMD_GET_STATUS, 0, SNITCH_A_STATUS, &st, sizeof(st));
	g = &f->wire->in[0];
	g->len -= 4;
	assert_int_equal(snitch_nl_status(&f->nl, &st), -ETIMEDOUT);
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_bytes(f->wire, "\x10\0\0", 4);
	assert_int_equal(snitch_nl_status(&f->nl, &st), -ETIMEDOUT);

	f->wire->end = NLE_NOMEM;
	assert_int_equal(snitch_nl_status(&f->nl, &st), -ENOMEM);
}

/* What answers a request that was given up must not be taken for the next one's answer. */
static void test_stale(void **state)
{
	struct snitch_status old = { .rules = 1 }, now = { .rules = 2 }, got;
	struct fixture *f = *state;
	struct wire *w = f->wire;

	assert_int_equal(snitch_nl_status(&f->nl, &got), -ETIMEDOUT);
	wire_gram(w);
	wire_one(w, SNITCH_CMD_GET_STATUS, 0, SNITCH_A_STATUS, &old, sizeof(old));
	wire_ack(w, -EPERM, TEXT, 0);
	w->seq++;
	wire_gram(w);
	wire_one(w, SNITCH_CMD_GET_STATUS, 0, SNITCH_A_STATUS, &now, sizeof(now));
	wire_ack(w, 0, NULL, 0);
	assert_int_equal(snitch_nl_status(&f->nl, &got), 0);
	assert_int_equal(got.rules, 2);
	assert_string_equal(snitch_nl_error(&f->nl), "");
}

/* ---- dumps ---- */

/**
 * struct seen - what a dump's callback got
 * @stop_at: it returns @stop at this entry, counted from 1
 */
struct seen {
	unsigned int n, stop_at;
	int stop;
	uint64_t sum, hits;
};

static int see(struct seen *s, uint64_t value)
{
	s->sum += value;
	return ++s->n == s->stop_at ? s->stop : 0;
}

static int see_flow(void *ctx, const struct snitch_flow_info *flow)
{
	return see(ctx, flow->cookie);
}

static int see_parked(void *ctx, const struct snitch_parked_info *parked)
{
	return see(ctx, parked->packets);
}

static int see_rule(void *ctx, const struct snitch_rule *rule, uint64_t hits)
{
	struct seen *s = ctx;

	s->hits += hits;
	return see(s, rule->id);
}

static void put_flow(struct wire *w, uint64_t cookie, int flags)
{
	const struct snitch_flow_info i = { .cookie = cookie };

	wire_one(w, SNITCH_CMD_GET_FLOWS, NLM_F_MULTI | flags, SNITCH_A_FLOW, &i, sizeof(i));
}

static void test_dump(void **state)
{
	const struct snitch_parked_info parked = { .packets = 3 };
	const struct snitch_rule rule = { .id = 50 };
	const uint64_t hits = 1000;
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct fixture *f = *state;
	struct seen s = { 0 };
	struct nlmsghdr *h;

	wire_gram(f->wire);
	put_flow(f->wire, 1, 0);
	put_flow(f->wire, 2, 0);
	wire_gram(f->wire);
	put_flow(f->wire, 4, 0);
	wire_gram(f->wire);
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), 0);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.sum, 7);
	assert_true((sent(f->wire, 0, SNITCH_CMD_GET_FLOWS, attrs)->nlmsg_flags & NLM_F_DUMP) ==
		    NLM_F_DUMP);

	wire_reset(f->wire);
	s = (struct seen){ 0 };
	wire_gram(f->wire);
	wire_one(f->wire, SNITCH_CMD_GET_PARKED, NLM_F_MULTI, SNITCH_A_PARKED, &parked,
		 sizeof(parked));
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_parked(&f->nl, see_parked, &s), 0);
	assert_int_equal(s.sum, 3);

	/* Rules with and without a count of hits. */
	wire_reset(f->wire);
	s = (struct seen){ 0 };
	wire_gram(f->wire);
	h = wire_genl(f->wire, SNITCH_CMD_GET_RULES, NLM_F_MULTI);
	wire_attr(f->wire, SNITCH_A_RULE, &rule, sizeof(rule));
	wire_attr(f->wire, SNITCH_A_HITS, &hits, sizeof(hits));
	wire_end(f->wire, h);
	wire_one(f->wire, SNITCH_CMD_GET_RULES, NLM_F_MULTI, SNITCH_A_RULE, &rule, sizeof(rule));
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_rules(&f->nl, see_rule, &s), 0);
	assert_int_equal(s.sum, 100);
	assert_int_equal(s.hits, hits);
}

static void test_dump_empty(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	wire_gram(f->wire);
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), 0);
	assert_int_equal(s.n, 0);
}

/* Told by one message in the middle, or by the end: once, after all entries. */
static void test_dump_interrupted(void **state)
{
	struct fixture *f = *state;
	unsigned int where;

	for (where = 0; where < 3; where++) {
		struct seen s = { 0 };

		wire_reset(f->wire);
		wire_gram(f->wire);
		put_flow(f->wire, 1, where == 0 ? NLM_F_DUMP_INTR : 0);
		wire_gram(f->wire);
		put_flow(f->wire, 2, where == 1 ? NLM_F_DUMP_INTR : 0);
		wire_done(f->wire, 0, NULL, where == 2 ? NLM_F_DUMP_INTR : 0);
		assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), -EINTR);
		assert_int_equal(s.n, 2);
		assert_int_equal(f->wire->next, f->wire->n_in);
	}
}

static void test_dump_error(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	wire_gram(f->wire);
	put_flow(f->wire, 1, NLM_F_DUMP_INTR);
	wire_gram(f->wire);
	wire_done(f->wire, -ENOMEM, "no memory for the walk", 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), -ENOMEM);
	assert_string_equal(snitch_nl_error(&f->nl), "no memory for the walk");

	/* Refused before it began. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	wire_ack(f->wire, -EPERM, NULL, 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), -EPERM);

	/* Never ended. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	put_flow(f->wire, 1, 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), -ETIMEDOUT);
}

static void test_dump_bad_entry(void **state)
{
	const struct snitch_rule rule = { .id = 1 };
	const uint32_t small = 1;
	struct fixture *f = *state;
	struct seen s = { 0 };
	struct nlmsghdr *h;

	wire_gram(f->wire);
	put_flow(f->wire, 1, 0);
	wire_one(f->wire, SNITCH_CMD_GET_FLOWS, NLM_F_MULTI, SNITCH_A_FLOW, &small, sizeof(small));
	put_flow(f->wire, 2, 0);
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), -EBADMSG);
	assert_int_equal(s.n, 1);

	/* A count of hits that is too short to be read. */
	wire_reset(f->wire);
	wire_gram(f->wire);
	h = wire_genl(f->wire, SNITCH_CMD_GET_RULES, NLM_F_MULTI);
	wire_attr(f->wire, SNITCH_A_RULE, &rule, sizeof(rule));
	wire_attr(f->wire, SNITCH_A_HITS, &small, sizeof(small));
	wire_end(f->wire, h);
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_rules(&f->nl, see_rule, &s), -EBADMSG);
}

/* The callback ends it; the rest is read, so that the next request begins clean. */
static void test_dump_stopped(void **state)
{
	struct seen s = { .stop_at = 2, .stop = 17 };
	struct fixture *f = *state;

	wire_gram(f->wire);
	put_flow(f->wire, 1, 0);
	put_flow(f->wire, 2, 0);
	wire_gram(f->wire);
	put_flow(f->wire, 4, NLM_F_DUMP_INTR);
	wire_done(f->wire, 0, NULL, 0);
	assert_int_equal(snitch_nl_flows(&f->nl, see_flow, &s), 17);
	assert_int_equal(s.n, 2);
	assert_int_equal(f->wire->next, f->wire->n_in);
}

/* ---- the monitor ---- */

static void see_decision(void *ctx, const struct snitch_monitor *event)
{
	see(ctx, event->pid);
}

static void see_end(void *ctx, const struct snitch_monitor_ended *event)
{
	see(ctx, event->ended.bytes);
}

static const struct snitch_monitor_calls calls = { .decided = see_decision, .ended = see_end };

static void put_decision(struct wire *w, int cmd, uint32_t pid, size_t len)
{
	const struct snitch_monitor m = { .pid = pid };

	w->seq = 0;
	wire_gram(w);
	wire_one(w, cmd, 0, SNITCH_A_DECIDED_EVENT, &m, len);
}

static void test_monitor(void **state)
{
	const struct snitch_monitor_ended end = { .ended.bytes = 100 };
	const size_t whole = sizeof(struct snitch_monitor);
	struct fixture *f = *state;
	struct wire *w = f->wire;
	struct snitch_nl_monitor mon = { .sock = w->sock, .family = WIRE_FAMILY };
	struct seen s = { 0 };

	snitch_nl_monitor_listen(&mon);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), 0);
	put_decision(w, SNITCH_CMD_MONITOR, 5, whole);
	wire_one(w, SNITCH_CMD_MONITOR, 0, SNITCH_A_DECIDED_EVENT,
		 &(struct snitch_monitor){ .pid = 6 }, whole);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), 2);
	assert_int_equal(s.sum, 11);

	/* Of another family, of another kind: not for us. Too short: said, and the next one read. */
	put_decision(w, SNITCH_CMD_GET_STATUS, 7, whole);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), 0);
	put_decision(w, SNITCH_CMD_MONITOR, 7, whole);
	((struct nlmsghdr *)w->in[w->n_in - 1].bytes)->nlmsg_type++;
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), 0);
	put_decision(w, SNITCH_CMD_MONITOR, 7, whole - 1);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), -EBADMSG);
	put_decision(w, SNITCH_CMD_MONITOR, 8, whole);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), 1);
	assert_int_equal(s.sum, 19);

	/* Ends come between decisions; one whose command and attribute disagree is nonsense. */
	put_decision(w, SNITCH_CMD_MONITOR, 1, whole);
	wire_one(w, SNITCH_CMD_MONITOR_ENDED, 0, SNITCH_A_ENDED_EVENT, &end, sizeof(end));
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), 2);
	assert_int_equal(s.sum, 120);
	put_decision(w, SNITCH_CMD_MONITOR_ENDED, 1, whole);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), -EBADMSG);
	wire_gram(w);
	wire_one(w, SNITCH_CMD_MONITOR_ENDED, 0, SNITCH_A_ENDED_EVENT, &end, sizeof(end) - 8);
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), -EBADMSG);

	w->end = NLE_NOMEM;
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), -ENOBUFS);
	w->end = NLE_BAD_SOCK;
	assert_int_equal(snitch_nl_monitor_dispatch(&mon, &calls, &s), -EIO);
}

static void test_errno(void **state)
{
	static const struct { int nl, err; } t[] = {
		{ 0, 0 }, { NLE_OBJ_NOTFOUND, -ENOENT }, { NLE_PERM, -EPERM },
		{ NLE_NOACCESS, -EPERM }, { NLE_BUSY, -EBUSY }, { NLE_RANGE, -ERANGE },
		{ NLE_INVAL, -EINVAL }, { NLE_AGAIN, -ETIMEDOUT }, { NLE_DUMP_INTR, -EINTR },
		{ NLE_MSG_TRUNC, -EBADMSG }, { NLE_FAILURE, -EIO },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		assert_int_equal(snitch_nl_errno(t[i].nl), t[i].err);
		assert_int_equal(snitch_nl_errno(-t[i].nl), t[i].err);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status),
		TEST(test_newer),
		TEST(test_bad_status),
		TEST(test_limits),
		TEST(test_error_text),
		TEST(test_error_odd),
		TEST(test_error_once),
		TEST(test_no_answer),
		TEST(test_stale),
		TEST(test_dump),
		TEST(test_dump_empty),
		TEST(test_dump_interrupted),
		TEST(test_dump_error),
		TEST(test_dump_bad_entry),
		TEST(test_dump_stopped),
		TEST(test_monitor),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests_name("nl", tests, NULL, NULL);
}
