// SPDX-License-Identifier: GPL-2.0-or-later
/* `snitch profile`: which rules of profiles count. It must never make a profile by a slip. */
#include <string.h>

#include "cli.h"

static bool is_among(const json_t *all, const char *name, size_t until)
{
	size_t i;

	for (i = 0; i < until; i++)
		if (!strcmp(json_string_value(json_array_get(all, i)), name))
			return true;
	return false;
}

/* Each once. */
static int get_names(struct cli *cli, json_t **all)
{
	size_t i;
	int code = cli_call_json(cli, "ListProfiles", all, "");

	if (code)
		return code;
	for (i = json_array_size(*all); i-- > 0;)
		if (is_among(*all, json_string_value(json_array_get(*all, i)), i))
			json_array_remove(*all, i);
	return CLI_OK;
}

static int list(struct cli *cli)
{
	json_t *status, *all, *name;
	const char *active;
	bool by_network;
	size_t i;
	int code = cli_call_json(cli, "GetStatus", &status, "");

	if (code)
		return code;
	active = value_str(status, "Profile", "");
	by_network = value_bool(status, "ProfileAuto");
	code = get_names(cli, &all);
	if (!code && cli->json) {
		code = out_json(json_pack("{s:s,s:b,s:o}", "active", active, "auto", by_network,
					  "profiles", all));
	} else if (!code) {
		json_array_foreach(all, i, name)
			out_printf("%s %s\n", strcmp(json_string_value(name), active) ? " " : "*",
				   json_string_value(name));
		out_printf("%s%s, %s\n", *active ? "active: " : "none is active", active,
			   by_network ? "by network" : "chosen; `snitch profile auto` ends that");
		json_decref(all);
	}
	json_decref(status);
	return code;
}

static int use(struct cli *cli, const char *name)
{
	json_t *all;
	bool there;
	int code = get_names(cli, &all);

	if (code)
		return code;
	there = is_among(all, name, json_array_size(all));
	json_decref(all);
	if (*name && there)
		return cli_call(cli, "SetProfile", NULL, "s", name);
	out_error("there is no profile '%s': no rule and no line of /etc/snitch/profiles.conf names it",
		  name);
	return CLI_NOT_FOUND;
}

int cmd_profile(struct cli *cli, int argc, char **argv)
{
	if (!argc || (argc == 1 && !strcmp(argv[0], "list")))
		return list(cli);
	if (argc == 1 && !strcmp(argv[0], "auto"))
		return cli_call(cli, "SetProfile", NULL, "s", "");
	if (argc == 2 && !strcmp(argv[0], "use"))
		return use(cli, argv[1]);
	return out_usage("profile wants list, use NAME, or auto");
}
