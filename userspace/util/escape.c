// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Escaping of strings that programs control. It must never let a control character or an invalid
 * byte through.
 */
#include "escape.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

size_t snitch_utf8_len(const void *src, size_t len, unsigned int *code)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *s = src;
	unsigned int c;
	size_t n, i;

	if (!len)
		return 0;
	if (s[0] < 0x80) {
		n = 1;
		c = s[0];
	} else if ((s[0] & 0xe0) == 0xc0) {
		n = 2;
		c = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		n = 3;
		c = s[0] & 0x0f;
	} else if ((s[0] & 0xf8) == 0xf0) {
		n = 4;
		c = s[0] & 0x07;
	} else {
		return 0;
	}
	if (n > len)
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (code)
		*code = c;
	return n;
}

bool snitch_code_is_unsafe(unsigned int code)
{
	static const struct { unsigned int first, last; } unsafe[] = {
		{ 0x00, 0x1f }, { '\\', '\\' }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xffff },
		{ 0xe0000, 0xe0fff },
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(unsafe); i++) {
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	}
	return false;
}

/* Writes the character at @s to @out (at least 16 bytes); tells in @used how much of @s it took. */
static size_t escape_one(const uint8_t *s, size_t len, char *out, size_t *used)
{
	static const char hex[] = "0123456789abcdef";
	unsigned int code = 0;
	size_t n, i;

	n = snitch_utf8_len(s, len, &code);
	if (n && !snitch_code_is_unsafe(code)) {
		memcpy(out, s, n);
		*used = n;
		return n;
	}
	*used = n ? n : 1;
	for (i = 0; i < *used; i++) {
		out[4 * i] = '\\';
		out[4 * i + 1] = 'x';
		out[4 * i + 2] = hex[s[i] >> 4];
		out[4 * i + 3] = hex[s[i] & 15];
	}
	return 4 * *used;
}

char *snitch_escape(const void *src, size_t len)
{
	const uint8_t *s = src;
	size_t used, n = 0;
	char *out;

	if (len > (SIZE_MAX - 16) / 4) {
		errno = ENOMEM;
		return NULL;
	}
	out = malloc(4 * len + 16);
	if (!out)
		return NULL;
	while (len) {
		n += escape_one(s, len, out + n, &used);
		s += used;
		len -= used;
	}
	out[n] = '\0';
	return out;
}

char *snitch_escape_str(const char *src)
{
	return snitch_escape(src, src ? strlen(src) : 0);
}

char *snitch_escape_buf(const void *src, size_t len, char *buf, size_t size)
{
	const uint8_t *s = src;
	size_t n = 0, fits = 0, used, k;
	char one[16];

	while (len) {
		k = escape_one(s, len, one, &used);
		if (n + k >= size) {
			memcpy(buf + fits, "...", 4);
			return buf;
		}
		memcpy(buf + n, one, k);
		n += k;
		if (n + 3 < size)
			fits = n;
		s += used;
		len -= used;
	}
	buf[n] = '\0';
	return buf;
}

int snitch_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *snitch_unescape(const char *src, size_t *len)
{
	_cleanup_free_ char *out = malloc(strlen(src) + 1);
	size_t n = 0;
	int a, b;

	if (!out)
		return NULL;
	while (*src) {
		if (*src != '\\') {
			out[n++] = *src++;
			continue;
		}
		a = src[1] == 'x' ? snitch_hex_digit(src[2]) : -1;
		b = a >= 0 ? snitch_hex_digit(src[3]) : -1;
		if (b < 0) {
			errno = EINVAL;
			return NULL;
		}
		out[n++] = (char)(a << 4 | b);
		src += 4;
	}
	out[n] = '\0';
	*len = n;
	return snitch_take_ptr(out);
}

static bool needs_quotes(const char *arg, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr(" '\"$`;|&<>()*?[]{}~#!", arg[i]) && arg[i])
			return true;
	}
	return len == 0;
}

char *snitch_cmdline(const void *src, size_t len)
{
	_cleanup_free_ char *raw = malloc(3 * len + 4);
	const char *s = src, *end = s + len, *stop;
	size_t n = 0;
	bool quote;

	if (!raw)
		return NULL;
	while (s < end) {
		stop = memchr(s, '\0', end - s);
		if (!stop)
			stop = end;
		quote = needs_quotes(s, stop - s);
		if (n)
			raw[n++] = ' ';
		if (quote)
			raw[n++] = '\'';
		memcpy(raw + n, s, stop - s);
		n += stop - s;
		if (quote)
			raw[n++] = '\'';
		s = stop + 1;
	}
	return snitch_escape(raw, n);
}
