// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each right that polkit may give is good for, and what it is not: a question of one's own, of
 * somebody else's, of the system, and one out of a user namespace; and what somebody may who sits at
 * the machine. It must never ask the machine's own sessions.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/core.h"
#include "tests/fake/fake.h"
#include "core-lab.h"

#define ALICE	4243U	/* nobody of this machine */
#define BOB	4244U

/* ---- sessions, in the place of libsystemd's -------------------------------------------------- */

/**
 * struct session - as logind tells it
 * @remote: 1, 0 or a negative errno
 * @seat: 0 or a negative errno
 */
struct session {
	uint32_t uid;
	bool active;
	int remote, seat;
};

static struct {
	const struct session *list;
	size_t n;
	int error;
} logind;

int sd_uid_get_sessions(uid_t uid, int require_active, char ***sessions)
{
	int found = 0;
	size_t i;

	if (logind.error)
		return logind.error;
	*sessions = calloc(logind.n + 1, sizeof(**sessions));
	assert_non_null(*sessions);
	for (i = 0; i < logind.n; i++) {
		if (logind.list[i].uid != uid || (require_active && !logind.list[i].active))
			continue;
		assert_true(asprintf(&(*sessions)[found++], "c%zu", i) > 0);
	}
	return found;
}

int sd_session_is_remote(const char *session)
{
	return logind.list[atoi(session + 1)].remote;
}

int sd_session_get_seat(const char *session, char **seat)
{
	assert_null(seat);
	return logind.list[atoi(session + 1)].seat;
}

static void sit(const struct session *list, size_t n)
{
	logind.list = list;
	logind.n = n;
	logind.error = 0;
}

static int stand_up(void **state)
{
	sit(NULL, 0);
	return *state ? teardown(state) : 0;
}

/* ---- rights ---------------------------------------------------------------------------------- */

static struct caller given(uint32_t uid, enum right right)
{
	struct caller who = { .uid = uid };

	rights_grant(&who, right);
	return who;
}

static void test_grants(void **state)
{
	const struct caller keep = given(ALICE, RIGHT_KEEP_OWN);
	const struct caller system = given(ALICE, RIGHT_ANSWER_SYSTEM);
	const struct caller manage = given(ALICE, RIGHT_MANAGE);
	const struct caller plain = given(ALICE, RIGHT_NONE);

	(void)state;
	assert_true(rights_may_answer(&plain, ALICE) && rights_may_last(&plain, ALICE));
	assert_false(rights_may_keep(&plain, ALICE));
	assert_true(rights_may_keep(&keep, ALICE));
	assert_false(rights_may_answer(&keep, 0) || rights_may_keep(&keep, 0));
	assert_false(rights_may_answer(&keep, BOB) || rights_may_keep(&keep, BOB));
	assert_true(rights_may_answer(&system, 0) && rights_may_answer(&system, 33));
	assert_false(rights_may_last(&system, 0) || rights_may_keep(&system, 33));
	assert_false(rights_may_answer(&system, BOB) || rights_may_keep(&system, ALICE));
	assert_true(rights_may_keep(&manage, 0) && rights_may_keep(&manage, ALICE));
	assert_false(keep.admin || system.admin || plain.admin);
}

static void test_no_grant_for_system_users(void **state)
{
	static const uint32_t uids[] = { 1, 33, 999, 61184, 65519, 65534, 65535, UINT32_MAX };
	unsigned int i;
	enum right right;

	(void)state;
	for (i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
		for (right = RIGHT_NONE; right < __RIGHT_MAX; right++) {
			const struct caller who = given(uids[i], right);

			assert_false(who.admin || who.keep || who.system);
			assert_int_equal(rights_to_answer(&who, 0), RIGHT_NONE);
		}
	}
}

/* What an answer lacks; RIGHT_NONE also where it was taken: then @r is 0. */
static enum right lacks(struct lab *lab, const struct caller *who, const char *lifetime, int *r)
{
	struct core_answer answer = {
		.id = first_question(lab), .action = SNITCH_DENY, .scope = SCOPE_ADDRESS,
	};
	struct core_answered done;
	struct core_error error = { .lacks = __RIGHT_MAX };

	assert_int_equal(core_parse_lifetime(lifetime, &answer), 0);
	*r = core_answer(&lab->core, who, &answer, &done, &error);
	assert_true(fake_receive(lab->fake) >= 0);
	return *r ? error.lacks : RIGHT_NONE;
}

static void hold(struct lab *lab, uint32_t uid)
{
	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, uid, 0)->state, FAKE_HELD);
}

static void test_own(void **state)
{
	const struct caller alice = { .uid = ALICE }, keep = given(ALICE, RIGHT_KEEP_OWN);
	struct lab *lab = *state;
	int r;

	hold(lab, ALICE);
	assert_int_equal(lacks(lab, &alice, "forever", &r), RIGHT_KEEP_OWN);
	assert_int_equal(lacks(lab, &keep, "forever", &r), RIGHT_NONE);
	assert_int_equal(r, 0);
}

static void test_somebody_elses(void **state)
{
	const struct caller alice = given(ALICE, RIGHT_KEEP_OWN);
	const struct caller system = given(ALICE, RIGHT_ANSWER_SYSTEM);
	struct lab *lab = *state;
	struct core_error error;
	int r;

	hold(lab, BOB);
	assert_int_equal(lacks(lab, &alice, "once", &r), RIGHT_NONE);
	assert_int_equal(r, -EPERM);
	assert_int_equal(lacks(lab, &system, "forever", &r), RIGHT_NONE);
	assert_int_equal(r, -EPERM);
	assert_int_equal(core_dismiss(&lab->core, &system, first_question(lab), &error), -EPERM);
	assert_int_equal(error.lacks, RIGHT_NONE);
}

static void test_the_systems(void **state)
{
	const struct caller alice = { .uid = ALICE }, www = { .uid = 33 };
	const struct caller system = given(ALICE, RIGHT_ANSWER_SYSTEM);
	const struct caller manage = given(ALICE, RIGHT_MANAGE);
	struct lab *lab = *state;
	struct core_error error;
	int r;

	hold(lab, 0);
	assert_int_equal(lacks(lab, &www, "once", &r), RIGHT_NONE);
	assert_int_equal(r, -EPERM);
	assert_int_equal(lacks(lab, &alice, "once", &r), RIGHT_ANSWER_SYSTEM);
	assert_int_equal(lacks(lab, &alice, "until quit", &r), RIGHT_MANAGE);
	assert_int_equal(lacks(lab, &system, "for 1h", &r), RIGHT_MANAGE);
	assert_int_equal(core_dismiss(&lab->core, &alice, first_question(lab), &error), -EPERM);
	assert_int_equal(error.lacks, RIGHT_ANSWER_SYSTEM);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	assert_int_equal(lacks(lab, &system, "once", &r), RIGHT_NONE);
	assert_int_equal(r, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
	assert_int_equal(send_flow(lab, 11, 1, "192.0.2.2", 443, 0, 0)->state, FAKE_HELD);
	assert_int_equal(lacks(lab, &manage, "forever", &r), RIGHT_NONE);
	assert_int_equal(r, 0);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_REFUSED);
}

/* An agent with the right counts as somebody to ask about the system, and about nobody else. */
static void test_agents(void **state)
{
	struct lab *lab = *state;
	struct agent *agent;

	add_agent(lab, ALICE, false);
	assert_true(core_has_agent(&lab->core, ALICE, 0));
	assert_false(core_has_agent(&lab->core, 0, 0));
	agent = TAILQ_FIRST(&lab->core.agents);
	rights_grant(&agent->who, RIGHT_ANSWER_SYSTEM);
	assert_true(core_has_agent(&lab->core, 0, 0));
	assert_false(core_has_agent(&lab->core, BOB, 0));
}

/* Who sits at the machine may keep an answer of their own, and nothing else. */
static void test_local_session(void **state)
{
	static const struct session here[] = { { .uid = ALICE, .active = true } };
	const struct caller alice = { .uid = ALICE }, bob = { .uid = BOB };

	(void)state;
	assert_false(rights_may_keep(&alice, ALICE));
	sit(here, 1);
	assert_true(rights_may_keep(&alice, ALICE));
	assert_false(rights_may_keep(&alice, BOB) || rights_may_keep(&alice, 0));
	assert_false(rights_may_keep(&bob, BOB) || rights_may_keep(&bob, ALICE));
	assert_false(rights_may_answer(&alice, 0) || rights_may_last(&alice, 0));
	assert_false(alice.admin || alice.keep || alice.system);
}

/* A session that is no proof of somebody being there. */
static void test_other_sessions(void **state)
{
	static const struct session others[] = {
		{ .uid = ALICE, .active = false },
		{ .uid = ALICE, .active = true, .remote = 1 },			/* ssh */
		{ .uid = ALICE, .active = true, .seat = -ENODATA },		/* cron */
		{ .uid = ALICE, .active = true, .remote = -ENXIO },		/* gone meanwhile */
		{ .uid = BOB, .active = true },
		{ .uid = ALICE, .active = true },
	};
	const struct caller alice = { .uid = ALICE };
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		sit(others + i, 1);
		assert_false(rights_may_keep(&alice, ALICE));
	}
	sit(others, 5);
	assert_false(rights_may_keep(&alice, ALICE));
	sit(others, 6);
	assert_true(rights_may_keep(&alice, ALICE));
	logind.error = -ENOENT;		/* logind is not there */
	assert_false(rights_may_keep(&alice, ALICE));
}

/* Users of the system sit nowhere, whatever somebody says. */
static void test_system_session(void **state)
{
	static const struct session here[] = {
		{ .uid = 33, .active = true }, { .uid = 65534, .active = true },
		{ .uid = 61184, .active = true },
	};
	size_t i;

	(void)state;
	sit(here, 3);
	for (i = 0; i < 3; i++) {
		const struct caller who = { .uid = here[i].uid };

		assert_false(rights_may_keep(&who, who.uid) || rights_may_keep(&who, ALICE));
	}
}

static void test_answer_at_the_machine(void **state)
{
	static const struct session far[] = { { .uid = ALICE, .active = true, .remote = 1 } };
	static const struct session here[] = { { .uid = ALICE, .active = true } };
	const struct caller alice = { .uid = ALICE };
	struct lab *lab = *state;
	int r;

	hold(lab, ALICE);
	sit(far, 1);
	assert_int_equal(lacks(lab, &alice, "forever", &r), RIGHT_KEEP_OWN);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	sit(here, 1);
	assert_int_equal(lacks(lab, &alice, "forever", &r), RIGHT_NONE);
	assert_int_equal(r, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, setup, stand_up)
#define PLAIN(test)	cmocka_unit_test_teardown(test, stand_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_no_grant_for_system_users),
		LAB(test_own),
		LAB(test_somebody_elses),
		LAB(test_the_systems),
		LAB(test_agents),
		PLAIN(test_local_session),
		PLAIN(test_other_sessions),
		PLAIN(test_system_session),
		LAB(test_answer_at_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
