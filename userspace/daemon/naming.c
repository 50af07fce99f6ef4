// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What DNS messages teach the daemon, and what it tells the kernel of it beforehand. It must never
 * leave a conclusion with the kernel that a newer name has made wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "../util/log.h"
#include "../util/timespan.h"
#include "core.h"

#define DNS_PORT	53
#define FORESEE_ADDRS	16	/* of one answer */

/* ---- conclusions for the kernel ---------------------------------------------------- */

static void tell(struct core *core, const struct snitch_cache *cache)
{
	int r;

	r = snitch_device_cache(core->dev, cache);
	if (r == -ENOBUFS) {
		snitch_device_flush(core->dev);
		r = snitch_device_cache(core->dev, cache);
	}
	/* the kernel will ask, then */
	if (r)
		core->counters[CORE_ERRORS]++;
}

static bool is_final(uint32_t action)
{
	return action == SNITCH_ALLOW || action == SNITCH_DENY || action == SNITCH_DROP;
}

/* @known: the kernel may have a conclusion from before, which is wrong if there is none now. */
static void foresee(struct core *core, const struct owner *owner,
		    const struct snitch_flow_event *ev, bool known)
{
	struct snitch_cache cache = {
		.hdr = { .id = owner_id(owner) }, .action = SNITCH_DENY, .origin = SNITCH_BY_NAME,
		.family = ev->family, .proto = ev->proto, .port = ev->dport, .netns = ev->netns,
		.uid = ev->uid,
	};
	struct judgement j;

	rulebook_judge(core->rules, owner, ev, ev->when, &j);
	if (is_final(j.action) && !j.suspended && !core_wants_hello(core, ev, owner, &j)) {
		cache.action = j.action;
		cache.origin = j.by_name ? SNITCH_BY_NAME : SNITCH_BY_RULE;
		cache.origin_id = j.rule;
		cache.until = j.until;
	} else if (!known) {
		return;
	}
	memcpy(cache.addr, ev->daddr, sizeof(cache.addr));
	tell(core, &cache);
}

static void foresee_all(struct core *core, const struct snitch_dns *dns,
			const struct names_news *news)
{
	struct owner *owner = owners_find(&core->owners, dns->hdr.id);
	struct snitch_flow_event ev = {
		.owner = dns->hdr.id, .when = dns->when, .netns = dns->netns, .uid = dns->uid,
	};
	const struct rulebook_port *ports;
	unsigned int i, k, n;

	if (!core->dev || !owner || !rulebook_may_foresee(core->rules, owner))
		return;
	ports = rulebook_name_ports(core->rules, &n);
	for (i = 0; i < news->m.n_addrs; i++) {
		const struct dns_addr *a = &news->m.addrs[i];

		/* beyond that only what was said before is taken back */
		if (i >= FORESEE_ADDRS && !news->known[i])
			continue;
		ev.family = a->family;
		memcpy(ev.daddr, a->addr, sizeof(ev.daddr));
		for (k = 0; k < n; k++) {
			ev.proto = ports[k].proto;
			ev.dport = ports[k].port;
			foresee(core, owner, &ev, news->known[i]);
		}
	}
}

/* ---- events ------------------------------------------------------------------------ */

static void take_message(void *ctx, const struct snitch_dns *dns)
{
	static struct names_news news;	/* large; nothing is kept in it between calls */
	struct core *core = ctx;
	int r;

	r = names_take(core->names, core->queries, dns, rulebook_believes(core->rules, dns), &news);
	if (r == 1) {
		core->counters[CORE_NAMES]++;
		foresee_all(core, dns, &news);
	}
}

void core_dns(struct core *core, const struct snitch_dns *dns)
{
	core->counters[CORE_DNS]++;
	if (dns->flags & SNITCH_D_GROUP)
		names_take_said(core->names, dns);
	else if (dns->proto == IPPROTO_TCP)
		dns_streams_take(core->streams, dns, take_message, core);
	else
		take_message(core, dns);
}

/* ---- in words ---------------------------------------------------------------------- */

bool core_is_lookup(const struct snitch_flow_event *ev)
{
	return ev->dport == DNS_PORT && (ev->proto == IPPROTO_UDP || ev->proto == IPPROTO_TCP);
}

const char *core_looks_up(const struct core *core, const struct snitch_flow_event *ev)
{
	return core_is_lookup(ev) ? names_asked(core->queries, ev, snitch_boottime()) : NULL;
}

void core_name_in_words(const struct core *core, const struct snitch_flow_event *ev,
			const struct owner *owner, char *buf, size_t size)
{
	const char *lookup = core_looks_up(core, ev);
	struct name_found found[4];
	size_t n, i, at;

	buf[0] = '\0';
	if (lookup) {
		snprintf(buf, size, ", looks up %s", lookup);
		return;
	}
	n = rulebook_find_names(core->rules, owner, ev, snitch_boottime(), found, 4);
	for (i = 0, at = 0; i < n && at < size; i++)
		at += snprintf(buf + at, size - at, "%s%s (%s%s)", i ? ", " : ", looked up as ",
			       found[i].name, found[i].verified ? "" : "claimed, ",
			       name_source_word(found[i].source));
}

void core_question_names(const struct core *core, const struct snitch_flow_event *ev,
			 const struct owner *owner, struct question_names *names)
{
	struct name_found found[QUESTION_NAMES];
	const char *lookup = core_looks_up(core, ev);
	size_t i, n;

	memset(names, 0, sizeof(*names));
	n = rulebook_find_names(core->rules, owner, ev, snitch_boottime(), found, QUESTION_NAMES);
	for (i = 0; i < n; i++) {
		snprintf(names->name[i].text, sizeof(names->name[i].text), "%s", found[i].name);
		names->name[i].source = name_source_word(found[i].source);
		names->name[i].claimed = !found[i].verified;
	}
	names->n = n;
	if (lookup)
		snprintf(names->lookup, sizeof(names->lookup), "%s", lookup);
}
