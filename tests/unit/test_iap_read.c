// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The formats of policies: JSON, both property lists, translations, texts, languages. Malformed
 * ones are refused whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <plist/plist.h>

#include "iap-lab.h"

#define XML	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- before the root -->\n" \
		"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" " \
		"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n"
#define BODY	"<dict>\n<key>ApplicationDescription</key>\t" \
		"<string>It&apos;s an app.</string>\n" \
		"<!-- in between -->\n<key>Connections</key><array><dict>\n" \
		"<key>Host</key><string>a.example</string><key>Purpose</key><string>p</string>" \
		"<key>IsIncoming</key><true/><key>Port</key><integer>80</integer>\n" \
		"</dict></array></dict>"
#define END	"\n</plist>\n"

static void good(const void *bytes, size_t len)
{
	static const struct iap_texts texts;
	struct iap_report report = { .n = 0 };
	json_t *root = iap_read(bytes, len, &report);
	struct iap_policy *policy = NULL;

	if (!root)
		fail_msg("%s", lab_faults(&report));
	assert_int_equal(iap_build(root, &texts, &policy, &report), 0);
	assert_string_equal(policy->description, "It's an app.");
	assert_int_equal(policy->n_connections, 1);
	assert_true(policy->connections[0].incoming);
	assert_string_equal(policy->connections[0].port, "80");
	iap_free(policy);
	json_decref(root);
	iap_report_clear(&report);
}

static void bad(const void *bytes, size_t len, const char *fault)
{
	struct iap_report report = { .n = 0 };

	assert_null(iap_read(bytes, len, &report));
	assert_true(report.fatal);
	lab_assert_fault(&report, fault);
	iap_report_clear(&report);
}

static void bad_text(const char *text, const char *fault)
{
	bad(text, strlen(text), fault);
}

static void json_is_strict(void **state)
{
	static const char text[] =
		"{\"ApplicationDescription\": \"It's an app.\", \"Connections\": [{\"Host\": "
		"\"a.example\", \"Purpose\": \"p\", \"IsIncoming\": true, \"Port\": \"80\"}]}";

	(void)state;
	good(text, strlen(text));
	bad_text("{\"a\":1,}", "fatal 1:8 : not valid JSON");
	bad_text("{\n \"a\":[1 2]}", "fatal 2:");
	bad_text("{\"a\":1,\"a\":2}", "duplicate object key");
	bad_text("{\"a\":1} x", "not valid JSON");
	bad_text("// no\n{}", "not valid JSON");
	bad_text("{'a':1}", "not valid JSON");
	bad_text("{\"a\":\"\\u0000\"}", "not valid JSON");
	bad_text("{\"a\":\"\xff\"}", "not valid JSON");
	bad_text("[]", "the outermost value");
	bad_text("", "not valid JSON");
}

static void bounds(void **state)
{
	char *text = malloc(IAP_BYTES_MAX + 2);
	size_t i;

	(void)state;
	memset(text, ' ', IAP_BYTES_MAX + 2);
	bad(text, IAP_BYTES_MAX + 1, "larger than");
	strcpy(text, "{\"a\":");
	for (i = 5; i < 45; i++)
		text[i] = '[';
	for (; i < 85; i++)
		text[i] = ']';
	text[i++] = '}';
	bad(text, i, "nested deeper");
	strcpy(text, "{\"a\":[0");
	for (i = 7; i < 60000; i += 2)
		memcpy(text + i, ",0", 2);
	memcpy(text + i, "]}", 2);
	bad(text, i + 2, "more than");
	memset(text, '[', 100000);
	bad(text, 100000, "not valid JSON");
	free(text);
}

static void xml_plist(void **state)
{
	char *text = malloc(IAP_BYTES_MAX);
	size_t n, i;

	(void)state;
	good(XML BODY END, strlen(XML BODY END));
	good("\xef\xbb\xbf" XML BODY END, strlen(XML BODY END) + 3);
	bad_text(XML "<array/>" END, "the outermost value");
	bad_text(XML "<dict><key>a</key>", "not a valid XML property list");
	bad_text(XML "<dict><key>a</key><string>x</dict>" END, "not a valid XML property list");
	bad_text("<html>", "");
	bad_text(XML "<dict><key>a</key><string>\xff</string></dict>" END, "not UTF-8");
	/* libplist ends the program over these */
	bad_text(XML "<dict><key>a&#0;b</key><true/></dict>" END, "a NUL");
	bad_text(XML "<dict><key>a&#x000;b</key><true/></dict>" END, "a NUL");
	bad(XML "<dict><key>a\0b</key><true/></dict>" END,
	    sizeof(XML "<dict><key>a\0b</key><true/></dict>" END) - 1, "a NUL");
	n = (size_t)snprintf(text, IAP_BYTES_MAX, "%s<dict><key>a</key>", XML);
	for (i = 0; i < 5000; i++)
		n += (size_t)snprintf(text + n, IAP_BYTES_MAX - n, "<array>");
	bad(text, n, "too many dictionaries");
	free(text);
}

/* libplist itself keeps the last of equal keys; that there is one value only is what counts. */
static void xml_keys_stand_once(void **state)
{
	static const char text[] = XML "<dict><key>a</key><string>1</string>"
				   "<key>a</key><string>2</string></dict>" END;
	json_t *root = iap_read(text, strlen(text), NULL);

	(void)state;
	assert_int_equal(json_object_size(root), 1);
	json_decref(root);
}

static void binary_plist(void **state)
{
	uint32_t len = 0, i;
	char *bytes = NULL;
	plist_t plist = NULL;

	(void)state;
	plist_from_xml(XML BODY END, strlen(XML BODY END), &plist);
	plist_to_bin(plist, &bytes, &len);
	plist_free(plist);
	good(bytes, len);
	/* cut anywhere it is none */
	for (i = 0; i < len; i++) {
		struct iap_report report = { .n = 0 };
		json_t *root = i ? iap_read(bytes, i, &report) : NULL;

		assert_null(root);
		iap_report_clear(&report);
	}
	/* a NUL in the first key */
	*(char *)memmem(bytes, len, "Application", 11) = '\0';
	bad(bytes, len, "broken or too large");
	free(bytes);
}

/* @levels arrays, each with @refs references to the next: small in the file, huge unfolded. */
static size_t bomb(uint8_t *out, unsigned int levels, unsigned int refs)
{
	size_t at = 8, table;
	unsigned int i, k;
	uint8_t offset[64];

	memcpy(out, "bplist00", 8);
	for (i = 0; i < levels; i++) {
		offset[i] = (uint8_t)at;
		out[at++] = (uint8_t)(0xa0 | refs);
		for (k = 0; k < refs; k++)
			out[at++] = (uint8_t)(i + 1);
	}
	offset[levels] = (uint8_t)at;
	out[at++] = 0x09;
	table = at;
	for (i = 0; i <= levels; i++)
		out[at++] = offset[i];
	memset(out + at, 0, 32);
	out[at + 6] = out[at + 7] = 1;
	out[at + 15] = (uint8_t)(levels + 1);
	out[at + 31] = (uint8_t)table;
	return at + 32;
}

static void binary_bombs(void **state)
{
	uint8_t file[400];
	size_t len;

	(void)state;
	assert_true(iap_bplist_bounded(file, bomb(file, 3, 10)));
	/* 10^10 values */
	assert_false(iap_bplist_bounded(file, bomb(file, 10, 10)));
	/* 20 levels */
	assert_false(iap_bplist_bounded(file, bomb(file, 20, 1)));
	/* in a circle */
	len = bomb(file, 3, 1);
	file[9] = 0;
	assert_false(iap_bplist_bounded(file, len));
	/* a root, an offset, a count that is not there */
	len = bomb(file, 3, 1);
	file[len - 32 + 23] = 77;
	assert_false(iap_bplist_bounded(file, len));
	len = bomb(file, 3, 1);
	memset(file + len - 32 + 8, 0xff, 8);
	assert_false(iap_bplist_bounded(file, len));
	len = bomb(file, 3, 1);
	file[file[len - 1]] = 0xff;
	assert_false(iap_bplist_bounded(file, len));
}

static void strings_file(const char *bytes, size_t len, const char *key, const char *want)
{
	struct iap_report report = { .n = 0 };
	json_t *table = iap_read_strings(bytes, len, &report);

	if (!table)
		fail_msg("%s", lab_faults(&report));
	assert_string_equal(json_string_value(json_object_get(table, key)), want);
	json_decref(table);
}

static void strings_text(const char *text, const char *key, const char *want)
{
	strings_file(text, strlen(text), key, want);
}

static void translations(void **state)
{
	static const char le[] = "\xff\xfek\0=\0\"\0\xfc\0\"\0;\0";
	static const char be[] = "\xfe\xff\0k\0=\0\"\x20\xac\0\"\0;";

	(void)state;
	strings_text("\"k\" = \"v\";", "k", "v");
	strings_text("/* c */ k=\"v\" ; // d\n\"l\"=\"w\";", "l", "w");
	strings_text("ApplicationDescription = \"v\";\n", "ApplicationDescription", "v");
	strings_text("k = v;", "k", "v");
	strings_text("\"k\" = \"a\\\"b\\n\\U00e4\\\\\";", "k", "a\"b\n\xc3\xa4\\");
	strings_text("\"k\" = \"\\Ud83d\\Ude00\";", "k", "\xf0\x9f\x98\x80");
	strings_text("\xef\xbb\xbf\"k\" = \"v\";", "k", "v");
	strings_text("\"k\" = \"/* no */ // no\";", "k", "/* no */ // no");
	strings_text("\"k\" = \"a\nb\";", "k", "a\nb");
	strings_file(le, sizeof(le) - 1, "k", "\xc3\xbc");
	strings_file(be, sizeof(be) - 1, "k", "\xe2\x82\xac");
}

static void translations_that_are_none(void **state)
{
	static const struct {
		const char *text, *fault;
	} table[] = {
		{ "\"k\" = \"v\"", "fatal 1:10 : expected ';'" },
		{ "\n\"k\" \"v\";", "fatal 2:5 : expected '='" },
		{ "\"k\" = \"v;", "a string without an end" },
		{ "/* x", "a comment without an end" },
		{ "\"k\" = \"\\Ud83d\";", "\\x5cU wants four" },
		{ "\"k\" = \"\\Ud83dx\";", "\\x5cU wants four" },
		{ "\"k\" = \"\\Uzz\";", "\\x5cU wants four" },
		{ "\"k\" = \"\\U0000\";", "\\x5cU wants four" },
		{ "\"k\" = \"\xff\";", "not UTF-8" },
		{ "k=v;k=w;", "stands there twice" },
		{ "= v;", "expected a string" },
		{ "\"k\" = \"\\", "ends in an escape" },
		{ "\xff\xfe\x00", "not valid UTF-16" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct iap_report report = { .n = 0 };
		size_t len = strlen(table[i].text);

		len += !memcmp(table[i].text, "\xff\xfe", 2);
		assert_null(iap_read_strings(table[i].text, len, &report));
		lab_assert_fault(&report, table[i].fault);
		iap_report_clear(&report);
	}
}

static void says(const char *raw, const char *want)
{
	char *text = iap_text(raw);

	assert_string_equal(text, want);
	free(text);
}

static void texts_are_tame(void **state)
{
	(void)state;
	says("Loads [the list](https://example.com/a).", "Loads the list (https://example.com/a).");
	says("[https://bank.example](http://evil.example)",
	     "https://bank.example (http://evil.example)");
	says("[http://a.b](http://a.b)", "http://a.b");
	says("[x](javascript:alert)", "[x](javascript:alert)");
	says("[x](file:///etc/passwd) [y](http://)", "[x](file:///etc/passwd) [y](http://)");
	says("[x](http://a b) [x] (http://a.b)", "[x](http://a b) [x] (http://a.b)");
	says("[[x](http://a.b)](http://c.d)", "[x (http://a.b)](http://c.d)");
	says("[](http://a.b) [", "[](http://a.b) [");
	says("**bold** <b>&amp;</b> `x`", "**bold** <b>&amp;</b> `x`");
	says("a\nb\tc\r", "a b c ");
	says("\x1b[2J\x07", "\\x1b[2J\\x07");
	says("a\xe2\x80\xae" "b", "a\\xe2\\x80\\xae" "b");
	says("[a\x1b](http://a.b)", "a\\x1b (http://a.b)");
	says("\xc2\x9b" "31m", "\\xc2\\x9b" "31m");
	says("\xc3\xa4", "\xc3\xa4");
	assert_null(iap_text(NULL));
}

static void assert_langs(const char *list, const char *want)
{
	struct iap_langs langs;
	char got[400] = "";
	size_t i;

	iap_langs_init(&langs, list);
	for (i = 0; i < langs.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			 langs.lang[i]);
	assert_string_equal(got, want);
}

static void languages(void **state)
{
	(void)state;
	assert_langs("de_AT.UTF-8@euro", "de-AT de en");
	assert_langs("de:fr_CA", "de fr-CA fr en");
	assert_langs("zh-Hans-CN", "zh-Hans-CN zh-Hans zh en");
	assert_langs("en_US", "en-US en");
	assert_langs("C.UTF-8", "en");
	assert_langs("POSIX", "en");
	assert_langs("../../etc,de", "de en");
	assert_langs("", "en");
	setenv("LC_ALL", "fr_FR.UTF-8", 1);
	setenv("LANGUAGE", "de", 1);
	assert_langs(NULL, "de fr-FR fr en");
	setenv("LC_ALL", "C", 1);
	assert_langs(NULL, "en");
	assert_true(iap_lang_same("de_at", "DE-AT"));
	assert_false(iap_lang_same("de", "de-AT"));
}

static void texts_are_translated(void **state)
{
	static const char text[] =
		"{\"ApplicationDescription\":\"d\",\"Connections\":[{\"Host\":\"a.b\",\"Purpose\":"
		"\"p\",\"DenyConsequences\":\"c\"},{\"Host\":\"c.d\",\"Purpose\":\"p\"}],"
		"\"Services\":[{\"Name\":\"n\",\"Purpose\":\"s\"}]}";
	struct iap_texts texts = { .n = 2, .app = NULL };
	json_t *first = json_pack("{s:s,s:s}", "p", "eins %APPNAME%", "s", "drei");
	json_t *second = json_pack("{s:s,s:s,s:i}", "p", "one", "d", "described", "c", 7);
	json_t *root = iap_read(text, strlen(text), NULL);
	struct iap_policy *policy;

	(void)state;
	texts.tables[0] = first;
	texts.tables[1] = second;
	assert_int_equal(iap_build(root, &texts, &policy, NULL), 0);
	assert_string_equal(policy->description, "described");
	assert_string_equal(policy->connections[0].purpose, "eins %APPNAME%");
	assert_string_equal(policy->connections[1].purpose, "eins %APPNAME%");
	assert_string_equal(policy->connections[0].consequences, "c");
	assert_string_equal(policy->services[0].purpose, "drei");
	iap_free(policy);
	texts.app = "Editor";
	assert_int_equal(iap_build(root, &texts, &policy, NULL), 0);
	assert_string_equal(policy->connections[0].purpose, "eins Editor");
	iap_free(policy);
	json_decref(root);
	json_decref(first);
	json_decref(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_strict),
		cmocka_unit_test(bounds),
		cmocka_unit_test(xml_plist),
		cmocka_unit_test(xml_keys_stand_once),
		cmocka_unit_test(binary_plist),
		cmocka_unit_test(binary_bombs),
		cmocka_unit_test(translations),
		cmocka_unit_test(translations_that_are_none),
		cmocka_unit_test(texts_are_tame),
		cmocka_unit_test(languages),
		cmocka_unit_test(texts_are_translated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
