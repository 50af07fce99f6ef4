// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink "snitch": requests, dumps, and the kernel's own words for errors. */
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nl.h"

#define NL_TIMEOUT_S 10

int snitch_nl_errno(int nlerr)
{
	switch (nlerr < 0 ? -nlerr : nlerr) {
	case 0:
		return 0;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -ETIMEDOUT;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_RANGE:
		return -ERANGE;
	case NLE_INVAL:
		return -EINVAL;
	case NLE_MSG_TRUNC:
	case NLE_MSG_TOOSHORT:
		return -EBADMSG;
	}
	return -EIO;
}

int snitch_nl_connect(struct nl_sock **out, int *family)
{
	const struct timeval limit = { .tv_sec = NL_TIMEOUT_S };
	struct nl_sock *sock = nl_socket_alloc();
	int err, one = 1;

	if (!sock)
		return -ENOMEM;
	err = genl_connect(sock);
	if (!err) {
		setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
		setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		err = genl_ctrl_resolve(sock, SNITCH_GENL_NAME);
	}
	if (err < 0) {
		nl_socket_free(sock);
		return snitch_nl_errno(err);
	}
	*family = err;
	*out = sock;
	return 0;
}

int snitch_nl_open(struct snitch_nl **out)
{
	struct snitch_nl *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	err = snitch_nl_connect(&nl->sock, &nl->family);
	if (err) {
		free(nl);
		return err;
	}
	*out = nl;
	return 0;
}

void snitch_nl_close(struct snitch_nl *nl)
{
	if (!nl)
		return;
	nl_socket_free(nl->sock);
	free(nl);
}

const char *snitch_nl_error(const struct snitch_nl *nl)
{
	return nl->error;
}

struct nl_msg *snitch_nl_msg(const struct snitch_nl *nl, int cmd, int flags, size_t payload)
{
	struct nl_msg *msg = nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + payload + 64);

	if (!msg)
		return NULL;
	if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0, flags, cmd,
			SNITCH_GENL_VERSION))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* What a reply may carry. A longer structure is of a newer module: its beginning is the same. */
static const struct nla_policy policy[SNITCH_A_MAX + 1] = {
	[SNITCH_A_STATUS] = { .minlen = sizeof(struct snitch_status) },
	[SNITCH_A_FLOW] = { .minlen = sizeof(struct snitch_flow_info) },
	[SNITCH_A_PARKED] = { .minlen = sizeof(struct snitch_parked_info) },
	[SNITCH_A_RULE] = { .minlen = sizeof(struct snitch_rule) },
	[SNITCH_A_HITS] = { .type = NLA_U64 },
	[SNITCH_A_GENERATION] = { .type = NLA_U64 },
	[SNITCH_A_UNBOUND] = { .type = NLA_U32 },
	[SNITCH_A_DECIDED_EVENT] = { .minlen = sizeof(struct snitch_monitor) },
	[SNITCH_A_ENDED_EVENT] = { .minlen = sizeof(struct snitch_monitor_ended) },
	[SNITCH_A_SET_GENERATION] = { .type = NLA_U64 },
	[SNITCH_A_SET_INFO] = { .minlen = sizeof(struct snitch_set_info) },
	[SNITCH_A_CUT_DONE] = { .minlen = sizeof(struct snitch_cut_done) },
};

int snitch_nl_parse_hdr(struct nlmsghdr *hdr, struct nlattr **attrs)
{
	return genlmsg_parse(hdr, 0, attrs, SNITCH_A_MAX, policy) ? -EBADMSG : 0;
}

int snitch_nl_parse(struct nl_msg *msg, struct nlattr **attrs)
{
	return snitch_nl_parse_hdr(nlmsg_hdr(msg), attrs);
}

int snitch_nl_struct(void *dst, size_t size, const struct nlattr *attr)
{
	if (!attr)
		return -EBADMSG;
	memcpy(dst, nla_data(attr), size);
	return 0;
}

/* ---- one exchange ---- */

/**
 * struct exchange - one request and what comes of it
 * @seq: of the request; what answers another one, given up before, is not for us
 * @err: the first thing that went wrong; the rest is read all the same, up to the end
 * @replied: there was a reply, not only an end
 * @changed: the kernel says that the table was another one in the middle of the dump
 */
struct exchange {
	struct snitch_nl *nl;
	snitch_nl_reply reply;
	void *ctx;
	uint32_t seq;
	int err;
	bool replied;
	bool changed;
	bool done;
};

/* The text that an extended ack carries, if it does. */
static void take_text(struct snitch_nl *nl, const struct nlmsghdr *hdr, size_t skip)
{
	const struct nlattr *a;
	int left;

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS) || hdr->nlmsg_len < NLMSG_HDRLEN + skip)
		return;
	left = hdr->nlmsg_len - NLMSG_HDRLEN - skip;
	a = (const struct nlattr *)((const char *)NLMSG_DATA(hdr) + skip);
	for (; nla_ok(a, left); a = nla_next(a, &left))
		if (nla_type(a) == NLMSGERR_ATTR_MSG)
			snprintf(nl->error, sizeof(nl->error), "%.*s", nla_len(a),
				 (const char *)nla_data(a));
}

static int on_seq(struct nl_msg *msg, void *arg)
{
	const struct exchange *x = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == x->seq ? NL_OK : NL_SKIP;
}

static int on_changed(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	(void)msg;
	x->changed = true;
	return NL_OK;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[SNITCH_A_MAX + 1];
	struct exchange *x = arg;

	x->replied = true;
	if (!x->err && nlmsg_hdr(msg)->nlmsg_type != x->nl->family)
		x->err = -EBADMSG;
	if (!x->err)
		x->err = snitch_nl_parse(msg, attrs);
	if (!x->err && x->reply)
		x->err = x->reply(x->ctx, attrs);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	(void)msg;
	if (!x->err && x->reply && !x->replied)
		x->err = -EBADMSG;
	x->done = true;
	return NL_STOP;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;
	int *err = nlmsg_data(nlmsg_hdr(msg));

	if (nlmsg_datalen(nlmsg_hdr(msg)) >= (int)sizeof(*err) && *err < 0) {
		take_text(x->nl, nlmsg_hdr(msg), sizeof(*err));
		if (!x->err)
			x->err = *err;
	}
	if (!x->err && x->changed)
		x->err = -EINTR;
	x->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	const struct nlmsghdr *hdr = (const void *)((const char *)e - NLMSG_HDRLEN);
	struct exchange *x = arg;
	size_t skip = sizeof(*e);

	(void)from;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		skip += (size_t)NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	take_text(x->nl, hdr, skip);
	if (!x->err)
		x->err = e->error < 0 ? e->error : -EBADMSG;
	x->done = true;
	return NL_STOP;
}

/* The socket's own callbacks are the ground: a test may have put its own receiver there. */
static int receive(struct snitch_nl *nl, struct exchange *x)
{
	struct nl_cb *own = nl_socket_get_cb(nl->sock), *cb = nl_cb_clone(own);
	int err = 0;

	nl_cb_put(own);
	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, x);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_changed, x);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, x);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);
	while (!x->done && err >= 0)
		err = nl_recvmsgs(nl->sock, cb);
	nl_cb_put(cb);
	if (x->done)
		return x->err;
	return x->err ? x->err : snitch_nl_errno(err);
}

int snitch_nl_exchange(struct snitch_nl *nl, struct nl_msg *msg, snitch_nl_reply reply, void *ctx)
{
	struct exchange x = { .nl = nl, .reply = reply, .ctx = ctx };
	int err;

	if (!msg)
		return -ENOMEM;
	nl->error[0] = '\0';
	if (!(nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP))
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	err = nl_send_auto(nl->sock, msg);
	x.seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	return err < 0 ? snitch_nl_errno(err) : receive(nl, &x);
}

/* ---- requests ---- */

static int take_status(void *ctx, struct nlattr **attrs)
{
	return snitch_nl_struct(ctx, sizeof(struct snitch_status), attrs[SNITCH_A_STATUS]);
}

int snitch_nl_status(struct snitch_nl *nl, struct snitch_status *status)
{
	memset(status, 0, sizeof(*status));
	return snitch_nl_exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_GET_STATUS, 0, 0), take_status,
				  status);
}

int snitch_nl_set_limits(struct snitch_nl *nl, const struct snitch_limits *limits)
{
	struct nl_msg *msg = snitch_nl_msg(nl, SNITCH_CMD_SET_LIMITS, 0, sizeof(*limits));

	if (msg && nla_put(msg, SNITCH_A_LIMITS, sizeof(*limits), limits)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return snitch_nl_exchange(nl, msg, NULL, NULL);
}

/* ---- dumps ---- */

struct dump {
	void *cb;
	void *ctx;
};

int snitch_nl_take_flow(struct nlattr **attrs, snitch_flow_cb cb, void *ctx)
{
	struct snitch_flow_info info;
	int err = snitch_nl_struct(&info, sizeof(info), attrs[SNITCH_A_FLOW]);

	return err ? err : cb(ctx, &info);
}

static int take_flow(void *arg, struct nlattr **attrs)
{
	struct dump *d = arg;

	return snitch_nl_take_flow(attrs, d->cb, d->ctx);
}

int snitch_nl_flows(struct snitch_nl *nl, snitch_flow_cb cb, void *ctx)
{
	struct dump d = { .cb = cb, .ctx = ctx };

	return snitch_nl_exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_GET_FLOWS, NLM_F_DUMP, 0),
				  take_flow, &d);
}

static int take_parked(void *arg, struct nlattr **attrs)
{
	struct snitch_parked_info info;
	struct dump *d = arg;
	int err = snitch_nl_struct(&info, sizeof(info), attrs[SNITCH_A_PARKED]);

	return err ? err : ((snitch_parked_cb)d->cb)(d->ctx, &info);
}

int snitch_nl_parked(struct snitch_nl *nl, snitch_parked_cb cb, void *ctx)
{
	struct dump d = { .cb = cb, .ctx = ctx };

	return snitch_nl_exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_GET_PARKED, NLM_F_DUMP, 0),
				  take_parked, &d);
}

static int take_rule(void *arg, struct nlattr **attrs)
{
	struct snitch_rule rule;
	struct dump *d = arg;
	int err = snitch_nl_struct(&rule, sizeof(rule), attrs[SNITCH_A_RULE]);

	if (err)
		return err;
	return ((snitch_rule_cb)d->cb)(d->ctx, &rule,
				       attrs[SNITCH_A_HITS] ? nla_get_u64(attrs[SNITCH_A_HITS]) : 0);
}

int snitch_nl_rules(struct snitch_nl *nl, snitch_rule_cb cb, void *ctx)
{
	struct dump d = { .cb = cb, .ctx = ctx };

	return snitch_nl_exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_GET_RULES, NLM_F_DUMP, 0),
				  take_rule, &d);
}
