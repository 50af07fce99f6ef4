// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy: transactions build a blob, commit swaps it in; judgement asks it.
 * Which rule wins is ranked in user space; this file never orders rules.
 * Locks and lifetimes: policy.h.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "audit.h"
#include "cache.h"
#include "counter.h"
#include "forward.h"
#include "park.h"
#include "policy.h"
#include "revoke.h"

#define BIND_BITS	12
#define BIND_APP_BITS	18			/* room for SNITCH_APPS_MAX + 1 */
#define BIND_BOUND	BIT_ULL(BIND_APP_BITS)
#define BIND_SHIFT	(BIND_APP_BITS + 1)

struct policy_binding {
	struct hlist_node node;
	struct snitch_exe exe;
	u32 app;
	struct rcu_head rcu;
};

/*
 * struct policy_blob - one policy; constant once in force, but sets and bindings
 * @sets: what @table names; replaced whole, under snitch_policy_mutex
 * @exes: apps by executable; built before it is in force
 * @alias: for each app the number that stands for its executable, whose names may be several
 * @bind_lock: protects writers of @exes after that, and @n_late
 */
struct policy_blob {
	u64 generation;
	struct snitch_policy head;
	struct snitch_table *table;
	struct snitch_sets __rcu *sets;
	struct snitch_rule *rules;
	u32 *alias;
	struct hlist_head exes[1 << BIND_BITS];
	spinlock_t bind_lock;	/* writers of exes, n_late */
	unsigned int n_late;
};

/*
 * struct snitch_build - a transaction
 * @blob: what is built
 * @sets: its sets
 */
struct snitch_build {
	struct policy_blob *blob;
	struct snitch_sets_build *sets;
	u32 n_apps;
	u32 n_rules;
	u32 unbound;
};

DEFINE_MUTEX(snitch_policy_mutex);	/* transactions, commits, limits */
static struct policy_blob __rcu *policy;
bool snitch_armed;
u64 snitch_generation;
u64 snitch_sets_generation;

static struct policy_blob *policy_locked(void)
{
	return rcu_dereference_protected(policy, lockdep_is_held(&snitch_policy_mutex));
}

static struct snitch_sets *sets_locked(const struct policy_blob *blob)
{
	return blob ? rcu_dereference_protected(blob->sets, lockdep_is_held(&snitch_policy_mutex))
		    : NULL;
}

/* ---- what is in force ---- */

u32 snitch_policy_fail(void)
{
	const struct policy_blob *blob;
	u32 fail = SNITCH_DENY;

	rcu_read_lock();
	blob = rcu_dereference(policy);
	if (blob)
		fail = blob->head.fail;
	rcu_read_unlock();
	return fail;
}

void snitch_policy_get(struct snitch_policy *head, u32 *rules, u32 *apps)
{
	const struct policy_blob *blob;

	memset(head, 0, sizeof(*head));
	rcu_read_lock();
	blob = rcu_dereference(policy);
	if (blob)
		*head = blob->head;
	rcu_read_unlock();
	*rules = head->rules;
	*apps = head->apps;
}

int snitch_policy_rule(u32 index, struct snitch_rule *rule, u64 *generation)
{
	const struct policy_blob *blob;
	int err = -ENOENT;

	rcu_read_lock();
	blob = rcu_dereference(policy);
	if (blob && index < blob->head.rules) {
		*rule = blob->rules[index];
		*generation = blob->generation;
		err = 0;
	}
	rcu_read_unlock();
	return err;
}

int snitch_policy_set(u32 slot, struct snitch_set_info *info)
{
	const struct policy_blob *blob;
	const struct snitch_sets *sets;
	int err = -ENOENT;

	memset(info, 0, sizeof(*info));
	rcu_read_lock();
	blob = rcu_dereference(policy);
	sets = blob ? rcu_dereference(blob->sets) : NULL;
	if (sets && slot < sets->n) {
		const struct snitch_set *set = sets->set[slot];

		info->id = set->id;
		info->tag = set->tag;
		info->bytes = snitch_set_bytes(set);
		info->generation = sets->generation;
		info->ranges4 = set->n4;
		info->ranges6 = set->n6;
		err = 0;
	}
	rcu_read_unlock();
	return err;
}

/* ---- bindings ---- */

static struct hlist_head *bind_bucket(struct policy_blob *blob, const struct snitch_exe *exe)
{
	u32 hash = jhash2((const u32 *)exe, sizeof(*exe) / sizeof(u32), 0);

	return &blob->exes[hash & ((1 << BIND_BITS) - 1)];
}

static struct policy_binding *bind_find(struct policy_blob *blob, const struct snitch_exe *exe)
{
	struct policy_binding *b;

	hlist_for_each_entry_rcu(b, bind_bucket(blob, exe), node, true)
		if (!memcmp(&b->exe, exe, sizeof(*exe)))
			return b;
	return NULL;
}

static struct policy_binding *bind_new(const struct snitch_exe *exe, u32 app, gfp_t gfp)
{
	struct policy_binding *b = kmalloc(sizeof(*b), gfp);

	if (b) {
		b->exe = *exe;
		b->app = app;
	}
	return b;
}

/* The image remembers its app while the generation lasts; for one on FUSE nobody vouches. */
static bool bind_of_image(struct policy_blob *blob, struct snitch_image *image, u32 *app)
{
	u64 word = READ_ONCE(image->bind);
	const struct policy_binding *b;

	if (likely(word >> BIND_SHIFT == blob->generation)) {
		*app = word & (BIND_BOUND - 1);
		return !(snitch_image_flags(image) & SNITCH_O_SERVED);
	}
	*app = SNITCH_APP_ANY;
	if (!image->has_exe)
		return false;
	b = bind_find(blob, &image->exe);
	if (!b)
		return false;
	*app = b->app;
	WRITE_ONCE(image->bind, blob->generation << BIND_SHIFT | BIND_BOUND | b->app);
	return !(snitch_image_flags(image) & SNITCH_O_SERVED);
}

/**
 * snitch_policy_bind() - the decider vouches for an executable
 * @image: an owner it was told of
 * @generation: of the policy it speaks of
 * @app: number of an app of that policy, or 0: it has no rules of its own
 *
 * Return: 0, -ESTALE (another generation by now), -EINVAL, -ENOSPC, -ENOMEM.
 * Context: any.
 */
int snitch_policy_bind(struct snitch_image *image, u64 generation, u32 app)
{
	struct policy_binding *b, *old;
	struct policy_blob *blob;
	int err = 0;

	if (!image->has_exe)
		return -EINVAL;
	b = bind_new(&image->exe, 0, GFP_ATOMIC | __GFP_NOWARN);
	if (!b)
		return -ENOMEM;
	rcu_read_lock();
	blob = rcu_dereference(policy);
	if (!blob || blob->generation != generation) {
		err = -ESTALE;
		goto out;
	}
	if (app > blob->head.apps) {
		err = -EINVAL;
		goto out;
	}
	app = blob->alias[app];
	b->app = app;
	spin_lock_bh(&blob->bind_lock);
	old = bind_find(blob, &image->exe);
	if (!old && blob->n_late >= SNITCH_BINDINGS_MAX) {
		err = -ENOSPC;
	} else {
		if (old) {
			hlist_del_rcu(&old->node);
			kfree_rcu(old, rcu);
		} else {
			blob->n_late++;
		}
		hlist_add_head_rcu(&b->node, bind_bucket(blob, &image->exe));
		b = NULL;
		WRITE_ONCE(image->bind, generation << BIND_SHIFT | BIND_BOUND | app);
	}
	spin_unlock_bh(&blob->bind_lock);
out:
	rcu_read_unlock();
	kfree(b);
	return err;
}

/* ---- judgement ---- */

static __always_inline void judge_query(struct snitch_query *q, const struct snitch_subject *s)
{
	const struct snitch_packet *p = s->packet;

	q->family = p->family;
	q->proto = p->proto;
	q->port = p->dport;
	q->loopback = s->loopback;
	q->ifindex = s->netns == init_net.ns.inum ? s->ifindex : 0;
	q->uid = s->uid;
	q->cgroup = READ_ONCE(s->image->cgroup);
	q->cgroup_ancestors = s->image->above;
	q->n_cgroups = READ_ONCE(s->image->n_above);
	memcpy(q->addr, &p->daddr, sizeof(q->addr));
}

/* What is forwarded is no question to anybody: the mode decides what rules do not. */
static void judge_forwarded(const struct snitch_policy *head, struct snitch_judgement *j)
{
	bool rules = head->forward == SNITCH_FORWARD_RULES;

	j->action = rules && head->mode != SNITCH_MODE_OBSERVE ? SNITCH_DENY : SNITCH_ALLOW;
	j->origin = rules ? SNITCH_BY_MODE : SNITCH_BY_KERNEL;
}

static void judge_kernel_by(const struct policy_blob *blob, u32 kernel,
			    const struct snitch_decision *d, struct snitch_judgement *j)
{
	if (d->action && d->action != SNITCH_ASK && !d->consult) {
		j->action = d->action;
		j->origin = SNITCH_BY_RULE;
		j->origin_id = d->rule;
		return;
	}
	if (kernel == SNITCH_K_RELAYED)
		j->action = SNITCH_DENY;	/* some user's, but nobody knows whose */
	else
		j->action = blob ? blob->head.kernel : SNITCH_ALLOW;
	j->origin = SNITCH_BY_KERNEL;
	j->unmatched = true;
	if (blob && kernel == SNITCH_K_FORWARDED)
		judge_forwarded(&blob->head, j);
}

/*
 * snitch_policy_judge_kind() - is all the kernel sends of one kind judged alike?
 * @kernel: enum snitch_kernel
 * @j: filled whole if so
 *
 * Return: false: it depends on where it goes. Context: any; no lock.
 */
bool snitch_policy_judge_kind(u32 kernel, struct snitch_judgement *j)
{
	struct snitch_decision d = {};
	const struct policy_blob *blob;
	bool alike = true;

	*j = (struct snitch_judgement){};
	rcu_read_lock();
	blob = rcu_dereference(policy);
	if (blob) {
		j->generation = blob->generation;
		alike = snitch_table_kind(blob->table, kernel, &d);
	}
	if (alike)
		judge_kernel_by(blob, kernel, &d, j);
	rcu_read_unlock();
	return alike;
}

/* The kernel's own traffic is ruled, never asked about. */
static void judge_kernel(struct policy_blob *blob, const struct snitch_subject *s,
			 struct snitch_judgement *j)
{
	struct snitch_query q = { .app = SNITCH_APP_KERNEL, .bound = true, .kernel = s->kernel };
	struct snitch_decision d = {};

	judge_query(&q, s);
	if (blob && (s->kernel != SNITCH_K_FORWARDED ||
		     blob->head.forward == SNITCH_FORWARD_RULES))
		snitch_table_lookup(blob->table, rcu_dereference(blob->sets), &q, &d);
	j->sets = d.sets;
	judge_kernel_by(blob, s->kernel, &d, j);
}

static void judge_user(struct policy_blob *blob, const struct snitch_subject *s,
		       struct snitch_judgement *j)
{
	struct snitch_decision d;
	struct snitch_query q;

	judge_query(&q, s);
	q.kernel = SNITCH_K_NONE;
	q.no_allow = snitch_image_flags(s->image) & SNITCH_O_DISGUISED;
	/* Where no program has rules of its own there is nothing to be bound to. */
	q.bound = bind_of_image(blob, s->image, &q.app) || !blob->head.apps;
	snitch_table_lookup(blob->table, rcu_dereference(blob->sets), &q, &d);
	j->sets = d.sets;
	if (d.action && d.action != SNITCH_ASK && !d.consult) {
		j->action = d.action;
		j->origin = SNITCH_BY_RULE;
		j->origin_id = d.rule;
		return;
	}
	j->lockdown = blob->head.mode == SNITCH_MODE_LOCKDOWN;
	j->observe = blob->head.mode == SNITCH_MODE_OBSERVE;
	if (!q.no_allow && !j->lockdown && snitch_cache_find(s, j))
		return;
	j->unbound = !q.bound;
	j->action = SNITCH_ASK;
	if (d.action == SNITCH_ASK)
		j->ask_rule = d.rule;
	else
		j->unmatched = true;
	if (d.consult || d.action == SNITCH_ASK || blob->head.unmatched == SNITCH_ASK)
		return;
	j->action = blob->head.unmatched;
	j->origin = SNITCH_BY_MODE;
}

/**
 * snitch_policy_judge() - what do rules and earlier conclusions say?
 * @s: who and what
 * @j: filled whole
 *
 * Context: any; no lock, no allocation.
 */
void snitch_policy_judge(const struct snitch_subject *s, struct snitch_judgement *j)
{
	struct policy_blob *blob;

	*j = (struct snitch_judgement){};
	rcu_read_lock();
	blob = rcu_dereference(policy);
	j->generation = blob ? blob->generation : 0;
	if (s->kernel) {
		judge_kernel(blob, s, j);
	} else if (blob && blob->head.mode == SNITCH_MODE_OFF) {
		j->action = SNITCH_ALLOW;	/* what waited when judging ended */
		j->origin = SNITCH_BY_MODE;
	} else if (blob) {
		judge_user(blob, s, j);
	} else {
		j->action = SNITCH_ASK;
		j->unmatched = true;
	}
	rcu_read_unlock();
}

/* ---- transactions ---- */

static void blob_free(struct policy_blob *blob)
{
	struct policy_binding *b;
	struct hlist_node *next;
	unsigned int i;

	if (!blob)
		return;
	for (i = 0; i < ARRAY_SIZE(blob->exes); i++)
		hlist_for_each_entry_safe(b, next, &blob->exes[i], node)
			kfree(b);
	snitch_table_free(blob->table);
	/* Nobody finds it: not in force yet, or no more since a grace period. */
	snitch_sets_free(rcu_dereference_protected(blob->sets, true));
	kvfree(blob->rules);
	kvfree(blob->alias);
	kvfree(blob);
}

void snitch_build_free(struct snitch_build *b)
{
	if (!b)
		return;
	blob_free(b->blob);
	snitch_sets_build_free(b->sets);
	kfree(b);
}

static int build_check(const struct snitch_policy *p)
{
	if (p->mode > SNITCH_MODE_LOCKDOWN)
		return -EINVAL;
	if (p->fail != SNITCH_ALLOW && p->fail != SNITCH_DENY)
		return -EINVAL;
	if (p->kernel != SNITCH_ALLOW && p->kernel != SNITCH_DENY)
		return -EINVAL;
	if (p->unmatched < SNITCH_ALLOW || p->unmatched > SNITCH_ASK ||
	    p->forward > SNITCH_FORWARD_RULES)
		return -EINVAL;
	if (p->rules > SNITCH_RULES_MAX || p->apps > SNITCH_APPS_MAX || p->sets > SNITCH_SETS_MAX)
		return -ENOSPC;
	return 0;
}

struct snitch_build *snitch_build_new(const struct snitch_policy *head, int *err)
{
	struct snitch_build *b;

	*err = build_check(head);
	if (*err)
		return NULL;
	*err = -ENOMEM;
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->blob = kvzalloc(sizeof(*b->blob), GFP_KERNEL_ACCOUNT);
	if (b->blob) {
		b->blob->alias = kvcalloc(head->apps + 1, sizeof(*b->blob->alias),
					  GFP_KERNEL_ACCOUNT);
		b->blob->rules = kvcalloc(head->rules ?: 1, sizeof(*b->blob->rules),
					  GFP_KERNEL_ACCOUNT);
	}
	b->sets = snitch_sets_build_new(sets_locked(policy_locked()), false, head->sets,
					snitch_limits.max_ranges);
	if (!b->blob || !b->sets || !b->blob->alias || !b->blob->rules) {
		snitch_build_free(b);
		return NULL;
	}
	spin_lock_init(&b->blob->bind_lock);
	b->blob->head = *head;
	*err = 0;
	return b;
}

/*
 * snitch_build_app() - one more app
 * @exe: its executable; NULL: not there, its rules wait for a load that finds it
 *
 * Return: 0, -ENOSPC, -ENOMEM.
 */
int snitch_build_app(struct snitch_build *b, const struct snitch_exe *exe)
{
	struct policy_binding *binding;
	u32 app;

	if (b->n_apps >= b->blob->head.apps)
		return -ENOSPC;
	app = ++b->n_apps;
	b->blob->alias[app] = app;
	if (!exe) {
		b->unbound++;
		return 0;
	}
	binding = bind_find(b->blob, exe);
	if (binding) {	/* another name of the same executable */
		b->blob->alias[app] = binding->app;
		return 0;
	}
	binding = bind_new(exe, app, GFP_KERNEL_ACCOUNT);
	if (!binding)
		return -ENOMEM;
	hlist_add_head(&binding->node, bind_bucket(b->blob, exe));
	return 0;
}

int snitch_build_rules(struct snitch_build *b, const struct snitch_rule *rules, u32 n)
{
	if (n > b->blob->head.rules - b->n_rules)
		return -ENOSPC;
	memcpy(b->blob->rules + b->n_rules, rules, n * sizeof(*rules));
	b->n_rules += n;
	return 0;
}

struct snitch_sets_build *snitch_build_sets(struct snitch_build *b)
{
	return b->sets;
}

static int build_table(struct snitch_build *b, const char **why)
{
	struct policy_blob *blob = b->blob;
	struct snitch_sets *sets;
	u32 i, app;
	int err;

	err = snitch_sets_build_finish(b->sets, snitch_sets_generation + 1, &sets, why);
	if (err)
		return err;
	RCU_INIT_POINTER(blob->sets, sets);
	for (i = 0; i < blob->head.rules; i++) {
		app = blob->rules[i].app;
		if (app == SNITCH_APP_KERNEL)
			continue;
		if (app > blob->head.apps)
			return -EINVAL;
		blob->rules[i].app = blob->alias[app];
	}
	blob->table = snitch_table_build(blob->rules, blob->head.rules, blob->head.apps,
					 sets, &err);
	return blob->table ? 0 : err;
}

/*
 * snitch_build_commit() - put the transaction in force; frees it in any case
 * @why: text, changed where sets are the reason
 *
 * Return: 0; -EINVAL (announced numbers or a rule are wrong), -ENOSPC, -ENOMEM:
 * then the policy in force stays.
 */
int snitch_build_commit(struct snitch_build *b, u64 *generation, u32 *unbound, const char **why)
{
	struct policy_blob *old, *blob = b->blob;
	const struct snitch_sets *sets;
	bool was_armed = snitch_policy_armed();
	int err = -EINVAL;

	lockdep_assert_held(&snitch_policy_mutex);
	if (b->n_apps == blob->head.apps && b->n_rules == blob->head.rules)
		err = build_table(b, why) ?: snitch_forward_begin(&blob->head);
	if (err)
		goto out;
	blob->generation = snitch_generation + 1;
	*generation = blob->generation;
	*unbound = b->unbound;
	old = policy_locked();
	sets = sets_locked(blob);
	if (!was_armed && blob->head.mode != SNITCH_MODE_OFF)
		snitch_revoke_older(blob->generation, sets->n ? sets->generation : 0);
	rcu_assign_pointer(policy, blob);
	WRITE_ONCE(snitch_sets_generation, sets->generation);
	WRITE_ONCE(snitch_generation, blob->generation);
	WRITE_ONCE(snitch_armed, blob->head.mode != SNITCH_MODE_OFF);
	b->blob = NULL;
	snitch_audit_policy(blob->generation, blob->head.rules);
	synchronize_rcu();
	blob_free(old);
	snitch_forward_end(&blob->head);
	snitch_park_rejudge();
	snitch_revoke_start();
out:
	snitch_build_free(b);
	return err;
}

/* ---- sets alone ---- */

struct snitch_sets_build *snitch_policy_sets_new(int *err)
{
	struct policy_blob *blob = policy_locked();
	struct snitch_sets_build *b;

	*err = -ENOENT;
	if (!blob)
		return NULL;
	b = snitch_sets_build_new(sets_locked(blob), true, 0, snitch_limits.max_ranges);
	*err = b ? 0 : -ENOMEM;
	return b;
}

/*
 * snitch_policy_change_sets() - others from now on, all at once
 *
 * The policy stays, and so do verdicts that no set had a part in.
 * Return: 0, or -errno and @why: then nothing has changed.
 */
int snitch_policy_change_sets(struct snitch_sets_build *b, u64 *generation, const char **why)
{
	struct policy_blob *blob = policy_locked();
	struct snitch_sets *old = sets_locked(blob), *sets;
	int err = snitch_sets_build_finish(b, snitch_sets_generation + 1, &sets, why);

	if (err)
		return err;
	*generation = sets->generation;
	rcu_assign_pointer(blob->sets, sets);
	WRITE_ONCE(snitch_sets_generation, sets->generation);
	synchronize_rcu();
	snitch_sets_free(old);
	snitch_park_rejudge();
	snitch_revoke_start();
	return 0;
}

/* ---- start and end ---- */

/* @armed: judge before any policy is there: all is unknown, and without a decider refused */
int snitch_policy_init(bool armed)
{
	snitch_armed = armed;
	return 0;
}

/** snitch_policy_exit() - nobody judges any more */
void snitch_policy_exit(void)
{
	mutex_lock(&snitch_policy_mutex);
	blob_free(policy_locked());
	RCU_INIT_POINTER(policy, NULL);
	mutex_unlock(&snitch_policy_mutex);
}
