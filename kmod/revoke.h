/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Revoke: live TCP flows under a new policy. Connections older than the first
 * policy get an entry that only an explicit deny ends; entries of an earlier
 * generation, of the policy or of the sets they depend on, are judged again by
 * one worker in bounded batches, or by their next packet.
 *
 * Locks: revoke_lock (spinlock, BH, leaf): who writes what an entry says after
 * it was made, so that two who judge it at once leave the later judgement.
 */
#ifndef SNITCH_REVOKE_H
#define SNITCH_REVOKE_H

#include "flow.h"
#include "policy.h"
#include "uid.h"

int snitch_revoke_init(void);
void snitch_revoke_exit(void);
void snitch_revoke_start(void);			/* any context */
void snitch_revoke_older(u64 generation, u64 sets);	/* process context */

/* Judge an entry again, as the policy is now. Under RCU, any context.
 * @image: whose it is; ALLOW: goes on, and the entry says so; DENY, DROP: not;
 * ASK: it must be asked about anew; TCP: only where it says so already (data.h).
 */
u32 snitch_revoke_judge(struct snitch_flow *f, const struct snitch_subject *s);
/* An entry of a connection that is about to be cut refuses, under any policy. Any context. */
void snitch_revoke_refuse(struct snitch_flow *f, u32 origin, u64 origin_id);
/* What was said of a flow that is not TCP's counts no more. Under RCU, any context. */
void snitch_revoke_forget(struct snitch_flow *f);
/* End a TCP socket in the background, on the account of @image's user: at most
 * SNITCH_ABORTS_WAIT wait. Any context; takes its own references.
 */
void snitch_revoke_abort(struct sock *sk, const struct snitch_image *image);
/* The same on this account; false: it is not ended. */
bool snitch_revoke_abort_for(struct sock *sk, struct snitch_uid *quota);

#endif
