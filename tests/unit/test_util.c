// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The small helpers: escaping of hostile text, spans of time, the id table. It must never depend
 * on the machine it runs on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/escape.h"
#include "util/idmap.h"
#include "util/netname.h"
#include "util/timespan.h"

static void check_escape(const char *src, size_t len, const char *expected)
{
	char *got = snitch_escape(src, len), *back;
	size_t n;

	assert_string_equal(got, expected);
	back = snitch_unescape(got, &n);
	assert_int_equal(n, len);
	assert_memory_equal(back, src, len);
	free(back);
	free(got);
}

static void test_escape(void **state)
{
	(void)state;
	check_escape("/usr/bin/curl", 13, "/usr/bin/curl");
	check_escape("a\nb\x1b[2J\0c", 9, "a\\x0ab\\x1b[2J\\x00c");
	check_escape("back\\slash", 10, "back\\x5cslash");
	check_escape("\xc3\xa9t\xc3\xa9", 5, "\xc3\xa9t\xc3\xa9");
	check_escape("\xc2\x9b" "31m", 5, "\\xc2\\x9b31m");		/* C1: CSI */
	check_escape("\xe2\x80\xae" "gpj", 6, "\\xe2\\x80\\xaegpj");	/* right-to-left override */
	check_escape("\xff\xc0\xaf", 3, "\\xff\\xc0\\xaf");		/* not UTF-8; overlong */
	check_escape("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");		/* surrogate */
	check_escape("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");	/* beyond Unicode */
	check_escape("\xe2\x82", 2, "\\xe2\\x82");			/* cut off */
}

static void test_unescape_refuses(void **state)
{
	size_t n;

	(void)state;
	assert_null(snitch_unescape("\\x4", &n));
	assert_null(snitch_unescape("\\n", &n));
	assert_null(snitch_unescape("\\xzz", &n));
	assert_null(snitch_unescape("\\", &n));
}

static void test_escape_buf(void **state)
{
	char buf[12];

	(void)state;
	assert_string_equal(snitch_escape_buf("short", 5, buf, sizeof(buf)), "short");
	assert_string_equal(snitch_escape_buf("elevenchars", 11, buf, sizeof(buf)), "elevenchars");
	assert_string_equal(snitch_escape_buf("twelve chars", 12, buf, sizeof(buf)), "twelve c...");
	assert_string_equal(snitch_escape_buf("abcdef\x01\x02", 8, buf, sizeof(buf)), "abcdef...");
	assert_string_equal(snitch_escape_buf("\x01\x02\x03", 3, buf, sizeof(buf)), "\\x01\\x02...");
	assert_string_equal(snitch_escape_buf("\x01\x02\x03", 3, buf, 4), "...");
}

static void check_cmdline(const char *src, size_t len, const char *expected)
{
	char *got = snitch_cmdline(src, len);

	assert_string_equal(got, expected);
	free(got);
}

static void test_cmdline(void **state)
{
	(void)state;
	check_cmdline("curl\0-s\0http://a/?b=c d\0\0", 25, "curl -s 'http://a/?b=c d' ''");
	check_cmdline("one", 3, "one");
	check_cmdline("", 0, "");
}

static void test_spans(void **state)
{
	static const struct { const char *text; uint64_t seconds; } good[] = {
		{ "1", 1 }, { "90s", 90 }, { "10m", 600 }, { "5min", 300 }, { "1h30m", 5400 },
		{ "2d", 172800 }, { "1w", 604800 },
	};
	static const char *const bad[] = { "", "h", "1x", "-1h", "1h 30m", "0", "0s", "1h30", "10y" };
	uint64_t s;
	size_t i;
	char buf[32];

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(snitch_span_parse(good[i].text, &s), 0);
		assert_int_equal(s, good[i].seconds);
		snitch_span_format(s, buf, sizeof(buf));
		assert_int_equal(snitch_span_parse(buf, &s), 0);
		assert_int_equal(s, good[i].seconds);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(snitch_span_parse(bad[i], &s) < 0);
	assert_int_equal(snitch_span_parse("99999999999999999999999h", &s), -34);
}

static void test_idmap(void **state)
{
	struct idmap map = { 0 };
	static int values[5000];
	uint64_t i, seed = 1;

	(void)state;
	for (i = 0; i < 5000; i++)
		assert_int_equal(idmap_put(&map, i * 3, &values[i]), 0);
	for (i = 0; i < 5000; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		uint64_t id = (seed >> 33) % 20000;
		void *expected = id % 3 == 0 && id / 3 < 5000 ? &values[id / 3] : NULL;

		assert_ptr_equal(idmap_get(&map, id), expected);
	}
	for (i = 0; i < 5000; i += 2)
		assert_ptr_equal(idmap_take(&map, i * 3), &values[i]);
	for (i = 0; i < 5000; i++)
		assert_ptr_equal(idmap_get(&map, i * 3), i % 2 ? &values[i] : NULL);
	assert_null(idmap_take(&map, 0));
	assert_int_equal(map.used, 2500);
	idmap_clear(&map);
	assert_null(idmap_get(&map, 3));
}

static void test_names(void **state)
{
	static const uint8_t v4[16] = { 192, 0, 2, 7 }, v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	char buf[SNITCH_ADDR_TEXT], num[8];

	(void)state;
	assert_string_equal(snitch_addr_format(2, v4, buf), "192.0.2.7");
	assert_string_equal(snitch_addr_format(10, v6, buf), "2001:db8::1");
	assert_string_equal(snitch_addr_format(1, v6, buf), "family 1");
	assert_string_equal(snitch_proto_name(2, 6, num, sizeof(num)), "tcp");
	assert_string_equal(snitch_proto_name(2, 253, num, sizeof(num)), "253");
	assert_string_equal(snitch_service_name(6, 443), "https");
	assert_null(snitch_service_name(17, 22));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_unescape_refuses),
		cmocka_unit_test(test_escape_buf),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_idmap),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
