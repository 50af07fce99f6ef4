// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink without a library, and the commands that only ask and print.
 * Must never hide an error: each ends as "netlink: TEXT" and status 1.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

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
	size_t start = nl->len;
	struct nlattr *a = (struct nlattr *)(nl->buf + start);

	if (start + NLA_ALIGN(NLA_HDRLEN + len) > sizeof(nl->buf))
		die(0, "netlink message too long");
	memset(a, 0, NLA_ALIGN(NLA_HDRLEN + len));
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nl->buf + start + NLA_HDRLEN, data, len);
	nl->len += NLA_ALIGN(a->nla_len);
	return start;
}

void nl_nest_end(struct nl *nl, size_t start)
{
	struct nlattr *a = (struct nlattr *)(nl->buf + start);

	a->nla_type |= NLA_F_NESTED;
	a->nla_len = nl->len - start;
}

static void each_attr(const struct nlmsghdr *h, nl_attr_fn fn, void *arg)
{
	const char *p = (const char *)NLMSG_DATA(h) + GENL_HDRLEN;
	const char *end = (const char *)h + h->nlmsg_len;

	while (p + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const struct nlattr *)p;

		if (a->nla_len < NLA_HDRLEN || p + a->nla_len > end)
			die(0, "netlink: malformed answer");
		if (fn)
			fn(a->nla_type & NLA_TYPE_MASK, p + NLA_HDRLEN, a->nla_len - NLA_HDRLEN, arg);
		p += NLA_ALIGN(a->nla_len);
	}
}

/* 1: more to come; 0 or -errno: done. */
static int take_message(struct nl *nl, const struct nlmsghdr *h, nl_attr_fn fn, void *arg)
{
	if (h->nlmsg_seq != nl->seq)
		return 1;
	if (h->nlmsg_type == NLMSG_DONE)
		return h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(int *)NLMSG_DATA(h) : 0;
	if (h->nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
	each_attr(h, fn, arg);
	return 1;
}

int nl_call(struct nl *nl, nl_attr_fn fn, void *arg)
{
	static char answer[1 << 17];
	struct nlmsghdr *h = (struct nlmsghdr *)nl->buf;
	int r = 1;

	h->nlmsg_len = nl->len;
	if (send(nl->fd, nl->buf, nl->len, 0) < 0)
		return -errno;
	while (r > 0) {
		ssize_t n = recv(nl->fd, answer, sizeof(answer), 0);
		size_t left;

		if (n < 0)
			return -errno;
		left = n;
		for (h = (struct nlmsghdr *)answer; r > 0 && NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left))
			r = take_message(nl, h, fn, arg);
	}
	return r;
}

static void take_family(uint16_t type, const void *data, size_t len, void *arg)
{
	if (type == CTRL_ATTR_FAMILY_ID && len == sizeof(uint16_t))
		memcpy(arg, data, len);
}

void nl_open(struct nl *nl)
{
	uint16_t family = 0;
	int one = 1, size = 1 << 20;
	int r;

	nl->seq = 0;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		die(errno, "netlink socket");
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	nl->family = GENL_ID_CTRL;
	nl_begin(nl, CTRL_CMD_GETFAMILY, 0);
	nl_put(nl, CTRL_ATTR_FAMILY_NAME, SNITCH_GENL_NAME, sizeof(SNITCH_GENL_NAME));
	r = nl_call(nl, take_family, &family);
	if (r || !family)
		die(-r, "netlink family \"%s\" (is the module loaded?)", SNITCH_GENL_NAME);
	nl->family = family;
}

static int ask(uint8_t cmd, uint16_t flags, nl_attr_fn fn)
{
	static struct nl nl;
	int r;

	nl_open(&nl);
	nl_begin(&nl, cmd, flags);
	r = nl_call(&nl, fn, NULL);
	if (r)
		die(-r, "netlink");
	return 0;
}

static void print_status(uint16_t type, const void *data, size_t len, void *arg)
{
	static struct snitch_status s;
	const uint32_t *limit = (const uint32_t *)&s.limits;
	unsigned int i;

	(void)arg;
	if (type != SNITCH_A_STATUS)
		return;
	if (len != sizeof(s))
		die(0, "status of %zu bytes, expected %zu", len, sizeof(s));
	memcpy(&s, data, len);
	printf("generation %llu\ninstance %llx\ndecider_pid %u\ndecider_alive %u\nobservers %u\n",
	       s.generation, s.instance, s.decider_pid, s.decider_alive, s.observers);
	printf("parked %u\nheld %u\nparked_bytes %llu\nflows_tcp %u\nflows_other %u\nimages %u\n",
	       s.parked, s.held, s.parked_bytes, s.flows_tcp, s.flows_other, s.images);
	printf("cached %u\nrules %u\napps %u\narmed %u\nmode %u\nfail %s\n", s.cached, s.rules,
	       s.apps, s.armed, s.policy.mode, name_action(s.policy.fail));
	printf("kernel %s\nunmatched %s\n", name_action(s.policy.kernel),
	       name_action(s.policy.unmatched));
	for (i = 0; i < ARRAY_SIZE(limit_names); i++)
		printf("%s %u\n", limit_names[i], limit[i]);
	for (i = 0; i < __SNITCH_C_MAX; i++)
		printf("%s %llu\n", counter_names[i], s.counter[i]);
}

static void print_flow(uint16_t type, const void *data, size_t len, void *arg)
{
	struct snitch_flow_info f;

	(void)arg;
	if (type != SNITCH_A_FLOW || len != sizeof(f))
		return;
	memcpy(&f, data, len);
	printf("cookie=%llu owner=%llu proto=%s local=%s:%u remote=%s:%u action=%s origin=%s",
	       f.cookie, f.owner, name_proto(f.proto), addr_text(f.family, f.saddr), f.sport,
	       addr_text(f.family, f.daddr), f.dport, name_action(f.action),
	       name_origin(f.origin));
	printf(" origin_id=%llu packets=%llu bytes=%llu netns=%u uid=%u pid=%u state=%u comm=",
	       f.origin_id, f.packets, f.bytes, f.netns, f.uid, f.pid, f.tcp_state);
	put_escaped(stdout, f.comm, strnlen(f.comm, sizeof(f.comm)));
	putchar('\n');
}

static void print_parked(uint16_t type, const void *data, size_t len, void *arg)
{
	struct snitch_parked_info p;

	(void)arg;
	if (type != SNITCH_A_PARKED || len != sizeof(p))
		return;
	memcpy(&p, data, len);
	printf("id=%llu owner=%llu proto=%s remote=%s:%u held=%u packets=%u bytes=%u until=%llu\n",
	       p.flow.hdr.id, p.flow.owner, name_proto(p.flow.proto),
	       addr_text(p.flow.family, p.flow.daddr), p.flow.dport, p.held, p.packets, p.bytes,
	       p.until);
}

static void print_rule(uint16_t type, const void *data, size_t len, void *arg)
{
	struct snitch_rule r;
	uint64_t hits;

	(void)arg;
	if (type == SNITCH_A_RULE && len == sizeof(r)) {
		memcpy(&r, data, len);
		printf("id=%llu rank=%u app=%u action=%s proto=%u ports=%u-%u flags=%x\n", r.id,
		       r.rank, r.app, name_action(r.action), r.proto, r.port_first, r.port_last,
		       r.flags);
	} else if (type == SNITCH_A_HITS && len == sizeof(hits)) {
		memcpy(&hits, data, len);
		printf("hits=%llu\n", (unsigned long long)hits);
	}
}

int cmd_status(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ask(SNITCH_CMD_GET_STATUS, 0, print_status);
}

int cmd_flows(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ask(SNITCH_CMD_GET_FLOWS, NLM_F_DUMP, print_flow);
}

int cmd_parked(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ask(SNITCH_CMD_GET_PARKED, NLM_F_DUMP, print_parked);
}

int cmd_rules(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return ask(SNITCH_CMD_GET_RULES, NLM_F_DUMP, print_rule);
}

int cmd_limits(int argc, char **argv)
{
	static struct nl nl;
	uint32_t limits[12] = { 0 };
	int i, r;

	for (i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		size_t k;

		if (!value)
			die(0, "'%s' is not NAME=VALUE", argv[i]);
		*value++ = '\0';
		for (k = 0; k < ARRAY_SIZE(limits) && strcmp(argv[i], limit_names[k]); k++)
			;
		if (k == ARRAY_SIZE(limits))
			die(0, "no limit '%s'", argv[i]);
		limits[k] = number_of(value, UINT32_MAX);
	}
	nl_open(&nl);
	nl_begin(&nl, SNITCH_CMD_SET_LIMITS, 0);
	nl_put(&nl, SNITCH_A_LIMITS, limits, sizeof(limits));
	r = nl_call(&nl, NULL, NULL);
	if (r)
		die(-r, "limits");
	return 0;
}
