/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Audit: AUDIT_KERNEL_OTHER records. Refusals are coalesced by executable,
 * user, rule and destination and written by a worker, at most a fixed number
 * a second; what does not fit is counted (SNITCH_C_AUDIT_LOST).
 * snitch_audit_lock (spinlock, BH, leaf) protects the pending refusals.
 */
#ifndef SNITCH_AUDIT_H
#define SNITCH_AUDIT_H

#include "image.h"
#include "packet.h"

int snitch_audit_init(void);	/* writes op=load */
void snitch_audit_exit(void);	/* flushes, writes op=unload */

void snitch_audit_decider(bool attached, u32 pid, const char *comm);	/* process context */
void snitch_audit_policy(u64 generation, u32 rules);			/* process context */
/* A flow was refused. Any context; takes its own reference to @image. */
void snitch_audit_refused(struct snitch_image *image, u32 uid, const struct snitch_packet *p,
			  u32 action, u32 origin, u64 origin_id);

#endif
