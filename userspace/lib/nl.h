/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The insides of the netlink wrapper, shared by nl*.c only. */
#ifndef LIBSNITCH_NL_H
#define LIBSNITCH_NL_H

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "snitch.h"

/** struct snitch_nl - @error: the kernel's text for the last failure */
struct snitch_nl {
	struct nl_sock *sock;
	int family;
	char error[256];
};

/* Called with the attributes of each reply; nonzero ends the exchange. */
typedef int (*snitch_nl_reply)(void *ctx, struct nlattr **attrs);

int snitch_nl_errno(int nlerr);
int snitch_nl_connect(struct nl_sock **out, int *family);
struct nl_msg *snitch_nl_msg(const struct snitch_nl *nl, int cmd, int flags, size_t payload);
int snitch_nl_parse(struct nl_msg *msg, struct nlattr **attrs);
int snitch_nl_struct(void *dst, size_t size, const struct nlattr *attr);
/* Sends @msg (taken) and waits for its end. */
int snitch_nl_exchange(struct snitch_nl *nl, struct nl_msg *msg, snitch_nl_reply reply,
		       void *ctx);

#endif
