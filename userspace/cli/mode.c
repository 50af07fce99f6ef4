// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch mode`: show or set what happens where no rule matches. It must
 * never set a mode that was not named in full.
 */
#include <string.h>

#include "../util/timespan.h"
#include "cli.h"

static const struct {
	const char *name, *means;
} modes[] = {
	{ "ask", "unmatched flows wait while a person is asked; refused without an agent" },
	{ "observe", "unmatched flows are allowed and recorded" },
	{ "quiet", "unmatched flows are refused and listed as pending" },
	{ "lockdown", "only built-in rules and rules marked lockdown allow" },
	{ "off", "nothing is judged" },
};

static const char *meaning(const char *mode)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, mode))
			return modes[i].means;
	return NULL;
}

static int show(struct cli *cli)
{
	char left[32] = "";
	const char *mode;
	uint64_t until;
	json_t *status;
	int code = cli_call_json(cli, "GetStatus", &status, "");

	if (code)
		return code;
	mode = value_str(status, "Mode", "?");
	until = (uint64_t)value_int(status, "ModeUntil", 0);
	if (until > snitch_boottime())
		snitch_span_format((until - snitch_boottime()) / SNITCH_NSEC_PER_SEC + 1, left,
				   sizeof(left));
	if (cli->json) {
		code = out_json(json_pack("{s:s,s:I,s:s}", "mode", mode, "until_boottime",
					  (json_int_t)until, "after",
					  value_str(status, "ModeAfter", "")));
	} else {
		out_printf("%s: %s\n", mode, meaning(mode) ? meaning(mode) : "");
		if (*left)
			out_printf("for another %s, then %s\n", left,
				   value_str(status, "ModeAfter", "?"));
	}
	json_decref(status);
	return code;
}

int cmd_mode(struct cli *cli, int argc, char **argv)
{
	uint64_t seconds = 0;
	int code;

	if (!argc)
		return show(cli);
	if (!meaning(argv[0]))
		return out_usage("'%s' is no mode: ask, observe, quiet, lockdown or off", argv[0]);
	if (argc != 1 && (argc != 3 || strcmp(argv[1], "for")))
		return out_usage("mode wants MODE, or MODE for SPAN");
	if (argc == 3 && snitch_span_parse(argv[2], &seconds))
		return out_usage("'%s' is no span of time: write 30s, 10m, 1h", argv[2]);
	code = cli_call(cli, "SetMode", NULL, "st", argv[0], seconds);
	if (code)
		return code;
	return cli->json ? show(cli) : CLI_OK;
}
