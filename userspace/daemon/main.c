// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitchd: starts everything in order and ends it in reverse. It must never decide anything
 * itself.
 */
#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/log.h"
#include "../util/save.h"
#include "../util/timespan.h"
#include "daemon.h"

#define MMAP_THRESHOLD	(64 << 10)

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;

	(void)source;
	(void)si;
	sd_notify(0, "RELOADING=1");
	log_msg(LOG_INFO, "reading configuration and rules again");
	if (!config_read(d)) {
		rulebook_look_around(d->core.rules);
		profile_reload(d);
		core_reload(&d->core);
		agents_tell_rules(d);
		watch_times(d);
		d->lists_touched = true;
		lists_work(d);
	}
	sd_notify(0, "READY=1");
	return 0;
}

/* After each event: verdicts that anything but the device caused. */
static int on_post(sd_event_source *source, void *userdata)
{
	(void)source;
	kernel_flush(userdata);
	history_tick(userdata);
	return 0;
}

static int start_loop(struct daemon *d)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_default(&d->event);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
	if (r >= 0)
		r = sd_event_add_post(d->event, NULL, on_post, d);
	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	return r;
}

/* Makes a folder that is missing, and gives it to @pw (NULL: keeps it). */
static void make_folder(const char *root, const char *folder, mode_t mode, const struct passwd *pw)
{
	_cleanup_free_ char *path = NULL;

	path = snitch_format("%s%s", root, folder);
	if (!path)
		return;
	if (mkdir(path, mode)) {
		if (errno != EEXIST)
			log_msg(LOG_WARNING, "cannot make %s: %m", path);
		return;
	}
	if (chmod(path, mode) || (pw && chown(path, pw->pw_uid, pw->pw_gid)))
		log_msg(LOG_WARNING, "cannot give %s its owner and mode: %m", path);
}

static void make_folders(struct daemon *d)
{
	static const struct { const char *path; mode_t mode; } folders[] = {
		{ "/var/lib/snitch", 0750 }, { "/var/lib/snitch/rules", 0750 },
		{ "/var/lib/snitch/lists", 0750 },
		{ "/run/snitch", 0755 }, { "/run/snitch/rules", 0750 },
	};
	const struct passwd *pw = NULL;
	size_t i;

	if (d->opt.user && !geteuid())
		pw = getpwnam(d->opt.user);
	for (i = 0; i < SNITCH_ARRAY_SIZE(folders); i++)
		make_folder(d->opt.root, folders[i].path, folders[i].mode, pw);
}

/* What a daemon that was killed while it wrote has left. */
static void sweep_folders(const struct daemon *d)
{
	static const char *const folders[] = {
		"/var/lib/snitch", "/var/lib/snitch/rules", "/run/snitch/rules",
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(folders); i++) {
		_cleanup_free_ char *path = snitch_format("%s%s", d->opt.root, folders[i]);

		if (path)
			snitch_save_sweep(path);
	}
}

/* What the udev rule does, for machines without udev: opening needs CAP_NET_ADMIN all the same. */
static void share_device(struct daemon *d)
{
	const struct passwd *pw;

	if (!d->opt.user || geteuid() || d->opt.device || getenv(SNITCH_DEVICE_ENV))
		return;
	pw = getpwnam(d->opt.user);
	if (pw && !access(SNITCH_DEVICE_PATH, F_OK) &&
	    (chown(SNITCH_DEVICE_PATH, 0, pw->pw_gid) || chmod(SNITCH_DEVICE_PATH, 0660)))
		log_msg(LOG_WARNING, "cannot give %s to %s: %m", SNITCH_DEVICE_PATH, pw->pw_name);
}

static int start_mind(struct daemon *d)
{
	struct mode_clock clock;
	int r;

	r = core_init(&d->core, d->opt.root, &agents_ops, d);
	if (r)
		return r;
	d->core.mode_path = snitch_format("%s" MODE_FILE, d->opt.root);
	if (!d->core.mode_path)
		return -ENOMEM;
	r = config_read(d);
	if (r)
		return r;
	mode_clock_read(&clock);
	r = mode_load(&d->core.mode, d->core.mode_path, &clock);
	if (r)
		log_msg(LOG_ERR, "%s makes no sense (%s): mode is quiet; choose one with \"snitch mode\"",
			d->core.mode_path, r > 0 ? "contents" : strerror(-r));
	mode_expire(&d->core.mode, clock.boottime);
	rulebook_look_around(d->core.rules);
	r = rulebook_recall(d->core.rules);
	if (r)
		log_msg(LOG_ERR, "cannot read which executables changed (%s/var/lib/snitch: suspended, programs): %s",
			d->opt.root, r == -EBADMSG ? "a line makes no sense" : strerror(-r));
	r = rulebook_load(d->core.rules);
	if (r < 0)
		log_msg(LOG_ERR, "only %u rules, files with errors are left out: %s",
			rulebook_count(d->core.rules), rulebook_error(d->core.rules));
	return 0;
}

static int start(struct daemon *d)
{
	int r;

	r = start_loop(d);
	if (r < 0)
		return r;
	if (!d->opt.replay) {
		make_folders(d);
		share_device(d);
		r = sandbox_user(d->opt.user);
		if (r)
			return r;
		sweep_folders(d);
		inspect_start(d);
	}
	r = start_mind(d);
	if (!r)
		r = lists_start(d);
	if (!r)
		r = inspect_attach(d);
	if (!r)
		r = profile_start(d);
	if (r)
		return r;
	if (!d->opt.replay) {
		r = history_start(d);
		if (r)
			return r;
		bus_start(d);
		profile_bus(d);
		r = monitor_start(d);
		if (r)
			return r;
	}
	if (!d->opt.replay) {
		r = live_start(d);
		if (r)
			return r;
	}
	r = kernel_connect(d);
	if (r && !d->device) {
		log_msg(LOG_ERR, "%s", d->device_error);
		return r;
	}
	if (!d->opt.replay)
		watch_start(d);
	if (!d->opt.no_seccomp && sandbox_syscalls() < 0)
		return -EPERM;
	sd_notifyf(0, "READY=1\nSTATUS=mode %s, %u rules", snitch_mode_name(d->core.mode.now),
		   rulebook_count(d->core.rules));
	return 0;
}

static void stop(struct daemon *d)
{
	sd_notify(0, "STOPPING=1");
	if (d->core.questions) {
		trial_stop(d);
		bus_stop(d);
		watch_stop(d);
		monitor_stop(d);
		lists_stop(d);
		sd_event_source_unref(d->device_retry);
		kernel_disconnect(d);
		live_stop(d);
		history_stop(d);
		flows_stop(d);
		lend_stop(d);
		profile_stop(d);
		core_done(&d->core);
	}
	inspect_stop(d);
	if (d->record)
		fclose(d->record);
	sd_event_unref(d->event);
}

int main(int argc, char **argv)
{
	static struct daemon d;		/* large, and all zeroes: not in the program's file */
	int r;

	d.listen_fd = d.inotify_fd = d.route_fd = -1;
	r = options_parse(&d.opt, argc, argv);
	if (r)
		return r > 0 ? EXIT_SUCCESS : 2;
	umask(0027);
	/* what is big comes from the system and goes back to it, whatever was big before */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	TAILQ_INIT(&d.peers);
	TAILQ_INIT(&d.checks);
	log_open(d.opt.foreground);
	if (d.opt.debug)
		log_set_level(LOG_DEBUG);
	d.started = snitch_boottime();
	r = start(&d);
	if (!r)
		r = sd_event_loop(d.event);
	stop(&d);
	log_close();
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
