// SPDX-License-Identifier: GPL-2.0-only
/* Ended: what went on a flow; see ended.h. Never counts a byte twice. */
#include <linux/tcp.h>
#include <linux/workqueue.h>

#include "ended.h"
#include "observe.h"

#define ENDED_DELAY	(HZ / 10)	/* many programs end at once: one walk for all */

static void ended_walk(struct work_struct *work);
static DECLARE_DELAYED_WORK(ended_walker, ended_walk);

/* ---- counting ---- */

static void ended_received(const struct sock *sk, u64 *packets, u64 *bytes)
{
	*packets = READ_ONCE(tcp_sk(sk)->segs_in);
	*bytes = READ_ONCE(tcp_sk(sk)->bytes_received);
}

void snitch_ended_socket(struct snitch_flow *f, const struct sock *sk)
{
	u64 packets, bytes;

	ended_received(sk, &packets, &bytes);
	atomic64_set(&f->rx_packets, packets);
	atomic64_set(&f->rx_bytes, bytes);
}

/* What of @count is not in @told yet is ours to tell. Several may ask at once. */
static u64 ended_take(const atomic64_t *count, atomic64_t *told)
{
	s64 now = atomic64_read(count), was = atomic64_read(told);

	while (now > was)
		if (atomic64_try_cmpxchg(told, &was, now))
			return now - was;
	return 0;
}

void snitch_ended_carry(struct snitch_flow *new, struct snitch_flow *old)
{
	atomic64_add(ended_take(&old->packets, &old->told_packets), &new->packets);
	atomic64_add(ended_take(&old->bytes, &old->told_bytes), &new->bytes);
	atomic64_add(ended_take(&old->rx_packets, &old->told_rx_packets), &new->rx_packets);
	atomic64_add(ended_take(&old->rx_bytes, &old->told_rx_bytes), &new->rx_bytes);
}

/* ---- dumps ---- */

static void ended_fill_socket(struct snitch_flow_info *i, const struct snitch_flow *f)
{
	struct sock *sk = snitch_flow_sock(f);

	if (!sk)
		return;
	i->tcp_state = READ_ONCE(sk->sk_state);
	if (!(f->flags & SNITCH_FLOW_OLDER))
		ended_received(sk, &i->rx_packets, &i->rx_bytes);
	sock_put(sk);
}

void snitch_ended_fill_info(struct snitch_flow_info *i, const struct snitch_flow *f)
{
	const struct snitch_image *image = rcu_dereference(f->image);

	memset(i, 0, sizeof(*i));
	i->cookie = f->cookie;
	i->origin_id = f->origin_id;
	i->packets = atomic64_read(&f->packets);
	i->bytes = atomic64_read(&f->bytes);
	i->rx_packets = atomic64_read(&f->rx_packets);
	i->rx_bytes = atomic64_read(&f->rx_bytes);
	i->action = f->action;
	i->origin = f->origin;
	i->netns = f->netns;
	i->uid = f->uid;
	i->family = f->family;
	i->proto = f->proto;
	i->sport = f->sport;
	i->dport = f->dport;
	i->loopback = snitch_flow_loopback(f);
	memcpy(i->saddr, &f->saddr, sizeof(i->saddr));
	memcpy(i->daddr, &f->daddr, sizeof(i->daddr));
	ended_fill_socket(i, f);
	if (image) {
		i->owner = image->id;
		i->pid = image->tgid;
		memcpy(i->comm, image->comm, sizeof(i->comm));
	}
}

/* ---- events ---- */

void snitch_ended_tell(struct snitch_flow *f)
{
	struct snitch_image *image;
	struct snitch_ended e = {
		.cookie = f->cookie, .netns = f->netns, .uid = f->uid, .family = f->family,
		.proto = f->proto, .sport = f->sport, .dport = f->dport,
	};

	/* An accepted connection on which nothing was said has no addresses. */
	if (!snitch_observed() || !e.cookie)
		return;
	e.packets = ended_take(&f->packets, &f->told_packets);
	e.bytes = ended_take(&f->bytes, &f->told_bytes);
	e.rx_packets = ended_take(&f->rx_packets, &f->told_rx_packets);
	e.rx_bytes = ended_take(&f->rx_bytes, &f->told_rx_bytes);
	if (!e.packets && !e.rx_packets)
		return;
	memcpy(e.saddr, &f->saddr, sizeof(e.saddr));
	memcpy(e.daddr, &f->daddr, sizeof(e.daddr));
	rcu_read_lock();
	image = rcu_dereference(f->image);
	if (image)
		e.owner = image->id;
	snitch_tell_ended(&e, image);
	rcu_read_unlock();
}

/* ---- programs that have ended ---- */

static int ended_look(struct snitch_flow *f, void *arg)
{
	if (snitch_image_ended(rcu_dereference(f->image)))
		snitch_ended_tell(f);
	return 0;
}

static void ended_walk(struct work_struct *work)
{
	unsigned long pos = SNITCH_FLOW_OTHERS;

	snitch_flow_walk(&pos, ended_look, NULL);
}

void snitch_ended_exited(void)
{
	if (snitch_observed() && !delayed_work_pending(&ended_walker))
		queue_delayed_work(system_unbound_wq, &ended_walker, ENDED_DELAY);
}

void snitch_ended_stop(void)
{
	cancel_delayed_work_sync(&ended_walker);
}
