// SPDX-License-Identifier: GPL-2.0-only
/* DNS share: see dnsshare.h. */
#include <linux/jiffies.h>

#include "dnsshare.h"

/* Looked at with the image's own; system services have no more than that. */
static struct snitch_dns_share *share_of_user(const struct snitch_image *image)
{
	return image->quota && image->quota->uid ? &image->quota->dns : NULL;
}

static bool share_over_rate(struct snitch_dns_share *s)
{
	if (!s)
		return false;
	if (!s->asked || time_after(jiffies, s->since + HZ)) {
		s->since = jiffies;
		s->asked = 0;
	}
	return ++s->asked > SNITCH_DNS_RATE;
}

bool snitch_dnsshare_over_rate(struct snitch_image *image)
{
	return share_over_rate(&image->dns) || share_over_rate(share_of_user(image));
}

static bool share_room(const struct snitch_dns_share *s, u32 bytes)
{
	return !s || (s->queued < SNITCH_DNS_RING_SHARE &&
		      s->bytes + bytes <= SNITCH_DNS_BYTES_SHARE);
}

bool snitch_dnsshare_room(const struct snitch_image *image, u32 bytes)
{
	return share_room(&image->dns, bytes) && share_room(share_of_user(image), bytes);
}

static void share_count(struct snitch_dns_share *s, int sign, u32 bytes)
{
	if (s) {
		s->queued += sign;
		s->bytes += sign * (int)bytes;
	}
}

void snitch_dnsshare_add(struct snitch_image *image, u32 bytes)
{
	share_count(&image->dns, 1, bytes);
	share_count(share_of_user(image), 1, bytes);
}

void snitch_dnsshare_sub(struct snitch_image *image, u32 bytes)
{
	share_count(&image->dns, -1, bytes);
	share_count(share_of_user(image), -1, bytes);
}
