// SPDX-License-Identifier: GPL-2.0-or-later
/* Links, default routes and who answers for their gateways, by libnl-route. */
#include "network.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

static void take_link(struct nl_object *object, void *ctx)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	const unsigned int up = IFF_UP | IFF_RUNNING;
	struct profile_facts *facts = ctx;

	if ((rtnl_link_get_flags(link) & up) != up || facts->n_links == PROFILE_LINKS_MAX)
		return;
	snprintf(facts->links[facts->n_links++], sizeof(facts->links[0]), "%s",
		 rtnl_link_get_name(link));
}

struct reading {
	struct profile_facts *facts;
	struct nl_cache *neighbours;
};

static void take_nexthop(struct rtnl_nexthop *nh, void *ctx)
{
	struct nl_addr *addr = rtnl_route_nh_get_gateway(nh);
	struct reading *reading = ctx;
	struct profile_facts *facts = reading->facts;
	struct profile_gateway *gw = &facts->gateways[facts->n_gateways];
	struct rtnl_neigh *neigh;
	struct nl_addr *mac;

	if (!addr || facts->n_gateways == PROFILE_GATEWAYS_MAX ||
	    nl_addr_get_len(addr) > sizeof(gw->addr))
		return;
	memset(gw, 0, sizeof(*gw));
	gw->family = nl_addr_get_family(addr);
	memcpy(gw->addr, nl_addr_get_binary_addr(addr), nl_addr_get_len(addr));
	neigh = rtnl_neigh_get(reading->neighbours, rtnl_route_nh_get_ifindex(nh), addr);
	mac = neigh ? rtnl_neigh_get_lladdr(neigh) : NULL;
	if (mac && nl_addr_get_len(mac) == sizeof(gw->mac)) {
		memcpy(gw->mac, nl_addr_get_binary_addr(mac), sizeof(gw->mac));
		gw->has_mac = true;
	}
	if (neigh)
		rtnl_neigh_put(neigh);
	facts->n_gateways++;
}

static void take_route(struct nl_object *object, void *ctx)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct nl_addr *dst = rtnl_route_get_dst(route);

	if (rtnl_route_get_table(route) == RT_TABLE_MAIN &&
	    rtnl_route_get_type(route) == RTN_UNICAST && (!dst || !nl_addr_get_prefixlen(dst)))
		rtnl_route_foreach_nexthop(route, take_nexthop, ctx);
}

static int read_gateways(struct nl_sock *sk, struct profile_facts *facts)
{
	struct reading reading = { .facts = facts };
	struct nl_cache *routes;
	int r;

	r = rtnl_neigh_alloc_cache(sk, &reading.neighbours);
	if (r < 0)
		return -EIO;
	r = rtnl_route_alloc_cache(sk, AF_UNSPEC, 0, &routes);
	if (!r) {
		nl_cache_foreach(routes, take_route, &reading);
		nl_cache_free(routes);
	}
	nl_cache_free(reading.neighbours);
	return r < 0 ? -EIO : 0;
}

int network_read(struct profile_facts *facts, bool gateways)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct nl_cache *links;
	int r = sk ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	facts->n_links = 0;
	facts->n_gateways = 0;
	if (!r)
		r = rtnl_link_alloc_cache(sk, AF_UNSPEC, &links);
	if (r < 0) {
		nl_socket_free(sk);
		return -EIO;
	}
	nl_cache_foreach(links, take_link, facts);
	nl_cache_free(links);
	if (gateways)
		r = read_gateways(sk, facts);
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
