// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-polkit: stands in for polkit on a bus of a test's own, and answers as a file says. It must
 * never be taken for the real one: it checks nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "../../userspace/util/cleanup.h"

#define NAME		"org.freedesktop.PolicyKit1"
#define PATH		"/org/freedesktop/PolicyKit1/Authority"
#define INTERFACE	NAME ".Authority"

static const char usage[] =
	"usage: snitch-polkit ADDRESS SCRIPT\n"
	"  SCRIPT  lines \"ACTION ANSWER\", read again for each question; the last one that fits counts.\n"
	"          yes, no, password (a person would have to type one), typed (and does, if that is\n"
	"          allowed), never, error, text (an answer of other types), short, long, both, die\n"
	"Prints \"check ACTION UID quiet|person\" and \"cancel\" as they come. SIGHUP: signals Changed.\n";

static void answer_of(const char *path, const char *action, char *answer, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256], name[128], word[32];

	snprintf(answer, size, "no");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%127s %31s", name, word) == 2 && !strcmp(name, action))
			snprintf(answer, size, "%s", word);
	}
}

/* Whom it is about; -1: nobody that polkit could know. */
static long subject_uid(sd_bus_message *m)
{
	const char *kind, *key, *name;
	sd_bus_creds *creds = NULL;
	uid_t uid;
	int r;

	r = sd_bus_message_read(m, "(sa{sv})", &kind, 1, &key, "s", &name);
	if (r < 0 || strcmp(kind, "system-bus-name") || strcmp(key, "name"))
		return -1;
	r = sd_bus_get_name_creds(sd_bus_message_get_bus(m), name, SD_BUS_CREDS_EUID, &creds);
	if (r >= 0)
		r = sd_bus_creds_get_euid(creds, &uid);
	sd_bus_creds_unref(creds);
	return r < 0 ? -1 : (long)uid;
}

static int reply(sd_bus_message *m, const char *answer, bool person)
{
	bool typed = !strcmp(answer, "typed");

	if (!strcmp(answer, "die"))
		exit(0);
	if (!strcmp(answer, "never"))
		return 1;
	if (!strcmp(answer, "error"))
		return sd_bus_reply_method_errorf(m, NAME ".Error.Failed", "no\x01 idea");
	if (!strcmp(answer, "text"))
		return sd_bus_reply_method_return(m, "s", "yes");
	if (!strcmp(answer, "short"))
		return sd_bus_reply_method_return(m, "(b)", 1);
	if (!strcmp(answer, "long"))
		return sd_bus_reply_method_return(m, "(bba{ss})b", 1, 0, 0, 1);
	if (!strcmp(answer, "both"))
		return sd_bus_reply_method_return(m, "(bba{ss})", 1, 1, 0);
	return sd_bus_reply_method_return(m, "(bba{ss})",
					  !strcmp(answer, "yes") || (typed && person),
					  !strcmp(answer, "password") || (typed && !person), 0);
}

static int on_check(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *action, *id;
	char answer[32];
	uint32_t flags;
	long uid;
	int r;

	(void)error;
	uid = subject_uid(m);
	r = sd_bus_message_read(m, "sa{ss}us", &action, 0, &flags, &id);
	if (r < 0 || uid < 0 || flags > 1) {
		printf("malformed\n");
		return -EINVAL;
	}
	printf("check %s %ld %s\n", action, uid, flags ? "person" : "quiet");
	answer_of(userdata, action, answer, sizeof(answer));
	return reply(m, answer, flags);
}

/* No vtable: with one sd-bus would not let wrong types out. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	if (sd_bus_message_is_method_call(m, INTERFACE, "CheckAuthorization"))
		return on_check(m, userdata, error);
	if (!sd_bus_message_is_method_call(m, INTERFACE, "CancelCheckAuthorization"))
		return 0;
	printf("cancel\n");
	return sd_bus_reply_method_return(m, NULL);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	(void)source;
	(void)info;
	return sd_bus_emit_signal(userdata, PATH, INTERFACE, "Changed", NULL);
}

static int serve(sd_bus *bus, char **argv)
{
	sd_event *event = NULL;
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, argv[1]);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_add_object(bus, NULL, PATH, on_message, argv[2]);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0)
		r = sd_bus_request_name(bus, NAME, 0);
	if (r >= 0)
		printf("ready\n");
	if (r >= 0)
		r = sd_event_loop(event);
	sd_event_unref(event);
	return r;
}

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	if (argc != 3) {
		fputs(usage, stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = serve(bus, argv);
	if (r < 0)
		fprintf(stderr, "snitch-polkit: %s\n", strerror(-r));
	sd_bus_flush_close_unref(bus);
	return r < 0;
}
