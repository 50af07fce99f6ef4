// SPDX-License-Identifier: GPL-2.0-or-later
/* libsnitch without a device: policy transactions into a sink, and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "snitch.h"

enum step { BEGIN, APPS, RULES, COMMIT, STEPS };

/**
 * struct sink - what was called
 * @fail: the step that fails with @err
 */
struct sink {
	enum step fail;
	int err;
	unsigned int calls[STEPS], aborts;
	size_t apps, rules;
	struct snitch_policy policy;
};

static int step(struct sink *s, enum step now)
{
	assert_int_equal(s->aborts, 0);
	s->calls[now]++;
	return s->fail == now ? s->err : 0;
}

static int sink_begin(void *ctx, const struct snitch_policy *policy, uint64_t *generation)
{
	struct sink *s = ctx;

	s->policy = *policy;
	*generation = 8;
	return step(s, BEGIN);
}

static int sink_apps(void *ctx, const char *const *paths, size_t n)
{
	struct sink *s = ctx;
	size_t i;

	assert_int_equal(s->calls[BEGIN], 1);
	for (i = 0; i < n; i++)
		assert_int_equal(paths[i][0], '/');
	s->apps += n;
	return step(s, APPS);
}

static int sink_rules(void *ctx, const struct snitch_rule *rules, size_t n)
{
	struct sink *s = ctx;
	size_t i;

	assert_int_equal(s->calls[BEGIN], 1);
	for (i = 0; i < n; i++)
		assert_int_equal(rules[i].id, 100 + s->rules + i);
	s->rules += n;
	return step(s, RULES);
}

static int sink_commit(void *ctx, uint64_t *generation, uint32_t *unbound)
{
	struct sink *s = ctx;

	assert_int_equal(s->apps, s->policy.apps);
	assert_int_equal(s->rules, s->policy.rules);
	*generation = 9;
	*unbound = 1;
	return step(s, COMMIT);
}

static void sink_abort(void *ctx)
{
	((struct sink *)ctx)->aborts++;
}

static const char *sink_error(void *ctx)
{
	(void)ctx;
	return "";
}

static int load(struct sink *s, unsigned int n_apps, unsigned int n_rules, uint64_t *generation,
		uint32_t *unbound)
{
	static const char *const apps[] = { "/usr/bin/curl", "/usr/bin/ssh" };
	const struct snitch_rule rules[] = { { .id = 100 }, { .id = 101 }, { .id = 102 } };
	const struct snitch_policy policy = { .mode = SNITCH_MODE_ASK, .fail = SNITCH_DENY,
					      .kernel = SNITCH_ALLOW, .apps = n_apps,
					      .rules = n_rules, .unmatched = SNITCH_ASK };
	const struct snitch_policy_sink sink = {
		.ctx = s, .begin = sink_begin, .apps = sink_apps, .rules = sink_rules,
		.commit = sink_commit, .abort = sink_abort, .error = sink_error,
	};

	return snitch_policy_load(&sink, &policy, apps, rules, NULL, generation, unbound);
}

static void a_policy_is_loaded_whole(void **state)
{
	struct sink s = { .fail = STEPS }, empty = { .fail = STEPS }, quiet = { .fail = STEPS };
	uint64_t generation = 0;
	uint32_t unbound = 0;

	(void)state;
	assert_int_equal(load(&s, 2, 3, &generation, &unbound), 0);
	assert_int_equal(generation, 9);
	assert_int_equal(unbound, 1);
	assert_int_equal(s.apps, 2);
	assert_int_equal(s.rules, 3);
	assert_int_equal(s.calls[COMMIT], 1);
	assert_int_equal(s.aborts, 0);
	assert_int_equal(load(&empty, 0, 0, &generation, NULL), 0);
	assert_int_equal(empty.calls[COMMIT], 1);
	assert_int_equal(load(&quiet, 1, 1, NULL, NULL), 0);
}

static void a_failure_aborts(void **state)
{
	enum step at;

	(void)state;
	for (at = BEGIN; at < STEPS; at++) {
		struct sink s = { .fail = at, .err = -ENOSPC };
		uint64_t generation = 3;
		enum step after;

		assert_int_equal(load(&s, 2, 3, &generation, NULL), -ENOSPC);
		for (after = at + 1; after < STEPS; after++)
			assert_int_equal(s.calls[after], 0);
		/* Nothing of ours is open when BEGIN fails: it may be another's. */
		assert_int_equal(s.aborts, at == BEGIN ? 0 : 1);
	}
}

/* Every value of an enum has a word of its own; the next has none. */
static void words(const char *(*name)(unsigned int), unsigned int first, unsigned int end)
{
	unsigned int i, j;

	for (i = first; i < end; i++) {
		assert_string_not_equal(name(i), "?");
		assert_true(strspn(name(i), "abcdefghijklmnopqrstuvwxyz-") == strlen(name(i)));
		for (j = first; j < i; j++)
			assert_string_not_equal(name(i), name(j));
	}
	assert_string_equal(name(end), "?");
	assert_string_equal(name(~0U), "?");
	if (first)
		assert_string_equal(name(0), "?");
}

static void names(void **state)
{
	(void)state;
	words(snitch_action_name, SNITCH_ALLOW, SNITCH_HOLD + 1);
	words(snitch_origin_name, SNITCH_BY_RULE, SNITCH_BY_NAME + 1);
	words(snitch_cancel_name, SNITCH_CANCEL_CLOSED, SNITCH_CANCEL_UNHELD + 1);
	words(snitch_kernel_name, 0, __SNITCH_K_MAX);
	words(snitch_mode_name, 0, SNITCH_MODE_LOCKDOWN + 1);
	words(snitch_counter_name, 0, __SNITCH_C_MAX);
	assert_string_equal(snitch_counter_name(SNITCH_C_BOUND_UID), "bound-uid");
	assert_string_equal(snitch_action_name(SNITCH_HOLD), "hold");
}

static void time_goes_on(void **state)
{
	uint64_t before = snitch_boottime_ns();

	(void)state;
	usleep(2000);
	assert_true(snitch_boottime_ns() >= before + 2000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_loaded_whole),
		cmocka_unit_test(a_failure_aborts),
		cmocka_unit_test(names),
		cmocka_unit_test(time_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
