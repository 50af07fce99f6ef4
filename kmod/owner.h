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
struct snitch_image *snitch_owner_search(struct sock *sk, bool *shared, u32 *uid);

/** snitch_owner_in_task() - could current be a sender at all? */
static inline bool snitch_owner_in_task(void)
{
	return !in_interrupt() && !(current->flags & PF_KTHREAD) && current->mm;
}

/** snitch_owner_is_tcp() - a TCP stream socket? Others may carry TCP by hand */
static inline bool snitch_owner_is_tcp(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM && sk->sk_protocol == IPPROTO_TCP;
}

/**
 * snitch_owner_is_current() - is current the sender of what leaves here and now?
 * @tcp: snitch_owner_is_tcp(): then the socket must be locked by its user, or
 *	 this is the kernel's doing while some task happens to run
 *
 * Context: the hook's.
 */
static inline bool snitch_owner_is_current(const struct sock *sk, bool tcp)
{
	return snitch_owner_in_task() && (!tcp || sock_owned_by_user_nocheck(sk));
}

u64 snitch_cookie_make(const struct sock *sk);

/** snitch_cookie() - a socket's cookie, made now if need be; any context */
static inline u64 snitch_cookie(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	return likely(cookie) ? cookie : snitch_cookie_make(sk);
}

#endif
