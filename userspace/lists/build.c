// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader of lists: each line tells by itself what it is. It must never take a line that it
 * understands only half, nor more than its bounds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../util/addrspan.h"
#include "../util/hostname.h"
#include "list.h"

#define BLANKS	" \t"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/**
 * struct list_builder - a list being read
 * @part: which file the lines are of
 * @number: of the line being read
 * @line, @len: what there is of it
 * @too_long: the rest of it is skipped
 * @begun: there was a line that is not blank
 */
struct list_builder {
	struct list *list;
	enum list_part part;
	uint64_t number;
	char line[LIST_LINE_MAX + 1];
	size_t len;
	bool too_long;
	bool begun;
	int error;
};

struct list_builder *list_builder_new(const char *name, enum list_kind kind)
{
	struct list_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->list = list_make(name, NULL);
	if (!b->list) {
		free(b);
		return NULL;
	}
	b->list->facts.conf.kind = kind;
	return b;
}

void list_builder_free(struct list_builder *b)
{
	if (!b)
		return;
	list_free(b->list);
	free(b);
}

/* ---- one line ------------------------------------------------------------------------ */

static void bad(struct list_builder *b, const char *why)
{
	struct list_facts *facts = &b->list->facts;
	struct list_bad *line;

	if (facts->bad < LIST_BAD_SHOWN) {
		line = &facts->bad_lines[facts->bad];
		line->line = b->number;
		line->why = why;
		memcpy(line->text, b->line, sizeof(line->text) - 1);
	}
	facts->bad++;
}

/* A failure that is the line's, or the end of it all. */
static void failed(struct list_builder *b, int r)
{
	if (r == -E2BIG)
		bad(b, "a name of more than 10 parts");
	else if (r == -ENOSPC)
		b->error = -E2BIG;
	else if (r < 0)
		b->error = r;
}

static void put_name(struct list_builder *b, const char *name, size_t len, bool below, bool except)
{
	struct list_data *data = b->list->data;
	struct nameset *set = except || b->part == LIST_EXCEPTIONS ? &data->excepted : &data->names;

	if (set->n >= LIST_ENTRIES_MAX)
		b->error = -E2BIG;
	else
		failed(b, nameset_add(set, name, len, below));
}

/* @below: what the line itself says; an exception is for all below, where a list is exact, too. */
static void take_name(struct list_builder *b, const char *name, bool below, bool except)
{
	enum list_kind kind = b->list->facts.conf.kind;
	size_t len = strlen(name);

	if (len && name[len - 1] == '.')
		len--;
	if (!snitch_hostname_valid(name, len)) {
		bad(b, "neither a name nor an address");
		return;
	}
	if (except || b->part == LIST_EXCEPTIONS)
		below = true;
	else if (kind == LIST_ADDRESSES) {
		bad(b, "a name in a list of addresses");
		return;
	} else if (kind != LIST_AUTO) {
		below = kind == LIST_DOMAINS;
	}
	put_name(b, name, len, below, except);
}

static void take_span(struct list_builder *b, const struct addrspan *span)
{
	struct list_range range = { .family = span->family };
	enum list_kind kind = b->list->facts.conf.kind;
	struct addrset *set = b->part == LIST_EXCEPTIONS ? &b->list->data->holes : &b->list->data->addrs;

	if (b->part == LIST_ENTRIES && (kind == LIST_DOMAINS || kind == LIST_HOSTS)) {
		bad(b, "an address in a list of names");
		return;
	}
	if (span->kind == ADDRSPAN_PREFIX && !span->len) {
		bad(b, "every address there is");
		return;
	}
	if (set->n >= LIST_ENTRIES_MAX) {
		b->error = -E2BIG;
		return;
	}
	memcpy(range.first, span->first, sizeof(range.first));
	memcpy(range.last, span->last, sizeof(range.last));
	failed(b, addrset_add(set, &range));
}

/* "||domain^", "@@||domain^": the only forms that speak of all that goes to a name. */
static void take_filter(struct list_builder *b, char *line, bool except)
{
	char *end = strchr(line, '^');

	if (!end || (end[1] && strcmp(end + 1, "$important"))) {
		bad(b, "a filter that is not for a whole name");
		return;
	}
	*end = '\0';
	take_name(b, line, true, except);
}

/* Names that a hosts file has for the machine itself. */
static bool is_own_name(const char *name)
{
	static const char *const own[] = {
		"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost",
		"ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes",
		"ip6-allrouters", "ip6-allhosts", "0.0.0.0",
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (!strcmp(name, own[i]))
			return true;
	}
	return false;
}

static bool leads_nowhere(const char *addr)
{
	return !strcmp(addr, "0.0.0.0") || !strncmp(addr, "127.", 4) || !strcmp(addr, "::") ||
	       !strcmp(addr, "::1") || !strcmp(addr, "0") || !strcmp(addr, "::0");
}

/* "0.0.0.0 NAME...": names, exactly. */
static void take_hosts(struct list_builder *b, const char *addr, char *names)
{
	bool nowhere = leads_nowhere(addr);
	char *name, *rest;

	for (name = strtok_r(names, BLANKS, &rest); name; name = strtok_r(NULL, BLANKS, &rest)) {
		if (is_own_name(name))
			continue;
		if (!nowhere) {
			bad(b, "more than a name, and no line of a hosts file that blocks one");
			return;
		}
		take_name(b, name, false, false);
	}
}

static void take_word(struct list_builder *b, char *word)
{
	struct addrspan span;
	const char *why;
	int r;

	if (!strncmp(word, "*.", 2) || word[0] == '.') {
		take_name(b, word + 1 + (word[0] == '*'), true, false);
		return;
	}
	/* names of hosts begin like addresses often enough, but end otherwise */
	r = strspn(word, "0123456789abcdefABCDEF:./-") == strlen(word) ?
	    addrspan_parse(word, &span, &why) : -ENOENT;
	if (!r)
		take_span(b, &span);
	else if (r != -ENOENT)
		bad(b, "an address, prefix or range that is none");
	else if (!strchr(word, '.') && b->part == LIST_ENTRIES)
		bad(b, "a single word: for all below it write \"*.\" before it");
	else
		take_name(b, word, true, false);
}

/* Return: why a line cannot be text of a list, or NULL. */
static const char *check_bytes(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = line[i];

		if (c >= 0x80)
			return "not ASCII: names are written as they are asked for (xn--...)";
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return "a control character";
	}
	return NULL;
}

/* Cuts a comment off: '#' or ';' after a blank. A '#' within a word is part of a filter. */
static size_t cut_comment(char *line, size_t len)
{
	size_t i;

	for (i = 1; i < len; i++) {
		if ((line[i] == '#' || line[i] == ';') && is_blank(line[i - 1]))
			len = i;
	}
	while (len && (is_blank(line[len - 1]) || line[len - 1] == '\r'))
		len--;
	line[len] = '\0';
	return len;
}

/* The first line with anything in it: a page that says "not found" is no list. */
static void look_for_page(struct list_builder *b, const char *line)
{
	if (!b->begun && b->part == LIST_ENTRIES)
		b->list->facts.html = *line == '<';
	b->begun = true;
}

static void take_line(struct list_builder *b)
{
	char *line = b->line, *blank;
	size_t len = b->len;
	const char *why;

	line[len] = '\0';
	if (b->number == 1 && !strncmp(line, "\xef\xbb\xbf", 3)) {
		line += 3;
		len -= 3;
	}
	while (len && is_blank(*line)) {
		line++;
		len--;
	}
	if (!len || *line == '\r')
		return;
	look_for_page(b, line);
	if (*line == '#' || *line == '!' || *line == ';' || !strncmp(line, "[Adblock", 8)) {
		b->list->facts.comments++;
		return;
	}
	len = cut_comment(line, len);
	why = b->too_long ? "longer than 1024 bytes" : check_bytes(line, len);
	if (why) {
		bad(b, why);
		return;
	}
	blank = line + strcspn(line, BLANKS);
	if (!strncmp(line, "||", 2) && !*blank) {
		take_filter(b, line + 2, false);
	} else if (!strncmp(line, "@@||", 4) && !*blank) {
		take_filter(b, line + 4, true);
	} else if (*blank) {
		*blank = '\0';
		take_hosts(b, line, blank + 1);
	} else {
		take_word(b, line);
	}
}

/* ---- pieces ---------------------------------------------------------------------------- */

static void end_line(struct list_builder *b)
{
	b->number++;
	if (b->part == LIST_ENTRIES)
		b->list->facts.lines++;
	take_line(b);
	b->len = 0;
	b->too_long = false;
}

static void add_bytes(struct list_builder *b, const char *data, size_t len)
{
	size_t room = LIST_LINE_MAX - b->len;

	if (len > room) {
		b->too_long = true;
		len = room;
	}
	memcpy(b->line + b->len, data, len);
	b->len += len;
}

int list_builder_feed(struct list_builder *b, const char *data, size_t len)
{
	while (len && !b->error) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		add_bytes(b, data, n);
		if (!end)
			break;
		end_line(b);
		data += n + 1;
		len -= n + 1;
	}
	return b->error;
}

void list_builder_part(struct list_builder *b, enum list_part part)
{
	if (b->len || b->too_long)
		end_line(b);
	b->part = part;
	b->number = 0;
	b->begun = false;
}

struct list *list_builder_finish(struct list_builder *b)
{
	struct list *list = b->list;
	struct list_facts *facts = &list->facts;
	struct list_data *data = list->data;

	list_builder_part(b, LIST_ENTRIES);
	addrset_settle(&data->addrs);
	addrset_settle(&data->holes);
	if (b->error || addrset_subtract(&data->addrs, &data->holes)) {
		list_builder_free(b);
		return NULL;
	}
	nameset_trim(&data->names);
	nameset_trim(&data->excepted);
	facts->names = data->names.n;
	facts->ranges = data->addrs.n;
	facts->excepted = data->excepted.n + data->holes.n;
	facts->bytes = sizeof(*list) + sizeof(*data) + nameset_bytes(&data->names) +
		       nameset_bytes(&data->excepted) +
		       (data->addrs.room + data->holes.room) * sizeof(struct list_range);
	free(b);
	return list;
}
