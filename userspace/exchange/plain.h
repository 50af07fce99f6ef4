/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regular expressions that are no more than a few plain strings. Private to userspace/exchange. */
#ifndef SNITCH_EXCHANGE_PLAIN_H
#define SNITCH_EXCHANGE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#define PLAIN_MAX	64	/* strings of one expression */

/**
 * plain_read() - the strings that an expression matches, when these are few and nothing else
 * @expression: as of Go; with ^ and $, or it would match within other strings
 * @domain: set when any string and a dot may stand before each of them
 * @apex: set with @domain, when they may also stand alone
 * @out: gets them, each for free()
 *
 * Return: how many; 0: it is no such expression, or has too many; -ENOMEM.
 */
int plain_read(const char *expression, bool *domain, bool *apex, char *out[PLAIN_MAX]);

#endif
