// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules as snitchd lists them, read again. It must never judge by a rule that has no say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "../daemon/places.h"
#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "../util/timespan.h"
#include "replay.h"

#define PARENTS_MAX	16
#define MODES		(SNITCH_MODE_LOCKDOWN + 1)

static enum rule_scope scope_of(const json_t *row, uint32_t *uid)
{
	const char *scope = value_str(row, "scope", "");
	int64_t owner = value_int(row, "uid", -1);

	*uid = 0;
	if (owner >= 0) {
		*uid = (uint32_t)owner;
		return RULE_S_USER;
	}
	if (!strcmp(scope, "builtin"))
		return RULE_S_BUILTIN;
	return strcmp(scope, "admin") ? RULE_S_SYSTEM : RULE_S_ADMIN;
}

/* Into one set. A rule for one process says nothing about others. */
static int take_rule(struct ruleset *set, const json_t *row)
{
	struct rule *rule = NULL;
	struct rule_error err;
	enum rule_scope scope;
	uint32_t uid;

	if (rule_parse(value_str(row, "text", ""), NULL, 0, &rule, &err) || !rule)
		return -EINVAL;
	if (rule->lifetime == RULE_L_QUIT) {
		rule_free(rule);
		return 0;
	}
	scope = scope_of(row, &uid);
	if (rule_id_parse(value_str(row, "id", ""), &rule->id))
		rule->id = rule_hash(rule);
	return ruleset_insert(set, rule, scope, uid, !strcmp(value_str(row, "scope", ""), "runtime"),
			      &err);
}

static int take_rules(struct replay *r, const json_t *rules)
{
	const json_t *row;
	size_t i;
	int err;

	json_array_foreach(rules, i, row) {
		if (!value_bool(row, "active"))
			continue;
		err = take_rule(r->before, row);
		if (!err)
			err = take_rule(r->after, row);
		if (err) {
			out_error("rule %s cannot be read here: are snitch and snitchd of the same version?",
				  value_str(row, "id", "?"));
			return CLI_FAILED;
		}
	}
	return CLI_OK;
}

static void set_env(struct replay *r, uint32_t mode)
{
	struct places *places = r->places;

	r->env = (struct policy_env){
		.mode = mode,
		.local = places->local, .n_local = places->n_local,
		.dns = places->dns, .n_dns = places->n_dns,
		.broadcast = places->broadcast, .n_broadcast = places->n_broadcast,
		.links = places->links, .n_links = places->n_links,
		.netns = places->netns,
		.now = time(NULL), .boottime = snitch_boottime(),
	};
}

static int take_mode(struct cli *cli, uint32_t *mode)
{
	json_t *status;
	const char *name;
	int code = cli_call_json(cli, "GetStatus", &status, "");

	if (code)
		return code;
	name = value_str(status, "Mode", "");
	for (*mode = 0; *mode < MODES && strcmp(snitch_mode_name(*mode), name); (*mode)++)
		;
	if (*mode == MODES)
		*mode = SNITCH_MODE_ASK;
	json_decref(status);
	return CLI_OK;
}

int replay_open(struct cli *cli, struct replay *r)
{
	json_t *rules = NULL;
	uint32_t mode;
	int code;

	memset(r, 0, sizeof(*r));
	r->before = ruleset_new();
	r->after = ruleset_new();
	r->places = calloc(1, sizeof(*r->places));
	if (!r->before || !r->after || !r->places) {
		out_error("no memory");
		return CLI_FAILED;
	}
	code = take_mode(cli, &mode);
	if (!code)
		code = cli_call_json(cli, "ListRules", &rules, "");
	if (!code)
		code = take_rules(r, rules);
	json_decref(rules);
	if (code)
		return code;
	places_read(r->places, "");
	set_env(r, mode);
	return CLI_OK;
}

void replay_close(struct replay *r)
{
	ruleset_free(r->before);
	ruleset_free(r->after);
	free(r->places);
	memset(r, 0, sizeof(*r));
}

int replay_add(struct replay *r, struct rule *rule, bool of_user, uint32_t uid)
{
	struct rule_error err;
	char text[1024];

	if (ruleset_insert(r->after, rule, of_user ? RULE_S_USER : RULE_S_SYSTEM, uid, false, &err)) {
		out_error("%s", rule_error_print(&err, text, sizeof(text)));
		return CLI_INVALID;
	}
	r->added++;
	return CLI_OK;
}

bool replay_can(const struct history_flow *f)
{
	return !f->inbound && !(f->flags & HISTORY_F_KERNEL) &&
	       (f->family == AF_INET || f->family == AF_INET6);
}

/* Cuts @text in place. Return: how many. */
static size_t split(char *text, const char *parents[PARENTS_MAX])
{
	size_t n = 0;
	char *next;

	while (text && *text && n < PARENTS_MAX) {
		parents[n++] = text;
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		text = next;
	}
	return n;
}

void replay_judge(const struct replay *r, const struct ruleset *set, const struct history_flow *f,
		  struct replay_verdict *out)
{
	_cleanup_free_ char *text = strdup(f->parents);
	const char *parents[PARENTS_MAX];
	struct policy_decision d;
	struct flow_query q = {
		.exe = f->program[0] == '/' ? f->program : NULL,
		.no_allow = f->flags & HISTORY_F_ODD,
		.uid = f->uid,
		.parents = parents,
		.n_parents = split(text, parents),
		.names = &f->name,
		.n_names = f->name[0] ? 1 : 0,
		.family = f->family,
		.proto = f->proto,
		.loopback = f->flags & HISTORY_F_LOOPBACK,
		.port = f->port,
	};

	memcpy(q.addr, f->address, sizeof(q.addr));
	policy_decide(set, &r->env, &q, &d);
	*out = (struct replay_verdict){
		.action = d.action, .by_rule = d.rule != NULL, .rule = d.rule ? d.rule->id : 0,
	};
	if (d.rule)
		return;
	/* what the mode does: the same table as the daemon's */
	switch (r->env.mode) {
	case SNITCH_MODE_OFF:
	case SNITCH_MODE_OBSERVE:
		out->action = SNITCH_ALLOW;
		break;
	case SNITCH_MODE_ASK:
		out->action = SNITCH_ASK;
		break;
	default:
		out->action = SNITCH_DENY;
	}
}
