// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Learning names from DNS messages. It must never learn from an answer that nobody asked for.
 */
#include "learn.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static void set_addr(struct dns_addr *a, uint8_t family, const uint8_t *bytes)
{
	a->family = family;
	memcpy(a->addr, bytes, sizeof(a->addr));
}

void names_path(const struct snitch_dns *dns, struct dns_path *path)
{
	*path = (struct dns_path){
		.owner = dns->hdr.id, .netns = dns->netns, .own_port = dns->own_port,
		.server_port = dns->server_port, .proto = dns->proto,
	};
	set_addr(&path->own, dns->family, dns->own);
	set_addr(&path->server, dns->family, dns->server);
}

static int learn(struct names *names, const struct snitch_dns *dns, bool verified,
		 struct names_news *news)
{
	struct name_fact fact = {
		.scope = dns->hdr.id, .netns = dns->netns, .verified = verified,
		.source = dns->proto == IPPROTO_TCP ? NAME_BY_TCP_DNS : NAME_BY_DNS,
		.name = news->m.name, .now = dns->when,
		.until = names_until(dns->when, news->m.ttl),
	};
	unsigned int i;
	int r;

	news->until = fact.until;
	for (i = 0; i < news->m.n_addrs; i++) {
		fact.addr = news->m.addrs[i];
		r = names_learn(names, &fact);
		if (r < 0)
			return r;
		news->known[i] = r;
	}
	return news->m.n_addrs ? 1 : 0;
}

int names_take(struct names *names, struct dns_queries *queries, const struct snitch_dns *dns,
	       bool verified, struct names_news *news)
{
	struct dns_path path;
	bool answer = dns->flags & SNITCH_D_ANSWER;
	int r;

	memset(news, 0, sizeof(*news));
	r = dns_parse(dns + 1, dns->len, &news->m);
	if (r)
		return r;
	if (news->m.answer != answer)
		return -EBADMSG;
	names_path(dns, &path);
	if (!answer) {
		dns_query_note(queries, &path, &news->m, dns->when);
		return 0;
	}
	if (!dns_query_answered(queries, &path, &news->m, dns->when))
		return -ENOENT;
	return learn(names, dns, verified, news);
}

const char *names_asked(const struct dns_queries *queries, const struct snitch_flow_event *ev,
			uint64_t now)
{
	struct dns_path path = {
		.owner = ev->owner, .netns = ev->netns, .own_port = ev->sport,
		.server_port = ev->dport, .proto = ev->proto,
	};

	set_addr(&path.own, ev->family, ev->saddr);
	set_addr(&path.server, ev->family, ev->daddr);
	return dns_query_last(queries, &path, now);
}

int names_take_said(struct names *names, const struct snitch_dns *dns)
{
	struct dns_said said[NAMES_SAID_MAX];
	struct name_fact fact = {
		.scope = NAMES_SCOPE_MDNS, .netns = dns->netns, .source = NAME_BY_MDNS,
		.now = dns->when,
	};
	int i, n;

	n = dns_parse_said(dns + 1, dns->len, said, NAMES_SAID_MAX);
	for (i = 0; i < n; i++) {
		fact.name = said[i].name;
		fact.addr = said[i].addr;
		fact.until = names_until(dns->when, said[i].ttl);
		names_learn(names, &fact);
	}
	return n;
}
