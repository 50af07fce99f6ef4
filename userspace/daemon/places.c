// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Subnets and name servers of this machine. It must never take more than its bounds from a file
 * somebody else writes.
 */
#include "places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "../util/format.h"

/* The resolvers behind the local stubs are configured ones, too. */
static const char *const resolv_files[] = {
	"/etc/resolv.conf",
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
	"/run/resolvconf/resolv.conf",
};

static bool same_net(const struct policy_net *a, const struct policy_net *b)
{
	return a->family == b->family && a->len == b->len &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static void add(struct policy_net *nets, size_t *n, size_t max, const struct policy_net *net)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (same_net(&nets[i], net))
			return;
	}
	if (*n < max)
		nets[(*n)++] = *net;
}

static bool get_addr(const struct sockaddr *sa, struct policy_net *net)
{
	memset(net, 0, sizeof(*net));
	if (!sa)
		return false;
	net->family = sa->sa_family;
	if (sa->sa_family == AF_INET) {
		memcpy(net->addr, &((const struct sockaddr_in *)sa)->sin_addr, 4);
		net->len = 32;
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(net->addr, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
		net->len = 128;
		return true;
	}
	return false;
}

static unsigned int mask_len(const struct policy_net *mask)
{
	unsigned int i, n = 0, bytes = mask->family == AF_INET ? 4 : 16;

	for (i = 0; i < bytes; i++)
		n += __builtin_popcount(mask->addr[i]);
	return n;
}

static void cut(struct policy_net *net)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (8 * i >= net->len)
			net->addr[i] = 0;
		else if (8 * i + 8 > net->len)
			net->addr[i] &= 0xff << (8 * i + 8 - net->len);
	}
}

static int read_nets(struct places *places)
{
	struct ifaddrs *list, *ifa;
	struct policy_net net, mask;

	if (getifaddrs(&list))
		return -errno;
	for (ifa = list; ifa; ifa = ifa->ifa_next) {
		if ((ifa->ifa_flags & IFF_LOOPBACK) || !get_addr(ifa->ifa_addr, &net))
			continue;
		if ((ifa->ifa_flags & IFF_POINTOPOINT) || !ifa->ifa_netmask)
			continue;
		/* getifaddrs() may leave the mask's family out */
		ifa->ifa_netmask->sa_family = net.family;
		get_addr(ifa->ifa_netmask, &mask);
		net.len = mask_len(&mask);
		cut(&net);
		if (net.len)
			add(places->local, &places->n_local, PLACES_NETS_MAX, &net);
		if ((ifa->ifa_flags & IFF_BROADCAST) && get_addr(ifa->ifa_broadaddr, &net))
			add(places->broadcast, &places->n_broadcast, PLACES_NETS_MAX, &net);
	}
	freeifaddrs(list);
	return 0;
}

static int read_links(struct places *places)
{
	struct if_nameindex *list = if_nameindex(), *link;
	struct stat st;

	if (!list || stat("/proc/self/ns/net", &st)) {
		if_freenameindex(list);
		return -errno;
	}
	places->netns = st.st_ino;
	for (link = list; link->if_index && places->n_links < PLACES_LINKS_MAX; link++) {
		struct policy_link *out = &places->links[places->n_links++];

		snprintf(out->name, sizeof(out->name), "%s", link->if_name);
		out->index = link->if_index;
	}
	if_freenameindex(list);
	return 0;
}

void places_read_resolv(struct places *places, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct policy_net net;
	char line[512], word[128];
	int lines = 0;

	while (f && lines++ < 1000 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " nameserver %127s", word) != 1)
			continue;
		word[strcspn(word, "%")] = '\0';
		memset(&net, 0, sizeof(net));
		if (inet_pton(AF_INET, word, net.addr) == 1) {
			net.family = AF_INET;
			net.len = 32;
		} else if (inet_pton(AF_INET6, word, net.addr) == 1) {
			net.family = AF_INET6;
			net.len = 128;
		} else {
			continue;
		}
		add(places->dns, &places->n_dns, PLACES_DNS_MAX, &net);
	}
}

void places_env(const struct places *places, struct policy_env *env)
{
	env->local = places->local;
	env->n_local = places->n_local;
	env->dns = places->dns;
	env->n_dns = places->n_dns;
	env->broadcast = places->broadcast;
	env->n_broadcast = places->n_broadcast;
	env->links = places->links;
	env->n_links = places->n_links;
	env->netns = places->netns;
}

int places_read(struct places *places, const char *root)
{
	size_t i;
	int r;

	memset(places, 0, sizeof(*places));
	for (i = 0; i < SNITCH_ARRAY_SIZE(resolv_files); i++) {
		_cleanup_free_ char *path = NULL;

		path = snitch_format("%s%s", root, resolv_files[i]);
		if (!path)
			return -ENOMEM;
		places_read_resolv(places, path);
	}
	r = read_links(places);
	return r ? r : read_nets(places);
}

bool places_same(const struct places *a, const struct places *b, bool links)
{
	size_t whole = links ? sizeof(*a) : offsetof(struct places, links);

	return !memcmp(a, b, whole);
}

const char *places_link_name(const struct places *places, uint32_t index)
{
	size_t i;

	for (i = 0; i < places->n_links; i++) {
		if (places->links[i].index == index)
			return places->links[i].name;
	}
	return NULL;
}
