// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch rules`: list, add, remove; check is check.c's. It must never write
 * a rule file itself: the daemon owns them, but for the administrator's
 * (admin.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "cli.h"
#include "rules-test.h"

static void print_rule(const struct cli *cli, const json_t *r)
{
	const char *why = value_str(r, "why", "");
	bool active = value_bool(r, "active");

	long long hits = value_int(r, "hits", -1);
	char text[24] = "-";	/* no history is kept */

	if (hits >= 0)
		snprintf(text, sizeof(text), "%lld", hits);
	out_printf("%-16s  %-10s  %6s  ", value_str(r, "id", "?"), value_str(r, "scope", "?"), text);
	if (active)
		out_printf("%s", value_str(r, "text", "?"));
	else
		out_colour(cli, 2, value_str(r, "text", "?"));
	if (*why)
		out_printf("  (%s%s)", active ? "" : "no say: ", why);
	out_printf("\n");
}

/* Is @scope ("user 1000") of the kind that was asked for ("user")? */
static bool of_scope(const char *scope, const char *only)
{
	size_t len = strlen(only);

	return !strncmp(scope, only, len) && (!scope[len] || scope[len] == ' ');
}

static bool is_scope(const char *text)
{
	static const char *const scopes[] = { "builtin", "admin", "system", "user", "runtime" };
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(scopes); i++)
		if (!strcmp(scopes[i], text))
			return true;
	return false;
}

static int cmd_list(struct cli *cli, int argc, char **argv)
{
	const char *only = NULL;
	json_t *all, *r;
	size_t i;
	int code;

	if (argc == 2 && !strcmp(argv[0], "--scope") && is_scope(argv[1]))
		only = argv[1];
	else if (argc)
		return out_usage("rules list takes only --scope builtin|admin|system|user|runtime");
	code = cli_call_json(cli, "ListRules", &all, "");
	if (code)
		return code;
	for (i = json_array_size(all); only && i-- > 0;)
		if (!of_scope(value_str(json_array_get(all, i), "scope", ""), only))
			json_array_remove(all, i);
	if (cli->json)
		return out_json(json_pack("{s:i,s:o}", "schema", 1, "rules", all));
	out_printf("%-16s  %-10s  %6s  %s\n", "ID", "SCOPE", "HITS", "RULE");
	json_array_foreach(all, i, r)
		print_rule(cli, r);
	json_decref(all);
	return CLI_OK;
}

/* One argument is a rule as it stands; of several, those with blanks in them were quoted words. */
char *cli_join(int argc, char **argv)
{
	size_t size = 0;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);
	int i;

	if (!f)
		return NULL;
	for (i = 0; i < argc; i++) {
		bool quote = argc > 1 && strpbrk(argv[i], " \t") && *argv[i] != '"';

		fprintf(f, "%s%s%s%s", i ? " " : "", quote ? "\"" : "", argv[i],
			quote ? "\"" : "");
	}
	fclose(f);
	return out;
}

static int invalid_rule(const struct rule_error *err)
{
	char text[1024];

	out_error("%s", rule_error_print(err, text, sizeof(text)));
	return CLI_INVALID;
}

/* Whether root writes it: what ends by itself stands in /run, which snitchd may write. */
static bool is_lasting(const struct rule *rule)
{
	return rule->lifetime == RULE_L_FOREVER || rule->lifetime == RULE_L_DATE;
}

/* Takes @rule. */
static int add(struct cli *cli, const char *text, struct rule *rule, const char *scope,
	       const char *root, json_t **id)
{
	char id_text[17];
	uint64_t number;
	int code;

	if (strcmp(scope, "admin") || !is_lasting(rule)) {
		rule_free(rule);
		return root ? out_usage("--root is for lasting rules of --scope admin") :
			      cli_call_json(cli, "AddRule", id, "ss", text, scope);
	}
	code = admin_add(cli, root, rule, &number);
	if (!code)
		*id = json_string(rule_id_print(number, id_text, sizeof(id_text)));
	return code;
}

static int cmd_add(struct cli *cli, int argc, char **argv)
{
	const char *scope = geteuid() ? "user" : "system", *root = NULL;
	_cleanup_free_ char *text = NULL;
	struct rule *rule = NULL;
	struct rule_error err = { 0 };
	json_t *id = NULL;
	int code;

	for (; argc >= 2 && !strncmp(argv[0], "--", 2); argv += 2, argc -= 2) {
		if (!strcmp(argv[0], "--scope"))
			scope = argv[1];
		else if (!strcmp(argv[0], "--root"))
			root = argv[1];
		else
			return out_usage("rules add takes --scope SCOPE and --root DIR, not '%s'",
					 argv[0]);
	}
	if (!argc)
		return out_usage("rules add wants a rule, like: "
				 "allow /usr/bin/curl to 192.0.2.7 port 443 tcp (man snitch-rules)");
	text = cli_join(argc, argv);
	if (!text)
		return CLI_FAILED;
	if (rule_parse(text, NULL, 0, &rule, &err) < 0)
		return invalid_rule(&err);
	if (!rule)
		return out_usage("'%s' holds no rule", text);
	code = add(cli, text, rule, scope, root, &id);
	if (code)
		return code;
	if (cli->json)
		return out_json(json_pack("{s:o,s:s}", "id", id, "scope", scope));
	out_printf("%s\n", json_string_value(id) ? json_string_value(id) : "?");
	json_decref(id);
	return CLI_OK;
}

static int rm(struct cli *cli, const char *text, const void *ctx)
{
	const char *root = ctx;
	int code = CLI_NOT_FOUND;
	uint64_t id;

	if (!rule_id_parse(text, &id))
		code = admin_remove(cli, root, id);
	if (code == CLI_NOT_FOUND && !root)
		return cli_call(cli, "RemoveRule", NULL, "s", text);
	if (code == CLI_NOT_FOUND)
		out_error("'%s' is not the id of a rule of the administrator below %s", text, root);
	return code;
}

static int cmd_rm(struct cli *cli, int argc, char **argv)
{
	const char *root = NULL;

	if (argc >= 2 && !strcmp(argv[0], "--root")) {
		root = argv[1];
		argv += 2;
		argc -= 2;
	}
	if (!argc)
		return out_usage("rules rm wants the id of a rule; `snitch rules list` shows them");
	return cli_remove_each(cli, argc, argv, rm, root);
}

static int cmd_disable(struct cli *cli, int argc, char **argv)
{
	return builtin_switch(cli, argc, argv, false);
}

static int cmd_enable(struct cli *cli, int argc, char **argv)
{
	return builtin_switch(cli, argc, argv, true);
}

int cmd_rules(struct cli *cli, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", cmd_list }, { "add", cmd_add }, { "rm", cmd_rm },
		{ "check", cmd_rules_check },
		{ "test", rules_test },
		{ "import", rules_import }, { "export", rules_export },
		{ "disable", cmd_disable }, { "enable", cmd_enable },
		{ NULL, NULL },
	};

	return cli_verb(cli, "rules", verbs, argc, argv);
}
