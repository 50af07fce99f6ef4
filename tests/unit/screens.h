/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screens as they were when somebody looked at them and found them good: tests/screens/NAME.
 * SNITCH_GOLDEN=write writes the file anew: read it.
 */
#ifndef SNITCH_TESTS_SCREENS_H
#define SNITCH_TESTS_SCREENS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/format.h"

static inline char *screen_read(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 17);

	assert_non_null(text);
	if (f)
		assert_true(fread(text, 1, (1 << 17) - 1, f) > 0);
	return text;
}

/* @text: all screens of a test, one after another. */
static inline void screens_compare(const char *name, const char *text)
{
	const char *top = getenv("SNITCH_TOP"), *write = getenv("SNITCH_GOLDEN");
	_cleanup_free_ char *path = NULL, *want = NULL;
	size_t at, line;

	path = snitch_format("%s/tests/screens/%s", top ? top : ".", name);
	assert_non_null(path);
	if (write && !strcmp(write, "write")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_true(fputs(text, f) >= 0);
		fclose(f);
		return;
	}
	want = screen_read(path);
	if (!strcmp(want, text))
		return;
	for (at = 0, line = 0; text[at] && text[at] == want[at]; at++) {
		if (text[at] == '\n')
			line = at + 1;
	}
	fail_msg("%s: this line is another one now, and what follows:\n%.*s\nwas\n%.*s", path,
		 (int)strcspn(text + line, "\n"), text + line,
		 (int)strcspn(want + line, "\n"), want + line);
}

#endif
