// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address sets by hand: messages that snitch-tool would not send, one line each: "ok NAME" or
 * "not ok NAME: why". It needs a policy in force that has set 7, and must leave it as it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink-call.h"

static struct nl one, two;
static int failures;

static const struct snitch_range4 r4[2] = {
	{ { 10, 0, 0, 1 }, { 10, 0, 0, 1 } }, { { 10, 0, 0, 3 }, { 10, 0, 0, 9 } },
};
static const struct snitch_range6 r6 = { { 0xfd, 0x77 }, { 0xfd, 0x77, 1 } };

/* Refused with exactly this errno (0: taken), and with a text. */
static void is(int got, int want, const char *name)
{
	if (got == want && (!want || one.why[0])) {
		printf("ok %s\n", name);
		return;
	}
	printf("not ok %s: got %d, expected %d, \"%s\"\n", name, got, want, one.why);
	failures++;
}

static int begin_policy(unsigned int sets, unsigned int forward)
{
	const struct snitch_policy p = {
		.mode = SNITCH_MODE_ASK, .fail = SNITCH_DENY, .kernel = SNITCH_ALLOW,
		.unmatched = SNITCH_DENY, .sets = sets, .forward = forward,
	};

	return nl_with(&one, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, &p, sizeof(p));
}

static int add_set(unsigned int id, unsigned int flags, unsigned int n4, unsigned int n6,
		   unsigned int gone)
{
	const struct snitch_set_head h = {
		.id = id, .flags = flags, .ranges4 = n4, .ranges6 = n6, .gone4 = gone,
	};

	return nl_with(&one, SNITCH_CMD_ADD_SET, SNITCH_A_SET, &h, sizeof(h));
}

static int ranges(unsigned int cmd, unsigned int type, const void *data, size_t len)
{
	return nl_with(&one, cmd, type, data, len);
}

static int add4(unsigned int n)
{
	return ranges(SNITCH_CMD_ADD_RANGES, SNITCH_A_RANGES4, r4, n * sizeof(r4[0]));
}

static int end(unsigned int cmd)
{
	return nl_simple(&one, cmd);
}

static void check_incomplete(void)
{
	is(begin_policy(2, 0) ?: add_set(1, 0, 2, 0, 0) ?: add4(1) ?: add_set(2, 0, 0, 0, 0), 0,
	   "a range short");
	is(end(SNITCH_CMD_COMMIT), -EINVAL, "is refused");
	is(begin_policy(2, 0) ?: add_set(1, 0, 2, 0, 0) ?: add4(2), 0, "a set short");
	is(end(SNITCH_CMD_COMMIT), -EINVAL, "is refused, too");
	is(end(SNITCH_CMD_BEGIN_SETS) ?: add_set(7, SNITCH_SET_DELTA, 2, 0, 1) ?: add4(2), 0,
	   "a difference whose other half is missing");
	is(end(SNITCH_CMD_COMMIT), -EINVAL, "is refused as well");
	is(end(SNITCH_CMD_BEGIN_SETS) ?: add_set(7, 0, 2, 0, 0) ?: add4(2) ?:
	   end(SNITCH_CMD_ABORT), 0, "a whole one can be given up");
	is(end(SNITCH_CMD_BEGIN_SETS) ?: add_set(7, 0, 1, 0, 0), 0, "what is too much");
	is(add4(2), -ENOSPC, "is refused at once");
	is(end(SNITCH_CMD_COMMIT), -EINVAL, "and ends in nothing");
}

static void check_family(void)
{
	is(end(SNITCH_CMD_BEGIN_SETS) ?: add_set(7, 0, 2, 0, 0), 0, "a set of IPv4");
	is(ranges(SNITCH_CMD_ADD_RANGES, SNITCH_A_RANGES6, &r6, sizeof(r6)), -ENOSPC,
	   "takes no IPv6");
	is(ranges(SNITCH_CMD_ADD_RANGES, SNITCH_A_RANGES4, r4, sizeof(r4) - 1), -EINVAL,
	   "nor half a range");
	is(ranges(SNITCH_CMD_ADD_RANGES, SNITCH_A_RANGES6, &r6, sizeof(r6) - 4), -EINVAL,
	   "nor half of one of IPv6");
	is(ranges(SNITCH_CMD_ADD_RANGES, SNITCH_A_RANGES4, r4, 0), -EINVAL, "nor none");
	is(ranges(SNITCH_CMD_DEL_RANGES, SNITCH_A_RANGES4, r4, sizeof(r4)), -EINVAL,
	   "nor what is gone, for it is no difference");
	is(end(SNITCH_CMD_ABORT), 0, "an abort");
	is(begin_policy(0, 3), -EINVAL, "forwarded traffic: no such setting");
	is(begin_policy(SNITCH_SETS_MAX + 1, 0), -ENOSPC, "more sets than there may be");
}

static void check_mixed(void)
{
	const struct snitch_rule rule = { .action = SNITCH_ALLOW, .port_last = 65535 };

	is(add_set(7, 0, 0, 0, 0), -ENOENT, "a set without a transaction");
	is(add4(1), -ENOENT, "ranges without one");
	is(end(SNITCH_CMD_BEGIN_SETS), 0, "one about sets alone");
	is(end(SNITCH_CMD_BEGIN_SETS), -EBUSY, "is the only one");
	is(begin_policy(0, 0), -EBUSY, "of any kind");
	nl_begin(&two, SNITCH_CMD_ADD_RANGES, 0);
	nl_put(&two, SNITCH_A_RANGES4, r4, sizeof(r4));
	is(nl_call(&two), -EBUSY, "of one socket alone");
	is(add4(1), -EINVAL, "ranges without a set");
	is(nl_with(&one, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, &rule, sizeof(rule)), -EINVAL,
	   "rules have no place in it");
	is(add_set(7, SNITCH_SET_KEEP, 0, 0, 0), -EINVAL, "nor has a set that is kept");
	is(end(SNITCH_CMD_ABORT), 0, "and it ends");
	is(begin_policy(1, 0), 0, "a policy");
	is(add_set(7, SNITCH_SET_DELTA, 0, 0, 0), -EINVAL, "knows no difference");
	is(end(SNITCH_CMD_ABORT), 0, "and ends, too");
}

int main(int argc, char **argv)
{
	if (nl_open(&one) || nl_open(&two)) {
		puts("not ok netlink family");
		return 1;
	}
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "incomplete"))
		check_incomplete();
	else if (!strcmp(argv[1], "family"))
		check_family();
	else if (!strcmp(argv[1], "mixed"))
		check_mixed();
	else
		return 2;
	return failures > 0;
}
