/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * printf into fresh memory. Unlike asprintf(3) the result says by itself whether there is one,
 * so that a variable marked _cleanup_free_ never holds an address that is none.
 */
#ifndef SNITCH_UTIL_FORMAT_H
#define SNITCH_UTIL_FORMAT_H

#include <stdarg.h>

/** snitch_format - the text, for free(3); NULL without memory */
char *snitch_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** snitch_vformat - the same; @ap is used up, va_end() is the caller's */
char *snitch_vformat(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
