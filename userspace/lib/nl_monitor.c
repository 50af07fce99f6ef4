// SPDX-License-Identifier: GPL-2.0-or-later
/* The monitor stream: each decision as it is made, each flow's end. Lossy; says so when it lost some. */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <stdlib.h>

#include "nl.h"

static int on_decided(struct snitch_nl_monitor *mon, struct nlattr **attrs)
{
	struct snitch_monitor m;

	if (snitch_nl_struct(&m, sizeof(m), attrs[SNITCH_A_DECIDED_EVENT]))
		return -EBADMSG;
	if (mon->calls->decided)
		mon->calls->decided(mon->ctx, &m);
	return 0;
}

static int on_ended(struct snitch_nl_monitor *mon, struct nlattr **attrs)
{
	struct snitch_monitor_ended m;

	if (snitch_nl_struct(&m, sizeof(m), attrs[SNITCH_A_ENDED_EVENT]))
		return -EBADMSG;
	if (mon->calls->ended)
		mon->calls->ended(mon->ctx, &m);
	return 0;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct snitch_nl_monitor *mon = arg;
	int cmd, err;

	if (hdr->nlmsg_type != mon->family || !genlmsg_valid_hdr(nlmsg_hdr(msg), 0))
		return NL_SKIP;
	cmd = genlmsg_hdr(nlmsg_hdr(msg))->cmd;
	if (cmd != SNITCH_CMD_MONITOR && cmd != SNITCH_CMD_MONITOR_ENDED)
		return NL_SKIP;
	err = snitch_nl_parse(msg, attrs);
	if (!err)
		err = cmd == SNITCH_CMD_MONITOR ? on_decided(mon, attrs) : on_ended(mon, attrs);
	if (err) {
		mon->err = err;
		return NL_STOP;
	}
	mon->count++;
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

int snitch_nl_monitor_dispatch(struct snitch_nl_monitor *mon,
			       const struct snitch_monitor_calls *calls, void *ctx)
{
	int err;

	mon->calls = calls;
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
