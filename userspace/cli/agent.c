// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's side of the bus: questions as they come, change and go. It must never answer one.
 */
#include "cli.h"

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
		agent->question(agent->ctx, q);
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
	int rc = sd_bus_attach_event(cli->bus, event, 0);

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
	return cli_call(cli, "RegisterAgent", NULL, "a{sv}", 1, "name", "s", name);
}

int cli_agent_list(struct cli *cli, const struct cli_agent *agent)
{
	json_t *all, *q;
	size_t i;
	int code = cli_call_json(cli, "ListQuestions", &all, "");

	if (code)
		return code;
	json_array_foreach(all, i, q)
		agent->question(agent->ctx, q);
	json_decref(all);
	return CLI_OK;
}
