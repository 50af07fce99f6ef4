// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that have verbs, like `snitch rules add`. It must never guess a verb. */
#include <stdio.h>
#include <string.h>

#include "../lib/snitch.h"
#include "../util/cleanup.h"
#include "cli.h"

int cli_verb(struct cli *cli, const char *command, const struct cli_verb *verbs, int argc,
	     char **argv)
{
	_cleanup_free_ char *names = NULL;
	size_t i, size = 0;
	FILE *f;

	if (!argc)
		return verbs->run(cli, 0, argv);
	for (i = 0; verbs[i].name; i++) {
		if (!strcmp(verbs[i].name, argv[0]))
			return verbs[i].run(cli, argc - 1, argv + 1);
	}
	f = open_memstream(&names, &size);
	for (i = 0; f && verbs[i].name; i++)
		fprintf(f, "%s%s", i ? ", " : "", verbs[i].name);
	if (f)
		fclose(f);
	return out_usage("%s: '%s' is not one of %s", command, argv[0], names ? names : "its verbs");
}

int cli_remove_each(struct cli *cli, int argc, char **argv,
		    int (*remove)(struct cli *cli, const char *what, const void *ctx),
		    const void *ctx)
{
	json_t *removed = cli->json ? json_array() : NULL;
	int i, code = CLI_OK;

	for (i = 0; i < argc; i++) {
		int rc = remove(cli, argv[i], ctx);

		if (!rc && removed)
			json_array_append_new(removed, json_string(argv[i]));
		code = rc ? rc : code;
	}
	if (cli->json)
		out_json(json_pack("{s:o}", "removed", removed));
	return code;
}
