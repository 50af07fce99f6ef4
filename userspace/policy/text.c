// SPDX-License-Identifier: GPL-2.0-or-later
/* Cuts a line into words, writes words and tells errors. It must never know what a rule means. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "../util/escape.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int quoted_fail(struct words *w, size_t n, const char *expected, const char *next)
{
	w->text[n] = '\0';
	rule_fail(w->err, -EINVAL, w->file, w->lineno, w->text, expected, next);
	if (w->err)
		w->err->column = w->column;
	return -EINVAL;
}

/* After the opening quote. */
static int read_quoted(struct words *w)
{
	static const char bad_escape[] = "\\\", \\\\ or \\xNN after a backslash in quotes";
	size_t n = 0;

	for (;;) {
		char c = w->line[w->pos];

		if (!c)
			return quoted_fail(w, n, "a closing double quote",
					   "add \" where the name ends");
		w->pos++;
		if (c == '"')
			break;
		if (c == '\\') {
			c = w->line[w->pos];
			if (c == 'x') {
				int high = snitch_hex_digit(w->line[w->pos + 1]);
				int low = high < 0 ? -1 : snitch_hex_digit(w->line[w->pos + 2]);

				c = low < 0 ? 0 : (char)(high << 4 | low);
				w->pos += c ? 3 : 0;
			} else if (c == '"' || c == '\\') {
				w->pos++;
			} else {
				c = 0;
			}
			if (!c)
				return quoted_fail(w, n, bad_escape,
						   "write \\\\ for one backslash");
		}
		w->text[n++] = c;
	}
	w->text[n] = '\0';
	return 0;
}

static void read_note(struct words *w)
{
	size_t n;

	while (is_blank(w->line[w->pos]))
		w->pos++;
	n = strlen(w->line + w->pos);
	memcpy(w->text, w->line + w->pos, n);
	w->pos += n;
	while (n && is_blank(w->text[n - 1]))
		n--;
	w->text[n] = '\0';
}

int words_next(struct words *w)
{
	size_t n;

	while (is_blank(w->line[w->pos]))
		w->pos++;
	w->column = w->pos + 1;
	w->text[0] = '\0';
	switch (w->line[w->pos]) {
	case '\0':
		w->kind = WORD_END;
		return 0;
	case '"':
		w->kind = WORD_QUOTED;
		w->pos++;
		return read_quoted(w);
	case '#':
		w->kind = WORD_NOTE;
		w->pos++;
		read_note(w);
		return 0;
	case ',':
		w->kind = WORD_COMMA;
		w->pos++;
		strcpy(w->text, ",");
		return 0;
	}
	w->kind = WORD_PLAIN;
	n = strcspn(w->line + w->pos, " \t,\"");
	memcpy(w->text, w->line + w->pos, n);
	w->text[n] = '\0';
	w->pos += n;
	return 0;
}

bool words_is(const struct words *w, const char *text)
{
	return w->kind == WORD_PLAIN && !strcmp(w->text, text);
}

int rule_fail(struct rule_error *err, int r, const char *file, unsigned int line,
	      const char *found, const char *expected, const char *next)
{
	if (!err)
		return r;
	memset(err, 0, sizeof(*err));
	snprintf(err->file, sizeof(err->file), "%s", file ? file : "");
	err->line = line;
	if (found)
		snitch_escape_buf(found, strlen(found), err->found, sizeof(err->found));
	snprintf(err->expected, sizeof(err->expected), "%s", expected ? expected : "");
	snprintf(err->next, sizeof(err->next), "%s", next ? next : "");
	return r;
}

int words_fail(struct words *w, const char *expected, const char *next)
{
	rule_fail(w->err, -EINVAL, w->file, w->lineno,
		  w->kind == WORD_END ? "the end of the line" : w->text, expected, next);
	if (w->err)
		w->err->column = w->column;
	return -EINVAL;
}

void rule_error_find(struct rule_error *err, const char *line)
{
	struct words *w;

	if (err->column)
		return;
	err->column = 1;
	w = calloc(1, sizeof(*w));
	if (!w)
		return;
	w->line = line;
	while (!words_next(w) && w->kind != WORD_END) {
		if (!strcmp(w->text, err->found)) {
			err->column = w->column;
			break;
		}
	}
	free(w);
}

char *rule_error_print(const struct rule_error *err, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };

	if (size)
		buf[0] = '\0';
	if (err->file[0])
		text_addf(&t, "%s:", err->file);
	if (err->line)
		text_addf(&t, "%u:", err->line);
	if (err->column)
		text_addf(&t, t.len ? "%u:" : "character %u:", err->column);
	if (t.len)
		text_add(&t, " ");
	if (err->found[0])
		text_addf(&t, "found '%s', ", err->found);
	if (err->expected[0])
		text_addf(&t, "expected %s", err->expected);
	if (err->next[0])
		text_addf(&t, "; %s", err->next);
	return buf;
}

void text_addf(struct text *t, const char *fmt, ...)
{
	size_t room = t->size - t->len;
	va_list args;
	int n;

	if (t->full)
		return;
	va_start(args, fmt);
	n = vsnprintf(room ? t->buf + t->len : NULL, room, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		t->full = true;
		t->len = t->size ? t->size - 1 : 0;
	} else {
		t->len += n;
	}
}

void text_add(struct text *t, const char *s)
{
	text_addf(t, "%s", s);
}

/* The length of the character at @s if it may stand as it is, else 0. */
static size_t safe_char(const char *s)
{
	unsigned int code;
	size_t n = snitch_utf8_len(s, strlen(s), &code);

	return n && !snitch_code_is_unsafe(code) ? n : 0;
}

static bool needs_quotes(const char *s)
{
	size_t n;

	if (!*s || *s == '#' || strpbrk(s, " \t,\""))
		return true;
	for (; *s; s += n) {
		n = *s == '\\' ? 1 : safe_char(s);
		if (!n)
			return true;
	}
	return false;
}

void text_add_word(struct text *t, const char *s)
{
	size_t n;

	if (!needs_quotes(s)) {
		text_add(t, s);
		return;
	}
	text_add(t, "\"");
	for (; *s; s += n) {
		n = 1;
		if (*s == '"' || *s == '\\') {
			text_addf(t, "\\%c", *s);
			continue;
		}
		n = safe_char(s);
		if (n) {
			text_addf(t, "%.*s", (int)n, s);
		} else {
			text_addf(t, "\\x%02x", (unsigned char)*s);
			n = 1;
		}
	}
	text_add(t, "\"");
}
