/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS share: how much of the ring of DNS messages one image or one unprivileged
 * user has, who else could end learning for all with a few forks. All under
 * dns_lock, see dns.h.
 */
#ifndef SNITCH_DNSSHARE_H
#define SNITCH_DNSSHARE_H

#include "dns.h"

#define SNITCH_DNS_RATE		1024	/* questions a second */
#define SNITCH_DNS_RING_SHARE	(SNITCH_DNS_RING / 4)
#define SNITCH_DNS_BYTES_SHARE	(SNITCH_DNS_RING_BYTES / 4)

/* One more question; true: it is one too many. */
bool snitch_dnsshare_over_rate(struct snitch_image *image);
/* May this image have a message more in the ring? Then add it; sub when it goes. */
bool snitch_dnsshare_room(const struct snitch_image *image, u32 bytes);
void snitch_dnsshare_add(struct snitch_image *image, u32 bytes);
void snitch_dnsshare_sub(struct snitch_image *image, u32 bytes);

#endif
