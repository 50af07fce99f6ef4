/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a script line. Must never know what the words mean. */
#ifndef SNITCH_FAKE_SCRIPT_H
#define SNITCH_FAKE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_WORDS_MAX	48

/**
 * struct script_line - a line in words
 * @word: NUL ended, in the text that was split; a quoted one may have NULs
 * @len: bytes of each
 * @count: how many words
 * @next: the first that was not taken
 */
struct script_line {
	char *word[SCRIPT_WORDS_MAX];
	size_t len[SCRIPT_WORDS_MAX];
	unsigned int count, next;
};

/**
 * script_split - cut @text in place; blanks between words, "strings" with
 *	escapes, # ends the line
 *
 * Return: NULL, or what is wrong with it.
 */
const char *script_split(char *text, struct script_line *line);

/** script_word - take the next word; NULL: none. @len may be NULL */
char *script_word(struct script_line *line, size_t *len);

/** script_accept - take the next word if it is @word */
bool script_accept(struct script_line *line, const char *word);

/** script_number - take a number, 0 to @max, any C base; false: it is none, nothing taken */
bool script_number(struct script_line *line, uint64_t max, uint64_t *value);

/** script_choice - take a word: its index in NULL ended @words, from 0, or -1 */
int script_choice(struct script_line *line, const char *const *words);

/** script_flags - take "NAME,NAME...": bit n is @words[n]; false: an unknown one */
bool script_flags(struct script_line *line, const char *const *words, uint32_t *flags);

#endif
