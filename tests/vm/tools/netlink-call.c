// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink by hand: builds requests, reads answers, finds the family.
 * Must never print or decide: errors go back to the caller.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink-call.h"

/* ---- messages ---- */

void nl_begin(struct nl *nl, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *h = (struct nlmsghdr *)nl->buf;
	struct genlmsghdr *g = NLMSG_DATA(h);

	memset(nl->buf, 0, NLMSG_LENGTH(GENL_HDRLEN));
	h->nlmsg_type = nl->family;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	h->nlmsg_seq = ++nl->seq;
	g->cmd = cmd;
	g->version = SNITCH_GENL_VERSION;
	nl->len = NLMSG_LENGTH(GENL_HDRLEN);
}

size_t nl_put(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(nl->buf + nl->len);
	size_t start = nl->len;

	memset(a, 0, NLA_ALIGN(NLA_HDRLEN + len));
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	nl->len += NLA_ALIGN(a->nla_len);
	return start;
}

void nl_nest_end(struct nl *nl, size_t start, uint16_t flag)
{
	struct nlattr *a = (struct nlattr *)(nl->buf + start);

	a->nla_type |= flag;
	a->nla_len = nl->len - start;
}

void nl_take(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_rule rule;

	if (type == SNITCH_A_GENERATION && len == sizeof(nl->generation)) {
		memcpy(&nl->generation, data, len);
	} else if (type == SNITCH_A_UNBOUND && len == sizeof(nl->unbound)) {
		memcpy(&nl->unbound, data, len);
	} else if (type == SNITCH_A_STATUS) {
		nl->status_len = len;
		memcpy(&nl->status, data, len < sizeof(nl->status) ? len : sizeof(nl->status));
	} else if (type == SNITCH_A_RULE && len == sizeof(rule)) {
		memcpy(&rule, data, len);
		nl->disorder += nl->n_rules++ && rule.id != nl->last_id + 1;
		nl->last_id = rule.id;
	}
}

static void each_attr(struct nl *nl, const char *p, const char *end, nl_attr_fn fn)
{
	while (p + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const struct nlattr *)p;

		if (a->nla_len < NLA_HDRLEN || p + a->nla_len > end)
			return;
		fn(nl, a->nla_type & NLA_TYPE_MASK, p + NLA_HDRLEN, a->nla_len - NLA_HDRLEN);
		p += NLA_ALIGN(a->nla_len);
	}
}

static void take_why(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	if (type == NLMSGERR_ATTR_MSG)
		snprintf(nl->why, sizeof(nl->why), "%.*s", (int)len, (const char *)data);
}

/* The text of the kernel stands behind the error, and the request's copy if it is there. */
static int take_error(struct nl *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const char *p = (const char *)(e + 1);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return e->error;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		p += e->msg.nlmsg_len - sizeof(e->msg);
	each_attr(nl, p, (const char *)h + h->nlmsg_len, take_why);
	return e->error;
}

/* 1: more to come; 0 or -errno: done. */
static int take(struct nl *nl, const struct nlmsghdr *h, nl_attr_fn fn)
{
	if (h->nlmsg_seq != nl->seq)
		return 1;
	nl->flags |= h->nlmsg_flags;
	if (h->nlmsg_type == NLMSG_DONE)
		return h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(int *)NLMSG_DATA(h) : 0;
	if (h->nlmsg_type == NLMSG_ERROR)
		return take_error(nl, h);
	each_attr(nl, (const char *)NLMSG_DATA(h) + GENL_HDRLEN, (const char *)h + h->nlmsg_len, fn);
	return 1;
}

int nl_send(struct nl *nl)
{
	((struct nlmsghdr *)nl->buf)->nlmsg_len = nl->len;
	nl->why[0] = '\0';
	nl->flags = 0;
	nl->n_rules = 0;
	nl->disorder = 0;
	nl->status_len = 0;
	nl->generation = 0;
	return send(nl->fd, nl->buf, nl->len, 0) < 0 ? -errno : 0;
}

/* One datagram of the answer; 1: more to come. */
int nl_answer(struct nl *nl, nl_attr_fn fn)
{
	static char buf[1 << 17];
	ssize_t n = recv(nl->fd, buf, sizeof(buf), 0);
	const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
	size_t left = n;
	int r = 1;

	if (n < 0)
		return -errno;
	for (; r > 0 && NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
		r = take(nl, h, fn);
	return r;
}

int nl_call_each(struct nl *nl, nl_attr_fn fn)
{
	int r = nl_send(nl);

	if (!r)
		do
			r = nl_answer(nl, fn);
		while (r > 0);
	return r;
}

int nl_call(struct nl *nl)
{
	return nl_call_each(nl, nl_take);
}

/* ---- the family ---- */

static void take_group(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	if (type == CTRL_ATTR_MCAST_GRP_ID && len == sizeof(nl->group))
		memcpy(&nl->group, data, len);
}

static void take_groups(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	(void)type;
	each_attr(nl, data, (const char *)data + len, take_group);
}

static void take_family(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	if (type == CTRL_ATTR_FAMILY_ID && len == sizeof(nl->family))
		memcpy(&nl->family, data, len);
	else if (type == CTRL_ATTR_MCAST_GROUPS)
		each_attr(nl, data, (const char *)data + len, take_groups);
}

/* Opens a socket of its own and finds the family; 0 or -errno. */
int nl_open(struct nl *nl)
{
	int on = 1;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	nl->family = GENL_ID_CTRL;
	nl_begin(nl, CTRL_CMD_GETFAMILY, 0);
	nl_put(nl, CTRL_ATTR_FAMILY_NAME, SNITCH_GENL_NAME, sizeof(SNITCH_GENL_NAME));
	return nl_call_each(nl, take_family);
}

int nl_simple(struct nl *nl, uint8_t cmd)
{
	nl_begin(nl, cmd, 0);
	return nl_call(nl);
}

int nl_with(struct nl *nl, uint8_t cmd, uint16_t type, const void *data, size_t len)
{
	nl_begin(nl, cmd, 0);
	nl_put(nl, type, data, len);
	return nl_call(nl);
}
