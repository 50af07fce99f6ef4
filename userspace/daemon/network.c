// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links, default routes and who answers for their gateways, as rtnetlink tells them: each message
 * is looked at once and none is kept, however many routes there are.
 */
#include "network.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES	8	/* while it changes under our hands; then the next change tells the rest */

/* struct reading - @via: the links of the gateways of @facts, as numbers */
struct reading {
	struct profile_facts *facts;
	uint32_t via[PROFILE_GATEWAYS_MAX];
	size_t n_macs;
};

static int take_link(struct nl_msg *msg, void *ctx)
{
	const struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct profile_facts *facts = ((struct reading *)ctx)->facts;
	const unsigned int up = IFF_UP | IFF_RUNNING;
	struct nlattr *name;

	if (!nlmsg_valid_hdr(nlmsg_hdr(msg), sizeof(*info)) ||
	    nlmsg_hdr(msg)->nlmsg_type != RTM_NEWLINK)
		return NL_SKIP;
	name = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*info), IFLA_IFNAME);
	if (!name || (info->ifi_flags & up) != up || facts->n_links == PROFILE_LINKS_MAX)
		return NL_SKIP;
	nla_strlcpy(facts->links[facts->n_links++], name, sizeof(facts->links[0]));
	return NL_OK;
}

/* Whether @attr is an address of @family. */
static bool is_address(struct nlattr *attr, uint8_t family)
{
	return attr && ((family == AF_INET && nla_len(attr) == 4) ||
			(family == AF_INET6 && nla_len(attr) == 16));
}

static void take_gateway(struct reading *reading, uint8_t family, uint32_t link,
			 struct nlattr *attr)
{
	struct profile_facts *facts = reading->facts;
	struct profile_gateway *gw = &facts->gateways[facts->n_gateways];

	if (facts->n_gateways == PROFILE_GATEWAYS_MAX || !is_address(attr, family))
		return;
	memset(gw, 0, sizeof(*gw));
	gw->family = family;
	memcpy(gw->addr, nla_data(attr), nla_len(attr));
	reading->via[facts->n_gateways++] = link;
}

/* A route with several gateways: each a struct rtnexthop and attributes of its own. */
static void take_multipath(struct reading *reading, uint8_t family, struct nlattr *attr)
{
	const struct rtnexthop *hop = nla_data(attr);
	int left = nla_len(attr);

	/* RTNH_OK() reads the length that it is to check */
	while (left >= (int)sizeof(*hop) && RTNH_OK(hop, left)) {
		take_gateway(reading, family, hop->rtnh_ifindex,
			     nla_find((struct nlattr *)RTNH_DATA(hop),
				      hop->rtnh_len - sizeof(*hop), RTA_GATEWAY));
		left -= NLMSG_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

static int take_route(struct nl_msg *msg, void *ctx)
{
	const struct rtmsg *route = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attrs[RTA_MAX + 1];
	uint32_t table;

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlmsg_hdr(msg), sizeof(*route), attrs, RTA_MAX, NULL))
		return NL_SKIP;
	table = attrs[RTA_TABLE] ? nla_get_u32(attrs[RTA_TABLE]) : route->rtm_table;
	if (route->rtm_dst_len || route->rtm_type != RTN_UNICAST || table != RT_TABLE_MAIN)
		return NL_SKIP;
	take_gateway(ctx, route->rtm_family, attrs[RTA_OIF] ? nla_get_u32(attrs[RTA_OIF]) : 0,
		     attrs[RTA_GATEWAY]);
	if (attrs[RTA_MULTIPATH])
		take_multipath(ctx, route->rtm_family, attrs[RTA_MULTIPATH]);
	return NL_OK;
}

static int take_neighbour(struct nl_msg *msg, void *ctx)
{
	const struct ndmsg *neighbour = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attrs[NDA_MAX + 1];
	struct reading *reading = ctx;
	size_t i;

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse(nlmsg_hdr(msg), sizeof(*neighbour), attrs, NDA_MAX, NULL) ||
	    !is_address(attrs[NDA_DST], neighbour->ndm_family) || !attrs[NDA_LLADDR] ||
	    nla_len(attrs[NDA_LLADDR]) != sizeof(reading->facts->gateways[0].mac))
		return NL_SKIP;
	for (i = 0; i < reading->facts->n_gateways; i++) {
		struct profile_gateway *gw = &reading->facts->gateways[i];

		if (reading->via[i] != (uint32_t)neighbour->ndm_ifindex ||
		    gw->family != neighbour->ndm_family ||
		    memcmp(gw->addr, nla_data(attrs[NDA_DST]), nla_len(attrs[NDA_DST])))
			continue;
		memcpy(gw->mac, nla_data(attrs[NDA_LLADDR]), sizeof(gw->mac));
		gw->has_mac = true;
		reading->n_macs++;
	}
	return NL_OK;
}

/* Asks for all of one kind; @n counts what @take has taken. Return: 0 or -EIO. */
static int dump(struct nl_sock *sk, int type, size_t header, nl_recvmsg_msg_cb_t take,
		struct reading *reading, size_t *n)
{
	char zeroes[sizeof(struct ifinfomsg)] = { 0 };	/* the largest of the headers */
	unsigned int tries;
	int r = -NLE_DUMP_INTR;

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, take, reading);
	for (tries = 0; r == -NLE_DUMP_INTR && tries < TRIES; tries++) {
		*n = 0;
		r = nl_send_simple(sk, type, NLM_F_DUMP, zeroes, header);
		if (r >= 0)
			r = nl_recvmsgs_default(sk);
	}
	return r < 0 && r != -NLE_DUMP_INTR ? -EIO : 0;
}

int network_read(struct profile_facts *facts, bool gateways)
{
	struct reading reading = { .facts = facts };
	struct nl_sock *sk = nl_socket_alloc();
	int r = sk && !nl_connect(sk, NETLINK_ROUTE) ? 0 : -EIO;

	facts->n_links = 0;
	facts->n_gateways = 0;
	if (!r)
		r = dump(sk, RTM_GETLINK, sizeof(struct ifinfomsg), take_link, &reading,
			 &facts->n_links);
	if (!r && gateways)
		r = dump(sk, RTM_GETROUTE, sizeof(struct rtmsg), take_route, &reading,
			 &facts->n_gateways);
	if (!r && gateways)
		r = dump(sk, RTM_GETNEIGH, sizeof(struct ndmsg), take_neighbour, &reading,
			 &reading.n_macs);
	nl_socket_free(sk);
	return r;
}

int network_watch(bool gateways)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int r, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (gateways)
		addr.nl_groups |= RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_NEIGH;
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}
