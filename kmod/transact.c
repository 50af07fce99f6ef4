// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transact: a transaction is built aside and changes nothing before its
 * commit; what fails in it leaves the policy in force as it is. See transact.h.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "control.h"
#include "policy.h"
#include "transact.h"

/*
 * The transaction open now, and the port it belongs to (0: none is open).
 * Written under snitch_policy_mutex; the port is also looked at without.
 */
static struct snitch_build *transact_build;
static struct snitch_sets_build *transact_sets;	/* instead: sets alone */
static struct snitch_policy transact_head;
static u32 transact_port;
static u32 transact_apps;
static u32 transact_rules;
static bool transact_spoilt;	/* a message was taken in half */

/* ---- replies ---- */

/* Fills and sends a message of snitch_reply_new() with room for it: that cannot fail half-way. */
static int reply_generation(struct genl_info *info, struct sk_buff *msg, void *head,
			    u64 generation, u32 unbound)
{
	int err = nla_put_u64_64bit(msg, SNITCH_A_GENERATION, generation, SNITCH_A_PAD) ?:
		  nla_put_u32(msg, SNITCH_A_UNBOUND, unbound);

	return snitch_reply_send(info, msg, head, err);
}

static int reply_sets(struct genl_info *info, struct sk_buff *msg, void *head, u64 generation)
{
	int err = nla_put_u64_64bit(msg, SNITCH_A_SET_GENERATION, generation, SNITCH_A_PAD);

	return snitch_reply_send(info, msg, head, err);
}

/* A text that is not known before it runs, where the macros want a literal. */
static int explain(struct genl_info *info, int err, const char *why)
{
	if (err && why && info->extack)
		info->extack->_msg = why;
	return err;
}

/* ---- whose is it? ---- */

static bool transaction_open(void)
{
	lockdep_assert_held(&snitch_policy_mutex);
	return transact_build || transact_sets;
}

static int transaction_mine(struct genl_info *info)
{
	lockdep_assert_held(&snitch_policy_mutex);
	if (!transaction_open()) {
		GENL_SET_ERR_MSG(info, "no policy transaction is open: begin one first");
		return -ENOENT;
	}
	if (transact_port != info->snd_portid) {
		GENL_SET_ERR_MSG(info, "the open policy transaction is another socket's");
		return -EBUSY;
	}
	return 0;
}

/* The same for what only a whole policy has. */
static int transaction_of_policy(struct genl_info *info)
{
	int err = transaction_mine(info);

	if (err || transact_build)
		return err;
	GENL_SET_ERR_MSG(info, "this transaction is about sets alone");
	return -EINVAL;
}

static void transaction_end(void)
{
	lockdep_assert_held(&snitch_policy_mutex);
	transact_build = NULL;
	transact_sets = NULL;
	WRITE_ONCE(transact_port, 0);
}

static void transaction_drop(void)
{
	snitch_build_free(transact_build);
	snitch_sets_build_free(transact_sets);
	transaction_end();
}

static int transaction_none(struct genl_info *info)
{
	if (transaction_open()) {
		if (transact_port == info->snd_portid)
			GENL_SET_ERR_MSG(info, "this socket has a policy transaction open already");
		else
			GENL_SET_ERR_MSG(info, "another socket has a policy transaction open");
		return -EBUSY;
	}
	return 0;
}

static void transaction_begun(struct genl_info *info)
{
	WRITE_ONCE(transact_port, info->snd_portid);
	transact_apps = 0;
	transact_rules = 0;
	transact_spoilt = false;
}

/* ---- a policy ---- */

static int transaction_new(struct genl_info *info, const struct nlattr *head)
{
	int err = transaction_none(info);

	if (err)
		return err;
	memcpy(&transact_head, nla_data(head), sizeof(transact_head));
	transact_build = snitch_build_new(&transact_head, &err);
	if (err == -EINVAL)
		GENL_SET_ERR_MSG(info, "mode, fail, kernel, unmatched or forward is out of range");
	else if (err == -ENOSPC)
		GENL_SET_ERR_MSG(info, "more rules, programs or sets than a policy may have");
	if (err)
		return err;
	transaction_begun(info);
	return 0;
}

int snitch_transact_begin(struct sk_buff *skb, struct genl_info *info)
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
	msg = snitch_reply_new(info, NLMSG_DEFAULT_SIZE, &head);
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
	if (count > transact_head.apps - transact_apps) {
		NL_SET_ERR_MSG(extack, "more programs than were announced");
		return -ENOSPC;
	}
	return 0;
}

/* A path is resolved without any lock: its file system may be anybody's. */
static int apps_add_one(const struct nlattr *a, struct genl_info *info)
{
	struct snitch_exe exe;
	bool found = !snitch_exe_resolve(nla_data(a), &exe);
	int err;

	mutex_lock(&snitch_policy_mutex);
	err = transaction_of_policy(info);
	if (!err) {
		err = snitch_build_app(transact_build, found ? &exe : NULL);
		if (err) {
			NL_SET_ERR_MSG_ATTR(info->extack, a, "this program could not be added");
			transact_spoilt = true;
		} else {
			transact_apps++;
		}
	}
	mutex_unlock(&snitch_policy_mutex);
	return err;
}

int snitch_transact_add_apps(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[SNITCH_A_APPS], *a;
	int rem, err;

	if (!nest) {
		GENL_SET_ERR_MSG(info, "no programs in the message");
		return -EINVAL;
	}
	mutex_lock(&snitch_policy_mutex);
	err = transaction_of_policy(info) ?: apps_check(nest, info->extack);
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

int snitch_transact_add_rules(struct sk_buff *skb, struct genl_info *info)
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
	err = transaction_of_policy(info);
	if (!err) {
		err = snitch_build_rules(transact_build, nla_data(a), count);
		if (err)
			GENL_SET_ERR_MSG(info, "more rules than were announced");
		else
			transact_rules += count;
	}
	mutex_unlock(&snitch_policy_mutex);
	return err;
}

/* ---- sets ---- */

int snitch_transact_begin_sets(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	u64 generation;
	void *head;
	int err;

	msg = snitch_reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&snitch_policy_mutex);
	err = transaction_none(info);
	if (!err) {
		transact_sets = snitch_policy_sets_new(&err);
		if (transact_sets)
			transaction_begun(info);
		else if (err == -ENOENT)
			GENL_SET_ERR_MSG(info, "no policy is in force whose sets could change");
	}
	generation = snitch_policy_sets_generation() + 1;
	mutex_unlock(&snitch_policy_mutex);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return reply_sets(info, msg, head, generation);
}

static struct snitch_sets_build *transaction_sets(void)
{
	return transact_sets ?: snitch_build_sets(transact_build);
}

int snitch_transact_add_set(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *a = info->attrs[SNITCH_A_SET];
	struct snitch_set_head head;
	const char *why = NULL;
	int err;

	if (!a) {
		GENL_SET_ERR_MSG(info, "no set in the message");
		return -EINVAL;
	}
	memcpy(&head, nla_data(a), sizeof(head));
	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	if (!err) {
		err = snitch_sets_build_set(transaction_sets(), &head, &why);
		/* Who tries whether a set can be kept may send it instead. */
		if (err && err != -ENOENT)
			transact_spoilt = true;
	}
	mutex_unlock(&snitch_policy_mutex);
	return explain(info, err, why);
}

/* ADD_RANGES and DEL_RANGES. */
int snitch_transact_ranges(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *a4 = info->attrs[SNITCH_A_RANGES4];
	const struct nlattr *a6 = info->attrs[SNITCH_A_RANGES6];
	const u32 len4 = a4 ? nla_len(a4) : 0, len6 = a6 ? nla_len(a6) : 0;
	const bool gone = info->genlhdr->cmd == SNITCH_CMD_DEL_RANGES;
	const char *why = NULL;
	int err;

	if ((!len4 && !len6) || len4 % sizeof(struct snitch_range4) ||
	    len6 % sizeof(struct snitch_range6)) {
		GENL_SET_ERR_MSG(info, "ranges must be whole structs");
		return -EINVAL;
	}
	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	if (!err) {
		err = snitch_sets_build_ranges(transaction_sets(), gone,
					       a4 ? nla_data(a4) : NULL,
					       len4 / sizeof(struct snitch_range4),
					       a6 ? nla_data(a6) : NULL,
					       len6 / sizeof(struct snitch_range6), &why);
		if (err)
			transact_spoilt = true;
	}
	mutex_unlock(&snitch_policy_mutex);
	return explain(info, err, why);
}

/* Ends the transaction in any case. */
static int transaction_commit_sets(struct genl_info *info, u64 *generation)
{
	const char *why = "a part of the transaction failed";
	int err = -EINVAL;

	if (!transact_spoilt)
		err = snitch_policy_change_sets(transact_sets, generation, &why);
	transaction_drop();
	return explain(info, err, why);
}

/* ---- the end ---- */

/* Puts the transaction in force or not: it ends in any case. */
static int transaction_commit(struct genl_info *info, u64 *generation, u32 *unbound)
{
	const char *why = "a rule makes no sense, names no set, or two have the same rank";
	bool whole = false;
	int err;

	if (transact_spoilt)
		GENL_SET_ERR_MSG(info, "a part of the transaction failed");
	else if (transact_apps != transact_head.apps)
		GENL_SET_ERR_MSG(info, "fewer programs than were announced");
	else if (transact_rules != transact_head.rules)
		GENL_SET_ERR_MSG(info, "fewer rules than were announced");
	else
		whole = true;
	if (!whole) {
		transaction_drop();
		return -EINVAL;
	}
	err = snitch_build_commit(transact_build, generation, unbound, &why);
	transaction_end();
	return err == -ENOMEM ? err : explain(info, err, why);
}

int snitch_transact_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	u64 generation = 0;
	u32 unbound = 0;
	void *head;
	bool sets;
	int err;

	/* Made first: a policy in force must not be reported as a failure. */
	msg = snitch_reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	sets = !err && transact_sets;
	if (sets)
		err = transaction_commit_sets(info, &generation);
	else if (!err)
		err = transaction_commit(info, &generation, &unbound);
	mutex_unlock(&snitch_policy_mutex);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	/* It is in force, whether the answer finds room with its reader or not. */
	if (sets)
		reply_sets(info, msg, head, generation);
	else
		reply_generation(info, msg, head, generation, unbound);
	return 0;
}

int snitch_transact_abort(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	mutex_lock(&snitch_policy_mutex);
	err = transaction_mine(info);
	if (!err)
		transaction_drop();
	mutex_unlock(&snitch_policy_mutex);
	return err;
}

/* A transaction ends with the socket that began it. */
static int transact_released(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC || n->net != &init_net)
		return NOTIFY_DONE;
	/* Nobody else's close waits for a commit. */
	if (!n->portid || READ_ONCE(transact_port) != n->portid)
		return NOTIFY_DONE;
	mutex_lock(&snitch_policy_mutex);
	if (transaction_open() && transact_port == n->portid)
		transaction_drop();
	mutex_unlock(&snitch_policy_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block transact_notifier = { .notifier_call = transact_released };

int snitch_transact_init(void)
{
	return netlink_register_notifier(&transact_notifier);
}

void snitch_transact_exit(void)
{
	netlink_unregister_notifier(&transact_notifier);
	mutex_lock(&snitch_policy_mutex);
	transaction_drop();
	mutex_unlock(&snitch_policy_mutex);
}
