/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files of lines "key = value". Private to userspace/lists.
 */
#ifndef SNITCH_LISTS_LINES_H
#define SNITCH_LISTS_LINES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Calls @take for each line, blank ones and those with '#' apart; @text is cut up. Return: 0, or
 * -EINVAL with the @line that is none or that @take did not want.
 */
int lines_read(char *text, int (*take)(void *ctx, const char *key, const char *value), void *ctx,
	       unsigned int *line);

/* For @take. Return: 0, or -EINVAL: too long or with control characters; no number up to @max. */
int lines_text(char *to, size_t size, const char *value);
int lines_number(uint64_t *to, const char *value, uint64_t max);

#endif
