/* SPDX-License-Identifier: GPL-2.0-only */
/* Hook: the way of a packet through LOCAL_OUT. Read hook.c top to bottom. */
#ifndef SNITCH_HOOK_H
#define SNITCH_HOOK_H

#include <linux/netfilter.h>

#include "policy.h"

#define SNITCH_HOOK_PRIORITY	(-210)	/* before conntrack (-200), after raw and defrag */

unsigned int snitch_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
/* A final judgement: for audit and observers; an entry for what it allowed, of @sk if that is
 * a TCP socket, else of the pool. 0 or what snitch_flow_add() said. Any context.
 */
void snitch_hook_tell(const struct snitch_subject *s, const struct snitch_judgement *j,
		      u64 cookie);
int snitch_hook_remember(const struct sock *sk, u64 cookie, const struct snitch_subject *s,
			 const struct snitch_judgement *j);
unsigned int snitch_refuse_now(struct sk_buff *skb, bool tcp, u32 action);

#endif
