/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "local-net", "broadcast" and "dns-servers" mean on this machine now: the subnets of its
 * interfaces, these themselves, and its configured name servers, of the initial network namespace. It never asks
 * anybody over the network.
 */
#ifndef SNITCH_DAEMON_PLACES_H
#define SNITCH_DAEMON_PLACES_H

#include "../policy/policy.h"

#define PLACES_NETS_MAX		256
#define PLACES_DNS_MAX		32
#define PLACES_LINKS_MAX	256

struct places {
	struct policy_net local[PLACES_NETS_MAX];
	size_t n_local;
	struct policy_net broadcast[PLACES_NETS_MAX];
	size_t n_broadcast;
	struct policy_net dns[PLACES_DNS_MAX];
	size_t n_dns;
	struct policy_link links[PLACES_LINKS_MAX];
	size_t n_links;
	uint32_t netns;
};

/* Reads both; files of name servers under @root. Return: 0 or a negative errno. */
int places_read(struct places *places, const char *root);

/* The environment of rules, as far as it is the machine's networks; borrowed. */
void places_env(const struct places *places, struct policy_env *env);

/* Whether both are alike; interfaces (containers come and go) only count with @links. */
bool places_same(const struct places *a, const struct places *b, bool links);
/* The name of an interface, or NULL. */
const char *places_link_name(const struct places *places, uint32_t index);

/* Adds the "nameserver" lines of one file of resolv.conf(5); a file that is not there has none. */
void places_read_resolv(struct places *places, const char *path);

#endif
