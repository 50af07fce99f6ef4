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

/* Begins an entry whose value is a container; close_entry() ends it. */
static int open_entry(sd_bus_message *m, const char *key, const char *type)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', type);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', type + 1);
	return r;
}

static int close_entry(sd_bus_message *m)
{
	int r = sd_bus_message_close_container(m);

	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

static int append_cmdline(sd_bus_message *m, const struct image *image)
{
	const char *s = image->cmdline, *end = s + image->wire.cmd_len;
	int r = open_entry(m, "cmdline", "as");

	while (r >= 0 && s < end) {
		size_t len = strnlen(s, end - s);
		_cleanup_free_ char *safe = snitch_escape(s, len);

		r = safe ? sd_bus_message_append_basic(m, 's', safe) : -ENOMEM;
		s += len + 1;
	}
	return r >= 0 ? close_entry(m) : r;
}

static int append_comm(sd_bus_message *m, const struct image *image)
{
	char comm[4 * SNITCH_COMM_LEN + 1];

	snitch_escape_buf(image->wire.comm, strnlen(image->wire.comm, SNITCH_COMM_LEN), comm,
			  sizeof(comm));
	return sd_bus_message_append(m, "{sv}", "comm", "s", comm);
}

static int append_image(sd_bus_message *m, const struct image *image)
{
	char kernel[32];
	int r;

	r = message_text(m, "program", image_program(image, kernel, sizeof(kernel)));
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}", "pid", "u", image->wire.pid);
	if (r >= 0)
		r = append_comm(m, image);
	return r >= 0 ? append_cmdline(m, image) : r;
}

static int append_parents(sd_bus_message *m, const struct owner *owner)
{
	unsigned int i;
	int r = open_entry(m, "parents", "aa{sv}");

	for (i = 0; r >= 0 && i < owner->n_parents; i++) {
		r = sd_bus_message_open_container(m, 'a', "{sv}");
		if (r >= 0)
			r = append_image(m, owner->parents[i]);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r >= 0 ? close_entry(m) : r;
}

static int append_who(sd_bus_message *m, const struct question *q)
{
	const struct image *image = q->owner->image;
	char user[64];
	int r;

	rights_user_name(q->uid, user, sizeof(user));
	r = append_image(m, image);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}", "uid", "u", q->uid, "user", "s", user);
	if (r >= 0 && image->wire.exe_dev)
		r = sd_bus_message_append(m, "{sv}{sv}", "exe_dev", "u", image->wire.exe_dev,
					  "exe_ino", "t", image->wire.exe_ino);
	if (r >= 0 && image->wire.loginuid != (uint32_t)-1)
		r = sd_bus_message_append(m, "{sv}", "loginuid", "u", image->wire.loginuid);
	if (r >= 0)
		r = append_parents(m, q->owner);
	if (r >= 0 && image->cgroup[0])
		r = message_text(m, "cgroup", image->cgroup);
	if (r >= 0 && image->script[0])
		r = message_text(m, "script", image->script);
	return r;
}

static int append_ports(sd_bus_message *m, const struct question_target *t)
{
	unsigned int i, k;
	int r = open_entry(m, "ports", "aq");

	for (i = 0; r >= 0 && i < t->n_peers; i++) {
		for (k = 0; k < i && t->peers[k].port != t->peers[i].port; k++)
			;
		if (k == i && t->peers[i].port)
			r = sd_bus_message_append_basic(m, 'q', &t->peers[i].port);
	}
	return r >= 0 ? close_entry(m) : r;
}

static int append_protos(sd_bus_message *m, const struct question_target *t)
{
	unsigned int i, k;
	char num[8];
	int r = open_entry(m, "protos", "as");

	for (i = 0; r >= 0 && i < t->n_peers; i++) {
		for (k = 0; k < i && t->peers[k].proto != t->peers[i].proto; k++)
			;
		if (k == i)
			r = sd_bus_message_append_basic(m, 's', snitch_proto_name(t->family,
					t->peers[i].proto, num, sizeof(num)));
	}
	return r >= 0 ? close_entry(m) : r;
}

/* Names are made of letters, digits, '-', '_' and dots: other scripts stay as "xn--". */
static int append_names(sd_bus_message *m, const struct question_names *names)
{
	unsigned int i;
	int r = open_entry(m, "names", "aa{sv}");

	for (i = 0; r >= 0 && i < names->n; i++)
		r = sd_bus_message_append(m, "a{sv}", 3, "name", "s", names->name[i].text,
					  "source", "s", names->name[i].source, "claimed", "b",
					  names->name[i].claimed);
	if (r >= 0)
		r = close_entry(m);
	if (r >= 0 && names->n)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}", "name", "s", names->name[0].text,
					  "name_source", "s", names->name[0].source,
					  "name_claimed", "b", names->name[0].claimed);
	if (r >= 0 && names->lookup[0])
		r = sd_bus_message_append(m, "{sv}", "lookup", "s", names->lookup);
	return r;
}

static int append_whom(sd_bus_message *m, const struct question *q)
{
	const struct question_target *t = &q->target;
	char addr[SNITCH_ADDR_TEXT], num[8];
	int r;

	snitch_addr_format(t->family, t->addr, addr);
	r = sd_bus_message_append(m, "{sv}{sv}{sv}", "destination", "s",
				  q->names.n ? q->names.name[0].text : addr, "address", "s", addr,
				  "addresses", "as", 1, addr);
	if (r >= 0)
		r = append_names(m, &q->names);
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
	static const struct { uint32_t bit; const char *word; } owner_flags[] = {
		{ SNITCH_O_DELETED, "deleted" }, { SNITCH_O_MEMFD, "memfd" },
		{ SNITCH_O_DISGUISED, "disguised" }, { SNITCH_O_SCRIPT, "claimed" },
		{ SNITCH_O_INCOMPLETE, "incomplete" }, { SNITCH_O_FORKED, "forked" },
		{ SNITCH_O_SCANNED, "scanned" }, { SNITCH_O_EXITED, "exited" },
		{ SNITCH_O_UNKNOWN, "unknown" },
	}, flow_flags[] = {
		{ SNITCH_F_SHARED, "shared" }, { SNITCH_F_ADOPTED, "adopted" },
		{ SNITCH_F_FOREIGN_DATA, "foreign-data" }, { SNITCH_F_UNPARSED, "unparsed" },
	};
	size_t i;
	int r = open_entry(m, "flags", "as");

	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(owner_flags); i++) {
		if (q->owner->image->wire.flags & owner_flags[i].bit)
			r = sd_bus_message_append_basic(m, 's', owner_flags[i].word);
	}
	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(flow_flags); i++) {
		if (q->flow_flags & flow_flags[i].bit)
			r = sd_bus_message_append_basic(m, 's', flow_flags[i].word);
	}
	if (r >= 0 && q->changed)
		r = sd_bus_message_append_basic(m, 's', "changed");
	return r >= 0 ? close_entry(m) : r;
}

static int append_preview(sd_bus_message *m, struct core *core, const struct question *q)
{
	struct rule_wish wish = { .question = q, .action = SNITCH_ALLOW, .lifetime = WISH_FOREVER };
	char text[2048];
	int r = open_entry(m, "rule_preview", "a{ss}");

	for (wish.scope = SCOPE_ADDRESS; r >= 0 && wish.scope < __SCOPE_MAX; wish.scope++) {
		rulebook_preview(core->rules, &wish, text, sizeof(text));
		if (!text[0])
			continue;
		_cleanup_free_ char *safe = message_sentence(text);

		r = safe ? sd_bus_message_append(m, "{ss}", question_scope_name(wish.scope), safe) :
			   -ENOMEM;
	}
	return r >= 0 ? close_entry(m) : r;
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
		append_state, append_who, append_whom, append_flags,
	};
	size_t i;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (i = 0; r >= 0 && i < SNITCH_ARRAY_SIZE(parts); i++)
		r = parts[i](m, q);
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
	int r = open_entry(m, "Counters", "a{st}");

	for (i = 0; r >= 0 && i < __SNITCH_C_MAX; i++)
		r = sd_bus_message_append(m, "{st}", snitch_counter_name(i), st->counter[i]);
	return r >= 0 ? close_entry(m) : r;
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
		r = sd_bus_message_append(m, "{sv}{sv}{sv}", "ParkedBytes", "t", st->parked_bytes,
					  "Generation", "t", st->generation, "Armed", "b",
					  st->armed != 0);
	if (r >= 0)
		r = append_counters(m, st);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}
