// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's table of flows, a datagram at a time. It must never wait for the kernel, nor believe
 * a length that it has not checked.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "nl.h"

#define WALK_PIECE	32768	/* the kernel makes none larger */

/**
 * struct snitch_nl_walk - a dump that is under way
 * @seq: of its request
 * @piece: room for a datagram
 */
struct snitch_nl_walk {
	struct nl_sock *sock;
	int family;
	uint32_t seq;
	char piece[WALK_PIECE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

int snitch_nl_walk_open(struct snitch_nl_walk **out)
{
	struct snitch_nl_walk *walk = calloc(1, sizeof(*walk));
	struct snitch_nl nl = { .sock = NULL };
	struct nl_msg *msg;
	int err;

	if (!walk)
		return -ENOMEM;
	err = snitch_nl_connect(&nl.sock, &nl.family);
	if (err) {
		free(walk);
		return err;
	}
	walk->sock = nl.sock;
	walk->family = nl.family;
	msg = snitch_nl_msg(&nl, SNITCH_CMD_GET_FLOWS, NLM_F_DUMP, 0);
	err = msg ? nl_send_auto(walk->sock, msg) : -NLE_NOMEM;
	if (err < 0) {
		nlmsg_free(msg);
		snitch_nl_walk_close(walk);
		return snitch_nl_errno(err);
	}
	walk->seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	*out = walk;
	return 0;
}

int snitch_nl_walk_fd(const struct snitch_nl_walk *walk)
{
	return nl_socket_get_fd(walk->sock);
}

/* Of an end or an error, which both begin with its number. */
static int error_of(const struct nlmsghdr *hdr)
{
	const int *err = nlmsg_data(hdr);

	if (nlmsg_datalen(hdr) < (int)sizeof(*err))
		return hdr->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	if (*err < 0)
		return *err;
	return hdr->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
}

int snitch_nl_walk_take(int family, uint32_t seq, void *piece, int len, snitch_flow_cb cb, void *ctx)
{
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct nlmsghdr *hdr;
	int err;

	for (hdr = piece; nlmsg_ok(hdr, len); hdr = nlmsg_next(hdr, &len)) {
		if (hdr->nlmsg_seq != seq)
			continue;
		if (hdr->nlmsg_type == NLMSG_DONE || hdr->nlmsg_type == NLMSG_ERROR)
			return error_of(hdr);
		if (hdr->nlmsg_type != family)
			return -EBADMSG;
		err = snitch_nl_parse_hdr(hdr, attrs);
		if (!err)
			err = snitch_nl_take_flow(attrs, cb, ctx);
		if (err)
			return err;
	}
	return 1;
}

int snitch_nl_walk_step(struct snitch_nl_walk *walk, snitch_flow_cb cb, void *ctx)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(snitch_nl_walk_fd(walk), walk->piece, sizeof(walk->piece),
			     MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &size);

	if (n < 0)
		return -errno;
	if ((size_t)n > sizeof(walk->piece))
		return -EBADMSG;
	if (from.nl_pid)	/* not the kernel's */
		return 1;
	return snitch_nl_walk_take(walk->family, walk->seq, walk->piece, n, cb, ctx);
}

void snitch_nl_walk_close(struct snitch_nl_walk *walk)
{
	if (!walk)
		return;
	nl_socket_free(walk->sock);
	free(walk);
}
