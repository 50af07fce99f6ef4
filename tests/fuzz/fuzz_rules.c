// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled rules at the reader of rules: whatever is read must be written so that it is read
 * again as the same rule. It must never touch a file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/explain.h"

static const char *const seeds[] = {
	"[id=0123456789abcdef until=12 pid=3 start=4 exec=5 by=x] allow \"/opt/a b\" child-of "
	"/usr/bin/g* and children user 1000 to not 10.0.0.0/8,::1-::9,*.example.com,list:x "
	"port 80,443-500 tcp via-interface eth0 for 1h30m priority high profile home nolog # n",
	"deny kernel icmp-error to any until 2031-12-01T10:00:00Z disabled lockdown in",
	"/usr/bin/ssh child-of /usr/bin/git user 0 to example.com,192.0.2.7 port 22 "
	"via-interface lo",
	"ask container debian:12:/usr/bin/curl group users to loopback,local-net 17 until quit",
};

static void spoil(char *line, size_t size)
{
	static const char bytes[] = " \t,\"\\[]#=-./:*x0";
	size_t n = strlen(line), at = n ? rand() % n : 0;

	switch (rand() % 4) {
	case 0:
		if (n)
			memmove(line + at, line + at + 1, n - at);
		break;
	case 1:
		if (n + 2 < size) {
			memmove(line + at + 1, line + at, n - at + 1);
			line[at] = bytes[rand() % (sizeof(bytes) - 1)];
		}
		break;
	case 2:
		if (n)
			line[at] = rand() % 255 + 1;
		break;
	default:
		line[at] = '\0';
	}
}

/* A flow described so, or not; what is taken is written back. */
static void describe(const char *line)
{
	struct flow_description d = { .rule = NULL };
	char text[RULE_TEXT_MAX];
	struct rule_error err;

	if (!describe_flow(line, 1, &d, &err))
		flow_sentence(&d.query, text, sizeof(text));
	description_free(&d);
}

static void one(const char *line)
{
	char text[RULE_TEXT_MAX], error[1024];
	struct rule *rule, *again = NULL;
	struct rule_error err;

	describe(line);
	if (rule_parse(line, "fuzz", 1, &rule, &err)) {
		rule_error_print(&err, error, sizeof(error));
		return;
	}
	if (!rule)
		return;
	if (rule_print(rule, text, sizeof(text)) < 0 || strlen(text) >= RULE_LINE_MAX ||
	    rule_parse(text, NULL, 0, &again, &err) || !again || !rule_equal(rule, again) ||
	    rule->id != again->id) {
		fprintf(stderr, "'%s' became '%s'\n", line, text);
		abort();
	}
	rule_free(again);
	rule_free(rule);
}

int main(void)
{
	const char *runs = getenv("FUZZ_RUNS");
	long left = runs ? atol(runs) : 20000;

	srand(1);
	while (left-- > 0) {
		char line[1024];
		int k;

		strcpy(line, seeds[rand() % (sizeof(seeds) / sizeof(seeds[0]))]);
		for (k = rand() % 4; k >= 0; k--) {
			one(line);
			spoil(line, sizeof(line));
		}
		one(line);
	}
	return 0;
}
