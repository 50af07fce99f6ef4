/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several fuzzers do to a text: one small change at random. */
#ifndef TESTS_FUZZ_SPOIL_H
#define TESTS_FUZZ_SPOIL_H

#include <stdlib.h>
#include <string.h>

/* @bytes, @n_bytes of them: what stands in the way of this text's reader.
 * Return: the bytes that @text has now, at most @size.
 */
static inline size_t spoil_text(char *text, size_t n, size_t size, const char *bytes,
				size_t n_bytes)
{
	size_t at = n ? rand() % n : 0, len;

	switch (rand() % 5) {
	case 0:
		if (!n)
			break;
		memmove(text + at, text + at + 1, n - at - 1);
		return n - 1;
	case 1:
		if (n == size)
			break;
		memmove(text + at + 1, text + at, n - at);
		text[at] = bytes[rand() % n_bytes];
		return n + 1;
	case 2:
		if (n)
			text[at] = rand();
		break;
	case 3:		/* a piece stands there twice */
		len = n ? rand() % (n - at + 1) : 0;
		if (n + len > size)
			break;
		memmove(text + at + len, text + at, n - at);
		return n + len;
	default:
		return at;
	}
	return n;
}

#endif
