/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The insides of the netlink wrapper, shared by nl*.c only. */
#ifndef LIBSNITCH_NL_H
#define LIBSNITCH_NL_H

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "snitch.h"

/**
 * struct snitch_nl - a connection
 * @sock: what is sent and received goes through its callbacks (nl_socket_get_cb): a test puts
 *	its own ends there and needs no kernel
 * @error: the kernel's text for the last failure
 */
struct snitch_nl {
	struct nl_sock *sock;
	int family;
	char error[256];
};

/**
 * struct snitch_nl_monitor - a listener
 * @sock: as in struct snitch_nl
 * @calls, @ctx, @count, @err: of the dispatch that is running
 */
struct snitch_nl_monitor {
	struct nl_sock *sock;
	int family;
	const struct snitch_monitor_calls *calls;
	void *ctx;
	int count;
	int err;
};

/* Called with the attributes of each reply; none of them is shorter than what it shall hold. */
typedef int (*snitch_nl_reply)(void *ctx, struct nlattr **attrs);

/* A libnl error (its sign does not matter) as a negative errno; 0 for 0. */
int snitch_nl_errno(int nlerr);
/* Opens a socket and finds the family. Return: 0 or a negative errno. */
int snitch_nl_connect(struct nl_sock **out, int *family);
/* A request with room for @payload bytes of attributes; NULL without memory. */
struct nl_msg *snitch_nl_msg(const struct snitch_nl *nl, int cmd, int flags, size_t payload);
/* Takes @msg apart: @attrs has SNITCH_A_MAX + 1 places. Return: 0 or -EBADMSG. */
int snitch_nl_parse(struct nl_msg *msg, struct nlattr **attrs);
/* The same without its envelope, where that is checked. */
int snitch_nl_parse_hdr(struct nlmsghdr *hdr, struct nlattr **attrs);
/* Copies an attribute of snitch_nl_parse() out. Return: 0, or -EBADMSG when it is not there. */
int snitch_nl_struct(void *dst, size_t size, const struct nlattr *attr);
/* Makes @mon's socket hand its messages to dispatch; joining the group is the opener's. */
void snitch_nl_monitor_listen(struct snitch_nl_monitor *mon);

/**
 * snitch_nl_exchange - send a request, read all that comes of it
 * @msg: the request; taken. NULL: no memory
 * @reply: called for each reply until it returns nonzero, which is then returned; NULL: none
 *	is expected
 *
 * Replies to requests that were given up before are passed over.
 * Return: 0, the kernel's own error (its text in @nl->error), -EBADMSG (nonsense came back, or
 * no reply where one is due), -EINTR (a dump of a table that changed meanwhile; all of it was
 * handed on), -ETIMEDOUT, or another negative errno.
 */
int snitch_nl_exchange(struct snitch_nl *nl, struct nl_msg *msg, snitch_nl_reply reply,
		       void *ctx);

/*
 * A datagram of a dump, @seq being its request's: each flow to @cb. Return: 1 (there is more), 0 (that
 * was the end), what @cb returned, or a negative errno.
 */
int snitch_nl_walk_take(int family, uint32_t seq, void *piece, int len, snitch_flow_cb cb,
			void *ctx);
/* Hands the flow of a dump's reply to @cb. */
int snitch_nl_take_flow(struct nlattr **attrs, snitch_flow_cb cb, void *ctx);

/* One request with one attribute, without a reply. */
int snitch_nl_send(struct snitch_nl *nl, int cmd, int type, const void *data, size_t len);
/* Sets of the policy transaction that is open. */
int snitch_nl_send_sets(struct snitch_nl *nl, const struct snitch_set_data *sets, size_t n);
/* Ends the transaction that is open, if any; the text of what went wrong stays. */
void snitch_nl_abort(struct snitch_nl *nl);

#endif
