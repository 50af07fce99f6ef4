// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch answer`: one answer to one question, for scripts and people. It
 * must never widen what was said: the daemon checks every word again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../ask/words.h"
#include "../util/timespan.h"
#include "cli.h"

#define SCOPES	"host, domain, address or any, host-port, domain-port, address-port or port"

static int parse_id(const char *text, uint64_t *id)
{
	char *end;

	errno = 0;
	*id = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || !*id)
		return -EINVAL;
	return 0;
}

/* Joins the words of a lifetime into @buf and checks them. */
static int take_lifetime(int argc, char **argv, char *buf, size_t size)
{
	uint64_t seconds;
	int i;

	*buf = '\0';
	for (i = 0; i < argc; i++) {
		if (strlen(buf) + strlen(argv[i]) + 2 > size)
			return -EINVAL;
		if (i)
			strcat(buf, " ");
		strcat(buf, argv[i]);
	}
	if (!strcmp(buf, "once") || !strcmp(buf, "forever") || !strcmp(buf, "until quit") ||
	    !strcmp(buf, "until reboot"))
		return 0;
	return strncmp(buf, "for ", 4) ? -EINVAL : snitch_span_parse(buf + 4, &seconds);
}

static void report(const json_t *result, const char *verdict)
{
	long long flows = value_int(result, "flows", 0);
	const char *rule = value_str(result, "rule", NULL);

	out_printf("%s: %lld flow%s %s", verdict, flows, flows == 1 ? "" : "s",
		   strcmp(verdict, "allow") ? "refused" : "released");
	if (rule)
		out_printf("; rule %s: %s", value_str(result, "rule_id", "?"), rule);
	out_printf("\n");
}

int cmd_answer(struct cli *cli, int argc, char **argv)
{
	const char *scope = NULL;
	char lifetime[64] = "once";
	json_t *result;
	uint64_t id;
	int i, n = 0, code;

	for (i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--scope"))
			argv[n++] = argv[i];
		else if (i + 1 < argc)
			scope = argv[++i];
		else
			return out_usage("--scope wants " SCOPES);
	}
	if (n < 2)
		return out_usage("answer wants ID and allow, deny or drop; "
				 "`snitch pending` lists the questions");
	if (parse_id(argv[0], &id))
		return out_usage("'%s' is no question's number; `snitch pending` lists them",
				 argv[0]);
	if (strcmp(argv[1], "allow") && strcmp(argv[1], "deny") && strcmp(argv[1], "drop"))
		return out_usage("'%s' is no verdict: allow, deny or drop", argv[1]);
	if (scope && !words_scope(scope))
		return out_usage("'%s' is no scope: " SCOPES, scope);
	if (n > 2 && take_lifetime(n - 2, argv + 2, lifetime, sizeof(lifetime)))
		return out_usage("no such lifetime: once, until quit, until reboot, "
				 "for SPAN (90s, 10m, 1h, 2d) or forever");
	code = cli_call_json(cli, "Answer", &result, "tsss", id, argv[1], scope ? scope : "",
			     lifetime);
	if (code)
		return code;
	if (cli->json)
		return out_json(result);
	report(result, argv[1]);
	json_decref(result);
	return CLI_OK;
}
