// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A question as lines of text for a terminal. Pure: it must never write to
 * one, nor let through a character that could steer it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/cli.h"
#include "../iap/describe.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "../util/timespan.h"
#include "card.h"
#include "who.h"
#include "words.h"

#define LABEL 11	/* columns before the text of a labelled line */
#define NARROW 60	/* columns below which words are saved */
#define SMALL 16	/* rows below which it is not shown whole before it is to be confirmed */
#define RULE_INDENT 5
#define RULE_LINES 4
#define SERVICES 3	/* that a program uses, at most */

static unsigned int width(const struct card_view *v)
{
	return v->columns > 20 ? v->columns - 1 : 19;
}

void card_add(struct card *c, const struct card_view *v, enum card_look look, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = snitch_vformat(fmt, ap);
	va_end(ap);
	if (!text || c->n == CARD_LINES)
		return;
	c->line[c->n].text = words_fit(text, width(v), false, v->utf8);
	c->line[c->n].look = look;
	if (c->line[c->n].text)
		c->n++;
}

void card_clear(struct card *c)
{
	while (c->n)
		free(c->line[--c->n].text);
}

/* "  label    text", the text cut in its middle. Without text: no line. */
static void labelled(struct card *c, const struct card_view *v, const char *label,
		     const char *text)
{
	_cleanup_free_ char *fit = NULL;

	if (!text || !*text)
		return;
	fit = words_fit(text, width(v) - LABEL, true, v->utf8);
	if (fit)
		card_add(c, v, CARD_PLAIN, "  %-8s %s", label, fit);
}

/* How many bytes of @text, up to a blank, take at most @columns; at least one word. */
static size_t piece(const char *text, unsigned int columns)
{
	size_t end = strcspn(text, " "), fits = end;

	while (text[end]) {
		_cleanup_free_ char *more = NULL;

		end += 1 + strcspn(text + end + 1, " ");
		more = strndup(text, end);
		if (!more || words_columns(more) > columns)
			break;
		fits = end;
	}
	return fits;
}

/* labelled() over several lines, the last of which is cut at its end. */
static void wrapped(struct card *c, const struct card_view *v, const char *label,
		    const char *text, unsigned int lines)
{
	unsigned int room = width(v) - LABEL;

	for (; *text && lines; lines--, label = "") {
		size_t n = lines > 1 ? piece(text, room) : strlen(text);
		_cleanup_free_ char *part = strndup(text, n), *fit = NULL;

		fit = part ? words_fit(part, room, false, v->utf8) : NULL;
		if (fit)
			card_add(c, v, CARD_PLAIN, "  %-8s %s", label, fit);
		text += n + (text[n] == ' ');
	}
}

/* All texts of one kind of the policy, each with its label. */
static void texts(struct card *c, const struct card_view *v, const char *key, const char *label,
		  unsigned int lines)
{
	const char *text;
	size_t at = 0;

	while ((text = iap_next_text(v->policy, key, &at)))
		wrapped(c, v, label, text, lines);
}

/* Who connects for it. */
static void services(struct card *c, const struct card_view *v)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(v->policy, "services"), i, one) {
		_cleanup_free_ char *text = snitch_format("%s: %s", value_str(one, "name", "?"),
							  value_str(one, "purpose", "?"));

		if (text && i < SERVICES)
			wrapped(c, v, "uses", text, 2);
	}
}

/* What the program's maker says of it: all to who looks, only the purpose else. */
static void policy(struct card *c, const struct card_view *v, bool with_details)
{
	size_t at = 0;

	if (!v->policy)
		return;
	if (!with_details && !iap_next_text(v->policy, "purpose", &at))
		return;
	if (with_details) {
		wrapped(c, v, "it is", value_str(v->policy, "application", ""), 3);
		labelled(c, v, "made by", value_str(v->policy, "developer", NULL));
		labelled(c, v, "website", value_str(v->policy, "website", NULL));
	}
	texts(c, v, "purpose", "purpose", with_details || v->rows >= 30 ? 4 : v->rows < 24 ? 2 : 3);
	if (with_details)
		texts(c, v, "deny_consequences", "denied", 4);
	if (with_details)
		services(c, v);
	labelled(c, v, "so says", value_str(v->policy, "source", NULL));
}

static void head(struct card *c, const json_t *q, const struct card_view *v)
{
	uint64_t first = (uint64_t)value_int(q, "first_seen_boottime", 0);
	char left[64], right[48] = "", age[24], rule[512];
	unsigned int fill;

	if (first && first <= v->now) {
		words_span((v->now - first) / SNITCH_NSEC_PER_SEC, age, sizeof(age));
		snprintf(right, sizeof(right), " asked %s ago --", age);
	}
	snprintf(left, sizeof(left), "-- snitch: question %u of %u ", v->position, v->total);
	fill = (unsigned int)(strlen(left) + strlen(right));
	if (fill + 2 > width(v)) {
		right[0] = '\0';
		fill = (unsigned int)strlen(left);
	}
	fill = fill < width(v) ? width(v) - fill : 2;
	if (fill >= sizeof(rule))
		fill = sizeof(rule) - 1;
	memset(rule, '-', fill);
	rule[fill] = '\0';
	card_add(c, v, CARD_DIM, "%s%s%s", left, rule, right);
}

/* "curl wants to connect to 203.0.113.7", program and destination cut before the verb. */
static void sentence(struct card *c, const json_t *q, const struct card_view *v)
{
	_cleanup_free_ char *doing = words_doing(q), *verb = NULL, *who = NULL, *whom = NULL;
	unsigned int room;

	if (!doing)
		return;
	/* in a narrow terminal names are worth more than words */
	if (v->columns < NARROW && !value_str(q, "lookup", NULL) &&
	    words_columns(words_program(q)) + words_columns(doing) +
	    words_columns(value_str(q, "destination", "?")) + 3 > width(v))
		strcpy(doing, "->");
	verb = words_fit(doing, width(v) / 2, true, v->utf8);
	if (!verb)
		return;
	room = width(v) - words_columns(verb) - 3;

	whom = words_fit(value_str(q, "destination", "?"), room * 2 / 3, true, v->utf8);
	if (!whom)
		return;
	who = words_fit(words_program(q), room - words_columns(whom), true, v->utf8);
	if (who)
		card_add(c, v, CARD_BOLD, " %s %s %s", who, verb, whom);
}

static void whom(struct card *c, const json_t *q, const struct card_view *v)
{
	const char *name = value_str(q, "name", NULL);
	char text[160], addresses[128] = "";
	size_t more = json_array_size(json_object_get(q, "addresses"));

	words_whom(q, text, sizeof(text));
	if (name)
		snprintf(addresses, sizeof(addresses), "   %s", value_str(q, "address", ""));
	if (more > 1)
		snprintf(addresses + strlen(addresses), sizeof(addresses) - strlen(addresses),
			 "   and %zu more address%s", more - 1, more == 2 ? "" : "es");
	card_add(c, v, CARD_PLAIN, " %s%s", text, addresses);
}

static void named(struct card *c, const json_t *q, const struct card_view *v)
{
	char names[1200];

	words_names(q, names, sizeof(names));
	labelled(c, v, "named", names);
}

static void warn(struct card *c, const json_t *q, const struct card_view *v)
{
	const char *text;
	size_t at = 0;

	while ((text = words_warning(q, &at)))
		card_add(c, v, CARD_WARN, "  ! %s", text);
	labelled(c, v, "rule was", value_str(q, "suspended_rule", NULL));
}

static void join_array(const json_t *array, char *buf, size_t size)
{
	const json_t *e;
	size_t i, at = 0;

	*buf = '\0';
	json_array_foreach(array, i, e) {
		int n = json_is_string(e) ?
			snprintf(buf + at, size - at, "%s%s", i ? ", " : "",
				 json_string_value(e)) :
			snprintf(buf + at, size - at, "%s%lld", i ? ", " : "",
				 (long long)json_integer_value(e));

		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

static void details(struct card *c, const json_t *q, const struct card_view *v)
{
	_cleanup_free_ char *chain = words_parents(q, true);
	char text[1024];

	labelled(c, v, "parents", chain);
	labelled(c, v, "comm", value_str(q, "comm", NULL));
	labelled(c, v, "cgroup", value_str(q, "cgroup", NULL));
	join_array(json_object_get(q, "images"), text, sizeof(text));
	labelled(c, v, "image", text);
	if (json_object_get(q, "loginuid")) {
		snprintf(text, sizeof(text), "uid %lld, logged in as uid %lld",
			 (long long)value_int(q, "uid", -1),
			 (long long)value_int(q, "loginuid", -1));
		labelled(c, v, "ids", text);
	}
	join_array(json_object_get(q, "addresses"), text, sizeof(text));
	labelled(c, v, "all to", text);
	join_array(json_object_get(q, "ports"), text, sizeof(text));
	labelled(c, v, "ports", strcmp(text, "0") ? text : NULL);
	join_array(json_object_get(q, "flags"), text, sizeof(text));
	labelled(c, v, "flags", text);
	labelled(c, v, "by rule", value_str(q, "ask_rule", NULL));
}

static void who(struct card *c, const json_t *q, const struct card_view *v)
{
	_cleanup_free_ char *chain = words_parents(q, false);
	_cleanup_free_ char *cmd = words_cmdline(json_object_get(q, "cmdline"));
	_cleanup_free_ char *app = who_app(q), *script = who_script(q), *user = who_user(q);
	_cleanup_free_ char *started = NULL;

	labelled(c, v, "program", value_str(q, "program", "?"));
	labelled(c, v, "script", script);
	labelled(c, v, "part of", app);
	labelled(c, v, "user", user);
	if (chain && *chain)
		started = snitch_format("%s > %s", chain, words_program(q));
	labelled(c, v, "started", started);
	labelled(c, v, "command", cmd);
}

void card_who(struct card *c, const json_t *q, const struct card_view *v)
{
	warn(c, q, v);
	who(c, q, v);
	policy(c, v, true);
	details(c, q, v);
}

/* The rule that would be written, in @lines at most. */
static void rule_line(struct card *c, const json_t *q, const struct ask_keys *k,
		      const struct card_view *v, unsigned int lines)
{
	_cleanup_free_ char *rule = words_rule(q, k->verdict, k->scope);
	const char *life = k->lifetime && strcmp(k->lifetime, "forever") ? k->lifetime : "";
	_cleanup_free_ char *text = NULL;
	const char *at;

	text = rule ? snitch_format("%s%s%s", rule, *life ? " " : "", life) : NULL;
	for (at = text ? text : ""; *at && lines; lines--) {
		size_t n = lines > 1 ? piece(at, width(v) - RULE_INDENT) : strlen(at);
		_cleanup_free_ char *part = strndup(at, n), *fit = NULL;

		fit = part ? words_fit(part, width(v) - RULE_INDENT, true, v->utf8) : NULL;
		if (fit)
			card_add(c, v, CARD_BOLD, "%*s%s", RULE_INDENT, "", fit);
		at += n + (at[n] == ' ');
	}
}

/*
 * Keys and what they do, as many a line as fit: none is ever cut off. @label stands before the
 * first line, @items end with NULL.
 */
static void keys(struct card *c, const struct card_view *v, enum card_look look, const char *label,
		 const char *const *items)
{
	const char *gap = v->columns < NARROW ? "  " : "   ";
	unsigned int indent = (unsigned int)strlen(label), used = 0;
	_cleanup_free_ char *line = strdup(label);

	for (; *items && line; items++) {
		unsigned int more = words_columns(*items) + (used ? (unsigned int)strlen(gap) : 0);
		char *next;

		if (used && indent + used + more > width(v)) {
			card_add(c, v, look, "%s", line);
			next = snitch_format("%*s%s", (int)indent, "", *items);
			used = words_columns(*items);
		} else {
			next = snitch_format("%s%s%s", line, used ? gap : "", *items);
			used += more;
		}
		free(line);
		line = next;
	}
	if (line)
		card_add(c, v, look, "%s", line);
}

static void scope_line(struct card *c, const json_t *q, const struct ask_keys *k,
		       const struct card_view *v)
{
	const struct ask_scope *scope;
	const char *items[ASK_SCOPES_MAX + 1];
	char text[ASK_SCOPES_MAX][48];
	size_t all, i, n = 0;
	int used;

	scope = ask_scopes(q, &all);
	for (i = 0; i < all && i < ASK_SCOPES_MAX; i++, scope++) {
		if (!ask_scope_fits(scope, q))
			continue;
		used = snprintf(text[i], sizeof(text[i]), "%s%zu ",
				strcmp(k->scope, scope->scope) ? " " : "*", i + 1);
		if (!strcmp(scope->scope, "port"))
			snprintf(text[i] + used, sizeof(text[i]) - used, "port %lld anywhere",
				 (long long)value_int(q, "port", 0));
		else
			snprintf(text[i] + used, sizeof(text[i]) - used, "%s", scope->text);
		items[n++] = text[i];
	}
	items[n] = NULL;
	keys(c, v, CARD_PLAIN, "  to  ", items);
}

/* The question is there: which way? */
static void verdict_keys(struct card *c, const struct ask_keys *k, const struct card_view *v)
{
	const char *const items[] = {
		"a allow", "d deny", "l later", k->details ? "? less" : "? details",
		v->columns < NARROW ? "^C leave" : "Ctrl-C leave", NULL,
	};

	keys(c, v, CARD_BOLD, "  ", items);
}

static void lifetime_keys(struct card *c, const json_t *q, const struct ask_keys *k,
			  const struct card_view *v)
{
	static const char *const spans[] = {
		"o once", "q until it quits", "h 1 hour", "r until reboot", "f forever", NULL,
	};
	static const char *const others[] = { "Esc back", "l later", "? details", NULL };

	card_add(c, v, CARD_BOLD, "  %s: for how long?",
		 strcmp(k->verdict, "allow") ? "DENY" : "ALLOW");
	keys(c, v, CARD_PLAIN, "  for   ", spans);
	scope_line(c, q, k, v);
	rule_line(c, q, k, v, v->rows < SMALL ? 1 : RULE_LINES);
	keys(c, v, CARD_DIM, "  ", others);
}

static void confirm_keys(struct card *c, const json_t *q, const struct ask_keys *k,
			 const struct card_view *v)
{
	const char *items[] = { "Enter write it", "Esc back", "1-4 change what it covers", NULL };
	size_t n;

	ask_scopes(q, &n);
	if (n > 4)
		items[2] = "1-6 change what it covers";
	card_add(c, v, CARD_BOLD, "  This rule will be written%s:",
		 strcmp(k->lifetime, "forever") ? "" : " and kept for good");
	rule_line(c, q, k, v, RULE_LINES);
	scope_line(c, q, k, v);
	keys(c, v, CARD_BOLD, "  ", items);
}

void card_prompt(struct card *c, const json_t *q, const struct ask_keys *k,
		 const struct card_view *v)
{
	/* Who is about to deny is told what comes of that, and nothing else. */
	if (k->stage != ASK_VERDICT && strcmp(k->verdict, "allow"))
		texts(c, v, "deny_consequences", "denied:", 3);
	if (k->stage == ASK_VERDICT)
		verdict_keys(c, k, v);
	else if (k->stage == ASK_LIFETIME)
		lifetime_keys(c, q, k, v);
	else
		confirm_keys(c, q, k, v);
}

static void cut(struct card *c, unsigned int at)
{
	free(c->line[at].text);
	c->n--;
	memmove(&c->line[at], &c->line[at + 1], (c->n - at) * sizeof(c->line[0]));
}

/*
 * Until the card fits the terminal: takes out the last lines from @body to @tail, then those that
 * only look well, then when it was asked, then for how long it waits. Who wants to talk to whom and
 * what the keys do stays.
 */
static void shrink(struct card *c, unsigned int body, unsigned int tail, unsigned int rows)
{
	unsigned int most = rows > 8 ? rows - 1 : 7, i;

	while (c->n > most && tail > body) {
		tail--;
		cut(c, tail);
	}
	for (i = c->n; i-- && c->n > most;) {
		if (strcmp(c->line[i].text, " "))
			continue;
		cut(c, i);
		tail -= i < tail;
	}
	if (c->n > most) {
		cut(c, 0);
		tail--;
	}
	if (c->n > most && tail < c->n)
		cut(c, tail);
	while (c->n > most && tail > 1)
		cut(c, --tail);
}

void card_question(struct card *c, const json_t *q, const struct ask_keys *k,
		   const struct card_view *v)
{
	unsigned int body, tail;
	char text[120];

	head(c, q, v);
	sentence(c, q, v);
	whom(c, q, v);
	card_add(c, v, CARD_PLAIN, " ");
	body = c->n;
	/* first what must not be missed: where there is no room, the last lines are left out */
	warn(c, q, v);
	named(c, q, v);
	who(c, q, v);
	if (k->stage == ASK_VERDICT || !strcmp(k->verdict, "allow"))
		policy(c, v, k->details);
	if (k->details)
		details(c, q, v);
	tail = c->n;
	if (v->columns < NARROW)
		words_waiting_short(q, v->now, text, sizeof(text));
	else
		words_waiting(q, v->now, text, sizeof(text));
	labelled(c, v, "waiting", text);
	card_add(c, v, CARD_PLAIN, " ");
	card_prompt(c, q, k, v);
	shrink(c, body, tail, v->rows);
}

char *card_record(const json_t *q, const struct ask_keys *k, long long flows,
		  const struct card_view *v)
{
	_cleanup_free_ char *rule = words_rule(q, k->verdict, k->scope);
	_cleanup_free_ char *text = NULL;

	if (rule)
		text = snitch_format("%s %s (%lld flow%s)", rule, k->lifetime, flows,
				     flows == 1 ? "" : "s");
	/* It stays on the screen, so it may take more lines than one. */
	return text ? words_fit(text, 4 * v->columns, true, v->utf8) : NULL;
}
