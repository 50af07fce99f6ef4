// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Translations: files of lines "key" = "value"; in UTF-8, or in UTF-16 with its mark. It must
 * never use a part of a file that is not well-formed.
 */
#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "iap.h"

struct cursor {
	const char *at, *end;
	const char *start;
	struct iap_report *report;
};

static bool fail(const struct cursor *c, const char *why)
{
	unsigned int line = 1, column = 1;
	const char *p;

	for (p = c->start; p < c->at; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	iap_fault_at(c->report, true, line, column, "%s", why);
	return false;
}

static bool starts(const struct cursor *c, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(c->end - c->at) >= n && !memcmp(c->at, what, n);
}

/* Blanks and both kinds of comments. False: a comment without an end. */
static bool skip(struct cursor *c)
{
	for (;;) {
		while (c->at < c->end && isspace((unsigned char)*c->at))
			c->at++;
		if (starts(c, "//")) {
			while (c->at < c->end && *c->at != '\n')
				c->at++;
		} else if (starts(c, "/*")) {
			const char *close = memmem(c->at + 2, c->end - c->at - 2, "*/", 2);

			if (!close)
				return fail(c, "a comment without an end");
			c->at = close + 2;
		} else {
			return true;
		}
	}
}

static void put(FILE *to, unsigned int code)
{
	if (code < 0x80) {
		fputc(code, to);
	} else if (code < 0x800) {
		fputc(0xc0 | code >> 6, to);
		fputc(0x80 | (code & 0x3f), to);
	} else if (code < 0x10000) {
		fputc(0xe0 | code >> 12, to);
		fputc(0x80 | (code >> 6 & 0x3f), to);
		fputc(0x80 | (code & 0x3f), to);
	} else {
		fputc(0xf0 | code >> 18, to);
		fputc(0x80 | (code >> 12 & 0x3f), to);
		fputc(0x80 | (code >> 6 & 0x3f), to);
		fputc(0x80 | (code & 0x3f), to);
	}
}

/* Four hexadecimal digits; -1: they are not there. */
static int unit(struct cursor *c)
{
	int n = 0, i, digit;

	for (i = 0; i < 4; i++) {
		digit = c->at < c->end ? snitch_hex_digit(*c->at) : -1;
		if (digit < 0)
			return -1;
		n = n << 4 | digit;
		c->at++;
	}
	return n;
}

/* Behind "\U": one UTF-16 unit, or two that belong together, each with its "\U". */
static bool universal(struct cursor *c, FILE *to)
{
	int high = unit(c), low;

	if (high >= 0xd800 && high < 0xdc00 && (starts(c, "\\U") || starts(c, "\\u"))) {
		c->at += 2;
		low = unit(c);
		if (low < 0xdc00 || low > 0xdfff)
			return fail(c, "half a character in \\U");
		put(to, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
		return true;
	}
	if (high <= 0 || (high >= 0xd800 && high <= 0xdfff))
		return fail(c, "\\U wants four hexadecimal digits of a character");
	put(to, high);
	return true;
}

static bool escaped(struct cursor *c, FILE *to)
{
	static const char from[] = "ntr", into[] = "\n\t\r";
	const char *known;
	char what;

	if (c->at == c->end)
		return fail(c, "the file ends in an escape");
	what = *c->at++;
	if (what == 'U' || what == 'u')
		return universal(c, to);
	known = what ? strchr(from, what) : NULL;
	fputc(known ? into[known - from] : what, to);
	return true;
}

static bool quoted(struct cursor *c, FILE *to)
{
	const char *open = c->at++;

	while (c->at < c->end && *c->at != '"') {
		char what = *c->at++;

		if (what != '\\')
			fputc(what, to);
		else if (!escaped(c, to))
			return false;
	}
	if (c->at == c->end) {
		c->at = open;
		return fail(c, "a string without an end");
	}
	c->at++;
	return true;
}

static bool bare(struct cursor *c, FILE *to)
{
	const char *first = c->at;

	while (c->at < c->end && (isalnum((unsigned char)*c->at) ||
				  (*c->at && strchr("_.$/:-", *c->at))))
		fputc(*c->at++, to);
	return c->at > first || fail(c, "expected a string");
}

/* A new string; NULL: none is there. */
static char *word(struct cursor *c)
{
	size_t size = 0;
	char *out = NULL;
	FILE *to = open_memstream(&out, &size);
	bool good;

	if (!to)
		return NULL;
	good = c->at < c->end && *c->at == '"' ? quoted(c, to) : bare(c, to);
	if (!fclose(to) && good && strlen(out) == size)
		return out;
	if (good)
		fail(c, "a string with a NUL in it");
	free(out);
	return NULL;
}

static bool expect(struct cursor *c, char what)
{
	char why[] = "expected ' '";

	why[10] = what;
	if (!skip(c))
		return false;
	if (c->at == c->end || *c->at != what)
		return fail(c, why);
	c->at++;
	return skip(c);
}

static bool line(struct cursor *c, json_t *out)
{
	_cleanup_free_ char *key = word(c), *value = NULL;

	if (!key || !expect(c, '='))
		return false;
	value = word(c);
	if (!value || !expect(c, ';'))
		return false;
	if (json_object_get(out, key))
		return fail(c, "a key stands there twice");
	if (json_object_size(out) >= IAP_NODES_MAX)
		return fail(c, "too many lines");
	return !json_object_set_new(out, key, json_string(value)) || fail(c, "not UTF-8");
}

/* UTF-16 with its mark as UTF-8; NULL: it is not valid. */
static char *from_utf16(const char *bytes, size_t len, size_t *out_len)
{
	_cleanup_free_ char *out = malloc(2 * len + 1);
	iconv_t conv = iconv_open("UTF-8", "UTF-16");
	char *in = (char *)bytes, *to = out;
	size_t room = 2 * len;
	bool good;

	if (conv == (iconv_t)-1)
		return NULL;
	good = out && iconv(conv, &in, &len, &to, &room) != (size_t)-1 && !len;
	iconv_close(conv);
	if (!good)
		return NULL;
	*out_len = to - out;
	return snitch_take_ptr(out);
}

json_t *iap_read_strings(const char *bytes, size_t len, struct iap_report *report)
{
	struct cursor c = { .at = bytes, .start = bytes, .end = bytes + len, .report = report };
	_cleanup_free_ char *converted = NULL;
	json_t *out;

	if (len > IAP_BYTES_MAX) {
		iap_fault(report, true, NULL, "larger than %u bytes", IAP_BYTES_MAX);
		return NULL;
	}
	if (starts(&c, "\xff\xfe") || starts(&c, "\xfe\xff")) {
		converted = from_utf16(bytes, len, &len);
		if (!converted) {
			iap_fault(report, true, NULL, "not valid UTF-16");
			return NULL;
		}
		c.at = c.start = converted;
		c.end = converted + len;
	} else if (starts(&c, "\xef\xbb\xbf")) {
		c.at += 3;
	}
	out = json_object();
	while (skip(&c) && c.at < c.end && line(&c, out))
		;
	if (out && c.at == c.end && (!report || !report->fatal))
		return out;
	json_decref(out);
	return NULL;
}
