// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's mind against the fake device: what the kernel gets to hear for each mode, rule and
 * answer. It must never need root, a bus or the module.
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
#include <unistd.h>

#include <cmocka.h>

#include "daemon/core.h"
#include "tests/fake/fake.h"
#include "util/panic.h"
#include "core-lab.h"

static const struct caller alice = { .uid = 1000 };
static const struct caller bob = { .uid = 1001 };

/* ---- modes ---- */

static void test_observe_allows(void **state)
{
	struct lab *lab = *state;
	const struct fake_flow *f = send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0);

	assert_int_equal(f->state, FAKE_ALLOWED);
	assert_int_equal(f->verdict.origin, SNITCH_BY_MODE);
	assert_int_equal(first_question(lab), 0);
	assert_int_equal(lab->core.counters[CORE_RECORDED], 1);
}

static void test_quiet_lists(void **state)
{
	struct lab *lab = *state;

	set_mode(lab, SNITCH_MODE_QUIET);
	assert_int_equal(lab->policy.mode, SNITCH_MODE_QUIET);
	assert_int_equal(lab->policy.fail, SNITCH_DENY);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_REFUSED);
	assert_int_equal(questions_next(lab->core.questions, NULL)->state, QUESTION_PENDING);
}

static void test_ask_needs_an_agent(void **state)
{
	struct lab *lab = *state;

	set_mode(lab, SNITCH_MODE_ASK);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_REFUSED);
	add_agent(lab, 1001, false);	/* somebody else's */
	assert_int_equal(send_flow(lab, 11, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_REFUSED);
	add_agent(lab, 1000, false);
	assert_int_equal(send_flow(lab, 12, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_HELD);
	assert_int_equal(questions_next(lab->core.questions, NULL)->n_flows, 1);
}

static void test_lockdown_cuts_held(void **state)
{
	struct lab *lab = *state;

	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_HELD);
	set_mode(lab, SNITCH_MODE_LOCKDOWN);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
	assert_int_equal(send_flow(lab, 11, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_REFUSED);
	assert_int_equal(first_question(lab), 0);
}

/* ---- answers ---- */

static void asked(struct lab *lab)
{
	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_HELD);
}

static void test_once(void **state)
{
	struct lab *lab = *state;
	struct fake_image other = curl;
	unsigned int commits;

	asked(lab);
	send_flow(lab, 11, 1, "192.0.2.1", 443, 1000, 0);
	commits = lab->commits;
	assert_int_equal(say(lab, &alice, first_question(lab), "allow", "address-port", "once"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdict.origin, SNITCH_BY_PERSON);
	assert_int_equal(lab->commits, commits);	/* no rule */
	assert_int_equal(first_question(lab), 0);
	/* a retry of the image passes; another port, address, image does not */
	assert_int_equal(send_flow(lab, 12, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_ALLOWED);
	assert_int_equal(send_flow(lab, 13, 1, "192.0.2.1", 80, 1000, 0)->state, FAKE_HELD);
	assert_int_equal(send_flow(lab, 14, 1, "192.0.2.2", 443, 1000, 0)->state, FAKE_HELD);
	other.id = 2;
	other.pid = 101;
	fake_owner_add(lab->fake, &other);
	assert_int_equal(send_flow(lab, 15, 2, "192.0.2.1", 443, 1000, 0)->state, FAKE_HELD);
	/* nor in lockdown */
	set_mode(lab, SNITCH_MODE_LOCKDOWN);
	assert_int_equal(send_flow(lab, 16, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_REFUSED);
}

static void test_once_ends(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_event ev;
	struct question *q;
	struct owner *o;
	uint64_t now = 1000;

	asked(lab);
	q = questions_next(lab->core.questions, NULL);
	o = owners_find(&lab->core.owners, 1);
	assert_non_null(o);
	ev = TAILQ_FIRST(&q->flows)->ev;
	once_add(&lab->core.once, q, o, SCOPE_ADDRESS, SNITCH_ALLOW, now);
	assert_non_null(once_find(&lab->core.once, o, &ev, now + SNITCH_ONCE_NS - 1));
	ev.uid = 1001;
	assert_null(once_find(&lab->core.once, o, &ev, now));
	ev.uid = 1000;
	assert_null(once_find(&lab->core.once, o, &ev, now + SNITCH_ONCE_NS));
	assert_int_equal(lab->core.once.n, 0);
}

static void test_forever_writes_a_rule(void **state)
{
	struct lab *lab = *state;
	struct fake_image other = curl;
	struct core again;
	struct stat st;
	char path[160];

	asked(lab);
	assert_int_equal(say(lab, &root, first_question(lab), "deny", "address", "forever"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
	assert_int_equal(lab->n_apps, 1);
	assert_string_equal(lab->apps[0], "/usr/bin/curl");
	snprintf(path, sizeof(path), "%s/var/lib/snitch/rules/1000.rules", lab->root);
	assert_int_equal(stat(path, &st), 0);
	/* the daemon itself judges likewise, for another process, too */
	other.id = 2;
	other.pid = 101;
	fake_owner_add(lab->fake, &other);
	assert_int_equal(send_flow(lab, 11, 2, "192.0.2.1", 80, 1000, 0)->state, FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 11)->verdict.origin, SNITCH_BY_RULE);
	assert_int_not_equal(fake_flow_get(lab->fake, 11)->verdict.origin_id, 0);
	/* it is a rule for that user only */
	assert_int_equal(send_flow(lab, 12, 2, "192.0.2.1", 80, 1001, 0)->state, FAKE_HELD);
	/* and is there after a restart */
	assert_int_equal(core_init(&again, lab->root, NULL, NULL), 0);
	assert_true(rulebook_load(again.rules) >= 0);
	assert_int_equal(rulebook_count(again.rules), 1);
	core_done(&again);
}

static void test_until_quit(void **state)
{
	struct lab *lab = *state;
	struct fake_image other = curl;

	asked(lab);
	assert_int_equal(say(lab, &alice, first_question(lab), "allow", "any", "until quit"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	assert_int_equal(send_flow(lab, 11, 1, "198.51.100.9", 80, 1000, 0)->state, FAKE_ALLOWED);
	other.id = 2;
	other.pid = 101;
	fake_owner_add(lab->fake, &other);
	assert_int_equal(send_flow(lab, 12, 2, "198.51.100.9", 80, 1000, 0)->state, FAKE_HELD);
	/* reading the folders again changes nothing */
	assert_int_equal(rulebook_load(lab->core.rules), 0);
}

static void test_rights(void **state)
{
	struct lab *lab = *state;
	struct fake_image service = { .id = 3, .pid = 300, .uid = 33, .exe = "/usr/sbin/nginx",
				      .cmd = "nginx", .cmd_len = 5 };
	const struct caller www = { .uid = 33 };
	uint64_t id;

	asked(lab);
	id = first_question(lab);
	assert_int_equal(say(lab, &bob, id, "allow", "any", "once"), -EPERM);
	assert_int_equal(say(lab, &alice, id, "allow", "any", "forever"), -EPERM);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	assert_int_equal(say(lab, &alice, id + 7, "allow", "any", "once"), -ENOENT);
	assert_int_equal(say(lab, &alice, id, "allow", "address", "for 1h"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	/* a system user cannot answer for itself */
	fake_owner_add(lab->fake, &service);
	assert_int_equal(send_flow(lab, 20, 3, "192.0.2.9", 80, 33, 0)->state, FAKE_HELD);
	id = first_question(lab);
	assert_int_equal(say(lab, &www, id, "allow", "any", "once"), -EPERM);
	assert_int_equal(say(lab, &root, id, "deny", "any", "forever"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 20)->state, FAKE_REFUSED);
}

static void test_disguised_only_once(void **state)
{
	struct lab *lab = *state;
	struct fake_image masked = curl;

	masked.id = 4;
	masked.flags = SNITCH_O_DISGUISED;
	write_rules(lab, "allow /usr/bin/curl to any\n");
	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	fake_owner_add(lab->fake, &masked);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_ALLOWED);
	assert_int_equal(send_flow(lab, 11, 4, "192.0.2.1", 443, 1000, 0)->state, FAKE_HELD);
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "any", "forever"), -EINVAL);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_HELD);
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "address", "once"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_ALLOWED);
}

/* No rule vouches for a file on FUSE; one for the process that the person looks at may. */
static void test_served_until_quit(void **state)
{
	struct lab *lab = *state;
	struct fake_image served = curl;

	served.id = 4;
	served.flags = SNITCH_O_SERVED;
	write_rules(lab, "allow /usr/bin/curl to any\nallow /usr/*/curl to any\n"
		    "deny /usr/bin/curl to 192.0.2.9\nallow any to 192.0.2.8\n");
	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	fake_owner_add(lab->fake, &served);
	assert_int_equal(send_flow(lab, 11, 4, "192.0.2.1", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_HELD);
	assert_int_equal(send_flow(lab, 12, 4, "192.0.2.8", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_ALLOWED);
	assert_int_equal(send_flow(lab, 13, 4, "192.0.2.9", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_REFUSED);
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "any", "forever"), -EINVAL);
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "any", "for 1h"), -EINVAL);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_HELD);
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "any", "until quit"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_ALLOWED);
	assert_int_equal(send_flow(lab, 14, 4, "192.0.2.2", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_ALLOWED);
	served.id = 5;
	served.pid++;
	fake_owner_add(lab->fake, &served);
	assert_int_equal(send_flow(lab, 15, 5, "192.0.2.2", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_HELD);
}

static void test_answer_for_a_missed_question(void **state)
{
	struct lab *lab = *state;
	struct fake_image again = curl;

	asked(lab);
	assert_int_equal(fake_cancel(lab->fake, 10, SNITCH_CANCEL_TIMEOUT, SNITCH_DENY), 0);
	pump(lab);
	assert_int_equal(questions_next(lab->core.questions, NULL)->state, QUESTION_MISSED);
	assert_int_equal(say(lab, &alice, first_question(lab), "allow", "address", "once"), 0);
	/* the next attempt is another process: the person started it again */
	again.id = 2;
	again.pid = 101;
	fake_owner_add(lab->fake, &again);
	assert_int_equal(send_flow(lab, 11, 2, "192.0.2.1", 443, 1000, 0)->state, FAKE_ALLOWED);
}

/* ---- rules ---- */

static void test_rules_decide_held(void **state)
{
	struct lab *lab = *state;

	asked(lab);
	write_rules(lab, "allow /usr/bin/curl to 192.0.2.1 port 443 tcp\n");
	assert_true(fake_receive(lab->fake) >= 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdict.origin, SNITCH_BY_RULE);
	assert_int_equal(first_question(lab), 0);
}

static void test_bad_rules_keep_the_last_good(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, "deny /usr/bin/curl to any\n");
	lab_write(lab->root, "/etc/snitch/rules.d/test.rules", "allow everything, please\n");
	assert_true(core_reload(&lab->core) < 0);
	assert_non_null(strstr(rulebook_error(lab->core.rules), "test.rules:1"));
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_REFUSED);
}

static void test_unbound_without_rules_is_bound(void **state)
{
	struct lab *lab = *state;
	const struct fake_owner *o;

	send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, SNITCH_F_UNBOUND);
	o = fake_owner_get(lab->fake, 1);
	assert_int_equal(o->binds, 1);
	assert_int_equal(o->bind.app, 0);
	assert_int_equal(o->bind.generation, lab->core.generation);
}

/* The executable at the path is another file than the rules were loaded for. */
static void test_changed_executable(void **state)
{
	struct lab *lab = *state;
	const struct question *q;
	size_t i;

	write_rules(lab, "allow /usr/bin/curl to any\n"
			 "deny /usr/bin/curl to 192.0.2.66\n");
	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_HELD);
	q = questions_next(lab->core.questions, NULL);
	assert_true(q->changed);
	assert_int_equal(fake_owner_get(lab->fake, 1)->binds, 0);
	assert_int_equal(send_flow(lab, 11, 1, "192.0.2.66", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_REFUSED);	/* deny rules of the path hold */
	/* another load binds the new file: its allow rules stay with the daemon */
	assert_int_equal(core_install(&lab->core), 0);
	for (i = 0; i < lab->n_rules; i++) {
		if (lab->rules[i].action == SNITCH_ALLOW)
			assert_true(lab->rules[i].flags & SNITCH_R_DAEMON);
	}
	assert_int_equal(send_flow(lab, 12, 1, "192.0.2.1", 80, 1000, 0)->state, FAKE_HELD);
	/* a person who says so lifts it */
	assert_int_equal(say(lab, &root, q->id, "allow", "address", "forever"), 0);
	assert_int_equal(send_flow(lab, 13, 1, "203.0.113.5", 80, 1000, 0)->state, FAKE_ALLOWED);
}

/* ---- owners ---- */

static void test_owner_is_fetched(void **state)
{
	struct lab *lab = *state;
	const struct fake_owner *o;

	set_mode(lab, SNITCH_MODE_OBSERVE);
	pump(lab);
	owners_clear(&lab->core.owners);	/* as if it had been dropped */
	assert_int_equal(send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0)->state, FAKE_WAITING);
	o = fake_owner_get(lab->fake, 1);
	assert_int_equal(o->asked, 1);
	pump(lab);	/* the fake has sent it again */
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
}

static void test_redelivered_stays_held(void **state)
{
	struct lab *lab = *state;

	set_mode(lab, SNITCH_MODE_ASK);
	send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, SNITCH_F_REDELIVERED | SNITCH_F_HELD);
	/* no agent yet, and no new verdict: it goes on waiting */
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdicts, 0);
	assert_int_equal(questions_next(lab->core.questions, NULL)->state, QUESTION_HELD);
	assert_int_equal(say(lab, &alice, first_question(lab), "deny", "any", "once"), 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
}

/* The kernel holds what was parked before a panic; here is who must not let it through. */
static void test_panic_allows_nothing(void **state)
{
	struct lab *lab = *state;

	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 1000, false);
	write_rules(lab, "allow /usr/bin/curl to 192.0.2.2\n");
	send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0);
	lab_write(lab->root, SNITCH_PANIC_FILE, "");
	assert_true(say(lab, &alice, first_question(lab), "allow", "any", "once") < 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	write_rules(lab, "allow /usr/bin/curl to any\n");
	assert_true(fake_receive(lab->fake) >= 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
	assert_int_equal(send_flow(lab, 11, 1, "192.0.2.1", 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_REFUSED);
	assert_false(rulebook_suspended(lab->core.rules, "/usr/bin/curl"));
}

/* The mode that was chosen is not the one in force: nothing is called observed that is refused. */
static void test_panic_observes_nothing(void **state)
{
	static const uint32_t modes[] = {
		SNITCH_MODE_OBSERVE, SNITCH_MODE_ASK, SNITCH_MODE_QUIET, SNITCH_MODE_OFF,
	};
	struct lab *lab = *state;
	char addr[] = "192.0.2.1";
	uint64_t recorded;
	size_t i;

	add_agent(lab, 1000, false);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	assert_int_equal(send_flow(lab, 10, 1, addr, 443, 1000, 0)->state, FAKE_ALLOWED);
	recorded = lab->core.counters[CORE_RECORDED];
	assert_int_equal(recorded, 1);
	lab_write(lab->root, SNITCH_PANIC_FILE, "");
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		set_mode(lab, modes[i]);
		addr[8]++;
		assert_int_equal(send_flow(lab, 20 + i, 1, addr, 443, 1000, 0)->state,
				 FAKE_REFUSED);
		/* nobody is asked what cannot be granted, and no list grows */
		assert_int_equal(first_question(lab), 0);
	}
	assert_int_equal(lab->core.counters[CORE_RECORDED], recorded);
	assert_int_equal(lab->core.counters[CORE_REFUSED], i);
	lab_unlink(lab->root, SNITCH_PANIC_FILE);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	assert_int_equal(send_flow(lab, 30, 1, "192.0.2.9", 443, 1000, 0)->state, FAKE_ALLOWED);
	assert_int_equal(lab->core.counters[CORE_RECORDED], recorded + 1);
}

static void test_words(void **state)
{
	struct core_answer answer;

	(void)state;
	assert_int_equal(core_parse_lifetime("for 1h30m", &answer), 0);
	assert_int_equal(answer.seconds, 5400);
	assert_int_equal(core_parse_lifetime("until reboot", &answer), 0);
	assert_int_equal(answer.lifetime, WISH_REBOOT);
	assert_int_equal(core_parse_lifetime("for ever", &answer), -EINVAL);
	assert_int_equal(core_parse_lifetime("always", &answer), -EINVAL);
	assert_int_equal(core_parse_verdict("maybe", &answer), -EINVAL);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_observe_allows),
		LAB(test_quiet_lists),
		LAB(test_ask_needs_an_agent),
		LAB(test_lockdown_cuts_held),
		LAB(test_once),
		LAB(test_once_ends),
		LAB(test_forever_writes_a_rule),
		LAB(test_until_quit),
		LAB(test_rights),
		LAB(test_disguised_only_once),
		LAB(test_served_until_quit),
		LAB(test_answer_for_a_missed_question),
		LAB(test_rules_decide_held),
		LAB(test_bad_rules_keep_the_last_good),
		LAB(test_panic_allows_nothing),
		LAB(test_panic_observes_nothing),
		LAB(test_unbound_without_rules_is_bound),
		LAB(test_changed_executable),
		LAB(test_owner_is_fetched),
		LAB(test_redelivered_stays_held),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
