// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a rule holds, as people write it. It must never look at a clock. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "program.h"
#include "../util/timespan.h"

/* A date with an hour or without, local time or, with a final Z, UTC. */
static bool read_date(const char *s, uint64_t *out)
{
	static const char *const formats[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d",
	};
	char text[32];
	size_t n = strlen(s), i;
	bool utc = n && s[n - 1] == 'Z';

	if (n >= sizeof(text) || strspn(s, "0123456789-:TZ") != n)
		return false;
	memcpy(text, s, n + 1);
	if (utc)
		text[n - 1] = '\0';
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, formats[i], &tm);
		int day = tm.tm_mday, month = tm.tm_mon;
		time_t t;

		if (!end || *end)
			continue;
		tm.tm_isdst = -1;
		t = utc ? timegm(&tm) : mktime(&tm);
		if (t <= 0 || (utc && (tm.tm_mday != day || tm.tm_mon != month)) ||
		    day > 31 || tm.tm_mon != month || tm.tm_year > 9999 - 1900)
			return false;
		*out = t;
		return true;
	}
	return false;
}

bool lifetime_until(struct rule *rule, const char *s)
{
	uint64_t seconds = 0;

	if (!strcmp(s, "quit"))
		rule->lifetime = RULE_L_QUIT;
	else if (!strcmp(s, "reboot"))
		rule->lifetime = RULE_L_REBOOT;
	else if (read_date(s, &seconds))
		rule->lifetime = RULE_L_DATE;
	else
		return false;
	rule->seconds = seconds;
	return true;
}

int rule_set_lifetime(struct rule *rule, const char *text)
{
	uint64_t seconds;

	if (!strcmp(text, "forever")) {
		rule->lifetime = RULE_L_FOREVER;
		rule->seconds = 0;
		return 0;
	}
	if (!strncmp(text, "until ", 6))
		return lifetime_until(rule, text + 6) ? 0 : -EINVAL;
	if (strncmp(text, "for ", 4) || snitch_span_parse(text + 4, &seconds))
		return -EINVAL;
	rule->lifetime = RULE_L_FOR;
	rule->seconds = seconds;
	return 0;
}
