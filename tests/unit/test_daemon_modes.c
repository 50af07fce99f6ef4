// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of modes, cell by cell, and modes that end by themselves. It must never need root, a
 * bus, the module, or to wait.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core-lab.h"
#include "policy/mode.h"
#include "util/timespan.h"

#define HOUR	(3600 * SNITCH_NSEC_PER_SEC)

/* ---- the table ---- */

/* A flow by what is said about it, each to an address of its own. */
enum { UNKNOWN, ALLOWED, DENIED, ASKED, MARKED, BUILTIN, N_FLOWS };

static const char *const peers[N_FLOWS] = {
	"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6",
};

static const char rules[] =
	"allow /usr/bin/curl to 192.0.2.2\n"
	"deny /usr/bin/curl to 192.0.2.3\n"
	"ask /usr/bin/curl to 192.0.2.4\n"
	"allow /usr/bin/curl to 192.0.2.5 lockdown\n";

#define A	FAKE_ALLOWED
#define R	FAKE_REFUSED
#define H	FAKE_HELD

/*
 * @become: of each flow; @listed: the unknown one stands in the list, as waiting (H) or pending
 * (R), 0: not at all; @fail: what the kernel does without a decider
 */
static const struct cell {
	uint32_t mode;
	bool agent;
	int become[N_FLOWS];
	int listed;
	uint32_t fail;
} cells[] = {
	/* mode, agent, unknown, allowed, denied, asked, marked, builtin */
	{ SNITCH_MODE_ASK, true, { H, A, R, H, A, A }, H, SNITCH_DENY },
	{ SNITCH_MODE_ASK, false, { R, A, R, R, A, A }, R, SNITCH_DENY },
	{ SNITCH_MODE_OBSERVE, true, { A, A, R, H, A, A }, 0, SNITCH_ALLOW },
	{ SNITCH_MODE_OBSERVE, false, { A, A, R, R, A, A }, 0, SNITCH_ALLOW },
	{ SNITCH_MODE_QUIET, true, { R, A, R, H, A, A }, R, SNITCH_DENY },
	{ SNITCH_MODE_QUIET, false, { R, A, R, R, A, A }, R, SNITCH_DENY },
	{ SNITCH_MODE_LOCKDOWN, true, { R, R, R, R, A, A }, 0, SNITCH_DENY },
	{ SNITCH_MODE_LOCKDOWN, false, { R, R, R, R, A, A }, 0, SNITCH_DENY },
	{ SNITCH_MODE_OFF, true, { A, A, A, A, A, A }, 0, SNITCH_ALLOW },
	{ SNITCH_MODE_OFF, false, { A, A, A, A, A, A }, 0, SNITCH_ALLOW },
};

static const struct question *question_to(struct lab *lab, const char *peer)
{
	struct question *q = NULL;
	struct snitch_flow_event like;

	assert_int_equal(fake_flow_init(&like, 1, 1, 6, peer, 443), 0);
	while ((q = questions_next(lab->core.questions, q))) {
		if (!memcmp(q->target.addr, like.daddr, sizeof(like.daddr)))
			return q;
	}
	return NULL;
}

static void check_cell(struct lab *lab, const struct cell *cell)
{
	const struct fake_flow *f;
	const struct question *q;
	unsigned int i;

	lab_write(lab->root, "/usr/lib/snitch/rules.d/10-test.rules",
		  "allow /usr/bin/curl to 192.0.2.6\n");
	write_rules(lab, rules);
	set_mode(lab, cell->mode);
	if (cell->agent)
		add_agent(lab, 1000, false);
	assert_int_equal(lab->policy.mode, cell->mode);
	assert_int_equal(lab->policy.fail, cell->fail);
	for (i = 0; i < N_FLOWS; i++) {
		f = send_flow(lab, 10 + i, 1, peers[i], 443, 1000, 0);
		if ((int)f->state != cell->become[i])
			fail_msg("mode %u, agent %d, flow %u became %d", cell->mode, cell->agent, i,
				 f->state);
	}
	q = question_to(lab, peers[UNKNOWN]);
	assert_int_equal(q != NULL, cell->listed != 0);
	if (q)
		assert_int_equal(q->state == QUESTION_PENDING, cell->listed == R);
	/* what a rule decides is nobody's question, unless it is one that asks */
	assert_null(question_to(lab, peers[ALLOWED]));
	assert_null(question_to(lab, peers[DENIED]));
	assert_int_equal(question_to(lab, peers[ASKED]) != NULL,
			 cell->mode != SNITCH_MODE_LOCKDOWN && cell->mode != SNITCH_MODE_OFF);
}

static void test_table(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		setup(state);
		check_cell(*state, &cells[i]);
		teardown(state);
	}
}

#undef A
#undef R
#undef H

/* "fail =" overrides the last column, but never lockdown. */
static void test_fail_overrides(void **state)
{
	struct lab *lab = *state;

	lab->core.fail = SNITCH_ALLOW;
	set_mode(lab, SNITCH_MODE_ASK);
	assert_int_equal(lab->policy.fail, SNITCH_ALLOW);
	set_mode(lab, SNITCH_MODE_LOCKDOWN);
	assert_int_equal(lab->policy.fail, SNITCH_DENY);
	lab->core.fail = SNITCH_DENY;
	set_mode(lab, SNITCH_MODE_OBSERVE);
	assert_int_equal(lab->policy.fail, SNITCH_DENY);
}

/* A rule that asks is asked only while somebody of that user listens. */
static void test_ask_rule_wants_its_agent(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, rules);
	add_agent(lab, 1001, false);
	assert_int_equal(send_flow(lab, 10, 1, peers[ASKED], 443, 1000, 0)->state, FAKE_REFUSED);
	add_agent(lab, 1000, false);
	assert_int_equal(send_flow(lab, 11, 1, peers[ASKED], 443, 1000, 0)->state, FAKE_HELD);
}

/* ---- timed modes ---- */

static const struct mode_clock boot_a = { .boottime = 5 * HOUR, .real = 1000000, .boot = "a-a" };

static void write_mode(struct lab *lab, const char *text)
{
	lab_write(lab->root, MODE_FILE, text);
}

static void test_mode_is_kept(void **state)
{
	struct mode_clock clock;
	struct lab *lab = *state;
	struct mode mode;

	mode_clock_read(&clock);
	assert_int_not_equal(clock.boot[0], '\0');
	set_mode(lab, SNITCH_MODE_ASK);
	assert_int_equal(mode_load(&mode, lab->core.mode_path, &clock), 0);
	assert_int_equal(mode.now, SNITCH_MODE_ASK);
	assert_int_equal(mode.until, 0);
	assert_int_equal(core_set_mode(&lab->core, SNITCH_MODE_OBSERVE, 3600), 0);
	assert_int_equal(lab->policy.mode, SNITCH_MODE_OBSERVE);
	assert_int_equal(mode_load(&mode, lab->core.mode_path, &clock), 0);
	assert_int_equal(mode.now, SNITCH_MODE_OBSERVE);
	assert_int_equal(mode.after, SNITCH_MODE_ASK);
	assert_true(mode.until == lab->core.mode.until);
	assert_int_equal(mode_expire(&mode, mode.until - 1), 0);
	assert_int_equal(mode_expire(&mode, mode.until), 1);
	assert_int_equal(mode.now, SNITCH_MODE_ASK);
	/* the daemon falls back, tells the kernel, and keeps that */
	assert_false(core_expire_mode(&lab->core));
	lab->core.mode.until = 1;
	assert_true(core_expire_mode(&lab->core));
	assert_int_equal(lab->policy.mode, SNITCH_MODE_ASK);
	assert_int_equal(mode_load(&mode, lab->core.mode_path, &clock), 0);
	assert_int_equal(mode.now, SNITCH_MODE_ASK);
	assert_int_equal(mode.until, 0);
}

/* Nobody's clock but the boot's moves the end within a boot. */
static void test_end_by_boottime(void **state)
{
	struct mode_clock clock = boot_a;
	struct lab *lab = *state;
	struct mode mode = { .now = SNITCH_MODE_ASK, .after = SNITCH_MODE_ASK }, back;

	mode_set(&mode, SNITCH_MODE_OBSERVE, 3600, clock.boottime);
	assert_true(mode.until == 6 * HOUR);
	assert_int_equal(mode_save(&mode, lab->core.mode_path, &clock), 0);
	/* suspended for half an hour, the wall clock set back by a day: half an hour is left */
	clock.boottime += HOUR / 2;
	clock.real -= 86400;
	assert_int_equal(mode_load(&back, lab->core.mode_path, &clock), 0);
	assert_true(back.until == 6 * HOUR);
	assert_int_equal(mode_expire(&back, clock.boottime), 0);
	/* suspended over the end */
	clock.boottime += 24 * HOUR;
	assert_int_equal(mode_expire(&back, clock.boottime), 1);
	assert_int_equal(back.now, SNITCH_MODE_ASK);
}

static void test_end_after_reboot(void **state)
{
	struct mode_clock clock = boot_a;
	struct lab *lab = *state;
	struct mode mode = { .now = SNITCH_MODE_ASK, .after = SNITCH_MODE_ASK }, back;

	mode_set(&mode, SNITCH_MODE_OBSERVE, 3600, clock.boottime);
	assert_int_equal(mode_save(&mode, lab->core.mode_path, &clock), 0);
	strcpy(clock.boot, "b-b");
	clock.boottime = 60 * SNITCH_NSEC_PER_SEC;
	clock.real += 1800;
	assert_int_equal(mode_load(&back, lab->core.mode_path, &clock), 0);
	assert_true(back.until == clock.boottime + HOUR / 2);
	clock.real += 1800;
	assert_int_equal(mode_load(&back, lab->core.mode_path, &clock), 0);
	assert_int_equal(mode_expire(&back, clock.boottime), 1);
	assert_int_equal(back.now, SNITCH_MODE_ASK);
}

/* A timed mode on top of one falls back to what was before both. */
static void test_timed_on_timed(void **state)
{
	struct mode mode = { .now = SNITCH_MODE_ASK, .after = SNITCH_MODE_ASK };

	(void)state;
	mode_set(&mode, SNITCH_MODE_OBSERVE, 3600, HOUR);
	mode_set(&mode, SNITCH_MODE_OFF, 60, HOUR);
	assert_int_equal(mode_expire(&mode, HOUR + 60 * SNITCH_NSEC_PER_SEC), 1);
	assert_int_equal(mode.now, SNITCH_MODE_ASK);
	/* one without a time has nothing to fall back to */
	mode_set(&mode, SNITCH_MODE_OBSERVE, 3600, HOUR);
	mode_set(&mode, SNITCH_MODE_QUIET, 0, HOUR);
	assert_int_equal(mode_expire(&mode, 100 * HOUR), 0);
	assert_int_equal(mode.now, SNITCH_MODE_QUIET);
}

static void test_bad_files(void **state)
{
	static const char *const bad[] = {
		"allow everything\n", "", "observe until then ask\n", "observe until 5 then\n",
		"observe until 5 then loud boot x 5\n", "observe until 5 then ask boot x\n", "\n",
	};
	struct lab *lab = *state;
	struct mode mode;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_mode(lab, bad[i]);
		/* half a line that makes sense up to there counts up to there, at most */
		if (mode_load(&mode, lab->core.mode_path, &boot_a) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(mode.now, SNITCH_MODE_QUIET);	/* never something more open */
	}
	/* written by an older version; over, and far off */
	write_mode(lab, "observe until 999999 then ask\n");
	assert_int_equal(mode_load(&mode, lab->core.mode_path, &boot_a), 0);
	assert_int_equal(mode_expire(&mode, boot_a.boottime), 1);
	write_mode(lab, "observe until 18446744073709551615 then ask\n");
	assert_int_equal(mode_load(&mode, lab->core.mode_path, &boot_a), 0);
	assert_int_equal(mode_expire(&mode, boot_a.boottime + 367 * 24 * HOUR), 1);
	unlink(lab->core.mode_path);
	assert_int_equal(mode_load(&mode, lab->core.mode_path, &boot_a), 0);
	assert_int_equal(mode.now, SNITCH_MODE_OBSERVE);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		LAB(test_fail_overrides),
		LAB(test_ask_rule_wants_its_agent),
		LAB(test_mode_is_kept),
		LAB(test_end_by_boottime),
		LAB(test_end_after_reboot),
		cmocka_unit_test(test_timed_on_timed),
		LAB(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
