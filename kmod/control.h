/* SPDX-License-Identifier: GPL-2.0-only */
/* Control: the generic netlink family "snitch". Every operation needs CAP_NET_ADMIN. */
#ifndef SNITCH_CONTROL_H
#define SNITCH_CONTROL_H

#include <linux/types.h>
#include <net/genetlink.h>
#include <linux/snitch.h>

int snitch_control_init(void);
void snitch_control_exit(void);

/* A reply to the request in @info, NULL without memory; it ends, or with @err is not sent: process
 * context.
 */
struct sk_buff *snitch_reply_new(struct genl_info *info, size_t room, void **head);
int snitch_reply_send(struct genl_info *info, struct sk_buff *msg, void *head, int err);

/* Does anybody listen to the monitor group? Any context. */
bool snitch_control_watched(void);
/* Multicast one event as command @cmd with attribute @type; any context; losing it affects no
 * verdict.
 */
void snitch_control_tell(u8 cmd, int type, const void *event, size_t len);

#endif
