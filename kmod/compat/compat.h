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
#include <net/inet_hashtables.h>
#include <net/sock.h>

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

/* 6.1 keeps pointers to the ancestors, 5.10 their ids. */
static inline u64 snitch_compat_ancestor(const struct cgroup *cgrp, int level)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
	return cgroup_id(cgrp->ancestors[level]);
#else
	return cgrp->ancestor_ids[level];
#endif
}

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

/* A multicast group only CAP_NET_ADMIN may join; backported to 6.1, not to 5.10. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define SNITCH_COMPAT_MCGRP_ADMIN .flags = GENL_MCAST_CAP_NET_ADMIN,
#else
#define SNITCH_COMPAT_MCGRP_ADMIN
#endif

/* 6.18: unbound and per-CPU workqueues must say which they are. */
#ifndef WQ_PERCPU
#define WQ_PERCPU 0
#endif

#endif
