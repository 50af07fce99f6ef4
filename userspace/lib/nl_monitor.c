// SPDX-License-Identifier: GPL-2.0-or-later
/* The monitor stream: each decision as it is made. Lossy; says so when it lost some. */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <stdlib.h>

#include "nl.h"

static int on_message(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct snitch_nl_monitor *mon = arg;
	struct snitch_monitor m;

	if (hdr->nlmsg_type != mon->family || !genlmsg_valid_hdr(nlmsg_hdr(msg), 0) ||
	    genlmsg_hdr(nlmsg_hdr(msg))->cmd != SNITCH_CMD_MONITOR)
		return NL_SKIP;
	if (snitch_nl_parse(msg, attrs) ||
	    snitch_nl_struct(&m, sizeof(m), attrs[SNITCH_A_DECIDED_EVENT])) {
		mon->err = -EBADMSG;
		return NL_STOP;
	}
	mon->count++;
	mon->cb(mon->ctx, &m);
	return NL_OK;
}

void snitch_nl_monitor_listen(struct snitch_nl_monitor *mon)
{
	nl_socket_disable_seq_check(mon->sock);
	nl_socket_modify_cb(mon->sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, mon);
}

static int subscribe(struct snitch_nl_monitor *mon)
{
	int group = genl_ctrl_resolve_grp(mon->sock, SNITCH_GENL_NAME, SNITCH_GENL_MCGRP);

	if (group < 0)
		return snitch_nl_errno(group);
	snitch_nl_monitor_listen(mon);
	nl_socket_set_buffer_size(mon->sock, 1 << 20, 0);
	nl_socket_set_nonblocking(mon->sock);
	return snitch_nl_errno(nl_socket_add_membership(mon->sock, group));
}

int snitch_nl_monitor_open(struct snitch_nl_monitor **out)
{
	struct snitch_nl_monitor *mon = calloc(1, sizeof(*mon));
	int err;

	if (!mon)
		return -ENOMEM;
	err = snitch_nl_connect(&mon->sock, &mon->family);
	if (!err)
		err = subscribe(mon);
	if (err) {
		snitch_nl_monitor_close(mon);
		return err;
	}
	*out = mon;
	return 0;
}

void snitch_nl_monitor_close(struct snitch_nl_monitor *mon)
{
	if (!mon)
		return;
	if (mon->sock)
		nl_socket_free(mon->sock);
	free(mon);
}

int snitch_nl_monitor_fd(const struct snitch_nl_monitor *mon)
{
	return nl_socket_get_fd(mon->sock);
}

int snitch_nl_monitor_dispatch(struct snitch_nl_monitor *mon, snitch_monitor_cb cb, void *ctx)
{
	int err;

	mon->cb = cb;
	mon->ctx = ctx;
	mon->count = 0;
	mon->err = 0;
	err = nl_recvmsgs_default(mon->sock);
	if (err == -NLE_NOMEM)
		return -ENOBUFS;	/* the kernel's buffer overflowed */
	if (err < 0 && err != -NLE_AGAIN)
		return snitch_nl_errno(err);
	return mon->err ? mon->err : mon->count;
}
