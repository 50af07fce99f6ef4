// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs say first on a connection: the name in a TLS or QUIC client's hello, where it
 * matters which one. It must never allow anything by a name that only the program has said.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../names/quic.h"
#include "../names/tls.h"
#include "../util/timespan.h"
#include "core.h"

#define HELLOS_MAX	256
#define HTTPS_PORT	443
#define SAID_TTL	600	/* seconds that people are shown it */

/**
 * struct hello - a flow whose first data wait
 * @done: they have been read; @name is what they said, "": nothing
 * @data: of TCP, @n bytes; @quic: of UDP. NULL when that is over
 */
struct hello {
	struct snitch_flow_event ev;
	struct owner *owner;
	bool done;
	char name[DNS_NAME_SIZE];
	uint8_t *data;
	size_t n;
	struct quic_reader *quic;
	TAILQ_ENTRY(hello) link;
};

static struct hello *find(const struct core *core, uint64_t flow)
{
	struct hello *h;

	TAILQ_FOREACH(h, &core->hellos, link) {
		if (h->ev.hdr.id == flow)
			return h;
	}
	return NULL;
}

static void drop(struct core *core, struct hello *h)
{
	TAILQ_REMOVE(&core->hellos, h, link);
	core->n_hellos--;
	owner_put(h->owner);
	free(h->data);
	free(h->quic);
	free(h);
}

void core_forget_hello(struct core *core, uint64_t flow)
{
	struct hello *h;

	while ((h = flow ? find(core, flow) : TAILQ_FIRST(&core->hellos)))
		drop(core, h);
}

const char *core_said(const struct core *core, const struct snitch_flow_event *ev)
{
	const struct hello *h = ev->flags & SNITCH_F_DATA ? find(core, ev->hdr.id) : NULL;

	return h && h->name[0] ? h->name : NULL;
}

/* ---- is it worth while? ------------------------------------------------------------- */

bool core_can_hear(const struct core *core, const struct snitch_flow_event *ev)
{
	if (!core->sni || !(core->welcome.features & SNITCH_FEATURE_DATA) ||
	    ev->flags & (SNITCH_F_DATA | SNITCH_F_SHARED | SNITCH_F_UNPARSED) ||
	    (ev->family != AF_INET && ev->family != AF_INET6))
		return false;
	return ev->proto == IPPROTO_TCP || (ev->proto == IPPROTO_UDP && ev->dport == HTTPS_PORT);
}

bool core_wants_hello(const struct core *core, const struct snitch_flow_event *ev,
		      const struct owner *owner, const struct judgement *j)
{
	if (j->named || core->mode.now == SNITCH_MODE_OFF || core->mode.now == SNITCH_MODE_LOCKDOWN ||
	    !core_can_hear(core, ev) || rulebook_panic(core->rules))
		return false;
	return rulebook_wants_said(core->rules, owner, ev, snitch_boottime());
}

/* ---- reading --------------------------------------------------------------------------- */

static struct hello *begin(struct core *core, const struct snitch_flow_event *ev,
			   struct owner *owner)
{
	struct hello *h = core->n_hellos < HELLOS_MAX ? calloc(1, sizeof(*h)) : NULL;

	if (!h)
		return NULL;
	h->ev = *ev;
	h->owner = owner_get(owner);
	TAILQ_INSERT_TAIL(&core->hellos, h, link);
	core->n_hellos++;
	if (ev->proto == IPPROTO_TCP)
		h->data = malloc(TLS_HELLO_MAX);
	else
		h->quic = calloc(1, sizeof(*h->quic));
	if (h->data || h->quic)
		return h;
	drop(core, h);
	return NULL;
}

bool core_wait_for_hello(struct core *core, const struct snitch_flow_event *ev,
			 struct owner *owner)
{
	struct hello *h;

	if (!(ev->flags & SNITCH_F_DATA) || !(core->welcome.features & SNITCH_FEATURE_DATA))
		return false;
	h = find(core, ev->hdr.id);
	if (h)
		return !h->done;
	/* without room it is judged by what is known without */
	return begin(core, ev, owner);
}

static int read_data(struct hello *h, const struct snitch_data *data, struct tls_hello *hello)
{
	size_t room = TLS_HELLO_MAX - h->n;

	if (h->quic)
		return quic_read(h->quic, data + 1, data->len, hello);
	room = data->len < room ? data->len : room;
	memcpy(h->data + h->n, data + 1, room);
	h->n += room;
	return tls_read(h->data, h->n, hello);
}

/* People are shown it with the address, as a claim; no other flow is judged by it. */
static void learn(struct core *core, const struct hello *h, bool encrypted)
{
	struct name_fact fact = {
		.scope = h->ev.owner, .netns = h->ev.netns, .name = h->name,
		.source = h->quic ? NAME_BY_QUIC : NAME_BY_SNI,
		.addr = { .family = h->ev.family }, .now = snitch_boottime(),
	};

	if (encrypted)
		fact.source = NAME_BY_OUTER;
	fact.until = names_until(fact.now, SAID_TTL);
	memcpy(fact.addr.addr, h->ev.daddr, sizeof(fact.addr.addr));
	names_learn(core->names, &fact);
}

void core_hello_data(struct core *core, const struct snitch_data *data)
{
	struct hello *h = find(core, data->hdr.id);
	struct snitch_flow_event ev;
	struct tls_hello hello;
	struct owner *owner;
	int r;

	if (!h || h->done)
		return;
	r = read_data(h, data, &hello);
	if (r == -EAGAIN && !(data->flags & SNITCH_DATA_LAST))
		return;
	if (!r && hello.name[0]) {
		memcpy(h->name, hello.name, sizeof(h->name));
		learn(core, h, hello.encrypted);
	}
	h->done = true;
	free(h->data);
	free(h->quic);
	h->data = NULL;
	h->quic = NULL;
	/* its verdict forgets it */
	ev = h->ev;
	owner = owner_get(h->owner);
	core_judge_flow(core, &ev, owner);
	owner_put(owner);
}
