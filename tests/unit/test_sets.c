// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address sets: what is in one, what a difference makes of one, and what a transaction refuses.
 * Compared with a scan of everything. It must never allocate more than a real loader would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "kmod/sets.h"

#define WORLD	256	/* addresses of the small world that is scanned */

static uint32_t seed = 7;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* ---- the small world: 256 addresses at one of the edges of a family ---- */

static const uint64_t edges4[] = { 0, 0xc0000200, 0xffffff00 };
static const uint64_t edges6[][2] = {
	{ 0, 0 }, { 5, ~0ULL - 127 }, { ~0ULL, ~0ULL - 255 },
};

static void world_addr(int family, unsigned int edge, unsigned int i, u64 addr[2])
{
	if (family == AF_INET) {
		addr[0] = edges4[edge] + i;
		addr[1] = 0;
		return;
	}
	addr[0] = edges6[edge][0];
	addr[1] = edges6[edge][1] + i;
	addr[0] += addr[1] < i;
}

static void put_be64(uint8_t *to, uint64_t v)
{
	for (int i = 8; i--; v >>= 8)
		to[i] = v;
}

static void put_be32(uint8_t *to, uint32_t v)
{
	for (int i = 4; i--; v >>= 8)
		to[i] = v;
}

static void range_of(int family, unsigned int edge, unsigned int first, unsigned int last,
		     struct snitch_range4 *r4, struct snitch_range6 *r6)
{
	u64 a[2], b[2];

	world_addr(family, edge, first, a);
	world_addr(family, edge, last, b);
	if (family == AF_INET) {
		put_be32(r4->first, a[0]);
		put_be32(r4->last, b[0]);
		return;
	}
	put_be64(r6->first, a[0]);
	put_be64(r6->first + 8, a[1]);
	put_be64(r6->last, b[0]);
	put_be64(r6->last + 8, b[1]);
}

/* A set of what the map says, its ranges cut into pieces at random. */
static struct snitch_set *set_of(int family, unsigned int edge, const bool *in)
{
	struct snitch_range4 r4[WORLD];
	struct snitch_range6 r6[WORLD];
	unsigned int i, first, n = 0;
	struct snitch_set *set;

	for (i = 0; i < WORLD; i++) {
		if (!in[i])
			continue;
		for (first = i; i + 1 < WORLD && in[i + 1] && pick(4); i++)
			;
		range_of(family, edge, first, i, &r4[n], &r6[n]);
		n++;
	}
	set = snitch_set_new(1, 2, family == AF_INET ? n : 0, family == AF_INET ? 0 : n);
	assert_non_null(set);
	if (family == AF_INET)
		assert_int_equal(snitch_set_add4(set, r4, n), 0);
	else
		assert_int_equal(snitch_set_add6(set, r6, n), 0);
	assert_true(snitch_set_complete(set));
	return set;
}

static void same(const struct snitch_set *set, int family, unsigned int edge, const bool *in)
{
	u64 addr[2];

	for (unsigned int i = 0; i < WORLD; i++) {
		world_addr(family, edge, i, addr);
		assert_int_equal(snitch_set_has(set, family, addr), in[i]);
		assert_false(snitch_set_has(set, family == AF_INET ? AF_INET6 : AF_INET, addr));
		assert_false(snitch_set_has(set, AF_PACKET, addr));
	}
}

static void random_map(bool *in)
{
	unsigned int density = 1 + pick(12), i;
	bool now = pick(2);

	for (i = 0; i < WORLD; i++) {
		if (!pick(density))
			now = !now;
		in[i] = now;
	}
	if (!pick(20))
		memset(in, pick(2), WORLD);
}

static void test_random(void **state)
{
	bool old[WORLD], gone[WORLD], more[WORLD], want[WORLD];
	unsigned int round, edge, i;

	(void)state;
	for (round = 0; round < 3000; round++) {
		int family = round % 2 ? AF_INET : AF_INET6;
		struct snitch_set *a, *b, *c, *d;

		edge = pick(3);
		random_map(old);
		random_map(gone);
		random_map(more);
		a = set_of(family, edge, old);
		b = set_of(family, edge, gone);
		c = set_of(family, edge, more);
		same(a, family, edge, old);
		d = snitch_set_change(a, b, c);
		assert_non_null(d);
		for (i = 0; i < WORLD; i++)
			want[i] = (old[i] && !gone[i]) || more[i];
		same(d, family, edge, want);
		assert_true(snitch_set_complete(d));
		snitch_set_put(a);
		snitch_set_put(b);
		snitch_set_put(c);
		snitch_set_put(d);
	}
}

static void test_hostile(void **state)
{
	static const struct {
		struct snitch_range4 r[2];
		int err;
	} bad[] = {
		{ { { { 1, 0, 0, 0 }, { 1, 0, 0, 9 } }, { { 1, 0, 0, 10 }, { 1, 0, 0, 10 } } }, 0 },
		{ { { { 1, 0, 0, 0 }, { 1, 0, 0, 9 } }, { { 1, 0, 0, 9 }, { 1, 0, 0, 10 } } }, -EINVAL },
		{ { { { 2, 0, 0, 0 }, { 2, 0, 0, 9 } }, { { 1, 0, 0, 0 }, { 1, 0, 0, 1 } } }, -EINVAL },
		{ { { { 1, 0, 0, 9 }, { 1, 0, 0, 0 } }, { { 2, 0, 0, 0 }, { 2, 0, 0, 0 } } }, -EINVAL },
	};
	struct snitch_set *set;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		set = snitch_set_new(1, 0, 2, 0);
		assert_int_equal(snitch_set_add4(set, bad[i].r, 2), bad[i].err);
		if (!bad[i].err)
			assert_int_equal(snitch_set_add4(set, bad[i].r, 1), -ENOSPC);
		snitch_set_put(set);
		/* over two messages it is no better */
		set = snitch_set_new(1, 0, 2, 0);
		assert_int_equal(snitch_set_add4(set, bad[i].r, 1) ?:
				 snitch_set_add4(set, bad[i].r + 1, 1), bad[i].err);
		snitch_set_put(set);
	}
}

/* ---- many ranges: found by where their addresses begin ---- */

#define MANY	(3 * SNITCH_SET_TOP)

struct range {
	uint32_t first, last;
};

static struct snitch_set *set_of_ranges(const struct range *r, uint32_t n)
{
	struct snitch_set *set = snitch_set_new(1, 2, n, 0);
	struct snitch_range4 r4;
	uint32_t i;

	assert_non_null(set);
	for (i = 0; i < n; i++) {
		put_be32(r4.first, r[i].first);
		put_be32(r4.last, r[i].last);
		assert_int_equal(snitch_set_add4(set, &r4, 1), 0);
	}
	return set;
}

static bool has4_plainly(const struct range *r, uint32_t n, uint32_t addr)
{
	while (n--) {
		if (r[n].first <= addr)
			return addr <= r[n].last;
	}
	return false;
}

/* At the edges of all ranges, and of all addresses. */
static void same_many(const struct snitch_set *set, const struct range *r, uint32_t n)
{
	uint32_t i, k;

	for (i = 0; i < n; i++) {
		const uint32_t at[] = { r[i].first - 1, r[i].first, r[i].last, r[i].last + 1 };

		for (k = 0; k < 4; k++) {
			uint64_t addr[2] = { at[k], 0 };

			if (!k && !at[1])
				continue;	/* before the first address is the last */
			assert_int_equal(snitch_set_has(set, AF_INET, addr),
					 has4_plainly(r, i + 1 < n ? i + 2 : n, at[k]));
		}
	}
	for (i = 0; i < SNITCH_SET_TOP; i++) {
		uint64_t addr[2] = { i << (32 - SNITCH_SET_TOP_BITS), 0 };

		assert_int_equal(snitch_set_has(set, AF_INET, addr), has4_plainly(r, n, addr[0]));
	}
}

/* Sorted, in @parts heaps; now and then one that is large. */
static uint32_t random_ranges(struct range *r, uint32_t max, uint32_t parts)
{
	uint64_t at = pick(2) ? 0 : pick(1 << 24);
	uint32_t n;

	for (n = 0; n < max && at <= UINT32_MAX; n++) {
		uint64_t last = at + (pick(500) ? pick(1 << 16) : pick(1 << 24));

		r[n].first = at;
		r[n].last = last < UINT32_MAX ? last : UINT32_MAX;
		at = last + 2 + (pick(max / parts) ? pick(1 << 8) : (1ULL << 32) / parts / 2);
	}
	return n;
}

static void test_many(void **state)
{
	static struct range old[MANY], gone[MANY], none[1];
	unsigned int round;

	(void)state;
	for (round = 0; round < 12; round++) {
		uint32_t n = random_ranges(old, MANY, 1 + pick(40)), n_gone, i;
		struct snitch_set *set = set_of_ranges(old, n), *empty = set_of_ranges(none, 0);
		struct snitch_set *less, *changed;

		same_many(set, old, n);
		/* every other one goes, or nearly all: what stays has a table of its own, or none */
		for (i = 0, n_gone = 0; i < n; i++) {
			if (round % 2 ? i % 2 : i % 64)
				gone[n_gone++] = old[i];
		}
		less = set_of_ranges(gone, n_gone);
		changed = snitch_set_change(set, less, empty);
		assert_non_null(changed);
		for (i = 0, n_gone = 0; i < n; i++) {
			if (!(round % 2 ? i % 2 : i % 64))
				gone[n_gone++] = old[i];
		}
		assert_int_equal(changed->n4, n_gone);
		assert_int_equal(!changed->top4, n_gone < SNITCH_SET_TOP);
		same_many(changed, gone, n_gone);
		snitch_set_put(changed);
		snitch_set_put(less);
		snitch_set_put(empty);
		snitch_set_put(set);
	}
}

static void test_bytes(void **state)
{
	const uint32_t n = 1000000;
	struct snitch_set *set = snitch_set_new(1, 0, n, 0);

	(void)state;
	assert_true(snitch_set_bytes(set) / n <= 64);
	snitch_set_put(set);
	set = snitch_set_new(1, 0, 0, n);
	assert_true(snitch_set_bytes(set) / n <= 64);
	snitch_set_put(set);
}

/* ---- transactions ---- */

static const struct snitch_range4 one4 = { { 192, 0, 2, 1 }, { 192, 0, 2, 1 } };
static const struct snitch_range4 two4 = { { 192, 0, 2, 2 }, { 192, 0, 2, 2 } };
static const u64 addr_one[2] = { 0xc0000201, 0 }, addr_two[2] = { 0xc0000202, 0 };

static int begin_set(struct snitch_sets_build *b, uint32_t id, uint32_t flags, uint64_t tag,
		     uint32_t n, uint32_t gone)
{
	const struct snitch_set_head head = {
		.id = id, .flags = flags, .tag = tag, .ranges4 = n, .gone4 = gone,
	};
	const char *why = NULL;
	int err = snitch_sets_build_set(b, &head, &why);

	assert_true(!err == !why);
	return err;
}

static int put_range(struct snitch_sets_build *b, bool gone, const struct snitch_range4 *r)
{
	const char *why = NULL;
	int err = snitch_sets_build_ranges(b, gone, r, 1, NULL, 0, &why);

	assert_true(!err == !why);
	return err;
}

static int finish(struct snitch_sets_build *b, uint64_t generation, struct snitch_sets **out)
{
	const char *why = NULL;
	int err = snitch_sets_build_finish(b, generation, out, &why);

	assert_true(!err == !why);
	snitch_sets_build_free(b);
	return err;
}

static struct snitch_sets *two_sets(void)
{
	struct snitch_sets_build *b = snitch_sets_build_new(NULL, false, 2, 10);
	struct snitch_sets *sets = NULL;

	assert_int_equal(begin_set(b, 7, 0, 70, 1, 0), 0);
	assert_int_equal(put_range(b, false, &one4), 0);
	assert_int_equal(begin_set(b, 8, 0, 80, 0, 0), 0);
	assert_int_equal(finish(b, 1, &sets), 0);
	assert_int_equal(sets->n, 2);
	assert_int_equal(snitch_sets_slot(sets, 7), 0);
	assert_int_equal(snitch_sets_slot(sets, 8), 1);
	assert_int_equal(snitch_sets_slot(sets, 9), -1);
	assert_true(snitch_set_has(sets->set[0], AF_INET, addr_one));
	assert_false(snitch_set_has(sets->set[1], AF_INET, addr_one));
	return sets;
}

static void test_policy_sets(void **state)
{
	struct snitch_sets *sets = two_sets(), *next = NULL;
	struct snitch_sets_build *b = snitch_sets_build_new(sets, false, 2, 10);

	(void)state;
	/* announced too few, no id, twice, wrong flags, too many, unknown or another to be kept */
	assert_int_equal(begin_set(b, 0, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(begin_set(b, 1, SNITCH_SET_DELTA, 0, 0, 0), -EINVAL);
	assert_int_equal(begin_set(b, 1, SNITCH_SET_KEEP, 0, 1, 0), -EINVAL);
	assert_int_equal(begin_set(b, 1, 0, 0, 0, 1), -EINVAL);
	assert_int_equal(begin_set(b, 1, 0, 0, 11, 0), -ENOSPC);
	snitch_sets_build_free(b);
	b = snitch_sets_build_new(sets, false, 2, 10);
	assert_int_equal(put_range(b, false, &one4), -EINVAL);
	assert_int_equal(begin_set(b, 7, SNITCH_SET_KEEP, 71, 0, 0), -ENOENT);
	assert_int_equal(begin_set(b, 9, SNITCH_SET_KEEP, 70, 0, 0), -ENOENT);
	assert_int_equal(begin_set(b, 7, SNITCH_SET_KEEP, 70, 0, 0), 0);
	assert_int_equal(put_range(b, false, &one4), -EINVAL);
	assert_int_equal(begin_set(b, 7, 0, 0, 0, 0), -EEXIST);
	assert_int_equal(begin_set(b, 9, 0, 0, 1, 0), 0);
	assert_int_equal(put_range(b, true, &one4), -EINVAL);
	assert_int_equal(begin_set(b, 10, 0, 0, 0, 0), -ENOSPC);
	assert_int_equal(put_range(b, false, &two4), 0);
	assert_int_equal(put_range(b, false, &two4), -ENOSPC);
	assert_int_equal(finish(b, 2, &next), 0);
	assert_ptr_equal(next->set[0], sets->set[0]);
	snitch_sets_free(sets);
	assert_true(snitch_set_has(next->set[0], AF_INET, addr_one));
	snitch_sets_free(next);
}

static void test_incomplete(void **state)
{
	struct snitch_sets *sets = two_sets(), *next = NULL;
	struct snitch_sets_build *b;

	(void)state;
	b = snitch_sets_build_new(sets, false, 2, 10);
	assert_int_equal(begin_set(b, 1, 0, 0, 0, 0), 0);
	assert_int_equal(finish(b, 2, &next), -EINVAL);
	b = snitch_sets_build_new(sets, false, 1, 10);
	assert_int_equal(begin_set(b, 1, 0, 0, 1, 0), 0);
	assert_int_equal(finish(b, 2, &next), -EINVAL);
	b = snitch_sets_build_new(sets, true, 0, 10);
	assert_int_equal(begin_set(b, 7, SNITCH_SET_DELTA, 0, 1, 1), 0);
	assert_int_equal(put_range(b, false, &two4), 0);
	assert_int_equal(finish(b, 2, &next), -EINVAL);
	assert_null(next);
	snitch_sets_free(sets);
}

static void test_changes(void **state)
{
	struct snitch_sets *sets = two_sets(), *next = NULL;
	struct snitch_sets_build *b = snitch_sets_build_new(sets, true, 0, 3);

	(void)state;
	assert_int_equal(begin_set(b, 9, 0, 0, 0, 0), -ENOENT);
	assert_int_equal(begin_set(b, 7, SNITCH_SET_KEEP, 70, 0, 0), -EINVAL);
	assert_int_equal(begin_set(b, 8, SNITCH_SET_DELTA, 81, 4, 0), -ENOSPC);
	snitch_sets_build_free(b);
	b = snitch_sets_build_new(sets, true, 0, 3);
	assert_int_equal(begin_set(b, 8, SNITCH_SET_DELTA, 81, 1, 0), 0);
	assert_int_equal(put_range(b, false, &two4), 0);
	assert_int_equal(begin_set(b, 8, 0, 81, 0, 0), -EEXIST);
	assert_int_equal(begin_set(b, 7, SNITCH_SET_DELTA, 71, 1, 1), 0);
	assert_int_equal(put_range(b, true, &one4), 0);
	assert_int_equal(put_range(b, false, &two4), 0);
	assert_int_equal(finish(b, 2, &next), 0);
	/* the present ones are as they were; slots stay */
	assert_true(snitch_set_has(sets->set[0], AF_INET, addr_one));
	assert_false(snitch_set_has(sets->set[1], AF_INET, addr_two));
	assert_int_equal(next->set[0]->tag, 71);
	assert_false(snitch_set_has(next->set[0], AF_INET, addr_one));
	assert_true(snitch_set_has(next->set[0], AF_INET, addr_two));
	assert_true(snitch_set_has(next->set[1], AF_INET, addr_two));
	snitch_sets_free(sets);
	/* a whole one */
	b = snitch_sets_build_new(next, true, 0, 3);
	assert_int_equal(begin_set(b, 7, 0, 72, 1, 0), 0);
	assert_int_equal(put_range(b, false, &one4), 0);
	assert_int_equal(finish(b, 3, &sets), 0);
	assert_true(snitch_set_has(sets->set[0], AF_INET, addr_one));
	assert_false(snitch_set_has(sets->set[0], AF_INET, addr_two));
	assert_int_equal(sets->generation, 3);
	assert_int_equal(sets->ranges, 2);
	snitch_sets_free(next);
	/* neighbours are one range */
	b = snitch_sets_build_new(sets, true, 0, 3);
	assert_int_equal(begin_set(b, 8, SNITCH_SET_DELTA, 82, 1, 0), 0);
	assert_int_equal(put_range(b, false, &one4), 0);
	assert_int_equal(finish(b, 4, &next), 0);
	assert_int_equal(next->set[1]->n4, 1);
	assert_true(snitch_set_has(next->set[1], AF_INET, addr_one));
	assert_true(snitch_set_has(next->set[1], AF_INET, addr_two));
	snitch_sets_free(next);
	snitch_sets_free(sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_policy_sets),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
