/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "local-net", "broadcast" and "dns-servers" mean on this machine now: the subnets of its
 * interfaces and its configured name servers, of the initial network namespace. It never asks
 * anybody over the network.
 */
#ifndef SNITCH_DAEMON_PLACES_H
#define SNITCH_DAEMON_PLACES_H

#include "../policy/policy.h"

#define PLACES_NETS_MAX		256
#define PLACES_DNS_MAX		32

struct places {
	struct policy_net local[PLACES_NETS_MAX];
	size_t n_local;
	struct policy_net broadcast[PLACES_NETS_MAX];
	size_t n_broadcast;
	struct policy_net dns[PLACES_DNS_MAX];
	size_t n_dns;
};

/* Reads both; files of name servers under @root. Return: 0 or a negative errno. */
int places_read(struct places *places, const char *root);

/* Adds the "nameserver" lines of one file of resolv.conf(5); a file that is not there has none. */
void places_read_resolv(struct places *places, const char *path);

#endif
