// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names: what DNS messages say, who has learnt what, for how long, and the bounds of it all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns-build.h"
#include "names/hosts.h"
#include "names/learn.h"
#include "util/timespan.h"

#define SEC	SNITCH_NSEC_PER_SEC
#define NETNS	0xf0000001

static struct dns_addr v4(unsigned int last)
{
	return (struct dns_addr){ AF_INET, { 192, 0, 2, last } };
}

/* ---- messages ---------------------------------------------------------------------- */

static struct dns_message parsed;

static int parse(const struct dns_build *d)
{
	return dns_parse(d->b, d->n, &parsed);
}

static void addresses_follow_from_the_question(void **state)
{
	struct dns_build d;
	struct dns_addr want = v4(7);

	(void)state;
	dns_answer(&d, 77, "WWW.Example.com", DNS_A);
	dns_a(&d, "other.example", 300, 9);
	dns_a(&d, "cdn.example.net", 90, 7);
	dns_cname(&d, "www.example.com", 300, "alias.example.org");
	dns_cname(&d, "alias.example.org", 100, "cdn.example.net");
	assert_int_equal(parse(&d), 0);
	assert_true(parsed.answer);
	assert_int_equal(parsed.id, 77);
	assert_string_equal(parsed.name, "www.example.com");
	assert_int_equal(parsed.n_addrs, 1);
	assert_memory_equal(&parsed.addrs[0], &want, sizeof(want));
	assert_int_equal(parsed.ttl, 90);
}

static void records_of_others_are_no_answer(void **state)
{
	struct dns_build d;

	(void)state;
	dns_answer(&d, 1, "a.example", DNS_A);
	dns_a(&d, "b.example", 300, 7);
	dns_cname(&d, "b.example", 300, "a.example");
	assert_int_equal(parse(&d), 0);
	assert_int_equal(parsed.n_addrs, 0);
	/* a ring of names ends, too */
	dns_answer(&d, 1, "a.example", DNS_A);
	dns_cname(&d, "a.example", 300, "b.example");
	dns_cname(&d, "b.example", 300, "a.example");
	assert_int_equal(parse(&d), 0);
	assert_int_equal(parsed.n_addrs, 0);
	/* what is no class IN is none of ours, nor is an error */
	dns_answer(&d, 1, "a.example", DNS_A);
	dns_a(&d, "a.example", 300, 7);
	d.b[3] = 0x83;
	assert_int_equal(parse(&d), 0);
	assert_int_equal(parsed.n_addrs, 0);
}

static void services_tell_addresses(void **state)
{
	static const uint8_t rdata[] = {
		0, 1, 3, 's', 'v', 'c', 0,
		0, 1, 0, 3, 2, 'h', '2',
		0, 4, 0, 8, 192, 0, 2, 1, 192, 0, 2, 2,
		0, 6, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
	}, alias[] = { 0, 0, 3, 's', 'v', 'c', 0 };
	struct dns_build d;

	(void)state;
	dns_answer(&d, 1, "_8443._https.a.example", DNS_HTTPS);
	dns_record(&d, "_8443._https.a.example", DNS_HTTPS, 300, rdata, sizeof(rdata));
	assert_int_equal(parse(&d), 0);
	assert_string_equal(parsed.name, "a.example");
	assert_int_equal(parsed.n_addrs, 3);
	assert_int_equal(parsed.addrs[2].family, AF_INET6);
	assert_int_equal(parsed.addrs[2].addr[15], 5);
	/* cut short: the parameters go over the end */
	dns_answer(&d, 1, "a.example", DNS_HTTPS);
	dns_record(&d, "a.example", DNS_HTTPS, 300, rdata, sizeof(rdata) - 1);
	assert_int_equal(parse(&d), -EBADMSG);
	/* priority 0 is another name */
	dns_answer(&d, 1, "a.example", DNS_HTTPS);
	dns_record(&d, "a.example", DNS_HTTPS, 300, alias, sizeof(alias));
	dns_a(&d, "svc", 20, 8);
	assert_int_equal(parse(&d), 0);
	assert_int_equal(parsed.n_addrs, 1);
	assert_int_equal(parsed.ttl, 20);
}

static void mapped_addresses_are_v4(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 7 };
	struct dns_addr want = v4(7);
	struct dns_build d;

	(void)state;
	dns_answer(&d, 1, "a.example", DNS_AAAA);
	dns_record(&d, "a.example", DNS_AAAA, 300, mapped, sizeof(mapped));
	assert_int_equal(parse(&d), 0);
	assert_int_equal(parsed.n_addrs, 1);
	assert_memory_equal(&parsed.addrs[0], &want, sizeof(want));
}

static void malformed_messages_are_refused(void **state)
{
	struct dns_build d;
	size_t n, whole;

	(void)state;
	dns_answer(&d, 1, "a.example", DNS_A);
	dns_a(&d, "a.example", 300, 7);
	whole = d.n;
	for (n = 0; n < whole; n++)
		assert_int_equal(dns_parse(d.b, n, &parsed), -EBADMSG);
	d.b[5] = 2;	/* two questions */
	assert_int_equal(parse(&d), -EBADMSG);
	dns_answer(&d, 1, "a b.example", DNS_A);
	assert_int_equal(parse(&d), -EOPNOTSUPP);
	dns_answer(&d, 1, "a.example", DNS_A);
	d.b[2] |= 0x28;	/* an update */
	assert_int_equal(parse(&d), -EOPNOTSUPP);
	/* a pointer to itself */
	dns_answer(&d, 1, "a", DNS_A);
	d.b[12] = 0xc0;
	d.b[13] = 12;
	assert_int_equal(parse(&d), -EBADMSG);
}

static void names_are_clean(void **state)
{
	static const char *const bad[] = {
		"", ".", "a..b", ".a", "a b", "a\\.b", "a/b", "\xc3\xa4", "a\n",
		"0123456789012345678901234567890123456789012345678901234567890123.x",
	};
	char out[DNS_NAME_SIZE], longest[260];
	size_t i;

	(void)state;
	assert_true(dns_name_clean("Xn--MNCHEN-3ya.DE.", out));
	assert_string_equal(out, "xn--mnchen-3ya.de");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(dns_name_clean(bad[i], out));
	for (i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	longest[253] = '\0';
	assert_true(dns_name_clean(longest, out));
	longest[253] = '.';
	longest[254] = '\0';
	assert_true(dns_name_clean(longest, out));
	longest[254] = 'a';
	longest[255] = '\0';
	assert_false(dns_name_clean(longest, out));
}

/* ---- the memory -------------------------------------------------------------------- */

static int learn(struct names *names, uint64_t scope, const char *name, unsigned int last,
		 uint64_t now, bool verified)
{
	const struct name_fact fact = {
		.scope = scope, .netns = NETNS, .verified = verified, .addr = v4(last),
		.name = name, .now = now, .until = now + 60 * SEC,
	};

	return names_learn(names, &fact);
}

/* The names of an address, joined by blanks, claims with a '?'. */
static const char *found(struct names *names, const uint64_t *scopes, size_t n, unsigned int last,
			 uint64_t now)
{
	static char text[1024];
	struct name_question q = {
		.scopes = scopes, .n_scopes = n, .netns = NETNS, .system = true, .addr = v4(last),
		.now = now,
	};
	struct name_found f[NAMES_FOUND_MAX];
	size_t i, len = 0;

	n = names_find(names, &q, f, NAMES_FOUND_MAX);
	text[0] = '\0';
	for (i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? " " : "", f[i].name,
				f[i].verified ? "" : "?");
	return text;
}

static void each_process_has_its_own(void **state)
{
	struct names *names = names_new();
	uint64_t one[] = { 1 }, two[] = { 2 }, child[] = { 3, 1 };

	(void)state;
	assert_int_equal(learn(names, 1, "a.example", 7, SEC, true), 0);
	assert_int_equal(learn(names, 2, "b.example", 7, SEC, true), 0);
	assert_string_equal(found(names, one, 1, 7, SEC), "a.example");
	assert_string_equal(found(names, two, 1, 7, SEC), "b.example");
	assert_string_equal(found(names, one, 1, 8, SEC), "");
	assert_string_equal(found(names, child, 1, 7, SEC), "");
	assert_string_equal(found(names, child, 2, 7, SEC), "a.example");
	/* one address, two names: the newest first, and it was known before */
	assert_int_equal(learn(names, 1, "c.example", 7, 2 * SEC, true), 1);
	assert_string_equal(found(names, one, 1, 7, 2 * SEC), "c.example a.example");
	assert_int_equal(learn(names, 1, "a.example", 7, 3 * SEC, true), 1);
	assert_string_equal(found(names, one, 1, 7, 3 * SEC), "a.example c.example");
	names_forget(names, 1, __NAME_SOURCES);
	assert_string_equal(found(names, one, 1, 7, 3 * SEC), "");
	names_free(names);
}

static void claims_stay_claims(void **state)
{
	struct names *names = names_new();
	uint64_t one[] = { 1 };

	(void)state;
	learn(names, 1, "a.example", 7, SEC, false);
	assert_string_equal(found(names, one, 1, 7, SEC), "a.example?");
	learn(names, 1, "a.example", 7, SEC, true);
	learn(names, 1, "a.example", 7, SEC, false);
	assert_string_equal(found(names, one, 1, 7, SEC), "a.example");
	/* the verified one is over, the claim is not */
	learn(names, 1, "a.example", 7, 50 * SEC, false);
	assert_string_equal(found(names, one, 1, 7, 70 * SEC), "a.example?");
	names_free(names);
}

static void names_end(void **state)
{
	struct names *names = names_new();
	struct name_found f[NAMES_FOUND_MAX];
	struct names_count count;
	uint64_t one[] = { 1 };
	struct name_question past = {
		.scopes = one, .n_scopes = 1, .netns = NETNS, .addr = v4(7), .now = 70 * SEC,
		.past = true,
	};
	char name[32];
	unsigned int i;

	(void)state;
	assert_int_equal(names_until(SEC, 1), 61 * SEC);
	assert_int_equal(names_until(SEC, 300), 301 * SEC);
	assert_int_equal(names_until(SEC, 0xffffffff), 86401 * SEC);
	learn(names, 1, "a.example", 7, SEC, true);
	assert_string_equal(found(names, one, 1, 7, 61 * SEC - 1), "a.example");
	assert_string_equal(found(names, one, 1, 7, 61 * SEC), "");
	learn(names, 1, "b.example", 8, 61 * SEC, true);
	assert_string_equal(found(names, one, 1, 7, 61 * SEC), "");
	/* but to who asks for what is over */
	assert_int_equal(names_find(names, &past, f, NAMES_FOUND_MAX), 1);
	assert_string_equal(f[0].name, "a.example");
	learn(names, 1, "c.example", 7, 62 * SEC, true);
	assert_int_equal(names_find(names, &past, f, NAMES_FOUND_MAX), 2);
	assert_string_equal(f[0].name, "c.example");
	assert_string_equal(found(names, one, 1, 7, 62 * SEC), "c.example");
	/* not for ever */
	past.now = (61 + NAMES_PAST) * SEC;
	learn(names, 1, "d.example", 9, past.now, true);
	names_count(names, &count);
	assert_int_equal(count.entries, 3);
	/* and what is not over comes first */
	for (i = 0; i < NAMES_SCOPE_MAX - 1; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		learn(names, 1, name, i % 250, past.now + 30 * SEC, true);
	}
	assert_string_equal(found(names, one, 1, 249, past.now + 30 * SEC),
			    "n499.example n249.example");
	names_count(names, &count);
	assert_int_equal(count.entries, NAMES_SCOPE_MAX);
	assert_int_equal(count.evicted, 0);
	names_free(names);
}

static void it_is_bounded(void **state)
{
	struct names *names = names_new();
	struct names_count count;
	uint64_t one[] = { 1 };
	char name[32];
	unsigned int i;

	(void)state;
	for (i = 0; i < NAMES_SCOPE_MAX + 10; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		learn(names, 1, name, i % 250, SEC, true);
	}
	names_count(names, &count);
	assert_int_equal(count.entries, NAMES_SCOPE_MAX);
	assert_int_equal(count.evicted, 10);
	/* many processes: those that learnt longest ago are forgotten whole */
	for (i = 0; i < NAMES_MAX; i++)
		learn(names, i + 2, "a.example", 7, SEC, true);
	names_count(names, &count);
	assert_int_equal(count.entries, NAMES_MAX);
	assert_int_equal(count.scopes, NAMES_MAX);
	assert_string_equal(found(names, one, 1, 7, SEC), "");
	names_free(names);
}

/*
 * The same as the memory, but without bounds and as simple as can be: what random programs learn
 * and ask must come out alike.
 */
static void it_is_like_a_list(void **state)
{
	enum { FACTS = 3000, SCOPES = 20, NAMES = 12, ADDRS = 9 };
	static struct {
		uint64_t scope, until;
		char name[16];
		unsigned int last;
		bool ok;
	} all[FACTS];
	struct names *names = names_new();
	unsigned int i, k;

	(void)state;
	srand(7);
	for (i = 0; i < FACTS; i++) {
		uint64_t now = (i + 1) * SEC / 4, scope = 1 + rand() % SCOPES;
		struct name_question q = {
			.scopes = &scope, .n_scopes = 1, .netns = NETNS, .now = now,
		};
		struct name_found f[NAMES_FOUND_MAX];
		unsigned int want = 0, n;
		bool seen[NAMES] = { false };

		all[i].scope = 1 + rand() % SCOPES;
		all[i].last = rand() % ADDRS;
		all[i].until = now + 60 * SEC;
		all[i].ok = rand() % 3;
		snprintf(all[i].name, sizeof(all[i].name), "n%d.example", rand() % NAMES);
		learn(names, all[i].scope, all[i].name, all[i].last, now, all[i].ok);
		q.addr = v4(rand() % ADDRS);
		for (k = 0; k <= i; k++) {
			int name = atoi(all[k].name + 1);

			if (all[k].scope == scope && all[k].last == q.addr.addr[3] &&
			    all[k].until > now && !seen[name]) {
				seen[name] = true;
				want++;
			}
		}
		n = names_find(names, &q, f, NAMES_FOUND_MAX);
		assert_int_equal(n, want);
		for (k = 0; k < n; k++)
			assert_true(seen[atoi(f[k].name + 1)]);
	}
	names_free(names);
}

/* ---- learning ---------------------------------------------------------------------- */

struct lab {
	struct names *names;
	struct dns_queries *queries;
	struct dns_build d;
	struct names_news news;
	struct {
		struct snitch_dns head;
		uint8_t bytes[SNITCH_DNS_MAX];
	} msg;
};

static void lab_begin(struct lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	lab->names = names_new();
	lab->queries = dns_queries_new();
	lab->msg.head = (struct snitch_dns){
		.hdr = { .id = 5 }, .when = SEC, .netns = NETNS, .family = AF_INET,
		.proto = IPPROTO_UDP, .own_port = 40000, .server_port = 53,
		.own = { 10, 77, 0, 1 }, .server = { 10, 77, 0, 2 },
	};
}

static void lab_end(struct lab *lab)
{
	names_free(lab->names);
	dns_queries_free(lab->queries);
}

static int take(struct lab *lab, uint32_t flags, bool verified)
{
	lab->msg.head.flags = flags;
	lab->msg.head.len = lab->d.n;
	memcpy(lab->msg.bytes, lab->d.b, lab->d.n);
	return names_take(lab->names, lab->queries, &lab->msg.head, verified, &lab->news);
}

static int ask(struct lab *lab, unsigned int id, const char *name)
{
	dns_question(&lab->d, id, name, DNS_A);
	return take(lab, 0, true);
}

static int answer(struct lab *lab, unsigned int id, const char *name, unsigned int last)
{
	dns_answer(&lab->d, id, name, DNS_A);
	dns_a(&lab->d, name, 300, last);
	return take(lab, SNITCH_D_ANSWER, true);
}

static void an_answer_teaches_who_asked(void **state)
{
	uint64_t me[] = { 5 }, other[] = { 6 };
	struct lab lab;

	(void)state;
	lab_begin(&lab);
	assert_int_equal(ask(&lab, 9, "a.example"), 0);
	assert_int_equal(answer(&lab, 9, "A.Example", 7), 1);
	assert_int_equal(lab.news.until, 301 * SEC);
	assert_false(lab.news.known[0]);
	assert_string_equal(found(lab.names, me, 1, 7, 2 * SEC), "a.example");
	assert_string_equal(found(lab.names, other, 1, 7, 2 * SEC), "");
	/* once */
	assert_int_equal(answer(&lab, 9, "a.example", 8), -ENOENT);
	assert_string_equal(found(lab.names, me, 1, 8, 2 * SEC), "");
	lab_end(&lab);
}

static void what_nobody_asked_teaches_nothing(void **state)
{
	uint64_t me[] = { 5 };
	struct lab lab;

	(void)state;
	lab_begin(&lab);
	assert_int_equal(answer(&lab, 9, "a.example", 7), -ENOENT);
	ask(&lab, 9, "a.example");
	assert_int_equal(answer(&lab, 8, "a.example", 7), -ENOENT);
	assert_int_equal(answer(&lab, 9, "b.example", 7), -ENOENT);
	lab.msg.head.server[3] = 3;
	assert_int_equal(answer(&lab, 9, "a.example", 7), -ENOENT);
	lab.msg.head.server[3] = 2;
	lab.msg.head.own_port++;
	assert_int_equal(answer(&lab, 9, "a.example", 7), -ENOENT);
	lab.msg.head.own_port--;
	lab.msg.head.netns++;
	assert_int_equal(answer(&lab, 9, "a.example", 7), -ENOENT);
	lab.msg.head.netns--;
	lab.msg.head.hdr.id = 6;
	assert_int_equal(answer(&lab, 9, "a.example", 7), -ENOENT);
	lab.msg.head.hdr.id = 5;
	lab.msg.head.when += 31 * SEC;
	assert_int_equal(answer(&lab, 9, "a.example", 7), -ENOENT);
	lab.msg.head.when -= 31 * SEC;
	/* a question that comes in as if it were an answer, and the other way round */
	dns_question(&lab.d, 9, "a.example", DNS_A);
	assert_int_equal(take(&lab, SNITCH_D_ANSWER, true), -EBADMSG);
	dns_answer(&lab.d, 9, "a.example", DNS_A);
	assert_int_equal(take(&lab, 0, true), -EBADMSG);
	assert_string_equal(found(lab.names, me, 1, 7, 2 * SEC), "");
	/* and for all that, the true one still counts */
	assert_int_equal(answer(&lab, 9, "a.example", 7), 1);
	lab_end(&lab);
}

static void many_questions_at_once(void **state)
{
	char name[32];
	struct lab lab;
	unsigned int i, n = 0;

	(void)state;
	lab_begin(&lab);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask(&lab, i * 7919, name);
	}
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		n += answer(&lab, i * 7919, name, i) == 1;
	}
	assert_int_equal(n, 100);
	lab_end(&lab);
}

static void what_is_asked_is_known(void **state)
{
	struct snitch_flow_event ev = {
		.owner = 5, .netns = NETNS, .family = AF_INET, .proto = IPPROTO_UDP,
		.sport = 40000, .dport = 53, .saddr = { 10, 77, 0, 1 }, .daddr = { 10, 77, 0, 2 },
	};
	struct lab lab;

	(void)state;
	lab_begin(&lab);
	assert_null(names_asked(lab.queries, &ev, SEC));
	ask(&lab, 9, "a.example");
	lab.msg.head.when += SEC;
	ask(&lab, 10, "b.example");
	assert_string_equal(names_asked(lab.queries, &ev, 3 * SEC), "b.example");
	ev.sport++;
	assert_null(names_asked(lab.queries, &ev, 3 * SEC));
	lab_end(&lab);
}

/* ---- /etc/hosts -------------------------------------------------------------------- */

static void hosts_are_read(void **state)
{
	static const char text[] =
		"# 192.0.2.1 no.example\n"
		"127.0.0.1 localhost\n"
		"0.0.0.0 ads.example\n"
		"192.0.2.7\tOne.example two # three\n"
		"192.0.2.8 bad/name four.example\r\n"
		"nonsense five.example\n"
		"2001:db8::1 six.example\n"
		"192.0.2.9 last";
	struct names *names = names_new();

	(void)state;
	assert_int_equal(hosts_learn(names, text, sizeof(text) - 1, NETNS), 5);
	assert_string_equal(found(names, NULL, 0, 7, SEC), "two one.example");
	assert_string_equal(found(names, NULL, 0, 8, SEC), "four.example");
	assert_string_equal(found(names, NULL, 0, 9, SEC), "last");
	assert_string_equal(found(names, NULL, 0, 1, SEC), "");
	assert_int_equal(hosts_learn(names, "192.0.2.9 new\n", 14, NETNS), 1);
	assert_string_equal(found(names, NULL, 0, 7, SEC), "");
	assert_string_equal(found(names, NULL, 0, 9, SEC), "new");
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_follow_from_the_question),
		cmocka_unit_test(records_of_others_are_no_answer),
		cmocka_unit_test(services_tell_addresses),
		cmocka_unit_test(mapped_addresses_are_v4),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(names_are_clean),
		cmocka_unit_test(each_process_has_its_own),
		cmocka_unit_test(claims_stay_claims),
		cmocka_unit_test(names_end),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(it_is_like_a_list),
		cmocka_unit_test(an_answer_teaches_who_asked),
		cmocka_unit_test(what_nobody_asked_teaches_nothing),
		cmocka_unit_test(many_questions_at_once),
		cmocka_unit_test(what_is_asked_is_known),
		cmocka_unit_test(hosts_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
