/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Park: flows that wait for the decider or a person, with their packets.
 *
 * The life of a parked flow
 *   ADOPT    out of a foreign context; a worker looks for its owner
 *   CONSULT  the decider is to answer, at most consult_ms
 *   HELD     a person is asked, at most hold_*_ms
 *   DONE     decided, cancelled or timed out: whoever moved it here under
 *	      the lock owns socket, packets and image, and acts after unlock.
 *	      It stays known to the decider only until CANCEL is read.
 *
 * Locks and lifetimes
 *   snitch_park_lock (spinlock, BH) protects all tables, lists, counts and
 *   states here and the decider's event list (device.c). Under it only the
 *   locks of flow.h, revoke.h, cache.h, image.h and uid.h are taken. Nothing that can
 *   come back to a hook or sleep (kfree_skb, sock_put, other hooks) runs
 *   under it: collect, unlock, act. The last reference to an image may go
 *   here: fput() puts the work off, put_pid() and cgroup_put() only count
 *   and free.
 *   A parked flow holds one reference to its socket, its network namespace
 *   (a kernel-made socket holds none), its image and its quota. No device is held and no okfn kept.
 */
#ifndef SNITCH_PARK_H
#define SNITCH_PARK_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "abort.h"
#include "image.h"
#include "packet.h"
#include "policy.h"
#include "uid.h"

enum snitch_park_state {
	SNITCH_PARK_ADOPT,
	SNITCH_PARK_CONSULT,
	SNITCH_PARK_HELD,
	SNITCH_PARK_DONE,
};

enum snitch_park_event {	/* what the decider has still to read of it */
	SNITCH_PEV_NONE,
	SNITCH_PEV_FLOW,
	SNITCH_PEV_DATA,
	SNITCH_PEV_CANCEL,
};

enum snitch_park_data {		/* what of its first data the decider is shown: data.h */
	SNITCH_DATA_NONE,
	SNITCH_DATA_SHOWN,	/* each packet that comes */
	SNITCH_DATA_LATE,	/* no more than there are by now */
	SNITCH_DATA_OVER,	/* LAST was said */
};

/*
 * struct snitch_park - one parked flow; all members under snitch_park_lock
 *			unless constant after creation (marked c)
 * @by_id: in the table by id; @by_key: by socket cookie
 * @all: in the list of all, by id
 * @due: in the list of its time limit, or in a release list
 * @event: in the decider's event list when @pending is not NONE
 * @ref: the tables hold one; readers of events hold one while they copy
 * @id: c
 * @cookie: c
 * @packet: c, addresses of the first packet
 * @route: c, IPv6: cookie of its route: if that changes, so may the device
 * @sk: the socket, referenced (c until DONE)
 * @net: c, referenced
 * @image: owner, referenced; NULL in state ADOPT
 * @quota: who is charged; until the owner is known whoever made the socket
 * @skbs: the packets, oldest first
 * @truesize: of all packets
 * @deadline: CLOCK_BOOTTIME ns
 * @told: the decider session that has read FLOW
 * @astray: c, a segment of a connection, but past its peer: a routing header
 * @late: FLOW is still to be read, though it is over
 * @adopt: in the list of its user's whose owner is to be looked for
 * @abort: the end of a refused TCP socket
 * @shown: packets whose data have been read, with @shown_bytes
 * @next_seq: TCP: behind the last packet; a retransmission is before it
 * @ask_data: it goes on, but its first data are asked about
 */
struct snitch_park {
	struct hlist_node by_id;
	struct hlist_node by_key;
	struct list_head all;
	struct list_head due;
	struct list_head event;
	struct list_head adopt;
	refcount_t ref;
	enum snitch_park_state state;
	enum snitch_park_event pending;
	u64 id;
	u64 cookie;
	u64 when;
	u64 deadline;
	u64 told;
	u64 event_since;
	struct snitch_judgement why;
	struct snitch_packet packet;
	u32 route;
	struct sock *sk;
	struct net *net;
	struct snitch_image *image;
	struct snitch_uid *quota;
	struct sk_buff_head skbs;
	unsigned int truesize;
	unsigned int packets;
	u32 uid;
	u32 netns;
	u32 ifindex;
	u32 flags;		/* SNITCH_F_* */
	u32 cancel_why;
	u32 action;
	u32 origin;
	u64 origin_id;
	enum snitch_park_data data;
	unsigned int shown;
	unsigned int shown_bytes;
	u32 next_seq;
	bool ask_data;
	bool tcp;
	bool astray;
	bool loopback;
	bool late;
	struct snitch_abort abort;
};

extern spinlock_t snitch_park_lock;

int snitch_park_init(void);
void snitch_park_exit(void);
void snitch_park_stop(void);	/* after the hooks are gone: drops all */

/* The hook's way in. Takes @skb when it returns NF_STOLEN. */
unsigned int snitch_park_packet(struct sk_buff *skb, const struct nf_hook_state *state,
				const struct snitch_subject *s, const struct snitch_judgement *j,
				u64 cookie, u32 flags);

/* What cannot wait was judged by mode alone: the decider hears of it, FLOW, then CANCEL. Under
 * rcu_read_lock(); BH may be off.
 */
void snitch_park_tell_unheld(struct net *net, struct sock *sk, const struct snitch_subject *s,
			     const struct snitch_judgement *j, u64 cookie);

/* A socket is about to go (probe): its TCP flows wait no more. Any context. */
void snitch_park_socket_gone(const struct sock *sk);
/* The decider's verdict. 0, or -ENOENT: no such flow waits. Process context. */
int snitch_park_verdict(const struct snitch_verdict *v);
/* Under snitch_park_lock: a decider came; all that waits is told to it (anew). */
void snitch_park_redeliver(void);
/* There is no decider any more: all that waits follows fail mode. Process context. */
void snitch_park_fail_all(void);
void snitch_park_flush_net(struct net *net);	/* then, once for several: */
void snitch_park_flushed(void);
/* A new policy: decide parked flows that its rules decide now. Process context. */
void snitch_park_rejudge(void);

void snitch_park_get(struct snitch_park *p);
void snitch_park_put(struct snitch_park *p);
/* Under snitch_park_lock: what the decider has still to read of @p; an unread
 * CANCEL counts against the bound of all flows.
 */
void snitch_park_set_pending(struct snitch_park *p, enum snitch_park_event ev);
void snitch_park_fill_event(const struct snitch_park *p, struct snitch_flow_event *e);

struct snitch_park_numbers {
	u32 parked;
	u32 held;
	u64 truesize;
};

void snitch_park_count(struct snitch_park_numbers *n);
/* Dump: parked flow with the smallest id above @after. -ENOENT: no more. */
int snitch_park_next(u64 after, struct snitch_parked_info *info);

#endif
