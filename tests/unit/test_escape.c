// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's escaping of audit strings: equal to audit's own convention, never beyond its room,
 * and nothing a program names itself forges another field. It must never need a kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kmod/escape.h"

#define CANARY	0x5a

static void check(const char *src, size_t len, const char *expected)
{
	size_t room = SNITCH_ESCAPED(len);
	char *got = malloc(room + 1);

	assert_non_null(got);
	got[room] = CANARY;
	assert_int_equal(snitch_escape_audit(got, room, src, len), strlen(expected));
	assert_string_equal(got, expected);
	assert_int_equal(got[room], CANARY);
	free(got);
}

static void test_examples(void **state)
{
	(void)state;
	check("", 0, "\"\"");
	check("/usr/bin/curl", 13, "\"/usr/bin/curl\"");
	check("a b", 3, "612062");
	check("tab\there", 8, "7461620968657265");
	check("say\"", 4, "73617922");
	check("\xc3\xa9", 2, "C3A9");
	check("nul\0end", 7, "6E756C00656E64");
	check("~", 1, "\"~\"");
	check("\x7f", 1, "7F");
	check("\xff", 1, "FF");
	check("!back\\slash'", 12, "\"!back\\slash'\"");
}

static void test_forged_field(void **state)
{
	static const char name[] = "x\" res=1 exe=\"/bin/true";
	char got[SNITCH_ESCAPED(sizeof(name))];

	(void)state;
	snitch_escape_audit(got, sizeof(got), name, sizeof(name) - 1);
	assert_null(strpbrk(got, "\" =/"));
	assert_int_equal(strlen(got), 2 * (sizeof(name) - 1));
}

/* audit_string_contains_control() and audit_log_n_hex(), said in other words. */
static void reference(char *dst, const unsigned char *src, size_t len)
{
	char *p = dst;
	int clean = 1;
	size_t i;

	for (i = 0; i < len; i++)
		clean = clean && src[i] > ' ' && src[i] < 127 && src[i] != '"';
	if (clean) {
		sprintf(dst, "\"%.*s\"", (int)len, (const char *)src);
		return;
	}
	for (i = 0; i < len; i++)
		p += sprintf(p, "%02X", src[i]);
}

static void test_each_byte(void **state)
{
	char expected[16];
	unsigned int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		unsigned char src[3] = { 'a', c, 'z' };

		reference(expected, src, sizeof(src));
		check((const char *)src, sizeof(src), expected);
		reference(expected, src + 1, 1);
		check((const char *)src + 1, 1, expected);
	}
}

static void test_random(void **state)
{
	unsigned char src[300];
	char expected[2 * sizeof(src) + 3];
	unsigned int round, i, len;

	(void)state;
	srand(1);
	for (round = 0; round < 20000; round++) {
		len = rand() % sizeof(src);
		for (i = 0; i < len; i++)	/* every second one clean: the quoted form too */
			src[i] = round % 2 ? rand() : '#' + rand() % 90;
		reference(expected, src, len);
		check((const char *)src, len, expected);
	}
}

/* Too little room: what is written is a shorter string's escape, and stays inside. */
static void test_short_room(void **state)
{
	static const char clean[] = "/usr/bin/curl", dirty[] = "/a b/c d/e f";
	char got[64], expected[64];
	size_t room, n;

	(void)state;
	for (room = 3; room < 40; room++) {
		memset(got, CANARY, sizeof(got));
		n = snitch_escape_audit(got, room, clean, sizeof(clean) - 1);
		reference(expected, (const unsigned char *)clean,
			  min(room - 3, sizeof(clean) - 1));
		assert_string_equal(got, expected);
		assert_int_equal(n, strlen(expected));
		assert_int_equal(got[room], CANARY);

		memset(got, CANARY, sizeof(got));
		n = snitch_escape_audit(got, room, dirty, sizeof(dirty) - 1);
		assert_int_equal(n, 2 * min((room - 1) / 2, sizeof(dirty) - 1));
		assert_int_equal(got[n], '\0');
		assert_int_equal(got[room], CANARY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_forged_field),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_short_room),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
