// SPDX-License-Identifier: GPL-2.0-or-later
/* Cuts script lines into words. Must never guess: what is odd is an error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One escape after the backslash at *p; *p is moved behind it. */
static bool escape(const char **p, char *out)
{
	static const char names[] = "nt0\\\"", values[] = "\n\t\0\\\"";
	const char *s = *p, *at;
	int high, low;

	if (*s == 'x') {
		high = hex(s[1]);
		low = high < 0 ? -1 : hex(s[2]);
		if (low < 0)
			return false;
		*out = (char)(high * 16 + low);
		*p = s + 3;
		return true;
	}
	at = *s ? strchr(names, *s) : NULL;
	if (!at)
		return false;
	*out = values[at - names];
	*p = s + 1;
	return true;
}

/* A string whose opening quote is before @p; written over itself. */
static const char *quoted(char **p, char *word, size_t *len)
{
	const char *from = *p;
	char *to = word;

	while (*from != '"') {
		if (!*from || *from == '\n')
			return "a string without its closing quote";
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		if (!escape(&from, to++))
			return "an escape other than \\n \\t \\0 \\\\ \\\" \\xHH";
	}
	*len = to - word;
	*p = (char *)from + 1;
	*to = '\0';
	return NULL;
}

const char *script_split(char *text, struct script_line *line)
{
	char *p = text, *word;
	const char *wrong;
	size_t len;

	line->count = 0;
	line->next = 0;
	for (;;) {
		p += strspn(p, " \t");
		if (!*p || *p == '\n' || *p == '#')
			return NULL;
		if (line->count == SCRIPT_WORDS_MAX)
			return "too many words";
		word = p;
		if (*p == '"') {
			p++;
			wrong = quoted(&p, word, &len);
			if (wrong)
				return wrong;
		} else {
			len = strcspn(p, " \t\n");
			p += len;
			if (*p)
				*p++ = '\0';
		}
		line->word[line->count] = word;
		line->len[line->count++] = len;
	}
}

char *script_word(struct script_line *line, size_t *len)
{
	if (line->next == line->count)
		return NULL;
	if (len)
		*len = line->len[line->next];
	return line->word[line->next++];
}

bool script_accept(struct script_line *line, const char *word)
{
	if (line->next == line->count || strcmp(line->word[line->next], word))
		return false;
	line->next++;
	return true;
}

bool script_number(struct script_line *line, uint64_t max, uint64_t *value)
{
	const char *word;
	char *end;
	uint64_t n;

	if (line->next == line->count)
		return false;
	word = line->word[line->next];
	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	n = strtoull(word, &end, 0);
	if (errno || *end || n > max)
		return false;
	*value = n;
	line->next++;
	return true;
}

int script_choice(struct script_line *line, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (*words[i] && script_accept(line, words[i]))
			return i;
	return -1;
}

bool script_flags(struct script_line *line, const char *const *words, uint32_t *flags)
{
	const char *word = script_word(line, NULL);
	unsigned int i;
	size_t len;

	*flags = 0;
	for (; word; word = word[len] ? word + len + 1 : NULL) {
		len = strcspn(word, ",");
		for (i = 0; words[i]; i++)
			if (len && strlen(words[i]) == len && !strncmp(words[i], word, len))
				break;
		if (!words[i])
			return false;
		*flags |= 1U << i;
	}
	return line->next > 0;
}
