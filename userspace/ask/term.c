// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The terminal of `snitch ask`: key by key where it can move its cursor, line
 * by line where it cannot. It must never leave the terminal other than found.
 */
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "term.h"

int term_open(struct term *t, bool colour)
{
	const char *name = getenv("TERM");

	memset(t, 0, sizeof(*t));
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	t->plain = !name || !*name || !strcmp(name, "dumb") || !strcmp(name, "unknown");
	t->colour = colour && !t->plain;
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (tcgetattr(STDIN_FILENO, &t->saved))
		return -errno;
	term_size(t);
	return 0;
}

int term_raw(struct term *t)
{
	struct termios mode = t->saved;

	if (t->plain)
		return 0;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);	/* ISIG stays: Ctrl-C and Ctrl-Z work */
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &mode))
		return -errno;
	t->raw = true;
	return 0;
}

void term_close(struct term *t)
{
	term_erase(t);
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
	t->raw = false;
}

void term_size(struct term *t)
{
	struct winsize ws;

	t->columns = 80;
	t->rows = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws))
		return;
	if (ws.ws_col)
		t->columns = ws.ws_col;
	if (ws.ws_row)
		t->rows = ws.ws_row;
}

static void put_line(const struct term *t, const char *text, enum card_look look)
{
	static const char *const codes[] = {
		[CARD_PLAIN] = "", [CARD_BOLD] = "\033[1m", [CARD_DIM] = "\033[2m",
		[CARD_WARN] = "\033[1;33m",
	};
	const char *code = t->colour ? codes[look] : "";

	printf("%s%s%s\n", code, text, *code ? "\033[0m" : "");
}

void term_prompt(struct term *t)
{
	if (!t->plain)
		return;
	fputs("> ", stdout);
	fflush(stdout);
	t->prompted = true;
}

void term_erase(struct term *t)
{
	if (t->prompted)
		putchar('\n');
	t->prompted = false;
	if (t->drawn)
		printf("\033[%uA\r\033[J", t->drawn);
	t->drawn = 0;
	fflush(stdout);
}

void term_draw(struct term *t, const struct card *c)
{
	unsigned int i;

	term_erase(t);
	for (i = 0; i < c->n; i++)
		put_line(t, c->line[i].text, c->line[i].look);
	t->drawn = t->plain ? 0 : c->n;
	fflush(stdout);
}

void term_line(struct term *t, const char *text)
{
	term_erase(t);
	printf("%s\n", text);
	fflush(stdout);
}

void term_bell(void)
{
	putchar('\a');
	fflush(stdout);
}

void term_flush_input(void)
{
	tcflush(STDIN_FILENO, TCIFLUSH);
}
