// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What changes around the daemon: rule folders, name servers, interfaces, and time. It must never
 * wake up when nothing has changed.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/timespan.h"
#include "daemon.h"
#include "keeper.h"

#define SETTLE_US	200000	/* editors and tools write in several steps */
#define FOLDER_EVENTS	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | \
			 IN_ATTRIB)
#define RESOLVED_FOLDER	"/run/systemd/resolve"
#define RESOLVED_EVENTS	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE)

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;
	uint64_t before = d->core.generation;
	bool moved = false;

	(void)source;
	(void)usec;
	d->settle_timer = sd_event_source_unref(d->settle_timer);
	if (d->places_touched) {
		moved = rulebook_look_around(d->core.rules) == 1;
		monitor_again(d);
	}
	if (d->rules_touched)
		core_files_changed(&d->core);
	if (d->lists_touched)
		lists_work(d);
	if (d->profiles_touched)
		profile_reload(d);
	d->places_touched = false;
	d->rules_touched = false;
	d->profiles_touched = false;
	if (moved && d->core.generation == before) {
		log_msg(LOG_INFO, "networks, name servers or hosts of this machine changed");
		core_install(&d->core);
		core_rejudge(&d->core);
	}
	if (d->core.generation != before)
		agents_tell_rules(d);
	watch_times(d);
	return 0;
}

static void settle_later(struct daemon *d)
{
	if (!d->settle_timer)
		sd_event_add_time_relative(d->event, &d->settle_timer, CLOCK_MONOTONIC, SETTLE_US,
					   10000, on_settled, d);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && !strcmp(name + len - n, suffix);
}

/* A list, or what came of fetching one; not what is still being written. */
static bool is_of_list(const char *name)
{
	return name[0] != '.' && (has_suffix(name, ".list") || has_suffix(name, ".conf") ||
				  has_suffix(name, ".except") || has_suffix(name, ".result"));
}

/* A folder that is not there yet is not watched: SIGHUP or Reload reads it then. */
static void watch_folder(struct daemon *d, const char *folder, uint32_t events)
{
	_cleanup_free_ char *path = NULL;

	path = snitch_format("%s%s", d->opt.root, folder);
	if (!path)
		return;
	if (inotify_add_watch(d->inotify_fd, path, events | IN_ONLYDIR) < 0)
		log_msg(errno == ENOENT ? LOG_DEBUG : LOG_WARNING, "cannot watch %s: %m", path);
}

/* Who answers for names, and which ones: /etc, and systemd-resolved's folder. */
static bool is_of_places(struct daemon *d, const char *name)
{
	static const char *const names[] = { "resolv.conf", "hosts", "io.systemd.Resolve.Monitor" };
	size_t i;

	if (!strcmp(name, "resolve")) {
		watch_folder(d, RESOLVED_FOLDER, RESOLVED_EVENTS);	/* it is there now */
		return true;
	}
	for (i = 0; i < SNITCH_ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

static void note_file(struct daemon *d, const struct inotify_event *ev)
{
	size_t len = ev->len ? strlen(ev->name) : 0;

	if (len && is_of_places(d, ev->name))
		d->places_touched = true;
	else if (len && !strcmp(ev->name, "profiles.conf"))
		d->profiles_touched = true;
	else if (len && is_of_list(ev->name))
		d->lists_touched = true;
	else if (!len || has_suffix(ev->name, ".rules") || (ev->mask & IN_Q_OVERFLOW))
		d->rules_touched = true;
	else
		return;
	d->lists_touched |= !len || (ev->mask & IN_Q_OVERFLOW);
	settle_later(d);
}

static int on_inotify(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *ev;
	struct daemon *d = userdata;
	ssize_t n, at;

	(void)source;
	(void)events;
	n = read(fd, buf, sizeof(buf));
	for (at = 0; at < n; at += sizeof(*ev) + ev->len) {
		ev = (const struct inotify_event *)(buf + at);
		note_file(d, ev);
	}
	return 0;
}

static int watch_files(struct daemon *d)
{
	const char *folder;
	unsigned int i;

	d->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (d->inotify_fd < 0)
		return -errno;
	for (i = 0; (folder = rulebook_folder(d->core.rules, i)); i++)
		watch_folder(d, folder, FOLDER_EVENTS);
	for (i = 0; (folder = keeper_folder(i)); i++)
		watch_folder(d, folder, FOLDER_EVENTS);
	/* /etc as a whole is quiet enough, and resolv.conf is replaced by renaming */
	watch_folder(d, "/etc", IN_CLOSE_WRITE | IN_MOVED_TO);
	watch_folder(d, "/etc/snitch", IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
	/* systemd-resolved may begin later than we do */
	watch_folder(d, "/run/systemd", IN_CREATE);
	watch_folder(d, RESOLVED_FOLDER, RESOLVED_EVENTS);
	return sd_event_add_io(d->event, &d->inotify_source, d->inotify_fd, EPOLLIN, on_inotify, d);
}

/* ---- interfaces --------------------------------------------------------------------------------- */

static int on_route(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct daemon *d = userdata;
	char buf[8192];

	(void)source;
	(void)events;
	/* what changed does not matter: all addresses are read again */
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) > 0)
		;
	d->places_touched = true;
	settle_later(d);
	return 0;
}

static int watch_interfaces(struct daemon *d)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};

	d->route_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (d->route_fd < 0 || bind(d->route_fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return sd_event_add_io(d->event, &d->route_source, d->route_fd, EPOLLIN, on_route, d);
}

/* ---- time ------------------------------------------------------------------------------------------ */

static int on_mode_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	if (core_expire_mode(&d->core))
		agents_tell_mode(d);
	watch_times(d);
	return 0;
}

static int on_rules_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)usec;
	rulebook_expire(d->core.rules);
	log_msg(LOG_INFO, "timed rules have ended");
	core_install(&d->core);
	core_rejudge(&d->core);
	agents_tell_rules(d);
	watch_times(d);
	return 0;
}

void watch_times(struct daemon *d)
{
	uint64_t next = rulebook_next_change(d->core.rules);
	uint64_t until = d->core.mode.until;

	d->mode_timer = sd_event_source_disable_unref(d->mode_timer);
	d->rules_timer = sd_event_source_disable_unref(d->rules_timer);
	if (until)
		sd_event_add_time(d->event, &d->mode_timer, CLOCK_BOOTTIME, until / 1000 + 1, 100000,
				  on_mode_time, d);
	if (next)
		sd_event_add_time(d->event, &d->rules_timer, CLOCK_BOOTTIME, next / 1000 + 1000,
				  100000, on_rules_time, d);
}

int watch_start(struct daemon *d)
{
	int r;

	r = watch_files(d);
	if (r < 0)
		log_msg(LOG_WARNING, "changes of rule files are not noticed: %s", strerror(-r));
	r = watch_interfaces(d);
	if (r < 0)
		log_msg(LOG_WARNING, "changes of interfaces are not noticed: %s", strerror(-r));
	watch_times(d);
	return 0;
}

void watch_stop(struct daemon *d)
{
	sd_event_source_unref(d->inotify_source);
	sd_event_source_unref(d->route_source);
	sd_event_source_unref(d->settle_timer);
	sd_event_source_unref(d->mode_timer);
	sd_event_source_unref(d->rules_timer);
	if (d->inotify_fd >= 0)
		close(d->inotify_fd);
	if (d->route_fd >= 0)
		close(d->route_fd);
}
