// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions and rules as D-Bus dictionaries. It must never put a hostile byte into a message
 * unescaped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "daemon.h"

int message_text(sd_bus_message *m, const char *key, const char *text)
{
	_cleanup_free_ char *safe = snitch_escape_str(text);

	return safe ? sd_bus_message_append(m, "{sv}", key, "s", safe) : -ENOMEM;
}

/*
 * Sentences of the rule grammar, one a line, are shown as they are: a backslash belongs to their
 * own quoting. Anything a terminal should not see is escaped all the same.
 */
char *message_sentence(const char *text)
{
	size_t len = strlen(text), n, i;
	unsigned int code;

	for (i = 0; i < len; i += n) {
		n = snitch_utf8_len(text + i, len - i, &code);
		if (!n || (snitch_code_is_unsafe(code) && code != '\\' && code != '\n'))
			return snitch_escape(text, len);
	}
	return strdup(text);
}

int message_name(sd_bus_message *m, const char *text)
{
	_cleanup_free_ char *safe = message_sentence(text);

	return safe ? sd_bus_message_append_basic(m, 's', safe) : -ENOMEM;
}

int message_sentence_entry(sd_bus_message *m, const char *key, const char *text)
{
	_cleanup_free_ char *safe = message_sentence(text);

	return safe ? sd_bus_message_append(m, "{sv}", key, "s", safe) : -ENOMEM;
}

static int append_ports(sd_bus_message *m, const struct question_target *t)
{
	unsigned int i, k;
	int r = message_open(m, "ports", "aq");

	for (i = 0; r >= 0 && i < t->n_peers; i++) {
		for (k = 0; k < i && t->peers[k].port != t->peers[i].port; k++)
			;
		if (k == i && t->peers[i].port)
			r = sd_bus_message_append_basic(m, 'q', &t->peers[i].port);
	}
	return r >= 0 ? message_close(m) : r;
}

static int append_protos(sd_bus_message *m, const struct question_target *t)
{
	unsigned int i, k;
	char num[8];
	int r = message_open(m, "protos", "as");

	for (i = 0; r >= 0 && i < t->n_peers; i++) {
		for (k = 0; k < i && t->peers[k].proto != t->peers[i].proto; k++)
			;
		if (k == i)
			r = sd_bus_message_append_basic(m, 's', snitch_proto_name(t->family,
					t->peers[i].proto, num, sizeof(num)));
	}
	return r >= 0 ? message_close(m) : r;
}

/* Names are made of letters, digits, '-', '_' and dots: other scripts stay as "xn--". */
int message_names(sd_bus_message *m, const struct question_names *names)
{
	unsigned int i;
	int r = message_open(m, "names", "aa{sv}");

	for (i = 0; r >= 0 && i < names->n; i++)
		r = sd_bus_message_append(m, "a{sv}", 3, "name", "s", names->name[i].text,
					  "source", "s", names->name[i].source, "claimed", "b",
					  names->name[i].claimed);
	if (r >= 0)
		r = message_close(m);
	if (r >= 0 && names->n)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}", "name", "s", names->name[0].text,
					  "name_source", "s", names->name[0].source,
					  "name_claimed", "b", names->name[0].claimed);
	if (r >= 0 && names->lookup[0])
		r = sd_bus_message_append(m, "{sv}", "lookup", "s", names->lookup);
	return r;
}

/* What answers may be about but for the address. */
static int append_scopes(sd_bus_message *m, const struct question *q)
{
	const char *domain = question_scope_name_in(q, SCOPE_DOMAIN);
	int r = 0;

	if (q->host.text[0])
		r = sd_bus_message_append(m, "{sv}", "host", "s", q->host.text);
	if (r >= 0 && domain)
		r = sd_bus_message_append(m, "{sv}", "domain", "s", domain);
	return r;
}

int message_whom(sd_bus_message *m, const struct question *q)
{
	const struct question_target *t = &q->target;
	char addr[SNITCH_ADDR_TEXT], num[8];
	int r;

	snitch_addr_format(t->family, t->addr, addr);
	r = sd_bus_message_append(m, "{sv}{sv}{sv}", "destination", "s",
				  q->names.n ? q->names.name[0].text : addr, "address", "s", addr,
				  "addresses", "as", 1, addr);
	if (r >= 0)
		r = message_names(m, &q->names);
	if (r >= 0)
		r = append_scopes(m, q);
	if (r >= 0 && t->n_peers)
		r = sd_bus_message_append(m, "{sv}{sv}", "port", "q", t->peers[0].port, "proto", "s",
					  snitch_proto_name(t->family, t->peers[0].proto, num,
							    sizeof(num)));
	if (r >= 0)
		r = append_ports(m, t);
	return r >= 0 ? append_protos(m, t) : r;
}

static int append_flags(sd_bus_message *m, const struct question *q)
{
	static const struct { uint32_t bit; const char *word; } flow_flags[] = {
		{ SNITCH_F_SHARED, "shared" }, { SNITCH_F_ADOPTED, "adopted" },
		{ SNITCH_F_FOREIGN_DATA, "foreign-data" }, { SNITCH_F_UNPARSED, "unparsed" },
		{ SNITCH_F_DATA, "handshake-left" },
	};
	int r = message_open(m, "flags", "as");
	size_t i;

	if (r >= 0)
		r = message_owner_flags(m, q->owner);
	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(flow_flags); i++) {
		if (q->flow_flags & flow_flags[i].bit)
			r = sd_bus_message_append_basic(m, 's', flow_flags[i].word);
	}
	if (r >= 0 && q->changed)
		r = sd_bus_message_append_basic(m, 's', "changed");
	return r >= 0 ? message_close(m) : r;
}

static int append_preview(sd_bus_message *m, struct core *core, const struct question *q)
{
	struct rule_wish wish = { .question = q, .action = SNITCH_ALLOW, .lifetime = WISH_FOREVER };
	char text[2048];
	int r = message_open(m, "rule_preview", "a{ss}");

	for (wish.scope = SCOPE_ADDRESS; r >= 0 && wish.scope < __SCOPE_MAX; wish.scope++) {
		rulebook_preview(core->rules, &wish, text, sizeof(text));
		if (!text[0])
			continue;
		_cleanup_free_ char *safe = message_sentence(text);

		r = safe ? sd_bus_message_append(m, "{ss}", question_scope_name(wish.scope), safe) :
			   -ENOMEM;
	}
	return r >= 0 ? message_close(m) : r;
}

static int append_state(sd_bus_message *m, const struct question *q)
{
	char rule[17];
	int r;

	r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "id", "t", q->id, "state", "s",
				  question_state_name(q->state), "flows", "u", q->n_flows,
				  "attempts", "u", (uint32_t)q->attempts, "first_seen_boottime",
				  "t", q->first_seen, "last_seen_boottime", "t", q->last_seen,
				  "deadline_boottime", "t", question_deadline(q));
	if (r >= 0 && q->ask_rule)
		r = sd_bus_message_append(m, "{sv}", "ask_rule", "s",
					  rule_id_print(q->ask_rule, rule, sizeof(rule)));
	return r;
}

int message_question(sd_bus_message *m, struct core *core, const struct question *q)
{
	static int (*const parts[])(sd_bus_message *m, const struct question *q) = {
		append_state, message_whom,
	};
	size_t i;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = message_owner(m, core, q->owner, q->uid);
	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(parts); i++)
		r = parts[i](m, q);
	if (r >= 0)
		r = append_flags(m, q);
	if (r >= 0)
		r = append_preview(m, core, q);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

int message_rule(sd_bus_message *m, const struct rulebook_row *row, const struct history_use *use)
{
	char id[17];
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "id", "s",
					  rule_id_print(row->id, id, sizeof(id)), "line", "u",
					  row->line, "rank", "u", row->rank, "active", "b",
					  row->active);
	if (r >= 0)
		r = message_sentence_entry(m, "text", row->text);
	if (r >= 0)
		r = message_text(m, "scope", row->scope);
	if (r >= 0)
		r = message_text(m, "file", row->file);
	if (r >= 0)
		r = message_text(m, "note", row->note);
	if (r >= 0)
		r = message_text(m, "why", row->why);
	if (r >= 0 && row->user)
		r = sd_bus_message_append(m, "{sv}", "uid", "u", row->uid);
	if (r >= 0 && use)
		r = sd_bus_message_append(m, "{sv}", "hits", "t", use->hits);
	if (r >= 0 && use && use->hits)
		r = sd_bus_message_append(m, "{sv}", "last_used", "x", use->last);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

static int append_counters(sd_bus_message *m, const struct snitch_status *st)
{
	unsigned int i;
	int r = message_open(m, "Counters", "a{st}");

	for (i = 0; r >= 0 && i < __SNITCH_C_MAX; i++)
		r = sd_bus_message_append(m, "{st}", snitch_counter_name(i), st->counter[i]);
	return r >= 0 ? message_close(m) : r;
}

int message_kernel(sd_bus_message *m, const struct snitch_status *st)
{
	const struct { const char *key; uint32_t value; } numbers[] = {
		{ "Parked", st->parked }, { "Held", st->held }, { "FlowsTcp", st->flows_tcp },
		{ "FlowsOther", st->flows_other }, { "Images", st->images },
		{ "Cached", st->cached }, { "Rules", st->rules }, { "Apps", st->apps },
		{ "Observers", st->observers }, { "DeciderPid", st->decider_pid },
	};
	size_t i;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(numbers); i++)
		r = sd_bus_message_append(m, "{sv}", numbers[i].key, "u", numbers[i].value);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "ParkedBytes", "t",
					  st->parked_bytes, "Generation", "t", st->generation,
					  "Armed", "b", st->armed != 0, "Forward", "s",
					  snitch_forward_name(st->policy.forward));
	if (r >= 0)
		r = append_counters(m, st);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}
