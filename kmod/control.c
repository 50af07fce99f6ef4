// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control: generic netlink "snitch". Attributes are checked by strict
 * policies before an operation runs. Losing monitor messages never affects a
 * verdict. Transactions: transact.c.
 *
 * Locks: no dump takes snitch_policy_mutex. Operations run in parallel:
 * genetlink's own lock is everybody's.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <net/genetlink.h>

#include "cache.h"
#include "control.h"
#include "counter.h"
#include "cut.h"
#include "device.h"
#include "ended.h"
#include "flow.h"
#include "image.h"
#include "park.h"
#include "policy.h"
#include "transact.h"

static struct genl_family control_family;

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

static const struct nla_policy policy_set[] = {
	[SNITCH_A_SET] = NLA_POLICY_EXACT_LEN(sizeof(struct snitch_set_head)),
};

static const struct nla_policy policy_ranges[] = {
	[SNITCH_A_RANGES4] = { .type = NLA_BINARY, .len = SNITCH_RANGES_MAX_BYTES },
	[SNITCH_A_RANGES6] = { .type = NLA_BINARY, .len = SNITCH_RANGES_MAX_BYTES },
};

static const struct nla_policy policy_cut[] = {
	[SNITCH_A_APP] = { .type = NLA_NUL_STRING, .len = SNITCH_PATH_MAX },
	[SNITCH_A_CUT] = NLA_POLICY_EXACT_LEN(sizeof(struct snitch_cut)),
	[SNITCH_A_CUT_PEER] = NLA_POLICY_EXACT_LEN(sizeof(struct snitch_cut_peer)),
};

static const struct nla_policy policy_limits[] = {
	[SNITCH_A_LIMITS] = NLA_POLICY_EXACT_LEN(sizeof(struct snitch_limits)),
};

/* ---- replies ---- */

struct sk_buff *snitch_reply_new(struct genl_info *info, size_t room, void **head)
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

int snitch_reply_send(struct genl_info *info, struct sk_buff *msg, void *head, int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
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
		msg = snitch_reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (msg) {
		status_fill(st);
		err = nla_put(msg, SNITCH_A_STATUS, sizeof(*st), st);
		err = snitch_reply_send(info, msg, head, err);
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

static int control_dump_sets(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct snitch_set_info info;

	while (!snitch_policy_set(cb->args[0], &info)) {
		if (dump_put(skb, cb, SNITCH_CMD_GET_SETS, SNITCH_A_SET_INFO, &info, sizeof(info)))
			break;
		cb->args[0]++;
	}
	return skb->len;
}

/* ---- limits ---- */

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
	CONTROL_OP(SNITCH_CMD_BEGIN, doit, snitch_transact_begin, policy_begin, SNITCH_A_POLICY),
	CONTROL_OP(SNITCH_CMD_ADD_APPS, doit, snitch_transact_add_apps, policy_add_apps,
		   SNITCH_A_APPS),
	CONTROL_OP(SNITCH_CMD_ADD_RULES, doit, snitch_transact_add_rules, policy_add_rules,
		   SNITCH_A_RULES),
	CONTROL_OP(SNITCH_CMD_COMMIT, doit, snitch_transact_commit, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_ABORT, doit, snitch_transact_abort, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_GET_SETS, dumpit, control_dump_sets, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_BEGIN_SETS, doit, snitch_transact_begin_sets, policy_none, 1),
	CONTROL_OP(SNITCH_CMD_ADD_SET, doit, snitch_transact_add_set, policy_set, SNITCH_A_SET),
	CONTROL_OP(SNITCH_CMD_ADD_RANGES, doit, snitch_transact_ranges, policy_ranges,
		   SNITCH_A_RANGES6),
	CONTROL_OP(SNITCH_CMD_DEL_RANGES, doit, snitch_transact_ranges, policy_ranges,
		   SNITCH_A_RANGES6),
	CONTROL_OP(SNITCH_CMD_CUT, doit, snitch_cut, policy_cut, SNITCH_A_CUT_PEER),
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
	int err = snitch_transact_init();

	if (err)
		return err;
	err = genl_register_family(&control_family);
	if (err)
		snitch_transact_exit();
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
	snitch_transact_exit();
}
