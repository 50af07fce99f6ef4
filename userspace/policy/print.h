/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The printer of rules with all its choices; others use rule_print() and rule_print_plain(). */
#ifndef SNITCH_POLICY_PRINT_H
#define SNITCH_POLICY_PRINT_H

#include "program.h"

/*
 * print_rule() - write a rule into @buf
 * @brackets: with id and keys; @note: with its note. Dates are local only with a note and
 * without brackets: for people. What is stored or hashed has them in UTC.
 * Return: the length, or -ENOSPC.
 */
int print_rule(const struct rule *rule, char *buf, size_t size, bool brackets, bool note);

#endif
