// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capture: what a first packet shows of its sender, and the strings made of
 * it later. Captures never fault a page in and never sleep; strings are made
 * from references held, so that no other process is touched.
 */
#include <linux/audit.h>
#include <linux/binfmts.h>
#include <linux/cgroup.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "counter.h"
#include "image.h"
#include "uid.h"

/* ---- when the image is made ---- */

/* Under RCU; nobody else looks at the image yet, or image->lock is held. */
static void image_take_cgroup(struct snitch_image *image, const struct cgroup *cgrp)
{
	u32 n;

	for (n = 0; n < SNITCH_CGROUP_DEPTH && n < cgrp->level; n++)
		WRITE_ONCE(image->above[n], snitch_compat_ancestor(cgrp, n));
	WRITE_ONCE(image->n_above, n);
	WRITE_ONCE(image->cgroup, cgroup_id(cgrp));
}

void snitch_image_fill_task(struct snitch_image *image, struct task_struct *task)
{
	const struct cred *cred;

	image->exec_id = READ_ONCE(task->self_exec_id);
	image->tgid = task_tgid_nr(task);
	memcpy(image->comm, task->comm, sizeof(image->comm));
	image->comm[sizeof(image->comm) - 1] = '\0';
	image->loginuid = from_kuid(&init_user_ns, audit_get_loginuid(task));
	image->session = audit_get_sessionid(task);
	rcu_read_lock();
	image->start = task->group_leader->start_boottime;
	image->ppid = task_tgid_nr(rcu_dereference(task->real_parent));
	cred = __task_cred(task);
	image->uid = from_kuid(&init_user_ns, cred->uid);
	image->euid = from_kuid(&init_user_ns, cred->euid);
	image->gid = from_kgid(&init_user_ns, cred->gid);
	image->userns = cred->user_ns->ns.inum;
	image->userns_owner = from_kuid(&init_user_ns, cred->user_ns->owner);
	image->quota = snitch_uid_get(snitch_uid_number(cred));
	image_take_cgroup(image, task_dfl_cgroup(task));
	rcu_read_unlock();
}

/* The cgroup of @task with a reference, if it is not being taken down. */
struct cgroup *snitch_image_task_cgroup(struct task_struct *task)
{
	struct cgroup *cgrp;

	rcu_read_lock();
	cgrp = task_dfl_cgroup(task);
	if (!cgroup_tryget(cgrp))
		cgrp = NULL;
	rcu_read_unlock();
	return cgrp;
}

void snitch_image_fill_pid(struct snitch_image *image, struct pid *pid)
{
	image->pid = get_pid(pid);
	image->ns_pid = pid->numbers[pid->level].nr;
	image->pidns = pid->numbers[pid->level].ns->ns.inum;
}

/* FUSE, by its own name: virtiofs is served by the machine around this one, not by a program. */
static bool image_is_served(const struct inode *inode)
{
	const char *type = inode->i_sb->s_type->name;

	return !strcmp(type, "fuse") || !strcmp(type, "fuseblk");
}

void snitch_image_fill_file(struct snitch_image *image, struct file *file)
{
	const struct inode *inode;

	if (snitch_exe_of_file(&image->exe, file))
		return;
	inode = d_real_inode(file->f_path.dentry);
	image->has_exe = true;
	image->exe_size = i_size_read(inode);
	image->exe_uid = from_kuid(&init_user_ns, inode->i_uid);
	image->exe_mode = inode->i_mode;
	if (!inode->i_nlink)
		snitch_image_flag(image, SNITCH_O_DELETED);
	if (file->f_path.mnt->mnt_flags & MNT_INTERNAL)
		snitch_image_flag(image, SNITCH_O_MEMFD);
	if (image_is_served(inode))
		snitch_image_flag(image, SNITCH_O_SERVED);
}

/* Without memory nobody can tell what was executed: no allow rule may match. */
static void image_set_script(struct snitch_image *image, const char *path, size_t len)
{
	char *script = kmemdup(path, len, GFP_ATOMIC | __GFP_NOWARN);

	if (script) {
		image->script_len = len;
		snitch_image_set_string(&image->script, script);
	} else {
		snitch_image_flag(image, SNITCH_O_DISGUISED);
		snitch_count(SNITCH_C_NOMEM);
	}
	snitch_image_flag(image, SNITCH_O_SCRIPT);
}

void snitch_image_fill_like(struct snitch_image *image, const struct snitch_image *like)
{
	const char *script = snitch_image_string(&like->script);

	image->executed = like->executed;
	image->exe = like->exe;
	image->has_exe = like->has_exe;
	image->exe_size = like->exe_size;
	image->exe_uid = like->exe_uid;
	image->exe_mode = like->exe_mode;
	snitch_image_flag(image, snitch_image_flags(like) &
			  (SNITCH_O_DELETED | SNITCH_O_MEMFD | SNITCH_O_DISGUISED |
			   SNITCH_O_SCRIPT | SNITCH_O_SERVED));
	if (script)
		image_set_script(image, script, like->script_len);
}

void snitch_image_fill_script(struct snitch_image *image, const struct linux_binprm *bprm)
{
	if (!bprm->filename || !bprm->interp || !strcmp(bprm->filename, bprm->interp))
		return;
	image_set_script(image, bprm->filename, strnlen(bprm->filename, SNITCH_PATH_MAX));
}

static const char *const kernel_names[__SNITCH_K_MAX] = {
	[SNITCH_K_NONE]		= "kernel",
	[SNITCH_K_ICMP_ERROR]	= "icmp-error",
	[SNITCH_K_ICMP_REPLY]	= "icmp-reply",
	[SNITCH_K_ND]		= "nd",
	[SNITCH_K_IGMP]		= "igmp",
	[SNITCH_K_MLD]		= "mld",
	[SNITCH_K_TCP]		= "tcp",
	[SNITCH_K_WIREGUARD]	= "wireguard",
	[SNITCH_K_NFS]		= "nfs",
	[SNITCH_K_VXLAN]	= "vxlan",
	[SNITCH_K_OTHER]	= "other",
	[SNITCH_K_RELAYED]	= "relayed",
	[SNITCH_K_FORWARDED]	= "forwarded",
};

const char *snitch_image_kernel_name(u32 kind)
{
	return kernel_names[kind];
}

/* ---- at a flow's first packet ---- */

static void image_take_cmdline(struct snitch_image *image)
{
	const struct mm_struct *mm = current->mm;
	unsigned long start = READ_ONCE(mm->arg_start), end = READ_ONCE(mm->arg_end);
	size_t len;
	char *buf;

	if (READ_ONCE(image->cmdline) || end <= start)
		return;
	len = min_t(size_t, end - start, SNITCH_CMDLINE_MAX);
	buf = kmalloc(SNITCH_CMDLINE_MAX, GFP_ATOMIC | __GFP_NOWARN);
	if (!buf)
		return;
	/* Never faults anything in: the page may be anybody's file system's. */
	if (copy_from_user_nofault(buf, (const void __user *)start, len)) {
		kfree(buf);
		return;
	}
	spin_lock_bh(&image->lock);
	if (!image->cmdline) {
		image->cmd_len = len;
		snitch_image_set_string(&image->cmdline, buf);
		buf = NULL;
	}
	spin_unlock_bh(&image->lock);
	kfree(buf);
}

/* mm->exe_file can be changed by the process itself; what it executed cannot. */
static void image_check_exe(struct snitch_image *image)
{
	struct file *file = snitch_exe_of_mm(current->mm);
	const struct inode *inode = file ? d_real_inode(file->f_path.dentry) : NULL;

	if (unlikely(!inode || !image->has_exe || !snitch_exe_is_inode(&image->exe, inode))) {
		if (!(snitch_image_flags(image) & SNITCH_O_DISGUISED))
			snitch_count(SNITCH_C_DISGUISED);
		snitch_image_flag(image, SNITCH_O_DISGUISED);
	} else if (unlikely(!inode->i_nlink)) {
		snitch_image_flag(image, SNITCH_O_DELETED);
	}
	if (file)
		fput(file);
}

/**
 * snitch_image_check() - what may have changed about a sender since it was captured
 * @image: of @current
 *
 * Whether the executable is disguised or deleted, and the cgroup: before each
 * judgement.
 *
 * Context: the task's own, under RCU; does not sleep.
 */
void snitch_image_check(struct snitch_image *image)
{
	const struct cgroup *cgrp;

	image_check_exe(image);
	cgrp = task_dfl_cgroup(current);
	if (unlikely(READ_ONCE(image->cgroup) != cgroup_id(cgrp))) {
		spin_lock_bh(&image->lock);
		image_take_cgroup(image, cgrp);
		spin_unlock_bh(&image->lock);
	}
}

#define IMAGE_FRESH	HZ	/* so long nothing is taken again */

/* Apart: nearly always there is nothing to take. */
static noinline void image_refresh(struct snitch_image *image)
{
	struct cgroup *cgrp;
	struct file *file;

	image_take_cmdline(image);
	if (snitch_image_flags(image) & SNITCH_O_DISGUISED)
		return;
	file = snitch_exe_of_mm(current->mm);
	if (!file)
		return;
	cgrp = snitch_image_task_cgroup(current);
	snitch_image_keep(image, &file, &cgrp);
	if (file)
		fput(file);
	if (cgrp)
		cgroup_put(cgrp);
}

/**
 * snitch_image_refresh() - take what a first packet shows of its sender
 * @image: of @current
 *
 * Command line, and file and cgroup again, so that they can be opened and
 * named for the next seconds.
 *
 * Context: the task's own; does not sleep.
 */
void snitch_image_refresh(struct snitch_image *image)
{
	if (!READ_ONCE(image->cmdline) ||
	    time_after_eq(jiffies, READ_ONCE(image->held_since) + IMAGE_FRESH))
		image_refresh(image);
}

/* ---- strings ---- */

/*
 * d_path(), but what it appends to the path of a file that has left it, even if
 * the file has other links, becomes a flag: rules name the path, and a file may
 * really be called so. The answer counts when the file did not leave meanwhile.
 */
static char *image_d_path(struct snitch_image *image, const struct path *path, char *page)
{
	static const char mark[] = " (deleted)";
	const size_t n = sizeof(mark) - 1;
	bool gone;
	size_t len;
	char *p;

	do {
		gone = d_unlinked(path->dentry);
		p = d_path(path, page, PAGE_SIZE);
	} while (gone != d_unlinked(path->dentry));
	if (IS_ERR(p) || !(gone || path->mnt->mnt_flags & MNT_INTERNAL))
		return p;
	snitch_image_flag(image, SNITCH_O_DELETED);
	len = strlen(p);
	if (len > n && !strcmp(p + len - n, mark))
		p[len - n] = '\0';
	return p;
}

static void image_make_path(struct snitch_image *image, struct file *file)
{
	char *page = (char *)__get_free_page(GFP_KERNEL), *p, *copy;
	size_t len;

	if (!page)
		return;
	p = image_d_path(image, &file->f_path, page);
	if (IS_ERR(p)) {
		snitch_image_flag(image, SNITCH_O_NO_PATH);
		goto out;
	}
	len = strnlen(p, SNITCH_PATH_MAX);
	copy = kmemdup(p, len, GFP_KERNEL);
	if (!copy)
		goto out;
	spin_lock_bh(&image->lock);
	if (!image->path) {
		image->path_len = len;
		snitch_image_set_string(&image->path, copy);
		copy = NULL;
	}
	spin_unlock_bh(&image->lock);
	kfree(copy);
out:
	free_page((unsigned long)page);
}

static void image_make_cgroup(struct snitch_image *image, struct cgroup *cgrp)
{
	char *buf = kmalloc(SNITCH_CGROUP_MAX, GFP_KERNEL);
	int len;

	if (!buf)
		return;
	len = cgroup_path(cgrp, buf, SNITCH_CGROUP_MAX);
	if (len <= 0 || len >= SNITCH_CGROUP_MAX)
		len = 0;
	spin_lock_bh(&image->lock);
	if (!image->cgroup_path) {
		image->cgroup_len = len;
		snitch_image_set_string(&image->cgroup_path, buf);
		buf = NULL;
	}
	spin_unlock_bh(&image->lock);
	kfree(buf);
}

/* A forked image runs what its parent executed: the path is told from there. */
static void image_borrow_path(struct snitch_image *image)
{
	struct snitch_image *from = image;
	unsigned int i;
	char *path;

	for (i = 0; i < SNITCH_ANCESTRY_MAX && from; i++, from = from->parent) {
		if (!snitch_image_same_exe(image, from))
			return;
		path = snitch_image_string(&from->path);
		if (!path) {
			struct file *file = snitch_image_file(from);

			if (file) {
				image_make_path(image, file);
				fput(file);
				return;
			}
			continue;
		}
		path = kmemdup(path, from->path_len, GFP_KERNEL);
		if (!path)
			return;
		snitch_image_flag(image, snitch_image_flags(from) & SNITCH_O_DELETED);
		spin_lock_bh(&image->lock);
		if (!image->path) {
			image->path_len = from->path_len;
			snitch_image_set_string(&image->path, path);
			path = NULL;
		}
		spin_unlock_bh(&image->lock);
		kfree(path);
		return;
	}
}

/*
 * snitch_image_strings() - make path and cgroup path from the references held
 *
 * Context: process, may sleep for memory; touches no other process.
 */
void snitch_image_strings(struct snitch_image *image)
{
	struct cgroup *cgrp = NULL;
	struct file *file;

	spin_lock_bh(&image->lock);
	if (!image->cgroup_path && image->cgrp && cgroup_tryget(image->cgrp))
		cgrp = image->cgrp;
	spin_unlock_bh(&image->lock);
	if (cgrp) {
		image_make_cgroup(image, cgrp);
		cgroup_put(cgrp);
	}
	if (snitch_image_string(&image->path) || !image->has_exe)
		return;
	file = snitch_image_file(image);
	if (file) {
		image_make_path(image, file);
		fput(file);
	} else {
		image_borrow_path(image);
	}
}
