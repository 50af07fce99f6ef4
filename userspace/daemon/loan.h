/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules on loan: kept in memory and in no file, for as long as somebody holds them (`snitch run`,
 * `snitch watch`, a trial of `snitch apply`). They must never outlive the daemon.
 */
#ifndef SNITCH_DAEMON_LOAN_H
#define SNITCH_DAEMON_LOAN_H

#include <sys/queue.h>

#include "rulebook.h"

#define LOANS_MAX		64
#define LOAN_RULES_MAX		1024	/* lines of one that is not the administrator's */
#define LOAN_NEEDS_MAX		1024	/* remotes remembered for one */

struct rule;
struct rule_image;

/**
 * struct loan_wish - what is to hold
 * @name: what holds them, as shown: "snitch watch [4242]"
 * @text: rules, a line each; without lifetimes but dates
 * @scope: RULEBOOK_RUNTIME (of @uid, or the system's), or RULEBOOK_ADMIN
 * @uid: (uint32_t)-1: nobody's
 * @root: NULL, or the process for which, with all that it starts, they hold
 * @replaces: NULL, or the path of a file whose rules do not count meanwhile
 * @record: remember what was allowed by them alone
 */
struct loan_wish {
	const char *name;
	const char *text;
	enum rulebook_scope scope;
	uint32_t uid;
	const struct rule_image *root;
	const char *replaces;
	bool record;
};

struct loan;
struct loans {
	TAILQ_HEAD(, loan) list;
	unsigned int n;
	uint64_t last;
};

/**
 * rulebook_lend() - put rules into the set
 * @loan: gets its number
 * @error: gets a sentence on failure
 *
 * All or none. The caller installs afterwards. Return: 0; -EINVAL, -EPERM, -E2BIG, -ENOMEM.
 */
int rulebook_lend(struct rulebook *rb, const struct loan_wish *wish, uint64_t *loan, char *error,
		  size_t size);

/* Takes them out again. The caller installs afterwards. Return: 0 or -ENOENT. */
int rulebook_give_back(struct rulebook *rb, uint64_t loan);

/* Calls @fn with the id of each rule of a loan, in order of precedence. */
void rulebook_each_lent(const struct rulebook *rb, uint64_t loan,
			void (*fn)(void *ctx, uint64_t id), void *ctx);

/* A rule of @loan has allowed @ev: remembered if that was wished and nothing else allows it. */
void rulebook_note_need(struct rulebook *rb, uint64_t loan, const struct owner *owner,
			const struct snitch_flow_event *ev);

/*
 * What was needed, as rules, a line each, in a new string for free(); NULL without memory, or
 * when there is no such loan.
 */
char *rulebook_needs(const struct rulebook *rb, uint64_t loan);

#endif
