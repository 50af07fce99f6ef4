// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch pending`: the open questions, once or (as an agent) as they come.
 * It must never answer one.
 */
#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ask/purpose.h"
#include "../ask/who.h"
#include "../ask/words.h"
#include "../iap/describe.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/timespan.h"
#include "cli.h"

#define INDENT	5	/* columns before all but the id */

struct wait {
	struct cli *cli;
	struct cli_agent agent;
	sd_event *event;
	json_t *shown;		/* id -> true */
	struct purposes *purposes;
	const char *name;	/* of the command */
};

void cli_print_policy(const json_t *policy, unsigned int indent)
{
	const char *text;
	size_t at = 0, denied = 0;

	while ((text = iap_next_text(policy, "purpose", &at))) {
		_cleanup_free_ char *line = snitch_format("for: %s (so says: %s)", text,
							  value_str(policy, "source", "?"));

		out_printf("%*s", (int)indent, "");
		out_wrapped(indent, line ? line : text);
	}
	while ((text = iap_next_text(policy, "deny_consequences", &denied))) {
		_cleanup_free_ char *line = snitch_format("if denied: %s", text);

		out_printf("%*s", (int)indent, "");
		out_wrapped(indent, line ? line : text);
	}
}

/*
 * Who wants what. On a terminal a path is cut rather than wrapped, and what does not fit behind
 * it goes below.
 */
static void print_sentence(const struct cli *cli, const json_t *q, const char *doing)
{
	const char *program = value_str(q, "program", "?"), *to = value_str(q, "destination", "?");
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	unsigned int columns = out_columns(), used;
	_cleanup_free_ char *fit = NULL;
	char whom[160];

	words_whom(q, whom, sizeof(whom));
	if (columns > 2 * INDENT)
		fit = words_fit(program, columns - INDENT, true, utf8);
	used = INDENT + words_columns(fit ? fit : program) + words_columns(doing) +
	       words_columns(to) + words_columns(whom) + 4;
	out_printf("%-4s ", value_str(q, "id", "?"));
	out_colour(cli, 1, fit ? fit : program);
	if (columns && used > columns)
		out_printf("\n%*s%s ", INDENT, "", doing);
	else
		out_printf(" %s ", doing);
	out_colour(cli, 1, to);
	out_printf("  %s\n", whom);
}

static void print_identity(const json_t *q)
{
	_cleanup_free_ char *app = who_app(q), *script = who_script(q);

	if (app && *app) {
		out_printf("     part of ");
		out_wrapped(INDENT, app);
	}
	if (script && *script) {
		out_printf("     script ");
		out_wrapped(INDENT, script);
	}
}

static void print_question(const struct cli *cli, const json_t *q)
{
	_cleanup_free_ char *parents = words_parents(q, false), *user = who_user(q);
	_cleanup_free_ char *who = NULL, *doing = words_doing(q);
	char waiting[120], names[1200];
	const char *warning;
	size_t at = 0;

	words_waiting(q, snitch_boottime(), waiting, sizeof(waiting));
	print_sentence(cli, q, doing ? doing : "?");
	out_printf("     ");
	who = snitch_format("user %s%s%s; %s", user ? user : "?",
			    parents && *parents ? ", by " : "", parents ? parents : "", waiting);
	out_wrapped(5, who ? who : waiting);
	print_identity(q);
	words_names(q, names, sizeof(names));
	if (names[0])
		out_printf("     %s is named %s\n", value_str(q, "address", "?"), names);
	while ((warning = words_warning(q, &at))) {
		out_printf("     ! ");
		out_wrapped(INDENT + 2, warning);
	}
	cli_print_policy(json_object_get(q, "policy"), INDENT);
}

static json_t *stream_object(const char *type, json_t *question)
{
	return json_pack("{s:s,s:O}", "type", type, "question", question);
}

static void show(void *ctx, json_t *q)
{
	const char *id = value_str(q, "id", "?");
	struct wait *w = ctx;
	bool known = json_object_get(w->shown, id);

	json_object_set_new(w->shown, id, json_true());
	purpose_attach(w->purposes, q);
	if (w->cli->json) {
		out_ndjson(stream_object(known ? "changed" : "question", q));
	} else if (!known) {
		print_question(w->cli, q);
		fflush(stdout);
	}
}

static void removed(void *ctx, uint64_t id, const char *why)
{
	struct wait *w = ctx;
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	if (json_object_del(w->shown, text) && w->agent.rules)
		return;	/* it was none of ours */
	if (w->cli->json) {
		out_ndjson(json_pack("{s:s,s:s,s:s}", "type", "removed", "id", text, "why", why));
	} else {
		out_printf("%-4s gone: %s\n", text, words_removed(why));
		fflush(stdout);
	}
}

static void gone(void *ctx)
{
	struct wait *w = ctx;

	out_error("snitchd went away; see `journalctl -u snitchd`");
	sd_event_exit(w->event, CLI_NO_DAEMON);
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
	if (rc < 0)
		return cli_bus_error(w->name, rc, NULL);
	code = cli_agent_start(cli, w->event, &w->agent, w->name);
	if (!code && cli->json)
		code = out_hello("questions");
	if (!code)
		code = cli_agent_list(cli, &w->agent);
	if (code)
		return code;
	code = sd_event_loop(w->event);
	sd_bus_detach_event(cli->bus);
	return code < 0 ? CLI_FAILED : code;
}

int cli_wait(struct cli *cli, uint64_t timeout, const char *rules, const char *name)
{
	struct wait w = {
		.cli = cli, .name = name, .shown = json_object(),
		.purposes = purposes_new(getenv(SNITCH_ROOT_ENV), NULL),
		.agent = { .ctx = &w, .rules = rules, .question = show, .removed = removed,
			   .gone = gone },
	};
	int code = CLI_FAILED;

	if (!w.shown || sd_event_new(&w.event) < 0)
		out_error("no memory");
	else
		code = watch(&w, timeout);
	cli_bus_close(cli);
	cli_agent_stop(&w.agent);
	sd_event_unref(w.event);
	json_decref(w.shown);
	purposes_free(w.purposes);
	return code;
}

static void attach_all(json_t *all)
{
	struct purposes *purposes = purposes_new(getenv(SNITCH_ROOT_ENV), NULL);
	json_t *q;
	size_t i;

	json_array_foreach(all, i, q)
		purpose_attach(purposes, q);
	purposes_free(purposes);
}

/* How many there is no room for on the list. */
static long long count_more(struct cli *cli)
{
	json_t *status;
	long long more;

	if (cli_call_json(cli, "GetStatus", &status, ""))
		return 0;
	more = value_int(status, "More", 0);
	json_decref(status);
	return more;
}

static int print_all(struct cli *cli, bool count)
{
	json_t *all, *q;
	size_t i;
	int code = cli_call_json(cli, "ListQuestions", &all, "");

	if (code)
		return code;
	if (!count)
		attach_all(all);
	if (count && !cli->json) {
		printf("%zu\n", json_array_size(all));
	} else if (count) {
		code = out_json(json_pack("{s:I}", "count", (json_int_t)json_array_size(all)));
	} else if (cli->json) {
		return out_json(json_pack("{s:i,s:o,s:I}", "schema", 1, "questions", all, "more",
					  (json_int_t)count_more(cli)));
	} else {
		long long more = count_more(cli);

		json_array_foreach(all, i, q)
			print_question(cli, q);
		if (!json_array_size(all))
			out_printf("no questions\n");
		if (more)
			out_printf("and %lld more, which find no place here: answer some of these\n",
				   more);
	}
	json_decref(all);
	return code;
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
		} else if (!strcmp(argv[i], "--timeout")) {
			if (++i == argc)
				return out_usage("--timeout wants a span of time: 30s, 10m, 1h");
			if (snitch_span_parse(argv[i], &timeout))
				return out_usage("'%s' is no span of time: write 30s, 10m, 1h",
						 argv[i]);
		} else {
			return out_usage("pending takes --wait, --timeout SPAN, --count, not '%s'",
					 argv[i]);
		}
	}
	if (timeout && !wait)
		return out_usage("--timeout goes with --wait");
	if (count && wait)
		return out_usage("--count does not go with --wait");
	return wait ? cli_wait(cli, timeout, NULL, "snitch pending") : print_all(cli, count);
}
