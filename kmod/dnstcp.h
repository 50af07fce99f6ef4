/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dnstcp: what goes to name servers over TCP and comes back, copied piece by
 * piece in the order of the stream. Where a message begins is user space's to
 * find out, so nothing may be missing: a connection is followed from its first
 * byte on, either way, without a gap, or no more. What is in order is counted
 * from what the socket had when the first question went: whoever can forge the
 * next segment could have spoken to the program itself.
 *
 * Locks and lifetimes
 *   dnstcp_lock (spinlock, BH; dns_lock and snitch_image_lock are taken under
 *   it) protects the connections, so that pieces reach the ring in their order.
 *   A connection names its socket by cookie, its image by id and its namespace
 *   by number: it keeps nothing alive and has no timer; it is overwritten. Only
 *   its tag is read without the lock, as a hint. The table is made with the
 *   first reader and freed at unload.
 */
#ifndef SNITCH_DNSTCP_H
#define SNITCH_DNSTCP_H

#include "dns.h"

/* Bytes of answers that one segment of questions may have, and the most it may be itself. */
#define SNITCH_DNSTCP_BYTES	(SNITCH_DNS_ANSWERS * SNITCH_DNS_MAX)

int snitch_dnstcp_init(void);	/* under snitch_device_mutex; again is fine */
void snitch_dnstcp_exit(void);

void snitch_dnstcp_question(const struct sk_buff *skb, u8 pf, const struct sock *sk, u64 cookie,
			    struct snitch_image *image, u32 uid);
void snitch_dnstcp_came(const struct sk_buff *skb, struct snitch_dns_view *v);

#endif
