/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policy: the compiled rules in force, the binding of executables to apps,
 * and limits. One immutable blob under RCU, swapped whole.
 *
 * Locks and lifetimes
 *   snitch_policy_mutex serialises transactions, commits and limits; it is
 *   the outermost lock of the module. The blob in force is read under
 *   rcu_read_lock() and freed after a grace period by the committer. So is the
 *   collection of sets that hangs off it, which can be replaced alone.
 *   Bindings made later (BIND) hang off the blob: an RCU hash written under
 *   its bind_lock (spinlock, BH, leaf), freed with it.
 */
#ifndef SNITCH_POLICY_H
#define SNITCH_POLICY_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/snitch.h>

#include "image.h"
#include "match.h"
#include "packet.h"

#define SNITCH_BINDINGS_MAX	8192	/* by BIND, under one generation */

extern struct mutex snitch_policy_mutex;
extern struct snitch_limits snitch_limits;	/* words read with READ_ONCE */

/** struct snitch_subject - who wants to send what, as the policy sees it */
struct snitch_subject {
	const struct snitch_packet *packet;
	struct snitch_image *image;
	u32 uid;	/* effective, of the sender */
	u32 netns;
	u32 ifindex;	/* the kernel's: of that namespace, see struct snitch_flow_event */
	u32 kernel;	/* enum snitch_kernel; not NONE: the kernel's traffic */
	bool loopback;
};

/**
 * struct snitch_judgement - what the policy says
 * @action: ALLOW, DENY or DROP: final. ASK: consult the decider
 * @origin: enum snitch_origin
 * @origin_id: the rule
 * @generation: of the policy that said so
 * @sets: generation of the sets, where they had or could have had a part in it;
 *	0: others would change nothing
 * @ask_rule: with ASK: the ask rule's id, or 0
 * @unbound: with ASK: consulted for want of a binding
 * @unmatched: no rule spoke
 * @lockdown: and the mode cuts what no rule allows
 * @observe: and the mode lets everything go
 */
struct snitch_judgement {
	u64 origin_id;
	u64 generation;
	u64 sets;
	u64 ask_rule;
	u32 action;
	u32 origin;
	bool unbound;
	bool unmatched;
	bool lockdown;
	bool observe;
};

int snitch_policy_init(bool armed);
void snitch_policy_exit(void);

/* Single words, read by every packet; written under snitch_policy_mutex. */
extern bool snitch_armed;
extern u64 snitch_generation;
extern u64 snitch_sets_generation;

/** snitch_policy_armed() - is anything judged at all? any context */
static inline bool snitch_policy_armed(void)
{
	return READ_ONCE(snitch_armed);
}

/** snitch_policy_generation() - of the policy in force, 0: none yet; any context */
static inline u64 snitch_policy_generation(void)
{
	return READ_ONCE(snitch_generation);
}

/** snitch_policy_sets_generation() - of the sets in force, 0: none yet; any context */
static inline u64 snitch_policy_sets_generation(void)
{
	return READ_ONCE(snitch_sets_generation);
}

/** snitch_judgement_current() - does the policy, with its sets, still say so? any context */
static inline bool snitch_judgement_current(const struct snitch_judgement *j)
{
	return j->generation == snitch_policy_generation() &&
	       (!j->sets || j->sets == snitch_policy_sets_generation());
}

/* snitch_judgement_open() - no rule speaks, and the mode leaves alone what is open; any context */
static inline bool snitch_judgement_open(const struct snitch_judgement *j)
{
	return !j->lockdown && (j->action == SNITCH_ASK || j->origin == SNITCH_BY_MODE);
}

u32 snitch_policy_fail(void);		/* ALLOW or DENY; any context */
void snitch_policy_get(struct snitch_policy *policy, u32 *rules, u32 *apps);
void snitch_policy_judge(const struct snitch_subject *s, struct snitch_judgement *j);
bool snitch_policy_judge_kind(u32 kernel, struct snitch_judgement *j);
int snitch_policy_bind(struct snitch_image *image, u64 generation, u32 app);

/* A transaction: begin, add, commit or abort. All under snitch_policy_mutex,
 * process context, may sleep. Errors: -EBUSY, -EINVAL, -ENOSPC, -ENOMEM,
 * -ENOENT (none open), and leave the policy in force as it is.
 */
struct snitch_build;
struct snitch_build *snitch_build_new(const struct snitch_policy *policy, int *err);
int snitch_build_app(struct snitch_build *b, const struct snitch_exe *exe);
int snitch_build_rules(struct snitch_build *b, const struct snitch_rule *rules, u32 n);
struct snitch_sets_build *snitch_build_sets(struct snitch_build *b);	/* stays @b's */
int snitch_build_commit(struct snitch_build *b, u64 *generation, u32 *unbound, const char **why);
void snitch_build_free(struct snitch_build *b);

/* A transaction about sets alone, in the same way; for snitch_sets_build_free(). */
struct snitch_sets_build *snitch_policy_sets_new(int *err);
int snitch_policy_change_sets(struct snitch_sets_build *b, u64 *generation, const char **why);

/* For dumps: the set in this slot. -ENOENT past the end. */
int snitch_policy_set(u32 slot, struct snitch_set_info *info);
/* For dumps: rule number @index of the policy in force. -ENOENT past the end. */
int snitch_policy_rule(u32 index, struct snitch_rule *rule, u64 *generation);
int snitch_policy_set_limits(const struct snitch_limits *limits);

#endif
