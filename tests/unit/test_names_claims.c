// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that nobody vouches for: what systemd-resolved tells of lookups, and what is said on the
 * link.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns-build.h"
#include "names/resolved.h"
#include "util/timespan.h"

#define SEC	SNITCH_NSEC_PER_SEC
#define NETNS	0xf0000001

static struct dns_addr v4(unsigned int last)
{
	return (struct dns_addr){ AF_INET, { 192, 0, 2, last } };
}

/* ---- multicast --------------------------------------------------------------------------------- */

static void said_to_all(void **state)
{
	struct dns_build d = { .n = 0 };
	struct dns_said said[3];
	struct dns_addr want = v4(7);
	size_t at;

	(void)state;
	dns_put(&d, "\0\0\x84\0\0\0\0\0\0\0\0\0", 12);
	at = d.n;
	dns_a(&d, "Printer.local", 120, 7);
	d.b[at + 17] |= 0x80;			/* what was said before is over */
	dns_a(&d, "www.example", 120, 8);	/* not theirs to say */
	dns_a(&d, "local", 120, 9);
	dns_a(&d, "gone.local", 0, 9);
	dns_cname(&d, "alias.local", 120, "printer.local");
	dns_record(&d, "short.local", DNS_A, 120, "abc", 3);
	dns_record(&d, "six.local", DNS_AAAA, 120, "0123456789abcdef", 16);
	assert_int_equal(dns_parse_said(d.b, d.n, said, 3), 2);
	assert_string_equal(said[0].name, "printer.local");
	assert_int_equal(said[0].ttl, 120);
	assert_memory_equal(&said[0].addr, &want, sizeof(want));
	assert_string_equal(said[1].name, "six.local");
	assert_int_equal(said[1].addr.family, AF_INET6);
	assert_int_equal(dns_parse_said(d.b, d.n, said, 1), 1);
	assert_int_equal(dns_parse_said(d.b, 11, said, 3), -EBADMSG);
	dns_question(&d, 0, "printer.local", DNS_A);
	assert_int_equal(dns_parse_said(d.b, d.n, said, 3), -EOPNOTSUPP);
}

/* ---- systemd-resolved ------------------------------------------------------------------------ */

/* The record that @d has last, as resolved writes it: from @from on. */
static void put_raw(char *text, size_t size, const struct dns_build *d, size_t from)
{
	char base64[1024];

	assert_true(b64_ntop(d->b + from, d->n - from, base64, sizeof(base64)) > 0);
	snprintf(text + strlen(text), size - strlen(text), "%s{\"raw\":\"%s\",\"ifindex\":2}",
		 text[strlen(text) - 1] == '[' ? "" : ",", base64);
}

static const char *reply(char *text, size_t size, const char *state, const char *name,
			 const char *collected)
{
	snprintf(text, size, "{\"parameters\":{\"state\":\"%s\",\"question\":[{\"class\":1,\"type\":1,"
		 "\"name\":\"%s\"}],\"collectedQuestions\":[%s],\"answer\":[", state, name, collected);
	return text;
}

#define END_OF_REPLY	"]},\"continues\":true}"

static void resolved_is_claimed(void **state)
{
	struct names *names = names_new();
	struct name_question q = { .netns = NETNS, .system = true, .addr = v4(7), .now = 2 * SEC };
	struct name_fact own = {
		.scope = 5, .netns = NETNS, .source = NAME_BY_DNS, .verified = true, .addr = v4(7),
		.name = "own.example", .now = SEC, .until = 1000 * SEC,
	};
	struct name_found found[4];
	struct dns_build d;
	char text[4096];
	size_t at;

	(void)state;
	dns_answer(&d, 0, "www.example", DNS_A);
	at = d.n;
	dns_a(&d, "www.example", 300, 7);
	reply(text, sizeof(text), "success", "WWW.example", "");
	put_raw(text, sizeof(text), &d, at);
	strcat(text, END_OF_REPLY);
	assert_int_equal(resolved_learn(names, text, strlen(text), NETNS, SEC), 1);
	assert_int_equal(names_find(names, &q, found, 4), 1);
	assert_string_equal(found[0].name, "www.example");
	assert_int_equal(found[0].source, NAME_BY_RESOLVED);
	assert_false(found[0].verified);
	assert_true(found[0].until == 301 * SEC);
	/* who has looked it up under a name of its own is not told of another's */
	assert_int_equal(names_learn(names, &own), 0);
	q.scopes = (uint64_t[]){ 5 };
	q.n_scopes = 1;
	assert_int_equal(names_find(names, &q, found, 4), 1);
	assert_string_equal(found[0].name, "own.example");
	names_free(names);
}

static void resolved_follows_aliases(void **state)
{
	struct names *names = names_new();
	struct name_question q = { .netns = NETNS, .system = true, .addr = v4(7), .now = 2 * SEC };
	struct name_found found[4];
	struct dns_build d;
	char text[4096];
	size_t at;

	(void)state;
	/* the chain is in one answer */
	dns_answer(&d, 0, "www.example", DNS_A);
	at = d.n;
	dns_cname(&d, "www.example", 300, "cdn.example");
	reply(text, sizeof(text), "success", "www.example", "");
	put_raw(text, sizeof(text), &d, at);
	at = d.n;
	dns_a(&d, "cdn.example", 300, 7);
	put_raw(text, sizeof(text), &d, at);
	strcat(text, END_OF_REPLY);
	assert_int_equal(resolved_learn(names, text, strlen(text), NETNS, SEC), 1);
	assert_int_equal(names_find(names, &q, found, 4), 1);
	assert_string_equal(found[0].name, "www.example");
	/* or was followed by resolved, which says from where */
	reply(text, sizeof(text), "success", "cdn.example",
	      "{\"class\":1,\"type\":1,\"name\":\"first.example\"}");
	put_raw(text, sizeof(text), &d, at);
	strcat(text, END_OF_REPLY);
	assert_int_equal(resolved_learn(names, text, strlen(text), NETNS, SEC), 1);
	assert_int_equal(names_find(names, &q, found, 4), 2);
	assert_string_equal(found[0].name, "first.example");
	names_free(names);
}

static void resolved_is_not_trusted(void **state)
{
	static const struct {
		const char *text;
		int r;
	} bad[] = {
		{ "", -EBADMSG }, { "[]", -EBADMSG }, { "{\"parameters\":7}", -EBADMSG }, { "{}", -EBADMSG },
		{ "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}", -EPERM },
		{ "{\"parameters\":{\"ready\":true},\"continues\":true}", 0 },
		{ "{\"parameters\":{\"state\":\"success\",\"question\":7,\"answer\":8}}", 0 },
		{ "{\"parameters\":{\"state\":\"success\",\"question\":[{\"class\":1,\"type\":1}],"
		  "\"answer\":[{\"raw\":\"!!\"},{},7]}}", 0 },
		{ "{\"parameters\":{\"state\":\"success\",\"question\":[{\"class\":1,\"type\":1,"
		  "\"name\":\"a..b\"}],\"answer\":[{\"raw\":\"AAAA\"}]}}", 0 },
	};
	struct names *names = names_new();
	struct dns_build d;
	char text[4096];
	size_t at, i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(resolved_learn(names, bad[i].text, strlen(bad[i].text), NETNS, SEC),
				 bad[i].r);
	/* an error has no addresses, nor has an answer about something else */
	dns_answer(&d, 0, "other.example", DNS_A);
	at = d.n;
	dns_a(&d, "other.example", 300, 7);
	reply(text, sizeof(text), "rcode-failure", "other.example", "");
	put_raw(text, sizeof(text), &d, at);
	strcat(text, END_OF_REPLY);
	assert_int_equal(resolved_learn(names, text, strlen(text), NETNS, SEC), 0);
	reply(text, sizeof(text), "success", "www.example", "");
	put_raw(text, sizeof(text), &d, at);
	strcat(text, END_OF_REPLY);
	assert_int_equal(resolved_learn(names, text, strlen(text), NETNS, SEC), 0);
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(said_to_all),
		cmocka_unit_test(resolved_is_claimed),
		cmocka_unit_test(resolved_follows_aliases),
		cmocka_unit_test(resolved_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
