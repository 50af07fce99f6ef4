// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device: opens, HELLO, batches of verdicts, and whether there is a decider.
 * Nothing that user space writes is believed before it has been checked.
 * Locks and the life of an event: device.h.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "audit.h"
#include "cache.h"
#include "counter.h"
#include "data.h"
#include "device.h"
#include "dns.h"
#include "observe.h"
#include "policy.h"
#include "proto.h"
#include "received.h"

u64 snitch_instance;

static DEFINE_MUTEX(snitch_device_mutex);

/* Under snitch_park_lock; read as single words without it. */
static struct snitch_file *decider;
static LIST_HEAD(decider_events);
static u64 decider_unread_since;	/* CLOCK_BOOTTIME ns; 0: nothing unread */
static u64 decider_grace_until;
static u64 decider_sessions;
static bool decider_hung;		/* was told to fail once; until it reads */

static void device_watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(device_watcher, device_watch);

/* ---- is anybody there? ---- */

static bool device_hangs(void)
{
	u64 since = READ_ONCE(decider_unread_since);

	return since && ktime_get_boottime_ns() - since >
			(u64)READ_ONCE(snitch_limits.unread_ms) * NSEC_PER_MSEC;
}

bool snitch_device_deciding(void)
{
	return READ_ONCE(decider) && !device_hangs();
}

bool snitch_device_expected(void)
{
	if (READ_ONCE(decider))
		return !device_hangs();
	return ktime_get_boottime_ns() < READ_ONCE(decider_grace_until);
}

bool snitch_device_wants_data(void)
{
	lockdep_assert_held(&snitch_park_lock);
	return decider && decider->features & SNITCH_FEATURE_DATA;
}

void snitch_device_state(struct snitch_status *st)
{
	spin_lock_bh(&snitch_park_lock);
	st->decider_pid = decider ? decider->pid : 0;
	st->decider_since = decider ? decider->since : 0;
	spin_unlock_bh(&snitch_park_lock);
	st->decider_alive = snitch_device_deciding();
	st->observers = snitch_observe_count();
	st->instance = snitch_instance;
}

/* The grace is over, or events were left unread too long: fail mode. */
static void device_watch(struct work_struct *work)
{
	bool hung = false;

	if (snitch_device_expected())
		goto again;
	spin_lock_bh(&snitch_park_lock);
	if (decider && !decider_hung) {
		decider_hung = true;
		hung = true;
	}
	spin_unlock_bh(&snitch_park_lock);
	if (hung)
		pr_warn("the decider leaves its events unread: fail mode\n");
	snitch_park_fail_all();
again:
	spin_lock_bh(&snitch_park_lock);
	if (decider_unread_since || (!decider && snitch_device_expected()))
		queue_delayed_work(system_unbound_wq, &device_watcher, HZ / 2);
	spin_unlock_bh(&snitch_park_lock);
}

/* ---- the decider's event list ---- */

/*
 * The decider reads, or looks whether there is something: what it has left
 * is what counts now. Nothing else sets the clock back: flows that give up
 * waiting must not make a decider that hangs look alive.
 */
static void device_seen(const struct snitch_file *f)
{
	const struct snitch_park *p;

	lockdep_assert_held(&snitch_park_lock);
	if (f != decider)
		return;
	p = list_first_entry_or_null(&decider_events, struct snitch_park, event);
	WRITE_ONCE(decider_unread_since, p ? p->event_since : 0);
	if (!p)
		decider_hung = false;
}

void snitch_device_queue(struct snitch_park *p, enum snitch_park_event ev)
{
	lockdep_assert_held(&snitch_park_lock);
	if (!decider)
		return;
	if (list_empty(&p->event)) {
		snitch_park_get(p);
		p->event_since = ktime_get_boottime_ns();
		list_add_tail(&p->event, &decider_events);
	}
	snitch_park_set_pending(p, ev);
	if (!decider_unread_since) {
		WRITE_ONCE(decider_unread_since, p->event_since);
		queue_delayed_work(system_unbound_wq, &device_watcher, HZ / 2);
	}
	wake_up_interruptible(&decider->wait);
}

void snitch_device_unqueue(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (list_empty(&p->event))
		return;
	list_del_init(&p->event);
	snitch_park_set_pending(p, SNITCH_PEV_NONE);
	snitch_park_put(p);	/* never the last: the caller's tables hold one */
}

struct snitch_park *snitch_device_first(const struct snitch_file *f)
{
	lockdep_assert_held(&snitch_park_lock);
	if (f != decider)
		return NULL;
	return list_first_entry_or_null(&decider_events, struct snitch_park, event);
}

/** snitch_device_event_read() - it was copied: take it off, unless it changed or more follows */
void snitch_device_event_read(struct snitch_file *f, struct snitch_park *p,
			      enum snitch_park_event ev)
{
	bool off;

	spin_lock_bh(&snitch_park_lock);
	off = f == decider && p->pending == ev && !list_empty(&p->event);
	if (off)
		snitch_park_set_pending(p, snitch_data_event_read(p, ev, f->buf));
	off = off && p->pending == SNITCH_PEV_NONE;
	if (off)
		list_del_init(&p->event);
	device_seen(f);
	spin_unlock_bh(&snitch_park_lock);
	if (off)
		snitch_park_put(p);
}

static void device_drop_events(struct list_head *dropped)
{
	struct snitch_park *p;

	lockdep_assert_held(&snitch_park_lock);
	list_for_each_entry(p, &decider_events, event)
		snitch_park_set_pending(p, SNITCH_PEV_NONE);
	list_splice_init(&decider_events, dropped);
	WRITE_ONCE(decider_unread_since, 0);
	decider_hung = false;
}

static void device_put_dropped(struct list_head *dropped)
{
	struct snitch_park *p;

	/* Their links are free again before anybody may queue them anew. */
	for (;;) {
		spin_lock_bh(&snitch_park_lock);
		p = list_first_entry_or_null(dropped, struct snitch_park, event);
		if (p)
			list_del_init(&p->event);
		spin_unlock_bh(&snitch_park_lock);
		if (!p)
			return;
		snitch_park_put(p);
	}
}

/* ---- roles ---- */

static int device_become_decider(struct snitch_file *f, const struct snitch_hello *hello)
{
	struct snitch_result *results;
	struct snitch_file *old;
	LIST_HEAD(dropped);

	lockdep_assert_held(&snitch_device_mutex);
	if (decider && !(hello->flags & SNITCH_HELLO_TAKEOVER))
		return -EBUSY;
	results = kvcalloc(SNITCH_RESULTS_MAX, sizeof(*results), GFP_KERNEL_ACCOUNT);
	if (!results)
		return -ENOMEM;
	spin_lock_bh(&snitch_park_lock);
	old = decider;
	device_drop_events(&dropped);
	if (old) {
		/* The new one inherits what waits, however long it takes to attach. */
		WRITE_ONCE(decider_grace_until, ktime_get_boottime_ns() +
			   (u64)READ_ONCE(snitch_limits.grace_ms) * NSEC_PER_MSEC);
		old->replaced = true;
		wake_up_interruptible(&old->wait);
	}
	WRITE_ONCE(decider, NULL);
	spin_unlock_bh(&snitch_park_lock);
	device_put_dropped(&dropped);
	snitch_dns_detach(old);
	if (hello->features & SNITCH_FEATURE_DNS && !snitch_dns_attach(f))
		f->features = SNITCH_FEATURE_DNS;
	f->features |= hello->features & SNITCH_FEATURE_DATA;

	spin_lock_bh(&snitch_park_lock);
	f->results = results;
	f->role = SNITCH_ROLE_DECIDER;
	f->session = ++decider_sessions;
	f->since = ktime_get_boottime_ns();
	WRITE_ONCE(decider, f);
	snitch_park_redeliver();
	spin_unlock_bh(&snitch_park_lock);
	if (old)
		snitch_audit_decider(false, old->pid, old->comm);
	snitch_audit_decider(true, f->pid, f->comm);
	return 0;
}

static void device_lose_decider(struct snitch_file *f)
{
	LIST_HEAD(dropped);
	bool mine;

	spin_lock_bh(&snitch_park_lock);
	mine = f == decider;
	if (mine) {
		WRITE_ONCE(decider_grace_until, ktime_get_boottime_ns() +
			   (u64)READ_ONCE(snitch_limits.grace_ms) * NSEC_PER_MSEC);
		device_drop_events(&dropped);
		WRITE_ONCE(decider, NULL);
		mod_delayed_work(system_unbound_wq, &device_watcher, HZ / 10);
	}
	spin_unlock_bh(&snitch_park_lock);
	device_put_dropped(&dropped);
	if (mine)
		snitch_audit_decider(false, f->pid, f->comm);
}

static int device_hello(struct snitch_file *f, const struct snitch_hello *hello)
{
	int err;

	mutex_lock(&snitch_device_mutex);
	if (f->role) {
		err = -EPROTO;
		goto out;
	}
	f->pid = task_tgid_nr(current);
	get_task_comm(f->comm, current);
	if (hello->role == SNITCH_ROLE_DECIDER) {
		err = device_become_decider(f, hello);
	} else {
		f->results = kvcalloc(SNITCH_RESULTS_MAX, sizeof(*f->results), GFP_KERNEL_ACCOUNT);
		err = f->results ? snitch_observe_attach(f) : -ENOMEM;
		if (!err) {
			f->role = SNITCH_ROLE_OBSERVER;
			snitch_received_want_now();
		}
		if (err) {
			kvfree(f->results);
			f->results = NULL;
		}
	}
	if (!err) {
		WRITE_ONCE(f->welcome, true);
		wake_up_interruptible(&f->wait);
	}
out:
	mutex_unlock(&snitch_device_mutex);
	return err;
}

/* ---- write: a batch ---- */

static int device_bind(const struct snitch_bind *b)
{
	struct snitch_image *image = snitch_image_find(b->hdr.id);
	int err;

	if (!image)
		return -ENOENT;
	err = snitch_policy_bind(image, b->generation, b->app);
	snitch_image_put(image);
	return err;
}

static int device_cache(const struct snitch_cache *c)
{
	struct snitch_image *image = snitch_image_find(c->hdr.id);
	struct snitch_cache_new n = {
		.image = image, .origin_id = c->origin_id, .until = c->until,
		.uid = c->uid, .netns = c->netns, .dport = c->port,
		.family = c->family, .proto = c->proto, .action = c->action, .origin = c->origin,
	};
	int err;

	if (!image)
		return -ENOENT;
	memcpy(&n.daddr, c->addr, sizeof(n.daddr));
	err = snitch_cache_add(&n);
	snitch_image_put(image);
	return err;
}

static void device_result(struct snitch_file *f, const struct snitch_hdr *h, int error)
{
	struct snitch_result *r;

	spin_lock_bh(&snitch_park_lock);
	r = &f->results[(f->results_head + f->results_used++) % SNITCH_RESULTS_MAX];
	memset(r, 0, sizeof(*r));
	snitch_proto_hdr(&r->hdr, SNITCH_MSG_RESULT, sizeof(*r), h->id);
	r->error = error;
	r->type = h->type;
	spin_unlock_bh(&snitch_park_lock);
	wake_up_interruptible(&f->wait);
}

static void device_message(struct snitch_file *f, const struct snitch_hdr *h)
{
	bool ack = false;
	int err = 0;

	switch (h->type) {
	case SNITCH_MSG_VERDICT:
		err = snitch_park_verdict((const struct snitch_verdict *)h);
		ack = ((const struct snitch_verdict *)h)->flags & SNITCH_V_ACK;
		break;
	case SNITCH_MSG_BIND:
		err = device_bind((const struct snitch_bind *)h);
		break;
	case SNITCH_MSG_CACHE:
		err = device_cache((const struct snitch_cache *)h);
		break;
	case SNITCH_MSG_GET_OWNER:
		ack = true;	/* read() makes the OWNER of it */
		break;
	}
	if (err || ack)
		device_result(f, h, err);
}

static int device_may(const struct snitch_file *f, const void *buf, size_t len)
{
	const struct snitch_hdr *h;
	size_t off = 0;

	if (f->replaced)
		return -EPERM;
	if (f->role == SNITCH_ROLE_DECIDER)
		return 0;
	while ((h = snitch_proto_next(buf, len, &off)))
		if (h->type != SNITCH_MSG_GET_OWNER)
			return -EPERM;
	return 0;
}

static int device_batch(struct snitch_file *f, const void *buf, size_t len)
{
	const struct snitch_hdr *h;
	unsigned int count;
	size_t off = 0;
	int err;

	err = snitch_proto_check_batch(buf, len, &count);
	if (!err)
		err = device_may(f, buf, len);
	if (err)
		return err;
	if (count > SNITCH_RESULTS_MAX - READ_ONCE(f->results_used))
		return -ENOBUFS;
	while ((h = snitch_proto_next(buf, len, &off))) {
		device_message(f, h);
		cond_resched();
	}
	return 0;
}

static ssize_t device_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	struct snitch_file *f = file->private_data;
	void *buf;
	int err;

	if (!len)
		return -EINVAL;
	if (len > SNITCH_WRITE_MAX)
		return -E2BIG;
	buf = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	err = -EFAULT;
	if (copy_from_user(buf, from, len))
		goto out;
	if (READ_ONCE(f->role)) {
		/* One writer at a time: the room for results is counted once. */
		mutex_lock(&f->write_mutex);
		err = device_batch(f, buf, len);
		mutex_unlock(&f->write_mutex);
	} else {
		err = snitch_proto_check_hello(buf, len);
		if (!err)
			err = device_hello(f, buf);
	}
out:
	kvfree(buf);
	return err ?: len;
}

/* ---- read, poll ---- */

/* Nothing to read: the decider is awake and has left nothing behind. */
static void device_idle(const struct snitch_file *f)
{
	if (!READ_ONCE(decider_unread_since))
		return;
	spin_lock_bh(&snitch_park_lock);
	device_seen(f);
	spin_unlock_bh(&snitch_park_lock);
}

static ssize_t device_read(struct file *file, char __user *to, size_t room, loff_t *pos)
{
	struct snitch_file *f = file->private_data;
	ssize_t n;

	if (!READ_ONCE(f->role))
		return -EPROTO;
	for (;;) {
		if (READ_ONCE(f->replaced))
			return -EPERM;
		if (mutex_lock_interruptible(&f->read_mutex))
			return -ERESTARTSYS;
		n = snitch_read(f, to, room);
		mutex_unlock(&f->read_mutex);
		if (n)
			return n;
		device_idle(f);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(f->wait, snitch_read_ready(f)))
			return -ERESTARTSYS;
	}
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct snitch_file *f = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &f->wait, wait);
	if (!READ_ONCE(f->role))
		return mask;
	if (READ_ONCE(f->replaced))
		return EPOLLERR | EPOLLHUP | EPOLLIN;
	if (snitch_read_ready(f))
		mask |= EPOLLIN | EPOLLRDNORM;
	else
		device_idle(f);
	return mask;
}

/* ---- ioctl: the executable of an owner ---- */

/* Again from the process, if it still runs what it ran. */
static struct file *owner_running_file(struct snitch_image *image, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	struct snitch_exe exe;
	struct file *file;

	if (!mm)
		return NULL;
	rcu_read_lock();
	file = snitch_compat_file(&mm->exe_file);
	rcu_read_unlock();
	mmput(mm);
	if (file && (snitch_exe_of_file(&exe, file) || memcmp(&exe, &image->exe, sizeof(exe)))) {
		fput(file);
		file = NULL;
	}
	return file;
}

static struct file *owner_file(struct snitch_image *image, u32 *pid)
{
	struct task_struct *task = image->pid ? get_pid_task(image->pid, PIDTYPE_TGID) : NULL;
	struct file *file = snitch_image_file(image);

	*pid = 0;
	if (task && READ_ONCE(task->self_exec_id) == image->exec_id) {
		*pid = pid_vnr(image->pid);
		if (!file)
			file = owner_running_file(image, task);
	}
	if (task)
		put_task_struct(task);
	return file;
}

static long device_owner_fd(struct snitch_file *f, struct snitch_owner_fd __user *arg)
{
	struct snitch_owner_fd o;
	struct snitch_image *image;
	struct file *file;
	int fd;

	if (f->role != SNITCH_ROLE_DECIDER || READ_ONCE(f->replaced))
		return -EPERM;
	if (copy_from_user(&o, arg, sizeof(o)))
		return -EFAULT;
	image = snitch_image_find(o.id);
	if (!image)
		return -ENOENT;
	file = owner_file(image, &o.pid);
	snitch_image_put(image);
	if (!file)
		return -ESTALE;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		fput(file);
		return fd;
	}
	o.exe_fd = fd;
	if (copy_to_user(arg, &o, sizeof(o))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	fd_install(fd, file);
	return 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == SNITCH_IOC_OWNER_FD)
		return device_owner_fd(file->private_data, (void __user *)arg);
	return -ENOTTY;
}

/* ---- open, release ---- */

static int device_open(struct inode *inode, struct file *file)
{
	struct snitch_file *f;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	f->buf = kmalloc(SNITCH_READ_MIN, GFP_KERNEL_ACCOUNT);
	if (!f->buf) {
		kfree(f);
		return -ENOMEM;
	}
	mutex_init(&f->read_mutex);
	mutex_init(&f->write_mutex);
	init_waitqueue_head(&f->wait);
	file->private_data = f;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct snitch_file *f = file->private_data;

	mutex_lock(&snitch_device_mutex);
	device_lose_decider(f);
	snitch_dns_detach(f);
	snitch_observe_detach(f);
	mutex_unlock(&snitch_device_mutex);
	kvfree(f->results);
	kfree(f->buf);
	kfree(f);
	return 0;
}

static const struct file_operations device_fops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.read		= device_read,
	.write		= device_write,
	.poll		= device_poll,
	.unlocked_ioctl	= device_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice device_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "snitch",
	.fops	= &device_fops,
	.mode	= 0600,
};

int snitch_device_init(void)
{
	get_random_bytes(&snitch_instance, sizeof(snitch_instance));
	return misc_register(&device_misc);
}

/** snitch_device_exit() - no file is open: each holds the module */
void snitch_device_exit(void)
{
	misc_deregister(&device_misc);
	cancel_delayed_work_sync(&device_watcher);
}
