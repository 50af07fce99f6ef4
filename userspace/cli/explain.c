// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch explain`: why a flow is judged as it is, by snitchd or, without it, by the rule files. It
 * must never judge otherwise than they do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../ask/purpose.h"
#include "../ask/who.h"
#include "../ask/words.h"
#include "../daemon/places.h"
#include "../lib/snitch.h"
#include "../lists/lists.h"
#include "../policy/explain.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "../util/netname.h"
#include "../util/panic.h"
#include "../util/timespan.h"
#include "cli.h"

#define INDENT	2	/* columns before what is said of a flow */

/* ---- by the rule files --------------------------------------------------------------------- */

static int invalid(const struct rule_error *err)
{
	char text[1024];

	out_error("%s", rule_error_print(err, text, sizeof(text)));
	return CLI_INVALID;
}

static json_t *rule_object(const struct rule *rule)
{
	char text[RULE_TEXT_MAX], scope[32], id[17];

	if (rule_print_plain(rule, text, sizeof(text)) < 0)
		text[0] = '\0';
	return json_pack("{s:s,s:s,s:s,s:s,s:i}", "id", rule_id_print(rule->id, id, sizeof(id)),
			 "text", text, "scope", rule_scope_name(rule, scope, sizeof(scope)), "file",
			 rule->file ? rule->file : "", "line", (int)rule->line);
}

static json_t *explanation_object(const struct explanation *e, const struct flow_query *q)
{
	json_t *misses = json_array();
	char flow[RULE_TEXT_MAX];
	json_t *o;
	size_t i;

	for (i = 0; i < e->n_misses; i++)
		json_array_append_new(misses,
				      json_pack("{s:o,s:b,s:s}", "rule",
						rule_object(e->misses[i].rule), "matches",
						e->misses[i].matches, "why", e->misses[i].why));
	o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:I}", "flow", flow_sentence(q, flow, sizeof(flow)),
		      "verdict",
		      e->decision.action ? snitch_action_name(e->decision.action) : "none", "by",
		      e->daemon ? "daemon" : "kernel", "why", e->decision.reason, "mode", "unknown",
		      "misses", misses, "more", (json_int_t)e->more);
	if (o && e->decision.rule)
		json_object_set_new(o, "rule", rule_object(e->decision.rule));
	return o;
}

/* What cannot be read is as if it were not there, but that is said. */
static struct lists *load_lists(const char *root)
{
	struct lists *lists = NULL;
	struct rule_error err = { 0 };
	int r = lists_load(root, NULL, &lists, &err);

	if (r < 0)
		out_error("lists cannot be read (%s): rules about them are taken as not matching",
			  err.found[0] ? err.found : strerror(-r));
	return lists;
}

static int explain_with(const struct ruleset *set, const char *root, const char *what, json_t **out)
{
	_cleanup_free_ struct flow_description *d = calloc(1, sizeof(*d));
	_cleanup_free_ struct places *places = calloc(1, sizeof(*places));
	_cleanup_free_ struct explanation *e = malloc(sizeof(*e));
	struct policy_env env = { .mode = SNITCH_MODE_ASK };
	struct lists *lists;
	struct rule_error err;
	int r = -ENOMEM, code;

	if (d && places && e)
		r = places_read(places, root ? root : "");
	if (r) {
		out_error("explain: %s", strerror(-r));
		return CLI_FAILED;
	}
	places_env(places, &env);
	env.now = time(NULL);
	env.boottime = snitch_boottime();
	lists = load_lists(root);
	env.lists = lists;
	if (describe_flow(what, geteuid(), d, &err)) {
		code = invalid(&err);
	} else if (policy_explain(set, &env, &d->query, NULL, NULL, e)) {
		out_error("explain: the rules cannot be compiled");
		code = CLI_FAILED;
	} else {
		*out = explanation_object(e, &d->query);
		code = *out ? CLI_OK : CLI_FAILED;
	}
	description_free(d);
	lists_free(lists);
	return code;
}

static int explain_offline(const char *root, const char *what, json_t **out)
{
	const struct policy_paths paths = { .root = root };
	struct rule_error err = { 0 };
	struct ruleset *set = NULL;
	int code;

	if (ruleset_load(&paths, 0, &set, &err) < 0)
		return invalid(&err);
	code = explain_with(set, root, what, out);
	ruleset_free(set);
	return code;
}

/* ---- by snitchd ------------------------------------------------------------------------------ */

/* What the bus has as structs gets names. */
static json_t *name_misses(const json_t *misses)
{
	json_t *named = json_array(), *miss;
	size_t i;

	json_array_foreach(misses, i, miss)
		json_array_append_new(named, json_pack("{s:O,s:O,s:O}", "rule",
						       json_array_get(miss, 0), "matches",
						       json_array_get(miss, 1), "why",
						       json_array_get(miss, 2)));
	return named;
}

static int explain_online(struct cli *cli, const char *what, json_t **out)
{
	int code = cli_call_json(cli, "Explain", out, "s", what);

	if (!code)
		json_object_set_new(*out, "misses", name_misses(json_object_get(*out, "misses")));
	return code;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* A rule stands in one line, to be copied; where it stands and why are wrapped. */
static void print_rule(const json_t *rule, const char *why)
{
	const char *file = value_str(rule, "file", ""), *between = *why ? ": " : "";
	_cleanup_free_ char *place = NULL;

	if (*file)
		place = snitch_format("%s:%lld%s%s", file, (long long)value_int(rule, "line", 0),
				      between, why);
	else
		place = snitch_format("%s rule %s%s%s", value_str(rule, "scope", "?"),
				      value_str(rule, "id", "?"), between, why);
	out_printf("  %s\n      ", value_str(rule, "text", "?"));
	out_wrapped(6, place ? place : "?");
}

/* What comes of a flow that no rule decides. */
static const char *mode_does(const char *mode)
{
	static const struct {
		const char *mode, *does;
	} all[] = {
		{ "ask", "mode ask: it waits while a person is asked; refused with nobody to ask" },
		{ "observe", "mode observe: it is allowed and recorded" },
		{ "quiet", "mode quiet: it is refused and listed as pending" },
		{ "lockdown", "mode lockdown: it is refused" },
		{ "off", "mode off: nothing is judged, it is allowed" },
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(all); i++) {
		if (!strcmp(all[i].mode, mode))
			return all[i].does;
	}
	return "the mode decides";	/* not known without snitchd */
}

static void print_no_rule(const struct cli *cli, const json_t *e)
{
	const char *why = value_str(e, "why", "?");

	if (!strcmp(why, "no rule matches")) {
		out_colour(cli, 1, why);
	} else {
		out_colour(cli, 1, "no rule decides");
		out_printf(" (%s)", why);
	}
	/* nobody is asked about the kernel's own traffic */
	if (!strcmp(value_str(e, "by", ""), "kernel"))
		out_printf("\nwhat snitchd.conf says of the kernel's own traffic decides\n");
	else
		out_printf("\n%s\n", mode_does(value_str(e, "mode", "unknown")));
}

static void print_verdict(const struct cli *cli, const json_t *e)
{
	const json_t *rule = json_object_get(e, "rule");

	if (!rule) {
		print_no_rule(cli, e);
		return;
	}
	out_colour(cli, 1, value_str(e, "verdict", "?"));
	out_printf(!strcmp(value_str(e, "by", ""), "kernel") ? ", by the kernel alone:\n" :
		   ", by the daemon, which the kernel asks:\n");
	print_rule(rule, "");
}

/* Of a question or a waiting flow: who it is, what it talks to. */
static void print_asker(const json_t *asker)
{
	_cleanup_free_ char *app = who_app(asker), *script = who_script(asker);
	_cleanup_free_ char *user = who_user(asker), *parents = words_parents(asker, false);
	const char *lookup = value_str(asker, "lookup", NULL);
	char names[1200];
	const char *warning;
	size_t at = 0;

	words_names(asker, names, sizeof(names));
	if (user && *user)
		out_printf("  by user %s\n", user);
	if (parents && *parents)
		out_printf("  started by %s\n", parents);
	if (app && *app)
		out_printf("  part of %s\n", app);
	if (script && *script)
		out_printf("  script %s\n", script);
	if (names[0])
		out_printf("  to what is named %s\n", names);
	if (lookup)
		out_printf("  to look up %s\n", lookup);
	while ((warning = words_warning(asker, &at)))
		out_printf("  ! %s\n", warning);
	cli_print_policy(json_object_get(asker, "policy"), INDENT);
}

/* The flow that was described, as a question would have it; NULL: of no program's file here. */
static json_t *described(const struct flow_query *q)
{
	_cleanup_free_ char *program = q->strange ? NULL : snitch_escape_str(q->exe);
	char address[INET6_ADDRSTRLEN] = "", num[8];
	json_t *out;

	if (!program || !*program)
		return NULL;
	if (q->family == AF_INET || q->family == AF_INET6)
		inet_ntop(q->family, q->addr, address, sizeof(address));
	out = json_pack("{s:s,s:s,s:s,s:i}", "program", program, "address", address, "proto",
			snitch_proto_name(q->family, q->proto, num, sizeof(num)), "port", q->port);
	if (out && q->n_names)
		json_object_set_new(out, "name", json_string(q->names[0]));
	return out;
}

static json_t *read_description(const char *what)
{
	_cleanup_free_ struct flow_description *d = calloc(1, sizeof(*d));
	struct rule_error err;
	json_t *out = NULL;

	if (!d)
		return NULL;
	if (!describe_flow(what, geteuid(), d, &err))
		out = described(&d->query);
	description_free(d);
	return out;
}

/*
 * What the program's maker says of it is read here, as all faces do: into who asks, or, where that
 * is nobody, into the explanation itself.
 */
static void attach_policy(json_t *e, const char *root, const char *what)
{
	json_t *asker = json_object_get(e, "asker");
	json_t *q = asker ? json_incref(asker) : read_description(what), *policy;
	struct purposes *purposes;

	if (!q)
		return;
	purposes = purposes_new(root ? root : getenv(SNITCH_ROOT_ENV), NULL);
	purpose_attach(purposes, q);
	purposes_free(purposes);
	policy = json_object_get(q, "policy");
	if (policy && !asker)
		json_object_set(e, "policy", policy);
	json_decref(q);
}

static void print_explanation(const struct cli *cli, const json_t *e)
{
	const json_t *misses = json_object_get(e, "misses"), *miss;
	const json_t *asker = json_object_get(e, "asker");
	long long more = value_int(e, "more", 0);
	size_t i;

	out_wrapped(4, value_str(e, "flow", "?"));
	if (asker)
		print_asker(asker);
	cli_print_policy(json_object_get(e, "policy"), INDENT);
	if (value_bool(e, "panic"))
		out_wrapped(4, "PANIC: all but loopback is cut; `snitch release` ends it. Without it:");
	print_verdict(cli, e);
	if (json_array_size(misses))
		out_printf("near misses:\n");
	json_array_foreach(misses, i, miss)
		print_rule(json_object_get(miss, "rule"), value_str(miss, "why", "?"));
	if (more)
		out_printf("  and %lld more\n", more);
}

/* Flows name the file itself, however it was found. */
static void note_link(const char *path)
{
	char real[PATH_MAX];

	if (*path == '/' && realpath(path, real) && strcmp(real, path))
		out_error("%s leads to %s: flows are %s's", path, real, real);
}

static bool is_id(const char *what)
{
	return *what && !what[strspn(what, "0123456789")];
}

static int explain(struct cli *cli, bool offline, const char *root, const char *what, json_t **out)
{
	if (!offline && !is_id(what) && cli_bus_open(cli, true) == CLI_NO_DAEMON) {
		out_error("snitchd is not there: this is by the rule files alone");
		offline = true;
	}
	if (!offline)
		return explain_online(cli, what, out);
	if (is_id(what))
		return out_usage("only snitchd knows flows by their ids; describe it: "
				 "/usr/bin/curl to 192.0.2.7 port 443");
	return explain_offline(root, what, out);
}

int cmd_explain(struct cli *cli, int argc, char **argv)
{
	_cleanup_free_ char *what = NULL;
	const char *root = NULL;
	bool offline = false;
	json_t *e = NULL;
	int code;

	for (; argc && !strncmp(argv[0], "--", 2); argv++, argc--) {
		if (!strcmp(argv[0], "--offline")) {
			offline = true;
		} else if (!strcmp(argv[0], "--root") && argc > 1) {
			root = *++argv;
			argc--;
			offline = true;
		} else {
			return out_usage("explain takes --offline and --root DIR, not '%s'",
					 argv[0]);
		}
	}
	if (!argc)
		return out_usage("explain wants the id of a question or waiting flow, or a flow "
				 "like: /usr/bin/curl to 192.0.2.7 port 443 tcp");
	what = cli_join(argc, argv);
	if (!what)
		return CLI_FAILED;
	if (!root && argc > 1)
		note_link(argv[0]);
	code = explain(cli, offline, root, what, &e);
	if (code)
		return code;
	attach_policy(e, root, what);
	/* the rules of another folder are asked about for themselves */
	json_object_set_new(e, "panic", json_boolean(!root && snitch_panic_in_force(NULL)));
	if (cli->json) {
		json_object_set_new(e, "schema", json_integer(1));
		return out_json(e);
	}
	print_explanation(cli, e);
	json_decref(e);
	return CLI_OK;
}
