// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch`: the table of subcommands, common options, help. It must never do
 * a subcommand's work itself.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "cli.h"

static int cmd_help(struct cli *cli, int argc, char **argv);
static int cmd_version(struct cli *cli, int argc, char **argv);

const struct cli_command cli_commands[] = {
	{ "status", cmd_status, "[-q]", "what snitch is doing; -q: only the exit code", "-q --json" },
	{ "mode", cmd_mode, "[MODE [for SPAN]]",
	  "show or set what happens where no rule matches",
	  "ask observe quiet lockdown off" },
	{ "pending", cmd_pending, "[--count | --wait [--timeout SPAN]]",
	  "list questions; --wait: print each as it comes", "--wait --timeout --count --json" },
	{ "answer", cmd_answer, "ID allow|deny|drop [LIFETIME] [--scope SCOPE]",
	  "answer a question", NULL },
	{ "ask", cmd_ask, "", "put questions to you, here in the terminal", NULL },
	{ "profile", cmd_profile, "[list | use NAME | auto]",
	  "show or choose the profile whose rules count", "list use auto" },
	{ "run", cmd_run, "[OPTION...] -- COMMAND...",
	  "run a command with rules that end with it",
	  "--allow --deny --ask --rules --record" },
	{ "watch", cmd_watch, "ADDRESS...",
	  "hold what goes there, and ask", "local-net multicast" },
	{ "apply", cmd_apply, "FILE [--confirm SPAN]",
	  "take a file of rules, if confirmed (root)", "--confirm" },
	{ "confirm", cmd_confirm, "", "keep the rules that are on trial (root)", NULL },
	{ "rules", cmd_rules,
	  "[list|add|rm|check|test|import|export|disable|enable]",
	  "list, add, remove, check, try, exchange rules",
	  "list add rm check test import export disable enable" },
	{ "log", cmd_log, "[--since WHEN] [-n N] [--follow]", "what was decided",
	  "--since --program --verdict --user -n --follow --json" },
	{ "review", cmd_review, "[--since WHEN] [--accept ID...]",
	  "rules proposed out of what no rule decided",
	  "--since --program --verdict --user --accept --deny --json" },
	{ "explain", cmd_explain, "[--offline] ID | PROGRAM to REMOTE ...",
	  "why a flow is judged as it is", "--offline --root --json" },
	{ "lists", cmd_lists,
	  "[list | add | show | test | update | except | rm] ...",
	  "blocklists that rules name as list:NAME",
	  "list add rm update show test except enable disable" },
	{ "top", cmd_top, "[--once] [--sort KEY] [--delay SPAN]",
	  "live flows by program, with names and bytes",
	  "--once --sort --delay --json" },
	{ "flows", cmd_flows, "[--parked]", "what the kernel knows of flows (root)",
	  "--parked --json" },
	{ "cut", cmd_cut, "[ID] [--older] [--program PATH]",
	  "end open TCP connections", "--older --program --json" },
	{ "monitor", cmd_monitor, "", "print each decision as it is made (root)", "--json" },
	{ "iap", cmd_iap, "show PROGRAM [...] | which PROGRAM | lint FILE...",
	  "what a program's maker says of its connections", "show which lint" },
	{ "doctor", cmd_doctor, "", "look for what is wrong, and say what to do", "--json" },
	{ "panic", cmd_panic, "", "cut everything but loopback, at once (root)", NULL },
	{ "release", cmd_release, "", "end the panic: rules are in force again (root)", NULL },
	{ "version", cmd_version, "", "print the version", NULL },
	{ "help", cmd_help, "[COMMAND]", "print this", NULL },
	{ "complete", cmd_complete, NULL, NULL, NULL },	/* for the shells' completions */
	{ 0 }
};

static const struct cli_command *find(const char *name)
{
	const struct cli_command *c;

	for (c = cli_commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* What may stand for the capitals of a usage line. */
static const struct {
	const char *word, *means;
} places[] = {
	{ "MODE", "ask, observe, quiet, lockdown, off" },
	{ "LIFETIME", "once, until quit, until reboot, for SPAN, forever" },
	{ "SCOPE", "host, domain, address, any; host-port..., port" },
	{ "SPAN", "90s, 10m, 1h30m, 2d" },
	{ "WHEN", "2h, 7d, 2026-11-20" },
	{ "KEY", "rate, sent, received, flows, name" },
};

/* Those that @args has, and what they lead to; all without @args. */
static void print_places(FILE *to, const char *args)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(places); i++)
		if (!args || strstr(args, places[i].word) ||
		    (!strcmp(places[i].word, "SPAN") && strstr(args, "LIFETIME")))
			fprintf(to, "  %-9s  %s\n", places[i].word, places[i].means);
}

static void print_usage(FILE *to)
{
	const struct cli_command *c;

	fputs("usage: snitch [--json] COMMAND ...\n\n", to);
	for (c = cli_commands; c->name; c++) {
		char left[80];

		if (!c->help)
			continue;
		snprintf(left, sizeof(left), "%s %s", c->name, c->args);
		if (strlen(left) > 28)
			fprintf(to, "  %s\n  %28s  %s\n", left, "", c->help);
		else
			fprintf(to, "  %-28s  %s\n", left, c->help);
	}
	fputc('\n', to);
	print_places(to, NULL);
	fputs("\n--json: for programs, with every command. Exit codes and examples: man snitch\n"
	      "--no-ask-password, with every command: polkit asks nobody for a password\n", to);
}

static int cmd_help(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *c;

	(void)cli;
	if (!argc) {
		print_usage(stdout);
		return CLI_OK;
	}
	c = find(argv[0]);
	if (!c || !c->help)
		return out_usage("no command '%s'; `snitch help` lists them", argv[0]);
	out_printf("usage: snitch %s%s%s\n  %s\n", c->name, *c->args ? " " : "", c->args, c->help);
	print_places(stdout, c->args);
	return CLI_OK;
}

static int cmd_version(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc)
		return out_usage("version takes no arguments");
	if (cli->json)
		return out_json(json_pack("{s:s}", "version", SNITCH_VERSION));
	puts("snitch " SNITCH_VERSION);
	return CLI_OK;
}

/* Takes the options that stand anywhere out of @argv. Returns the new argc. */
static int common_options(struct cli *cli, int argc, char **argv, bool *help)
{
	int i, n = 0;

	for (i = 0; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			cli->json = true;
		else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			*help = true;
		else if (!strcmp(argv[i], "--no-ask-password"))
			cli->no_password = true;
		else
			argv[n++] = argv[i];
	}
	if (i < argc)	/* drop the "--" itself */
		i++;
	while (i < argc)
		argv[n++] = argv[i++];
	argv[n] = NULL;	/* what follows may be executed */
	return n;
}

static bool want_colour(void)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *c;

	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V"))
		return cmd_version(cli, argc - 1, argv + 1);
	c = find(argv[0]);
	if (!c)
		return out_usage("no %s '%s'; `snitch help` lists what there is",
				 *argv[0] == '-' ? "option" : "command", argv[0]);
	return c->run(cli, argc - 1, argv + 1);
}

/*
 * A locale that this machine does not have (who logs in from elsewhere brings one) has a language
 * all the same, see iap_langs_init(), and the characters of its name: UTF-8 is always there.
 */
static void take_locale(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *name = NULL;
	size_t i;

	if (setlocale(LC_ALL, "") || setlocale(LC_CTYPE, ""))
		return;
	for (i = 0; i < SNITCH_ARRAY_SIZE(variables) && (!name || !*name); i++)
		name = getenv(variables[i]);
	name = name ? strchr(name, '.') : NULL;
	if (name && (!strncasecmp(name, ".utf-8", 6) || !strncasecmp(name, ".utf8", 5)))
		setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char **argv)
{
	struct cli cli = { .colour = want_colour() };
	bool help = false;
	int code;

	take_locale();
	/* What follows `complete` is another command's line: none of it is for us. */
	if (argc > 1 && !strcmp(argv[1], "complete"))
		return out_finish(cmd_complete(&cli, argc - 2, argv + 2));
	argc = common_options(&cli, argc - 1, argv + 1, &help);
	argv++;
	if (help) {
		code = cmd_help(&cli, argc > 1 ? 1 : argc, argv);
	} else if (!argc) {
		print_usage(stderr);
		code = CLI_USAGE;
	} else {
		code = run(&cli, argc, argv);
	}
	cli_bus_close(&cli);
	return out_finish(code);
}
