/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `snitch top` shows, as lines of text. Pure: it must never write to a terminal, nor let
 * through a character that could steer it.
 */
#ifndef SNITCH_TOP_SCREEN_H
#define SNITCH_TOP_SCREEN_H

#include "../ask/card.h"
#include "model.h"

#define TOP_LINES	(TOP_FLOWS_MAX + 64)

/**
 * struct top_view - how it is shown
 * @columns, @rows: of the terminal; @rows 0: as many as there are lines
 * @selected: program, or in @details flow; @offset: the first of them that is shown, moved so
 *	that the selected one is
 * @program: whose details are shown
 * @mode: the daemon's, "" where it is not known; @message: instead of the keys, NULL: none
 * @policy: what is said of the selected flow, as card_view has it; NULL: nothing
 * @rules: id of a rule to its sentence; NULL: not known
 */
struct top_view {
	unsigned int columns, rows;
	bool utf8, details, help, paused;
	size_t selected, offset, program;
	const char *mode, *message;
	const json_t *policy, *rules;
};

/**
 * struct top_screen - what comes out; zeroed: empty
 * @current: the selected line; -1: none
 */
struct top_screen {
	unsigned int n;
	long current;
	struct {
		char *text;		/* owned; fits the width */
		enum card_look look;
	} *line;
	unsigned int room;
};

void top_screen(struct top_screen *s, const struct top *t, struct top_view *v);
void top_screen_clear(struct top_screen *s);

/** top_bytes - "0", "812", "1.2K", "34M": at most five columns */
void top_bytes(uint64_t bytes, char *buf, size_t size);

#endif
