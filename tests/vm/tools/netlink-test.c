// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manners of the netlink family, one line each: "ok NAME" or "not ok NAME: why".
 * Must never leave a transaction open, limits changed, or rely on snitch's own library.
 *
 * netlink-test CHECK   CHECK: status, sizes, whole, owner, limits, dump, perm
 * netlink-test monitor prints one line for each event until it is killed
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/snitch.h>

struct nl {
	int fd;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
	uint32_t flags;		/* or-ed: of all messages of the last answer */
	size_t len;
	char buf[65536];
	char why[200];		/* extended error text of the last answer */
	uint64_t generation;	/* out of the last answer */
	uint32_t unbound;
	struct snitch_status status;
	size_t status_len;
	unsigned int n_rules;	/* seen in the last answer */
	unsigned int disorder;	/* of them not in order of their ids */
	uint64_t last_id;
};

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

/* ---- messages ---- */

static void begin(struct nl *nl, uint8_t cmd, uint16_t flags)
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

static size_t put(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(nl->buf + nl->len);
	size_t start = nl->len;

	memset(a, 0, NLA_ALIGN(NLA_HDRLEN + len));
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	nl->len += NLA_ALIGN(a->nla_len);
	return start;
}

static void nest_end(struct nl *nl, size_t start, uint16_t flag)
{
	struct nlattr *a = (struct nlattr *)(nl->buf + start);

	a->nla_type |= flag;
	a->nla_len = nl->len - start;
}

static void take_attr(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_rule rule;

	if (type == SNITCH_A_GENERATION && len == sizeof(nl->generation)) {
		memcpy(&nl->generation, data, len);
	} else if (type == SNITCH_A_UNBOUND && len == sizeof(nl->unbound)) {
		memcpy(&nl->unbound, data, len);
	} else if (type == SNITCH_A_STATUS) {
		nl->status_len = len;
		memcpy(&nl->status, data, len < sizeof(nl->status) ? len : sizeof(nl->status));
	} else if (type == SNITCH_A_RULE && len == sizeof(rule)) {
		memcpy(&rule, data, len);
		nl->disorder += nl->n_rules++ && rule.id != nl->last_id + 1;
		nl->last_id = rule.id;
	}
}

typedef void (*attr_fn)(struct nl *nl, uint16_t type, const void *data, size_t len);

static void each_attr(struct nl *nl, const char *p, const char *end, attr_fn fn)
{
	while (p + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const struct nlattr *)p;

		if (a->nla_len < NLA_HDRLEN || p + a->nla_len > end)
			return;
		fn(nl, a->nla_type & NLA_TYPE_MASK, p + NLA_HDRLEN, a->nla_len - NLA_HDRLEN);
		p += NLA_ALIGN(a->nla_len);
	}
}

static void take_why(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	if (type == NLMSGERR_ATTR_MSG)
		snprintf(nl->why, sizeof(nl->why), "%.*s", (int)len, (const char *)data);
}

/* The text of the kernel stands behind the error, and the request's copy if it is there. */
static int take_error(struct nl *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const char *p = (const char *)(e + 1);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return e->error;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		p += e->msg.nlmsg_len - sizeof(e->msg);
	each_attr(nl, p, (const char *)h + h->nlmsg_len, take_why);
	return e->error;
}

/* 1: more to come; 0 or -errno: done. */
static int take(struct nl *nl, const struct nlmsghdr *h, attr_fn fn)
{
	if (h->nlmsg_seq != nl->seq)
		return 1;
	nl->flags |= h->nlmsg_flags;
	if (h->nlmsg_type == NLMSG_DONE)
		return 0;
	if (h->nlmsg_type == NLMSG_ERROR)
		return take_error(nl, h);
	each_attr(nl, (const char *)NLMSG_DATA(h) + GENL_HDRLEN, (const char *)h + h->nlmsg_len, fn);
	return 1;
}

static int send_request(struct nl *nl)
{
	((struct nlmsghdr *)nl->buf)->nlmsg_len = nl->len;
	nl->why[0] = '\0';
	nl->flags = 0;
	nl->n_rules = 0;
	nl->disorder = 0;
	nl->status_len = 0;
	nl->generation = 0;
	return send(nl->fd, nl->buf, nl->len, 0) < 0 ? -errno : 0;
}

/* One datagram of the answer; 1: more to come. */
static int answer(struct nl *nl, attr_fn fn)
{
	static char buf[1 << 17];
	ssize_t n = recv(nl->fd, buf, sizeof(buf), 0);
	const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
	size_t left = n;
	int r = 1;

	if (n < 0)
		return -errno;
	for (; r > 0 && NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
		r = take(nl, h, fn);
	return r;
}

static int call(struct nl *nl)
{
	int r = send_request(nl);

	if (!r)
		do
			r = answer(nl, take_attr);
		while (r > 0);
	return r;
}

/* ---- the family ---- */

static void take_group(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	if (type == CTRL_ATTR_MCAST_GRP_ID && len == sizeof(nl->group))
		memcpy(&nl->group, data, len);
}

static void take_groups(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	(void)type;
	each_attr(nl, data, (const char *)data + len, take_group);
}

static void take_family(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	if (type == CTRL_ATTR_FAMILY_ID && len == sizeof(nl->family))
		memcpy(&nl->family, data, len);
	else if (type == CTRL_ATTR_MCAST_GROUPS)
		each_attr(nl, data, (const char *)data + len, take_groups);
}

/* Opens a socket of its own and finds the family; 0 or -errno. */
static int nl_open(struct nl *nl)
{
	int on = 1, r;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -errno;
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	nl->family = GENL_ID_CTRL;
	begin(nl, CTRL_CMD_GETFAMILY, 0);
	put(nl, CTRL_ATTR_FAMILY_NAME, SNITCH_GENL_NAME, sizeof(SNITCH_GENL_NAME));
	r = send_request(nl);
	if (!r)
		do
			r = answer(nl, take_family);
		while (r > 0);
	return r;
}

static void must_open(struct nl *nl)
{
	int r = nl_open(nl);

	if (r) {
		check(0, "netlink family", r, "");
		exit(1);
	}
}

static int simple(struct nl *nl, uint8_t cmd)
{
	begin(nl, cmd, 0);
	return call(nl);
}

static int with(struct nl *nl, uint8_t cmd, uint16_t type, const void *data, size_t len)
{
	begin(nl, cmd, 0);
	put(nl, type, data, len);
	return call(nl);
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

	return with(nl, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &p, sizeof(p));
}

static int add_rules(struct nl *nl, unsigned int first, unsigned int n)
{
	static struct snitch_rule r[SNITCH_RULES_PER_MSG + 1];
	unsigned int i;

	for (i = 0; i < n; i++)
		r[i] = rule(first + i);
	return with(nl, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, r, n * sizeof(r[0]));
}

static int add_app(struct nl *nl, const char *path, size_t len)
{
	size_t start;

	begin(nl, SNITCH_CMD_ADD_APPS, 0);
	start = put(nl, SNITCH_A_APPS, NULL, 0);
	put(nl, SNITCH_A_APP, path, len);
	nest_end(nl, start, NLA_F_NESTED);
	return call(nl);
}

static int load(struct nl *nl, unsigned int first, unsigned int n)
{
	unsigned int done, some;
	int r = transaction(nl, n, 0);

	for (done = 0; !r && done < n; done += some) {
		some = n - done < SNITCH_RULES_PER_MSG ? n - done : SNITCH_RULES_PER_MSG;
		r = add_rules(nl, first + done, some);
	}
	return r ?: simple(nl, SNITCH_CMD_COMMIT);
}

static uint64_t generation(struct nl *nl)
{
	return simple(nl, SNITCH_CMD_GET_STATUS) ? 0 : nl->status.generation;
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
	uint32_t number = 1;

	is(simple(&one, SNITCH_CMD_GET_STATUS), 0, "status is told");
	is(one.status_len, sizeof(struct snitch_status), "status has its size");
	check(one.status.instance != 0, "the instance has a number", 0, "");
	is(one.status.limits.max_flows, 4096, "limits are told");
	is(one.status.parked, 0, "nothing is parked");
	check(one.status.images > 0, "running programs are known", 0, "");
	refused(&one, with(&one, SNITCH_CMD_GET_STATUS, SNITCH_A_STATUS, &number, sizeof(number)),
		"status takes no attribute");
	is(simple(&one, SNITCH_CMD_MAX + 3), -EOPNOTSUPP, "an unknown operation");
	is(simple(&one, SNITCH_CMD_MONITOR), -EOPNOTSUPP, "monitor is not asked for");
}

static void check_heads(void)
{
	struct snitch_policy p = head(0, 0), bad;

	refused(&one, simple(&one, SNITCH_CMD_BEGIN), "begin without a head");
	refused(&one, with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &p, sizeof(p) - 4),
		"a head too short");
	begin(&one, SNITCH_CMD_BEGIN, 0);
	put(&one, SNITCH_A_POLICY, &(char[sizeof(p) + 4]){}, sizeof(p) + 4);
	refused(&one, call(&one), "a head too long");
	bad = p;
	bad.mode = 5;
	refused(&one, with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)),
		"an unknown mode");
	bad = p;
	bad.fail = SNITCH_ASK;
	refused(&one, with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)),
		"a fail mode that asks");
	bad = p;
	bad.unmatched = SNITCH_HOLD;
	refused(&one, with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)),
		"hold for what is unmatched");
	bad = head(SNITCH_RULES_MAX + 1, 0);
	refused_as(&one, with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &bad, sizeof(bad)), -ENOSPC,
		   "more rules than a policy may have");
	refused_as(&one, simple(&one, SNITCH_CMD_COMMIT), -ENOENT, "nothing was begun by all that");
}

static void check_sizes(void)
{
	struct snitch_rule r = rule(0);
	size_t start;

	check_heads();
	refused_as(&one, add_rules(&one, 0, 1), -ENOENT, "rules without a transaction");
	refused_as(&one, add_app(&one, "/bin/true", 10), -ENOENT, "programs without a transaction");
	is(transaction(&one, 1, 1), 0, "a transaction of one rule and one program");
	refused(&one, with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, &r, sizeof(r) - 8),
		"half a rule");
	refused(&one, with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, &r, 0), "no rule at all");
	refused(&one, add_rules(&one, 0, SNITCH_RULES_PER_MSG + 1), "too many rules in one message");
	refused_as(&one, add_rules(&one, 0, 2), -ENOSPC, "more rules than announced");
	refused(&one, add_app(&one, "bin/true", 9), "a path that is not absolute");
	refused(&one, add_app(&one, "/bin/true", 9), "a path without its NUL");
	refused(&one, add_app(&one, "/bin\0true", 10), "a NUL inside a path");
	refused(&one, add_app(&one, "", 1), "an empty path");
	refused(&one, with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_MAX + 5, &r, sizeof(r)),
		"an unknown attribute");
	refused(&one, with(&one, SNITCH_CMD_ABORT, SNITCH_A_RULES, &r, sizeof(r)),
		"abort takes no attribute");
	begin(&one, SNITCH_CMD_ADD_APPS, 0);
	start = put(&one, SNITCH_A_APPS, NULL, 0);
	put(&one, SNITCH_A_APP, "/bin/true", 10);
	nest_end(&one, start, 0);
	refused(&one, call(&one), "a nest that does not say it is one");
	is(add_rules(&one, 0, 1), 0, "the transaction goes on: rules");
	is(add_app(&one, "/no/such/program", 17), 0, "the transaction goes on: a program");
	refused_as(&one, add_app(&one, "/bin/true", 10), -ENOSPC, "more programs than announced");
	is(simple(&one, SNITCH_CMD_COMMIT), 0, "and can be committed");
	is(one.unbound, 1, "the program that is not there is told");
}

static void still(uint64_t was, const char *name)
{
	int same = generation(&one) == was;

	begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	same = same && !call(&one) && one.n_rules == 1 && one.last_id == 1007;
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
	refused(&one, simple(&one, SNITCH_CMD_COMMIT), "a commit with a rule missing");
	still(was, "and changes nothing");
	refused_as(&one, simple(&one, SNITCH_CMD_ABORT), -ENOENT, "a refused commit ends it");

	r[1].rank = r[0].rank;
	is(transaction(&one, 2, 0), 0, "two rules of one rank");
	is(with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, r, sizeof(r)), 0, "are taken");
	refused(&one, simple(&one, SNITCH_CMD_COMMIT), "and refused at the commit");
	still(was, "and change nothing");

	r[0].app = 3;
	is(transaction(&one, 1, 2), 0, "a rule of a program that is not there");
	is(add_app(&one, "/bin/true", 10) ?: add_app(&one, "/bin/false", 11) ?:
	   with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, r, sizeof(r[0])), 0, "is taken");
	refused(&one, simple(&one, SNITCH_CMD_COMMIT), "and refused at the commit, too");
	still(was, "and changes nothing, either");

	is(transaction(&one, 1, 0) ?: add_rules(&one, 0, 1) ?: simple(&one, SNITCH_CMD_ABORT), 0,
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
	refused_as(&two, simple(&two, SNITCH_CMD_COMMIT), -EBUSY, "nor commit");
	refused_as(&two, simple(&two, SNITCH_CMD_ABORT), -EBUSY, "nor abort");
	close(two.fd);
	must_open(&two);
	refused_as(&two, transaction(&two, 1, 0), -EBUSY, "closing another socket ends nothing");
	is(add_rules(&one, 0, 1), 0, "the owner goes on");
	close(one.fd);
	is(transaction(&two, 0, 0), 0, "closing the owner's socket ends it");
	is(simple(&two, SNITCH_CMD_ABORT), 0, "the second aborts its own");
	must_open(&one);
}

static int set_limits(const struct snitch_limits *l)
{
	return with(&one, SNITCH_CMD_SET_LIMITS, SNITCH_A_LIMITS, l, sizeof(*l));
}

static void check_limits(void)
{
	struct snitch_limits was, l = {};

	is(simple(&one, SNITCH_CMD_GET_STATUS), 0, "limits as they are");
	was = one.status.limits;
	is(set_limits(&l), 0, "zeroes");
	simple(&one, SNITCH_CMD_GET_STATUS);
	check(!memcmp(&was, &one.status.limits, sizeof(was)), "change nothing", 0, "");
	l.max_flows = SNITCH_FLOWS_CEILING + 1;
	l.max_packets = was.max_packets - 1;
	refused(&one, set_limits(&l), "a limit over its ceiling");
	simple(&one, SNITCH_CMD_GET_STATUS);
	check(!memcmp(&was, &one.status.limits, sizeof(was)), "changes nothing", 0, "");
	l.max_flows = SNITCH_FLOWS_CEILING;
	is(set_limits(&l), 0, "a limit at its ceiling");
	simple(&one, SNITCH_CMD_GET_STATUS);
	is(one.status.limits.max_flows, SNITCH_FLOWS_CEILING, "is in force");
	is(one.status.limits.max_packets, was.max_packets - 1, "with the others of the message");
	is(one.status.limits.hold_ms, was.hold_ms, "and what was not named stays");
	refused(&one, with(&one, SNITCH_CMD_SET_LIMITS, SNITCH_A_LIMITS, &l, sizeof(l) - 4),
		"limits too short");
	refused(&one, simple(&one, SNITCH_CMD_SET_LIMITS), "no limits at all");
	is(set_limits(&was), 0, "and back");
}

/* A policy is swapped between two datagrams of a dump. */
static void check_dump(void)
{
	int r;

	is(load(&one, 0, 2000), 0, "2000 rules");
	begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	is(call(&one), 0, "are dumped");
	is(one.n_rules, 2000, "all");
	is(one.disorder, 0, "once, in order");
	check(!(one.flags & NLM_F_DUMP_INTR), "without interruption", one.flags, "");
	begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	r = send_request(&one) ?: answer(&one, take_attr);
	is(r, 1, "a dump is begun");
	is(load(&two, 0, 1500), 0, "another policy comes");
	while (r > 0)
		r = answer(&one, take_attr);
	is(r, 0, "the dump ends");
	check(one.flags & NLM_F_DUMP_INTR, "and says that it was interrupted", one.flags, "");
	is(load(&one, 0, 0), 0, "a policy without rules");
	begin(&one, SNITCH_CMD_GET_RULES, NLM_F_DUMP);
	is(call(&one), 0, "is dumped");
	is(one.n_rules, 0, "as nothing");
	begin(&one, SNITCH_CMD_GET_PARKED, NLM_F_DUMP);
	is(call(&one), 0, "so are parked flows");
	begin(&one, SNITCH_CMD_GET_FLOWS, NLM_F_DUMP);
	is(call(&one), 0, "and flows");
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
		begin(nl, cmd, cmd < 8 && dumps >> cmd & 1 ? NLM_F_DUMP : 0);
		r = call(nl);
		snprintf(name, sizeof(name), "%s: operation %u is EPERM", who, cmd);
		is(r, -EPERM, name);
	}
	r = setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group, sizeof(nl->group));
	snprintf(name, sizeof(name), "%s: the monitor group is EPERM", who);
	is(r ? -errno : 0, -EPERM, name);
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
	in_child(as_userns_root);
	in_child(in_netns);
	is(simple(&one, SNITCH_CMD_GET_STATUS), 0, "root is told");
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
	while (answer(nl, print_event) >= 0)
		;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} checks[] = {
		{ "status", check_status }, { "sizes", check_sizes }, { "whole", check_whole },
		{ "owner", check_owner }, { "limits", check_limits }, { "dump", check_dump },
		{ "perm", check_perm }, { "monitor", monitor },
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
