// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON within bounds, with its lines. It must never hand the JSON library what could exhaust it. */
#include "source.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"

#define FOUND_MAX	80	/* bytes of what was found, as shown */

/* ---- places: the text is JSON, for source_parse() has read it ------------------------------- */

static void skip_blanks(struct place *p)
{
	for (; p->at < p->end && strchr(" \t\r\n", *p->at) && *p->at; p->at++)
		p->line += *p->at == '\n';
}

static void skip_string(struct place *p)
{
	for (p->at++; p->at < p->end && *p->at != '"'; p->at++)
		p->at += *p->at == '\\' && p->end - p->at > 1;
	p->at += p->at < p->end;
}

/* To the last byte of a number or a word. */
static void skip_literal(struct place *p)
{
	while (p->end - p->at > 1 && !strchr(",:[]{}\" \t\r\n", p->at[1]))
		p->at++;
}

static void skip_value(struct place *p)
{
	unsigned int depth = 0;

	do {
		skip_blanks(p);
		if (p->at >= p->end)
			return;
		if (*p->at == '"') {
			skip_string(p);
			continue;
		}
		if (strchr("[{", *p->at))
			depth++;
		else if (strchr("]}", *p->at))
			depth -= depth > 0;
		else if (!strchr(",:", *p->at))
			skip_literal(p);
		p->at++;
	} while (depth);
}

/* At the next of @bytes, or without text where something else stands. */
static bool skip_byte(struct place *p, const char *bytes)
{
	skip_blanks(p);
	if (p->at >= p->end || !strchr(bytes, *p->at))
		return false;
	p->at++;
	skip_blanks(p);
	return p->at < p->end;
}

static struct place no_place(unsigned int line)
{
	return (struct place){ .line = line };
}

struct place place_member(struct place p, const char *key)
{
	unsigned int line = p.line;
	size_t len = strlen(key);

	if (!p.at || !skip_byte(&p, "{"))
		return no_place(line);
	while (p.at < p.end && *p.at == '"') {
		const char *name = p.at + 1;
		bool same;

		skip_string(&p);
		same = p.at - name == (ptrdiff_t)len + 1 && !memcmp(name, key, len);
		if (!skip_byte(&p, ":"))
			break;
		if (same)
			return p;
		skip_value(&p);
		if (!skip_byte(&p, ","))
			break;
	}
	return no_place(line);
}

struct place place_first(struct place p)
{
	unsigned int line = p.line;

	if (!p.at || *p.at != '[' || !skip_byte(&p, "["))
		return no_place(line);
	return p;
}

struct place place_next(struct place p)
{
	unsigned int line = p.line;

	if (!p.at)
		return p;
	skip_value(&p);
	return skip_byte(&p, ",") ? p : no_place(line);
}

/* ---- report ---------------------------------------------------------------------------------- */

int source_say(const struct source *src, enum exchange_fate fate, struct place p, const char *key,
	       const char *found, const char *reason, ...)
{
	struct exchange *x = src->x;
	struct exchange_entry *e;
	char shown[FOUND_MAX];
	va_list ap;

	if (x->n_entries >= EXCHANGE_ENTRIES_MAX) {
		x->n_unsaid++;
		return 0;
	}
	if (x->n_entries == x->room_entries) {
		size_t room = x->room_entries ? 2 * x->room_entries : 64;

		e = reallocarray(x->entries, room, sizeof(*e));
		if (!e)
			return -ENOMEM;
		x->entries = e;
		x->room_entries = room;
	}
	e = &x->entries[x->n_entries++];
	*e = (struct exchange_entry){ .fate = fate, .line = p.line, .rule = src->rule };
	e->file = snitch_escape_str(src->file);
	if (key) {
		snitch_escape_buf(key, strlen(key), shown, sizeof(shown));
		e->key = strdup(shown);
	}
	if (found) {
		snitch_escape_buf(found, strlen(found), shown, sizeof(shown));
		e->found = strdup(shown);
	}
	va_start(ap, reason);
	e->reason = snitch_vformat(reason, ap);
	va_end(ap);
	if (!e->file || !e->reason || (key && !e->key) || (found && !e->found))
		return -ENOMEM;
	return 0;
}

char *source_text(const json_t *value)
{
	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_real(value))
		return snitch_format("%.15g", json_real_value(value));
	return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Counts values and depth before the JSON library makes memory of them. NULL: within bounds. */
static const char *beyond_bounds(struct place *p)
{
	size_t values = 1;
	int depth = 0;

	for (; p->at < p->end; p->at++) {
		switch (*p->at) {
		case '\n':
			p->line++;
			break;
		case '"':
			skip_string(p);
			p->at--;
			break;
		case '[':
		case '{':
			if (++depth > EXCHANGE_DEPTH_MAX)
				return "values within values, deeper than 32";
			values++;
			break;
		case ']':
		case '}':
			depth--;
			break;
		case ',':
			values++;
			break;
		case '\0':
			return "a NUL byte: not a text file";
		}
		if (values > EXCHANGE_VALUES_MAX)
			return "more than 2000000 values";
	}
	return NULL;
}

/* The whole file, not one of its rules, is left: 1 on the count of what is not carried over. */
static int refuse(struct source *src, struct place p, const char *reason)
{
	int r = source_leave(src, p, NULL, NULL, "%s", reason);

	return r ? r : -EINVAL;
}

int source_parse(struct source *src, const char *bytes, size_t len, json_t **root)
{
	struct place p = { .at = bytes, .end = bytes + len, .line = 1 };
	char text[4 * JSON_ERROR_TEXT_LENGTH];
	json_error_t error;
	const char *why;
	int r;

	*root = NULL;
	src->start = no_place(0);
	if (len > EXCHANGE_FILE_MAX)
		return refuse(src, src->start, "the file is larger than 64 MiB");
	if (len >= 3 && !memcmp(p.at, "\xef\xbb\xbf", 3)) {	/* a byte order mark */
		p.at += 3;
		len -= 3;
	}
	bytes = p.at;
	skip_blanks(&p);
	src->start = p;
	if (p.at == p.end) {
		src->start.at = NULL;
		return source_say(src, EXCHANGE_CHANGED, no_place(0), NULL, NULL,
				  "the file is empty: there is nothing to carry over");
	}
	why = beyond_bounds(&p);
	if (why)
		return refuse(src, p, why);
	*root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (*root)
		return 0;
	if (json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	p.line = error.line > 0 ? error.line : 0;
	/* it quotes the file */
	snitch_escape_buf(error.text, strlen(error.text), text, sizeof(text));
	r = source_leave(src, p, NULL, NULL, "no JSON: %s",
			 json_error_code(&error) == json_error_null_character ?
			 "no string may hold a NUL" : text);
	return r ? r : -EINVAL;
}
