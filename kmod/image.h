/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Image: process images (pid, exec id) and their ancestors, as they were
 * when fork and exec happened. Fed by tracepoints, bounded.
 *
 * Locks and lifetimes
 *   snitch_image_lock (spinlock, BH) protects the hash table, the counts and
 *   the list of images that still hold their file. It nests inside nothing
 *   but snitch_park_lock, snitch_cache_lock and dns_lock, and nothing is taken
 *   under it.
 *   image->lock (spinlock, BH) protects file, cgrp and path; leaf.
 *   An image is referenced by the table while its process lives, for
 *   SNITCH_FILE_HOLD after it was captured (so that the decider can still
 *   open its executable), by flows, parked flows, and its children; freed
 *   after RCU, so that readers may look at one found in a table or in a flow
 *   entry under rcu_read_lock().
 *   A child's reference to its parent never makes a cycle: a parent is
 *   always older.
 */
#ifndef SNITCH_IMAGE_H
#define SNITCH_IMAGE_H

#include <linux/atomic.h>
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/kref.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/snitch.h>

#include "uid.h"

#define SNITCH_IMAGES_MAX	32768	/* process images at once */
#define SNITCH_IMAGES_UID_MAX	8192	/* of one unprivileged uid */
#define SNITCH_FILE_HOLD	(5 * HZ)	/* of an executable's file; with many images less */
#define SNITCH_CGROUP_DEPTH	16	/* cgroups above its own that a rule can name */
#define SNITCH_ANCESTORS_MAX	8	/* told to user space */
#define SNITCH_ANCESTRY_MAX	32	/* references up; then the ancestry is cut */

/** struct snitch_exe - which executable: the real inode below overlays */
struct snitch_exe {
	u64 ino;
	s64 ctime;
	u32 ctime_nsec;
	u32 dev;	/* new_encode_dev() */
	u32 gen;
	u32 pad;
};

/*
 * struct snitch_image - one process image
 * @node: in the table by process, under snitch_image_lock, read under RCU
 * @by_id: in the table by id until freed, under snitch_image_lock
 * @depth: ancestors referenced above this one
 * @script: executed as a file by this interpreter, with @script_len bytes
 * @ref: see above
 * @id: told to user space, never reused; constant, as all below unless said
 * @pid: of the thread group, referenced: the pointer is never reused
 * @exec_id: self_exec_id of the task at that time
 * @executed: id of the image whose exec it was: its own, or of whom it is a fork
 * @start: CLOCK_BOOTTIME ns
 * @parent: referenced, or NULL
 * @exe: the executable as it was at exec
 * @has_exe: whether @exe means anything
 * @flags: SNITCH_O_*; bits are only added, by snitch_image_flag()
 * @kernel: enum snitch_kernel for the images that stand for the kernel
 * @bind: app number under a generation, see policy.c; one word, racing
 *	  writers write what is true
 * @replaced: exec has happened since: another image has this pid
 * @parked: flows parked now, under snitch_park_lock
 * @cached: entries of the decision cache
 * @dns: see uid.h
 * @announced: decider session that was sent OWNER, under snitch_park_lock
 * @quota: whom it counts against
 * @cgroup: id of its cgroup as it was last seen, with the ids of @n_above ones
 *	    over it in @above, the root first; changes under @lock, read without:
 *	    who may move a process between cgroups may race with himself
 * @lock: protects the members below
 * @file: the executable while held
 * @cgrp: its cgroup while held
 * @held: in the list of images kept for a while, which has a reference,
 *	  under snitch_image_lock
 * @held_since: jiffies
 * @path: made from @file, once
 * @cgroup_path: made from @cgrp, once
 * @cmdline: SNITCH_CMDLINE_MAX bytes at most, taken once
 */
struct snitch_image {
	struct hlist_node node;
	struct hlist_node by_id;
	struct kref ref;
	u64 id;
	struct pid *pid;
	u64 exec_id;
	u64 executed;
	u64 start;
	u64 bind;
	struct snitch_exe exe;
	bool has_exe;
	bool replaced;
	atomic_t flags;
	struct snitch_image *parent;
	u32 kernel;
	unsigned int parked;
	atomic_t cached;
	struct snitch_dns_share dns;
	u64 announced;
	struct snitch_uid *quota;
	u64 cgroup;
	u64 above[SNITCH_CGROUP_DEPTH];
	u32 n_above;
	u64 exe_size;
	u32 exe_uid;
	u32 exe_mode;
	u32 tgid;
	u32 ppid;
	u32 ns_pid;
	u32 uid;
	u32 euid;
	u32 gid;
	u32 loginuid;
	u32 session;
	u32 pidns;
	u32 mntns;
	u32 userns;
	u32 userns_owner;
	char comm[SNITCH_COMM_LEN];
	unsigned int depth;
	char *script;
	u16 script_len;

	spinlock_t lock;	/* file, cgrp and strings */
	struct file *file;
	struct cgroup *cgrp;
	struct list_head held;
	unsigned long held_since;
	char *path;
	u16 path_len;
	u16 cgroup_len;
	u16 cmd_len;
	char *cgroup_path;
	char *cmdline;
	struct rcu_head rcu;
};

int snitch_image_init(void);
void snitch_image_exit(void);

struct snitch_image *snitch_image_seen(struct task_struct *task);
struct snitch_image *snitch_image_current(void);
struct snitch_image *snitch_image_of(struct task_struct *task);
struct task_struct *snitch_image_live_thread(struct task_struct *process);
struct snitch_image *snitch_image_kernel(enum snitch_kernel kind);
struct snitch_image *snitch_image_unknown(void);
void snitch_image_check(struct snitch_image *image);
void snitch_image_refresh(struct snitch_image *image);
void snitch_image_strings(struct snitch_image *image);
struct file *snitch_image_file(struct snitch_image *image);
void snitch_image_keep(struct snitch_image *image, struct file **file, struct cgroup **cgrp);
struct cgroup *snitch_image_task_cgroup(struct task_struct *task);
/* capture.c, of a new image; any context */
void snitch_image_fill_task(struct snitch_image *image, struct task_struct *task);
void snitch_image_fill_pid(struct snitch_image *image, struct pid *pid);
void snitch_image_fill_file(struct snitch_image *image, struct file *file);
const char *snitch_image_kernel_name(u32 kind);	/* below __SNITCH_K_MAX */
void snitch_image_fill_script(struct snitch_image *image, const struct linux_binprm *bprm);
void snitch_image_fill_like(struct snitch_image *image, const struct snitch_image *like);
struct file *snitch_exe_of_mm(struct mm_struct *mm);
struct snitch_image *snitch_image_find(u64 id);
unsigned int snitch_image_count(void);

/* Probes on fork, exec and exit; see image.c for their contexts. */
void snitch_image_forked(struct task_struct *parent, struct task_struct *child);
void snitch_image_execed(struct task_struct *task, struct linux_binprm *bprm);
void snitch_image_exited(struct task_struct *task);

/**
 * snitch_image_string() - a string that is made once, after the image
 * @where: path, cgroup_path, cmdline or script of an image
 *
 * Return: the string, whose length member is then valid, or NULL.
 */
static inline char *snitch_image_string(char *const *where)
{
	/* Pairs with smp_store_release() in snitch_image_set_string(). */
	return smp_load_acquire(where);
}

/* Under image->lock: the string becomes visible together with its length. */
static inline void snitch_image_set_string(char **where, char *string)
{
	/* Pairs with smp_load_acquire() in snitch_image_string(). */
	smp_store_release(where, string);
}

void snitch_image_release(struct kref *ref);

/** snitch_image_get() - one more reference to an image the caller has; any context */
static inline struct snitch_image *snitch_image_get(struct snitch_image *image)
{
	kref_get(&image->ref);
	return image;
}

/** snitch_image_put() - give a reference back; any context; NULL is fine */
static inline void snitch_image_put(struct snitch_image *image)
{
	if (image)
		kref_put(&image->ref, snitch_image_release);
}

/** snitch_image_is_current() - does @current run this very image? any context */
static inline bool snitch_image_is_current(const struct snitch_image *image)
{
	return image->pid == task_tgid(current) &&
	       image->exec_id == READ_ONCE(current->self_exec_id);
}

/** snitch_image_flags() - SNITCH_O_* of an image; any context */
static inline u32 snitch_image_flags(const struct snitch_image *image)
{
	return atomic_read(&image->flags);
}

/** snitch_image_flag() - add SNITCH_O_* bits; any context */
static inline void snitch_image_flag(struct snitch_image *image, u32 bits)
{
	atomic_or(bits, &image->flags);
}

/* snitch_image_ended() - has its process exited, or is it another program by now? Any context;
 * not so of NULL.
 */
static inline bool snitch_image_ended(const struct snitch_image *image)
{
	return image && (READ_ONCE(image->replaced) ||
			 snitch_image_flags(image) & SNITCH_O_EXITED);
}

/** snitch_image_same_exe() - do two images run the same executable? */
bool snitch_image_same_exe(const struct snitch_image *a, const struct snitch_image *b);

/* snitch_image_same_program() - does what one was told hold for the other? One exec's, forks
 * included, or the same executable with the same script; of one that is disguised nobody knows.
 * Any context.
 */
bool snitch_image_same_program(const struct snitch_image *a, const struct snitch_image *b);

/** snitch_exe_same() - the same executable, unchanged? any context */
static inline bool snitch_exe_same(const struct snitch_exe *a, const struct snitch_exe *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/** snitch_exe_is_inode() - is @inode (below overlays) that executable's? any context */
static inline bool snitch_exe_is_inode(const struct snitch_exe *exe, const struct inode *inode)
{
	return exe->ino == inode->i_ino && exe->gen == inode->i_generation &&
	       exe->dev == new_encode_dev(inode->i_sb->s_dev);
}

int snitch_exe_of_file(struct snitch_exe *exe, const struct file *file);
int snitch_exe_of_path(struct snitch_exe *exe, const struct path *path);
/* Process context, sleeps, without any lock: */
int snitch_exe_resolve(const char *name, struct snitch_exe *exe);

#endif
