/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compat: the only place that knows kernel versions. Force-included, so
 * that no other file tests for one.
 */
#ifndef SNITCH_COMPAT_H
#define SNITCH_COMPAT_H

#include <linux/version.h>
#include <linux/kconfig.h>
#include <linux/cgroup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/tcp.h>

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

/* A reference to a live file behind an RCU pointer, or NULL. 6.7: get_file_rcu()
 * became a function that takes the pointer's place. Under rcu_read_lock().
 */
static inline struct file *snitch_compat_file(struct file __rcu **where)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return get_file_rcu(where);
#else
	struct file *f = rcu_dereference(*where);

	return f && get_file_rcu(f) ? f : NULL;
#endif
}

/* The socket of a file, or NULL; 5.11 dropped an argument. Any context. */
static inline struct socket *snitch_compat_sock(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	return sock_from_file(file);
#else
	int err;

	return sock_from_file(file, &err);
#endif
}

/* 6.1 keeps pointers to the ancestors, 5.10 their ids. */
static inline u64 snitch_compat_ancestor(const struct cgroup *cgrp, int level)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
	return cgroup_id(cgrp->ancestors[level]);
#else
	return cgrp->ancestor_ids[level];
#endif
}

/* 5.10: changes nothing, but does not say so. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define cgroup_id(cgrp) cgroup_id((struct cgroup *)(cgrp))
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline struct timespec64 snitch_compat_ctime(const struct inode *inode)
{
	return inode->i_ctime;
}
#else
static inline struct timespec64 snitch_compat_ctime(const struct inode *inode)
{
	return inode_get_ctime(inode);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 14, 0)
static inline void sk_error_report(struct sock *sk)
{
	sk->sk_error_report(sk);
}
#endif

/* The table of established TCP sockets; 6.1: one a namespace. */
static inline struct inet_hashinfo *snitch_compat_hashinfo(struct net *net)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
	return net->ipv4.tcp_death_row.hashinfo;
#else
	return &tcp_hashinfo;
#endif
}

/* Ends a socket, whoever holds it. Before 6.12 (and stable kernels of its time) tcp_abort()
 * empties an orphan's write queue and does no more: without a timer it then stays in
 * FIN_WAIT1 for ever, and warns. Such ones are reset and destroyed here, as close() would
 * with no time to linger.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static inline bool snitch_compat_abort_orphan(struct sock *sk)
{
	bool orphan;

	if (!sk_fullsock(sk) || sk->sk_protocol != IPPROTO_TCP)
		return false;
	lock_sock(sk);
	local_bh_disable();
	bh_lock_sock(sk);
	orphan = sock_flag(sk, SOCK_DEAD) && sk->sk_state != TCP_CLOSE &&
		 sk->sk_state != TCP_LISTEN;
	if (orphan)
		orphan = !sk->sk_prot->disconnect(sk, 0);
	if (orphan)
		inet_csk_destroy_sock(sk);
	bh_unlock_sock(sk);
	local_bh_enable();
	release_sock(sk);
	return orphan;
}
#else
static inline bool snitch_compat_abort_orphan(struct sock *sk)
{
	return false;
}
#endif

/* A member of the protocol, so no export that newer kernels dropped is needed. */
static inline bool snitch_compat_abort(struct sock *sk, int err)
{
	bool done = snitch_compat_abort_orphan(sk);

	if (!done)
		done = sk->sk_prot->diag_destroy && !sk->sk_prot->diag_destroy(sk, err);
	/* Closed just before that. */
	return snitch_compat_abort_orphan(sk) || done;
}

/* An IPv4 route of the caller's own over @dev, or NULL. */
static inline struct rtable *snitch_compat_rt_alloc(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
	return rt_dst_alloc(dev, 0, RTN_UNICAST, true);
#else
	return rt_dst_alloc(dev, 0, RTN_UNICAST, true, true);
#endif
}

/* The egress hook of devices came with 5.16. */
#ifdef CONFIG_NETFILTER_EGRESS
#define SNITCH_COMPAT_EGRESS 1
#define SNITCH_COMPAT_HOOK_EGRESS NF_NETDEV_EGRESS
#else
#define SNITCH_COMPAT_EGRESS 0
#define SNITCH_COMPAT_HOOK_EGRESS 0	/* never registered */
#endif

/* sched_process_exit tells since 6.16 whether the group is dead. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define SNITCH_EXIT_PROBE_ARGS void *data, struct task_struct *task, bool group_dead
#else
#define SNITCH_EXIT_PROBE_ARGS void *data, struct task_struct *task
#endif

/* 6.1: operations from here on are validated strictly whatever they say; before
 * that all of this family's are, having no GENL_DONT_VALIDATE flag.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define SNITCH_COMPAT_RESV_START_OP(op) .resv_start_op = (op),
#else
#define SNITCH_COMPAT_RESV_START_OP(op)
#endif

/* A multicast group only CAP_NET_ADMIN may join; backported to 6.1, not to 5.10: there who may
 * not can join, but is sent nothing.
 */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define SNITCH_COMPAT_MCGRP_ADMIN .flags = GENL_MCAST_CAP_NET_ADMIN,
#define snitch_compat_multicast(family, skb, group) \
	genlmsg_multicast(family, skb, 0, group, GFP_ATOMIC)
#else
#define SNITCH_COMPAT_MCGRP_ADMIN
static inline int snitch_compat_mcast_hide(struct sock *sk, struct sk_buff *skb, void *data)
{
	const struct socket *sock = READ_ONCE(sk->sk_socket);

	/* The opener's rights, as for a join; the table's lock keeps the socket. */
	return !sock || !sock->file || !file_ns_capable(sock->file, &init_user_ns, CAP_NET_ADMIN);
}

static inline int snitch_compat_multicast(const struct genl_family *family, struct sk_buff *skb,
					  unsigned int group)
{
	return netlink_broadcast_filtered(init_net.genl_sock, skb, 0, family->mcgrp_offset + group,
					  GFP_ATOMIC, snitch_compat_mcast_hide, NULL);
}
#endif

/* Arguments of the function a probe stands at, where the machine tells. */
#ifdef CONFIG_HAVE_FUNCTION_ARG_ACCESS_API
#define SNITCH_COMPAT_ARGUMENTS 1
#define snitch_compat_argument(regs, n) regs_get_kernel_argument(regs, n)
#else
#define SNITCH_COMPAT_ARGUMENTS 0
#define snitch_compat_argument(regs, n) 0UL
#endif

/* 6.18: unbound and per-CPU workqueues must say which they are. */
#ifndef WQ_PERCPU
#define WQ_PERCPU 0
#endif

#endif
