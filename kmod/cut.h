/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cut: ends open TCP connections on request, whatever rules say: one, those
 * older than the policy, those of a program. It changes no verdict: who may
 * connect again can do so. Where a flow of another protocol is named whole, it
 * is asked about anew. No locks: entries are looked at under RCU, sockets ended
 * by the workers of abort.h.
 */
#ifndef SNITCH_CUT_H
#define SNITCH_CUT_H

#include <net/genetlink.h>

int snitch_cut(struct sk_buff *skb, struct genl_info *info);

#endif
