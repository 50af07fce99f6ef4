// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of flows a piece at a time: what is taken out of each datagram. No kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nlwire.h"

/* @stop: what is said after the first one */
struct seen {
	unsigned int n;
	uint64_t sum;
	int stop;
};

static int see(void *ctx, const struct snitch_flow_info *flow)
{
	struct seen *s = ctx;

	s->n++;
	s->sum += flow->cookie;
	return s->stop;
}

static void put_flow(struct wire *w, uint64_t cookie)
{
	const struct snitch_flow_info i = { .cookie = cookie };

	wire_one(w, SNITCH_CMD_GET_FLOWS, NLM_F_MULTI, SNITCH_A_FLOW, &i, sizeof(i));
}

static int setup(void **state)
{
	*state = wire_new();
	return 0;
}

static int teardown(void **state)
{
	wire_free(*state);
	return 0;
}

/* The last datagram, in a place of its own, so that ASan sees one byte too much. */
static int take(struct wire *w, struct seen *s)
{
	const struct wire_gram *g = &w->in[w->n_in - 1];
	void *piece = malloc(g->len ? g->len : 1);
	int r;

	assert_non_null(piece);
	memcpy(piece, g->bytes, g->len);
	r = snitch_nl_walk_take(WIRE_FAMILY, w->seq, piece, g->len, see, s);
	free(piece);
	return r;
}

static void pieces_and_the_end(void **state)
{
	struct seen s = { .n = 0 };
	struct wire *w = *state;

	wire_gram(w);
	put_flow(w, 1);
	put_flow(w, 2);
	assert_int_equal(take(w, &s), 1);
	wire_gram(w);
	put_flow(w, 4);
	wire_done(w, 0, NULL, 0);
	put_flow(w, 8);
	assert_int_equal(take(w, &s), 0);
	assert_int_equal(s.sum, 7);
	wire_gram(w);
	assert_int_equal(take(w, &s), 1);
}

static void what_is_not_ours(void **state)
{
	struct seen s = { .n = 0 };
	struct wire *w = *state;

	wire_gram(w);
	w->seq++;
	put_flow(w, 1);
	wire_done(w, 0, NULL, 0);
	w->seq--;
	put_flow(w, 2);
	assert_int_equal(take(w, &s), 1);
	assert_int_equal(s.sum, 2);
}

static void errors(void **state)
{
	struct seen s = { .n = 0 };
	struct wire *w = *state;
	struct nlmsghdr *h;
	size_t len;

	wire_gram(w);
	wire_done(w, -ENOMEM, NULL, 0);
	assert_int_equal(take(w, &s), -ENOMEM);
	wire_gram(w);
	wire_ack(w, -EPERM, "no", NLM_F_CAPPED);
	assert_int_equal(take(w, &s), -EPERM);
	/* an ack is no end of a dump */
	wire_gram(w);
	wire_ack(w, 0, NULL, NLM_F_CAPPED);
	assert_int_equal(take(w, &s), -EBADMSG);
	/* another family; a flow too short, or none */
	wire_gram(w);
	h = wire_msg(w, WIRE_FAMILY + 1, 0);
	wire_end(w, h);
	assert_int_equal(take(w, &s), -EBADMSG);
	wire_gram(w);
	wire_one(w, SNITCH_CMD_GET_FLOWS, 0, SNITCH_A_FLOW, &s, sizeof(s));
	assert_int_equal(take(w, &s), -EBADMSG);
	wire_gram(w);
	h = wire_genl(w, SNITCH_CMD_GET_FLOWS, 0);
	wire_end(w, h);
	assert_int_equal(take(w, &s), -EBADMSG);
	assert_int_equal(s.n, 0);
	/* cut off anywhere: nothing beyond is looked at */
	wire_gram(w);
	put_flow(w, 1);
	for (len = w->in[w->n_in - 1].len; len--;) {
		w->in[w->n_in - 1].len = len;
		assert_int_equal(take(w, &s), 1);
	}
	assert_int_equal(s.n, 0);
	s.stop = 17;
	wire_gram(w);
	put_flow(w, 1);
	put_flow(w, 2);
	assert_int_equal(take(w, &s), 17);
	assert_int_equal(s.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pieces_and_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(errors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
