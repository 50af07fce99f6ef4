// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inspector in the event loop: findings go to the mind, and one that ends is replaced. It must
 * never wait for a finding.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "../util/log.h"
#include "../util/timespan.h"
#include "daemon.h"

#define LIFE_MIN_NS	(10 * SNITCH_NSEC_PER_SEC)	/* one that ends earlier would end again */
#define RETRY_US	60000000

static int ask(void *ctx, uint64_t id, const char *path, int fd)
{
	struct daemon *d = ctx;

	return d->inspector ? inspector_ask(d->inspector, id, path, fd) : -ESHUTDOWN;
}

int inspect_start(struct daemon *d)
{
	int r = inspector_start(&d->inspector, d->opt.root, !d->opt.no_seccomp);

	d->inspector_since = snitch_boottime();
	if (r)
		log_msg(LOG_ERR, "no process to look into executables: each that changes is suspended: %s",
			strerror(-r));
	return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);

/*
 * A process of its own can be ended by others: by want of memory, by a hand. What it was asked, the
 * next one is asked. If that ends at once, there is a reason, and nothing waits for the one after.
 */
static void gone(struct daemon *d)
{
	bool lasted = snitch_boottime() - d->inspector_since >= LIFE_MIN_NS;

	inspect_stop(d);
	log_msg(LOG_WARNING, "the process that looks into executables has ended");
	if (lasted && !inspect_start(d) && !inspect_attach(d)) {
		log_msg(LOG_NOTICE, "there is another one");
		core_new_inspector(&d->core);
		return;
	}
	inspect_stop(d);
	log_msg(LOG_ERR, "it ends again and again: each executable that changes is suspended; %s",
		"the next try is in a minute");
	core_no_inspector(&d->core);
	if (!d->inspector_retry)
		sd_event_add_time_relative(d->event, &d->inspector_retry, CLOCK_MONOTONIC, RETRY_US,
					   1000000, on_retry, d);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	d->inspector_retry = sd_event_source_unref(d->inspector_retry);
	if (inspect_start(d) || inspect_attach(d)) {
		gone(d);
		return 0;
	}
	log_msg(LOG_NOTICE, "executables are looked into again");
	core_new_inspector(&d->core);
	return 0;
}

static int on_finding(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;
	uint64_t before = d->core.generation;
	struct inspect_finding finding;
	int r;

	(void)source;
	(void)fd;
	(void)events;
	r = inspector_read(d->inspector, &finding);
	if (!r)
		core_finding(&d->core, &finding);
	else if (r == -ESHUTDOWN)
		gone(d);
	if (d->core.generation != before)
		agents_tell_rules(d);
	return 0;
}

int inspect_attach(struct daemon *d)
{
	int r;

	if (!d->inspector)
		return 0;
	d->core.changed.ask = ask;
	d->core.changed.ctx = d;
	r = sd_event_add_io(d->event, &d->inspector_source, inspector_fd(d->inspector), EPOLLIN,
			    on_finding, d);
	return r < 0 ? r : 0;
}

void inspect_stop(struct daemon *d)
{
	d->inspector_retry = sd_event_source_disable_unref(d->inspector_retry);
	d->inspector_source = sd_event_source_disable_unref(d->inspector_source);
	inspector_stop(d->inspector);
	d->inspector = NULL;
}
