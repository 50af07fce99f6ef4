// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes rules of what was found in other formats. It must never make one that is not read back. */
#include "draft.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "../policy/program.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"

#define NOTE_MAX	1000			/* bytes of a note that is carried over */
#define MADE_MAX	(RULE_LINE_MAX - 128)	/* id and keys must still go before it */

void draft_begin(struct draft *d, struct source *src, struct place at)
{
	*d = (struct draft){ .src = src, .at = at };
	d->rule = calloc(1, sizeof(*d->rule));
	if (!d->rule) {
		d->r = -ENOMEM;
		return;
	}
	d->rule->action = SNITCH_ALLOW;
	d->rule->proto = -1;
}

void draft_clear(struct draft *d)
{
	rule_free(d->rule);
	free(d->why);
	d->rule = NULL;
	d->why = NULL;
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void say(struct draft *d, enum exchange_fate fate, const char *key, const char *found,
		const char *reason)
{
	struct place p = key ? place_member(d->at, key) : d->at;

	d->r = source_say(d->src, fate, p, key, found, "%s", reason);
}

/* Says it. Return: the reason as text; NULL with the draft given up, or given up before. */
static char *say_reason(struct draft *d, enum exchange_fate fate, const char *key,
			const char *found, const char *reason, va_list ap)
{
	char *text = d->r ? NULL : snitch_vformat(reason, ap);

	if (text)
		say(d, fate, key, found, text);
	else if (!d->r)
		d->r = -ENOMEM;
	return text;
}

void draft_change(struct draft *d, const char *key, const char *found, const char *reason, ...)
{
	va_list ap;

	va_start(ap, reason);
	free(say_reason(d, EXCHANGE_CHANGED, key, found, reason, ap));
	va_end(ap);
}

void draft_disable(struct draft *d, const char *key, const char *found, const char *reason, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, reason);
	text = say_reason(d, EXCHANGE_DISABLED, key, found, reason, ap);
	va_end(ap);
	if (!text)
		return;
	d->rule->flags |= RULE_F_DISABLED;
	if (!d->why)
		d->why = snitch_take_ptr(text);
}

/* One rule counts once, whatever the number of reasons. */
void draft_leave(struct draft *d, const char *key, const char *found, const char *reason, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, reason);
	text = say_reason(d, EXCHANGE_LEFT, key, found, reason, ap);
	va_end(ap);
	if (!text)
		return;
	d->src->x->n_left += !d->left;
	d->left = true;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Bytes of a dash that a typesetter made of '-' (U+2010 to U+2015, U+2212), or 0. */
static size_t odd_dash(const char *s)
{
	unsigned char last = strncmp(s, "\xe2\x80", 2) ? 0 : s[2];

	if (last >= 0x90 && last <= 0x95)
		return 3;
	return strncmp(s, "\xe2\x88\x92", 3) ? 0 : 3;
}

char *draft_word(const char *text, bool lower)
{
	char *out, *to;

	while (isspace((unsigned char)*text))
		text++;
	out = to = strdup(text);
	if (!out)
		return NULL;
	while (*text) {
		size_t dash = odd_dash(text);

		*to++ = dash ? '-' : lower && *text >= 'A' && *text <= 'Z' ? *text + 32 : *text;
		text += dash ? dash : 1;
	}
	while (to > out && isspace((unsigned char)to[-1]))
		to--;
	*to = '\0';
	return out;
}

/* Letters to change, add or take away, up to 3. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[32], i, k, n = strlen(b);

	if (strlen(a) > 30 || n > 30)
		return 3;
	for (k = 0; k <= n; k++)
		row[k] = k;
	for (i = 1; a[i - 1]; i++) {
		unsigned int before = row[0]++;

		for (k = 1; k <= n; k++) {
			unsigned int best = before + (a[i - 1] != b[k - 1]);

			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			if (row[k] + 1 < best)
				best = row[k] + 1;
			before = row[k];
			row[k] = best;
		}
	}
	return row[n] < 3 ? row[n] : 3;
}

const char *draft_near(const char *word, const char *const *words)
{
	const char *best = NULL;
	unsigned int least = 3;

	for (; *words; words++) {
		unsigned int n = distance(word, *words);

		if (n < least && n < strlen(*words)) {
			least = n;
			best = *words;
		}
	}
	return best;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static struct rule_item *new_item(struct draft *d)
{
	struct rule *rule = d->rule;

	if (rule->n_items == d->room) {
		size_t room = d->room ? 2 * d->room : 8;
		struct rule_item *items = reallocarray(rule->items, room, sizeof(*items));

		if (!items) {
			d->r = -ENOMEM;
			return NULL;
		}
		rule->items = items;
		d->room = room;
	}
	return &rule->items[rule->n_items];
}

bool draft_item(struct draft *d, const char *word, const char **why)
{
	struct rule_item *item;
	int r;

	*why = "more memory";
	if (d->r)
		return false;
	item = new_item(d);
	if (!item)
		return false;
	r = item_parse(word, true, item, why);
	if (r == -ENOMEM)
		d->r = r;
	if (!r)
		d->rule->n_items++;
	return !r;
}

void draft_keyword(struct draft *d, enum rule_item_kind kind)
{
	struct rule_item *item = d->r ? NULL : new_item(d);

	if (!item)
		return;
	*item = (struct rule_item){ .kind = kind };
	d->rule->n_items++;
}

/* "80" or "1000-2000", with blanks; false for anything else. */
static bool read_range(const char *s, unsigned long *first, unsigned long *last)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	*first = *last = strtoul(s, &end, 10);
	end += strspn(end, " \t");
	if (*end == '-' || *end == ':') {
		s = end + 1 + strspn(end + 1, " \t");
		if (!isdigit((unsigned char)*s))
			return false;
		*last = strtoul(s, &end, 10);
		end += strspn(end, " \t");
	}
	return !*end && *first <= *last && *last <= 65535;
}

static bool add_ports(struct draft *d, unsigned long first, unsigned long last)
{
	int r = rule_add_ports(d->rule, first, last);

	if (r == -ENOMEM)
		d->r = r;
	return !r;
}

void draft_ports(struct draft *d, const char *key, const char *text)
{
	_cleanup_free_ char *words = draft_word(text, true);
	char *word, *rest = words;
	unsigned long first, last;
	bool all = false;

	if (d->r)
		return;
	if (!words) {
		d->r = -ENOMEM;
		return;
	}
	while (!d->r && !d->left && (word = strsep(&rest, ",;"))) {
		word += strspn(word, " \t\r\n");
		if (!strcmp(word, "any") || !strcmp(word, "*") || !strcmp(words, "")) {
			all = true;
		} else if (!read_range(word, &first, &last)) {
			draft_leave(d, key, text,
				    "no ports: numbers up to 65535, ranges, commas");
		} else if (first <= 1 && last == 65535) {
			all = true;
		} else if (!last) {
			draft_leave(d, key, text, "no port has the number 0");
		} else if (!add_ports(d, first ? first : 1, last) && !d->r) {
			draft_leave(d, key, NULL, "more than 256 ranges of ports");
		}
	}
	if (all)
		rule_clear_ports(d->rule);
}

void draft_proto(struct draft *d, const char *key, const char *text)
{
	static const char *const words[] = {
		"any", "tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "sctp", "udplite", "dccp",
		"igmp", "gre", "esp", "ipip", "ospf", "vrrp", NULL,
	};
	_cleanup_free_ char *word = draft_word(text, true);
	const char *near;
	int proto;

	if (d->r)
		return;
	if (!word) {
		d->r = -ENOMEM;
		return;
	}
	if (!strcmp(word, "any") || !*word)
		return;
	proto = proto_parse(word);
	if (proto == RULE_PROTO_PACKET)
		proto = -1;
	if (proto >= 0) {
		d->rule->proto = proto;
		return;
	}
	near = draft_near(word, words);
	draft_leave(d, key, text, "no protocol of this name%s%s%s", near ? "; is '" : "",
		    near ? near : "", near ? "' meant?" : "");
}

void draft_path(struct draft *d, struct rule_program *program, const char *path)
{
	if (d->r)
		return;
	program->kind = RULE_P_PATH;
	free(program->name);
	program->name = strdup(path);
	if (!program->name)
		d->r = -ENOMEM;
}

/* @text as a note may be, at most @max bytes; NULL: no memory. */
static char *clean_note(const char *text, size_t max, bool *cut)
{
	size_t len = strlen(text), n = 0;
	char *out = malloc(4 * max + 8);

	if (!out)
		return NULL;
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && n < max) {
		unsigned int code;
		size_t k = snitch_utf8_len(text, len, &code);

		if (k && (!snitch_code_is_unsafe(code) || code == '\\')) {
			memcpy(out + n, text, k);
			n += k;
		} else if (strchr("\t\r\n", *text)) {
			if (n && out[n - 1] != ' ')
				out[n++] = ' ';
		} else {
			n += sprintf(out + n, "\\x%02x", (unsigned char)*text);
			k = 1;
		}
		k = k ? k : 1;
		text += k;
		len -= k;
	}
	while (n && out[n - 1] == ' ')
		n--;
	*cut = len;
	strcpy(out + n, len ? "..." : "");
	return out;
}

void draft_note(struct draft *d, const char *text)
{
	bool cut;
	char *note;

	if (d->r)
		return;
	note = clean_note(text, NOTE_MAX, &cut);
	if (!note) {
		d->r = -ENOMEM;
		return;
	}
	free(d->rule->note);
	d->rule->note = *note ? note : NULL;
	if (!*note)
		free(note);
	if (cut)
		draft_change(d, NULL, NULL, "the note is longer than 1000 bytes and cut there");
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The reason to be disabled stands first in the note. */
static void note_why(struct draft *d)
{
	const char *note = d->rule->note;
	char *both;

	if (!d->why || d->noted)
		return;
	d->noted = true;
	both = snitch_format("%s%s%s", d->why, note ? " | " : "", note ? note : "");
	if (!both) {
		d->r = -ENOMEM;
		return;
	}
	draft_note(d, both);
	free(both);
}

/* What the place where the rules go does not take would spoil the whole import. */
static void check_place(struct draft *d)
{
	const struct exchange_options *o = &d->src->x->options;
	const struct rule *rule = d->rule;

	if (rule->lifetime == RULE_L_QUIT)
		draft_leave(d, NULL, NULL,
			    "a rule until quit is bound to a process of another time");
	else if (!o->temporary && rule->lifetime != RULE_L_FOREVER && rule->lifetime != RULE_L_DATE)
		draft_leave(d, NULL, NULL,
			    "it ends by itself: such rules are imported with --scope runtime only");
	if (!o->one_user)
		return;
	if (rule->who != RULE_W_ANYONE &&
	    (rule->who != RULE_W_USER || !rule->who_known || rule->who_id != o->uid))
		draft_leave(d, NULL, NULL,
			    "it is about other users: the administrator may import it");
	if (rule->program.kind == RULE_P_KERNEL || rule->flags & RULE_F_LOCKDOWN)
		draft_leave(d, NULL, NULL,
			    "kernel and lockdown are the administrator's: he may import it");
}

/* More remotes than a line holds become a list of their own. */
static void use_list(struct draft *d)
{
	struct rule *rule = d->rule;
	_cleanup_free_ char *name = snitch_format("%s-rule-%u", d->src->file, d->src->rule);
	_cleanup_free_ char *word = NULL;
	struct exchange_list *list;
	const char *why;
	size_t i;

	if (!d->src->x->options.lists) {
		draft_leave(d, NULL, NULL,
			    "%u remotes are too many; with --lists DIR they become a list",
			    rule->n_items);
		return;
	}
	list = name ? list_new(d->src->x, name, rule->note) : NULL;
	word = list ? snitch_format("list:%s", list->name) : NULL;
	if (!word) {
		d->r = -ENOMEM;
		return;
	}
	for (i = 0; i < rule->n_items && !d->r; i++)
		d->r = list_add(list, &rule->items[i]);
	while (rule->n_items)
		item_clear(&rule->items[--rule->n_items]);
	list_finish(list);
	draft_item(d, word, &why);
	draft_change(d, NULL, NULL, "%zu remotes are too many for one rule: they are %s now",
		     list->n_entries, word);
}

static bool has_keyword(const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (!item_is_address(&rule->items[i]) && !item_is_name(&rule->items[i]))
			return true;
	}
	return false;
}

/* Keywords have no place in a list, and there are few. */
static bool needs_list(const struct rule *rule, int len)
{
	return (rule->n_items > RULE_ITEMS_MAX || len < 0 || len >= MADE_MAX) &&
	       rule->n_items > 16 && !rule->negated && !has_keyword(rule);
}

int draft_finish(struct draft *d)
{
	struct exchange *x = d->src->x;
	bool held = d->why, allow = false;
	char text[RULE_TEXT_MAX];
	struct rule_error err;
	struct rule *back = NULL;
	int n, r;

	if (d->r || d->left)
		return d->r;
	check_place(d);
	if (d->r || d->left)
		return d->r;
	allow = d->rule->action == SNITCH_ALLOW && !x->options.reviewed &&
		!(d->rule->flags & RULE_F_DISABLED);
	if (allow)
		d->rule->flags |= RULE_F_DISABLED;
	note_why(d);
	if (d->r)
		return d->r;
	n = d->rule->n_items > RULE_ITEMS_MAX ? -ENOSPC :
	    exchange_rule_text(d->rule, text, sizeof(text));
	if (needs_list(d->rule, n)) {
		use_list(d);
		if (d->r || d->left)
			return d->r;
		n = exchange_rule_text(d->rule, text, sizeof(text));
	}
	if (n < 0 || n >= MADE_MAX) {
		draft_leave(d, NULL, NULL, "it is longer than a line of a rule may be");
		return d->r;
	}
	r = rule_parse(text, NULL, 0, &back, &err);
	if (r == -ENOMEM)
		return r;
	if (r || !back || !rule_equal(d->rule, back)) {
		rule_free(back);
		draft_leave(d, NULL, r ? err.found : NULL, "the language of rules wants %s here",
			    r ? err.expected : "something else");
		return d->r;
	}
	if (d->rule->flags & RULE_F_IN)
		say(d, EXCHANGE_KEPT, NULL, NULL, "it is about incoming connections");
	if (d->r) {
		rule_free(back);
		return d->r;
	}
	return exchange_add_rule(x, back, held || allow);
}
