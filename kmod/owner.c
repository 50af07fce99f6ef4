// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owner: tells whose a packet is. The first packet of a flow leaves in the
 * context of the task that called connect() or sendmsg(); what comes out of
 * another context is searched for by a worker. Never by text or by /proc.
 */
#include <linux/fdtable.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/idr.h>
#include <linux/kallsyms.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
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

#define SEARCH_NS	(200 * NSEC_PER_MSEC)	/* longer, and nobody holds it */
#define SEARCH_TASKS	256	/* looked at without a pause */
#define SEARCH_SLOTS	16384	/* of a table of files, the same */
#define SEARCH_SEEN	64	/* tables remembered */

/*
 * struct search - where a search is; it pauses often, for users decide how long it is
 * @file: the socket's, referenced
 * @user: first only the processes of who made it are looked at; nearly always
 *	  that is enough, and nobody else's files cost anything
 * @all: by now those of all
 * @nr: number of the next task
 * @table: looked through up to @slot, @hits of its slots hold the file
 * @left: slots of tables yet to be found that hold it; there may be other
 *	  holders than those (an I/O ring, a message on its way, a system call)
 * @until: when it ends whatever is left
 * @found: the first holder's image, @euid of that process
 * @shared: not all holders run that executable, or nobody knows
 * @seen: tables that were looked through, each with a task that had it: it is
 *	  that table as long as the task still has it
 */
struct search {
	struct file *file;
	kuid_t user;
	bool all;
	int nr;
	const struct files_struct *table;
	unsigned int slot;
	unsigned int hits;
	unsigned long left;
	u64 until;
	struct snitch_image *found;
	u32 euid;
	bool shared;
	unsigned int n_seen;
	struct {
		const struct files_struct *table;
		struct task_struct *task;
	} seen[SEARCH_SEEN];
};

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

/* Tables are shared by threads, and by as many processes as somebody likes. */
static bool search_was_seen(const struct search *s, const struct files_struct *table)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, s->n_seen, SEARCH_SEEN); i++)
		if (s->seen[i].table == table && READ_ONCE(s->seen[i].task->files) == table)
			return true;
	return false;
}

static void search_mark_seen(struct search *s, struct task_struct *task)
{
	const unsigned int i = s->n_seen++ % SEARCH_SEEN;

	if (s->n_seen > SEARCH_SEEN)
		put_task_struct(s->seen[i].task);
	s->seen[i].table = s->table;
	s->seen[i].task = get_task_struct(task);
}

static void search_forget(struct search *s)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, s->n_seen, SEARCH_SEEN); i++)
		put_task_struct(s->seen[i].task);
	s->n_seen = 0;
}

/* Some more slots of a table. Under the lock of a task that has it, and RCU. */
static void search_slots(struct search *s, struct files_struct *table)
{
	const struct fdtable *fdt = files_fdtable(table);
	const unsigned int end = min(fdt->max_fds, s->slot + SEARCH_SLOTS);
	unsigned int fd = s->slot;

	for_each_set_bit_from(fd, fdt->open_fds, end)
		if (rcu_access_pointer(fdt->fd[fd]) == s->file)
			s->hits++;
	s->slot = end < fdt->max_fds ? end : 0;
}

/* False: there is more of this task's table. Under RCU. */
static bool search_task(struct search *s, struct task_struct *task)
{
	struct files_struct *table;
	bool looked = false;

	task_lock(task);
	table = task->files;
	if (s->table != table || !s->slot) {
		s->table = table;
		s->slot = 0;
		s->hits = 0;
	}
	if (table && (s->slot || !search_was_seen(s, table))) {
		search_slots(s, table);
		looked = true;
	}
	task_unlock(task);
	if (looked && !s->slot)
		search_mark_seen(s, task);
	return !s->slot;
}

static bool search_wants(const struct search *s, const struct task_struct *task)
{
	const struct cred *cred = __task_cred(task);

	return !(task->flags & PF_KTHREAD) &&
	       (s->all || uid_eq(cred->uid, s->user) || uid_eq(cred->euid, s->user));
}

/*
 * Looks at some tasks; each thread is one, for it may have files of its own.
 * @end: set when there are no more
 *
 * Return: one that holds the file, with a reference, or NULL.
 */
static struct task_struct *search_some(struct search *s, bool *end)
{
	struct task_struct *task, *holder = NULL;
	struct pid *pid;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < SEARCH_TASKS && !holder; i++) {
		pid = idr_get_next(&init_pid_ns.idr, &s->nr);
		if (!pid) {
			*end = true;
			break;
		}
		task = pid_task(pid, PIDTYPE_PID);
		if (task && search_wants(s, task)) {
			if (!search_task(s, task))
				break;
			if (s->hits)
				holder = get_task_struct(task);
		}
		s->slot = 0;
		s->nr++;
	}
	rcu_read_unlock();
	return holder;
}

static void search_holder(struct search *s, struct task_struct *task)
{
	struct snitch_image *image = snitch_image_of(task);

	s->left -= min_t(unsigned long, s->left, s->hits);
	if (!image) {
		if (!(task->flags & PF_EXITING))
			s->shared = true;
	} else if (!s->found) {
		s->euid = __kuid_val(task_euid(task));
		s->found = image;
	} else {
		if (!snitch_image_same_program(s->found, image))
			s->shared = true;
		snitch_image_put(image);
	}
	put_task_struct(task);
}

static void search_pass(struct search *s, bool all)
{
	struct task_struct *holder;
	bool end = false;

	s->all = all;
	s->nr = 1;
	s->slot = 0;
	s->left = file_count(s->file) - 1;	/* but ours */
	while (!end && s->left && !s->shared) {
		holder = search_some(s, &end);
		if (holder)
			search_holder(s, holder);
		if (ktime_get_ns() > s->until) {
			s->shared = true;	/* the rest is not looked at */
			break;
		}
		cond_resched();
	}
	search_forget(s);
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
 * Context: process. Takes SEARCH_NS at most, and pauses.
 */
struct snitch_image *snitch_owner_search(struct sock *sk, bool *shared, u32 *uid)
{
	struct search s = {
		.file = search_file(sk),
		.user = sk->sk_uid,
		.until = ktime_get_ns() + SEARCH_NS,
	};

	if (!s.file)
		return NULL;
	search_pass(&s, false);
	if (s.left && !s.shared)
		search_pass(&s, true);
	fput(s.file);
	*shared = s.shared;
	*uid = s.euid;
	return s.found;
}
