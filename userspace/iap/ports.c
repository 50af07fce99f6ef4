// SPDX-License-Identifier: GPL-2.0-or-later
/* The Port of a description. */
#include <stdlib.h>
#include <string.h>

#include "../util/cleanup.h"
#include "iap.h"

/* A number of a port at @s, blanks around it skipped; -1: none. */
static long number(char **s)
{
	long n;

	*s += strspn(*s, " \t");
	if (**s < '0' || **s > '9')
		return -1;
	n = strtol(*s, s, 10);
	*s += strspn(*s, " \t");
	return n <= 65535 ? n : -1;
}

static bool part(char *text, struct rule_ports *out)
{
	long first = number(&text), last = first;

	if (first >= 0 && *text == '-') {
		text++;
		last = number(&text);
	}
	if (first < 0 || last < first || *text)
		return false;
	out->first = (uint16_t)first;
	out->last = (uint16_t)last;
	return true;
}

void iap_ports_parse(const char *text, const char *where, struct iap_connection *c,
		     struct iap_report *report)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *word;

	c->any_port = false;
	while (copy && (word = strsep(&rest, ","))) {
		if (c->n_ports == IAP_PORTS_MAX) {
			iap_fault(report, false, where, "more than %u ranges: the rest is left out",
				  IAP_PORTS_MAX);
			break;
		}
		if (part(word, &c->ports[c->n_ports]))
			c->n_ports++;
		else
			iap_fault(report, false, where, "'%.40s' is no port or range of ports from "
				  "0 to 65535: left out", word);
	}
	if (!c->n_ports)
		iap_fault(report, false, where, "no port is left: the description matches none");
}

bool iap_ports_fit(const struct iap_connection *c, int port)
{
	size_t i;

	if (c->any_port || (port < 0 && c->n_ports))
		return true;
	for (i = 0; i < c->n_ports; i++)
		if (port >= c->ports[i].first && port <= c->ports[i].last)
			return true;
	return false;
}

unsigned int iap_ports_width(const struct iap_connection *c)
{
	unsigned int width = 0;
	size_t i;

	if (c->any_port)
		return 65536;
	for (i = 0; i < c->n_ports; i++)
		width += c->ports[i].last - c->ports[i].first + 1;
	return width;
}
