// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which descriptions are shown for what was selected: the vectors of the format's study, its three
 * worked examples, and each form of Host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "iap-lab.h"

#define HOSTS(...)	((const char *const[]){ __VA_ARGS__, NULL })

static void shows(const char *const *hosts, const char *selection, const char *want)
{
	struct iap_policy *policy = lab_policy(hosts, NULL);
	const char *got = lab_shown(policy, selection);

	if (strcmp(got, want))
		fail_msg("[%s ...] %s: shows '%s', not '%s'", hosts[0], selection, got, want);
	iap_free(policy);
}

#define SW	"sw-update.example.com"

static void example_1(void **state)
{
	const char *const *p = HOSTS(SW, "*.example.com");

	(void)state;
	shows(p, "host " SW, "a");
	shows(p, "host www.example.com", "b");
	shows(p, "domain example.com", "a b");
	shows(p, "any", "a b");
}

static void example_2(void **state)
{
	const char *const *p = HOSTS(SW, "*.example.com", "=*.example.com, =*");

	(void)state;
	shows(p, "host " SW, "a");
	shows(p, "host www.example.com", "b");
	shows(p, "domain example.com", "c");
	shows(p, "any", "c");
	shows(p, "host www.apple.com", "");
}

static void example_3(void **state)
{
	const char *const *p = HOSTS(SW, "*.example.com", "=*.example.com, =*", "*");

	(void)state;
	shows(p, "host www.apple.com", "d");
	shows(p, "domain apple.com", "d");
	shows(p, "host " SW, "a");
	shows(p, "host www.example.com", "b");
	shows(p, "domain example.com", "c");
	shows(p, "any", "c");
}

static void vectors_1_to_11(void **state)
{
	const char *const *brewy = HOSTS("github.com,*.github.com,*.githubusercontent.com",
					 "raw.githubusercontent.com");
	const char *const *sorty = HOSTS("localhost,127.0.0.1,::1|\"Port\":\"11434\"");

	(void)state;
	shows(HOSTS("*", "=*"), "any", "b");				/* 1 */
	shows(HOSTS("*", "=*"), "host x.y", "a");			/* 2 */
	shows(brewy, "host raw.githubusercontent.com", "b");		/* 3 */
	shows(brewy, "host objects.githubusercontent.com", "a");	/* 4 */
	shows(brewy, "host github.com", "a");				/* 5 */
	shows(brewy, "domain githubusercontent.com", "a b");		/* 6 */
	shows(sorty, "host 127.0.0.1 port 11434", "a");			/* 7 */
	shows(sorty, "host 127.0.0.1 port 80", "");			/* 8 */
	shows(HOSTS("*.crashlytics.com,crashlyticsreports-pa.googleapis.com"),
	      "domain googleapis.com", "a");				/* 9 */
	shows(HOSTS("type.world, api.type.world, storage.googleapis.com|\"Port\":\"80, 443\""),
	      "host type.world port 443", "a");				/* 10 */
	shows(HOSTS("a.example", "b.example", "c.example"), "any", "a b c");	/* 11 */
}

static void vectors_12_to_25(void **state)
{
	const char *const *ports = HOSTS("h.example|\"Port\":\"80\"", "h.example|\"Port\":\"443\"");
	const char *const *ranges = HOSTS("10.0.0.0/8, 2001:db8::/32, 192.0.2.1-192.0.2.9");
	const char *const *exact = HOSTS("=*.example.com");

	(void)state;
	shows(HOSTS("*.example.com|\"Relevance\":\"Default\"",
		    "*.www.example.com|\"Relevance\":\"Essential\""),
	      "host a.www.example.com", "b a");				/* 12 */
	shows(ports, "host h.example port 443", "b");			/* 13 */
	shows(ports, "host h.example", "a");				/* 14 */
	shows(HOSTS("h.example|\"IsIncoming\":true"), "host h.example", "");	/* 15 */
	shows(HOSTS("*|\"NetworkProtocol\":\"TCP\""), "host h.example udp", "");	/* 16 */
	shows(HOSTS("*.example.com"), "host example.com", "a");		/* 17 */
	shows(HOSTS("*.example.com"), "host notexample.com", "");	/* 18 */
	shows(HOSTS("myserver*.com"), "host myserver1.com", "a");	/* 19 */
	shows(HOSTS("local-net"), "host 192.168.1.9", "a");		/* 20 */
	shows(exact, "host www.example.com", "");			/* 21 */
	shows(exact, "domain sub.example.com", "");			/* 22 */
	shows(ranges, "host 192.0.2.5", "a");				/* 23 */
	shows(HOSTS("WWW.Example.COM."), "host www.example.com", "a");	/* 24 */
}

static void vector_25_description_is_required(void **state)
{
	static const char text[] = "{\"Connections\":[]}";
	static const struct iap_texts texts;
	struct iap_policy *policy = NULL;
	struct iap_report report = { .n = 0 };
	json_t *root = iap_read(text, strlen(text), &report);

	(void)state;
	assert_int_not_equal(iap_build(root, &texts, &policy, &report), 0);
	assert_null(policy);
	assert_true(report.fatal);
	json_decref(root);
	iap_report_clear(&report);
}

static void vector_26_unknown_relevance(void **state)
{
	struct iap_report report = { .n = 0 };
	struct iap_policy *policy = lab_policy(HOSTS("h.example|\"Relevance\":\"Optional\""),
					       &report);

	(void)state;
	assert_false(policy->connections[0].essential);
	assert_false(report.fatal);
	lab_assert_fault(&report, "Connections[0].Relevance: neither");
	iap_report_clear(&report);
	iap_free(policy);
}

static void exact_forms(void **state)
{
	(void)state;
	/* an exact description takes no part in anything else */
	shows(HOSTS("=*", "=*.example.com"), "host www.example.com", "");
	shows(HOSTS("=*.example.com"), "any", "");
	shows(HOSTS("=*"), "domain example.com", "");
	/* the fallback is not "any connection" */
	shows(HOSTS("*", "h.example"), "any", "b");
	shows(HOSTS("*"), "any", "a");
	/* '=' before a host: the host */
	shows(HOSTS("=www.example.com"), "host www.example.com", "a");
	/* the best of several exact ones, essential before default */
	shows(HOSTS("h.example", "h.example|\"Relevance\":\"Essential\""), "host h.example", "b");
	shows(HOSTS("h.example", "h.example|\"NetworkProtocol\":\"UDP\""),
	      "host h.example udp", "b");
	shows(HOSTS("h.example|\"Port\":\"1-1000\"", "h.example|\"Port\":\"53\""),
	      "host h.example port 53", "b");
}

static void names_and_wildcards(void **state)
{
	(void)state;
	shows(HOSTS("example.com"), "host www.example.com", "");
	shows(HOSTS("example.com"), "domain example.com", "a");
	shows(HOSTS("*.a.example.com"), "domain example.com", "a");
	shows(HOSTS("*.example.com"), "domain a.example.com", "a");
	shows(HOSTS("*.example.com"), "domain com", "a");
	shows(HOSTS("*.example.com"), "domain ample.com", "");
	shows(HOSTS("srv*.example.com"), "domain example.com", "a");
	shows(HOSTS("srv*.example.com"), "host srv1.eu.example.com", "a");
	shows(HOSTS("www.*.example.com"), "host www.de.example.com", "a");
	shows(HOSTS("www.*.example.com"), "host www.example.com", "");
	shows(HOSTS("example.*"), "host example.org", "a");
	shows(HOSTS("*cdn*"), "host my.cdn.example", "a");
	shows(HOSTS("*cdn*"), "host my.cd.example", "");
	shows(HOSTS("b\xc3\xbc" "cher.example"), "host xn--bcher-kva.example", "a");
	shows(HOSTS("*.b\xc3\x9c" "cher.example"), "host www.xn--bcher-kva.example", "a");
}

static void addresses(void **state)
{
	const char *const *p = HOSTS("2001:db8::/32", "2001:db8::1", "192.0.2.0 - 192.0.2.255");

	(void)state;
	shows(p, "host 2001:db8::2", "a");
	shows(p, "host 2001:db8::1", "b");
	shows(p, "host 2001:db9::1", "");
	shows(p, "host 192.0.2.77", "c");
	shows(p, "host 192.0.3.0", "");
	shows(p, "any", "a b c");
	shows(p, "domain example.com", "");
	/* the name goes before the address, but both count */
	shows(HOSTS("192.0.2.1", "www.example.com"), "host www.example.com at 192.0.2.1", "b");
	shows(HOSTS("192.0.2.1", "*.example.com"), "host www.example.com at 192.0.2.1", "a");
	shows(HOSTS("192.0.2.0/24", "*.example.com"), "host www.example.com at 192.0.2.1", "a b");
}

static void placeholders(void **state)
{
	static const struct policy_net local = { AF_INET, 24, { 203, 0, 113 } };
	static const struct policy_net dns = { AF_INET, 32, { 198, 51, 100, 53 } };
	static const struct policy_net cast = { AF_INET, 32, { 203, 0, 113, 255 } };
	static const struct policy_env env = {
		.local = &local, .n_local = 1, .dns = &dns, .n_dns = 1, .broadcast = &cast,
		.n_broadcast = 1,
	};
	static const struct {
		const char *host, *addr;
	} yes[] = {
		{ "local-net", "203.0.113.9" }, { "Local-Net", "fe80::1" },
		{ "dns-servers", "198.51.100.53" }, { "broadcast", "203.0.113.255" },
		{ "broadcast", "255.255.255.255" }, { "multicast", "239.1.2.3" },
		{ "multicast", "ff02::1" }, { "bonjour", "224.0.0.251" }, { "bonjour", "ff02::fb" },
	}, no[] = {
		{ "local-net", "198.51.100.1" }, { "dns-servers", "198.51.100.54" },
		{ "broadcast", "203.0.113.254" }, { "multicast", "203.0.113.1" },
		{ "bonjour", "224.0.0.252" }, { "bpf", "192.0.2.1" },
	};
	const struct iap_connection *out[4];
	struct iap_selection sel;
	struct iap_policy *policy;
	char text[80], *name;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(yes) / sizeof(*yes) + sizeof(no) / sizeof(*no); i++) {
		bool want = i < sizeof(yes) / sizeof(*yes);
		const char *host = want ? yes[i].host : no[i - sizeof(yes) / sizeof(*yes)].host;
		const char *addr = want ? yes[i].addr : no[i - sizeof(yes) / sizeof(*yes)].addr;

		policy = lab_policy(HOSTS(host), NULL);
		snprintf(text, sizeof(text), "host %s", addr);
		lab_select(text, &sel, &name);
		sel.env = &env;
		if (iap_select(policy, &sel, out) != want)
			fail_msg("%s and %s", host, addr);
		iap_free(policy);
	}
	shows(HOSTS("bonjour"), "host printer.local", "a");
	shows(HOSTS("bonjour"), "domain local", "a");
	shows(HOSTS("any"), "host x.example", "a");
	shows(HOSTS("bpf"), "any", "");
}

static void ports_and_protocols(void **state)
{
	const char *const *p = HOSTS("h.example|\"Port\":\"20-30, 80,443\"");

	(void)state;
	shows(p, "host h.example port 20", "a");
	shows(p, "host h.example port 30", "a");
	shows(p, "host h.example port 31", "");
	shows(p, "host h.example port 443", "a");
	shows(p, "host h.example", "a");
	shows(HOSTS("h.example|\"Port\":8080"), "host h.example port 8080", "a");
	/* what is no port matches none, and not all */
	shows(HOSTS("h.example|\"Port\":\"90-80\""), "host h.example port 85", "");
	shows(HOSTS("h.example|\"Port\":\"http\""), "host h.example", "");
	shows(HOSTS("h.example|\"Port\":\"65536\""), "host h.example", "");
	shows(HOSTS("h.example|\"NetworkProtocol\":\"icmp\""), "host h.example icmpv6", "a");
	shows(HOSTS("h.example|\"NetworkProtocol\":\"ICMP\""), "host h.example tcp", "");
	shows(HOSTS("h.example|\"NetworkProtocol\":\"SCTP\""), "host h.example", "");
	shows(HOSTS("h.example|\"IsIncoming\":true"), "host h.example in", "a");
	shows(HOSTS("h.example|\"IsIncoming\":\"YES\""), "host h.example in", "a");
	shows(HOSTS("h.example|\"IsIncoming\":1"), "host h.example in", "a");
	shows(HOSTS("h.example|\"IsIncoming\":\"NO\""), "host h.example in", "");
	shows(HOSTS("h.example"), "host h.example in", "");
}

static void faults_are_told(void **state)
{
	static const struct {
		const char *host, *fault;
	} table[] = {
		{ "https://example.com/,a.b", "is a URL or path" },
		{ "example.com/x,a.b", "is a URL or path" },
		{ "example.com:443,a.b", "a port belongs into Port" },
		{ "a.b,,c.d", "an empty item" },
		{ "a.b,", "an empty item" },
		{ "=a.b", "'=' has a meaning only" },
		{ "example.com", "the domain with all its hosts is '*.example.com'" },
		{ "githubusercontent.com", "'*.githubusercontent.com'" },
		{ "any", "'any' is read as '*'" },
		{ "a b.c,d.e", "is no host name" },
		{ "a..b,c.d", "is no host name" },
		{ "=*.a*.b,c.d", "is no host name" },
		{ "10.0.0.0/33,c.d", "is no address, range or prefix" },
		{ "10.0.0.9-10.0.0.1,c.d", "is no address, range or prefix" },
		{ "10.0.0.300,c.d", "is no address, range or prefix" },
		{ "a.b|\"Port\":\"1,x\"", "'x' is no port" },
		{ "a.b|\"Port\":80", "a number" },
		{ "a.b|\"IsIncoming\":\"YES\"", "not a boolean" },
		{ "a.b|\"Hosts\":\"x\"", "Connections[0].Hosts: an unknown key" },
		{ "a.b|\"DenyConsequences\":7", "DenyConsequences: not a string" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct iap_report report = { .n = 0 };
		struct iap_policy *policy = lab_policy(HOSTS(table[i].host), &report);

		lab_assert_fault(&report, table[i].fault);
		assert_false(report.fatal);
		assert_int_equal(policy->n_connections, 1);
		iap_free(policy);
		iap_report_clear(&report);
	}
}

static void an_entry_falls_alone(void **state)
{
	static const char *const hosts[] = {
		"https://x/", "", "good.example|\"Relevance\":\"Essential\"",
		"a.b|\"NetworkProtocol\":\"GRE\"", NULL,
	};
	struct iap_report report = { .n = 0 };
	static const struct iap_texts texts;
	struct iap_policy *policy;
	json_t *root;
	static const char text[] =
		"{\"ApplicationDescription\":\"x\",\"Connections\":[{\"Purpose\":\"p\"},7,"
		"{\"Host\":\"a.b\"},{\"Host\":\"a.b\",\"Purpose\":\"p\"}],\"Services\":[{\"Name\":"
		"\"n\"},{\"Purpose\":\"p\"},"
		"{\"Name\":\"n\",\"Purpose\":\"p\",\"Identifier\":\"i\"}]}";

	(void)state;
	policy = lab_policy(hosts, &report);
	assert_int_equal(policy->n_connections, 1);
	assert_string_equal(policy->connections[0].host, "good.example");
	iap_free(policy);
	iap_report_clear(&report);

	root = iap_read(text, strlen(text), &report);
	assert_int_equal(iap_build(root, &texts, &policy, &report), 0);
	assert_int_equal(policy->n_connections, 1);
	assert_int_equal(policy->n_services, 1);
	assert_string_equal(policy->services[0].identifier, "i");
	lab_assert_fault(&report, "Connections[0].Host: missing");
	lab_assert_fault(&report, "Connections[1]: not a dictionary");
	lab_assert_fault(&report, "Connections[2].Purpose: missing");
	lab_assert_fault(&report, "Services[0].Purpose: missing");
	lab_assert_fault(&report, "Services[1].Name: missing");
	json_decref(root);
	iap_free(policy);
	iap_report_clear(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_1),
		cmocka_unit_test(example_2),
		cmocka_unit_test(example_3),
		cmocka_unit_test(vectors_1_to_11),
		cmocka_unit_test(vectors_12_to_25),
		cmocka_unit_test(vector_25_description_is_required),
		cmocka_unit_test(vector_26_unknown_relevance),
		cmocka_unit_test(exact_forms),
		cmocka_unit_test(names_and_wildcards),
		cmocka_unit_test(addresses),
		cmocka_unit_test(placeholders),
		cmocka_unit_test(ports_and_protocols),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(an_entry_falls_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
