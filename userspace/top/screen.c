// SPDX-License-Identifier: GPL-2.0-or-later
/* What `snitch top` shows; see screen.h. */
#include "screen.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ask/words.h"
#include "../cli/cli.h"
#include "../util/cleanup.h"
#include "../util/format.h"

#define NARROW		60	/* columns below which only the most wanted ones are shown */
#define MIDDLE		75
#define WIDE		100
#define NUMBER		5	/* columns of a number of bytes */
#define VERDICT		14
#define BODY_MIN	3	/* lines of a list, however small the terminal */
#define NAME_MIN	12	/* columns of a name beside its address */
#define CLAIMED		" (claimed)"

/* ---- lines --------------------------------------------------------------------------------- */

static unsigned int width(const struct top_view *v)
{
	return v->columns > 20 ? v->columns - 1 : 19;
}

/* Takes @text, which may be NULL. */
static void put(struct top_screen *s, const struct top_view *v, enum card_look look, char *text)
{
	if (text && s->n < TOP_LINES && s->n == s->room) {
		unsigned int room = s->room ? 2 * s->room : 64;
		void *more = realloc(s->line, room * sizeof(*s->line));

		if (more) {
			s->line = more;
			s->room = room;
		}
	}
	if (text && s->n < s->room) {
		s->line[s->n].text = words_fit(text, width(v), false, v->utf8);
		s->line[s->n].look = look;
		s->n += s->line[s->n].text != NULL;
	}
	free(text);
}

static void add(struct top_screen *s, const struct top_view *v, enum card_look look,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void add(struct top_screen *s, const struct top_view *v, enum card_look look,
		const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(s, v, look, snitch_vformat(fmt, ap));
	va_end(ap);
}

void top_screen_clear(struct top_screen *s)
{
	while (s->n)
		free(s->line[--s->n].text);
	free(s->line);
	*s = (struct top_screen){ .n = 0 };
}

/* @text in just so many columns; cut in its middle. */
static void cell(FILE *f, const char *text, unsigned int columns, bool right, bool utf8)
{
	_cleanup_free_ char *fit = words_fit(text, columns, true, utf8);
	unsigned int used = fit ? words_columns(fit) : 0;
	int pad = used < columns ? (int)(columns - used) : 0;

	fprintf(f, "%*s%s%*s", right ? pad : 0, "", fit ? fit : "", right ? 0 : pad, "");
}

void top_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = " KMGTPE";
	double left = (double)bytes;
	unsigned int unit = 0;

	for (; left >= 999.5 && unit < sizeof(units) - 2; unit++)
		left /= 1000;
	if (!unit)
		snprintf(buf, size, "%u", (unsigned int)bytes);
	else
		snprintf(buf, size, left < 9.95 ? "%.1f%c" : "%.0f%c", left, units[unit]);
}

static void bytes_cell(FILE *f, uint64_t bytes, bool utf8)
{
	char text[16];

	top_bytes(bytes, text, sizeof(text));
	fputc(' ', f);
	cell(f, text, NUMBER, true, utf8);
}

/* ---- words --------------------------------------------------------------------------------- */

/*
 * What a person calls it: the name, else the address; the address, too, where a name could not be
 * told in @columns to be a mere claim.
 */
static char *where_to(const json_t *flow, unsigned int columns)
{
	const char *lookup = value_str(flow, "lookup", NULL);
	const char *name = value_str(flow, "name", NULL);
	bool claimed = value_bool(flow, "name_claimed");

	if (lookup)
		return snitch_format("looks up %s", lookup);
	if (name && (!claimed || words_columns(name) + strlen(CLAIMED) <= columns))
		return snitch_format("%s%s", name, claimed ? CLAIMED : "");
	return strdup(value_str(flow, "address", "?"));
}

/*
 * "a.example (dns) "; what is wider than @columns without the source, which stands below, and with
 * its name cut; where that leaves too little, whole: then the caller cuts it.
 */
static char *called_by(const json_t *flow, const char *name, unsigned int columns, bool utf8)
{
	bool claimed = value_bool(flow, "name_claimed");
	const char *note = claimed ? CLAIMED : "";
	_cleanup_free_ char *text = NULL, *fit = NULL;
	unsigned int room;

	text = snitch_format("%s (%s%s) ", name, claimed ? "claimed, " : "",
			     value_str(flow, "name_source", "?"));
	room = strlen(note) + 1 + NAME_MIN;
	if (!text || words_columns(text) <= columns || columns < room)
		return snitch_take_ptr(text);
	fit = words_fit(name, columns - room + NAME_MIN, true, utf8);
	return fit ? snitch_format("%s%s ", fit, note) : NULL;
}

/* "a.example (dns) 192.0.2.1:443 tcp", in @columns if that can be. */
static char *remote(const json_t *flow, unsigned int columns, bool utf8)
{
	const char *address = value_str(flow, "address", "?");
	const char *proto = value_str(flow, "proto", "?");
	const char *name = value_str(flow, "name", NULL);
	const char *lookup = value_str(flow, "lookup", NULL);
	long long port = value_int(flow, "port", 0);
	bool v6 = strchr(address, ':') && port;
	_cleanup_free_ char *called = NULL, *place = NULL;
	unsigned int used;
	char end[16] = "";

	if (port)
		snprintf(end, sizeof(end), ":%lld", port);
	place = snitch_format("%s%s%s%s %s", v6 ? "[" : "", address, v6 ? "]" : "", end, proto);
	if (!place || (!lookup && !name))
		return snitch_take_ptr(place);
	used = words_columns(place);
	called = lookup ? snitch_format("looks up %s through ", lookup) :
		 called_by(flow, name, columns > used ? columns - used : 0, utf8);
	return snitch_format("%s%s", called ? called : "", place);
}

/* The first, and how many others there are, in @columns. */
static char *destinations(const struct top *t, const struct top_program *p, unsigned int columns,
			  bool utf8)
{
	_cleanup_free_ char *fit = NULL, *first = where_to(t->flow[p->first].flow, UINT_MAX);
	size_t i, others = 0;
	char more[24] = "";

	for (i = 1; first && i < p->n_flows; i++) {
		_cleanup_free_ char *other = where_to(t->flow[p->first + i].flow, UINT_MAX);

		others += other && strcmp(other, first);
	}
	if (!first || columns < 8)
		return NULL;
	if (others)
		snprintf(more, sizeof(more), " +%zu", others);
	free(first);
	first = where_to(t->flow[p->first].flow, columns - (unsigned int)strlen(more));
	if (!first)
		return NULL;
	fit = words_fit(first, columns - (unsigned int)strlen(more), true, utf8);
	return fit ? snitch_format("%s%s", fit, more) : NULL;
}

/* ---- the list of programs ------------------------------------------------------------------ */

/* Columns by width; 0: not shown. */
struct plan {
	unsigned int name, user, totals, to;
};

static struct plan plan_columns(const struct top_view *v)
{
	unsigned int w = width(v), used;
	struct plan p = { .name = w >= WIDE ? 28 : 18 };

	p.user = w >= NARROW ? 8 : 0;
	p.totals = w >= MIDDLE;
	if (w < NARROW)
		p.name = w > 34 ? w - 20 : 12;
	used = 2 + p.name + (p.user ? p.user + 1 : 0) + 6 + (p.totals ? 4 : 2) * (NUMBER + 1);
	p.to = w > used + 11 ? w - used - 2 : 0;
	return p;
}

static void program_head(struct top_screen *s, const struct top_view *v, const struct plan *p)
{
	size_t size = 0;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return;
	fputs("  ", f);
	cell(f, "PROGRAM", p->name, false, v->utf8);
	if (p->user) {
		fputc(' ', f);
		cell(f, "USER", p->user, false, v->utf8);
	}
	fputs(" FLOWS OUT/s  IN/s", f);
	if (p->totals)
		fputs("   OUT    IN", f);
	if (p->to)
		fputs("  TO", f);
	fclose(f);
	put(s, v, CARD_DIM, out);
}

static void program_line(struct top_screen *s, const struct top *t, const struct top_view *v,
			 const struct plan *plan, const struct top_program *p)
{
	_cleanup_free_ char *to = destinations(t, p, plan->to, v->utf8);
	char number[24], *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return;
	fputs(p->n_waiting ? "? " : "  ", f);
	cell(f, words_base_name(p->name), plan->name, false, v->utf8);
	if (plan->user) {
		fputc(' ', f);
		cell(f, p->user, plan->user, false, v->utf8);
	}
	snprintf(number, sizeof(number), "%zu", p->n_flows);
	cell(f, number, 6, true, v->utf8);
	bytes_cell(f, p->rate.sent, v->utf8);
	bytes_cell(f, p->rate.received, v->utf8);
	if (plan->totals) {
		bytes_cell(f, p->total.sent, v->utf8);
		bytes_cell(f, p->total.received, v->utf8);
	}
	if (plan->to) {
		fputs("  ", f);
		cell(f, to ? to : "?", plan->to, false, v->utf8);
	}
	fclose(f);
	put(s, v, p->n_waiting ? CARD_WARN : CARD_PLAIN, out);
}

static void title(struct top_screen *s, const struct top *t, const struct top_view *v)
{
	_cleanup_free_ char *waiting = NULL, *more = NULL, *mode = NULL;

	if (t->n_waiting)
		waiting = snitch_format(", %zu wait%s", t->n_waiting, t->n_waiting == 1 ? "s" : "");
	if (t->more)
		more = snitch_format(" and %llu more", (unsigned long long)t->more);
	if (width(v) < NARROW) {
		add(s, v, CARD_BOLD, "%zu flow%s, %zu program%s%s, by %s%s", t->n_flows,
		    t->n_flows == 1 ? "" : "s", t->n_programs, t->n_programs == 1 ? "" : "s",
		    waiting ? waiting : "", top_sort_name(t->sort), v->paused ? ", paused" : "");
		return;
	}
	if (v->mode && *v->mode)
		mode = snitch_format("mode %s, ", v->mode);
	add(s, v, CARD_BOLD, "snitch top: %s%zu flow%s of %zu program%s%s%s, by %s%s%s",
	    mode ? mode : "", t->n_flows, t->n_flows == 1 ? "" : "s", t->n_programs,
	    t->n_programs == 1 ? "" : "s", more ? more : "", waiting ? waiting : "",
	    top_sort_name(t->sort), t->reverse ? ", reversed" : "", v->paused ? ", paused" : "");
}

/* Moves the part that is shown so that the selected one is in it. Return: how many are shown. */
static size_t part(struct top_view *v, size_t n, unsigned int room)
{
	if (!v->rows || n <= room) {
		v->offset = 0;
		room = n;
	}
	if (v->selected >= n)
		v->selected = n ? n - 1 : 0;
	if (v->selected < v->offset)
		v->offset = v->selected;
	if (v->selected >= v->offset + room)
		v->offset = v->selected - room + 1;
	if (v->offset + room > n)
		v->offset = n - room;
	return room;
}

static unsigned int room_below(const struct top_screen *s, const struct top_view *v,
			       unsigned int foot)
{
	return v->rows > s->n + foot + BODY_MIN ? v->rows - s->n - foot : BODY_MIN;
}

static void programs(struct top_screen *s, const struct top *t, struct top_view *v)
{
	const struct plan plan = plan_columns(v);
	size_t i, n;

	title(s, t, v);
	program_head(s, v, &plan);
	n = part(v, t->n_programs, room_below(s, v, 1));
	for (i = v->offset; i < v->offset + n; i++) {
		if (i == v->selected)
			s->current = s->n;
		program_line(s, t, v, &plan, &t->program[i]);
	}
	if (!t->n_programs)
		add(s, v, CARD_DIM, "  no flow now");
}

/* ---- one program --------------------------------------------------------------------------- */

static char *verdict(const json_t *flow)
{
	const char *word = value_str(flow, "verdict", "?"), *by = value_str(flow, "by", "?");

	return !strcmp(word, "hold") ? strdup("waits") : snitch_format("%s by %s", word, by);
}

static void flow_head(struct top_screen *s, const struct top_view *v)
{
	unsigned int w = width(v), to = w - 2 - 2 * (NUMBER + 1) - 1 - VERDICT;
	size_t size = 0;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return;
	fputs("  ", f);
	cell(f, "TO", w > 40 ? to : w - 2, false, v->utf8);
	if (w > 40)
		fputs("   OUT    IN VERDICT", f);
	fclose(f);
	put(s, v, CARD_DIM, out);
}

static void flow_line(struct top_screen *s, const struct top_view *v, const struct top_flow *fl)
{
	unsigned int w = width(v), to = w - 2 - 2 * (NUMBER + 1) - 1 - VERDICT;
	_cleanup_free_ char *where = remote(fl->flow, w > 40 ? to : w - 2, v->utf8);
	_cleanup_free_ char *what = verdict(fl->flow);
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return;
	fputs(fl->waits ? "? " : "  ", f);
	cell(f, where ? where : "?", w > 40 ? to : w - 2, false, v->utf8);
	if (w > 40) {
		bytes_cell(f, fl->total.sent, v->utf8);
		bytes_cell(f, fl->total.received, v->utf8);
		fputc(' ', f);
		cell(f, what ? what : "?", VERDICT, false, v->utf8);
	}
	fclose(f);
	put(s, v, fl->waits ? CARD_WARN : CARD_PLAIN, out);
}

/* All that is known of the selected flow, one line each. */
static void flow_foot(struct top_screen *s, const struct top_view *v, const struct top_flow *fl)
{
	const char *rule = value_str(fl->flow, "rule", NULL);
	const char *local = value_str(fl->flow, "local", "?");
	char names[1200];

	words_names(fl->flow, names, sizeof(names));
	if (names[0])
		add(s, v, CARD_PLAIN, "  named    %s", names);
	if (fl->waits)
		add(s, v, CARD_WARN, "  waits    for an answer: `snitch ask`, or `snitch answer "
		    "%lld allow|deny`", (long long)value_int(fl->flow, "question", 0));
	else if (rule)
		add(s, v, CARD_PLAIN, "  rule     %s", value_str(v->rules, rule, rule));
	if (!fl->waits)
		add(s, v, CARD_PLAIN, "  packets  %llu out, %llu in; from %s port %lld",
		    (unsigned long long)fl->total.sent_packets,
		    (unsigned long long)fl->total.received_packets, local,
		    (long long)value_int(fl->flow, "local_port", 0));
}

static void who(struct top_screen *s, const struct top_view *v, const struct top_program *p)
{
	const struct card_view view = {
		.columns = v->columns, .rows = v->rows, .utf8 = v->utf8, .policy = v->policy,
	};
	unsigned int most = v->rows ? v->rows / 2 : CARD_LINES, i;
	struct card c = { 0 };

	if (p->owner) {
		card_who(&c, p->owner, &view);
	} else {
		card_add(&c, &view, CARD_PLAIN, "  program  %s", p->name);
		card_add(&c, &view, CARD_DIM,
			 "  snitchd does not know (yet) whose these flows are");
	}
	for (i = 0; i < c.n && i < most; i++)
		put(s, v, c.line[i].look, snitch_take_ptr(c.line[i].text));
	card_clear(&c);
}

static void details(struct top_screen *s, const struct top *t, struct top_view *v)
{
	const struct top_program *p = &t->program[v->program];
	size_t i, n;

	title(s, t, v);
	who(s, v, p);
	flow_head(s, v);
	n = part(v, p->n_flows, room_below(s, v, 5));
	for (i = v->offset; i < v->offset + n; i++) {
		if (i == v->selected)
			s->current = s->n;
		flow_line(s, v, &t->flow[p->first + i]);
	}
	flow_foot(s, v, &t->flow[p->first + v->selected]);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void help(struct top_screen *s, const struct top_view *v)
{
	static const char *const lines[] = {
		"snitch top: live flows by program",
		"",
		"  up down PgUp PgDn   move",
		"  Enter, right        details of the program: whose, what for, each flow",
		"  Esc, left           back",
		"  r s v f n           order: rate, sent, received, flows, name; again: reversed",
		"  space               pause",
		"  q, Ctrl-C           leave",
		"",
		"  ? before a program: a flow of it waits for an answer (`snitch ask`)",
		"  OUT: bytes of the IP layer; IN: the same, of TCP the payload only",
	};
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(lines); i++)
		add(s, v, i ? CARD_PLAIN : CARD_BOLD, "%s", lines[i]);
}

static void bottom(struct top_screen *s, const struct top_view *v)
{
	const char *keys = v->help ? "any key: back" : v->details ?
		"Esc back  up/down flow  q leave" : v->columns < NARROW ?
		"Enter details  ? help  q leave" :
		"Enter details  r s v f n order  space pause  ? help  q leave";

	if (!v->rows)
		return;
	while (s->n > v->rows - 1)
		free(s->line[--s->n].text);
	while (s->n < v->rows - 1) {
		unsigned int before = s->n;

		add(s, v, CARD_PLAIN, " ");
		if (s->n == before)
			return;		/* no memory */
	}
	add(s, v, v->message ? CARD_WARN : CARD_DIM, "%s", v->message ? v->message : keys);
}

void top_screen(struct top_screen *s, const struct top *t, struct top_view *v)
{
	top_screen_clear(s);
	s->current = -1;
	if (v->help)
		help(s, v);
	else if (v->details && v->program < t->n_programs)
		details(s, t, v);
	else
		programs(s, t, v);
	bottom(s, v);
	if (s->current >= (long)s->n)
		s->current = -1;
}
