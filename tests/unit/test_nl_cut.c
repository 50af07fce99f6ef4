// SPDX-License-Identifier: GPL-2.0-or-later
/* Ending connections over netlink: what is sent, and what comes of each answer. No kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "nlwire.h"

/* @error: what the other end says; 0: it cuts three and leaves one. @bare: without saying so */
static struct fixture {
	struct wire *wire;
	struct snitch_nl nl;
	int error;
	bool bare;
} fix;

static void answer(struct wire *w, int cmd)
{
	const struct snitch_cut_done done = { .cut = 3, .left = 1 };
	struct nlmsghdr *h;

	wire_gram(w);
	if (fix.error) {
		wire_ack(w, fix.error, "no", NLM_F_CAPPED);
		return;
	}
	h = wire_genl(w, cmd, 0);
	if (!fix.bare)
		wire_attr(w, SNITCH_A_CUT_DONE, &done, sizeof(done));
	wire_end(w, h);
	wire_ack(w, 0, NULL, NLM_F_CAPPED);
}

static int setup(void **state)
{
	(void)state;
	memset(&fix, 0, sizeof(fix));
	fix.wire = wire_new();
	fix.wire->answer = answer;
	fix.nl.sock = fix.wire->sock;
	fix.nl.family = WIRE_FAMILY;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wire_free(fix.wire);
	return 0;
}

static void test_sent(void **state)
{
	const struct snitch_cut what = { .cookie = 77, .uid = 1000, .flags = SNITCH_CUT_OLDER };
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct snitch_cut_done done;
	struct nlmsghdr *h;

	(void)state;
	assert_int_equal(snitch_nl_cut(&fix.nl, &what, "/usr/bin/curl", &done), 0);
	assert_int_equal(done.cut, 3);
	assert_int_equal(done.left, 1);
	assert_int_equal(fix.wire->n_out, 1);
	h = (struct nlmsghdr *)fix.wire->out[0].bytes;
	assert_int_equal(genlmsg_parse(h, 0, attrs, SNITCH_A_MAX, NULL), 0);
	assert_int_equal(genlmsg_hdr(h)->cmd, SNITCH_CMD_CUT);
	assert_int_equal(nla_len(attrs[SNITCH_A_CUT]), sizeof(what));
	assert_memory_equal(nla_data(attrs[SNITCH_A_CUT]), &what, sizeof(what));
	assert_string_equal(nla_data(attrs[SNITCH_A_APP]), "/usr/bin/curl");
	/* of any program */
	assert_int_equal(snitch_nl_cut(&fix.nl, &what, NULL, &done), 0);
	h = (struct nlmsghdr *)fix.wire->out[1].bytes;
	assert_int_equal(genlmsg_parse(h, 0, attrs, SNITCH_A_MAX, NULL), 0);
	assert_null(attrs[SNITCH_A_APP]);
}

static void test_flow(void **state)
{
	const struct snitch_flow_info flow = {
		.cookie = 78, .family = AF_INET6, .proto = 17, .dport = 443,
		.daddr = { 0x20, 0x01, [15] = 9 },
	};
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	const struct snitch_cut_peer *peer;
	const struct snitch_cut *what;
	struct snitch_cut_done done;
	struct nlmsghdr *h;

	(void)state;
	assert_int_equal(snitch_nl_cut_flow(&fix.nl, &flow, &done), 0);
	assert_int_equal(done.cut, 3);
	h = (struct nlmsghdr *)fix.wire->out[0].bytes;
	assert_int_equal(genlmsg_parse(h, 0, attrs, SNITCH_A_MAX, NULL), 0);
	assert_int_equal(nla_len(attrs[SNITCH_A_CUT]), sizeof(*what));
	what = nla_data(attrs[SNITCH_A_CUT]);
	assert_int_equal(what->cookie, 78);
	assert_int_equal(what->uid, SNITCH_UID_ANY);
	assert_int_equal(what->flags, 0);
	assert_int_equal(nla_len(attrs[SNITCH_A_CUT_PEER]), sizeof(*peer));
	peer = nla_data(attrs[SNITCH_A_CUT_PEER]);
	assert_int_equal(peer->family, AF_INET6);
	assert_int_equal(peer->proto, 17);
	assert_int_equal(peer->port, 443);
	assert_memory_equal(peer->addr, flow.daddr, sizeof(peer->addr));
}

static void test_refused(void **state)
{
	const struct snitch_cut what = { .uid = SNITCH_UID_ANY };
	static char path[SNITCH_PATH_MAX + 1] = "/";
	struct snitch_cut_done done;

	(void)state;
	fix.error = -EINVAL;
	assert_int_equal(snitch_nl_cut(&fix.nl, &what, NULL, &done), -EINVAL);
	assert_int_equal(done.cut, 0);
	assert_string_equal(snitch_nl_error(&fix.nl), "no");
	memset(path, '/', sizeof(path) - 1);
	assert_int_equal(snitch_nl_cut(&fix.nl, &what, path, &done), -ENAMETOOLONG);
	fix.error = 0;
	fix.bare = true;
	assert_int_equal(snitch_nl_cut(&fix.nl, &what, NULL, &done), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
