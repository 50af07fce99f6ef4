/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions in words, the same for `snitch pending` and `snitch ask`. Pure:
 * it must never read, write or ask anything, the clock included.
 */
#ifndef SNITCH_ASK_WORDS_H
#define SNITCH_ASK_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/**
 * words_fit - cut a text so that it takes at most @columns on a terminal
 * @text: any bytes; control and invisible characters come out as \xNN
 * @columns: at least 4
 * @middle: cut in the middle (paths, names: both ends tell something), else at the end
 * @utf8: false: everything beyond ASCII comes out as \xNN
 *
 * Return: a new string for free(), NULL without memory.
 */
char *words_fit(const char *text, unsigned int columns, bool middle, bool utf8);

/** words_columns - columns that @text takes on a terminal (@text without control characters) */
unsigned int words_columns(const char *text);

/** words_base_name - last part of a path; the whole of anything else */
const char *words_base_name(const char *path);

/** words_program - last part of the program's path, or the whole of "kernel ..." and "?" */
const char *words_program(const json_t *q);

/** words_verb - "wants to connect to", by protocol */
const char *words_verb(const json_t *q);

/* The verb, and for a question to a name server "wants to look up NAME through"; to be freed. */
char *words_doing(const json_t *q);

/* "a.example (dns), b.example (claimed, dns)" into @buf: what the remote was looked up as. */
void words_names(const json_t *q, char *buf, size_t size);

/** words_whom - "TCP 443 (https)" or "ICMP", all ports of the question */
void words_whom(const json_t *q, char *buf, size_t size);

/** words_parents - "bash > make", the farthest first; "" when none is known; for free() */
char *words_parents(const json_t *q, bool paths);

/** words_cmdline - arguments joined; a new string for free() */
char *words_cmdline(const json_t *args);

/** words_seconds - whole seconds left until the question's deadline, -1 when nothing waits */
int words_seconds(const json_t *q, uint64_t boottime);

/** words_span - "14 s", "3 min", "2 h" */
void words_span(uint64_t seconds, char *buf, size_t size);

/** words_waiting - "2 flows wait, refused in 118 s", or what else became of the question */
void words_waiting(const json_t *q, uint64_t boottime, char *buf, size_t size);

/** words_waiting_short - the same for a narrow terminal: "2 wait, 118 s left" */
void words_waiting_short(const json_t *q, uint64_t boottime, char *buf, size_t size);

/** words_warning - the next thing to be wary of at or after @at, from 0; NULL: no more */
const char *words_warning(const json_t *q, size_t *at);

/** words_flag - has the question this flag of the interface? */
bool words_flag(const json_t *q, const char *flag);

/** words_removed - a question that went away: what "why" of QuestionRemoved means */
const char *words_removed(const char *why);

/** words_scope - is this a scope an answer takes? */
bool words_scope(const char *scope);

/**
 * words_rule - the sentence that an answer would write, without its lifetime
 * @verdict: "allow", "deny" or "drop"
 * @scope: "address-port"...
 *
 * Return: a new string for free(); NULL without memory.
 */
char *words_rule(const json_t *q, const char *verdict, const char *scope);

#endif
