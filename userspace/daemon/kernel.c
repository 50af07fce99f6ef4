// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection to the kernel: device, netlink, and what happens when either goes away. It must
 * never keep the loop waiting for the kernel.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "../util/log.h"
#include "daemon.h"
#include "resolved.h"

#define RETRY_US	2000000

/* ---- a sink for devices that are no kernel --------------------------------------------------- */

static int null_begin(void *ctx, const struct snitch_policy *policy, uint64_t *generation)
{
	struct daemon *d = ctx;

	(void)policy;
	*generation = d->core.generation + 1;
	return 0;
}

static int null_apps(void *ctx, const char *const *paths, size_t n)
{
	(void)ctx;
	(void)paths;
	(void)n;
	return 0;
}

static int null_rules(void *ctx, const struct snitch_rule *rules, size_t n)
{
	(void)ctx;
	(void)rules;
	(void)n;
	return 0;
}

static int null_commit(void *ctx, uint64_t *generation, uint32_t *unbound)
{
	struct daemon *d = ctx;

	*generation = d->core.generation + 1;
	*unbound = 0;
	return 0;
}

static void null_abort(void *ctx)
{
	(void)ctx;
}

static const char *null_error(void *ctx)
{
	(void)ctx;
	return "";
}

static int null_sets(void *ctx, const struct snitch_set_data *sets, size_t n)
{
	(void)ctx;
	(void)sets;
	(void)n;
	return 0;
}

static void null_sink(struct daemon *d, struct snitch_policy_sink *sink)
{
	*sink = (struct snitch_policy_sink){
		.ctx = d,
		.begin = null_begin,
		.apps = null_apps,
		.rules = null_rules,
		.sets = null_sets,
		.commit = null_commit,
		.abort = null_abort,
		.error = null_error,
	};
}

/* ---- opening ------------------------------------------------------------------------------- */

/* True when @path is a socket or a descriptor: the fake device, which has no netlink. */
static bool is_fake(const struct options *opt)
{
	const char *path = opt->device ? opt->device : getenv(SNITCH_DEVICE_ENV);
	struct stat st;

	if (opt->replay)
		return true;
	if (!path)
		return false;
	return !strncmp(path, "fd:", 3) || (!stat(path, &st) && S_ISSOCK(st.st_mode));
}

static int explain(struct daemon *d, int r)
{
	static const struct { int r; const char *text; } known[] = {
		{ -ENOENT, "the kernel module is not loaded; run \"modprobe snitch\"" },
		{ -ENODEV, "the kernel module is not loaded; run \"modprobe snitch\"" },
		{ -EPERM, "no right to /dev/snitch; start snitchd as root or with CAP_NET_ADMIN" },
		{ -EACCES, "no right to /dev/snitch; give it to group snitch (60-snitch.rules of udev does), or start snitchd as root" },
		{ -EBUSY, "another decider is attached; stop it, or start with --takeover" },
		{ -EPROTONOSUPPORT,
		  "module and daemon are of different versions; install both from one release and reload the module" },
		{ -EBADMSG, "the file to replay is no recording" },
	};
	size_t i;

	snprintf(d->device_error, sizeof(d->device_error), "cannot attach to the kernel: %s",
		 strerror(-r));
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].r == r)
			snprintf(d->device_error, sizeof(d->device_error), "%s", known[i].text);
	}
	return r;
}

void kernel_flush(struct daemon *d)
{
	int r;

	if (!d->device)
		return;
	r = snitch_device_flush(d->device);
	sd_event_source_set_io_events(d->device_source,
				      snitch_device_events(d->device) & POLLOUT ?
				      EPOLLIN | EPOLLOUT : EPOLLIN);
	if (r && r != -EAGAIN)
		log_msg(LOG_ERR, "verdicts were not taken: %s", strerror(-r));
}

static int lost(struct daemon *d, int r)
{
	kernel_disconnect(d);
	bus_properties_changed(d, "Deciding", NULL);
	if (d->opt.replay)
		return sd_event_exit(d->event, r == -ESHUTDOWN ? 0 : r);
	if (r == -EPERM) {
		snprintf(d->device_error, sizeof(d->device_error),
			 "another decider has taken over");
		log_msg(LOG_ERR, "%s: this daemon ends", d->device_error);
		return sd_event_exit(d->event, 0);
	}
	explain(d, r == -ESHUTDOWN ? -ENOENT : r);
	log_msg(LOG_ERR, "the kernel is gone: %s", d->device_error);
	kernel_retry_later(d);
	return 0;
}

static int on_device(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;
	int r;

	(void)source;
	(void)fd;
	(void)events;
	/* Who connects has been told the address already, but we not always the name: this source
	 * comes first.
	 */
	if (d->resolved)
		resolved_catch_up(d->resolved);
	r = snitch_device_read(d->device, &core_handler, &d->core);
	if (r < 0)
		return lost(d, r);
	kernel_flush(d);
	r = snitch_device_record_error(d->device);
	if (r && d->record) {
		log_msg(LOG_ERR, "the recording ends: %s", strerror(-r));
		snitch_device_record(d->device, NULL);
		fclose(d->record);
		d->record = NULL;
	}
	return 0;
}

/* A file for all connections, one after another. */
static void record(struct daemon *d)
{
	if (d->record) {
		snitch_device_record_on(d->device, d->record);
		return;
	}
	d->record = fopen(d->opt.record, "we");
	if (d->record)
		snitch_device_record(d->device, d->record);
	else
		log_msg(LOG_ERR, "cannot record to %s: %m", d->opt.record);
}

static int open_device(struct daemon *d, struct snitch_welcome *welcome)
{
	unsigned int flags = SNITCH_OPEN_DNS | SNITCH_OPEN_DATA |
			     (d->opt.takeover ? SNITCH_HELLO_TAKEOVER : 0);
	int r;

	if (d->opt.replay)
		return snitch_replay_open(d->opt.replay, &d->device, welcome);
	r = snitch_device_open(d->opt.device, SNITCH_ROLE_DECIDER, flags, &d->device, welcome);
	if (!r && d->opt.record)
		record(d);
	return r;
}

static int open_sink(struct daemon *d)
{
	int r;

	d->fake = is_fake(&d->opt);
	if (d->fake) {
		null_sink(d, &d->core.sink);
		return 0;
	}
	if (!d->nl) {
		r = snitch_nl_open(&d->nl);
		if (r)
			return r;
	}
	snitch_nl_sink(d->nl, &d->core.sink);
	return 0;
}

int kernel_connect(struct daemon *d)
{
	struct snitch_welcome welcome;
	int r;

	r = open_sink(d);
	if (!r)
		r = open_device(d, &welcome);
	if (r) {
		kernel_disconnect(d);
		return explain(d, r);
	}
	core_attach(&d->core, d->device, &welcome);
	r = sd_event_add_io(d->event, &d->device_source, snitch_device_fd(d->device), EPOLLIN,
			    on_device, d);
	if (r >= 0)	/* nothing is more urgent than a flow that waits */
		r = sd_event_source_set_priority(d->device_source, SD_EVENT_PRIORITY_IMPORTANT);
	if (r < 0) {
		kernel_disconnect(d);
		return explain(d, r);
	}
	d->device_error[0] = '\0';
	history_watch(d);
	r = core_install(&d->core);
	if (r)
		snprintf(d->device_error, sizeof(d->device_error), "%.150s",
			 rulebook_error(d->core.rules));
	log_msg(LOG_INFO, "deciding; %u flows at most, %u ms for a decision", welcome.max_flows,
		welcome.consult_ms);
	bus_properties_changed(d, "Deciding", "Generation", NULL);
	/*
	 * Flows of an earlier decider may have come along with the greeting: they are in the library
	 * by now, so that the descriptor would not tell of them. An error comes again in the loop.
	 */
	if (!d->opt.replay && snitch_device_read(d->device, &core_handler, &d->core) > 0)
		kernel_flush(d);
	return r;
}

void kernel_disconnect(struct daemon *d)
{
	history_unwatch(d);
	live_lost(d);
	d->device_source = sd_event_source_disable_unref(d->device_source);
	if (d->device) {
		core_attach(&d->core, NULL, NULL);
		snitch_device_close(d->device);
		d->device = NULL;
	}
	memset(&d->core.sink, 0, sizeof(d->core.sink));
	snitch_nl_close(d->nl);
	d->nl = NULL;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	d->device_retry = sd_event_source_unref(d->device_retry);
	if (kernel_connect(d) && !d->device)
		kernel_retry_later(d);
	return 0;
}

void kernel_retry_later(struct daemon *d)
{
	if (!d->device_retry)
		sd_event_add_time_relative(d->event, &d->device_retry, CLOCK_MONOTONIC, RETRY_US,
					   100000, on_retry, d);
}
