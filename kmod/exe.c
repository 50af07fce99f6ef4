// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exe: which executable a file is: the real inode below overlays, never a
 * path's text. Never reads a file; only snitch_exe_resolve() sleeps for one.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mm_types.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/stat.h>

#include "image.h"

static void exe_of_inode(struct snitch_exe *exe, const struct inode *inode)
{
	struct timespec64 ctime = snitch_compat_ctime(inode);

	memset(exe, 0, sizeof(*exe));
	exe->dev = new_encode_dev(inode->i_sb->s_dev);
	exe->ino = inode->i_ino;
	exe->gen = inode->i_generation;
	exe->ctime = ctime.tv_sec;
	exe->ctime_nsec = ctime.tv_nsec;
}

/*
 * snitch_exe_of_file() - which executable is this file, below overlays
 *
 * Return: 0, or -ENOENT when there is no inode. Context: any; an executable
 * that runs has its lower inode at hand, so that nothing sleeps here.
 */
int snitch_exe_of_file(struct snitch_exe *exe, const struct file *file)
{
	const struct inode *inode = d_real_inode(file->f_path.dentry);

	if (!inode)
		return -ENOENT;
	exe_of_inode(exe, inode);
	return 0;
}

/** snitch_exe_of_path() - the same of a path resolved by the caller; may sleep */
int snitch_exe_of_path(struct snitch_exe *exe, const struct path *path)
{
	const struct inode *inode = d_real_inode(path->dentry);

	if (!inode || !S_ISREG(inode->i_mode))
		return -ENOENT;
	exe_of_inode(exe, inode);
	return 0;
}

bool snitch_image_same_exe(const struct snitch_image *a, const struct snitch_image *b)
{
	if (a == b)
		return true;
	return a->has_exe && b->has_exe && snitch_exe_same(&a->exe, &b->exe);
}

/* One that a file descriptor names is another each time; so may one be that the working directory
 * is needed for.
 */
static bool image_same_script(const struct snitch_image *a, const struct snitch_image *b)
{
	const char *x = snitch_image_string(&a->script), *y = snitch_image_string(&b->script);

	if (!x || !y)
		return x == y;
	return a->script_len == b->script_len && !memcmp(x, y, a->script_len) && *x == '/' &&
	       !(a->script_len > 8 && !memcmp(x, "/dev/fd/", 8));
}

bool snitch_image_same_program(const struct snitch_image *a, const struct snitch_image *b)
{
	if (a->executed == b->executed)
		return true;
	if ((snitch_image_flags(a) | snitch_image_flags(b)) & SNITCH_O_DISGUISED)
		return false;
	return snitch_image_same_exe(a, b) && image_same_script(a, b);
}

/* snitch_exe_of_mm() - the file that @mm says it executes, with a reference; any context */
struct file *snitch_exe_of_mm(struct mm_struct *mm)
{
	struct file *file;

	rcu_read_lock();
	file = snitch_compat_file(&mm->exe_file);
	rcu_read_unlock();
	return file;
}

/*
 * snitch_image_live_thread() - the leader of a process, or a thread that outlived it
 *
 * Return: a thread that has a memory still, or NULL. Context: under RCU.
 */
struct task_struct *snitch_image_live_thread(struct task_struct *process)
{
	struct task_struct *task;

	for_each_thread(process, task)
		if (READ_ONCE(task->mm))
			return task;
	return NULL;
}

/*
 * snitch_exe_resolve() - which executable a path names, here and now
 *
 * Return: 0, -EINVAL (not absolute), or why it does not resolve to a file.
 * Context: process, in the loader's; may sleep for as long as a file system
 * likes, so no lock of the module is held.
 */
int snitch_exe_resolve(const char *name, struct snitch_exe *exe)
{
	struct path path;
	int err;

	if (name[0] != '/')
		return -EINVAL;
	err = kern_path(name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = snitch_exe_of_path(exe, &path);
	path_put(&path);
	return err;
}
