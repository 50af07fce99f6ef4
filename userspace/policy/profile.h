/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles by network: which one is active where, as /etc/snitch/profiles.conf says. It must never
 * look at the network itself.
 *
 *	home   when ssid "My Wi-Fi" gateway 192.0.2.1
 *	office when gateway 2001:db8::1 mac 02:00:5e:00:53:01
 *	vpn    when interface wg0
 *	away   otherwise
 *
 * All conditions of a line must hold; the first line that holds counts; without one, no profile
 * is active.
 */
#ifndef SNITCH_POLICY_PROFILE_H
#define SNITCH_POLICY_PROFILE_H

#include "policy.h"

#define PROFILE_FILE		"/etc/snitch/profiles.conf"
#define PROFILE_LINES_MAX	256
#define PROFILE_LINKS_MAX	256
#define PROFILE_GATEWAYS_MAX	32
#define PROFILE_NAMES_MAX	32	/* wireless networks, connections */

struct profile_gateway {
	uint8_t family;			/* AF_INET or AF_INET6 */
	uint8_t addr[16];
	bool has_mac;
	uint8_t mac[6];
};

/* The network around us. Names are NUL-ended; what does not fit is left out. */
struct profile_facts {
	char links[PROFILE_LINKS_MAX][16];	/* that are up */
	size_t n_links;
	struct profile_gateway gateways[PROFILE_GATEWAYS_MAX];	/* of default routes */
	size_t n_gateways;
	char ssids[PROFILE_NAMES_MAX][33];
	size_t n_ssids;
	char connections[PROFILE_NAMES_MAX][256];
	size_t n_connections;
};

/* True when a link of that name is up. */
bool profile_has_link(const struct profile_facts *facts, const char *name);

struct profile_line {
	char *name;			/* owned, as all */
	char *interface, *ssid, *connection;
	bool has_gateway, has_mac;
	struct profile_gateway gateway;
};

/* Zero it before first use. The needs: some line has such a condition. */
struct profile_conf {
	struct profile_line *lines;
	size_t n;
	bool needs_gateways, needs_names;
};

/*
 * Reads the file; without one there are no lines. Return: 0; -EINVAL, -E2BIG, -ENOMEM or from the
 * file system, with @err filled in and @conf empty.
 */
int profile_conf_read(struct profile_conf *conf, const char *path, struct rule_error *err);
void profile_conf_clear(struct profile_conf *conf);

/* The profile for @facts, the conf's own string; NULL: none. */
const char *profile_choose(const struct profile_conf *conf, const struct profile_facts *facts);

#endif
