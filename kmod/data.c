// SPDX-License-Identifier: GPL-2.0-only
/* Data: see data.h. Never touches a byte of it but to copy. */
#include <linux/skbuff.h>
#include <net/tcp.h>

#include "counter.h"
#include "data.h"
#include "device.h"
#include "proto.h"
#include "stash.h"

/* The sequence number behind a segment. */
static u32 data_end(const struct snitch_packet *k)
{
	return k->seq + (k->len - k->headers) + !!(k->tcp_flags & SNITCH_TCP_SYN);
}

static bool data_carries(const struct snitch_packet *k)
{
	if (k->unparsed)
		return false;
	return k->proto == IPPROTO_TCP ? k->payload : k->proto == IPPROTO_UDP;
}

/* The packet that the decider reads next, or NULL. */
static const struct sk_buff *data_next(const struct snitch_park *p)
{
	const struct sk_buff *skb;
	unsigned int i = 0;

	skb_queue_walk(&p->skbs, skb)
		if (i++ == p->shown)
			return skb;
	return NULL;
}

void snitch_data_begin(struct snitch_park *p)
{
	if (p->tcp)
		p->next_seq = data_end(&p->packet);
	if (p->flags & SNITCH_F_DATA)
		p->data = SNITCH_DATA_SHOWN;
}

/* What is there is shown, as soon as FLOW has been. */
static void data_show(struct snitch_park *p)
{
	if (p->pending == SNITCH_PEV_NONE && snitch_data_unread(p))
		snitch_device_queue(p, SNITCH_PEV_DATA);
}

bool snitch_data_ask(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->data != SNITCH_DATA_NONE || !snitch_device_wants_data())
		return false;
	if (!data_carries(&p->packet)) {
		p->ask_data = p->tcp;
		return false;
	}
	snitch_park_unhold(p);
	p->flags |= SNITCH_F_DATA;
	p->data = SNITCH_DATA_SHOWN;
	snitch_park_set_deadline(p);
	snitch_park_schedule();
	snitch_device_queue(p, SNITCH_PEV_FLOW);	/* again; what it carries follows */
	return true;
}

bool snitch_data_gap(const struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (!p->tcp || p->data == SNITCH_DATA_NONE ||
	    p->packet.seq == READ_ONCE(tcp_sk(p->sk)->snd_una))
		return false;
	snitch_count(SNITCH_C_DATA_AGAIN);
	return true;
}

/* Nobody's but the owner's, without gaps, and none twice. */
bool snitch_data_follows(const struct snitch_park *p, const struct snitch_subject *s)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->data == SNITCH_DATA_NONE)
		return false;
	if (p->image && s->image && s->packet->payload && s->packet->seq == p->next_seq &&
	    skb_queue_len(&p->skbs) < SNITCH_DATA_PACKETS)
		return true;
	snitch_count(SNITCH_C_DATA_AGAIN);
	return false;
}

void snitch_data_joined(struct snitch_park *p, const struct snitch_packet *packet)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->tcp)
		p->next_seq = data_end(packet);
	data_show(p);
}

bool snitch_data_late(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->data != SNITCH_DATA_SHOWN || !p->told || !snitch_device_wants_data())
		return false;
	p->data = SNITCH_DATA_LATE;
	snitch_park_set_deadline(p);
	data_show(p);
	return true;
}

void snitch_data_again(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	p->shown = 0;
	p->shown_bytes = 0;
	if (p->data != SNITCH_DATA_NONE)
		p->data = SNITCH_DATA_SHOWN;
}

/* ---- for read() ---- */

bool snitch_data_unread(const struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (p->state == SNITCH_PARK_DONE || !snitch_device_wants_data())
		return false;
	return p->data == SNITCH_DATA_LATE ||
	       (p->data == SNITCH_DATA_SHOWN && skb_queue_len(&p->skbs) > p->shown);
}

/* The bytes of @skb that are still to be seen, into @d. False: that was not all it has. */
static bool data_copy(const struct snitch_park *p, const struct sk_buff *skb,
		      struct snitch_data *d)
{
	const unsigned int room = SNITCH_DATA_MAX - p->shown_bytes;
	struct snitch_packet k;
	unsigned int len;

	snitch_packet_parse(&k, skb, p->packet.family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
	if (k.unparsed || k.headers > skb->len)
		return false;
	len = min(skb->len - k.headers, room);
	if (skb_copy_bits(skb, skb_network_offset(skb) + k.headers, d + 1, len))
		return false;
	d->len = len;
	return len == skb->len - k.headers;
}

size_t snitch_data_build(const struct snitch_park *p, struct snitch_data *d)
{
	const struct sk_buff *skb = data_next(p);
	bool last = p->data == SNITCH_DATA_LATE && skb_queue_len(&p->skbs) <= p->shown + 1;
	size_t size;

	lockdep_assert_held(&snitch_park_lock);
	memset(d, 0, sizeof(*d));
	if (skb && !data_copy(p, skb, d))
		last = true;
	if (p->shown + 1 >= SNITCH_DATA_PACKETS || p->shown_bytes + d->len >= SNITCH_DATA_MAX)
		last = true;
	size = snitch_proto_data_size(d->len);
	memset((u8 *)(d + 1) + d->len, 0, size - sizeof(*d) - d->len);
	snitch_proto_hdr(&d->hdr, SNITCH_MSG_DATA, size, p->id);
	d->index = p->shown;
	d->flags = last ? SNITCH_DATA_LAST : 0;
	return size;
}

static void data_was_read(struct snitch_park *p, const struct snitch_data *d)
{
	if (!p->shown)
		snitch_count(SNITCH_C_DATA);
	p->shown++;
	p->shown_bytes += d->len;
	if (d->flags & SNITCH_DATA_LAST)
		p->data = SNITCH_DATA_OVER;
}

enum snitch_park_event snitch_data_event_read(struct snitch_park *p, enum snitch_park_event ev,
					      const void *msg)
{
	lockdep_assert_held(&snitch_park_lock);
	if (ev == SNITCH_PEV_FLOW && p->late)
		return SNITCH_PEV_CANCEL;
	if (ev == SNITCH_PEV_DATA)
		data_was_read(p, msg);
	return snitch_data_unread(p) ? SNITCH_PEV_DATA : SNITCH_PEV_NONE;
}
