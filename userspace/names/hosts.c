// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading hosts(5). It must never let one odd line spoil the others. */
#include "hosts.h"

#include <arpa/inet.h>
#include <string.h>

#define WORD_MAX	256

/* The next word of a line, or false at its end, at a note, or when it is too long. */
static bool next_word(const char **p, const char *end, char word[WORD_MAX])
{
	size_t n = 0;

	while (*p < end && (**p == ' ' || **p == '\t' || **p == '\r'))
		(*p)++;
	while (*p < end && !strchr(" \t\r#", **p ? **p : '#')) {
		if (n == WORD_MAX - 1)
			return false;
		word[n++] = *(*p)++;
	}
	word[n] = '\0';
	return n > 0;
}

static bool leads_away(const struct dns_addr *a)
{
	static const uint8_t none[16], loopback[16] = { [15] = 1 };

	if (a->family == AF_INET)
		return a->addr[0] && a->addr[0] != 127;
	return memcmp(a->addr, none, 16) && memcmp(a->addr, loopback, 16);
}

static bool parse_addr(const char *word, struct dns_addr *a)
{
	memset(a, 0, sizeof(*a));
	a->family = strchr(word, ':') ? AF_INET6 : AF_INET;
	return inet_pton(a->family, word, a->addr) == 1 && leads_away(a);
}

static unsigned int learn_line(struct names *names, const char *p, const char *end,
			       uint32_t netns, unsigned int room)
{
	char word[WORD_MAX], name[DNS_NAME_SIZE];
	struct name_fact fact = {
		.netns = netns, .source = NAME_BY_HOSTS, .verified = true, .name = name,
		.until = NAMES_FOR_EVER,
	};
	unsigned int n = 0;

	if (!next_word(&p, end, word) || !parse_addr(word, &fact.addr))
		return 0;
	while (n < room && next_word(&p, end, word)) {
		if (dns_name_clean(word, name) && names_learn(names, &fact) >= 0)
			n++;
	}
	return n;
}

unsigned int hosts_learn(struct names *names, const char *text, size_t len, uint32_t netns)
{
	const char *end = text + len, *line, *stop;
	unsigned int n = 0;

	names_forget(names, 0, NAME_BY_HOSTS);
	for (line = text; line < end && n < NAMES_SYSTEM_MAX; line = stop + 1) {
		stop = memchr(line, '\n', end - line);
		if (!stop)
			stop = end;
		n += learn_line(names, line, stop, netns, NAMES_SYSTEM_MAX - n);
	}
	return n;
}
