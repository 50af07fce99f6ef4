/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of `snitch ask`: key by key where it can move its cursor, line
 * by line where it cannot. It must never leave the terminal other than found.
 */
#ifndef SNITCH_ASK_TERM_H
#define SNITCH_ASK_TERM_H

#include <termios.h>

#include "card.h"

/**
 * struct term - the terminal
 * @plain: no cursor movement, no single keys: whole lines both ways
 * @raw: keys come one by one now; @saved is what it was before
 * @prompted: a plain terminal's cursor stands behind a prompt
 * @drawn: lines of the block on the screen, that the next one replaces
 */
struct term {
	bool plain;
	bool raw;
	bool prompted;
	bool colour;
	bool utf8;
	unsigned int columns;
	unsigned int rows;
	unsigned int drawn;
	struct termios saved;
};

/** term_open - look at the terminal on standard input and output; 0 or -ENOTTY */
int term_open(struct term *t, bool colour);

/** term_raw - keys one by one from now on (also after having been stopped); 0 or an errno */
int term_raw(struct term *t);

/** term_close - erase the block, give the terminal back as it was; safe to call twice */
void term_close(struct term *t);

/** term_size - read the size again; 80x24 where it is not known */
void term_size(struct term *t);

/** term_draw - show @c in place of the block; on a plain terminal, below everything */
void term_draw(struct term *t, const struct card *c);

/** term_prompt - on a plain terminal: ask for a line */
void term_prompt(struct term *t);

/** term_erase - take the block away; the cursor is where it began */
void term_erase(struct term *t);

/** term_line - a line that stays, in place of the block, which is gone afterwards */
void term_line(struct term *t, const char *text);

/** term_bell - ring once */
void term_bell(void);

/** term_flush_input - forget the keys pressed so far */
void term_flush_input(void);

#endif
