/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Observe: copies of what happens, for observers of /dev/snitch and for the
 * netlink monitor. Lossy and counted; no verdict ever depends on it.
 * observe_lock (spinlock, BH) protects the list of observers and all rings;
 * only snitch_image_lock may be taken under it.
 */
#ifndef SNITCH_OBSERVE_H
#define SNITCH_OBSERVE_H

#include "device.h"

#define SNITCH_OBSERVERS_MAX	16
#define SNITCH_OBSERVER_RING	1024	/* events */
#define SNITCH_OBSERVER_TOLD	32	/* owners whose children come without them */

/** struct snitch_seen - one event for an observer; @image is referenced */
struct snitch_seen {
	struct snitch_image *image;	/* with SNITCH_MSG_OWNER */
	union {
		struct snitch_hdr hdr;
		struct snitch_flow_event flow;
		struct snitch_cancel cancel;
		struct snitch_decided decided;
		struct snitch_ended ended;
	};
};

int snitch_observe_attach(struct snitch_file *f);	/* -ENOMEM, -ENOSPC */
void snitch_observe_detach(struct snitch_file *f);
u32 snitch_observe_count(void);

/* The oldest event: peek (with a reference to the image), then drop. */
bool snitch_observe_peek(struct snitch_file *f, struct snitch_seen *seen, u64 *lost);
void snitch_observe_drop(struct snitch_file *f, bool lost);
bool snitch_observe_ready(struct snitch_file *f);

/*
 * Whom an observer is to be told of next, before and of @image: the eldest of its ancestors that
 * was not told of lately, or itself; as long as @image. What was told is noted with
 * snitch_observe_told(). Context: process, under read_mutex.
 */
struct snitch_image *snitch_observe_untold(struct snitch_file *f, struct snitch_image *image);
void snitch_observe_told(struct snitch_file *f, u64 id);

/* Does anybody look? Any context, one or two loads. */
bool snitch_observed(void);
/* Any context, no lock of the module held. */
void snitch_tell_flow(struct snitch_park *p);
void snitch_tell_settled(struct snitch_park *p);
/* @flags: SNITCH_F_* */
void snitch_tell_judged(const struct snitch_subject *s, const struct snitch_judgement *j,
			u64 cookie, u32 flags);

/* @e: but for its header; @image: may be NULL */
void snitch_tell_ended(struct snitch_ended *e, struct snitch_image *image);

#endif
