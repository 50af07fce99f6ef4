// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws spoiled rules at the reader of rules, the lines of corpus/rules: whatever is read must be
 * written so that it is read again as the same rule. It must never touch another file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus.h"
#include "policy/explain.h"

#define LINES_MAX	256
#define LINE_SIZE	1024

static char seeds[LINES_MAX][LINE_SIZE];
static unsigned int n_seeds;

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

static void read_seeds(void)
{
	struct corpus *c = corpus_read("rules");
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		const char *at = (char *)c->file[i].b, *end = at + c->file[i].n, *line_end;

		for (; at < end && n_seeds < LINES_MAX; at = line_end + 1) {
			line_end = memchr(at, '\n', end - at);
			if (!line_end)
				line_end = end;
			snprintf(seeds[n_seeds++], LINE_SIZE, "%.*s", (int)(line_end - at), at);
		}
	}
	corpus_free(c);
}

int main(void)
{
	const char *runs = getenv("FUZZ_RUNS");
	long left = runs ? atol(runs) : 20000;
	unsigned int i;

	srand(1);
	read_seeds();
	for (i = 0; i < n_seeds; i++)
		one(seeds[i]);
	while (left-- > 0) {
		char line[LINE_SIZE];
		int k;

		strcpy(line, seeds[rand() % n_seeds]);
		for (k = rand() % 4; k >= 0; k--) {
			one(line);
			spoil(line, sizeof(line));
		}
		one(line);
	}
	return 0;
}
