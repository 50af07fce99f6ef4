// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inspector in the event loop: findings go to the mind. It must never wait for one.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "../util/log.h"
#include "daemon.h"

static int ask(void *ctx, uint64_t id, const char *path, int fd)
{
	struct daemon *d = ctx;

	return inspector_ask(d->inspector, id, path, fd);
}

int inspect_start(struct daemon *d)
{
	int r = inspector_start(&d->inspector, d->opt.root, !d->opt.no_seccomp);

	if (r)
		log_msg(LOG_ERR, "no process to look into executables: each that changes is suspended: %s",
			strerror(-r));
	return r;
}

static void gone(struct daemon *d)
{
	log_msg(LOG_ERR, "the process that looks into executables is gone: each that changes is suspended; restart snitchd");
	inspect_stop(d);
	core_no_inspector(&d->core);
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
	d->inspector_source = sd_event_source_disable_unref(d->inspector_source);
	inspector_stop(d->inspector);
	d->inspector = NULL;
}
