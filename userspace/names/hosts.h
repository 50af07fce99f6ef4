/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of /etc/hosts: facts of the whole system, until the file changes. Pure: the text is
 * given.
 */
#ifndef SNITCH_NAMES_HOSTS_H
#define SNITCH_NAMES_HOSTS_H

#include "memory.h"

#define HOSTS_FILE_MAX	(4U << 20)	/* bytes that are read */

/*
 * Forgets what the file said before and learns what it says now. Addresses that lead nowhere or to
 * this machine (block lists are full of them) are left out; where there are more names than the
 * memory keeps, the first ones count. @netns: the one that the file is for. Return: how many.
 */
unsigned int hosts_learn(struct names *names, const char *text, size_t len, uint32_t netns);

#endif
