// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Texts of policies as they may be shown. It must never let a link be shown without its target,
 * nor a character through that steers a terminal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "iap.h"

bool iap_is_link(const char *url, size_t len)
{
	size_t i;

	if (!(len > 7 && !strncasecmp(url, "http://", 7)) &&
	    !(len > 8 && !strncasecmp(url, "https://", 8)))
		return false;
	for (i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] >= 0x7f || strchr("<>\"\\^`{|}", url[i]))
			return false;
	return true;
}

/* A link "[text](url)" at @s: writes it and returns its length; 0: there is none. */
static size_t link_at(const char *s, FILE *to)
{
	size_t text, url;

	if (*s != '[')
		return 0;
	text = strcspn(s + 1, "[]");
	if (!text || strncmp(s + 1 + text, "](", 2))
		return 0;
	url = strcspn(s + text + 3, "()");
	if (s[text + 3 + url] != ')' || !iap_is_link(s + text + 3, url))
		return 0;
	if (text == url && !strncmp(s + 1, s + text + 3, url))
		fprintf(to, "%.*s", (int)url, s + 1);
	else
		fprintf(to, "%.*s (%.*s)", (int)text, s + 1, (int)url, s + text + 3);
	return text + url + 4;
}

char *iap_text(const char *raw)
{
	_cleanup_free_ char *plain = NULL;
	size_t size = 0, n, i;
	FILE *to;

	if (!raw)
		return NULL;
	to = open_memstream(&plain, &size);
	if (!to)
		return NULL;
	while (*raw) {
		n = link_at(raw, to);
		if (!n)
			fputc(*raw, to);
		raw += n ? n : 1;
	}
	if (fclose(to))
		return NULL;
	/* One line: what breaks lines becomes a blank, in a link's text, too. */
	for (i = 0; i < size; i++)
		if (strchr("\n\r\t", plain[i]) && plain[i])
			plain[i] = ' ';
	return snitch_escape(plain, size);
}
