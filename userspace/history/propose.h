/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules proposed from the history: what no rule decided, by program, user and destination. It must
 * never propose more than was seen, but for the hosts of one registrable domain; and nothing for
 * programs that run what others wrote. Pure: it reads no clock, file or bus.
 */
#ifndef SNITCH_HISTORY_PROPOSE_H
#define SNITCH_HISTORY_PROPOSE_H

#include <stdbool.h>

#include "history.h"

#define PROPOSALS_MAX		2048	/* more are counted, not made */
#define PROPOSAL_ADDRESSES	16	/* of one; then another is begun */
#define PROPOSAL_NAMES		64
#define PROPOSAL_PORTS		64

struct proposal_address {
	uint8_t family;
	uint8_t addr[16];
};

/**
 * struct proposal - one, or why there is none
 * @id: of what it says: it changes when the rule does
 * @rule: the sentence, beginning with "allow "; NULL: see @why_not
 * @program: path, or the kernel's name
 * @domain: what the names have in common; NULL: it is about addresses
 * @names: that were seen, by the alphabet
 * @addresses, @ports: that were seen
 * @allowed, @refused: decisions
 */
struct proposal {
	char id[9];
	char *rule;
	const char *why_not;
	char *program;
	char *domain;
	uint32_t uid;
	uint8_t proto;
	char *names[PROPOSAL_NAMES];
	struct proposal_address addresses[PROPOSAL_ADDRESSES];
	uint16_t ports[PROPOSAL_PORTS];
	unsigned int n_names, n_addresses, n_ports;
	uint64_t allowed, refused;
	int64_t first, last;
};

/**
 * struct proposals - zeroed: none
 * @list: filled in by proposals_finish(): rules first
 * @left_out: rows beyond the bounds
 */
struct proposals {
	struct proposal **list;
	size_t n;
	size_t room;
	uint64_t left_out;
};

/* True for a row that was decided by no rule: what proposals are made of. */
bool proposal_wants(const struct history_flow *flow);

/* Takes a row in. Return: 0 or -ENOMEM. */
int proposals_add(struct proposals *all, const struct history_flow *flow);

/*
 * Makes the rules. @own: flows of this user get rules without "user" (they go to the user's own
 * file); (uint32_t)-1: nobody's. Return: 0 or -ENOMEM.
 */
int proposals_finish(struct proposals *all, uint32_t own);

void proposals_free(struct proposals *all);

/* ---- runner.c ---- */

/* Why no rule is proposed for this program: it does what others tell it. NULL: one may be. */
const char *proposal_why_not(const struct history_flow *flow);

#endif
