// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks at live flows in the loop: when, and how fast. It must never look more often than twice a
 * second, nor keep a flow that waits for its verdict waiting.
 *
 * A connection older than the policy is somebody's once he speaks on it. Until then it is looked for
 * again, more and more seldom.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/log.h"
#include "../util/timespan.h"
#include "daemon.h"

#define PAUSE_NS	(500 * SNITCH_NSEC_PER_MSEC)	/* from the beginning of one to that of the next */
#define WAIT_US		5000				/* for what the kernel was asked for */
#define PATIENCE_NS	SNITCH_NSEC_PER_SEC		/* with one piece of the table */
#define NOBODYS_US	2000000ULL			/* until the next look for whose they are */
#define NOBODYS_MAX_US	600000000ULL

/**
 * struct looker - a look at live flows
 * @timer: the next thing to do; NULL: nothing is
 * @walk: NULL: none is under way
 * @again: another one is to follow
 * @began: CLOCK_BOOTTIME ns; 0: never
 * @piece: when the last piece of the table came
 * @nobodys_us: how long to wait where some connections are nobody's yet
 */
struct looker {
	struct daemon *d;
	sd_event_source *timer;
	struct snitch_nl_walk *walk;
	bool again;
	uint64_t began, piece, nobodys_us;
};

static int take(void *ctx, const struct snitch_flow_info *flow)
{
	return core_live_take(ctx, flow);
}

static int cut(void *ctx, const struct snitch_flow_info *flow)
{
	struct looker *l = ctx;
	struct snitch_cut_done done;
	int r = l->d->nl ? snitch_nl_cut_flow(l->d->nl, flow, &done) : -ENOTCONN;

	return !r && done.left ? -EAGAIN : r;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata);

static void later(struct looker *l, uint64_t us)
{
	if (l->timer && sd_event_source_set_time_relative(l->timer, us) >= 0 &&
	    sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT) >= 0)
		return;
	l->timer = sd_event_source_disable_unref(l->timer);
	if (sd_event_add_time_relative(l->d->event, &l->timer, CLOCK_MONOTONIC, us, 1000, on_time,
				       l) < 0)
		log_msg(LOG_ERR, "no memory to look at live flows");
}

static void next(struct looker *l)
{
	uint64_t now = snitch_boottime(), due = l->began ? l->began + PAUSE_NS : 0;

	l->again = false;
	later(l, due > now ? (due - now) / 1000 + 1 : 0);
}

static void end(struct looker *l, int r)
{
	bool nobodys = l->d->core.live.nobodys;

	if (r && r != -ENOTCONN)
		log_msg(LOG_ERR, "live flows that rules refuse now may go on: %s", strerror(-r));
	if (l->d->core.live.cut)
		log_msg(LOG_NOTICE, "%u live flows cut that rules refuse now",
			l->d->core.live.cut);
	snitch_nl_walk_close(l->walk);
	l->walk = NULL;
	core_live_end(&l->d->core);
	if (l->again) {
		next(l);
	} else if (nobodys && !r) {
		later(l, l->nobodys_us);
		l->nobodys_us *= 2;
		if (l->nobodys_us > NOBODYS_MAX_US)
			l->nobodys_us = NOBODYS_MAX_US;
	}
}

static int begin(struct looker *l)
{
	int r;

	if (!l->d->nl)
		return -ENOTCONN;
	l->began = snitch_boottime();
	/* verdicts on their way are in the table then */
	kernel_flush(l->d);
	r = core_live_begin(&l->d->core);
	return r ? r : snitch_nl_walk_open(&l->walk);
}

/* Return: as snitch_nl_walk_step(). */
static int go_on(struct looker *l)
{
	int r = core_live_step(&l->d->core);

	if (r == -EAGAIN && snitch_boottime() - l->piece > PATIENCE_NS) {
		l->again |= core_live_give_up(&l->d->core);
		r = 0;
	}
	if (r)
		return r;
	l->piece = snitch_boottime();
	return snitch_nl_walk_step(l->walk, take, &l->d->core);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct looker *l = userdata;
	int r = 1;

	(void)source;
	(void)usec;
	if (l->walk)
		r = go_on(l);
	else
		r = begin(l) ?: 1;
	if (r == 1 || r == -EAGAIN)
		later(l, r == 1 ? 0 : WAIT_US);
	else
		end(l, r);
	return 0;
}

static void wanted(void *ctx)
{
	struct looker *l = ctx;

	l->nobodys_us = NOBODYS_US;
	if (l->walk)
		l->again = true;
	else
		next(l);
}

static const struct live_ops ops = { .wanted = wanted, .cut = cut };

int live_start(struct daemon *d)
{
	struct looker *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->d = d;
	d->looker = l;
	d->core.live.ops = &ops;
	d->core.live.ctx = l;
	return 0;
}

void live_lost(struct daemon *d)
{
	struct looker *l = d->looker;

	if (!l)
		return;
	l->again = false;
	l->timer = sd_event_source_disable_unref(l->timer);
	snitch_nl_walk_close(l->walk);
	l->walk = NULL;
	core_live_end(&d->core);
}

void live_stop(struct daemon *d)
{
	live_lost(d);
	d->core.live.ops = NULL;
	free(d->looker);
	d->looker = NULL;
}
