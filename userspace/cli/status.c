// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch status`: what snitch is doing, in a few lines, from the daemon or,
 * where there is none, from the kernel. It must never change anything.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/panic.h"
#include "../util/timespan.h"
#include "cli.h"

/* What a script wants to know (-q): one of the predicates of snitch(1). */
static int predicate(const char *mode, bool armed, bool deciding)
{
	if (!strcmp(mode, "off") || !armed)
		return CLI_OFF;
	if (!deciding)
		return CLI_DEGRADED;
	return strcmp(mode, "observe") ? CLI_OK : CLI_OBSERVING;
}

static json_t *from_kernel(const struct snitch_status *st)
{
	json_t *counters = json_object();
	unsigned int i;

	for (i = 0; i < __SNITCH_C_MAX; i++)
		json_object_set_new(counters, snitch_counter_name(i),
				    json_integer((json_int_t)st->counter[i]));
	return json_pack("{s:s,s:b,s:b,s:I,s:s,s:{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:s,s:o}}",
			 "Mode", snitch_mode_name(st->policy.mode), "Deciding",
			 st->decider_alive != 0, "Armed", st->armed != 0, "Generation",
			 (json_int_t)st->generation, "Fail",
			 st->policy.fail == SNITCH_ALLOW ? "allow" : "refuse", "Kernel", "Parked",
			 (int)st->parked, "Held", (int)st->held, "FlowsTcp", (int)st->flows_tcp,
			 "FlowsOther", (int)st->flows_other, "Rules", (int)st->rules, "Apps",
			 (int)st->apps, "DeciderPid", (int)st->decider_pid, "Forward",
			 snitch_forward_name(st->policy.forward), "Counters", counters);
}

/* The kernel's own word, where the daemon is not there. */
static int read_kernel(json_t **status)
{
	struct snitch_status st;
	struct snitch_nl *nl;
	int rc, code = cli_nl_open(&nl);

	if (code)
		return code;
	rc = snitch_nl_status(nl, &st);
	if (rc < 0)
		code = cli_nl_error("status", rc, nl);
	else
		*status = from_kernel(&st);
	snitch_nl_close(nl);
	return code;
}

static void line(const struct cli *cli, const char *what, int colour, const char *text)
{
	out_printf("%-10s ", what);
	if (colour)
		out_colour(cli, colour, text);
	else
		out_printf("%s", text);
	out_printf("\n");
}

static void print_mode(const struct cli *cli, const json_t *st)
{
	uint64_t until = (uint64_t)value_int(st, "ModeUntil", 0);
	char text[128], left[32];
	bool armed = value_bool(st, "Armed");

	if (armed && !value_int(st, "Generation", 1)) {
		line(cli, "mode", 31, "none: no policy is loaded, all is refused");
		return;
	}
	snprintf(text, sizeof(text), "%s%s", value_str(st, "Mode", "?"),
		 armed ? "" : " (nothing is judged: no policy is loaded)");
	if (armed && until > snitch_boottime()) {
		snitch_span_format((until - snitch_boottime()) / SNITCH_NSEC_PER_SEC + 1, left,
				   sizeof(left));
		snprintf(text, sizeof(text), "%s for another %s, then %s",
			 value_str(st, "Mode", "?"), left, value_str(st, "ModeAfter", "?"));
	}
	line(cli, "mode", armed ? 1 : 31, text);
}

static void print_decider(const struct cli *cli, const json_t *st, bool daemon)
{
	_cleanup_free_ char *text = NULL;
	const char *why = value_str(st, "DeviceError", "");
	const char *fail = value_str(st, "Fail", "?");

	if (value_bool(st, "Deciding")) {
		line(cli, "decider", 32, daemon ? "snitchd" : "attached");
		return;
	}
	text = snitch_format("none%s%s; unmatched flows: %s", *why ? ": " : "", why, fail);
	line(cli, "decider", 31, text ? text : "none");
}

static void print_kernel(const struct cli *cli, const json_t *st)
{
	const json_t *k = json_object_get(st, "Kernel");
	char text[160];

	if (!k) {
		line(cli, "kernel", 31, "module not loaded or not readable: modprobe snitch");
		return;
	}
	snprintf(text, sizeof(text), "%lld parked (%lld held for a person), %lld flows known, "
		 "%lld rules of %lld programs", (long long)value_int(k, "Parked", 0),
		 (long long)value_int(k, "Held", 0),
		 (long long)(value_int(k, "FlowsTcp", 0) + value_int(k, "FlowsOther", 0)),
		 (long long)value_int(k, "Rules", 0), (long long)value_int(k, "Apps", 0));
	line(cli, "kernel", 0, text);
}

static void print_forward(const struct cli *cli, const json_t *st)
{
	static const struct { const char *word, *means; } known[] = {
		{ "ignore", "not looked at" }, { "log", "let go on, and kept in the history" },
		{ "rules", "judged by the rules for kernel forwarded" },
	};
	const json_t *k = json_object_get(st, "Kernel");
	const json_t *counters = json_object_get(k, "Counters");
	const char *word = value_str(k, "Forward", "");
	char text[160];
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(known); i++) {
		if (strcmp(word, known[i].word))
			continue;
		snprintf(text, sizeof(text), "%s; %lld flows, %lld refused", known[i].means,
			 (long long)value_int(counters, "forwarded", 0),
			 (long long)value_int(counters, "forward-refused", 0));
		line(cli, "forwarded", 0, text);
	}
}

static void print(const struct cli *cli, const json_t *st, bool daemon)
{
	const char *error = value_str(st, "RulesError", "");
	long long waiting = value_int(st, "Waiting", 0), agents = value_int(st, "Agents", 0);
	const json_t *problem;
	char text[128];
	size_t i;

	if (snitch_panic_in_force(NULL))
		line(cli, "PANIC", 31, "all but loopback is cut; `snitch release` ends it");
	print_mode(cli, st);
	print_decider(cli, st, daemon);
	print_kernel(cli, st);
	print_forward(cli, st);
	if (*error)
		line(cli, "rules", 31, error);
	json_array_foreach(json_object_get(st, "ListProblems"), i, problem)
		line(cli, "list", 31, json_string_value(problem));
	if (!daemon)
		return;
	snprintf(text, sizeof(text), "%lld waiting, %lld missed, %lld pending; %lld agent%s", waiting,
		 (long long)value_int(st, "Missed", 0), (long long)value_int(st, "Pending", 0),
		 agents, agents == 1 ? "" : "s");
	line(cli, "questions", waiting ? 33 : 0, text);
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
	bool quiet = argc == 1 && !strcmp(argv[0], "-q"), daemon = true;
	json_t *status = NULL;
	int code;

	if (argc && !quiet)
		return out_usage("status takes only -q");
	code = cli_bus_open(cli, true);
	if (!code) {
		code = cli_call_json(cli, "GetStatus", &status, "");
	} else {
		if (!quiet)
			out_error("snitchd is not running (systemctl start snitchd); "
				  "asking the kernel");
		daemon = false;
		code = read_kernel(&status);
	}
	if (code)
		return code;
	if (quiet)
		code = predicate(value_str(status, "Mode", "?"), value_bool(status, "Armed"),
				 value_bool(status, "Deciding"));
	else if (cli->json)
		code = out_json(json_incref(status));
	else
		print(cli, status, daemon);
	json_decref(status);
	if (quiet || code)
		return code;
	return daemon ? CLI_OK : CLI_NO_DAEMON;
}
