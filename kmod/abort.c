// SPDX-License-Identifier: GPL-2.0-only
/* Abort: see abort.h. Never called with a spinlock held but through the queue. */
#include <linux/tcp.h>
#include <net/ipv6.h>

#include "abort.h"
#include "counter.h"

static struct workqueue_struct *abort_wq;
static DEFINE_SPINLOCK(abort_lock);

static struct snitch_abort *abort_next(struct snitch_uid *quota)
{
	struct snitch_abort *next;

	spin_lock_bh(&abort_lock);
	next = list_first_entry_or_null(&quota->abort_wait, struct snitch_abort, wait);
	if (next) {
		list_del_init(&next->wait);	/* takes over this worker's place */
		quota->abort_waiting--;
	} else {
		quota->aborting--;
	}
	spin_unlock_bh(&abort_lock);
	return next;
}

static void abort_peer(const struct sock *sk, struct in6_addr *daddr, __be16 *dport)
{
	*dport = READ_ONCE(sk->sk_dport);
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		*daddr = sk->sk_v6_daddr;
		return;
	}
#endif
	ipv6_addr_set_v4mapped(READ_ONCE(sk->sk_daddr), daddr);
}

/* Without the lock, which may be held for long: a reconnect can still slip in
 * between, and then loses its new connection to the old one's refusal.
 */
static bool abort_still_meant(const struct snitch_abort *job)
{
	struct in6_addr daddr;
	__be16 dport;

	abort_peer(job->sk, &daddr, &dport);
	return dport == job->dport && ipv6_addr_equal(&daddr, &job->daddr);
}

/** snitch_abort_of() - @job ends this connection of @sk, whose reference it takes */
void snitch_abort_of(struct snitch_abort *job, struct sock *sk)
{
	job->sk = sk;
	job->err = ECONNREFUSED;
	abort_peer(sk, &job->daddr, &job->dport);
}

/** snitch_abort_room() - false: so many wait that one more would change nothing */
bool snitch_abort_room(const struct snitch_uid *quota)
{
	return READ_ONCE(quota->abort_waiting) < SNITCH_ABORTS_WAIT;
}

static void abort_work(struct work_struct *work)
{
	struct snitch_abort *job = container_of(work, struct snitch_abort, work);
	struct snitch_uid *quota = job->quota;
	struct sock *sk = job->sk;
	struct snitch_abort *next;

	if (abort_still_meant(job) && snitch_compat_abort(sk, job->err))
		snitch_count(SNITCH_C_ABORTED);
	sock_put(sk);
	snitch_uid_hold(quota);
	job->done(job);
	next = abort_next(quota);
	if (next)
		queue_work(abort_wq, &next->work);
	snitch_uid_put(quota);
}

/** snitch_abort_queue() - end job->sk with job->err as soon as its lock is free */
void snitch_abort_queue(struct snitch_abort *job)
{
	bool go;

	INIT_WORK(&job->work, abort_work);
	spin_lock_bh(&abort_lock);
	go = job->quota->aborting < SNITCH_ABORTS_UID;
	if (go) {
		job->quota->aborting++;
	} else {
		job->quota->abort_waiting++;
		list_add_tail(&job->wait, &job->quota->abort_wait);
	}
	spin_unlock_bh(&abort_lock);
	if (go)
		queue_work(abort_wq, &job->work);
}

int snitch_abort_init(void)
{
	abort_wq = alloc_workqueue("snitch_abort", WQ_UNBOUND, 256);
	return abort_wq ? 0 : -ENOMEM;
}

void snitch_abort_exit(void)
{
	/* Drains: a finished job queues the next that waited. */
	destroy_workqueue(abort_wq);
}
