/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random rules and flows for property tests, out of a small world, so that rules meet flows and
 * each other. It must never draw from anything but the seed: a run is repeated by SNITCH_SEED.
 */
#ifndef SNITCH_TESTS_RULEGEN_H
#define SNITCH_TESTS_RULEGEN_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"
#include "policy/program.h"

#define GEN_N(a)	(sizeof(a) / sizeof((a)[0]))
#define GEN_PICK(a)	((a)[gen_pick(GEN_N(a))])
/* So many that the kernel has them as a set. */
#define GEN_MANY	"192.0.2.1,192.0.2.3,192.0.2.6,192.0.2.8,192.0.2.10,192.0.2.12,192.0.2.14," \
			"192.0.2.16,192.0.2.18,192.0.2.20,192.0.2.22,192.0.2.24,192.0.2.26," \
			"192.0.2.28,192.0.2.30,192.0.2.32,192.0.2.34,203.0.113.7,fe80::1"
#define GEN_NOW		1700000000	/* seconds since 1970 */
#define GEN_BOOTTIME	5000000000ULL	/* ns */

static uint64_t gen_state;

/* Takes the seed of $SNITCH_SEED, else one of the clock, and prints it. */
static inline void gen_seed(const char *test)
{
	const char *wish = getenv("SNITCH_SEED");
	uint64_t seed = wish ? strtoull(wish, NULL, 0) : (uint64_t)time(NULL) & 0xffffffff;

	print_message("%s: SNITCH_SEED=%llu repeats this run\n", test, (unsigned long long)seed);
	gen_state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

/* 0 to @n - 1 (xorshift64*). */
static inline unsigned int gen_pick(unsigned int n)
{
	gen_state ^= gen_state >> 12;
	gen_state ^= gen_state << 25;
	gen_state ^= gen_state >> 27;
	return (gen_state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static inline bool gen_once_in(unsigned int n)
{
	return !gen_pick(n);
}

/* As many as asked for, fewer where every step is checked by a sanitizer. */
static inline unsigned int gen_rounds(unsigned int n)
{
#ifdef __SANITIZE_ADDRESS__
	return n / 4 + 1;
#else
	return n;
#endif
}

/* ---- the world ----------------------------------------------------------------------- */

static const struct policy_net gen_local = { AF_INET, 24, { 203, 0, 113 } };
static const struct policy_net gen_dns = { AF_INET, 32, { 9, 9, 9, 9 } };
static const struct policy_net gen_broadcast = { AF_INET, 32, { 203, 0, 113, 255 } };
static const struct policy_link gen_links[] = { { "lo", 1 }, { "eth0", 2 } };

static const struct policy_env gen_env = {
	.mode = SNITCH_MODE_ASK, .local = &gen_local, .n_local = 1, .dns = &gen_dns, .n_dns = 1,
	.broadcast = &gen_broadcast, .n_broadcast = 1, .links = gen_links, .n_links = 2,
	.netns = 4026531840, .now = GEN_NOW, .boottime = GEN_BOOTTIME,
};

/* The active one: rules of it count, those of others do not. */
static inline const char *gen_profile(void)
{
	return gen_once_in(3) ? "home" : NULL;
}

/* What rules name as lists, where a test has them: list:x is nowhere. */
static const struct {
	const char *file, *text;
} gen_lists[] = {
	{ "addrs.list", "192.0.2.1\n192.0.2.3\n192.0.2.6\n192.0.2.8\n192.0.2.10\n192.0.2.12\n"
	  "192.0.2.14\n192.0.2.16\n192.0.2.18\n192.0.2.20\n192.0.2.22\n192.0.2.24\n192.0.2.26\n"
	  "192.0.2.28\n192.0.2.30\n203.0.113.0/25\nfe80::/16\n9.9.9.9\n10.0.0.1-10.0.0.9\n" },
	{ "addrs.except", "192.0.2.3\n203.0.113.8\nexample.com\n" },
	{ "few.list", "192.0.2.0/30\n2001:db8::/32\n" },
	{ "mixed.list", "example.com\n203.0.113.7\n10.0.0.0/8\n" },
};

static const char *const gen_exes[] = { "/bin/a", "/bin/b", "/bin/c" };
static const char *const gen_names[] = { "example.com", "www.example.com", "x.test" };
static const uint32_t gen_gids[] = { 50, 51 };

/* ---- rules --------------------------------------------------------------------------- */

/* @plain: only what the kernel can judge by itself. Return: a rule, or NULL (no such sentence). */
static inline struct rule *gen_rule(bool plain)
{
	static const char *const programs[] = {
		"any", "any", "any", "/bin/a", "/bin/a", "/bin/b", "kernel nfs", "kernel any",
		"kernel forwarded", "kernel forwarded", "kernel tcp",
		/* for the daemon */
		"/bin/[ab]", "/bin/a child-of /bin/b", "/bin/b and children", "any child-of /bin/a",
		"/bin/b child-of /bin/[ac]", "/bin/* and children", "any and children",
		"unit x.service", "script /bin/a", "container img:/bin/a", "flatpak org.x.Y", "snap x.y",
	};
	static const char *const whos[] = {
		"", "", "", "", "user 1000", "user 1001", "group 50", "group 51",
	};
	static const char *const remotes[] = {
		"any", "any", "any", "any", "192.0.2.1", "192.0.2.0/30", "192.0.2.2-192.0.2.9",
		"192.0.2.1,192.0.2.3", "local-net", "loopback", "dns-servers", "multicast",
		"bonjour", "broadcast", "not 192.0.2.0/30,203.0.113.0/24", "192.0.2.1,fe80::1",
		"fe80::/10", "not local-net", "not 192.0.2.1", "0.0.0.0/0", "10.0.0.0/8,loopback",
		GEN_MANY, "not " GEN_MANY, "not any", "not fe80::/10", "203.0.113.7", "::/0",
		"list:addrs", "not list:addrs", "list:few,203.0.113.7", "not list:few",
		"2001:db8::-2001:db8::ff", "::ffff:192.0.2.1", "::ffff:192.0.2.0/120", "192.0.2.1-192.0.2.1",
		"multicast,broadcast,local-net", "not dns-servers,bonjour", "any,192.0.2.1",
		"0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		/* for the daemon */
		"example.com", "*.example.com", "not loopback", "not example.com", "list:x",
		"192.0.2.1,example.com", "not list:x,192.0.2.1", "list:mixed", "not list:mixed",
		"www.example.com", "*.com",
	};
	static const char *const services[] = {
		"", "", "", "", "port 80", "port 80 tcp", "port 53,80-90 tcp", "tcp", "udp", "icmp",
		"icmpv6", "packet", "port 2048 packet", "packet via-interface eth0",
		"packet via-interface eth1", "port 80-443", "port 53 udp", "packet",
		"port any packet", "port 80,2048 packet", "port 1-65535 packet", "port any",
		"port any tcp", "udp port any", "port any icmp", "icmp port any", "port 1-65535",
		"port 1-52,54-79,81-65535", "sctp", "sctp port 80", "udplite", "6", "17 port 53", "gre",
		"port 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,53",
		/* for the daemon */
		"via-interface eth0", "tcp via-interface lo",
	};
	static const char *const options[] = {
		"", "", "", "", "", "", "priority high", "lockdown", "nolog", "disabled", "in",
		"profile home", "until 2020-01-01Z", "until 2040-01-01Z", "until reboot",
		"until 2040-02-01Z priority high", "for 1h", "until 2023-11-14T22:13:20Z",
		"priority regular", "lockdown priority high", "nolog lockdown until reboot",
		"profile home priority high", "profile away", "disabled in", "# note",
		/* for the daemon */
		"until quit", "until quit priority high",
	};
	static const char *const actions[] = {
		"allow", "allow", "allow", "deny", "deny", "drop", "ask",
	};
	static const struct rule_image images[] = { { 7, 8, 9 }, { 8, 8, 9 } };
	struct rule_error err;
	struct rule *rule;
	char text[512];

	snprintf(text, sizeof(text), "%s %s %s to %s %s %s", GEN_PICK(actions),
		 programs[gen_pick(GEN_N(programs) - (plain ? 12 : 0))],
		 whos[gen_pick(GEN_N(whos) - (plain ? 2 : 0))],
		 remotes[gen_pick(GEN_N(remotes) - (plain ? 11 : 0))],
		 services[gen_pick(GEN_N(services) - (plain ? 2 : 0))],
		 options[gen_pick(GEN_N(options) - (plain ? 2 : 0))]);
	if (rule_parse(text, NULL, 0, &rule, &err))
		return NULL;	/* ports of icmp, and the like */
	/* "for 1h" has ended, or has not */
	rule_begin(rule, gen_once_in(3) ? 0 : GEN_BOOTTIME - 1, &images[gen_pick(2)]);
	if (rule->lifetime == RULE_L_FOR && gen_once_in(3))
		rule->until = GEN_BOOTTIME;
	return rule;
}

/* @n rules of all scopes into @set; @plain: none that only the daemon can judge. */
static inline void gen_set(struct ruleset *set, unsigned int n, bool plain)
{
	struct rule_error err;

	while (set->n_rules < n) {
		static const enum rule_scope scopes[] = {
			RULE_S_ADMIN, RULE_S_SYSTEM, RULE_S_SYSTEM, RULE_S_BUILTIN, RULE_S_USER,
		};
		enum rule_scope scope = scopes[gen_pick(GEN_N(scopes) - plain)];
		struct rule *rule = gen_rule(plain);
		uint32_t uid = scope == RULE_S_USER ? 1000 + gen_pick(2) : 0;

		/* a user's rule that reaches beyond that user is refused: fine */
		if (rule)
			ruleset_insert(set, rule, scope, uid, rule->lifetime != RULE_L_DATE &&
				       rule->lifetime != RULE_L_FOREVER, &err);
	}
}

/* ---- flows --------------------------------------------------------------------------- */

struct gen_flow {
	struct flow_query q;
	const char *parents[2];
	const char *names[1];
};

/* What only the daemon can tell of a flow, thrown anew. */
static inline void gen_hidden(struct gen_flow *f)
{
	static const struct rule_image images[] = { { 7, 8, 9 }, { 7, 8, 10 }, { 0, 0, 0 } };
	struct flow_query *q = &f->q;

	q->image = images[gen_pick(3)];
	q->gids = gen_gids;
	q->n_gids = gen_pick(3);
	q->parents = f->parents;
	f->parents[0] = GEN_PICK(gen_exes);
	f->parents[1] = GEN_PICK(gen_exes);
	q->n_parents = gen_pick(3);
	q->names = f->names;
	f->names[0] = GEN_PICK(gen_names);
	q->n_names = q->family == AF_PACKET ? 0 : gen_pick(2);
	if (q->family != AF_PACKET && !q->kernel)
		q->interface = gen_once_in(3) ? NULL : gen_links[gen_pick(2)].name;
}

/* One of a packet socket, through lo, eth0, or a device of another namespace. */
static inline void gen_frame(struct flow_query *q)
{
	unsigned int n = gen_pick(3);

	q->family = AF_PACKET;
	q->proto = 0;
	q->port = gen_pick(2) ? 2048 : 80;
	q->loopback = n == 0;
	q->interface = n < 2 ? gen_links[n].name : NULL;
	policy_frame_addr(n < 2 ? gen_links[n].index : 2, n < 2 ? gen_env.netns : 1, q->addr);
}

static inline void gen_flow(struct gen_flow *f)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_ICMP,
		IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_UDPLITE, IPPROTO_GRE,
	};
	static const uint16_t ports[] = { 1, 53, 80, 85, 443, 65535 };
	static const uint32_t kernels[] = {
		SNITCH_K_NFS, SNITCH_K_TCP, SNITCH_K_FORWARDED, SNITCH_K_FORWARDED,
	};
	static const char *const addrs[] = {
		"192.0.2.1", "192.0.2.1", "192.0.2.3", "192.0.2.4", "203.0.113.7", "9.9.9.9",
		"224.0.0.251", "203.0.113.255", "fe80::1", "2001:db8::1", "10.0.0.1", "127.0.0.1",
	};
	const char *addr = GEN_PICK(addrs);
	struct flow_query *q = &f->q;

	memset(f, 0, sizeof(*f));
	q->uid = 1000 + gen_pick(2);
	q->no_allow = gen_once_in(8);
	q->kernel = !gen_once_in(6) ? 0 : GEN_PICK(kernels);
	if (q->kernel)
		q->interface = gen_once_in(3) ? NULL : gen_links[gen_pick(2)].name;
	q->exe = q->kernel ? NULL : GEN_PICK(gen_exes);
	q->proto = GEN_PICK(protos);
	q->port = proto_has_ports(q->proto) ? GEN_PICK(ports) : 0;
	q->loopback = gen_once_in(4);
	q->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	inet_pton(q->family, addr, q->addr);
	if (!q->kernel && gen_once_in(5))
		gen_frame(q);
	gen_hidden(f);
}

#endif
