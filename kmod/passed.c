// SPDX-License-Identifier: GPL-2.0-only
/* Passed: see passed.h. */
#include <linux/bitmap.h>
#include <linux/fdtable.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/llist.h>
#include <linux/workqueue.h>
#include <net/inet_sock.h>
#include <net/tcp_states.h>

#include "counter.h"
#include "flow.h"
#include "observe.h"
#include "owner.h"
#include "passed.h"
#include "policy.h"

#define PASSED_MAX	128

/*
 * struct passed - who has a connection now
 * @sk: referenced
 * @image: of the process, referenced; NULL: nobody has seen it yet
 * @pid: the process, referenced
 * @uid: its effective uid
 */
struct passed {
	struct llist_node node;
	struct sock *sk;
	struct snitch_image *image;
	struct pid *pid;
	u32 uid;
};

/*
 * A probe may be a breakpoint, which is an NMI to the kernel: it must not allocate nor queue work
 * itself. An entry whose bit is set belongs to who set it, then to the list, then to the worker.
 */
static struct passed passed_pool[PASSED_MAX];
static DECLARE_BITMAP(passed_used, PASSED_MAX);
static LLIST_HEAD(passed_list);

static void passed_work(struct work_struct *work);
static DECLARE_WORK(passed_worker, passed_work);

static void passed_queue(struct irq_work *irq)
{
	schedule_work(&passed_worker);
}

static DEFINE_IRQ_WORK(passed_irq, passed_queue);

static struct passed *passed_take(void)
{
	unsigned int i;

	for_each_clear_bit(i, passed_used, PASSED_MAX)
		if (!test_and_set_bit_lock(i, passed_used))
			return &passed_pool[i];
	return NULL;
}

static void passed_give(struct passed *x)
{
	clear_bit_unlock(x - passed_pool, passed_used);
}

/* ---- what is noted: any context, NMI too ---- */

static bool passed_matters(const struct sock *sk)
{
	return (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       snitch_owner_is_tcp(sk) && READ_ONCE(sk->sk_state) != TCP_LISTEN &&
	       READ_ONCE(sk->sk_state) != TCP_CLOSE;
}

static void passed_note(struct file *file)
{
	const struct socket *sock = snitch_compat_sock(file);
	struct sock *sk = sock ? sock->sk : NULL;
	struct passed *x;

	if (!sk || !passed_matters(sk))
		return;
	x = passed_take();
	if (!x) {
		snitch_count(SNITCH_C_EVENTS_LOST);
		return;
	}
	sock_hold(sk);
	x->sk = sk;
	x->image = snitch_image_seen(current);	/* it may have ended before the worker comes */
	x->pid = get_pid(task_tgid(current));
	x->uid = __kuid_val(current_euid());
	if (llist_add(&x->node, &passed_list))
		irq_work_queue(&passed_irq);
}

static bool passed_watched(void)
{
	return snitch_policy_armed() && snitch_observed();
}

static int passed_open(const void *arg, struct file *file, unsigned int fd)
{
	passed_note(file);
	return 0;
}

void snitch_passed_execed(void)
{
	if (passed_watched() && current->files)
		iterate_fd(current->files, 0, passed_open, NULL);
}

/* ---- who may: the worker ---- */

/* The newest verdict about the connection; the way it leaves is not known here. Under RCU. */
static const struct snitch_flow *passed_find(const struct sock *sk, struct snitch_packet *p)
{
	struct snitch_flow_key key = { .sk = sk, .cookie = snitch_cookie(sk), .tcp = true };
	const struct snitch_flow *f;

	memset(p, 0, sizeof(*p));
	p->proto = IPPROTO_TCP;
	p->sport = sk->sk_num;
	p->dport = ntohs(sk->sk_dport);
	p->family = AF_INET;
	p->saddr.ip = inet_sk(sk)->inet_saddr;
	p->daddr.ip = sk->sk_daddr;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		p->family = AF_INET6;
		p->saddr.in6 = sk->sk_v6_rcv_saddr;
		p->daddr.in6 = sk->sk_v6_daddr;
	}
#endif
	key.daddr = &p->daddr;
	key.peer = p->peer;
	f = snitch_flow_find(&key);
	if (f)
		return f;
	key.loopback = true;
	return snitch_flow_find(&key);
}

/* May it be sent by that program, too? An accepted one is refused by an explicit deny alone. */
static bool passed_may(const struct snitch_flow *f, const struct snitch_subject *s,
		       struct snitch_judgement *j)
{
	const struct snitch_image *image = rcu_dereference(f->image);

	if (READ_ONCE(f->action) != SNITCH_ALLOW)
		return true;	/* and by nobody */
	if (image && snitch_image_same_program(image, s->image) && f->uid == s->uid)
		return true;
	snitch_policy_judge(s, j);
	if (f->flags & SNITCH_FLOW_WEAK)
		return j->action == SNITCH_ALLOW || snitch_judgement_open(j);
	return j->action == SNITCH_ALLOW;
}

static void passed_judge(const struct sock *sk, struct snitch_image *image, u32 uid)
{
	const struct snitch_flow *f;
	struct snitch_judgement j;
	struct snitch_packet p;
	struct snitch_subject s = {
		.packet = &p, .image = image, .uid = uid, .netns = sock_net(sk)->ns.inum,
	};

	rcu_read_lock();
	f = passed_find(sk, &p);
	if (f) {
		s.loopback = snitch_flow_loopback(f);
		if (!passed_may(f, &s, &j)) {
			snitch_count(SNITCH_C_PASSED);
			j.action = SNITCH_ALLOW;	/* that verdict stands */
			j.origin = f->origin;
			j.origin_id = f->origin_id;
			snitch_tell_judged(&s, &j, f->cookie, SNITCH_F_PASSED);
		}
	}
	rcu_read_unlock();
}

/* A process older than the module. */
static struct snitch_image *passed_image(const struct passed *x)
{
	struct task_struct *task = get_pid_task(x->pid, PIDTYPE_TGID);
	struct snitch_image *image = task ? snitch_image_of(task) : NULL;

	if (task)
		put_task_struct(task);
	return image;
}

static void passed_one(struct passed *x)
{
	if (!x->image)
		x->image = passed_image(x);
	if (x->image)
		passed_judge(x->sk, x->image, x->uid);
	else
		snitch_count(SNITCH_C_EVENTS_LOST);
	snitch_image_put(x->image);
	put_pid(x->pid);
	sock_put(x->sk);
	passed_give(x);
}

static void passed_work(struct work_struct *work)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&passed_list));
	struct passed *x, *next;

	llist_for_each_entry_safe(x, next, list, node) {
		passed_one(x);
		cond_resched();
	}
}

/* ---- the probe ---- */

static int passed_received(struct kprobe *kp, struct pt_regs *regs)
{
	if (passed_watched())
		passed_note((struct file *)regs_get_kernel_argument(regs, 0));
	return 0;
}

/* Where a file gets a descriptor in another process: both take the file first. */
static struct kprobe passed_probe = { .pre_handler = passed_received };
static bool passed_up;

int snitch_passed_init(void)
{
	static const char *const names[] = { "security_file_receive", "receive_fd" };
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(names) && !passed_up && err != -ENOMEM; i++) {
		passed_probe = (struct kprobe){
			.symbol_name = names[i], .pre_handler = passed_received,
		};
		err = register_kprobe(&passed_probe);
		passed_up = !err;
	}
	if (err && err != -ENOMEM)
		pr_warn("connections passed to other programs are not told: no probe (%d)\n", err);
	return err == -ENOMEM ? err : 0;
}

void snitch_passed_exit(void)
{
	if (passed_up)
		unregister_kprobe(&passed_probe);
	passed_up = false;
	irq_work_sync(&passed_irq);
	cancel_work_sync(&passed_worker);
	passed_work(NULL);	/* what no worker has seen */
}
