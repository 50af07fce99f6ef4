// SPDX-License-Identifier: GPL-2.0-only
/* Abort: see abort.h. Never called with a spinlock held but through the queue. */
#include <linux/tcp.h>

#include "abort.h"
#include "counter.h"

static struct workqueue_struct *abort_wq;
static DEFINE_SPINLOCK(abort_lock);

static struct snitch_abort *abort_next(struct snitch_uid *quota)
{
	struct snitch_abort *next;

	spin_lock_bh(&abort_lock);
	next = list_first_entry_or_null(&quota->abort_wait, struct snitch_abort, wait);
	if (next)
		list_del_init(&next->wait);	/* takes over this worker's place */
	else
		quota->aborting--;
	spin_unlock_bh(&abort_lock);
	return next;
}

static void abort_work(struct work_struct *work)
{
	struct snitch_abort *job = container_of(work, struct snitch_abort, work);
	struct snitch_uid *quota = job->quota;
	struct sock *sk = job->sk;
	struct snitch_abort *next;

	/* A member of the protocol, so no export that newer kernels dropped is needed. */
	if (sk->sk_prot->diag_destroy && !sk->sk_prot->diag_destroy(sk, job->err))
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
	if (go)
		job->quota->aborting++;
	else
		list_add_tail(&job->wait, &job->quota->abort_wait);
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
