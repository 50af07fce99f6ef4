// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch pending`: the open questions, once or (as an agent) as they come.
 * It must never answer one.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "../ask/words.h"
#include "../util/cleanup.h"
#include "../util/timespan.h"
#include "cli.h"

struct wait {
	struct cli *cli;
	sd_event *event;
	json_t *shown;		/* id -> true */
};

static void print_question(const struct cli *cli, const json_t *q)
{
	_cleanup_free_ char *parents = words_parents(q, false);
	char whom[160], waiting[120];

	words_whom(q, whom, sizeof(whom));
	words_waiting(q, snitch_boottime(), waiting, sizeof(waiting));
	out_printf("%-4s ", value_str(q, "id", "?"));
	out_colour(cli, 1, value_str(q, "program", "?"));
	out_printf(" %s ", words_verb(q));
	out_colour(cli, 1, value_str(q, "destination", "?"));
	out_printf("  %s\n     user %s, pid %lld%s%s; %s\n", whom, value_str(q, "user", "?"),
		   (long long)value_int(q, "pid", 0), parents && *parents ? ", by " : "",
		   parents ? parents : "", waiting);
}

static json_t *stream_object(const char *type, json_t *question)
{
	return json_pack("{s:s,s:O}", "type", type, "question", question);
}

static void show(struct wait *w, json_t *q, const char *type)
{
	const char *id = value_str(q, "id", "?");
	bool known = json_object_get(w->shown, id);

	json_object_set_new(w->shown, id, json_true());
	if (w->cli->json) {
		out_ndjson(stream_object(known ? "changed" : type, q));
	} else if (!known) {
		print_question(w->cli, q);
		fflush(stdout);
	}
}

static int on_question(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct wait *w = ctx;
	uint64_t id;
	json_t *q;

	(void)error;
	if (sd_bus_message_read(m, "t", &id) < 0)
		return 0;
	q = value_read(m);
	if (q)
		show(w, q, "question");
	json_decref(q);
	return 0;
}

static int on_removed(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct wait *w = ctx;
	const char *why;
	uint64_t id;
	char text[24];

	(void)error;
	if (sd_bus_message_read(m, "ts", &id, &why) < 0)
		return 0;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	json_object_del(w->shown, text);
	if (w->cli->json) {
		out_ndjson(json_pack("{s:s,s:s,s:s}", "type", "removed", "id", text, "why", why));
	} else {
		out_printf("%-4s gone: %s\n", text, words_removed(why));
		fflush(stdout);
	}
	return 0;
}

static int on_gone(sd_bus_message *m, void *ctx, sd_bus_error *error)
{
	struct wait *w = ctx;

	(void)error;
	if (!cli_is_gone(m))
		return 0;
	out_error("snitchd went away; see `journalctl -u snitchd`");
	sd_event_exit(w->event, CLI_NO_DAEMON);
	return 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *ctx)
{
	(void)ctx;
	return sd_event_exit(sd_event_source_get_event(s),
			     si->ssi_signo == SIGINT ? CLI_INTERRUPTED : CLI_OK);
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *ctx)
{
	(void)usec;
	(void)ctx;
	return sd_event_exit(sd_event_source_get_event(s), CLI_TIMEOUT);
}

static int list(struct wait *w)
{
	json_t *all, *q;
	size_t i;
	int code = cli_call_json(w->cli, "ListQuestions", &all, "");

	if (code)
		return code;
	json_array_foreach(all, i, q)
		show(w, q, "question");
	json_decref(all);
	return CLI_OK;
}

static int add_sources(struct wait *w, uint64_t timeout)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	rc = sd_event_add_signal(w->event, NULL, SIGINT, on_signal, NULL);
	if (rc >= 0)
		rc = sd_event_add_signal(w->event, NULL, SIGTERM, on_signal, NULL);
	if (rc >= 0 && timeout)
		rc = sd_event_add_time_relative(w->event, NULL, CLOCK_MONOTONIC, timeout * 1000000,
						0, on_timeout, NULL);
	return rc;
}

static int watch(struct wait *w, uint64_t timeout)
{
	struct cli *cli = w->cli;
	int rc, code = cli_bus_open(cli, false);

	if (code)
		return code;
	rc = add_sources(w, timeout);
	if (rc >= 0)
		rc = sd_bus_attach_event(cli->bus, w->event, 0);
	if (rc >= 0)
		rc = cli_match(cli, "QuestionAdded", on_question, w);
	if (rc >= 0)
		rc = cli_match(cli, "QuestionChanged", on_question, w);
	if (rc >= 0)
		rc = cli_match(cli, "QuestionRemoved", on_removed, w);
	if (rc >= 0)
		rc = cli_match_gone(cli, on_gone, w);
	if (rc < 0)
		return cli_bus_error("pending", rc, NULL);
	code = cli_call(cli, "RegisterAgent", NULL, "a{sv}", 1, "name", "s", "snitch pending");
	if (!code && cli->json)
		code = out_hello("questions");
	if (!code)
		code = list(w);
	if (code)
		return code;
	code = sd_event_loop(w->event);
	sd_bus_detach_event(cli->bus);
	return code < 0 ? CLI_FAILED : code;
}

static int wait_for(struct cli *cli, uint64_t timeout)
{
	struct wait w = { .cli = cli, .shown = json_object() };
	int code = CLI_FAILED;

	if (!w.shown || sd_event_new(&w.event) < 0)
		out_error("no memory");
	else
		code = watch(&w, timeout);
	cli_bus_close(cli);
	sd_event_unref(w.event);
	json_decref(w.shown);
	return code;
}

static int print_all(struct cli *cli, bool count)
{
	json_t *all, *q;
	size_t i;
	int code = cli_call_json(cli, "ListQuestions", &all, "");

	if (code)
		return code;
	if (count) {
		printf("%zu\n", json_array_size(all));
	} else if (cli->json) {
		return out_json(json_pack("{s:i,s:o}", "schema", 1, "questions", all));
	} else {
		json_array_foreach(all, i, q)
			print_question(cli, q);
		if (!json_array_size(all))
			out_printf("no questions\n");
	}
	json_decref(all);
	return CLI_OK;
}

int cmd_pending(struct cli *cli, int argc, char **argv)
{
	bool wait = false, count = false;
	uint64_t timeout = 0;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--wait")) {
			wait = true;
		} else if (!strcmp(argv[i], "--count")) {
			count = true;
		} else if (!strcmp(argv[i], "--timeout") && i + 1 < argc) {
			if (snitch_span_parse(argv[++i], &timeout))
				return out_usage("'%s' is no span of time: write 30s, 10m, 1h",
						 argv[i]);
		} else {
			return out_usage("pending takes --wait, --timeout SPAN, --count, not '%s'",
					 argv[i]);
		}
	}
	if (timeout && !wait)
		return out_usage("--timeout goes with --wait");
	return wait ? wait_for(cli, timeout) : print_all(cli, count);
}
