/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question as lines of text for a terminal. Pure: it must never write to
 * one, nor let through a character that could steer it.
 */
#ifndef SNITCH_ASK_CARD_H
#define SNITCH_ASK_CARD_H

#include "keys.h"

#define CARD_LINES 40

enum card_look { CARD_PLAIN, CARD_BOLD, CARD_DIM, CARD_WARN };

struct card {
	unsigned int n;
	struct {
		char *text;		/* owned; fits the width */
		enum card_look look;
	} line[CARD_LINES];
};

/**
 * struct card_view - how and where a card is shown
 * @columns: of the terminal, at least 20
 * @rows: of the terminal; the card takes at most one less
 * @utf8: the terminal shows UTF-8
 * @position: of the question, from 1, of @total
 * @now: CLOCK_BOOTTIME ns
 * @policy: what the program's policy says of the scope chosen; NULL: nothing
 */
struct card_view {
	unsigned int columns;
	unsigned int rows;
	bool utf8;
	unsigned int position;
	unsigned int total;
	uint64_t now;
	const json_t *policy;
};

/** card_question - the question: who wants to talk to whom; then card_prompt()'s lines */
void card_question(struct card *c, const json_t *q, const struct ask_keys *k,
		   const struct card_view *v);

/** card_who - all that is known of who it is, what to be wary of, what its policy says */
void card_who(struct card *c, const json_t *q, const struct card_view *v);

/** card_prompt - only the lines that say which keys do what now */
void card_prompt(struct card *c, const json_t *q, const struct ask_keys *k,
		 const struct card_view *v);

/** card_add - one more line, cut to the width; without room it is left out */
void card_add(struct card *c, const struct card_view *v, enum card_look look, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** card_clear - free all lines */
void card_clear(struct card *c);

/**
 * card_record - the line that stays on the screen of an answered question
 * @flows: that were released or refused
 *
 * Return: a new string for free(), NULL without memory.
 */
char *card_record(const json_t *q, const struct ask_keys *k, long long flows,
		  const struct card_view *v);

#endif
