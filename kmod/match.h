/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matching: what an immutable table of compiled rules says about one flow.
 * Pure: the same code runs in user space. It never takes a lock, sleeps,
 * allocates in a lookup, or knows sockets, packets or other kernel objects.
 *
 * Lifetime: the owner of a table frees it; readers are the owner's business
 * (RCU in policy.c). A table never changes between build and free.
 */
#ifndef SNITCH_MATCH_H
#define SNITCH_MATCH_H

#include "sets.h"

struct snitch_table;

/**
 * struct snitch_query - one flow, as rules see it
 * @app: number of the program's app; 0: it has no rules of its own;
 *	SNITCH_APP_KERNEL: the kernel's own traffic
 * @bound: the kernel knows which app the executable is (or that it is none); if not, @app is what
 *	its file says, if anything
 * @no_allow: deleted or disguised executable: ALLOW rules are passed over
 * @kernel: enum snitch_kernel, with SNITCH_APP_KERNEL
 * @family: AF_INET, AF_INET6, or AF_PACKET
 * @proto: IP protocol
 * @loopback: it stays on this machine, see hook_stays()
 * @port: destination, host order; 0 for protocols without ports; AF_PACKET: the ethertype
 * @uid: effective uid of the sender, initial user namespace
 * @ifindex: the kernel's own: by which device of the initial network namespace; 0: none
 * @cgroup: id of the socket's cgroup
 * @cgroup_ancestors: ids of its ancestors, in any order
 * @n_cgroups: how many of them
 * @addr: destination, network order; v4 in the first four bytes; AF_PACKET: see struct
 *	snitch_flow_event
 */
struct snitch_query {
	u32 app;
	bool bound;
	bool no_allow;
	u8 kernel;
	u8 family;
	u8 proto;
	bool loopback;
	u16 port;
	u32 uid;
	u32 ifindex;
	u64 cgroup;
	const u64 *cgroup_ancestors;
	u32 n_cgroups;
	u8 addr[16];
};

/**
 * struct snitch_decision - what the table says
 * @action: SNITCH_ALLOW, DENY, DROP or ASK of the best match; 0: none
 * @rule: id of that rule
 * @index: its place in the array that the table was built from
 * @consult: only the daemon can tell: @action must not be followed. Either a
 *	rule that the daemon alone can judge comes before the match, or the
 *	executable is not bound and the match is no built-in for all programs, nor a
 *	refusal of @app
 * @sets: generation of the sets, if one was looked at: with others the answer
 *	may be another; 0: none was
 */
struct snitch_decision {
	u32 action;
	u64 rule;
	u32 index;
	bool consult;
	u64 sets;
};

/**
 * snitch_table_build() - compile rules
 * @rules: the rules, in any order; copied
 * @n_rules: how many, at most SNITCH_RULES_MAX
 * @n_apps: apps are numbered 1 to @n_apps, at most SNITCH_APPS_MAX
 * @sets: the sets that rules name, NULL: none; only their places are kept
 * @err: gets 0; -EINVAL (a rule that makes no sense, or names a set that is not
 *	there, or two of one rank),
 *	-E2BIG or -ENOMEM
 *
 * Context: process context, may sleep.
 * Return: a new table for snitch_table_free(), or NULL.
 */
struct snitch_table *snitch_table_build(const struct snitch_rule *rules, u32 n_rules,
					u32 n_apps, const struct snitch_sets *sets, int *err);

/**
 * snitch_table_free() - give a table back
 * @t: the table, or NULL
 *
 * Context: process context, may sleep; no reader may be left.
 */
void snitch_table_free(struct snitch_table *t);

/**
 * snitch_table_lookup() - judge one flow
 * @t: the table
 * @sets: those it was built with, or a later collection that replaced them
 * @q: the flow
 * @d: filled in
 *
 * The best rank wins among the rules of the program and those of any program
 * (kernel traffic: among the kernel's only). Costs the same for any number of
 * rules with one address or all, one port or all, one protocol or all; for
 * others see index.h. Only rules about cgroups are walked one by one.
 *
 * Context: any; the caller keeps the table alive.
 */
void snitch_table_lookup(const struct snitch_table *t, const struct snitch_sets *sets,
			 const struct snitch_query *q, struct snitch_decision *d);

/**
 * snitch_table_kind() - is all the kernel's traffic of one kind judged alike?
 * @t: the table
 * @kernel: enum snitch_kernel
 * @d: filled in, if so
 *
 * True when the best rule for this kind has no further condition, or there is
 * none: then what it is need not be looked at. Known since the table was built.
 *
 * Context: any; the caller keeps the table alive.
 */
bool snitch_table_kind(const struct snitch_table *t, u32 kernel, struct snitch_decision *d);

#endif
