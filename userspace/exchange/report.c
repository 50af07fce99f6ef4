// SPDX-License-Identifier: GPL-2.0-or-later
/* What an exchange holds, and its report in words. What it prints of a file is escaped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../policy/print.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "exchange.h"

struct exchange *exchange_new(const struct exchange_options *options)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x && options)
		x->options = *options;
	return x;
}

void exchange_free(struct exchange *x)
{
	size_t i, k;

	if (!x)
		return;
	for (i = 0; i < x->n_rules; i++)
		rule_free(x->rules[i].rule);
	for (i = 0; i < x->n_lists; i++) {
		for (k = 0; k < x->lists[i].n_entries; k++)
			free(x->lists[i].entries[k]);
		free(x->lists[i].entries);
		free(x->lists[i].name);
		free(x->lists[i].about);
	}
	for (i = 0; i < x->n_entries; i++) {
		free(x->entries[i].file);
		free(x->entries[i].key);
		free(x->entries[i].found);
		free(x->entries[i].reason);
	}
	free(x->rules);
	free(x->lists);
	free(x->entries);
	free(x);
}

int exchange_add_rule(struct exchange *x, struct rule *rule, bool review)
{
	if (x->n_rules == x->room_rules) {
		size_t room = x->room_rules ? 2 * x->room_rules : 64;
		struct exchange_rule *rules = reallocarray(x->rules, room, sizeof(*rules));

		if (!rules) {
			rule_free(rule);
			return -ENOMEM;
		}
		x->rules = rules;
		x->room_rules = room;
	}
	x->rules[x->n_rules++] = (struct exchange_rule){ rule, review };
	if (rule->flags & RULE_F_IN) {
		x->n_kept++;
	} else {
		x->n_enforced++;
		x->n_review += review;
	}
	return 0;
}

static const char *const formats[] = {
	[EXCHANGE_LSRULES] = "lsrules", [EXCHANGE_OPENSNITCH] = "opensnitch",
	[EXCHANGE_JSON] = "json", [EXCHANGE_SNITCH] = "snitch",
};

const char *exchange_format_name(enum exchange_format format)
{
	return format < EXCHANGE_FORMATS ? formats[format] : NULL;
}

int exchange_format_parse(const char *word, enum exchange_format *format)
{
	unsigned int i;

	for (i = 0; i < EXCHANGE_FORMATS; i++) {
		if (!strcmp(word, formats[i])) {
			*format = i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcasecmp(s + n - m, end);
}

enum exchange_format exchange_guess(const char *file, const char *bytes, size_t len)
{
	size_t look = len < 65536 ? len : 65536, i = 0;

	if (ends_with(file, ".lsrules"))
		return EXCHANGE_LSRULES;
	if (ends_with(file, ".rules"))
		return EXCHANGE_SNITCH;
	while (i < look && strchr(" \t\r\n\xef\xbb\xbf", bytes[i]) && bytes[i])
		i++;
	if (i == look || (bytes[i] != '{' && !ends_with(file, ".json")))
		return i == look ? EXCHANGE_LSRULES : EXCHANGE_SNITCH;
	if (memmem(bytes, look, "\"operator\"", 10))
		return EXCHANGE_OPENSNITCH;
	return memmem(bytes, look, "\"schema\"", 8) ? EXCHANGE_JSON : EXCHANGE_LSRULES;
}

int exchange_rule_text(const struct rule *rule, char *buf, size_t size)
{
	int n = print_rule(rule, buf, size, false, false), m;

	if (n < 0 || !rule->note)
		return n;
	m = snprintf(buf + n, size - n, "  # %s", rule->note);
	return (size_t)m < size - n ? n + m : -ENOSPC;
}

const char *exchange_fate_name(enum exchange_fate fate)
{
	static const char *const names[] = {
		[EXCHANGE_CHANGED] = "changed", [EXCHANGE_DISABLED] = "disabled",
		[EXCHANGE_KEPT] = "kept", [EXCHANGE_LEFT] = "left",
	};

	return fate < EXCHANGE_FATES ? names[fate] : "?";
}

char *exchange_entry_print(const struct exchange_entry *e, char *buf, size_t size)
{
	static const char *const words[] = {
		[EXCHANGE_CHANGED] = "", [EXCHANGE_DISABLED] = "disabled: ",
		[EXCHANGE_KEPT] = "kept, not enforced: ", [EXCHANGE_LEFT] = "not carried over: ",
	};
	_cleanup_free_ char *line = e->line ? snitch_format(":%u", e->line) : NULL;
	_cleanup_free_ char *rule = e->rule ? snitch_format(" rule %u", e->rule) : NULL;
	const char *comma = e->rule ? "," : "";
	_cleanup_free_ char *key = e->key ? snitch_format("%s %s", comma, e->key) : NULL;
	_cleanup_free_ char *found = e->found ? snitch_format(" \"%s\"", e->found) : NULL;
	bool place = rule || key || found;

	snprintf(buf, size, "%s%s:%s%s%s%s %s%s", e->file, line ? line : "", rule ? rule : "",
		 key ? key : "", found ? found : "", place ? ":" : "", words[e->fate], e->reason);
	return buf;
}

char *exchange_list_text(const struct exchange_list *list)
{
	char *out = NULL;
	size_t size, i;
	FILE *f = open_memstream(&out, &size);
	bool bad;

	if (!f)
		return NULL;
	if (list->about)
		fprintf(f, "# %s\n", list->about);
	for (i = 0; i < list->n_entries; i++)
		fprintf(f, "%s\n", list->entries[i]);
	bad = ferror(f);
	if (fclose(f) || bad) {
		free(out);
		return NULL;
	}
	return out;
}
