// SPDX-License-Identifier: GPL-2.0-only
/*
 * Escape: audit's own convention for untrusted strings (kernel/audit.c,
 * audit_log_n_untrustedstring): in quotes if every byte is printable ASCII
 * other than a quote and a blank, else the bytes in upper-case hexadecimal.
 */
#include "escape.h"

static bool escape_is_clean(const char *src, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = src[i];

		if (c == '"' || c < 0x21 || c > 0x7e)
			return false;
	}
	return true;
}

/**
 * snitch_escape_audit() - write @src so that no reader of records is fooled
 * @dst: NUL-ended result
 * @room: bytes in @dst, at least 3
 * @src: any bytes
 * @len: how many; what does not fit whole is left out
 *
 * Return: length of the result without the NUL. Context: any.
 */
size_t snitch_escape_audit(char *dst, size_t room, const char *src, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0, i;

	if (escape_is_clean(src, len)) {
		if (len > room - 3)
			len = room - 3;
		dst[n++] = '"';
		for (i = 0; i < len; i++)
			dst[n++] = src[i];
		dst[n++] = '"';
	} else {
		if (len > (room - 1) / 2)
			len = (room - 1) / 2;
		for (i = 0; i < len; i++) {
			dst[n++] = hex[(unsigned char)src[i] >> 4];
			dst[n++] = hex[(unsigned char)src[i] & 15];
		}
	}
	dst[n] = '\0';
	return n;
}
