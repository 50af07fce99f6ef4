/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data: the first bytes of a flow, for a decider that wants to see them before
 * its last word (SNITCH_V_DATA). They are copied, never looked at.
 *
 * TCP: the verdict makes an entry with the action ASK. No fast path knows it,
 * so the hook sees each packet: those without payload go on, the first with
 * some parks as a flow of its own (SNITCH_F_DATA), what follows joins it in
 * order. UDP, and a SYN with data: the flow stays parked.
 *
 * All under snitch_park_lock. Packets are read only while their flow stands in
 * the tables: who takes it out owns them.
 */
#ifndef SNITCH_DATA_H
#define SNITCH_DATA_H

#include "park.h"

/* A new flow: does it wait with its first data? Before it is in the tables; any context. */
void snitch_data_begin(struct snitch_park *p);

/* The decider wants to see data first. True: @p stays parked for it, and is told again. */
bool snitch_data_ask(struct snitch_park *p);

/* A new flow in the same state: is it not the beginning of what its socket has to say? Then it
 * came by the end of the one before, and is sent again when it is its turn.
 */
bool snitch_data_gap(const struct snitch_park *p);

/* May a segment join a TCP flow that waits? With @skb in its queue: */
bool snitch_data_follows(const struct snitch_park *p, const struct snitch_subject *s);
void snitch_data_joined(struct snitch_park *p, const struct snitch_packet *packet);

/* Its time is over: true: the decider is to judge by what it has seen, once more in time. */
bool snitch_data_late(struct snitch_park *p);

/* A new decider sees everything from the beginning. */
void snitch_data_again(struct snitch_park *p);

/* Is there anything that the decider has not seen? */
bool snitch_data_unread(const struct snitch_park *p);
/* The next message, at most SNITCH_READ_MIN bytes; return: how many. */
size_t snitch_data_build(const struct snitch_park *p, struct snitch_data *d);
/* The event @ev of a flow has been read, as @msg: which one is next? */
enum snitch_park_event snitch_data_event_read(struct snitch_park *p, enum snitch_park_event ev,
					      const void *msg);

#endif
