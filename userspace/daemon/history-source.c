// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The history in the event loop: writes a few seconds after the first thing to write, and what the
 * kernel decided by itself, read as an observer. It must never wake up by itself when nothing
 * happens, nor more than ten times a second when much does.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "daemon.h"
#include "history-source.h"
#include "remember.h"

#define WRITE_US	5000000
#define READ_PAUSE_US	100000
#define OWNERS_KEPT	64	/* the kernel counts on half of them */
#define FLOWS_KEPT	64	/* FLOW before its DECIDED, but other processors' in between */

/**
 * struct history_source - of one daemon
 * @wanted: as configured
 * @write_timer: runs while something is gathered
 * @device: the observer's; NULL: none
 * @pause_timer: runs while @device is not listened to
 * @owners: those that it was told of last, the latest first
 * @flows: that wait for their DECIDED, the oldest first
 */
struct history_source {
	struct history_wish wanted;
	sd_event_source *write_timer;
	struct snitch_device *device;
	sd_event_source *device_source;
	sd_event_source *pause_timer;
	struct owner *owners[OWNERS_KEPT];
	struct snitch_flow_event flows[FLOWS_KEPT];
	unsigned int n_flows;
	uint64_t missed;
};

/* ---- writing -------------------------------------------------------------------------------- */

static int on_write(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	d->history->write_timer = sd_event_source_unref(d->history->write_timer);
	history_flush(d->core.history);
	return 0;
}

void history_tick(struct daemon *d)
{
	if (d->core.history && !d->history->write_timer && history_dirty(d->core.history))
		sd_event_add_time_relative(d->event, &d->history->write_timer, CLOCK_MONOTONIC,
					   WRITE_US, 1000000, on_write, d);
}

/* ---- what the kernel decided ------------------------------------------------------------------ */

static const struct owner *find_owner(struct daemon *d, uint64_t id)
{
	const struct owner *owner = owners_find(&d->core.owners, id);
	unsigned int i;

	for (i = 0; !owner && i < OWNERS_KEPT; i++) {
		if (d->history->owners[i] && owner_id(d->history->owners[i]) == id)
			owner = d->history->owners[i];
	}
	return owner;
}

/* The kernel sends an ancestor again only when it has told of others since. */
static void on_owner(void *ctx, const struct snitch_owner_info *info)
{
	struct daemon *d = ctx;
	struct owner **kept = d->history->owners, *owner, *last;
	unsigned int i;

	for (i = 0; i < OWNERS_KEPT - 1 && kept[i]; i++) {
		if (owner_id(kept[i]) == info->wire->hdr.id)
			break;
	}
	owner = last = kept[i];
	if (!last || owner_id(last) != info->wire->hdr.id) {
		owner = owners_find(&d->core.owners, info->wire->hdr.id);
		owner = owner ? owner_get(owner) :
				owner_new(info, find_owner(d, info->wire->parent));
		owner_put(last);
	}
	memmove(kept + 1, kept, i * sizeof(kept[0]));
	kept[0] = owner;
}

/* Only what was never parked: of the rest the mind knows, and its flows have ids. */
static void on_flow(void *ctx, const struct snitch_flow_event *ev)
{
	struct history_source *s = ((struct daemon *)ctx)->history;

	if (ev->hdr.id)
		return;
	if (s->n_flows == FLOWS_KEPT)
		memmove(s->flows, s->flows + 1, --s->n_flows * sizeof(s->flows[0]));
	s->flows[s->n_flows++] = *ev;
}

static void on_decided(void *ctx, const struct snitch_decided *decided)
{
	struct daemon *d = ctx;
	struct history_source *s = d->history;
	const struct owner *owner = find_owner(d, decided->owner);
	struct remember_text text;
	struct history_flow flow;
	unsigned int i;

	for (i = 0; i < s->n_flows && s->flows[i].owner != decided->owner; i++)
		;
	if (decided->hdr.id || i == s->n_flows)
		return;
	if (owner && s->flows[i].flags & SNITCH_F_PASSED) {
		/* it has sent nothing: no row, or a rule would be made of it */
		core_record(&d->core, LOG_WARNING, "got another program's open connection",
			    &s->flows[i], owner, decided->origin_id);
	} else if (owner) {
		remember_fill(&d->core, &s->flows[i], owner, &text, &flow);
		flow.action = decided->action;
		flow.origin = decided->origin;
		flow.rule = decided->origin == SNITCH_BY_RULE || decided->origin == SNITCH_BY_NAME ||
			    decided->origin == SNITCH_BY_PERSON ? decided->origin_id : 0;
		flow.inbound = decided->origin == SNITCH_BY_INBOUND;
		flow.port = flow.inbound ? s->flows[i].sport : flow.port;
		flow.count = 1;
		if (decided->origin == SNITCH_BY_RULE)
			rulebook_count_decided(d->core.rules, flow.rule, &s->flows[i]);
		if (history_add(d->core.history, &flow))
			remember_flush(&d->core);
	}
	s->n_flows--;
	memmove(&s->flows[i], &s->flows[i + 1], (s->n_flows - i) * sizeof(s->flows[0]));
}

/* Nobody says which way it was: the row that is there tells. */
static void on_ended(void *ctx, const struct snitch_ended *ended)
{
	struct daemon *d = ctx;
	const struct owner *owner = find_owner(d, ended->owner);
	struct remember_text text;
	struct history_flow flow;
	bool due;

	if (!owner || !(ended->bytes | ended->rx_bytes))
		return;
	remember_owner(&d->core, owner, ended->uid, &text, &flow);
	flow.family = ended->family;
	flow.proto = ended->proto;
	flow.port = ended->dport;
	memcpy(flow.address, ended->daddr, sizeof(flow.address));
	flow.sent = ended->bytes;
	flow.received = ended->rx_bytes;
	due = history_bytes(d->core.history, &flow);
	flow.inbound = true;
	flow.port = ended->sport;
	if (history_bytes(d->core.history, &flow) || due)
		remember_flush(&d->core);
}

static void on_lost(void *ctx, const struct snitch_lost *lost)
{
	struct history_source *s = ((struct daemon *)ctx)->history;

	s->missed += lost->events;
	s->n_flows = 0;	/* what is left may belong to other decisions */
}

const struct snitch_handler history_handler = {
	.owner = on_owner, .flow = on_flow, .decided = on_decided, .ended = on_ended,
	.lost = on_lost,
};

static int on_pause_end(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	d->history->pause_timer = sd_event_source_unref(d->history->pause_timer);
	sd_event_source_set_enabled(d->history->device_source, SD_EVENT_ON);
	return 0;
}

void history_catch_up(struct daemon *d)
{
	int r = d->history && d->history->device ?
		snitch_device_read(d->history->device, &history_handler, d) : 0;

	if (r >= 0)
		return;
	log_msg(LOG_WARNING, "what the kernel decides by itself is not kept from now on: %s",
		strerror(-r));
	history_unwatch(d);
}

/* Reads all there is, then nothing for a while: a hundred decisions are one wake-up. */
static int on_device(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;

	(void)fd;
	(void)events;
	history_catch_up(d);
	if (!d->history->device)
		return 0;
	if (sd_event_add_time_relative(d->event, &d->history->pause_timer, CLOCK_MONOTONIC,
				       READ_PAUSE_US, 10000, on_pause_end, d) >= 0)
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

void history_watch(struct daemon *d)
{
	int r;

	if (!d->core.history || !d->history->wanted.all || d->fake || d->history->device)
		return;
	r = snitch_device_open(d->opt.device, SNITCH_ROLE_OBSERVER, 0, &d->history->device, NULL);
	if (!r)
		r = sd_event_add_io(d->event, &d->history->device_source,
				    snitch_device_fd(d->history->device), EPOLLIN, on_device, d);
	if (r >= 0)	/* whatever waits for an answer comes first */
		r = sd_event_source_set_priority(d->history->device_source,
						 SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		return;
	log_msg(LOG_WARNING, "what the kernel decides by itself is not kept: %s", strerror(-r));
	history_unwatch(d);
}

void history_unwatch(struct daemon *d)
{
	struct history_source *s = d->history;
	unsigned int i;

	if (!s)
		return;
	s->pause_timer = sd_event_source_disable_unref(s->pause_timer);
	s->device_source = sd_event_source_disable_unref(s->device_source);
	snitch_device_close(s->device);
	s->device = NULL;
	s->n_flows = 0;
	for (i = 0; i < OWNERS_KEPT; i++)
		s->owners[i] = owner_put(s->owners[i]);
}

uint64_t history_missed(const struct daemon *d)
{
	if (!d->core.history)
		return 0;
	return d->history->missed + history_lost(d->core.history);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

int history_start(struct daemon *d)
{
	_cleanup_free_ char *folder = snitch_format("%s/var/lib/snitch", d->opt.root);
	int r;

	d->history = calloc(1, sizeof(*d->history));
	if (!d->history || !folder)
		return -ENOMEM;
	d->history->wanted = d->history_wish;
	if (d->history_wish.off)
		return 0;
	r = history_open(folder, &d->history_wish.limits, &d->core.history);
	if (r)
		log_msg(LOG_ERR, "no history is kept: %s/" HISTORY_FILE " cannot be opened: %s", folder,
			strerror(-r));
	return 0;
}

void history_stop(struct daemon *d)
{
	if (!d->history)
		return;
	history_unwatch(d);
	sd_event_source_disable_unref(d->history->write_timer);
	history_close(d->core.history);
	d->core.history = NULL;
	free(d->history);
	d->history = NULL;
}
