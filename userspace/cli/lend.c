// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Borrowed rules: those that end with this program. It must never close the connection before they
 * may end.
 */
#include "cli.h"

static int read_lent(sd_bus_message *reply, struct cli_loan *loan, json_t **ids)
{
	json_t *list;

	if (sd_bus_message_read(reply, "t", &loan->loan) < 0)
		return CLI_FAILED;
	if (!ids)
		return CLI_OK;
	list = value_read(reply);
	if (!json_is_array(list)) {
		json_decref(list);
		return CLI_FAILED;
	}
	*ids = list;
	return CLI_OK;
}

int cli_lend(struct cli *cli, struct cli_loan *loan, json_t **ids)
{
	sd_bus_message *reply = NULL;
	int code;

	code = cli_call(cli, "LendRules", &reply, "sa{sv}", loan->text, 3, "name", "s", loan->name,
			"tree", "b", (int)loan->tree, "record", "b", (int)loan->record);
	if (code)
		return code;
	code = read_lent(reply, loan, ids);
	sd_bus_message_unref(reply);
	if (code)
		out_error("snitchd gave an answer this program does not understand: "
			  "are both of the same version?");
	return code;
}
