// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which languages a person wants texts in. It must never make a path of anything but letters,
 * digits and '-'.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../util/cleanup.h"
#include "iap.h"

#define LAST	"en"

static char plain(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

bool iap_lang_same(const char *a, const char *b)
{
	for (; *a && *b && plain(*a) == plain(*b); a++, b++)
		;
	return !*a && !*b;
}

static void add_one(struct iap_langs *langs, const char *lang, size_t len)
{
	char *out = langs->lang[langs->n];
	size_t i;

	if (!len || len >= sizeof(langs->lang[0]) || langs->n == IAP_LANGS_MAX)
		return;
	for (i = 0; i < len; i++)
		out[i] = lang[i] == '_' ? '-' : lang[i];
	out[len] = '\0';
	for (i = 0; i < langs->n; i++)
		if (iap_lang_same(langs->lang[i], out))
			return;
	langs->n++;
}

/* "de_AT.UTF-8@euro": de-AT, then de. */
static void add(struct iap_langs *langs, const char *locale, size_t len)
{
	size_t i;

	for (i = 0; i < len && (isalnum((unsigned char)locale[i]) || locale[i] == '-' ||
				locale[i] == '_'); i++)
		;
	if (i < len && locale[i] != '.' && locale[i] != '@')
		return;
	len = i;
	if ((len == 1 && *locale == 'C') || (len == 5 && !strncmp(locale, "POSIX", 5)))
		return;
	add_one(langs, locale, len);
	while (len--)
		if (locale[len] == '-' || locale[len] == '_')
			add_one(langs, locale, len);
}

static void add_list(struct iap_langs *langs, const char *list)
{
	size_t n;

	for (; *list; list += n + (list[n] != '\0')) {
		n = strcspn(list, ":,");
		add(langs, list, n);
	}
}

static const char *from(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

void iap_langs_init(struct iap_langs *langs, const char *list)
{
	const char *locale = from("LC_ALL"), *more = from("LANGUAGE");

	memset(langs, 0, sizeof(*langs));
	if (list) {
		add_list(langs, list);
	} else {
		if (!locale)
			locale = from("LC_MESSAGES");
		if (!locale)
			locale = from("LANG");
		/* as gettext(3) has it: $LANGUAGE counts where there is a locale at all */
		if (more && locale && *locale != 'C' && strcmp(locale, "POSIX"))
			add_list(langs, more);
		if (locale)
			add(langs, locale, strlen(locale));
	}
	add_one(langs, LAST, strlen(LAST));
}
