// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control: generic netlink "snitch". Attributes are checked by strict
 * policies before an operation runs; a transaction is built aside and changes
 * nothing before its commit. Losing monitor messages never affects a verdict.
 *
 * Locks: snitch_policy_mutex protects the open transaction. No dump takes it.
 * Operations run in parallel: genetlink's own lock is everybody's.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "cache.h"
#include "control.h"
#include "counter.h"
#include "device.h"
#include "ended.h"
#include "flow.h"
#include "image.h"
#include "park.h"
#include "policy.h"

static struct genl_family control_family;

/*
 * The transaction open now, and the port it belongs to (0: none is open).
 * Written under snitch_policy_mutex; the port is also looked at without.
 */
static struct snitch_build *control_build;
static struct snitch_policy control_head;
static u32 control_port;
static u32 control_apps;
static u32 control_rules;
static bool control_spoilt;	/* a message was taken in half */

static bool control_up;	/* the family is registered: its group is ours */

enum { CONTROL_GROUP_MONITOR };

/* What an operation does not name here is refused, as are unknown attributes. */
static const struct nla_policy policy_none[] = {
	[1] = { .type = NLA_REJECT },
};

static const struct nla_policy policy_begin[] = {
	[SNITCH_A_POLICY] = NLA_POLICY_EXACT_LEN(sizeof(struct snitch_policy)),
};

static const struct nla_policy policy_app[] = {
	[SNITCH_A_APP] = { .type = NLA_NUL_STRING, .len = SNITCH_PATH_MAX },
};

static const struct nla_policy policy_add_apps[] = {
	[SNITCH_A_APPS] = NLA_POLICY_NESTED(policy_app),
};

static const struct nla_policy policy_add_rules[] = {
	[SNITCH_A_RULES] = { .type = NLA_BINARY,
			     .len = SNITCH_RULES_PER_MSG * sizeof(struct snitch_rule) },
};

static const struct nla_policy policy_limits[] = {
	[SNITCH_A_LIMITS] = NLA_POLICY_EXACT_LEN(sizeof(struct snitch_limits)),
};

/* ---- replies ---- */

static struct sk_buff *reply_new(struct genl_info *info, size_t room, void **head)
{
	struct sk_buff *msg = genlmsg_new(room, GFP_KERNEL);

	if (!msg)
		return NULL;
	*head = genlmsg_put_reply(msg, info, &control_family, 0, info->genlhdr->cmd);
	if (*head)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int reply_send(struct genl_info *info, struct sk_buff *msg, void *head, int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

/* Fills and sends a message of reply_new() with room for it: that cannot fail half-way. */
static int reply_generation(struct genl_info *info, struct sk_buff *msg, void *head,
			    u64 generation, u32 unbound)
{
	int err = nla_put_u64_64bit(msg, SNITCH_A_GENERATION, generation, SNITCH_A_PAD) ?:
		  nla_put_u32(msg, SNITCH_A_UNBOUND, unbound);

	return reply_send(info, msg, head, err);
}

/* ---- status ---- */

static void status_fill(struct snitch_status *st)
{
	struct snitch_park_numbers n;

	memset(st, 0, sizeof(*st));
	snitch_policy_get(&st->policy, &st->rules, &st->apps);
	st->generation = snitch_policy_generation();
	st->armed = snitch_policy_armed();
	st->limits = snitch_limits;
	snitch_device_state(st);
	snitch_park_count(&n);
	st->parked = n.parked;
	st->held = n.held;
	st->parked_bytes = n.truesize;
	snitch_flow_counts(&st->flows_tcp, &st->flows_other);
	st->images = snitch_image_count();
	st->cached = snitch_cache_count();
	snitch_counters_sum(st->counter, ARRAY_SIZE(st->counter));
}

static int control_status(struct sk_buff *skb, struct genl_info *info)
{
	struct snitch_status *st = kmalloc(sizeof(*st), GFP_KERNEL);
	struct sk_buff *msg = NULL;
	void *head;
	int err = -ENOMEM;

	if (st)
		msg = reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (msg) {
		status_fill(st);
		err = reply_send(info, msg, head, nla_put(msg, SNITCH_A_STATUS, sizeof(*st), st));
	}
	kfree(st);
	return err;
}

/* ---- dumps ---- */

static int dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd, int type,
		    const void *data, size_t len)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &control_family, NLM_F_MULTI, cmd);

	if (!head)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, head);
	if (nla_put(skb, type, len, data)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

/* Where a dump of flows stands: entries of the bucket already sent. */
struct dump_flows {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	unsigned long bucket;
	unsigned long *pos;
	unsigned long skip;
	unsigned long seen;
};

static int dump_one_flow(struct snitch_flow *f, void *arg)
{
	struct dump_flows *d = arg;
	struct snitch_flow_info info;
	int err;

	if (*d->pos != d->bucket) {
		d->bucket = *d->pos;
		d->seen = 0;
		d->skip = 0;
	}
	if (!smp_load_acquire(&f->cookie))	/* accepted, has not spoken: no addresses yet */
		return 0;
	if (d->seen++ < d->skip)
		return 0;
	snitch_ended_fill_info(&info, f);
	err = dump_put(d->skb, d->cb, SNITCH_CMD_GET_FLOWS, SNITCH_A_FLOW, &info, sizeof(info));
	if (err)
		d->seen--;
	return err;
}

static int control_dump_flows(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long pos = cb->args[0];
	struct dump_flows d = {
		.skb = skb, .cb = cb, .bucket = pos, .pos = &pos, .skip = cb->args[1],
	};

	if (snitch_flow_walk(&pos, dump_one_flow, &d))
		cb->args[1] = d.seen;
	else
		cb->args[1] = 0;
	cb->args[0] = pos;
	return skb->len;
}

static int control_dump_parked(struct sk_buff *skb, struct netlink_callback *cb)
{
	u64 *after = (u64 *)cb->ctx;	/* id of the last one sent; zero at first */
	struct snitch_parked_info info;

	BUILD_BUG_ON(sizeof(*after) > sizeof(cb->ctx));
	while (!snitch_park_next(*after, &info)) {
		if (dump_put(skb, cb, SNITCH_CMD_GET_PARKED, SNITCH_A_PARKED, &info, sizeof(info)))
			break;
		*after = info.flow.hdr.id;
		cond_resched();
	}
	return skb->len;
}

static int control_dump_rules(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct snitch_rule rule;
	u64 generation;

	/* Another policy meanwhile: messages are marked so, the reader starts again. */
	cb->seq = (unsigned int)snitch_policy_generation();
	while (!snitch_policy_rule(cb->args[0], &rule, &generation)) {
		cb->seq = (unsigned int)generation;
		if (dump_put(skb, cb, SNITCH_CMD_GET_RULES, SNITCH_A_RULE, &rule, sizeof(rule)))
			break;
		cb->args[0]++;
	}
	return skb->len;
}

/* ---- transactions ---- */

static int transaction_mine(struct genl_info *info)
{
	lockdep_assert_held(&snitch_policy_mutex);
	if (!control_build) {
		GENL_SET_ERR_MSG(info, "no policy transaction is open: begin one first");
		return -ENOENT;
	}
	if (control_port != info->snd_portid) {
		GENL_SET_ERR_MSG(info, "the open policy transaction is another socket's");
		return -EBUSY;
	}
	return 0;
}

static void transaction_end(void)
{
	lockdep_assert_held(&snitch_policy_mutex);
	control_build = NULL;
	WRITE_ONCE(control_port, 0);
}

static void transaction_drop(void)
{
	snitch_build_free(control_build);
	transaction_end();
}

static int transaction_new(struct genl_info *info, const struct nlattr *head)
{
	int err;

	lockdep_assert_held(&snitch_policy_mutex);
	if (control_build) {
		if (control_port == info->snd_portid)
			GENL_SET_ERR_MSG(info, "this socket has a policy transaction open already");
		else
			GENL_SET_ERR_MSG(info, "another socket has a policy transaction open");
		return -EBUSY;
	}
	memcpy(&control_head, nla_data(head), sizeof(control_head));
	control_build = snitch_build_new(&control_head, &err);
	if (err == -EINVAL)
		GENL_SET_ERR_MSG(info, "mode, fail, kernel or unmatched is out of range");
	else if (err == -ENOSPC)
		GENL_SET_ERR_MSG(info, "more rules or programs announced than a policy may have");
	if (err)
		return err;
	WRITE_ONCE(control_port, info->snd_portid);
	control_apps = 0;
	control_rules = 0;
	control_spoilt = false;
	return 0;
}

static int control_begin(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *a = info->attrs[SNITCH_A_POLICY];
	struct sk_buff *msg;
	u64 generation;
	void *head;
	int err;

	if (!a) {
		GENL_SET_ERR_MSG(info, "begin needs the policy's head");
		return -EINVAL;
	}
	msg = reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&snitch_policy_mutex);
	err = transaction_new(info, a);
	generation = snitch_policy_generation() + 1;
	mutex_unlock(&snitch_policy_mutex);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return reply_generation(info, msg, head, generation, 0);
}

/* All of a message is looked at before any of it is taken. */
static int apps_check(const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	const struct nlattr *a;
	u32 count = 0;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		const char *path = nla_data(a);

		if (nla_type(a) != SNITCH_A_APP) {
			NL_SET_ERR_MSG_ATTR(extack, a, "only program paths belong here");
			return -EINVAL;
		}
		if (path[0] != '/' || strlen(path) + 1 != nla_len(a)) {
			NL_SET_ERR_MSG_ATTR(extack, a,
					    "a program's path must be absolute and end with its NUL");
			return -EINVAL;
		}
		count++;
	}
	if (count > control_head.apps - control_apps) {
		NL_SET_ERR_MSG(extack, "more programs than were announced");
		return -ENOSPC;
	}
	return 0;
}

/* A path is resolved without any lock: its file system may be anybody's. */
static int apps_add_one(const struct nlattr *a, struct genl_info *info)
{
	struct snitch_exe exe;
	bool found = !snitch_policy_resolve(nla_data(a), &exe);
	int err;

	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	if (!err) {
		err = snitch_build_app(control_build, found ? &exe : NULL);
		if (err) {
			NL_SET_ERR_MSG_ATTR(info->extack, a, "this program could not be added");
			control_spoilt = true;
		} else {
			control_apps++;
		}
	}
	mutex_unlock(&snitch_policy_mutex);
	return err;
}

static int control_add_apps(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[SNITCH_A_APPS], *a;
	int rem, err;

	if (!nest) {
		GENL_SET_ERR_MSG(info, "no programs in the message");
		return -EINVAL;
	}
	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info) ?: apps_check(nest, info->extack);
	mutex_unlock(&snitch_policy_mutex);
	if (err)
		return err;
	nla_for_each_nested(a, nest, rem) {
		err = apps_add_one(a, info);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int control_add_rules(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *a = info->attrs[SNITCH_A_RULES];
	u32 count;
	int err;

	if (!a || !nla_len(a) || nla_len(a) % sizeof(struct snitch_rule)) {
		GENL_SET_ERR_MSG(info, "rules must be whole structs");
		return -EINVAL;
	}
	count = nla_len(a) / sizeof(struct snitch_rule);
	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	if (!err) {
		err = snitch_build_rules(control_build, nla_data(a), count);
		if (err)
			GENL_SET_ERR_MSG(info, "more rules than were announced");
		else
			control_rules += count;
	}
	mutex_unlock(&snitch_policy_mutex);
	return err;
}

/* Puts the transaction in force or not: it ends in any case. */
static int transaction_commit(struct genl_info *info, u64 *generation, u32 *unbound)
{
	bool whole = false;
	int err;

	if (control_spoilt)
		GENL_SET_ERR_MSG(info, "a part of the transaction failed");
	else if (control_apps != control_head.apps)
		GENL_SET_ERR_MSG(info, "fewer programs than were announced");
	else if (control_rules != control_head.rules)
		GENL_SET_ERR_MSG(info, "fewer rules than were announced");
	else
		whole = true;
	if (!whole) {
		transaction_drop();
		return -EINVAL;
	}
	err = snitch_build_commit(control_build, generation, unbound);
	transaction_end();
	if (err == -EINVAL)
		GENL_SET_ERR_MSG(info, "a rule makes no sense, or two have the same rank");
	return err;
}

static int control_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	u64 generation = 0;
	u32 unbound = 0;
	void *head;
	int err;

	/* Made first: a policy in force must not be reported as a failure. */
	msg = reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info) ?: transaction_commit(info, &generation, &unbound);
	mutex_unlock(&snitch_policy_mutex);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return reply_generation(info, msg, head, generation, unbound);
}

static int control_abort(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	if (!err)
		transaction_drop();
	mutex_unlock(&snitch_policy_mutex);
	return err;
}

static int control_set_limits(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *a = info->attrs[SNITCH_A_LIMITS];
	struct snitch_limits limits;
	int err;

	if (!a) {
		GENL_SET_ERR_MSG(info, "no limits in the message");
		return -EINVAL;
	}
	memcpy(&limits, nla_data(a), sizeof(limits));
	mutex_lock(&snitch_policy_mutex);
	err = snitch_policy_set_limits(&limits);
	mutex_unlock(&snitch_policy_mutex);
	if (err)
		GENL_SET_ERR_MSG(info, "a limit is over its ceiling");
	return err;
}

/* A transaction ends with the socket that began it. */
static int control_released(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC || n->net != &init_net)
		return NOTIFY_DONE;
	/* Nobody else's close waits for a commit. */
	if (!n->portid || READ_ONCE(control_port) != n->portid)
		return NOTIFY_DONE;
	mutex_lock(&snitch_policy_mutex);
	if (control_build && control_port == n->portid)
		transaction_drop();
	mutex_unlock(&snitch_policy_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block control_notifier = { .notifier_call = control_released };

/* ---- monitor ---- */

bool snitch_control_watched(void)
{
	return READ_ONCE(control_up) &&
	       genl_has_listeners(&control_family, &init_net, CONTROL_GROUP_MONITOR);
}

void snitch_control_tell(u8 cmd, int type, const void *event, size_t len)
{
	struct sk_buff *msg = genlmsg_new(nla_total_size(len), GFP_ATOMIC | __GFP_NOWARN);
	void *head;

	if (!msg)
		goto lost;
	head = genlmsg_put(msg, 0, 0, &control_family, 0, cmd);
	if (!head || nla_put(msg, type, len, event)) {
		nlmsg_free(msg);
		goto lost;
	}
	genlmsg_end(msg, head);
	rcu_read_lock();
	if (READ_ONCE(control_up))
		snitch_compat_multicast(&control_family, msg, CONTROL_GROUP_MONITOR);
	else
		nlmsg_free(msg);
	rcu_read_unlock();
	return;
lost:
	snitch_count(SNITCH_C_EVENTS_LOST);
}

/* ---- the family ---- */

/* @_last: the highest attribute that @_policy names */
#define CONTROL_OP(_cmd, _call, _fn, _policy, _last) {			\
	.cmd = (_cmd), ._call = (_fn), .flags = GENL_ADMIN_PERM,	\
	.policy = (_policy), .maxattr = (_last),			\
}

static const struct genl_ops control_ops[] = {
	CONTROL_OP(SNITCH_CMD_GET_STATUS, doit, control_status, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_GET_FLOWS, dumpit, control_dump_flows, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_GET_PARKED, dumpit, control_dump_parked, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_GET_RULES, dumpit, control_dump_rules, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_BEGIN, doit, control_begin, policy_begin, SNITCH_A_POLICY),
	CONTROL_OP(SNITCH_CMD_ADD_APPS, doit, control_add_apps, policy_add_apps, SNITCH_A_APPS),
	CONTROL_OP(SNITCH_CMD_ADD_RULES, doit, control_add_rules, policy_add_rules,
		   SNITCH_A_RULES),
	CONTROL_OP(SNITCH_CMD_COMMIT, doit, control_commit, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_ABORT, doit, control_abort, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_SET_LIMITS, doit, control_set_limits, policy_limits,
		   SNITCH_A_LIMITS),
};

static const struct genl_multicast_group control_groups[] = {
	[CONTROL_GROUP_MONITOR] = {
		.name = SNITCH_GENL_MCGRP,
		SNITCH_COMPAT_MCGRP_ADMIN
	},
};

static struct genl_family control_family __ro_after_init = {
	.name		= SNITCH_GENL_NAME,
	.version	= SNITCH_GENL_VERSION,
	.netnsok	= false,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= control_ops,
	.n_ops		= ARRAY_SIZE(control_ops),
	.mcgrps		= control_groups,
	.n_mcgrps	= ARRAY_SIZE(control_groups),
	SNITCH_COMPAT_RESV_START_OP(SNITCH_CMD_MAX + 1)
};

int snitch_control_init(void)
{
	int err = netlink_register_notifier(&control_notifier);

	if (err)
		return err;
	err = genl_register_family(&control_family);
	if (err)
		netlink_unregister_notifier(&control_notifier);
	else
		WRITE_ONCE(control_up, true);
	return err;
}

void snitch_control_exit(void)
{
	/* Once nobody sends, the number of our group may become another's. */
	WRITE_ONCE(control_up, false);
	synchronize_rcu();
	genl_unregister_family(&control_family);
	netlink_unregister_notifier(&control_notifier);
	mutex_lock(&snitch_policy_mutex);
	transaction_drop();
	mutex_unlock(&snitch_policy_mutex);
}
