// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's side of the bus: questions as they come, change and go. It must never answer one.
 */
#include <string.h>

#include "cli.h"

/* Hands a question on, if it is one that this agent wants. */
static void hand_on(const struct cli_agent *agent, json_t *q)
{
	const char *rule = value_str(q, "ask_rule", "");
	json_t *id;
	size_t i;

	if (!agent->rules) {
		agent->question(agent->ctx, q);
		return;
	}
	json_array_foreach(agent->ids, i, id) {
		if (!strcmp(json_string_value(id), rule)) {
			agent->question(agent->ctx, q);
			return;
		}
	}
}

static int on_question(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct cli_agent *agent = userdata;
	uint64_t id;
	json_t *q;

	(void)error;
	if (sd_bus_message_read(m, "t", &id) < 0)
		return 0;
	q = value_read(m);
	if (q)
		hand_on(agent, q);
	json_decref(q);
	return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct cli_agent *agent = userdata;
	const char *why;
	uint64_t id;

	(void)error;
	if (sd_bus_message_read(m, "ts", &id, &why) >= 0)
		agent->removed(agent->ctx, id, why);
	return 0;
}

static int on_mode(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct cli_agent *agent = userdata;
	const char *mode;

	(void)error;
	if (sd_bus_message_read(m, "s", &mode) >= 0)
		agent->mode(agent->ctx, mode);
	return 0;
}

static int on_gone(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct cli_agent *agent = userdata;

	(void)error;
	if (cli_is_gone(m))
		agent->gone(agent->ctx);
	return 0;
}

int cli_agent_start(struct cli *cli, sd_event *event, struct cli_agent *agent, const char *name)
{
	struct cli_loan loan = { .text = agent->rules, .name = name };
	int rc = sd_bus_attach_event(cli->bus, event, 0), code;

	if (rc >= 0)
		rc = cli_match(cli, "QuestionAdded", on_question, agent);
	if (rc >= 0)
		rc = cli_match(cli, "QuestionChanged", on_question, agent);
	if (rc >= 0)
		rc = cli_match(cli, "QuestionRemoved", on_removed, agent);
	if (rc >= 0 && agent->mode)
		rc = cli_match(cli, "ModeChanged", on_mode, agent);
	if (rc >= 0)
		rc = cli_match_gone(cli, on_gone, agent);
	if (rc < 0)
		return cli_bus_error(name, rc, NULL);
	/* somebody listens before anything is asked; what they hear of then is known */
	code = cli_call(cli, "RegisterAgent", NULL, "a{sv}", 2, "name", "s", name, "watch", "b",
			agent->rules != NULL);
	if (code || !agent->rules)
		return code;
	code = cli_lend(cli, &loan, &agent->ids);
	if (code)
		return code;
	return cli_call(cli, "RegisterAgent", NULL, "a{sv}", 2, "name", "s", name, "loan", "t",
			loan.loan);
}

void cli_agent_stop(struct cli_agent *agent)
{
	json_decref(agent->ids);
	agent->ids = NULL;
}

int cli_agent_list(struct cli *cli, const struct cli_agent *agent)
{
	json_t *all, *q;
	size_t i;
	int code = cli_call_json(cli, "ListQuestions", &all, "");

	if (code)
		return code;
	json_array_foreach(all, i, q)
		hand_on(agent, q);
	json_decref(all);
	return CLI_OK;
}
