/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ended: what went on a flow, told to those who look: by a dump while its
 * entry is there, by an event when it goes or its program has ended. The
 * event tells what no earlier one told, so entries may be told of twice and
 * live on: what leaves after its program's exit counts, too. No locks; an
 * entry is looked at under RCU, or by whom frees it.
 */
#ifndef SNITCH_ENDED_H
#define SNITCH_ENDED_H

#include "flow.h"

/* An entry as dumps tell it; under the same rcu_read_lock() as the lookup. */
void snitch_ended_fill_info(struct snitch_flow_info *i, const struct snitch_flow *f);

/* Its TCP socket is being destroyed: what arrived there is what it received. Any context. */
void snitch_ended_socket(struct snitch_flow *f, const struct sock *sk);

/* @new goes on for @old: what has not been told of the one counts with the other. */
void snitch_ended_carry(struct snitch_flow *new, struct snitch_flow *old);

/* Tells what has not been told yet, if anybody looks; any context, no lock of the module held. */
void snitch_ended_tell(struct snitch_flow *f);

/* A program has ended: its entries that no probe takes away are told soon. Any context. */
void snitch_ended_exited(void);
void snitch_ended_stop(void);	/* when nothing calls the above any more */

#endif
