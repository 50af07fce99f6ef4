// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes rules as the sentences that parse.c reads. It must never write what it cannot read. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "print.h"
#include "../util/timespan.h"

static void print_keys(const struct rule *rule, struct text *t)
{
	const struct rule_image *image = &rule->image;
	bool bound = image->pid || image->start || image->exec_id;

	if (!rule->id_written && !rule->keys && !rule->until && !bound)
		return;
	text_addf(t, "[id=%016" PRIx64, rule->id);
	if (rule->until)
		text_addf(t, " until=%" PRIu64, rule->until);
	if (bound)
		text_addf(t, " pid=%u start=%" PRIu64 " exec=%" PRIu64, image->pid,
			  image->start, image->exec_id);
	if (rule->keys)
		text_addf(t, " %s", rule->keys);
	text_add(t, "] ");
}

static void print_remote(const struct rule *rule, struct text *t)
{
	size_t i;

	text_add(t, rule->negated ? " to not " : " to ");
	for (i = 0; i < rule->n_items; i++) {
		if (i)
			text_add(t, ",");
		item_print(&rule->items[i], t);
	}
	for (i = 0; i < rule->n_ports; i++) {
		text_addf(t, "%s%u", i ? "," : " port ", rule_ports(rule)[i].first);
		if (rule_ports(rule)[i].last != rule_ports(rule)[i].first)
			text_addf(t, "-%u", rule_ports(rule)[i].last);
	}
	if (rule->proto >= 0 && proto_word(rule->proto))
		text_addf(t, " %s", proto_word(rule->proto));
	else if (rule->proto >= 0)
		text_addf(t, " %d", rule->proto);
}

/* Local time as people write it; where that is not exact, and in files, UTC. */
static void print_date(uint64_t seconds, bool utc, struct text *t)
{
	time_t when = seconds;
	struct tm tm, again;
	const char *format = "%Y-%m-%dT%H:%M:%SZ";
	char buf[32];

	if (!utc && localtime_r(&when, &tm)) {
		again = tm;
		again.tm_isdst = -1;
		if (mktime(&again) == when)
			format = tm.tm_hour || tm.tm_min || tm.tm_sec ? "%Y-%m-%dT%H:%M:%S"
								       : "%Y-%m-%d";
		else
			utc = true;
	}
	if (utc)
		gmtime_r(&when, &tm);
	if (!strftime(buf, sizeof(buf), format, &tm))
		t->full = true;
	else
		text_addf(t, " until %s", buf);
}

static void print_options(const struct rule *rule, bool stored, struct text *t)
{
	char span[32];

	if (rule->flags & RULE_F_IN)
		text_add(t, " in");
	if (rule->interface) {
		text_add(t, " via-interface ");
		text_add_word(t, rule->interface);
	}
	if (rule->lifetime == RULE_L_FOR)
		text_addf(t, " for %s", snitch_span_format(rule->seconds, span, sizeof(span)));
	else if (rule->lifetime == RULE_L_QUIT)
		text_add(t, " until quit");
	else if (rule->lifetime == RULE_L_REBOOT)
		text_add(t, " until reboot");
	else if (rule->lifetime == RULE_L_DATE)
		print_date(rule->seconds, stored, t);
	if (rule->flags & RULE_F_HIGH)
		text_add(t, " priority high");
	if (rule->profile) {
		text_add(t, " profile ");
		text_add_word(t, rule->profile);
	}
	if (rule->flags & RULE_F_NOLOG)
		text_add(t, " nolog");
	if (rule->flags & RULE_F_DISABLED)
		text_add(t, " disabled");
	if (rule->flags & RULE_F_LOCKDOWN)
		text_add(t, " lockdown");
}

int print_rule(const struct rule *rule, char *buf, size_t size, bool brackets, bool note)
{
	static const char *const actions[] = {
		[SNITCH_ALLOW] = "allow ", [SNITCH_DENY] = "deny ", [SNITCH_DROP] = "drop ",
		[SNITCH_ASK] = "ask ",
	};
	struct text t = { .buf = buf, .size = size };

	if (size)
		buf[0] = '\0';
	if (brackets)
		print_keys(rule, &t);
	text_add(&t, actions[rule->action]);
	program_print(&rule->program, &t);
	if (rule->who != RULE_W_ANYONE) {
		text_add(&t, rule->who == RULE_W_USER ? " user " : " group ");
		text_add_word(&t, rule->who_name);
	}
	print_remote(rule, &t);
	print_options(rule, brackets || !note, &t);
	if (note && rule->note)
		text_addf(&t, "  # %s", rule->note);
	return t.full ? -ENOSPC : (int)t.len;
}

int rule_print(const struct rule *rule, char *buf, size_t size)
{
	return print_rule(rule, buf, size, true, true);
}

int rule_print_plain(const struct rule *rule, char *buf, size_t size)
{
	return print_rule(rule, buf, size, false, true);
}
