/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that hold "once": for the question's flows and for retries of the same process image
 * within 15 s. Kept in memory only; never written anywhere.
 */
#ifndef SNITCH_DAEMON_ONCE_H
#define SNITCH_DAEMON_ONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "../question/question.h"

#define SNITCH_ONCE_MAX		512
#define SNITCH_ONCE_NS		(15ULL * 1000000000ULL)

/**
 * struct once_answer - what a person said
 * @owner: of the flows it holds for; a reference
 * @program: true: any image of the same program and user (nobody waited any more when the answer
 *	came, so the next attempt gets it); false: this image and what it forked
 * @target: a copy of the question's
 * @uid: of the flows
 * @until: CLOCK_BOOTTIME ns
 */
struct once_answer {
	struct owner *owner;
	bool program;
	struct question_target target;
	enum question_scope scope;
	uint32_t uid;
	uint32_t action;
	uint64_t until;
};

struct once {
	struct once_answer ring[SNITCH_ONCE_MAX];
	unsigned int first, n;
};

/* Remembers an answer to @q for @owner until @now + 15 s. The oldest makes room. */
void once_add(struct once *once, const struct question *q, struct owner *owner,
	      enum question_scope scope, uint32_t action, uint64_t now);

/* The newest answer for a flow of @owner, or NULL; valid until the next call. */
const struct once_answer *once_find(struct once *once, const struct owner *owner,
				    const struct snitch_flow_event *ev, uint64_t now);

/* Forgets all. */
void once_clear(struct once *once);

#endif
