/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of reading and writing .lsrules files. Private to userspace/exchange. */
#ifndef SNITCH_EXCHANGE_LSRULES_H
#define SNITCH_EXCHANGE_LSRULES_H

#include "draft.h"

/* Remotes of one of the three keys remote-domains, remote-hosts, remote-addresses. */
enum remote_key { REMOTE_DOMAINS, REMOTE_HOSTS, REMOTE_ADDRESSES, REMOTE_KEYS };

extern const char *const remote_keys[REMOTE_KEYS];
extern const char *const denied_keys[REMOTE_KEYS];	/* denied-remote-... */

/* Whole files, by format; as exchange_import(). */
int lsrules_read(struct source *src, const json_t *root);
int opensnitch_read(struct source *src, const json_t *root);
int native_read_json(struct source *src, const json_t *root);
int native_read_text(struct source *src, const char *bytes, size_t len);

/**
 * remotes_read() - read the remotes of one key into a draft
 * @d: draft; every bad one is reported
 * @value: a string, perhaps with commas in it, or an array of them
 * @p: where it stands
 *
 * Return: how many were bad.
 */
size_t remotes_read(struct draft *d, enum remote_key which, const char *key, const json_t *value,
		    struct place p);

/* The denied-remote-* lists of a file as one list and one rule. 0 or -ENOMEM. */
int denied_read(struct source *src, const json_t *root);

/**
 * program_read() - the program that a rule of another system means here
 * @d: draft; disabled or left where there is none
 * @program: gets it
 * @key: where it was named
 * @text: as it was named
 */
void program_read(struct draft *d, struct rule_program *program, const char *key, const char *text);

#endif
