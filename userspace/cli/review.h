/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `snitch review` share. */
#ifndef SNITCH_CLI_REVIEW_H
#define SNITCH_CLI_REVIEW_H

#include "../history/propose.h"
#include "cli.h"

/**
 * struct review - one run
 * @own: uid whose flows get rules in the user's own file; HISTORY_ANY_UID: nobody's (root)
 */
struct review {
	struct cli *cli;
	struct proposals all;
	uint32_t own;
	int64_t now;
};

/** review_accept - have @text written for @p; errors are printed; @id: for json_decref() */
int review_accept(struct review *r, const struct proposal *p, const char *text, json_t **id);

/** review_sentence - the rule with another action; for free(3), NULL without memory */
char *review_sentence(const struct proposal *p, const char *action);

/** review_seen - "12 times, 3 of them refused; 11-20 08:00 to 11-21 09:15" */
void review_seen(const struct review *r, const struct proposal *p, char *buf, size_t size);

/** review_names - what was seen there: names, or addresses; for free(3) */
char *review_names(const struct proposal *p);

/** review_user - whose flows they are */
void review_user(const struct proposal *p, char *buf, size_t size);

/** review_ask - one after the other, at the terminal; enum cli_exit, -1: there is none */
int review_ask(struct review *r);

#endif
