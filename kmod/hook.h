/* SPDX-License-Identifier: GPL-2.0-only */
/* Hook: the way of a packet through LOCAL_OUT. Read hook.c top to bottom. */
#ifndef SNITCH_HOOK_H
#define SNITCH_HOOK_H

#include <linux/netfilter.h>

#define SNITCH_HOOK_PRIORITY	(-210)	/* before conntrack (-200), after raw and defrag */

unsigned int snitch_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int snitch_refuse_now(struct sk_buff *skb, bool tcp, u32 action);

#endif
