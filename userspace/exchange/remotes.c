// SPDX-License-Identifier: GPL-2.0-or-later
/* The remotes of .lsrules files, in all the ways people write them. It must never widen one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../policy/program.h"
#include "../util/cleanup.h"
#include "../util/format.h"
#include "lsrules.h"

const char *const remote_keys[REMOTE_KEYS] = {
	"remote-domains", "remote-hosts", "remote-addresses",
};

const char *const denied_keys[REMOTE_KEYS] = {
	"denied-remote-domains", "denied-remote-hosts", "denied-remote-addresses",
};

/* Reports one remote that is none; counted by whoever knows whether the rest is carried over. */
static void bad_remote(struct draft *d, const char *key, const char *word, struct place p,
		       const char *why)
{
	if (!d->r)
		d->r = source_say(d->src, EXCHANGE_LEFT, p, key, word, "%s", why);
}

static void note_remote(struct draft *d, const char *key, const char *word, struct place p,
			const char *why)
{
	if (!d->r)
		d->r = source_say(d->src, EXCHANGE_CHANGED, p, key, word, "%s", why);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

static const struct rule_item *last_item(const struct draft *d)
{
	return &d->rule->items[d->rule->n_items - 1];
}

static void drop_item(struct draft *d)
{
	item_clear(&d->rule->items[--d->rule->n_items]);
}

/* A domain as "*.NAME"; NAME may already say so. */
static bool add_domain(struct draft *d, const char *key, const char *word, struct place p,
		       const char **why)
{
	_cleanup_free_ char *name = NULL;

	if (draft_item(d, word, why)) {
		if (last_item(d)->kind == RULE_I_DOMAIN)
			return true;
		if (item_is_address(last_item(d))) {
			note_remote(d, key, word, p,
				    "an address among domains: taken as an address");
			return true;
		}
		drop_item(d);
	}
	if (d->r)
		return false;
	word += *word == '.' && word[1];
	name = snitch_format("*.%s", word);
	if (!name) {
		d->r = -ENOMEM;
		return false;
	}
	return draft_item(d, name, why);
}

static bool add_host(struct draft *d, const char *key, const char *word, struct place p,
		     const char **why)
{
	if (!draft_item(d, word, why))
		return false;
	if (item_is_address(last_item(d)))
		note_remote(d, key, word, p, "an address among hosts: taken as an address");
	else if (last_item(d)->kind == RULE_I_DOMAIN)
		note_remote(d, key, word, p, "a domain among hosts: taken as a domain");
	return true;
}

static bool add_address(struct draft *d, const char *word, const char **why)
{
	if (!draft_item(d, word, why))
		return false;
	if (item_is_address(last_item(d)))
		return true;
	drop_item(d);
	*why = "no address, range or prefix";
	return false;
}

/* One remote. Return: whether it is in the rule now. */
static bool add_remote(struct draft *d, enum remote_key which, const char *key, const char *word,
		       struct place p)
{
	static const char nothing[] = "no name, address, range or prefix";
	const char *why = "";
	bool good;

	if (!strcasecmp(word, "any")) {
		draft_keyword(d, RULE_I_ANY);
		return true;
	}
	if (!is_ascii(word)) {
		bad_remote(d, key, word, p,
			   "names are written in ASCII, like xn--bcher-kva.example");
		return false;
	}
	if (!strncasecmp(word, "list:", 5) || strpbrk(word, " \t\r\n\"")) {
		bad_remote(d, key, word, p, nothing);
		return false;
	}
	if (which == REMOTE_DOMAINS)
		good = add_domain(d, key, word, p, &why);
	else if (which == REMOTE_HOSTS)
		good = add_host(d, key, word, p, &why);
	else
		good = add_address(d, word, &why);
	if (!good)
		bad_remote(d, key, word, p, strncmp(why, "a remote:", 9) ? why : nothing);
	return good;
}

/* Blanks around the '-' of a range go away. */
static void join_ranges(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '-') {
			while (to[-1] == ' ' || to[-1] == '\t')
				to--;
			*to++ = *s;
			s += strspn(s + 1, " \t");
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n && strchr(" \t", s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

static size_t read_string(struct draft *d, enum remote_key which, const char *key,
			  const char *text, struct place p)
{
	_cleanup_free_ char *words = draft_word(text, false);
	char *rest = words, *word;
	size_t bad = 0;
	bool any = false;

	if (!words) {
		d->r = -ENOMEM;
		return 0;
	}
	if (which == REMOTE_ADDRESSES && *words != '-')
		join_ranges(words);
	while (!d->r && (word = strsep(&rest, ",;\r\n"))) {
		word = trim(word);
		if (!*word)
			continue;
		any = true;
		bad += !add_remote(d, which, key, word, p);
	}
	if (!any && !d->r) {
		bad_remote(d, key, text, p, "nothing stands here");
		bad++;
	}
	return bad;
}

size_t remotes_read(struct draft *d, enum remote_key which, const char *key, const json_t *value,
		    struct place p)
{
	const json_t *one;
	size_t i, bad = 0;

	if (json_is_string(value))
		return read_string(d, which, key, json_string_value(value), p);
	if (!json_is_array(value)) {
		_cleanup_free_ char *text = source_text(value);

		bad_remote(d, key, text, p, "a string or an array of strings is expected here");
		return 1;
	}
	p = place_first(p);
	json_array_foreach(value, i, one) {
		if (d->r)
			break;
		if (json_is_string(one)) {
			bad += read_string(d, which, key, json_string_value(one), p);
		} else {
			_cleanup_free_ char *text = source_text(one);

			bad_remote(d, key, text, p, "a string is expected here");
			bad++;
		}
		p = place_next(p);
	}
	return bad;
}

/* ---- denied-remote-* ------------------------------------------------------------------------- */

/* The note of each entry becomes that of the one rule; %REMOTE% stands for all of them. */
static void denied_note(struct draft *d, const json_t *root, const char *list)
{
	const char *note = json_string_value(json_object_get(root, "denied-remote-notes")), *at;
	_cleanup_free_ char *text = NULL;

	if (!note)
		note = json_string_value(json_object_get(root, "description"));
	if (!note)
		return;
	at = strstr(note, "%REMOTE%");
	text = at ? snitch_format("%.*slist:%s%s", (int)(at - note), note, list, at + 8) :
		    strdup(note);
	if (!text)
		d->r = -ENOMEM;
	else
		draft_note(d, text);
}

/* The entries are in @d: they become a list, and the rule names it. */
static void denied_list(struct draft *d, const json_t *root)
{
	const char *name = json_string_value(json_object_get(root, "name")), *why;
	_cleanup_free_ char *about = NULL, *word = NULL;
	struct exchange_list *list;
	size_t i;

	list = list_new(d->src->x, name && *name ? name : d->src->file, NULL);
	if (!list) {
		d->r = -ENOMEM;
		return;
	}
	word = snitch_format("list:%s", list->name);
	denied_note(d, root, list->name);
	about = snitch_format("%s", d->rule->note ? d->rule->note : "imported");
	if (!word || !about) {
		d->r = -ENOMEM;
		return;
	}
	list->about = snitch_take_ptr(about);
	for (i = 0; i < d->rule->n_items && !d->r; i++)
		d->r = list_add(list, &d->rule->items[i]);
	while (d->rule->n_items)
		drop_item(d);
	list_finish(list);
	draft_item(d, word, &why);
}

static void denied_begin(struct draft *d, struct source *src)
{
	draft_begin(d, src, src->start);
	if (!d->r)
		d->rule->action = SNITCH_DENY;
}

/* "any" is no entry of a list: a rule of its own. */
static void denied_any(struct draft *d)
{
	struct rule *rule = d->rule;
	size_t i, n = 0;

	for (i = 0; i < rule->n_items; i++) {
		if (rule->items[i].kind != RULE_I_ANY)
			rule->items[n++] = rule->items[i];
	}
	if (n == rule->n_items || d->r)
		return;
	rule->n_items = n;
	d->src->x->n_left++;
	d->r = source_say(d->src, EXCHANGE_LEFT, d->at, NULL, "any",
			  "it would deny everything: write 'deny any to any' if that is meant");
}

int denied_read(struct source *src, const json_t *root)
{
	size_t bad = 0;
	struct draft d;
	unsigned int i;
	int r;

	denied_begin(&d, src);
	for (i = 0; i < REMOTE_KEYS && !d.r; i++) {
		const json_t *value = json_object_get(root, denied_keys[i]);

		if (value)
			bad += remotes_read(&d, i, denied_keys[i], value,
					    place_member(src->start, denied_keys[i]));
	}
	src->x->n_left += bad;
	if (!d.r)
		denied_any(&d);
	if (!d.r && d.rule->n_items && !src->x->options.lists) {
		draft_leave(&d, NULL, NULL,
			    "a list of %u denied remotes: with --lists DIR it is written there",
			    d.rule->n_items);
	} else if (!d.r && d.rule->n_items) {
		denied_list(&d, root);
		draft_finish(&d);
	}
	r = d.r;
	draft_clear(&d);
	return r;
}
