// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The name that a program says in its TLS or QUIC hello, in the daemon's mind: when it is wanted, what
 * it may refuse and choose, and that it allows nothing by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "core-lab.h"
#include "hello-build.h"
#include "kmod/proto.h"
#include "util/timespan.h"

static struct hello_build message, wire, frames;

static int hello_setup(void **state)
{
	struct lab *lab;

	setup(state);
	lab = *state;
	lab->core.welcome.features = SNITCH_FEATURE_DATA;
	set_mode(lab, SNITCH_MODE_QUIET);
	return 0;
}

static uint32_t own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return st.st_ino;
}

/* A flow of curl's to 198.51.100.@last. */
static const struct fake_flow *flow(struct lab *lab, uint8_t proto, unsigned int last,
				    uint32_t flags)
{
	static uint64_t id = 100;
	struct snitch_flow_event ev;
	char to[32];

	snprintf(to, sizeof(to), "198.51.100.%u", last);
	assert_int_equal(fake_flow_init(&ev, ++id, 1, proto, to, 443), 0);
	ev.uid = 1000;
	ev.netns = own_netns();
	ev.ifindex = 2;
	ev.flags = flags;
	assert_int_equal(fake_flow_add(lab->fake, &ev), 0);
	pump(lab);
	return fake_flow_get(lab->fake, id);
}

static bool looks(const struct fake_flow *f)
{
	return f->state == FAKE_ALLOWED && f->verdict.flags == SNITCH_V_DATA;
}

static void send_data(struct lab *lab, const struct fake_flow *f, unsigned int index,
		      const void *bytes, size_t n, bool last)
{
	static struct {
		struct snitch_data data;
		uint8_t bytes[SNITCH_DATA_MAX];
	} m;

	assert_true(n <= sizeof(m.bytes));
	memset(&m, 0, sizeof(m));
	m.data = (struct snitch_data){ .flags = last ? SNITCH_DATA_LAST : 0, .index = index,
				       .len = n };
	memcpy(m.bytes, bytes, n);
	snitch_proto_hdr(&m.data.hdr, SNITCH_MSG_DATA, snitch_proto_data_size(n),
			 f->event.hdr.id);
	assert_int_equal(snitch_proto_check_event(&m, m.data.hdr.size), 0);
	assert_int_equal(fake_send(lab->fake, &m, m.data.hdr.size), 0);
	pump(lab);
}

/* The second flow of a connection, with a hello for @name. */
static const struct fake_flow *says(struct lab *lab, unsigned int last, const char *name)
{
	const struct fake_flow *f = flow(lab, IPPROTO_TCP, last, SNITCH_F_DATA);

	assert_int_equal(f->state, FAKE_WAITING);
	hello_make(&message, name);
	hello_records(&wire, &message, 16384);
	send_data(lab, f, 0, wire.b, wire.n, false);
	return f;
}

static void know(struct lab *lab, unsigned int last, const char *name, bool verified)
{
	struct name_fact fact = {
		.scope = 1, .netns = own_netns(), .source = NAME_BY_DNS, .verified = verified,
		.addr = { AF_INET, { 198, 51, 100, last } }, .name = name,
		.now = snitch_boottime(), .until = NAMES_FOR_EVER,
	};

	assert_true(names_learn(lab->core.names, &fact) >= 0);
}

static void it_is_wanted_where_it_matters(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, "allow /usr/bin/curl to any\n");
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	write_rules(lab, "allow /usr/bin/curl to any\ndeny /usr/bin/wget to bad.example\n");
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to bad.example port 80\n");
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	write_rules(lab, "allow /usr/bin/curl to any\nallow any to good.example\n");
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to bad.example\n");
	assert_true(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	assert_true(looks(flow(lab, IPPROTO_UDP, 1, 0)));
	/* where a lookup has told the name there is nothing to learn */
	know(lab, 2, "good.example", true);
	assert_false(looks(flow(lab, IPPROTO_TCP, 2, 0)));
	assert_int_equal(flow(lab, IPPROTO_TCP, 2, 0)->state, FAKE_ALLOWED);
	/* what nobody allows need not speak */
	write_rules(lab, "deny any to bad.example\n");
	assert_int_equal(flow(lab, IPPROTO_TCP, 1, 0)->state, FAKE_REFUSED);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	assert_true(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	set_mode(lab, SNITCH_MODE_QUIET);
	/* nor where it was said not to be wanted, or cannot be seen */
	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to bad.example\n");
	lab->core.sni = false;
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	lab->core.sni = true;
	lab->core.welcome.features = 0;
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
}

static void it_refuses(void **state)
{
	struct lab *lab = *state;
	const struct fake_flow *f;

	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to *.bad.example\n");
	f = says(lab, 1, "WWW.bad.example");
	assert_int_equal(f->state, FAKE_REFUSED);
	assert_int_equal(f->verdict.origin, SNITCH_BY_NAME);
	f = says(lab, 1, "good.example");
	assert_int_equal(f->state, FAKE_ALLOWED);
	assert_int_equal(f->verdict.flags, 0);
	/* what was said on one connection is no claim about another one */
	assert_true(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	assert_int_equal(says(lab, 1, "good.example")->state, FAKE_ALLOWED);
	assert_int_equal(lab->core.n_hellos, 0);
}

static void it_allows_nothing(void **state)
{
	struct lab *lab = *state;
	const struct fake_flow *f;
	struct name_found found[4];
	struct name_question q = {
		.scopes = (uint64_t[]){ 1 }, .n_scopes = 1, .netns = own_netns(), .said = true,
		.addr = { AF_INET, { 198, 51, 100, 1 } },
	};

	write_rules(lab, "allow /usr/bin/curl to good.example\n");
	f = says(lab, 1, "good.example");
	assert_int_equal(f->state, FAKE_REFUSED);
	/* people are shown it, as a claim */
	q.now = snitch_boottime();
	assert_int_equal(names_find(lab->core.names, &q, found, 4), 1);
	assert_string_equal(found[0].name, "good.example");
	assert_string_equal(name_source_word(found[0].source), "sni");
	assert_false(found[0].verified);
	q.said = false;
	assert_int_equal(names_find(lab->core.names, &q, found, 4), 0);
}

static void it_chooses_among_names_that_were_looked_up(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, "allow any to good.example\ndeny any to bad.example\n");
	know(lab, 1, "good.example", true);
	know(lab, 1, "bad.example", true);
	assert_true(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	assert_int_equal(says(lab, 1, "good.example")->state, FAKE_ALLOWED);
	assert_int_equal(says(lab, 1, "bad.example")->state, FAKE_REFUSED);
	/* another one beside them changes nothing: one of them is denied */
	assert_int_equal(says(lab, 1, "other.example")->state, FAKE_REFUSED);
	assert_int_equal(says(lab, 1, NULL)->state, FAKE_REFUSED);
	/* a claim cannot be chosen */
	know(lab, 2, "bad.example", true);
	know(lab, 2, "good.example", false);
	assert_int_equal(says(lab, 2, "good.example")->state, FAKE_REFUSED);
	/* both allowed, both denied: nothing to choose */
	write_rules(lab, "allow any to *.example\n");
	assert_false(looks(flow(lab, IPPROTO_TCP, 1, 0)));
	write_rules(lab, "deny any to *.example\n");
	assert_int_equal(flow(lab, IPPROTO_TCP, 1, 0)->state, FAKE_REFUSED);
}

static void without_a_name_it_is_judged_without(void **state)
{
	struct lab *lab = *state;
	const struct fake_flow *f;
	size_t i;

	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to bad.example\n");
	/* not TLS */
	f = flow(lab, IPPROTO_TCP, 1, SNITCH_F_DATA);
	send_data(lab, f, 0, "GET / HTTP/1.1\r\n", 16, false);
	assert_int_equal(f->state, FAKE_ALLOWED);
	/* in pieces: it waits for all */
	hello_make(&message, "bad.example");
	hello_records(&wire, &message, 50);
	f = flow(lab, IPPROTO_TCP, 1, SNITCH_F_DATA);
	for (i = 0; i < 3; i++) {
		assert_int_equal(f->state, FAKE_WAITING);
		send_data(lab, f, i, wire.b + i * wire.n / 3,
			  (i + 1) * wire.n / 3 - i * wire.n / 3, false);
	}
	assert_int_equal(f->state, FAKE_REFUSED);
	/* more than is shown, or too late */
	f = flow(lab, IPPROTO_TCP, 1, SNITCH_F_DATA);
	send_data(lab, f, 0, wire.b, 20, false);
	assert_int_equal(f->state, FAKE_WAITING);
	send_data(lab, f, 1, "", 0, true);
	assert_int_equal(f->state, FAKE_ALLOWED);
	/* gone in between */
	f = flow(lab, IPPROTO_TCP, 1, SNITCH_F_DATA);
	assert_int_equal(lab->core.n_hellos, 1);
	assert_int_equal(fake_cancel(lab->fake, f->event.hdr.id, SNITCH_CANCEL_CLOSED, SNITCH_DROP), 0);
	pump(lab);
	assert_int_equal(lab->core.n_hellos, 0);
}

static void quic_says_it_too(void **state)
{
	static const uint8_t cid[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct lab *lab = *state;
	const struct fake_flow *f;

	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to bad.example\n");
	hello_make(&message, "bad.example");
	f = flow(lab, IPPROTO_UDP, 1, SNITCH_F_DATA);
	frames.n = 0;
	quic_crypto(&frames, 50, message.b + 50, message.n - 50);
	wire.n = 0;
	quic_seal(&wire, QUIC_VERSION_1, cid, sizeof(cid), 0, &frames, 1100);
	send_data(lab, f, 0, wire.b, wire.n, false);
	assert_int_equal(f->state, FAKE_WAITING);
	frames.n = 0;
	quic_crypto(&frames, 0, message.b, 50);
	wire.n = 0;
	quic_seal(&wire, QUIC_VERSION_1, cid, sizeof(cid), 1, &frames, 1100);
	send_data(lab, f, 1, wire.b, wire.n, false);
	assert_int_equal(f->state, FAKE_REFUSED);
	f = flow(lab, IPPROTO_UDP, 1, SNITCH_F_DATA);
	send_data(lab, f, 0, "not quic", 8, false);
	assert_int_equal(f->state, FAKE_ALLOWED);
}

static void a_held_flow_keeps_its_name(void **state)
{
	struct lab *lab = *state;
	const struct fake_flow *f;

	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 1000, false);
	write_rules(lab, "ask /usr/bin/curl to any\n");
	f = says(lab, 1, "bad.example");
	assert_int_equal(f->state, FAKE_HELD);
	assert_int_equal(lab->core.n_hellos, 1);
	write_rules(lab, "ask /usr/bin/curl to any\ndeny any to bad.example\n");
	assert_int_equal(f->state, FAKE_HELD);
	pump(lab);
	assert_int_equal(f->state, FAKE_REFUSED);
	assert_int_equal(lab->core.n_hellos, 0);
}

static void too_many_are_judged_without(void **state)
{
	struct lab *lab = *state;
	unsigned int i;

	write_rules(lab, "allow /usr/bin/curl to any\ndeny any to bad.example\n");
	for (i = 0; i < 256; i++)
		assert_int_equal(flow(lab, IPPROTO_TCP, 1, SNITCH_F_DATA)->state, FAKE_WAITING);
	assert_int_equal(flow(lab, IPPROTO_TCP, 1, SNITCH_F_DATA)->state, FAKE_ALLOWED);
	core_attach(&lab->core, lab->dev, NULL);
	assert_int_equal(lab->core.n_hellos, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_wanted_where_it_matters, hello_setup, teardown),
		cmocka_unit_test_setup_teardown(it_refuses, hello_setup, teardown),
		cmocka_unit_test_setup_teardown(it_allows_nothing, hello_setup, teardown),
		cmocka_unit_test_setup_teardown(it_chooses_among_names_that_were_looked_up,
						hello_setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_name_it_is_judged_without, hello_setup,
						teardown),
		cmocka_unit_test_setup_teardown(quic_says_it_too, hello_setup, teardown),
		cmocka_unit_test_setup_teardown(a_held_flow_keeps_its_name, hello_setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_are_judged_without, hello_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
