/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transact: policy transactions and those about sets alone, as operations of
 * the netlink family. One is open at a time; it is its port's.
 *
 * Locks: snitch_policy_mutex protects the open transaction.
 */
#ifndef SNITCH_TRANSACT_H
#define SNITCH_TRANSACT_H

struct genl_info;
struct sk_buff;

int snitch_transact_init(void);
void snitch_transact_exit(void);	/* the family is gone */

/* Operations; process context. */
int snitch_transact_begin(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_begin_sets(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_add_apps(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_add_rules(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_add_set(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_ranges(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_commit(struct sk_buff *skb, struct genl_info *info);
int snitch_transact_abort(struct sk_buff *skb, struct genl_info *info);

#endif
