// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines "key = value". It must never take a value that could end a line of its own.
 */
#include "lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lines_text(char *to, size_t size, const char *value)
{
	size_t i;

	for (i = 0; value[i]; i++) {
		if (iscntrl((unsigned char)value[i]))
			return -EINVAL;
	}
	return snprintf(to, size, "%s", value) < (int)size ? 0 : -EINVAL;
}

int lines_number(uint64_t *to, const char *value, uint64_t max)
{
	char *end;

	if (!isdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	*to = strtoull(value, &end, 10);
	return *end || errno || *to > max ? -EINVAL : 0;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

int lines_read(char *text, int (*take)(void *ctx, const char *key, const char *value), void *ctx,
	       unsigned int *line)
{
	char *next, *value;

	for (*line = 1; text && *text; text = next, ++*line) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		text = trim(text);
		if (!*text || *text == '#')
			continue;
		value = strchr(text, '=');
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		if (take(ctx, trim(text), trim(value)))
			return -EINVAL;
	}
	return 0;
}
