// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owner: tells whose a packet is. The first packet of a flow leaves in the
 * context of the task that called connect() or sendmsg(); what comes out of
 * another context is searched for by a worker. Never by text or by /proc.
 */
#include <linux/fdtable.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/kallsyms.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sock_diag.h>
#include <linux/udp.h>
#include <net/mptcp.h>

#include "counter.h"
#include "owner.h"

/* snitch_cookie_make() - the first time somebody wants it; any context */
u64 snitch_cookie_make(const struct sock *sk)
{
	u32 words[2];

	sock_diag_save_cookie((struct sock *)sk, words);
	return words[0] | (u64)words[1] << 32;
}

/* ---- the kernel's own traffic ---- */

static u32 kernel_icmp(const struct snitch_packet *p)
{
	switch (p->icmp_type) {
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMPREPLY:
		return SNITCH_K_ICMP_REPLY;
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return SNITCH_K_ICMP_ERROR;
	}
	return SNITCH_K_NONE;
}

static u32 kernel_icmpv6(const struct snitch_packet *p)
{
	switch (p->icmp_type) {
	case ICMPV6_ECHO_REPLY:
		return SNITCH_K_ICMP_REPLY;
	case ICMPV6_MGM_QUERY:
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
	case ICMPV6_MLD2_REPORT:
		return SNITCH_K_MLD;
	case 133 ... 137:	/* router and neighbour discovery, RFC 4861 */
		return SNITCH_K_ND;
	}
	return p->icmp_type < ICMPV6_INFOMSG_MASK ? SNITCH_K_ICMP_ERROR : SNITCH_K_NONE;
}

/* Control traffic that the kernel sends by itself, by what it is. */
static u32 kernel_control(const struct snitch_packet *p)
{
	if (p->unparsed)
		return SNITCH_K_NONE;
	switch (p->proto) {
	case IPPROTO_ICMP:
		return kernel_icmp(p);
	case IPPROTO_ICMPV6:
		return kernel_icmpv6(p);
	case IPPROTO_IGMP:
		return SNITCH_K_IGMP;
	case IPPROTO_TCP:
		return p->tcp_flags & SNITCH_TCP_SYN ? SNITCH_K_NONE : SNITCH_K_TCP;
	}
	return SNITCH_K_NONE;
}

static const struct {
	const char *module;
	const char *symbol;	/* how its functions begin where it is built in */
	u32 kind;
} kernel_modules[] = {
	{ "[wireguard]", "wg_receive", SNITCH_K_WIREGUARD },
	{ "[vxlan]", "vxlan_", SNITCH_K_VXLAN },
	{ "[sunrpc]", "xs_", SNITCH_K_NFS },
	{ "[sunrpc]", "svc_", SNITCH_K_NFS },
	/* Anybody may send through these, and then it is in no task's name. */
	{ "[rxrpc]", "rxrpc_", SNITCH_K_RELAYED },
	{ "[rds_tcp]", "rds_tcp_", SNITCH_K_RELAYED },
	{ "[tipc]", "tipc_", SNITCH_K_RELAYED },
};

static bool kernel_is(unsigned int i, const char *name)
{
	return strchr(name, '[') ? !!strstr(name, kernel_modules[i].module)
				 : str_has_prefix(name, kernel_modules[i].symbol);
}

/*
 * Which module's socket it is, by the address of the function it gave.
 * @module: some module's own. SMC falls back to its user's file and is not one.
 */
static u32 kernel_by_symbol(const void *fn, bool *module)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i;

	scnprintf(name, sizeof(name), "%ps", fn);
	*module = strchr(name, '[') && !strstr(name, "[smc]");
	for (i = 0; i < ARRAY_SIZE(kernel_modules); i++) {
		if (kernel_is(i, name)) {
			*module = true;
			return kernel_modules[i].kind;
		}
	}
	return SNITCH_K_OTHER;
}

static u32 kernel_socket(const struct sock *sk, bool *module)
{
	if (sk->sk_protocol == IPPROTO_UDP && sk->sk_type == SOCK_DGRAM) {
		const void *fn = READ_ONCE(udp_sk(sk)->encap_rcv);

		if (fn)
			return kernel_by_symbol(fn, module);
	}
	return kernel_by_symbol(READ_ONCE(sk->sk_data_ready), module);
}

/* A socket the kernel made for control traffic: raw, one a CPU or namespace. */
static bool owner_is_control(const struct sock *sk)
{
	return sk->sk_kern_sock && sk->sk_type == SOCK_RAW;
}

static bool owner_has_file(const struct sock *sk)
{
	const struct socket *sock = READ_ONCE(sk->sk_socket);

	return sock && READ_ONCE(sock->file);
}

/**
 * snitch_owner_context() - in whose name does this packet leave?
 * @sk: the hook's socket: a full one, or NULL
 * @p: the packet
 * @kernel: with SNITCH_CTX_KERNEL: which of the kernel's
 *
 * Context: the hook's.
 */
enum snitch_context snitch_owner_context(const struct sock *sk, const struct snitch_packet *p,
					 u32 *kernel)
{
	u32 kind = SNITCH_K_OTHER;
	bool module = false;

	if (!sk || owner_is_control(sk)) {
		*kernel = kernel_control(p) ?: SNITCH_K_OTHER;
		return SNITCH_CTX_KERNEL;
	}
	if (sk->sk_kern_sock)
		kind = kernel_socket(sk, &module);
	/* Named: never the task's it runs in. */
	if (kind != SNITCH_K_OTHER && kind != SNITCH_K_RELAYED) {
		*kernel = kind;
		return SNITCH_CTX_KERNEL;
	}
	if (snitch_owner_is_current(sk, snitch_owner_is_tcp(sk)))
		return SNITCH_CTX_TASK;
	/* A kernel-made socket that some user holds by a file is the user's. */
	if (!sk->sk_kern_sock || (!module && owner_has_file(sk)) ||
	    (snitch_owner_is_tcp(sk) && sk_is_mptcp(sk)))
		return SNITCH_CTX_FOREIGN;
	*kernel = kind;
	return SNITCH_CTX_KERNEL;
}

/* ---- search: who holds this socket? ---- */

#define SEARCH_MAX 8	/* holders looked at */

static struct file *search_file(struct sock *sk)
{
	struct file *file = NULL;

	rcu_read_lock();
	read_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_socket)
		file = snitch_compat_file((struct file __rcu **)&sk->sk_socket->file);
	read_unlock_bh(&sk->sk_callback_lock);
	rcu_read_unlock();
	return file;
}

static int search_match(const void *wanted, struct file *file, unsigned int fd)
{
	return file == wanted;
}

static unsigned int search_holders(const struct file *file, struct task_struct **holders)
{
	struct task_struct *process, *task;
	unsigned int n = 0;
	bool hit;

	rcu_read_lock();
	for_each_process(process) {
		/* A leader that has exited has no files any more; its threads may. */
		task = snitch_image_live_thread(process);
		if (!task)
			continue;
		task_lock(task);
		hit = task->files && iterate_fd(task->files, 0, search_match, file);
		task_unlock(task);
		if (!hit)
			continue;
		get_task_struct(task);
		holders[n++] = task;
		if (n == SEARCH_MAX)
			break;
	}
	rcu_read_unlock();
	return n;
}

/**
 * snitch_owner_search() - find the process that holds a socket
 * @sk: a socket with a reference
 *
 * @shared: set when processes with different executables hold it; then no
 *	    rule may speak for all of them
 * @uid: gets the effective uid of that process, as it is now
 *
 * Of several the first.
 *
 * Return: a reference to its image, or NULL when nobody holds it.
 * Context: process, one at a time; cost grows with the open files of all.
 */
struct snitch_image *snitch_owner_search(struct sock *sk, bool *shared, u32 *uid)
{
	struct task_struct *holders[SEARCH_MAX];
	struct snitch_image *found = NULL, *image;
	struct file *file = search_file(sk);
	unsigned int i, n;

	*shared = false;
	if (!file)
		return NULL;
	n = search_holders(file, holders);
	fput(file);
	*shared = n == SEARCH_MAX;	/* the rest is not looked at */
	for (i = 0; i < n; i++) {
		u32 euid = __kuid_val(task_euid(holders[i]));

		image = snitch_image_of(holders[i]);
		put_task_struct(holders[i]);
		if (!image)
			continue;
		if (!found) {
			found = image;
			*uid = euid;
			continue;
		}
		if (!snitch_image_same_exe(found, image))
			*shared = true;
		snitch_image_put(image);
	}
	return found;
}
