// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe: tracepoints of the scheduler and of TCP, found by name because
 * their symbols are not exported. If one is missing the module does not load:
 * without tcp_destroy_sock a reused socket could inherit a verdict.
 */
#include <linux/binfmts.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "ended.h"
#include "flow.h"
#include "image.h"
#include "park.h"
#include "passed.h"
#include "probe.h"

static void probe_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	snitch_image_forked(parent, child);
}

static void probe_exec(void *data, struct task_struct *task, pid_t old_pid,
		       struct linux_binprm *bprm)
{
	snitch_image_execed(task, bprm);
	snitch_passed_execed();
	snitch_ended_exited();
}

static void probe_exit(SNITCH_EXIT_PROBE_ARGS)
{
	snitch_image_exited(task);
	snitch_ended_exited();
}

static void probe_tcp_destroy(void *data, struct sock *sk)
{
	/* First: a verdict that is being written down under its lock is removed below. */
	snitch_park_socket_gone(sk);
	/* Its count of parked flows was read without the lock: the entry of one that has just
	 * left is seen below. Pairs with the unlock after snitch_park_settle().
	 */
	smp_rmb();
	snitch_flow_remove_tcp(sk);
}

/* Only a listener's child goes from LISTEN to SYN_RECV; DCCP's has no end we hear of. Whoever
 * connects begins anew: what was said of a connection that came in is over.
 */
static void probe_sock_state(void *data, const struct sock *sk, const int oldstate,
			     const int newstate)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	if (oldstate == TCP_LISTEN && newstate == TCP_SYN_RECV)
		snitch_flow_inbound(sk);
	else if (newstate == TCP_SYN_SENT)
		snitch_flow_connects(sk);
}

static struct snitch_probe {
	const char *name;
	void *fn;
	struct tracepoint *tp;
	bool attached;
} probes[] = {
	{ .name = "sched_process_fork", .fn = probe_fork },
	{ .name = "sched_process_exec", .fn = probe_exec },
	{ .name = "sched_process_exit", .fn = probe_exit },
	{ .name = "tcp_destroy_sock",	.fn = probe_tcp_destroy },
	{ .name = "inet_sock_set_state", .fn = probe_sock_state },
};

static void probe_find(struct tracepoint *tp, void *priv)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

/**
 * snitch_probe_init() - attach to all tracepoints, or to none
 *
 * Return: 0, -ENOENT when the kernel lacks one, or what attaching said.
 * Context: process. What the probes feed must be ready before.
 */
int snitch_probe_init(void)
{
	unsigned int i;
	int err;

	for_each_kernel_tracepoint(probe_find, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = probes[i].tp ? tracepoint_probe_register(probes[i].tp, probes[i].fn, NULL)
				   : -ENOENT;
		if (err) {
			pr_err("cannot attach to tracepoint %s: %d\n", probes[i].name, err);
			snitch_probe_exit();
			return err;
		}
		probes[i].attached = true;
	}
	err = snitch_passed_init();
	if (err)
		snitch_probe_exit();
	return err;
}

/** snitch_probe_exit() - detach; when it returns no probe runs any more */
void snitch_probe_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].attached)
			tracepoint_probe_unregister(probes[i].tp, probes[i].fn, NULL);
		probes[i].attached = false;
	}
	tracepoint_synchronize_unregister();
	snitch_passed_exit();
}
