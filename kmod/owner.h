/* SPDX-License-Identifier: GPL-2.0-only */
/* Owner: whose packet is this? From the socket and the context, never a guess. */
#ifndef SNITCH_OWNER_H
#define SNITCH_OWNER_H

#include <net/sock.h>

#include "image.h"
#include "packet.h"

enum snitch_context {
	SNITCH_CTX_TASK,	/* current is the sender */
	SNITCH_CTX_FOREIGN,	/* a user's socket, out of another context */
	SNITCH_CTX_KERNEL,	/* the kernel itself */
};

enum snitch_context snitch_owner_context(const struct sock *sk, const struct snitch_packet *p,
					 u32 *kernel);
struct snitch_image *snitch_owner_search(struct sock *sk, bool *shared);
u64 snitch_owner_cgroup(const struct sock *sk);
u32 snitch_owner_cgroups(const struct sock *sk, u64 *ids, u32 max);

/** snitch_owner_in_task() - could current be a sender at all? */
static inline bool snitch_owner_in_task(void)
{
	return in_task() && !in_softirq() && !(current->flags & PF_KTHREAD) && current->mm;
}

u64 snitch_cookie_make(const struct sock *sk);

/** snitch_cookie() - a socket's cookie, made now if need be; any context */
static inline u64 snitch_cookie(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	return likely(cookie) ? cookie : snitch_cookie_make(sk);
}

#endif
