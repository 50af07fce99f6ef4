// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch cut`: ends open TCP connections: one, a program's, those older than the policy. By the
 * daemon, which knows who may; without one root asks the kernel itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/snitch.h"
#include "cli.h"

/* What shall be cut: all of it must hold. */
struct wish {
	uint64_t id;
	bool older;
	const char *program;	/* "": any */
};

static bool parse_id(const char *text, uint64_t *id)
{
	char *end;

	errno = 0;
	*id = strtoull(text, &end, 10);
	return !errno && *id && !*end && *text >= '0' && *text <= '9';
}

static int parse(struct wish *w, int argc, char **argv)
{
	int i;

	*w = (struct wish){ .program = "" };
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--older"))
			w->older = true;
		else if (!strcmp(argv[i], "--program") && i + 1 < argc && *argv[i + 1] == '/')
			w->program = argv[++i];
		else if (w->id || !parse_id(argv[i], &w->id))
			return out_usage("cut takes the ID of a connection (`snitch flows`), "
					 "--older, or --program and an absolute path");
	}
	if (!argc)
		return out_usage("cut what? the ID of a connection (`snitch flows`), --older, "
				 "or --program PATH");
	return CLI_OK;
}

static int ask_daemon(struct cli *cli, const struct wish *w, struct snitch_cut_done *done)
{
	sd_bus_message *reply = NULL;
	int code = cli_call(cli, "Cut", &reply, "tbs", w->id, (int)w->older, w->program);

	if (!code && sd_bus_message_read(reply, "uu", &done->cut, &done->left) < 0) {
		out_error("cut: snitchd's answer makes no sense: install both again");
		code = CLI_ABI;
	}
	sd_bus_message_unref(reply);
	return code;
}

static int ask_kernel(const struct wish *w, struct snitch_cut_done *done)
{
	const struct snitch_cut what = {
		.cookie = w->id, .uid = SNITCH_UID_ANY, .flags = w->older ? SNITCH_CUT_OLDER : 0,
	};
	struct snitch_nl *nl;
	int rc, code = cli_nl_open(&nl);

	if (code)
		return code;
	rc = snitch_nl_cut(nl, &what, *w->program ? w->program : NULL, done);
	if (rc < 0)
		code = cli_nl_error("cut", rc, nl);
	snitch_nl_close(nl);
	return code;
}

int cmd_cut(struct cli *cli, int argc, char **argv)
{
	struct snitch_cut_done done = { 0 };
	struct wish wish;
	int code = parse(&wish, argc, argv);

	if (code)
		return code;
	code = cli_bus_open(cli, !geteuid());
	if (!code)
		code = ask_daemon(cli, &wish, &done);
	else if (!geteuid())
		code = ask_kernel(&wish, &done);
	if (code)
		return code;
	if (cli->json)
		code = out_json(json_pack("{s:i,s:i}", "cut", (int)done.cut, "left",
					  (int)done.left));
	else
		out_printf("%u connection%s cut\n", done.cut, done.cut == 1 ? "" : "s");
	if (code)
		return code;
	if (done.left) {
		out_error("%u more are left, for so many are ending already: again in a moment",
			  done.left);
		return CLI_FAILED;
	}
	if (done.cut)
		return CLI_OK;
	out_error("no such connection is open%s", geteuid() ? ", or none of yours" : "");
	return CLI_NOT_FOUND;
}
