/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Live flows when the rules refuse more than before. The kernel looks at those that it can judge
 * alone; the others it leaves, because what is merely unknown is not disturbed. Here they are judged
 * as another flow like them would be, a piece of the kernel's table at a time, and those that a rule
 * refuses are cut. No event loop: its owner says when.
 */
#ifndef SNITCH_DAEMON_LIVE_H
#define SNITCH_DAEMON_LIVE_H

#include "../lib/snitch.h"

struct core;

/**
 * struct live_ops - the world
 * @wanted: live flows are to be looked at, soon; it may be said many times
 * @cut: ends @flow. Return: 0; -EAGAIN: not now; or a negative errno: then none can be
 */
struct live_ops {
	void (*wanted)(void *ctx);
	int (*cut)(void *ctx, const struct snitch_flow_info *flow);
};

struct live_flow {
	struct snitch_flow_info info;
	bool asked;		/* the kernel, for its owner */
};

/**
 * struct live - a look at live flows
 * @ops: NULL: nobody looks
 * @batch: a piece of the table, @n of it not settled yet; NULL: no look is under way
 * @next: of them, where to go on
 * @cut: how many were
 * @nobodys: connections older than the policy, of which nobody knows yet whose they are
 */
struct live {
	const struct live_ops *ops;
	void *ctx;
	struct live_flow *batch;
	unsigned int n, next;
	unsigned int cut;
	unsigned int nobodys;
};

/* What is in force has changed. */
void core_live_rules(struct core *core);

/* A look begins. Return: 0 or -ENOMEM. */
int core_live_begin(struct core *core);

/* A flow of the table, at most SNITCH_NL_WALK_FLOWS until core_live_step() says 0. Return: 0 or -ENOBUFS. */
int core_live_take(struct core *core, const struct snitch_flow_info *flow);

/*
 * Judges some. Return: 1: go on; 0: nothing is left; -EAGAIN: what is left waits for the kernel; or a
 * negative errno: none can be cut.
 */
int core_live_step(struct core *core);

/* The kernel does not know the owner @id any more. */
void core_live_gone(struct core *core, uint64_t id);

/* What is left is left alone. Return: whether there was any. */
bool core_live_give_up(struct core *core);
void core_live_end(struct core *core);

#endif
