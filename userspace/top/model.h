/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live flows by program: what one answer of ListFlows says, what went since the answer before, and
 * in which order it is shown. Pure: it must never read a clock or a bus, nor hold more than one
 * answer and the counts of the one before.
 */
#ifndef SNITCH_TOP_MODEL_H
#define SNITCH_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define TOP_FLOWS_MAX	4096	/* more are counted, not kept */

enum top_sort {
	TOP_BY_RATE,		/* bytes a second, both directions */
	TOP_BY_SENT,
	TOP_BY_RECEIVED,
	TOP_BY_FLOWS,
	TOP_BY_NAME,
	__TOP_SORTS
};

struct top_count {
	uint64_t sent, received, sent_packets, received_packets;
};

/**
 * struct top_flow - a flow
 * @flow: as ListFlows has it; @owner: whose, NULL: not known (yet); both the model's
 * @key: of its socket and remote
 * @rate: a second, since the answer before
 */
struct top_flow {
	const json_t *flow, *owner;
	uint64_t key;
	bool waits;
	struct top_count total, rate;
};

/**
 * struct top_program - the flows of one program of one user, in one unit, app or container
 * @name: its path, or what else there is; @user; @app: who_app()'s words; owned
 * @owner: of its first flow that has one; NULL: none
 * @first: index of its first flow, @n_flows follow each other
 */
struct top_program {
	char *name, *user, *app;
	const json_t *owner;
	size_t first, n_flows, n_waiting;
	struct top_count total, rate;
};

/**
 * struct top - zeroed: empty
 * @flow: sorted by program, and within one as @sort says
 * @before: counts of the answer before, sorted by key
 * @when: of this answer, CLOCK_BOOTTIME ns; 0: none yet
 * @unknown: flows whose owner snitchd does not know yet
 */
struct top {
	json_t *owners, *flows;
	uint64_t more, when;
	struct top_flow *flow;
	size_t n_flows, n_waiting, unknown;
	struct top_program *program;
	size_t n_programs;
	struct top_before *before;
	size_t n_before;
	enum top_sort sort;
	bool reverse;
};

/**
 * top_take - a new answer in place of the one before
 * @owners, @flows: arrays as ListFlows has them; taken, also on failure; anything else in them is
 *	passed over
 * @more: flows that the answer has not
 * @now: CLOCK_BOOTTIME ns
 *
 * Return: 0 or -ENOMEM: then nothing is shown until the next.
 */
int top_take(struct top *t, json_t *owners, json_t *flows, uint64_t more, uint64_t now);

/** top_order - by another key; the same again turns the order round */
void top_order(struct top *t, enum top_sort sort);

/** top_find - the program of this name, user and app; -1: it is gone */
long top_find(const struct top *t, const char *name, const char *user, const char *app);

/** top_json - all of it as an object for programs; NULL without memory */
json_t *top_json(const struct top *t);

void top_clear(struct top *t);

/* Word of a key: "rate", "sent"... */
const char *top_sort_name(enum top_sort sort);

#endif
