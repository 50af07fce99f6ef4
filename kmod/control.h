/* SPDX-License-Identifier: GPL-2.0-only */
/* Control: the generic netlink family "snitch". Every operation needs CAP_NET_ADMIN. */
#ifndef SNITCH_CONTROL_H
#define SNITCH_CONTROL_H

#include <linux/types.h>
#include <linux/snitch.h>

int snitch_control_init(void);
void snitch_control_exit(void);

/* Does anybody listen to the monitor group? Any context. */
bool snitch_control_watched(void);
/* Multicast one event as command @cmd with attribute @type; any context; losing it affects no
 * verdict.
 */
void snitch_control_tell(u8 cmd, int type, const void *event, size_t len);

#endif
