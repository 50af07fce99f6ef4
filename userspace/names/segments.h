/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS over TCP: whole messages out of the pieces that the kernel copied. Each message has its length
 * before it; a piece says where in the stream it stands. What cannot be followed from the start of
 * its connection on is left alone: within a message of a server's everything may be written, also
 * what looks like another message. Bounded; no I/O, no clock.
 */
#ifndef SNITCH_NAMES_SEGMENTS_H
#define SNITCH_NAMES_SEGMENTS_H

#include <linux/snitch.h>
#include <stddef.h>

#define DNS_STREAMS_MAX		256	/* ways that are followed, two a connection */
#define DNS_STREAMS_OWNER	32	/* of one process image */

struct dns_streams;

struct dns_streams *dns_streams_new(void);	/* NULL: no memory */
void dns_streams_free(struct dns_streams *streams);	/* NULL is fine */

/* @dns: a message as one of UDP would be, but for its protocol; gone when this returns. */
typedef void (*dns_streams_message_t)(void *ctx, const struct snitch_dns *dns);

/*
 * A piece, as the kernel sent it, checked. @take is called with each message that it ends; those
 * longer than SNITCH_DNS_MAX are passed over.
 */
void dns_streams_take(struct dns_streams *streams, const struct snitch_dns *piece,
		      dns_streams_message_t take, void *ctx);

/* How many bytes of messages are kept that have not ended. */
size_t dns_streams_kept(const struct dns_streams *streams);

#endif
