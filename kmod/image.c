// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image: the table of process images. Captures are lock-free for the task
 * and never sleep; strings are made later, from the references held.
 * Locks and lifetimes: image.h.
 */
#include <linux/binfmts.h>
#include <linux/cgroup.h>
#include <linux/hash.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "flow.h"
#include "image.h"
#include "uid.h"

#define IMAGE_BITS	12
#define IMAGE_NO_EXEC	U64_MAX		/* no task's exec id */

static bool image_scanned;	/* what ran before us has been looked at: all else was seen */

static struct hlist_head image_table[1 << IMAGE_BITS];
static struct hlist_head image_ids[1 << IMAGE_BITS];
static LIST_HEAD(image_held);
static DEFINE_SPINLOCK(snitch_image_lock);
static unsigned int image_count;
static atomic64_t image_next = ATOMIC64_INIT(0);

static struct snitch_image *image_kernel[__SNITCH_K_MAX];
static struct snitch_image *image_unknown;

static unsigned long image_pressed;	/* jiffies when there were last too many */

static void image_expire(struct work_struct *work);
static DECLARE_DELAYED_WORK(image_expire_work, image_expire);

static struct hlist_head *image_bucket(const struct pid *pid)
{
	return &image_table[hash_ptr((void *)pid, IMAGE_BITS)];
}

/* ---- references ---- */

static void image_free(struct rcu_head *rcu)
{
	struct snitch_image *image = container_of(rcu, struct snitch_image, rcu);

	kfree(image->script);
	kfree(image->path);
	kfree(image->cgroup_path);
	kfree(image->cmdline);
	kfree(image);
}

/* Gives back all but the memory; returns the parent, whose turn is next. */
static struct snitch_image *image_dismantle(struct snitch_image *image)
{
	struct snitch_image *parent = image->parent;

	spin_lock_bh(&snitch_image_lock);
	hlist_del(&image->by_id);
	image_count--;
	spin_unlock_bh(&snitch_image_lock);

	if (image->file)
		fput(image->file);
	if (image->cgrp)
		cgroup_put(image->cgrp);
	if (image->quota) {
		snitch_uid_uncharge_image(image->quota);
		snitch_uid_put(image->quota);
	}
	put_pid(image->pid);
	call_rcu(&image->rcu, image_free);
	return parent;
}

/* snitch_image_release() - for snitch_image_put(): the last reference is gone; any context. On up
 * the ancestry, without recursion.
 */
void snitch_image_release(struct kref *ref)
{
	struct snitch_image *image = container_of(ref, struct snitch_image, ref);

	do {
		image = image_dismantle(image);
	} while (image && refcount_dec_and_test(&image->ref.refcount));
}

/* ---- making one ---- */

static void image_set_parent(struct snitch_image *image, struct snitch_image *parent)
{
	if (!parent) {
		snitch_image_flag(image, SNITCH_O_INCOMPLETE);
		return;
	}
	snitch_image_flag(image, snitch_image_flags(parent) & SNITCH_O_INCOMPLETE);
	if (parent->depth >= SNITCH_ANCESTRY_MAX) {
		snitch_image_flag(image, SNITCH_O_INCOMPLETE);
		return;
	}
	image->parent = snitch_image_get(parent);
	image->depth = parent->depth + 1;
}

static struct snitch_image *image_alloc(void)
{
	struct snitch_image *image = kzalloc(sizeof(*image), GFP_ATOMIC | __GFP_NOWARN);

	if (!image)
		return NULL;
	kref_init(&image->ref);
	spin_lock_init(&image->lock);
	INIT_HLIST_NODE(&image->node);
	INIT_HLIST_NODE(&image->by_id);
	INIT_LIST_HEAD(&image->held);
	image->id = atomic64_inc_return(&image_next);
	image->executed = image->id;
	return image;
}

static void image_register_id(struct snitch_image *image)
{
	lockdep_assert_held(&snitch_image_lock);
	hlist_add_head(&image->by_id, &image_ids[hash_64(image->id, IMAGE_BITS)]);
	image_count++;
}

/* So many that what has ended is let go of early: entries of flows, and files. */
static void image_press(const struct snitch_uid *quota)
{
	if ((READ_ONCE(image_count) <= SNITCH_IMAGES_MAX / 2 &&
	     (!quota || READ_ONCE(quota->images) <= SNITCH_IMAGES_UID_MAX / 2)) ||
	    time_before(jiffies, READ_ONCE(image_pressed) + HZ / 10))
		return;
	WRITE_ONCE(image_pressed, jiffies);
	snitch_flow_prune_soon();
	mod_delayed_work(system_unbound_wq, &image_expire_work, HZ / 20);
}

static unsigned long image_hold_time(void)
{
	return time_before(jiffies, READ_ONCE(image_pressed) + HZ) ? HZ / 4 : SNITCH_FILE_HOLD;
}

/* Kept for a while, with its file, also when its process has gone at once. */
static void image_hold(struct snitch_image *image)
{
	lockdep_assert_held(&snitch_image_lock);
	if (list_empty(&image->held))
		kref_get(&image->ref);
	image->held_since = jiffies;
	list_move_tail(&image->held, &image_held);
	queue_delayed_work(system_unbound_wq, &image_expire_work, SNITCH_FILE_HOLD);
}

static __always_inline struct snitch_image *image_lookup(const struct pid *pid, u64 exec_id)
{
	struct snitch_image *image;

	hlist_for_each_entry_rcu(image, image_bucket(pid), node)
		if (image->pid == pid && image->exec_id == exec_id)
			return kref_get_unless_zero(&image->ref) ? image : NULL;
	return NULL;
}

/* Takes the table's reference away; the process is another now, or gone. */
static void image_unhash(struct snitch_image *image)
{
	bool mine;

	spin_lock_bh(&snitch_image_lock);
	mine = !hlist_unhashed(&image->node);
	if (mine)
		hlist_del_init_rcu(&image->node);
	spin_unlock_bh(&snitch_image_lock);
	if (mine)
		snitch_image_put(image);
}

/*
 * Makes the image of @task and puts it in the table. @file: its executable,
 * a reference that is taken over (NULL: a kernel thread or one that exits).
 * @like: the image it was forked from: what that executed holds for it, too,
 * whatever mm->exe_file has been made to say meanwhile.
 * @bprm: of an exec, or NULL. But for a fork's the file is kept for a while,
 * so that strings can be made. Returns a reference, of the one already there
 * if somebody was faster; but who saw the fork or exec knows better.
 */
static struct snitch_image *image_new(struct task_struct *task, struct file *file,
				      struct snitch_image *parent,
				      const struct snitch_image *like, u32 flags,
				      const struct linux_binprm *bprm)
{
	struct pid *pid = task_tgid(task);
	struct snitch_image *image, *old;
	bool known;

	image = image_alloc();
	if (!image)
		goto no_memory;
	atomic_set(&image->flags, flags);
	snitch_image_fill_pid(image, pid);
	snitch_image_fill_task(image, task);
	if (like)
		snitch_image_fill_like(image, like);
	else if (file)
		snitch_image_fill_file(image, file);
	if (bprm)
		snitch_image_fill_script(image, bprm);
	image_set_parent(image, parent);

	image_press(image->quota);
	if (!image->quota || !snitch_uid_charge_image(image->quota, SNITCH_IMAGES_UID_MAX)) {
		snitch_uid_put(image->quota);
		image->quota = NULL;
		goto full;
	}

	spin_lock_bh(&snitch_image_lock);
	if (image_count >= SNITCH_IMAGES_MAX) {
		spin_unlock_bh(&snitch_image_lock);
		goto full;
	}
	rcu_read_lock();
	old = image_lookup(pid, image->exec_id);
	rcu_read_unlock();
	image_register_id(image);
	known = old && (flags & SNITCH_O_SCANNED ||
			!(snitch_image_flags(old) & SNITCH_O_SCANNED));
	if (!known) {
		if (!(flags & SNITCH_O_FORKED) && file) {
			image->file = file;
			file = NULL;
			image->cgrp = snitch_image_task_cgroup(task);
			image_hold(image);
		}
		kref_get(&image->ref);	/* the table's */
		hlist_add_head_rcu(&image->node, image_bucket(pid));
	}
	spin_unlock_bh(&snitch_image_lock);
	if (file)
		fput(file);
	if (known) {
		snitch_image_put(image);
		return old;
	}
	if (old) {
		WRITE_ONCE(old->replaced, true);
		image_unhash(old);
		snitch_image_put(old);
	}
	return image;

full:
	spin_lock_bh(&snitch_image_lock);
	image_register_id(image);	/* so that it is dismantled like all others */
	spin_unlock_bh(&snitch_image_lock);
	snitch_image_put(image);
	snitch_count(SNITCH_C_OWNERS_FULL);
	if (file)
		fput(file);
	return NULL;
no_memory:
	snitch_count(SNITCH_C_NOMEM);
	if (file)
		fput(file);
	return NULL;
}

/* The image of this thread group whatever its exec id, with a reference. */
static struct snitch_image *image_of_pid(const struct pid *pid, u64 but_exec_id)
{
	struct snitch_image *image, *found = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(image, image_bucket(pid), node) {
		if (image->pid != pid || image->exec_id == but_exec_id)
			continue;
		if (kref_get_unless_zero(&image->ref)) {
			found = image;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/* Nobody saw it execute anything: its executable is what it says itself. */
static u32 image_unseen(void)
{
	return SNITCH_O_SCANNED | SNITCH_O_INCOMPLETE |
	       (READ_ONCE(image_scanned) ? SNITCH_O_DISGUISED : 0);
}

static struct snitch_image *image_of_parent(struct task_struct *task)
{
	struct task_struct *parent;
	struct snitch_image *image;

	rcu_read_lock();
	parent = rcu_dereference(task->real_parent);
	image = snitch_image_seen(parent);
	rcu_read_unlock();
	return image;
}

/* ---- tracepoints: fork, exec, exit ---- */

/*
 * snitch_image_forked() - probe on sched_process_fork
 * Context: the parent's, in process context; may not sleep.
 */
void snitch_image_forked(struct task_struct *parent, struct task_struct *child)
{
	struct snitch_image *image, *mine;

	if (child->pid != child->tgid || child->flags & PF_KTHREAD || !child->mm)
		return;
	mine = snitch_image_seen(parent);
	if (mine)
		image = image_new(child, NULL, mine, mine, SNITCH_O_FORKED, NULL);
	else
		image = image_new(child, snitch_exe_of_mm(child->mm), NULL, NULL,
				  SNITCH_O_FORKED | image_unseen(), NULL);
	if (image && mine)
		image->bind = READ_ONCE(mine->bind);
	snitch_image_put(image);
	snitch_image_put(mine);
}

/*
 * snitch_image_execed() - probe on sched_process_exec
 * Context: of the task that has a new program now; may not sleep.
 */
void snitch_image_execed(struct task_struct *task, struct linux_binprm *bprm)
{
	struct snitch_image *old, *image, *parent = NULL;
	struct file *file = task->mm ? snitch_exe_of_mm(task->mm) : NULL;

	old = image_of_pid(task_tgid(task), READ_ONCE(task->self_exec_id));
	if (old) {
		WRITE_ONCE(old->replaced, true);
		parent = old->parent ? snitch_image_get(old->parent) : NULL;
		image_unhash(old);
	} else {
		parent = image_of_parent(task);
	}
	image = image_new(task, file, parent, NULL, 0, bprm);
	snitch_image_put(image);
	snitch_image_put(parent);
	snitch_image_put(old);
}

/*
 * snitch_image_exited() - probe on sched_process_exit
 * Context: of the task that exits; may not sleep.
 */
void snitch_image_exited(struct task_struct *task)
{
	struct snitch_image *image;

	if (task->flags & PF_KTHREAD || atomic_read(&task->signal->live))
		return;
	/* Whatever its exec id: one that fails late has counted already. */
	while ((image = image_of_pid(task_tgid(task), IMAGE_NO_EXEC))) {
		snitch_image_flag(image, SNITCH_O_EXITED);
		image_unhash(image);
		snitch_image_put(image);
	}
}

/* ---- finding ---- */

static __always_inline struct snitch_image *image_seen(struct task_struct *task)
{
	struct snitch_image *image;

	rcu_read_lock();
	image = image_lookup(task_tgid(task), READ_ONCE(task->self_exec_id));
	rcu_read_unlock();
	return image;
}

/** snitch_image_seen() - a task's image, if there is one already, or NULL; any context */
struct snitch_image *snitch_image_seen(struct task_struct *task)
{
	return image_seen(task);
}

/* snitch_image_current() - the running task's, made if need be; NULL: table full, no memory.
 * In the task's own context (snitch_owner_in_task()); does not sleep.
 */
struct snitch_image *snitch_image_current(void)
{
	struct snitch_image *image = image_seen(current), *parent;

	if (image)
		return image;
	parent = image_of_parent(current);
	image = image_new(current, snitch_exe_of_mm(current->mm), parent, NULL,
			  image_unseen(), NULL);
	snitch_image_put(parent);
	return image;
}

/** snitch_image_of() - the image of another task; process context, may sleep */
struct snitch_image *snitch_image_of(struct task_struct *task)
{
	struct snitch_image *image = snitch_image_seen(task), *parent;
	struct mm_struct *mm;
	struct file *file;

	if (image)
		return image;
	mm = get_task_mm(task);
	if (!mm)
		return NULL;
	file = snitch_exe_of_mm(mm);
	mmput(mm);
	parent = image_of_parent(task);
	image = image_new(task, file, parent, NULL, image_unseen(), NULL);
	snitch_image_put(parent);
	/* The probe on exit may have looked before it was there. */
	if (image && !atomic_read(&task->signal->live))
		image_unhash(image);
	return image;
}

/** snitch_image_kernel() - what stands for a user of the network in the kernel */
struct snitch_image *snitch_image_kernel(enum snitch_kernel kind)
{
	return snitch_image_get(image_kernel[kind < __SNITCH_K_MAX ? kind : SNITCH_K_OTHER]);
}

/** snitch_image_unknown() - what stands for a sender that nobody is any more */
struct snitch_image *snitch_image_unknown(void)
{
	return snitch_image_get(image_unknown);
}

/** snitch_image_find() - by the id told to user space; a reference or NULL; any context */
struct snitch_image *snitch_image_find(u64 id)
{
	struct snitch_image *image, *found = NULL;

	spin_lock_bh(&snitch_image_lock);
	hlist_for_each_entry(image, &image_ids[hash_64(id, IMAGE_BITS)], by_id) {
		if (image->id == id && kref_get_unless_zero(&image->ref)) {
			found = image;
			break;
		}
	}
	spin_unlock_bh(&snitch_image_lock);
	return found;
}

/** snitch_image_count() - images there are now; any context */
unsigned int snitch_image_count(void)
{
	return READ_ONCE(image_count);
}

/*
 * snitch_image_keep() - keep a captured image for a while, with its references
 * @file: taken over if the image has none; then NULL
 * @cgrp: the same
 *
 * Context: any.
 */
void snitch_image_keep(struct snitch_image *image, struct file **file, struct cgroup **cgrp)
{
	spin_lock_bh(&snitch_image_lock);
	spin_lock(&image->lock);
	if (!image->file) {
		image->file = *file;
		*file = NULL;
	}
	if (!image->cgrp && !image->cgroup_path) {
		image->cgrp = *cgrp;
		*cgrp = NULL;
	}
	spin_unlock(&image->lock);
	image_hold(image);
	spin_unlock_bh(&snitch_image_lock);
}

/** snitch_image_file() - the executable's file while held, with a reference, or NULL */
struct file *snitch_image_file(struct snitch_image *image)
{
	struct file *file;

	spin_lock_bh(&image->lock);
	file = image->file ? get_file(image->file) : NULL;
	spin_unlock_bh(&image->lock);
	return file;
}

/* ---- letting go ---- */

static void image_drop_file(struct snitch_image *image)
{
	struct cgroup *cgrp;
	struct file *file;

	spin_lock_bh(&image->lock);
	file = image->file;
	cgrp = image->cgrp;
	image->file = NULL;
	image->cgrp = NULL;
	spin_unlock_bh(&image->lock);
	if (file)
		fput(file);
	if (cgrp)
		cgroup_put(cgrp);
}

/* No container's root stays busy for us: files go after SNITCH_FILE_HOLD. */
static void image_expire(struct work_struct *work)
{
	struct snitch_image *image;
	unsigned long due;

	for (;;) {
		spin_lock_bh(&snitch_image_lock);
		image = list_first_entry_or_null(&image_held, struct snitch_image, held);
		if (!image) {
			spin_unlock_bh(&snitch_image_lock);
			return;
		}
		due = image->held_since + image_hold_time();
		if (time_before(jiffies, due)) {
			queue_delayed_work(system_unbound_wq, &image_expire_work, due - jiffies);
			spin_unlock_bh(&snitch_image_lock);
			return;
		}
		list_del_init(&image->held);
		spin_unlock_bh(&snitch_image_lock);
		snitch_image_strings(image);
		image_drop_file(image);
		snitch_image_put(image);
		cond_resched();
	}
}

/* Nobody captures any more: let all go now. */
static void image_release_held(void)
{
	struct snitch_image *image;

	for (;;) {
		spin_lock_bh(&snitch_image_lock);
		image = list_first_entry_or_null(&image_held, struct snitch_image, held);
		if (image)
			list_del_init(&image->held);
		spin_unlock_bh(&snitch_image_lock);
		if (!image)
			return;
		image_drop_file(image);
		snitch_image_put(image);
	}
}

/* ---- start and end ---- */

static struct snitch_image *image_pseudo(u32 flags, u32 kind, const char *name)
{
	struct snitch_image *image = image_alloc();

	if (!image)
		return NULL;
	atomic_set(&image->flags, flags);
	image->kernel = kind;
	strscpy(image->comm, name, sizeof(image->comm));
	spin_lock_bh(&snitch_image_lock);
	image_register_id(image);
	spin_unlock_bh(&snitch_image_lock);
	return image;
}

/* What runs already: executables known, ancestry as it is now. */
static void image_scan(void)
{
	struct task_struct *process, *task;
	struct file *file;

	rcu_read_lock();
	for_each_process(process) {
		struct snitch_image *image, *parent;

		task = snitch_image_live_thread(process);
		if (!task || task->flags & PF_KTHREAD)
			continue;
		task_lock(task);
		file = task->mm ? snitch_exe_of_mm(task->mm) : NULL;
		task_unlock(task);
		if (!file)
			continue;
		parent = image_of_parent(task);
		image = image_new(task, file, parent, NULL,
				  SNITCH_O_SCANNED | SNITCH_O_INCOMPLETE, NULL);
		snitch_image_put(image);
		snitch_image_put(parent);
	}
	rcu_read_unlock();
}

/** snitch_image_init() - make the table; the probes are attached already */
int snitch_image_init(void)
{
	unsigned int i;

	for (i = 0; i < __SNITCH_K_MAX; i++) {
		image_kernel[i] = image_pseudo(SNITCH_O_KERNEL, i, snitch_image_kernel_name(i));
		if (!image_kernel[i])
			return -ENOMEM;
	}
	image_pressed = jiffies - HZ;
	image_unknown = image_pseudo(SNITCH_O_UNKNOWN, 0, "unknown");
	if (!image_unknown)
		return -ENOMEM;
	image_scan();
	WRITE_ONCE(image_scanned, true);
	return 0;
}

/** snitch_image_exit() - nobody uses images any more, and the probes are gone */
void snitch_image_exit(void)
{
	struct snitch_image *image;
	struct hlist_node *next;
	unsigned int i;

	cancel_delayed_work_sync(&image_expire_work);
	image_release_held();
	for (i = 0; i < ARRAY_SIZE(image_table); i++)
		hlist_for_each_entry_safe(image, next, &image_table[i], node)
			image_unhash(image);
	for (i = 0; i < __SNITCH_K_MAX; i++)
		snitch_image_put(image_kernel[i]);
	snitch_image_put(image_unknown);
	WARN_ON_ONCE(image_count);
	rcu_barrier();
}
