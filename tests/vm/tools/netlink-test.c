// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manners of the netlink family, one line each: "ok NAME" or "not ok NAME: why".
 * Must never leave a transaction open, limits changed, or rely on snitch's own library.
 *
 * netlink-test CHECK   CHECK: status, sizes, whole, owner, limits, dump, perm
 * netlink-test monitor prints one line for each event until it is killed
 * netlink-test hold    keeps a transaction open until it is killed
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink-call.h"

static struct nl one, two;
static int failures;

static int check(int good, const char *name, long got, const char *why)
{
	if (good)
		printf("ok %s\n", name);
	else
		printf("not ok %s: got %ld (%s) \"%s\"\n", name, got,
		       strerrorname_np(labs(got)) ?: "-", why);
	fflush(stdout);
	failures += !good;
	return good;
}

static void is(long got, long want, const char *name)
{
	check(got == want, name, got, "");
}

static void must_open(struct nl *nl)
{
	int r = nl_open(nl);

	if (r) {
		check(0, "netlink family", r, "");
		exit(1);
	}
}

static struct snitch_policy head(unsigned int rules, unsigned int apps)
{
	return (struct snitch_policy){
		.mode = SNITCH_MODE_OBSERVE, .fail = SNITCH_ALLOW, .kernel = SNITCH_ALLOW,
		.rules = rules, .apps = apps, .unmatched = SNITCH_ALLOW,
	};
}

static struct snitch_rule rule(unsigned int n)
{
	return (struct snitch_rule){
		.id = 1000 + n, .rank = n, .action = SNITCH_ALLOW, .port_last = 65535,
	};
}

static int transaction(struct nl *nl, unsigned int rules, unsigned int apps)
{
	struct snitch_policy p = head(rules, apps);

	return nl_with(nl, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &p, sizeof(p));
}

static int add_rules(struct nl *nl, unsigned int first, unsigned int n)
{
	static struct snitch_rule r[SNITCH_RULES_PER_MSG + 1];
	unsigned int i;

	for (i = 0; i < n; i++)
		r[i] = rule(first + i);
	return nl_with(nl, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, r, n * sizeof(r[0]));
}

static int add_app(struct nl *nl, const char *path, size_t len)
{
	size_t start;

	nl_begin(nl, SNITCH_CMD_ADD_APPS, 0);
	start = nl_put(nl, SNITCH_A_APPS, NULL, 0);
	nl_put(nl, SNITCH_A_APP, path, len);
	nl_nest_end(nl, start, NLA_F_NESTED);
	return nl_call(nl);
}

static int load(struct nl *nl, unsigned int first, unsigned int n)
{
	unsigned int done, some;
	int r = transaction(nl, n, 0);

	for (done = 0; !r && done < n; done += some) {
		some = n - done < SNITCH_RULES_PER_MSG ? n - done : SNITCH_RULES_PER_MSG;
		r = add_rules(nl, first + done, some);
	}
	return r ?: nl_simple(nl, SNITCH_CMD_COMMIT);
}

static uint64_t generation(struct nl *nl)
{
	return nl_simple(nl, SNITCH_CMD_GET_STATUS) ? 0 : nl->status.generation;
}

/* Refused for what it says, with a word of why. */
static void refused(struct nl *nl, int got, const char *name)
{
	check((got == -EINVAL || got == -ERANGE) && nl->why[0], name, got, nl->why);
}

static void refused_as(struct nl *nl, int got, int want, const char *name)
{
	check(got == want && nl->why[0], name, got, nl->why);
}

/* ---- the checks ---- */

static void check_status(void)
{
	const struct snitch_cut all = { .uid = SNITCH_UID_ANY };
	const struct snitch_cut older = { .uid = SNITCH_UID_ANY, .flags = SNITCH_CUT_OLDER };
	const struct snitch_cut_peer peer = { .family = AF_INET, .proto = 6, .port = 80 };
	uint32_t number = 1;

	is(nl_simple(&one, SNITCH_CMD_GET_STATUS), 0, "status is told");
	is(one.status_len, sizeof(struct snitch_status), "status has its size");
	check(one.status.instance != 0, "the instance has a number", 0, "");
	is(one.status.limits.max_flows, 4096, "limits are told");
	is(one.status.parked, 0, "nothing is parked");
	check(one.status.images > 0, "running programs are known", 0, "");
	refused(&one, nl_with(&one, SNITCH_CMD_GET_STATUS, SNITCH_A_STATUS, &number, sizeof(number)),
		"status takes no attribute");
	is(nl_simple(&one, SNITCH_CMD_MAX + 3), -EOPNOTSUPP, "an unknown operation");
	is(nl_simple(&one, SNITCH_CMD_MONITOR), -EOPNOTSUPP, "monitor is not asked for");
	is(nl_simple(&one, SNITCH_CMD_CUT), -EINVAL, "cut without saying what");
	is(nl_with(&one, SNITCH_CMD_CUT, SNITCH_A_CUT, &all, sizeof(all)), -EINVAL, "cut all");
	nl_begin(&one, SNITCH_CMD_CUT, 0);
	nl_put(&one, SNITCH_A_CUT, &older, sizeof(older));
	nl_put(&one, SNITCH_A_CUT_PEER, &peer, sizeof(peer));
	is(nl_call(&one), -EINVAL, "cut what goes somewhere, whatever it is");
}

static void check_heads(void)
{
	struct snitch_policy p = head(0, 0), bad;

	refused(&one, nl_simple(&one, SNITCH_CMD_BEGIN), "begin without a head");
	refused(&one, nl_with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &p, sizeof(p) - 4),
		"a head too short");
	nl_begin(&one, SNITCH_CMD_BEGIN, 0);
	nl_put(&one, SNITCH_A_POLICY, &(char[sizeof(p) + 4]){}, sizeof(p) + 4);
	refused(&one, nl_call(&one), "a head too long");
	bad = p;
	bad.mode = 5;
	refused(&one, nl_with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)),
		"an unknown mode");
	bad = p;
	bad.fail = SNITCH_ASK;
	refused(&one, nl_with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)),
		"a fail mode that asks");
	bad = p;
	bad.unmatched = SNITCH_HOLD;
	refused(&one, nl_with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)),
		"hold for what is unmatched");
	bad = head(SNITCH_RULES_MAX + 1, 0);
	refused_as(&one, nl_with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)), -ENOSPC,
		   "more rules than a policy may have");
	refused_as(&one, nl_simple(&one, SNITCH_CMD_COMMIT), -ENOENT, "nothing was begun by all that");
}

static void check_sizes(void)
{
	struct snitch_rule r = rule(0);
	size_t start;

	check_heads();
	refused_as(&one, add_rules(&one, 0, 1), -ENOENT, "rules without a transaction");
	refused_as(&one, add_app(&one, "/bin/true", 10), -ENOENT, "programs without a transaction");
	is(transaction(&one, 1, 1), 0, "a transaction of one rule and one program");
	refused(&one, nl_with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, &r, sizeof(r) - 8),
		"half a rule");
	refused(&one, nl_with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, &r, 0), "no rule at all");
	refused(&one, add_rules(&one, 0, SNITCH_RULES_PER_MSG + 1), "too many rules in one message");
	refused_as(&one, add_rules(&one, 0, 2), -ENOSPC, "more rules than announced");
	refused(&one, add_app(&one, "bin/true", 9), "a path that is not absolute");
	refused(&one, add_app(&one, "/bin/true", 9), "a path without its NUL");
	refused(&one, add_app(&one, "/bin\0true", 10), "a NUL inside a path");
	refused(&one, add_app(&one, "", 1), "an empty path");
	refused(&one, nl_with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_MAX + 5, &r, sizeof(r)),
		"an unknown attribute");
	refused(&one, nl_with(&one, SNITCH_CMD_ABORT, SNITCH_A_RULES, &r, sizeof(r)),
		"abort takes no attribute");
	nl_begin(&one, SNITCH_CMD_ADD_APPS, 0);
	start = nl_put(&one, SNITCH_A_APPS, NULL, 0);
	nl_put(&one, SNITCH_A_APP, "/bin/true", 10);
	nl_nest_end(&one, start, 0);
	refused(&one, nl_call(&one), "a nest that does not say it is one");
	is(add_rules(&one, 0, 1), 0, "the transaction goes on: rules");
	is(add_app(&one, "/no/such/program", 17), 0, "the transaction goes on: a program");
	refused_as(&one, add_app(&one, "/bin/true", 10), -ENOSPC, "more programs than announced");
	is(nl_simple(&one, SNITCH_CMD_COMMIT), 0, "and can be committed");
	is(one.unbound, 1, "the program that is not there is told");
}

static void still(uint64_t was, const char *name)
{
	int same = generation(&one) == was;

	nl_begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	same = same && !nl_call(&one) && one.n_rules == 1 && one.last_id == 1007;
	check(same, name, one.n_rules, "");
}

static void check_whole(void)
{
	struct snitch_rule r[2] = { rule(1), rule(2) };
	uint64_t was, promised;

	is(load(&one, 7, 1), 0, "a policy of one rule");
	was = generation(&one);
	is(transaction(&one, 2, 0), 0, "another is begun");
	promised = one.generation;
	is(promised, was + 1, "its generation is told beforehand");
	is(add_rules(&one, 0, 1), 0, "one rule of two");
	still(was, "an open transaction changes nothing");
	refused(&one, nl_simple(&one, SNITCH_CMD_COMMIT), "a commit with a rule missing");
	still(was, "and changes nothing");
	refused_as(&one, nl_simple(&one, SNITCH_CMD_ABORT), -ENOENT, "a refused commit ends it");

	r[1].rank = r[0].rank;
	is(transaction(&one, 2, 0), 0, "two rules of one rank");
	is(nl_with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, r, sizeof(r)), 0, "are taken");
	refused(&one, nl_simple(&one, SNITCH_CMD_COMMIT), "and refused at the commit");
	still(was, "and change nothing");

	r[0].app = 3;
	is(transaction(&one, 1, 2), 0, "a rule of a program that is not there");
	is(add_app(&one, "/bin/true", 10) ?: add_app(&one, "/bin/false", 11) ?:
	   nl_with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, r, sizeof(r[0])), 0, "is taken");
	refused(&one, nl_simple(&one, SNITCH_CMD_COMMIT), "and refused at the commit, too");
	still(was, "and changes nothing, either");

	is(transaction(&one, 1, 0) ?: add_rules(&one, 0, 1) ?: nl_simple(&one, SNITCH_CMD_ABORT), 0,
	   "an abort");
	still(was, "changes nothing");
	is(load(&one, 8, 1), 0, "a good one");
	is(one.generation, promised, "has the generation that was promised");
	is(generation(&one), promised, "and is in force");
}

static void check_owner(void)
{
	is(transaction(&one, 1, 1), 0, "one socket begins");
	refused_as(&one, transaction(&one, 1, 0), -EBUSY, "it cannot begin twice");
	refused_as(&two, transaction(&two, 1, 0), -EBUSY, "another cannot begin");
	refused_as(&two, add_rules(&two, 0, 1), -EBUSY, "nor add rules");
	refused_as(&two, add_app(&two, "/bin/true", 10), -EBUSY, "nor programs");
	refused_as(&two, nl_simple(&two, SNITCH_CMD_COMMIT), -EBUSY, "nor commit");
	refused_as(&two, nl_simple(&two, SNITCH_CMD_ABORT), -EBUSY, "nor abort");
	close(two.fd);
	must_open(&two);
	refused_as(&two, transaction(&two, 1, 0), -EBUSY, "closing another socket ends nothing");
	is(add_rules(&one, 0, 1), 0, "the owner goes on");
	close(one.fd);
	is(transaction(&two, 0, 0), 0, "closing the owner's socket ends it");
	is(nl_simple(&two, SNITCH_CMD_ABORT), 0, "the second aborts its own");
	must_open(&one);
}

static int set_limits(const struct snitch_limits *l)
{
	return nl_with(&one, SNITCH_CMD_SET_LIMITS, SNITCH_A_LIMITS, l, sizeof(*l));
}

static void check_limits(void)
{
	struct snitch_limits was, l = {};

	is(nl_simple(&one, SNITCH_CMD_GET_STATUS), 0, "limits as they are");
	was = one.status.limits;
	is(set_limits(&l), 0, "zeroes");
	nl_simple(&one, SNITCH_CMD_GET_STATUS);
	check(!memcmp(&was, &one.status.limits, sizeof(was)), "change nothing", 0, "");
	l.max_flows = SNITCH_FLOWS_CEILING + 1;
	l.max_packets = was.max_packets - 1;
	refused(&one, set_limits(&l), "a limit over its ceiling");
	nl_simple(&one, SNITCH_CMD_GET_STATUS);
	check(!memcmp(&was, &one.status.limits, sizeof(was)), "changes nothing", 0, "");
	l.max_flows = SNITCH_FLOWS_CEILING;
	is(set_limits(&l), 0, "a limit at its ceiling");
	nl_simple(&one, SNITCH_CMD_GET_STATUS);
	is(one.status.limits.max_flows, SNITCH_FLOWS_CEILING, "is in force");
	is(one.status.limits.max_packets, was.max_packets - 1, "with the others of the message");
	is(one.status.limits.hold_ms, was.hold_ms, "and what was not named stays");
	refused(&one, nl_with(&one, SNITCH_CMD_SET_LIMITS, SNITCH_A_LIMITS, &l, sizeof(l) - 4),
		"limits too short");
	refused(&one, nl_simple(&one, SNITCH_CMD_SET_LIMITS), "no limits at all");
	is(set_limits(&was), 0, "and back");
}

/* A policy is swapped between two datagrams of a dump. */
static void check_dump(void)
{
	int r;

	is(load(&one, 0, 2000), 0, "2000 rules");
	nl_begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	is(nl_call(&one), 0, "are dumped");
	is(one.n_rules, 2000, "all");
	is(one.disorder, 0, "once, in order");
	check(!(one.flags & NLM_F_DUMP_INTR), "without interruption", one.flags, "");
	nl_begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	r = nl_send(&one) ?: nl_answer(&one, nl_take);
	is(r, 1, "a dump is begun");
	is(load(&two, 0, 1500), 0, "another policy comes");
	while (r > 0)
		r = nl_answer(&one, nl_take);
	is(r, 0, "the dump ends");
	check(one.flags & NLM_F_DUMP_INTR, "and says that it was interrupted", one.flags, "");
	is(load(&one, 0, 0), 0, "a policy without rules");
	nl_begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	is(nl_call(&one), 0, "is dumped");
	is(one.n_rules, 0, "as nothing");
	nl_begin(&one, SNITCH_CMD_GET_PARKED, NLM_F_DUMP);
	is(nl_call(&one), 0, "so are parked flows");
	nl_begin(&one, SNITCH_CMD_GET_FLOWS, NLM_F_DUMP);
	is(nl_call(&one), 0, "and flows");
}

/* In a child: without rights, or somewhere else. */
static void in_child(void (*fn)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fn();
		fflush(stdout);
		_exit(failures > 0);
	}
	if (waitpid(pid, &status, 0) < 0 || status)
		failures++;
}

static void each_is_refused(const char *who)
{
	static const uint8_t dumps = 1 << SNITCH_CMD_GET_FLOWS | 1 << SNITCH_CMD_GET_PARKED |
				     1 << SNITCH_CMD_GET_RULES;
	struct nl *nl = &two;
	char name[80];
	uint8_t cmd;
	int r = nl_open(nl);

	snprintf(name, sizeof(name), "%s: the family is found", who);
	is(r, 0, name);
	for (cmd = SNITCH_CMD_GET_STATUS; cmd <= SNITCH_CMD_SET_LIMITS; cmd++) {
		nl_begin(nl, cmd, cmd < 8 && dumps >> cmd & 1 ? NLM_F_DUMP : 0);
		r = nl_call(nl);
		snprintf(name, sizeof(name), "%s: operation %u is EPERM", who, cmd);
		is(r, -EPERM, name);
	}
}

static int join(const struct nl *nl)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
			  sizeof(nl->group)) ? -errno : 0;
}

static int hears(const struct nl *nl)
{
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };

	return poll(&p, 1, 500) > 0;
}

/* Who may not listen cannot join; on 5.10, which has no way to refuse that, he hears nothing. */
static void as_listener(void)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	static struct nl root, other;
	int err, fd = socket(AF_INET, SOCK_DGRAM, 0);

	is(nl_open(&root) ?: join(&root), 0, "root joins the monitor group");
	is(setresgid(65534, 65534, 65534) ?: setresuid(65534, 65534, 65534), 0, "a user");
	err = nl_open(&other) ?: join(&other);
	if (err) {
		is(err, -EPERM, "who is no admin may not join");
		return;
	}
	sendto(fd, "", 1, 0, (const struct sockaddr *)&to, sizeof(to));
	is(hears(&root), 1, "a flow: root hears of it");
	is(hears(&other), 0, "who is no admin has joined, but hears nothing");
}

static void as_nobody(void)
{
	is(setresgid(65534, 65534, 65534) ?: setresuid(65534, 65534, 65534), 0, "a user");
	each_is_refused("user");
}

static void as_userns_root(void)
{
	is(setresgid(65534, 65534, 65534) ?: setresuid(65534, 65534, 65534), 0, "another user");
	if (unshare(CLONE_NEWUSER)) {
		printf("# no user namespaces here: %s\n", strerrorname_np(errno));
		return;
	}
	each_is_refused("root of a user namespace");
}

static void in_netns(void)
{
	is(unshare(CLONE_NEWNET) ? -errno : 0, 0, "another network namespace");
	is(nl_open(&two), -ENOENT, "has no such family");
}

static void check_perm(void)
{
	in_child(as_nobody);
	in_child(as_listener);
	in_child(as_userns_root);
	in_child(in_netns);
	is(nl_simple(&one, SNITCH_CMD_GET_STATUS), 0, "root is told");
}

/* ---- the monitor ---- */

static void print_event(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_monitor m;

	(void)nl;
	if (type != SNITCH_A_DECIDED_EVENT || len != sizeof(m))
		return;
	memcpy(&m, data, len);
	printf("EVENT action=%u origin=%u rule=%llu proto=%u dport=%u pid=%u comm=%.16s\n",
	       m.decided.action, m.decided.origin, (unsigned long long)m.decided.origin_id,
	       m.flow.proto, m.flow.dport, m.pid, m.comm);
	fflush(stdout);
}

static void monitor(void)
{
	struct nl *nl = &one;

	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group, sizeof(nl->group))) {
		check(0, "join", -errno, "");
		return;
	}
	printf("READY\n");
	fflush(stdout);
	nl->seq = 0;
	while (nl_answer(nl, print_event) >= 0)
		;
}

static void hold(void)
{
	if (transaction(&one, 100, 100) || add_rules(&one, 0, 10) || add_app(&one, "/bin/true", 10))
		return;
	printf("READY\n");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} checks[] = {
		{ "status", check_status }, { "sizes", check_sizes }, { "whole", check_whole },
		{ "owner", check_owner }, { "limits", check_limits }, { "dump", check_dump },
		{ "perm", check_perm }, { "monitor", monitor }, { "hold", hold },
	};
	size_t i;

	must_open(&one);
	must_open(&two);
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (argc == 2 && !strcmp(argv[1], checks[i].name)) {
			checks[i].run();
			return failures > 0;
		}
	}
	fprintf(stderr, "usage: netlink-test CHECK\n");
	return 2;
}
