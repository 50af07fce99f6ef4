// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch watch ADDRESS...`: holds what goes there and asks, here; all else goes on as the mode has
 * it. It must never hold anything once it has ended.
 */
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "cli.h"

/* "ask any to A, B priority high": one rule, whatever the addresses are. */
static char *make_rule(int argc, char **argv)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int i;

	if (!f)
		return NULL;
	fputs("ask any to ", f);
	for (i = 0; i < argc; i++)
		fprintf(f, "%s%s", i ? ", " : "", argv[i]);
	fputs(" priority high", f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

int cmd_watch(struct cli *cli, int argc, char **argv)
{
	_cleanup_free_ char *text = NULL;
	struct rule_error err = { 0 };
	struct rule *rule = NULL;
	char said[1024];

	if (!argc)
		return out_usage("watch wants addresses, like: 192.168.1.0/24 2001:db8::7 local-net");
	text = make_rule(argc, argv);
	if (!text)
		return CLI_FAILED;
	if (rule_parse(text, NULL, 0, &rule, &err) < 0) {
		out_error("%s", rule_error_print(&err, said, sizeof(said)));
		return CLI_INVALID;
	}
	rule_free(rule);
	/* for programs, and where nobody sits at a terminal: `snitch answer` answers then */
	if (cli->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cli_wait(cli, 0, text, "snitch watch");
	return ask_run(cli, text, "snitch watch");
}
