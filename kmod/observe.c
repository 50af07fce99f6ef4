// SPDX-License-Identifier: GPL-2.0-only
/* Observe: rings of observers; see observe.h. Never waits for a reader. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "control.h"
#include "counter.h"
#include "observe.h"
#include "proto.h"
#include "received.h"

/*
 * struct snitch_observer - an observer's ring; all but @told under observe_lock
 * @lost: events that did not fit since LOST was last read
 * @told: the owners it was told of last, the latest first; the reader's, under read_mutex
 */
struct snitch_observer {
	struct list_head list;
	struct snitch_file *file;
	unsigned int head;
	unsigned int used;
	u64 lost;
	u64 told[SNITCH_OBSERVER_TOLD];
	struct snitch_seen ring[SNITCH_OBSERVER_RING];
};

static LIST_HEAD(observers);
static DEFINE_SPINLOCK(observe_lock);
static unsigned int observer_count;

int snitch_observe_attach(struct snitch_file *f)
{
	struct snitch_observer *o = kvzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);
	int err = 0;

	if (!o)
		return -ENOMEM;
	o->file = f;
	spin_lock_bh(&observe_lock);
	if (observer_count >= SNITCH_OBSERVERS_MAX) {
		err = -ENOSPC;
	} else {
		observer_count++;
		list_add_tail(&o->list, &observers);
		f->observer = o;
	}
	spin_unlock_bh(&observe_lock);
	if (err)
		kvfree(o);
	return err;
}

void snitch_observe_detach(struct snitch_file *f)
{
	struct snitch_observer *o = f->observer;

	if (!o)
		return;
	spin_lock_bh(&observe_lock);
	list_del(&o->list);
	observer_count--;
	spin_unlock_bh(&observe_lock);
	for (; o->used; o->used--, o->head = (o->head + 1) % SNITCH_OBSERVER_RING)
		snitch_image_put(o->ring[o->head].image);
	kvfree(o);
}

u32 snitch_observe_count(void)
{
	return READ_ONCE(observer_count);
}

bool snitch_observe_ready(struct snitch_file *f)
{
	return READ_ONCE(f->observer->used) || READ_ONCE(f->observer->lost);
}

bool snitch_observe_peek(struct snitch_file *f, struct snitch_seen *seen, u64 *lost)
{
	struct snitch_observer *o = f->observer;
	bool some;

	spin_lock_bh(&observe_lock);
	*lost = o->lost;
	some = o->used;
	if (some) {
		*seen = o->ring[o->head];
		if (seen->image)
			snitch_image_get(seen->image);
	}
	spin_unlock_bh(&observe_lock);
	return some;
}

void snitch_observe_drop(struct snitch_file *f, bool lost)
{
	struct snitch_observer *o = f->observer;
	struct snitch_image *image = NULL;

	spin_lock_bh(&observe_lock);
	if (lost) {
		o->lost = 0;
	} else {
		image = o->ring[o->head].image;
		o->ring[o->head].image = NULL;
		o->head = (o->head + 1) % SNITCH_OBSERVER_RING;
		o->used--;
	}
	spin_unlock_bh(&observe_lock);
	snitch_image_put(image);
}

static unsigned int observe_told_at(const struct snitch_observer *o, u64 id)
{
	unsigned int i;

	for (i = 0; i < SNITCH_OBSERVER_TOLD && o->told[i] != id; i++)
		;
	return i;
}

/* Fewer ancestors are told than are remembered: telling one never forgets another's. */
struct snitch_image *snitch_observe_untold(struct snitch_file *f, struct snitch_image *image)
{
	struct snitch_image *found = image;
	unsigned int i;

	BUILD_BUG_ON(SNITCH_ANCESTORS_MAX > SNITCH_OBSERVER_TOLD);
	for (i = 1; image->parent && i < SNITCH_ANCESTORS_MAX; i++) {
		image = image->parent;
		if (observe_told_at(f->observer, image->id) == SNITCH_OBSERVER_TOLD)
			found = image;
	}
	return found;
}

void snitch_observe_told(struct snitch_file *f, u64 id)
{
	struct snitch_observer *o = f->observer;
	unsigned int at = min(observe_told_at(o, id), SNITCH_OBSERVER_TOLD - 1U);

	memmove(o->told + 1, o->told, at * sizeof(o->told[0]));
	o->told[0] = id;
}

static void observe_push(const struct snitch_seen *seen)
{
	struct snitch_observer *o;
	struct snitch_seen *slot;

	spin_lock_bh(&observe_lock);
	list_for_each_entry(o, &observers, list) {
		if (o->used == SNITCH_OBSERVER_RING) {
			o->lost++;
			snitch_count(SNITCH_C_EVENTS_LOST);
			continue;
		}
		slot = &o->ring[(o->head + o->used++) % SNITCH_OBSERVER_RING];
		*slot = *seen;
		if (slot->image)
			snitch_image_get(slot->image);
		wake_up_interruptible(&o->file->wait);
	}
	spin_unlock_bh(&observe_lock);
}

static void observe_owner(struct snitch_image *image)
{
	struct snitch_seen seen = { .image = image };

	if (!image)
		return;
	snitch_proto_hdr(&seen.hdr, SNITCH_MSG_OWNER, sizeof(struct snitch_owner), image->id);
	observe_push(&seen);
}

static void observe_flow(const struct snitch_flow_event *e, struct snitch_image *image)
{
	struct snitch_seen seen = {};

	observe_owner(image);
	seen.flow = *e;
	snitch_proto_hdr(&seen.hdr, SNITCH_MSG_FLOW, sizeof(*e), e->hdr.id);
	observe_push(&seen);
}

static void observe_decided(const struct snitch_decided *d)
{
	struct snitch_seen seen = {};

	seen.decided = *d;
	observe_push(&seen);
}

static void observe_monitor(const struct snitch_flow_event *e, const struct snitch_decided *d,
			    const struct snitch_image *image)
{
	struct snitch_monitor m = { .flow = *e, .decided = *d };

	if (!snitch_control_watched())
		return;
	snitch_received_want();
	if (image) {
		memcpy(m.comm, image->comm, sizeof(m.comm));
		m.pid = image->tgid;
	}
	snitch_control_tell(SNITCH_CMD_MONITOR, SNITCH_A_DECIDED_EVENT, &m, sizeof(m));
}

static void observe_monitor_ended(const struct snitch_ended *e, const struct snitch_image *image)
{
	struct snitch_monitor_ended m = { .ended = *e };

	if (!snitch_control_watched())
		return;
	if (image) {
		memcpy(m.comm, image->comm, sizeof(m.comm));
		m.pid = image->tgid;
	}
	snitch_control_tell(SNITCH_CMD_MONITOR_ENDED, SNITCH_A_ENDED_EVENT, &m, sizeof(m));
}

bool snitch_observed(void)
{
	return READ_ONCE(observer_count) || snitch_control_watched();
}

void snitch_tell_flow(struct snitch_park *p)
{
	struct snitch_flow_event e;

	if (!snitch_observe_count())
		return;
	snitch_park_fill_event(p, &e);
	observe_flow(&e, p->image);
}

static void tell_cancelled(const struct snitch_park *p)
{
	struct snitch_seen seen = {};

	snitch_proto_hdr(&seen.hdr, SNITCH_MSG_CANCEL, sizeof(seen.cancel), p->id);
	seen.cancel.why = p->cancel_why;
	seen.cancel.action = SNITCH_DROP;
	seen.cancel.packets = p->packets;
	seen.cancel.bytes = p->truesize;
	observe_push(&seen);
}

void snitch_tell_settled(struct snitch_park *p)
{
	struct snitch_flow_event e;
	struct snitch_decided d = {};

	if (!snitch_observed())
		return;
	if (!p->action) {
		tell_cancelled(p);
		return;
	}
	snitch_park_fill_event(p, &e);
	snitch_proto_hdr(&e.hdr, SNITCH_MSG_FLOW, sizeof(e), p->id);
	snitch_proto_hdr(&d.hdr, SNITCH_MSG_DECIDED, sizeof(d), p->id);
	d.owner = e.owner;
	d.origin_id = p->origin_id;
	d.action = p->action;
	d.origin = p->origin;
	d.packets = p->packets;
	observe_decided(&d);
	observe_monitor(&e, &d, p->image);
}

void snitch_tell_judged(const struct snitch_subject *s, const struct snitch_judgement *j,
			u64 cookie, u32 flags)
{
	const struct snitch_packet *k = s->packet;
	struct snitch_flow_event e = {
		.owner = s->image->id, .cookie = cookie, .when = ktime_get_boottime_ns(),
		.generation = j->generation, .cgroup = s->image->cgroup, .netns = s->netns,
		.uid = s->uid, .flags = flags, .bytes = k->len, .family = k->family,
		.proto = k->proto,
		.icmp_type = k->icmp_type, .icmp_code = k->icmp_code, .sport = k->sport,
		.dport = k->dport,
		.ifindex = k->family == AF_PACKET ? ntohl(k->daddr.ip6[0]) : s->ifindex,
	};
	struct snitch_decided d = {
		.owner = s->image->id, .origin_id = j->origin_id, .action = j->action,
		.origin = j->origin, .packets = flags & SNITCH_F_PASSED ? 0 : 1,
	};

	memcpy(e.saddr, &k->saddr, sizeof(e.saddr));
	memcpy(e.daddr, &k->daddr, sizeof(e.daddr));
	snitch_proto_hdr(&e.hdr, SNITCH_MSG_FLOW, sizeof(e), 0);
	snitch_proto_hdr(&d.hdr, SNITCH_MSG_DECIDED, sizeof(d), 0);
	if (snitch_observe_count()) {
		observe_flow(&e, s->image);
		observe_decided(&d);
	}
	observe_monitor(&e, &d, s->image);
}

void snitch_tell_ended(struct snitch_ended *e, struct snitch_image *image)
{
	struct snitch_seen seen = {};

	snitch_proto_hdr(&e->hdr, SNITCH_MSG_ENDED, sizeof(*e), 0);
	if (snitch_observe_count()) {
		observe_owner(image);
		seen.ended = *e;
		observe_push(&seen);
	}
	observe_monitor_ended(e, image);
}
