// SPDX-License-Identifier: GPL-2.0-or-later
/* printf into fresh memory. */
#include <stdio.h>

#include "format.h"

char *snitch_vformat(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

char *snitch_format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = snitch_vformat(fmt, ap);
	va_end(ap);
	return text;
}
