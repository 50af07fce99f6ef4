// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists as D-Bus dictionaries. It must never put a hostile byte into a message unescaped.
 */
#include <errno.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "message-list.h"

static int open_array(sd_bus_message *m, const char *key, const char *type)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', type);
	return r >= 0 ? sd_bus_message_open_container(m, 'a', type + 1) : r;
}

static int close_array(sd_bus_message *m, int r)
{
	int i;

	for (i = 0; r >= 0 && i < 3; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int append_line(sd_bus_message *m, const struct list_bad *bad)
{
	_cleanup_free_ char *safe = snitch_escape_str(bad->text);
	_cleanup_free_ char *line = NULL;

	if (safe)
		line = snitch_format("line %llu: %s: %s", (unsigned long long)bad->line, bad->why,
				     safe);
	return line ? sd_bus_message_append_basic(m, 's', line) : -ENOMEM;
}

static int append_bad_lines(sd_bus_message *m, const struct list_facts *facts)
{
	int r = open_array(m, "bad_lines", "as");
	size_t i;

	for (i = 0; r >= 0 && i < LIST_BAD_SHOWN && i < facts->bad; i++)
		r = append_line(m, &facts->bad_lines[i]);
	return close_array(m, r);
}

struct hits {
	sd_bus_message *m;
	int r;
};

static void append_hit(void *ctx, const struct list_hit *hit)
{
	struct hits *h = ctx;

	if (hit->entry && h->r >= 0)
		h->r = sd_bus_message_append(h->m, "(stt)", hit->entry, hit->count, hit->last);
}

static int append_hits(sd_bus_message *m, const struct list_facts *facts,
		       const struct list_hits *hits)
{
	struct hits h = { .m = m, .r = open_array(m, "hits", "a(stt)") };

	if (h.r >= 0)
		list_hits_each(hits, facts->name, append_hit, &h);
	return close_array(m, h.r);
}

static int append_fetching(sd_bus_message *m, const struct list_conf *conf, bool secret)
{
	int r = 0;

	/* it may hold a key of the subscriber */
	if (*conf->url && !secret)
		r = message_text(m, "url", conf->url);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "every", "t", conf->every,
					  "fetched", "t", conf->fetched, "tried", "t", conf->tried,
					  "failures", "u", conf->failures);
	if (r >= 0 && *conf->sha256)
		r = message_text(m, "sha256", conf->sha256);
	return r >= 0 ? message_text(m, "error", conf->error) : r;
}

int message_list(sd_bus_message *m, const struct list_facts *facts, const struct list_hits *hits,
		 bool secret)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "name", "s", facts->name, "scope",
					  "s", facts->admin ? "admin" : "system", "kind", "s",
					  list_kind_name(facts->conf.kind), "enabled", "b",
					  !facts->conf.disabled);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}", "names", "t",
					  (uint64_t)facts->names, "ranges", "t",
					  (uint64_t)facts->ranges, "exceptions", "t",
					  (uint64_t)facts->excepted, "lines", "t", facts->lines,
					  "bad", "t", facts->bad, "bytes", "t",
					  (uint64_t)facts->bytes);
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}", "hit_count", "t",
					  list_hits_count(hits, facts->name));
	if (r >= 0)
		r = append_fetching(m, &facts->conf, secret);
	if (r >= 0)
		r = message_text(m, "problem", facts->problem);
	if (r >= 0)
		r = append_bad_lines(m, facts);
	if (r >= 0)
		r = append_hits(m, facts, hits);
	return r >= 0 ? sd_bus_message_close_container(m) : r;
}

static int append_problem(sd_bus_message *m, const struct list_facts *facts)
{
	const char *what = facts->problem[0] ? facts->problem : facts->conf.error;
	_cleanup_free_ char *safe = snitch_escape_str(what);
	_cleanup_free_ char *text = NULL;

	if (safe)
		text = snitch_format("%s: %s", facts->name, safe);
	return text ? sd_bus_message_append_basic(m, 's', text) : -ENOMEM;
}

int message_list_problems(sd_bus_message *m, const struct keeper *keeper, const struct rulebook *rb)
{
	const struct list *list;
	int r = open_array(m, "ListProblems", "as");
	size_t i;

	if (r >= 0 && keeper && *keeper_problem(keeper)) {
		_cleanup_free_ char *safe = snitch_escape_str(keeper_problem(keeper));

		r = safe ? sd_bus_message_append_basic(m, 's', safe) : -ENOMEM;
	}
	for (i = 0; r >= 0 && (list = lists_at(rulebook_lists(rb), i)); i++) {
		const struct list_facts *facts = list_facts(list);

		if (facts->problem[0] || facts->conf.error[0])
			r = append_problem(m, facts);
	}
	return close_array(m, r);
}
