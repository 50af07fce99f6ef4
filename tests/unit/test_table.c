// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's table of rules against a scan of all rules, with ranges, sets, ranges of ports and
 * every other condition; and what it costs with ten thousand. It must never look into the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "kmod/match.h"

#define APPS	2
#define SETS	3

static uint32_t seed = 3;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* ---- sets: in the small world 10.0.0.0/27 and fe80::0/123 ---- */

static bool in_set[SETS][2][32];

static struct snitch_sets *random_sets(uint64_t generation)
{
	struct snitch_sets_build *b = snitch_sets_build_new(NULL, false, SETS, 1000);
	struct snitch_sets *sets;
	const char *why;
	unsigned int i, k, n4, n6;

	for (i = 0; i < SETS; i++) {
		struct snitch_range4 r4[32] = { 0 };
		struct snitch_range6 r6[32] = { 0 };
		struct snitch_set_head head = { .id = 100 + i };

		for (k = 0, n4 = 0, n6 = 0; k < 32; k++) {
			in_set[i][0][k] = pick(3);
			in_set[i][1][k] = !pick(3);
			if (in_set[i][0][k]) {
				r4[n4].first[0] = r4[n4].last[0] = 10;
				r4[n4].first[3] = r4[n4].last[3] = k;
				n4++;
			}
			if (in_set[i][1][k]) {
				r6[n6].first[0] = r6[n6].last[0] = 0xfe;
				r6[n6].first[1] = r6[n6].last[1] = 0x80;
				r6[n6].first[15] = r6[n6].last[15] = k;
				n6++;
			}
		}
		head.ranges4 = n4;
		head.ranges6 = n6;
		assert_int_equal(snitch_sets_build_set(b, &head, &why), 0);
		assert_int_equal(snitch_sets_build_ranges(b, false, r4, n4, r6, n6, &why), 0);
	}
	assert_int_equal(snitch_sets_build_finish(b, generation, &sets, &why), 0);
	snitch_sets_build_free(b);
	return sets;
}

/* ---- rules and flows ---- */

static void random_addr(uint8_t *addr, uint8_t family)
{
	memset(addr, 0, 16);
	addr[0] = family == AF_INET ? 10 : 0xfe;
	if (family == AF_INET6)
		addr[1] = 0x80;
	addr[family == AF_INET ? 3 : 15] = pick(32);
}

static void random_remote(struct snitch_rule *r)
{
	static const uint8_t families[] = { 0, AF_INET, AF_INET, AF_INET6, AF_PACKET };
	uint8_t swap[16];

	if (!pick(3)) {
		r->flags |= SNITCH_R_SET | (pick(3) ? 0 : SNITCH_R_NOT_SET);
		r->set = 100 + pick(SETS);
		return;
	}
	r->family = families[pick(5)];
	if (!r->family)
		return;
	random_addr(r->first, r->family);
	random_addr(r->last, r->family);
	if (!pick(4))
		memcpy(r->last, r->first, 16);
	if (!pick(6))
		memset(r->last, 0xff, 16);
	if (!pick(6))
		memset(r->first, 0, 16);
	if (memcmp(r->first, r->last, r->family == AF_INET ? 4 : 16) > 0) {
		memcpy(swap, r->first, 16);
		memcpy(r->first, r->last, 16);
		memcpy(r->last, swap, 16);
	}
}

static void random_ports(struct snitch_rule *r)
{
	r->port_last = 65535;
	switch (pick(4)) {
	case 0:
		r->port_first = r->port_last = pick(12);
		break;
	case 1:
		r->port_first = pick(12);
		r->port_last = r->port_first + pick(12);
		break;
	case 2:
		r->port_first = pick(2) ? pick(12) : 0;
		r->port_last = pick(2) ? 65535 : 65535 - pick(4);
		break;
	}
}

static void random_rule(struct snitch_rule *r, uint32_t rank)
{
	memset(r, 0, sizeof(*r));
	r->id = 1000 + rank;
	r->rank = pick(4) << 30 | rank;
	r->app = pick(5) ? pick(APPS + 1) : SNITCH_APP_KERNEL;
	r->action = 1 + pick(4);
	random_remote(r);
	random_ports(r);
	if (!pick(4) && r->family != AF_PACKET) {
		r->flags |= SNITCH_R_PROTO;
		r->proto = pick(2) ? IPPROTO_TCP : IPPROTO_UDP;
	}
	if (!pick(4)) {
		r->flags |= SNITCH_R_UID;
		r->uid = pick(2) * 1000;
	}
	if (!pick(6))
		r->flags |= SNITCH_R_LOOPBACK;
	if (!pick(8)) {
		r->flags |= SNITCH_R_CGROUP;
		r->cgroup = 50 + pick(2);
	}
	if (!pick(8))
		r->flags |= SNITCH_R_BUILTIN;
	if (r->app == SNITCH_APP_KERNEL) {
		r->kernel = pick(3);
		if (r->family == AF_PACKET)
			r->family = 0;
	}
	if (!pick(6))
		r->flags |= SNITCH_R_DAEMON | (r->app == SNITCH_APP_ANY && pick(2) ? SNITCH_R_NAMED : 0);
	else if (!pick(6) && (r->action == SNITCH_DENY || r->action == SNITCH_DROP) && r->app &&
		 r->app != SNITCH_APP_KERNEL && !(r->flags & SNITCH_R_SET))
		r->flags |= SNITCH_R_WHOLE;
}

static void random_query(struct snitch_query *q)
{
	static const uint64_t above[] = { 50 };

	memset(q, 0, sizeof(*q));
	q->app = pick(5) ? pick(APPS + 1) : SNITCH_APP_KERNEL;
	q->bound = pick(8);
	q->no_allow = q->app != SNITCH_APP_KERNEL && !pick(8);
	q->kernel = q->app == SNITCH_APP_KERNEL ? 1 + pick(2) : 0;
	q->family = pick(5) ? pick(2) ? AF_INET : AF_INET6 :
		    q->app == SNITCH_APP_KERNEL ? AF_INET : AF_PACKET;
	q->proto = q->family == AF_PACKET ? 0 : pick(2) ? IPPROTO_TCP : IPPROTO_UDP;
	q->loopback = !pick(3);
	q->port = pick(3) ? pick(26) : 65530 + pick(6);
	q->uid = pick(2) * 1000;
	q->cgroup = 51 + pick(2);
	q->cgroup_ancestors = above;
	q->n_cgroups = pick(2);
	random_addr(q->addr, q->family);
}

/* ---- the scan ---- */

static bool remote_matches(const struct snitch_rule *r, const struct snitch_query *q)
{
	bool in;

	if (r->flags & SNITCH_R_SET) {
		if (q->family == AF_PACKET)
			return false;
		in = q->family == AF_INET ? in_set[r->set - 100][0][q->addr[3]]
					  : in_set[r->set - 100][1][q->addr[15]];
		return in != !!(r->flags & SNITCH_R_NOT_SET);
	}
	return !r->family || (r->family == q->family &&
			      memcmp(q->addr, r->first, q->family == AF_INET ? 4 : 16) >= 0 &&
			      memcmp(q->addr, r->last, q->family == AF_INET ? 4 : 16) <= 0);
}

static bool rule_matches(const struct snitch_rule *r, const struct snitch_query *q)
{
	if (q->port < r->port_first || q->port > r->port_last || !remote_matches(r, q))
		return false;
	if ((r->flags & SNITCH_R_PROTO && r->proto != q->proto) ||
	    (r->flags & SNITCH_R_UID && r->uid != q->uid) ||
	    (r->flags & SNITCH_R_LOOPBACK && !q->loopback) || (r->kernel && r->kernel != q->kernel))
		return false;
	if (r->flags & SNITCH_R_CGROUP && r->cgroup != q->cgroup &&
	    !(q->n_cgroups && r->cgroup == q->cgroup_ancestors[0]))
		return false;
	return q->app == SNITCH_APP_KERNEL ? r->app == SNITCH_APP_KERNEL
					   : r->app == SNITCH_APP_ANY || r->app == q->app;
}

static bool rule_counts(const struct snitch_rule *r, const struct snitch_query *q, unsigned int whole)
{
	bool narrow = r->flags & SNITCH_R_PROTO || r->port_first || r->port_last != 65535;

	if (q->family == AF_PACKET && r->family != AF_PACKET &&
	    (r->action == SNITCH_ALLOW || r->flags & SNITCH_R_SET || narrow))
		return false;
	if (r->action != SNITCH_ALLOW)
		return true;
	return !q->no_allow && (r->app != SNITCH_APP_ANY || r->flags & SNITCH_R_NAMED ||
				!(whole & 1U << SNITCH_RANK_TIER(r->rank)));
}

/* Of an executable that nobody vouches for: what holds for all, and refusals of what it says it is. */
static bool holds_unbound(const struct snitch_rule *r)
{
	if (r->app == SNITCH_APP_ANY)
		return r->flags & SNITCH_R_BUILTIN;
	return r->action == SNITCH_DENY || r->action == SNITCH_DROP;
}

static void scan(const struct snitch_rule *rules, unsigned int n, const struct snitch_query *q,
		 struct snitch_decision *d)
{
	const struct snitch_rule *best = NULL, *barrier = NULL;
	unsigned int i, whole = 0;

	for (i = 0; i < n; i++)
		if (rules[i].flags & SNITCH_R_WHOLE && rule_matches(&rules[i], q))
			whole |= 1U << SNITCH_RANK_TIER(rules[i].rank);
	for (i = 0; i < n; i++) {
		const struct snitch_rule *r = &rules[i];
		const struct snitch_rule **to = r->flags & SNITCH_R_DAEMON ? &barrier : &best;

		if (!rule_matches(r, q) ||
		    !(r->flags & SNITCH_R_WHOLE || rule_counts(r, q, whole)))
			continue;
		if (!*to || r->rank < (*to)->rank)
			*to = r;
	}
	memset(d, 0, sizeof(*d));
	d->action = best ? best->action : 0;
	d->rule = best ? best->id : 0;
	d->consult = barrier && (!best || barrier->rank < best->rank);
	if (q->app != SNITCH_APP_KERNEL && !q->bound && !(best && holds_unbound(best)))
		d->consult = true;
}

static void compare(const struct snitch_table *t, const struct snitch_sets *sets,
		    const struct snitch_rule *rules, unsigned int n)
{
	struct snitch_decision got, want;
	struct snitch_query q;

	random_query(&q);
	snitch_table_lookup(t, sets, &q, &got);
	scan(rules, n, &q, &want);
	if (got.action != want.action || got.rule != want.rule || got.consult != want.consult)
		fail_msg("of %u rules: action %u of %llu consult %d, not %u of %llu %d", n, got.action,
			 (unsigned long long)got.rule, got.consult, want.action,
			 (unsigned long long)want.rule, want.consult);
	/* What a set decided, or could have, says so. */
	if (want.rule && rules[want.rule - 1000].flags & SNITCH_R_SET)
		assert_int_equal(got.sets, sets->generation);
}

static struct snitch_table *build(const struct snitch_rule *rules, unsigned int n,
				  const struct snitch_sets *sets)
{
	struct snitch_table *t;
	int err;

	t = snitch_table_build(rules, n, APPS, sets, &err);
	if (!t)
		fail_msg("refused: %d", err);
	return t;
}

static void test_random(void **state)
{
	static struct snitch_rule rules[200];
	unsigned int round, i, n;

	(void)state;
	for (round = 0; round < 1500; round++) {
		struct snitch_sets *sets = random_sets(round + 1);
		struct snitch_table *t;

		n = pick(round % 10 ? 24 : 200);
		for (i = 0; i < n; i++)
			random_rule(&rules[i], i);
		t = build(rules, n, sets);
		for (i = 0; i < 150; i++)
			compare(t, sets, rules, n);
		/* Others in their place: the same table. */
		snitch_sets_free(sets);
		sets = random_sets(round + 2);
		for (i = 0; i < 50; i++)
			compare(t, sets, rules, n);
		snitch_table_free(t);
		snitch_sets_free(sets);
	}
}

/* A set that a better rule would have asked is as good as used; one that no rule asks is not. */
static void test_used(void **state)
{
	struct snitch_sets *sets = random_sets(9);
	struct snitch_rule rules[3] = {
		{ .id = 1, .rank = 1, .action = SNITCH_DENY, .port_last = 65535, .app = 1,
		  .flags = SNITCH_R_SET, .set = 100 },
		{ .id = 2, .rank = 2, .action = SNITCH_ALLOW, .port_last = 65535 },
		{ .id = 3, .rank = 0, .action = SNITCH_ALLOW, .port_last = 65535, .family = AF_INET,
		  .first = { 10 }, .last = { 10, 0, 0, 1 }, .app = 1 },
	};
	struct snitch_table *t = build(rules, 3, sets);
	struct snitch_query q = { .app = 1, .bound = true, .family = AF_INET, .addr = { 192 } };
	struct snitch_decision d;

	(void)state;
	snitch_table_lookup(t, sets, &q, &d);
	assert_int_equal(d.rule, 2);
	assert_int_equal(d.sets, 9);
	q.app = 2;
	snitch_table_lookup(t, sets, &q, &d);
	assert_int_equal(d.sets, 0);
	q.app = 1;
	q.addr[0] = 10;
	snitch_table_lookup(t, sets, &q, &d);
	assert_int_equal(d.rule, 3);
	assert_int_equal(d.sets, 0);
	snitch_table_free(t);
	snitch_sets_free(sets);
}

static void test_refused(void **state)
{
	static const struct snitch_rule bad[] = {
		{ .flags = SNITCH_R_SET, .set = 99 },
		{ .flags = SNITCH_R_SET },
		{ .flags = SNITCH_R_SET, .set = 100, .family = AF_INET },
		{ .flags = SNITCH_R_SET | SNITCH_R_WHOLE, .set = 100, .app = 1 },
		{ .flags = SNITCH_R_NOT_SET },
		{ .set = 100 },
		{ .ifindex = 1 },
		{ .flags = SNITCH_R_IFINDEX, .app = SNITCH_APP_KERNEL },
		{ .flags = SNITCH_R_IFINDEX, .ifindex = 1 },
		{ .flags = SNITCH_R_IFINDEX | SNITCH_R_CGROUP, .ifindex = 1,
		  .app = SNITCH_APP_KERNEL },
		{ .flags = 1 << 11 },
	};
	struct snitch_sets *sets = random_sets(1);
	struct snitch_rule r;
	unsigned int i;
	int err;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		r = bad[i];
		r.action = SNITCH_DENY;
		assert_null(snitch_table_build(&r, 1, APPS, sets, &err));
		assert_int_equal(err, -EINVAL);
	}
	snitch_sets_free(sets);
}

/* ---- ten thousand rules ---- */

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* All of one program, of the worst kinds to walk: overlapping ranges, ports, for the daemon. */
static struct snitch_table *many(unsigned int n, struct snitch_rule *rules)
{
	unsigned int i;

	memset(rules, 0, n * sizeof(*rules));
	for (i = 0; i < n; i++) {
		struct snitch_rule *r = &rules[i];

		r->id = i + 1;
		r->rank = i;
		r->app = 1;
		r->action = SNITCH_DENY;
		r->port_last = 65535;
		r->family = AF_INET;
		r->first[0] = 10;
		r->first[1] = i >> 8;
		r->first[2] = i;
		memcpy(r->last, r->first, 4);
		r->last[3] = 255;
		r->last[0] += i % 2;
		if (i % 3 == 0)
			r->flags = SNITCH_R_DAEMON;
		if (i % 3 == 1) {
			r->port_first = 100;
			r->port_last = 8000;
		}
	}
	return build(rules, n, NULL);
}

static uint64_t cost(unsigned int n)
{
	struct snitch_rule *rules = calloc(n, sizeof(*rules));
	struct snitch_table *t = many(n, rules);
	struct snitch_query q = { .app = 1, .bound = true, .family = AF_INET, .port = 80,
				  .addr = { 192 } };
	struct snitch_decision d;
	uint64_t best = UINT64_MAX, took;
	unsigned int i, k;

	/* The shortest of many: nobody else had the processor. */
	for (k = 0; k < 200; k++) {
		took = cpu_ns();
		for (i = 0; i < 100; i++)
			snitch_table_lookup(t, NULL, &q, &d);
		took = cpu_ns() - took;
		best = took < best ? took : best;
	}
	assert_int_equal(d.action, 0);
	snitch_table_free(t);
	free(rules);
	return best;
}

/* Walked one by one they would cost a thousand times as much. */
static void test_many(void **state)
{
	uint64_t few = cost(10), lots = cost(10000);

	(void)state;
	if (lots > 20 * few)
		fail_msg("10 rules %llu ns, 10 000 rules %llu ns", (unsigned long long)few,
			 (unsigned long long)lots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
