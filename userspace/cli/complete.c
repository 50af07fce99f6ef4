// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch complete WORD...`: what may stand in the place of the last word, one
 * a line, for the shells' completions. It must never print more than ids, names
 * of lists and words of our own.
 */
#include <string.h>

#include "../util/cleanup.h"
#include "cli.h"

#define SPANS	"10m 1h 8h 1d"

static void offer(const char *word, const char *prefix)
{
	if (!strncmp(word, prefix, strlen(prefix)))
		out_printf("%s\n", word);
}

static void offer_words(const char *words, const char *prefix)
{
	char word[32];
	size_t len;

	for (; words && *words; words += len + strspn(words + len, " ")) {
		len = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)len, words);
		offer(word, prefix);
	}
}

/* What the daemon's questions, rules or lists have at @key; nothing where there is no daemon. */
static void offer_all(struct cli *cli, const char *method, const char *key, const char *prefix)
{
	json_t *all = NULL, *entry;
	size_t i;

	if (cli_bus_open(cli, true) || cli_call_json(cli, method, &all, ""))
		return;
	json_array_foreach(all, i, entry)
		offer(value_str(entry, key, ""), prefix);
	json_decref(all);
}

static void offer_ids(struct cli *cli, const char *method, const char *prefix)
{
	offer_all(cli, method, "id", prefix);
}

static void offer_names(struct cli *cli, const char *prefix)
{
	offer_all(cli, "ListLists", "name", prefix);
}

static void offer_profiles(struct cli *cli, const char *prefix)
{
	json_t *all = NULL, *name;
	size_t i;

	if (cli_bus_open(cli, true) || cli_call_json(cli, "ListProfiles", &all, ""))
		return;
	json_array_foreach(all, i, name)
		offer(json_string_value(name), prefix);
	json_decref(all);
}

static void complete_answer(struct cli *cli, int argc, char **argv)
{
	const char *last = argv[argc - 1], *before = argv[argc - 2];

	if (argc == 2)
		offer_ids(cli, "ListQuestions", last);
	else if (argc == 3)
		offer_words("allow deny drop", last);
	else if (!strcmp(before, "--scope"))
		offer_words("host-port host domain-port domain address-port address port any", last);
	else if (!strcmp(before, "until"))
		offer_words("quit reboot", last);
	else if (!strcmp(before, "for"))
		offer_words(SPANS, last);
	else
		offer_words("once until for forever --scope", last);
}

static void complete_rules(struct cli *cli, int argc, char **argv)
{
	const char *last = argv[argc - 1];

	if (argc == 2)
		offer_words("list add rm check test import export disable enable", last);
	else if (!strcmp(argv[1], "rm"))
		offer_ids(cli, "ListRules", last);
	else if (!strcmp(argv[argc - 2], "--scope"))
		offer_words(!strcmp(argv[1], "add") || !strcmp(argv[1], "import") ?
			    "admin system user runtime" : "builtin admin system user runtime", last);
	else if (!strcmp(argv[argc - 2], "--format"))
		offer_words(!strcmp(argv[1], "import") ? "lsrules opensnitch json snitch" :
			    "lsrules json snitch", last);
	else if (!strcmp(argv[1], "import") && *last == '-')
		offer_words("--format --scope --lists --reviewed --dry-run --root --json", last);
	else if (!strcmp(argv[1], "export") && *last == '-')
		offer_words("--format --scope", last);
	else if (!strcmp(argv[1], "disable") || !strcmp(argv[1], "enable"))
		offer_words(argc == 3 ? "builtin" : "--yes", last);
	else if (!strcmp(argv[1], "list"))
		offer_words("--scope --json", last);
	else if (!strcmp(argv[1], "test") && argc == 3)
		offer_words("--since --file --program --user allow deny drop ask", last);
	else if (!strcmp(argv[1], "add") && argc == 3)
		offer_words("allow deny drop ask --scope", last);
}

/* The id of a question, or a flow in the words of the grammar. */
static void complete_explain(struct cli *cli, int argc, char **argv)
{
	const char *last = argv[argc - 1];

	if (argc == 2) {
		offer_words("--offline --root", last);
		if (*last != '-')
			offer_ids(cli, "ListQuestions", last);
	} else if (*argv[argc - 2] == '/') {
		offer_words("to user child-of as", last);
	} else if (!strcmp(argv[argc - 2], "as")) {
		offer_words("unit flatpak snap container script", last);
	} else if (strcmp(argv[argc - 2], "to") && strcmp(argv[argc - 2], "port")) {
		offer_words("to port tcp udp icmp user via-interface", last);
	}
}

static void complete_iap(int argc, char **argv)
{
	const char *last = argv[argc - 1], *before = argv[argc - 2];

	if (argc == 2)
		offer_words("show which lint", last);
	else if (!strcmp(before, "--selection"))
		offer_words("host domain any", last);
	else if (!strcmp(before, "--protocol"))
		offer_words("tcp udp icmp", last);
	else if (!strcmp(argv[1], "show") && *last == '-')
		offer_words("--host --address --port --protocol --selection --incoming --deny "
			    "--lang --policy", last);
}

static void complete_lists(struct cli *cli, int argc, char **argv)
{
	const char *last = argv[argc - 1], *before = argv[argc - 2];

	if (!strcmp(before, "--kind"))
		offer_words("auto domains hosts addresses", last);
	else if (!strcmp(before, "--every"))
		offer_words("6h 12h 1d 7d", last);
	else if (!strcmp(argv[1], "add") && argc > 3)
		offer_words("--kind --every", last);
	else if (strcmp(argv[1], "list") && strcmp(argv[1], "add") &&
		 (argc == 3 || !strcmp(argv[1], "rm") || !strcmp(before, "--rm")))
		offer_names(cli, last);
}

static void offer_commands(const char *prefix)
{
	const struct cli_command *c;

	for (c = cli_commands; c->name; c++)
		if (c->help)
			offer(c->name, prefix);
}

int cmd_complete(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *c;

	/* These may stand before the command; nothing follows from them. */
	for (; argc > 1 && (!strcmp(argv[0], "--json") || !strcmp(argv[0], "-j") ||
			    !strcmp(argv[0], "--no-ask-password")); argc--)
		argv++;
	if (argc < 1)
		return CLI_OK;
	if (argc == 1) {
		offer_commands(argv[0]);
		if (*argv[0] == '-')
			offer_words("--json --no-ask-password --help --version", argv[0]);
		return CLI_OK;
	}
	for (c = cli_commands; c->name && strcmp(c->name, argv[0]); c++)
		;
	if (!c->name)
		return CLI_OK;
	if (!strcmp(c->name, "answer"))
		complete_answer(cli, argc, argv);
	else if (!strcmp(c->name, "rules"))
		complete_rules(cli, argc, argv);
	else if (!strcmp(c->name, "explain"))
		complete_explain(cli, argc, argv);
	else if (!strcmp(c->name, "iap"))
		complete_iap(argc, argv);
	else if (argc > 2 && !strcmp(c->name, "lists"))
		complete_lists(cli, argc, argv);
	else if (argc == 2 && !strcmp(c->name, "help"))
		offer_commands(argv[1]);
	else if (argc == 2)
		offer_words(c->words, argv[1]);
	else if (!strcmp(c->name, "mode") && argc == 3)
		offer("for", argv[2]);
	else if (!strcmp(c->name, "mode") && argc == 4)
		offer_words(SPANS, argv[3]);
	else if (!strcmp(argv[argc - 2], "--confirm"))
		offer_words("60s 5m", argv[argc - 1]);
	else if (argc == 3 && !strcmp(argv[1], "use"))
		offer_profiles(cli, argv[2]);
	else if (!strcmp(argv[argc - 2], "--since"))
		offer_words("1h 1d 7d 30d", argv[argc - 1]);
	else if (!strcmp(c->name, "top") && !strcmp(argv[argc - 2], "--sort"))
		offer_words("rate sent received flows name", argv[argc - 1]);
	else if (!strcmp(argv[argc - 2], "--delay"))
		offer_words("1s 5s", argv[argc - 1]);
	else if (!strcmp(argv[argc - 2], "--verdict"))
		offer_words("allow deny drop refused", argv[argc - 1]);
	else if (!strcmp(c->name, "pending") || !strcmp(c->name, "log") ||
		 !strcmp(c->name, "review") || !strcmp(c->name, "run") ||
		 !strcmp(c->name, "top") ||
		 (!strcmp(c->name, "cut") && strcmp(argv[argc - 2], "--program")))
		offer_words(c->words, argv[argc - 1]);
	cli_bus_close(cli);
	return CLI_OK;
}
