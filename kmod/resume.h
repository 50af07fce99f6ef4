/* SPDX-License-Identifier: GPL-2.0-only */
/* Resume: let a parked packet go on behind our hook, or tell its sender no. */
#ifndef SNITCH_RESUME_H
#define SNITCH_RESUME_H

#include "park.h"

u32 snitch_route_cookie(const struct sk_buff *skb, u8 family);
bool snitch_skb_park(struct sk_buff *skb, bool keep_owner);
bool snitch_resume(struct sk_buff *skb, struct net *net, struct sock *sk, u8 pf);
bool snitch_resume_valid(const struct snitch_park *p, struct sk_buff *skb);
void snitch_refuse_other(struct snitch_park *p, struct sk_buff *skb);

#endif
