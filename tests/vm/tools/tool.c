// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-tool's commands in one table.
 * Must never do anything by itself: each command stands in its own file.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

void die(int err, const char *fmt, ...)
{
	va_list ap;

	fputs("snitch-tool: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	fputc('\n', stderr);
	exit(1);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "status", cmd_status, "                 numbers and counters, one a line" },
	{ "policy", cmd_policy, "                 one transaction from stdin (see tool-policy.c)" },
	{ "flows", cmd_flows, "                  dump of the verdict cache" },
	{ "parked", cmd_parked, "                 dump of parked flows" },
	{ "rules", cmd_rules, "                  dump of the rules in force" },
	{ "sets", cmd_sets, "                   dump of the sets in force" },
	{ "change", cmd_change, "                 other sets, from stdin (see tool-sets.c)" },
	{ "limits", cmd_limits, "NAME=VALUE...    set limits" },
	{ "cut", cmd_cut, "[cookie N] [uid N] [older] [program PATH]    end connections" },
	{ "decide", cmd_decide, "[OPTION...]      a scripted decider (see tool-decide.c)" },
	{ "observe", cmd_observe, "[LOG]            an observer: prints until killed" },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "snitch-tool %s %s\n", commands[i].name, commands[i].help);
	return 2;
}
