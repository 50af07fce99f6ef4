// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names in the daemon's mind: an answer that came before a flow decides it, for who asked, from
 * whom it is believed, and what the kernel is told beforehand.
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
#include "dns-build.h"
#include "kmod/proto.h"
#include "util/cleanup.h"
#include "util/timespan.h"

static const struct fake_image other = {
	.id = 2, .pid = 101, .uid = 1000, .exe = "/usr/bin/wget", .comm = "wget",
}, child = {
	.id = 3, .parent = 1, .pid = 102, .uid = 1000, .exe = "/usr/bin/curl", .comm = "curl",
	.flags = SNITCH_O_FORKED,
}, script = {
	.id = 4, .parent = 1, .pid = 103, .uid = 1000, .exe = "/usr/bin/curl", .comm = "curl",
};

static uint32_t own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return st.st_ino;
}

static int names_setup(void **state)
{
	struct lab *lab;

	setup(state);
	lab = *state;
	lab_write(lab->root, "/etc/resolv.conf", "nameserver 192.0.2.53\n");
	assert_true(rulebook_look_around(lab->core.rules) >= 0);
	assert_int_equal(fake_owner_add(lab->fake, &other), 0);
	assert_int_equal(fake_owner_add(lab->fake, &child), 0);
	assert_int_equal(fake_owner_add(lab->fake, &script), 0);
	set_mode(lab, SNITCH_MODE_QUIET);
	return 0;
}

struct place {
	uint64_t owner;
	uint32_t netns;
	unsigned int server;	/* last byte of 192.0.2.0/24 */
};

/* @over: as much of it as is not @d's own */
static void send_piece(struct lab *lab, const struct place *at, const struct dns_build *d,
		       const struct snitch_dns *over)
{
	static struct {
		struct snitch_dns dns;
		uint8_t bytes[SNITCH_DNS_MAX];
	} m;
	size_t size = snitch_proto_dns_size(d->n);

	memset(&m, 0, sizeof(m));
	m.dns = (struct snitch_dns){
		.when = snitch_boottime(), .netns = at->netns, .uid = 1000, .flags = over->flags,
		.len = d->n, .family = AF_INET, .proto = over->proto, .own_port = 40000,
		.server_port = 53, .offset = over->offset, .own = { 10, 0, 0, 1 },
		.server = { 192, 0, 2, at->server },
	};
	memcpy(m.bytes, d->b, d->n);
	snitch_proto_hdr(&m.dns.hdr, SNITCH_MSG_DNS, size, at->owner);
	assert_int_equal(fake_send(lab->fake, &m, size), 0);
	pump(lab);
}

static void send_dns(struct lab *lab, const struct place *at, const struct dns_build *d,
		     uint32_t flags)
{
	send_piece(lab, at, d, &(struct snitch_dns){ .flags = flags, .proto = IPPROTO_UDP });
}

/* The same over TCP: bytes @from to @to of @d with its length before it, at @base of the stream. */
static void send_part(struct lab *lab, const struct place *at, const struct dns_build *d,
		      uint32_t flags, size_t base, size_t from, size_t to)
{
	struct dns_build whole = { .n = 0 }, part = { .n = 0 };

	dns_put16(&whole, d->n);
	dns_put(&whole, d->b, d->n);
	if (to > whole.n)
		to = whole.n;
	dns_put(&part, whole.b + from, to - from);
	send_piece(lab, at, &part, &(struct snitch_dns){
		.flags = flags, .proto = IPPROTO_TCP, .offset = base + from });
}

/* A question, and the answer that @name is 198.51.100.@last. */
static void look_up(struct lab *lab, const struct place *at, const char *name, unsigned int last)
{
	struct dns_build d;

	dns_question(&d, 7, name, DNS_A);
	send_dns(lab, at, &d, 0);
	dns_answer(&d, 7, name, DNS_A);
	dns_record(&d, name, DNS_A, 300, (uint8_t[]){ 198, 51, 100, last }, 4);
	send_dns(lab, at, &d, SNITCH_D_ANSWER);
}

/* What becomes of a flow to 198.51.100.@last. */
static const struct fake_flow *flow(struct lab *lab, uint64_t owner, uint32_t netns,
				    unsigned int last)
{
	static uint64_t id = 100;
	struct snitch_flow_event ev;
	char to[32];

	snprintf(to, sizeof(to), "198.51.100.%u", last);
	assert_int_equal(fake_flow_init(&ev, ++id, owner, 6, to, 443), 0);
	ev.uid = 1000;
	ev.netns = netns;
	ev.ifindex = 2;
	assert_int_equal(fake_flow_add(lab->fake, &ev), 0);
	pump(lab);
	return fake_flow_get(lab->fake, id);
}

static void a_name_decides_the_first_packet(void **state)
{
	struct lab *lab = *state;
	struct place me = { 1, own_netns(), 53 };
	const struct fake_flow *f;

	write_rules(lab, "allow /usr/bin/curl to *.example.com\n");
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	look_up(lab, &me, "www.example.com", 1);
	f = flow(lab, 1, me.netns, 1);
	assert_int_equal(f->state, FAKE_ALLOWED);
	assert_int_equal(f->verdict.origin, SNITCH_BY_NAME);
	assert_int_equal(flow(lab, 1, me.netns, 2)->state, FAKE_REFUSED);
	/* the same program as another process has not asked; a fork of it has, a new program not */
	assert_int_equal(flow(lab, 2, me.netns, 1)->state, FAKE_REFUSED);
	assert_int_equal(flow(lab, 3, me.netns, 1)->state, FAKE_ALLOWED);
	assert_int_equal(flow(lab, 4, me.netns, 1)->state, FAKE_REFUSED);
	/* nor counts it in another namespace */
	assert_int_equal(flow(lab, 1, me.netns + 1, 1)->state, FAKE_REFUSED);
}

static const struct question *question_of(struct lab *lab, unsigned int last)
{
	struct question *q = NULL;

	while ((q = questions_next(lab->core.questions, q))) {
		if (q->target.addr[3] == last)
			return q;
	}
	fail_msg("no question about 198.51.100.%u", last);
	return NULL;
}

/* The rule is about the name that was seen, not about where it led; only of one vouched for. */
static void answers_may_be_about_names(void **state)
{
	static const struct {
		const char *scope, *name, *other;
		bool covers;
	} all[] = {
		{ "host-port", "www.one.example", "mail.one.example", false },
		{ "host", "www.two.example", "mail.two.example", false },
		{ "domain-port", "www.three.example", "mail.three.example", true },
		{ "domain", "www.four.co.uk", "mail.four.co.uk", true },
	};
	struct lab *lab = *state;
	struct place me = { 1, own_netns(), 53 };
	const struct question *q;
	unsigned int i, last;

	for (i = 0; i < SNITCH_ARRAY_SIZE(all); i++) {
		last = 10 * (i + 1);
		look_up(lab, &me, all[i].name, last);
		assert_int_equal(flow(lab, 1, me.netns, last)->state, FAKE_REFUSED);
		q = question_of(lab, last);
		assert_string_equal(q->host.text, all[i].name);
		/* what it is called later changes nothing of what was seen, and of what is seen */
		look_up(lab, &me, "late.test", last);
		flow(lab, 1, me.netns, last);
		assert_string_equal(q->host.text, all[i].name);
		assert_int_equal(q->names.n, 2);
		assert_string_equal(q->names.name[0].text, all[i].name);
		assert_string_equal(q->names.name[1].text, "late.test");
		assert_int_equal(say(lab, &root, q->id, "allow", all[i].scope, "forever"), 0);
		look_up(lab, &me, all[i].name, last + 1);
		assert_int_equal(flow(lab, 1, me.netns, last + 1)->state, FAKE_ALLOWED);
		look_up(lab, &me, all[i].other, last + 2);
		assert_int_equal(flow(lab, 1, me.netns, last + 2)->state,
				 all[i].covers ? FAKE_ALLOWED : FAKE_REFUSED);
	}
	/* nor does it become another question: a name that comes later makes no rule */
	flow(lab, 1, me.netns, 250);
	look_up(lab, &me, "late.test", 250);
	flow(lab, 1, me.netns, 250);
	q = question_of(lab, 250);
	assert_int_equal(q->names.n, 1);
	assert_int_equal(question_scope_usual(q), SCOPE_ADDRESS_PORT);
	assert_int_equal(say(lab, &root, q->id, "allow", "host", "forever"), -EINVAL);
	assert_int_equal(say(lab, &root, q->id, "deny", "domain", "once"), -EINVAL);
	look_up(lab, &me, "printer", 251);
	flow(lab, 1, me.netns, 251);
	q = question_of(lab, 251);
	assert_int_equal(question_scope_usual(q), SCOPE_HOST_PORT);
	assert_int_equal(say(lab, &root, q->id, "deny", "domain", "once"), -EINVAL);
	assert_int_equal(say(lab, &root, q->id, "deny", "host", "once"), 0);
	/* a claim is shown, but nobody has said it that is believed */
	me.server = 99;
	look_up(lab, &me, "claimed.example", 252);
	flow(lab, 1, me.netns, 252);
	q = question_of(lab, 252);
	assert_string_equal(q->names.name[0].text, "claimed.example");
	assert_string_equal(q->host.text, "");
}

#define ALL	SIZE_MAX

/* An answer that good.example is 198.51.100.@last. */
static void good_answer(struct dns_build *d, unsigned int id, unsigned int last)
{
	dns_answer(d, id, "good.example", DNS_A);
	dns_record(d, "good.example", DNS_A, 300, (uint8_t[]){ 198, 51, 100, last }, 4);
}

static void names_over_tcp(void **state)
{
	struct lab *lab = *state;
	struct place me = { 1, own_netns(), 53 };
	struct name_found found;
	struct snitch_flow_event ev;
	struct dns_build q, a;
	size_t asked;

	write_rules(lab, "allow /usr/bin/curl to *.example\n");
	dns_question(&q, 7, "good.example", DNS_A);
	send_part(lab, &me, &q, 0, 0, 0, 2);	/* the length alone, as many programs send it */
	send_part(lab, &me, &q, 0, 0, 2, ALL);
	good_answer(&a, 7, 1);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 0, 0, 20);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 0, 20, ALL);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_init(&ev, 1, 1, 6, "198.51.100.1", 443), 0);
	ev.netns = me.netns;
	assert_int_equal(rulebook_find_names(lab->core.rules, owners_find(&lab->core.owners, 1), &ev,
					     snitch_boottime(), &found, 1), 1);
	assert_int_equal(found.source, NAME_BY_TCP_DNS);
	/* the same connection goes on */
	asked = q.n + 2;
	dns_question(&q, 8, "good.example", DNS_A);
	send_part(lab, &me, &q, 0, asked, 0, ALL);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, a.n + 2, 0, ALL);	/* an old id */
	good_answer(&a, 8, 2);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 2 * (a.n + 2), 0, ALL);
	assert_int_equal(flow(lab, 1, me.netns, 2)->state, FAKE_ALLOWED);
}

static void gaps_over_tcp(void **state)
{
	struct lab *lab = *state;
	struct place me = { 1, own_netns(), 53 };
	struct dns_build q, a;

	write_rules(lab, "allow /usr/bin/curl to *.example\n");
	dns_question(&q, 7, "good.example", DNS_A);
	send_part(lab, &me, &q, 0, 0, 0, ALL);
	/* what does not begin with the connection may be the middle of anything */
	good_answer(&a, 7, 1);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 100, 0, ALL);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	/* nor counts what follows a gap */
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 0, 0, 20);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 0, 21, ALL);
	send_part(lab, &me, &a, SNITCH_D_ANSWER, a.n + 2, 0, ALL);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	/* a new connection from the same port begins anew */
	send_part(lab, &me, &a, SNITCH_D_ANSWER, 0, 0, ALL);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_ALLOWED);
}

static void two_names_of_one_address(void **state)
{
	struct lab *lab = *state;
	struct place one = { 1, own_netns(), 53 }, two = { 2, one.netns, 53 };

	write_rules(lab, "allow any to good.example\ndeny any to bad.example\n");
	look_up(lab, &one, "good.example", 1);
	look_up(lab, &two, "bad.example", 1);
	assert_int_equal(flow(lab, 1, one.netns, 1)->state, FAKE_ALLOWED);
	assert_int_equal(flow(lab, 2, one.netns, 1)->state, FAKE_REFUSED);
	/* who has looked up both is refused what either refuses */
	look_up(lab, &one, "bad.example", 1);
	assert_int_equal(flow(lab, 1, one.netns, 1)->state, FAKE_REFUSED);
}

static void claims_only_refuse(void **state)
{
	struct lab *lab = *state;
	struct place stranger = { 1, own_netns(), 54 }, elsewhere = { 1, stranger.netns + 1, 53 };

	write_rules(lab, "allow any to good.example\nallow any to not odd.example port 443\n");
	look_up(lab, &stranger, "good.example", 1);
	look_up(lab, &elsewhere, "good.example", 1);
	assert_int_equal(flow(lab, 1, stranger.netns, 1)->state, FAKE_REFUSED);
	assert_int_equal(flow(lab, 1, elsewhere.netns, 1)->state, FAKE_REFUSED);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	write_rules(lab, "deny any to bad.example\n");
	assert_int_equal(flow(lab, 1, stranger.netns, 1)->state, FAKE_ALLOWED);
	look_up(lab, &stranger, "bad.example", 1);
	assert_int_equal(flow(lab, 1, stranger.netns, 1)->state, FAKE_REFUSED);
}

static void what_is_said_on_the_link(void **state)
{
	struct lab *lab = *state;
	struct place kernel = { 2, own_netns(), 0 }, me = { 1, kernel.netns, 53 };
	struct dns_build d = { .n = 0 };

	write_rules(lab, "allow any to printer.local\n");
	dns_put(&d, "\0\0\x84\0\0\0\0\0\0\0\0\0", 12);
	dns_record(&d, "printer.local", DNS_A, 120, (uint8_t[]){ 198, 51, 100, 1 }, 4);
	send_dns(lab, &kernel, &d, SNITCH_D_ANSWER | SNITCH_D_GROUP);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	write_rules(lab, "deny any to printer.local\n");
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	assert_int_equal(flow(lab, 1, me.netns + 1, 1)->state, FAKE_ALLOWED);
	/* who knows better is not misled */
	look_up(lab, &me, "good.example", 1);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_ALLOWED);
}

static void answers_nobody_asked_for(void **state)
{
	struct lab *lab = *state;
	struct place me = { 1, own_netns(), 53 };
	struct dns_build d;

	write_rules(lab, "allow any to good.example\n");
	dns_answer(&d, 7, "good.example", DNS_A);
	dns_record(&d, "good.example", DNS_A, 300, (uint8_t[]){ 198, 51, 100, 1 }, 4);
	send_dns(lab, &me, &d, SNITCH_D_ANSWER);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
	/* what an answer about its own name says of others */
	dns_question(&d, 7, "evil.example", DNS_A);
	send_dns(lab, &me, &d, 0);
	dns_answer(&d, 7, "evil.example", DNS_A);
	dns_cname(&d, "evil.example", 300, "good.example");
	dns_record(&d, "good.example", DNS_A, 300, (uint8_t[]){ 198, 51, 100, 1 }, 4);
	send_dns(lab, &me, &d, SNITCH_D_ANSWER);
	assert_int_equal(flow(lab, 1, me.netns, 1)->state, FAKE_REFUSED);
}

static void the_kernel_is_told_beforehand(void **state)
{
	struct lab *lab = *state;
	struct place me = { 2, own_netns(), 53 };
	const struct fake_owner *o;

	look_up(lab, &me, "good.example", 1);
	o = fake_owner_get(lab->fake, 2);
	assert_int_equal(o->caches, 0);
	write_rules(lab, "allow any to good.example port 8443 tcp\n"
			 "deny any to bad.example port 8443 tcp\n");
	look_up(lab, &me, "good.example", 1);
	o = fake_owner_get(lab->fake, 2);
	/* the address was known: what does not hold for the web is taken back */
	assert_int_equal(o->caches, 4);
	assert_int_equal(o->cache.port, 8443);
	assert_int_equal(o->cache.action, SNITCH_ALLOW);
	assert_int_equal(o->cache.origin, SNITCH_BY_NAME);
	assert_int_equal(o->cache.proto, IPPROTO_TCP);
	assert_int_equal(o->cache.uid, 1000);
	assert_int_equal(o->cache.netns, me.netns);
	assert_true(o->cache.until > snitch_boottime() + 290 * SNITCH_NSEC_PER_SEC);
	assert_true(o->cache.until < snitch_boottime() + 310 * SNITCH_NSEC_PER_SEC);
	look_up(lab, &me, "bad.example", 1);
	o = fake_owner_get(lab->fake, 2);
	assert_int_equal(o->caches, 8);
	assert_int_equal(o->cache.action, SNITCH_DENY);
	look_up(lab, &me, "indifferent.example", 2);
	assert_int_equal(fake_owner_get(lab->fake, 2)->caches, 8);
}

static void hosts_count(void **state)
{
	struct lab *lab = *state;
	uint32_t netns = own_netns();

	write_rules(lab, "allow any to printer.example\n");
	assert_int_equal(flow(lab, 1, netns, 9)->state, FAKE_REFUSED);
	lab_write(lab->root, "/etc/hosts", "198.51.100.9 printer printer.example\n");
	assert_int_equal(rulebook_look_around(lab->core.rules), 1);
	assert_int_equal(rulebook_look_around(lab->core.rules), 0);
	assert_int_equal(flow(lab, 1, netns, 9)->state, FAKE_ALLOWED);
	assert_int_equal(flow(lab, 1, netns + 1, 9)->state, FAKE_REFUSED);
}

static void questions_carry_names(void **state)
{
	struct lab *lab = *state;
	struct place me = { 1, own_netns(), 54 };
	struct snitch_flow_event ev;
	const struct question *q;
	struct dns_build d;

	look_up(lab, &me, "a.example", 1);
	flow(lab, 1, me.netns, 1);
	q = questions_next(lab->core.questions, NULL);
	assert_non_null(q);
	assert_int_equal(q->names.n, 1);
	assert_string_equal(q->names.name[0].text, "a.example");
	assert_string_equal(q->names.name[0].source, "dns");
	assert_true(q->names.name[0].claimed);
	flow(lab, 2, me.netns, 1);
	q = questions_next(lab->core.questions, q);
	assert_int_equal(q->names.n, 0);
	/* a question to a name server says what it is about */
	dns_question(&d, 9, "b.example", DNS_A);
	send_dns(lab, &me, &d, 0);
	assert_int_equal(fake_flow_init(&ev, 99, 1, IPPROTO_UDP, "192.0.2.54", 53), 0);
	ev.netns = me.netns;
	ev.sport = 40000;
	memcpy(ev.saddr, (uint8_t[16]){ 10, 0, 0, 1 }, 16);
	assert_int_equal(fake_flow_add(lab->fake, &ev), 0);
	pump(lab);
	while (questions_next(lab->core.questions, q))
		q = questions_next(lab->core.questions, q);
	assert_string_equal(q->names.lookup, "b.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_may_be_about_names, names_setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_decides_the_first_packet, names_setup, teardown),
		cmocka_unit_test_setup_teardown(names_over_tcp, names_setup, teardown),
		cmocka_unit_test_setup_teardown(gaps_over_tcp, names_setup, teardown),
		cmocka_unit_test_setup_teardown(two_names_of_one_address, names_setup, teardown),
		cmocka_unit_test_setup_teardown(claims_only_refuse, names_setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_said_on_the_link, names_setup, teardown),
		cmocka_unit_test_setup_teardown(answers_nobody_asked_for, names_setup, teardown),
		cmocka_unit_test_setup_teardown(the_kernel_is_told_beforehand, names_setup, teardown),
		cmocka_unit_test_setup_teardown(hosts_count, names_setup, teardown),
		cmocka_unit_test_setup_teardown(questions_carry_names, names_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
