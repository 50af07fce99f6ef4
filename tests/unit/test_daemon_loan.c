// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules on loan: whom they cover, what ends them, and what they leave behind (nothing). It must
 * never need root, a bus or the module.
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
#include "policy/policy.h"
#include "util/procstat.h"
#include "util/timespan.h"

#define NOBODYS	((uint32_t)-1)

static uint64_t lend(struct lab *lab, const struct loan_wish *wish)
{
	char error[256] = "";
	uint64_t loan = 0;

	if (rulebook_lend(lab->core.rules, wish, &loan, error, sizeof(error)))
		fail_msg("not lent: %s", error);
	assert_int_equal(core_install(&lab->core), 0);
	core_rejudge(&lab->core);
	return loan;
}

static void give_back(struct lab *lab, uint64_t loan)
{
	assert_int_equal(rulebook_give_back(lab->core.rules, loan), 0);
	assert_int_equal(core_install(&lab->core), 0);
	core_rejudge(&lab->core);
	assert_true(fake_receive(lab->fake) >= 0);
}

static enum fake_state become(struct lab *lab, uint64_t id, uint64_t owner, const char *to,
			      uint32_t uid)
{
	return send_flow(lab, id, owner, to, 443, uid, 0)->state;
}

/* ---- watch ---- */

static const struct loan_wish watched = {
	.name = "snitch watch [7]", .text = "ask any to 192.0.2.0/24 priority high",
	.scope = RULEBOOK_RUNTIME, .uid = NOBODYS,
};

static void test_watch(void **state)
{
	struct lab *lab = *state;
	struct agent *agent;
	uint64_t loan;

	write_rules(lab, "allow /usr/bin/curl to any\n");
	loan = lend(lab, &watched);
	add_agent(lab, 0, true);
	agent = TAILQ_FIRST(&lab->core.agents);
	agent->loan = loan + 1;		/* another one's: it does not hear of these */
	assert_int_equal(become(lab, 10, 1, "192.0.2.1", 1000), FAKE_REFUSED);
	agent->loan = loan;
	assert_int_equal(become(lab, 11, 1, "192.0.2.2", 1000), FAKE_HELD);
	assert_int_equal(become(lab, 12, 1, "198.51.100.1", 1000), FAKE_ALLOWED);
	assert_int_not_equal(questions_next(lab->core.questions, NULL)->ask_rule, 0);
	/* files that change take nothing away */
	write_rules(lab, "allow /usr/bin/curl to any\nallow /usr/bin/wget to any\n");
	assert_int_equal(become(lab, 13, 1, "192.0.2.3", 1000), FAKE_HELD);
	/* nor does such an agent make mode ask hold anything else */
	set_mode(lab, SNITCH_MODE_ASK);
	write_rules(lab, "");
	assert_int_equal(become(lab, 14, 1, "198.51.100.2", 1000), FAKE_REFUSED);
	assert_int_equal(become(lab, 15, 1, "192.0.2.4", 1000), FAKE_HELD);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	give_back(lab, loan);
	assert_int_equal(fake_flow_get(lab->fake, 15)->state, FAKE_ALLOWED);
	assert_int_equal(become(lab, 16, 1, "192.0.2.5", 1000), FAKE_ALLOWED);
}

/* ---- run ---- */

/* snitch run (20) starts make (21), that starts curl (22); curl (1) is somebody else's. */
static void family(struct lab *lab)
{
	struct fake_image image = { .id = 20, .pid = 200, .uid = 1000, .exe = "/usr/bin/snitch",
				    .cmd = "snitch", .cmd_len = 6, .comm = "snitch" };
	struct stat st;
	char path[160];

	assert_int_equal(fake_owner_add(lab->fake, &image), 0);
	image.id = 21;
	image.pid = 201;
	image.parent = 20;
	image.exe = "/usr/bin/make";
	assert_int_equal(fake_owner_add(lab->fake, &image), 0);
	image.id = 22;
	image.pid = 202;
	image.parent = 21;
	image.exe = "/usr/bin/curl";
	/* a file that is there: of programs that are none, nothing but their path is known */
	snprintf(path, sizeof(path), "%s/usr/bin", lab->root);
	assert_int_equal(mkdir(path, 0755), 0);
	lab_write(lab->root, "/usr/bin/curl", "#!");
	snprintf(path, sizeof(path), "%s/usr/bin/curl", lab->root);
	assert_int_equal(stat(path, &st), 0);
	image.file = &st;
	assert_int_equal(fake_owner_add(lab->fake, &image), 0);
}

static struct rule_image root_of(struct lab *lab)
{
	const struct owner *o;

	/* the kernel tells of it with its first flow */
	become(lab, 9, 20, "203.0.113.9", 1000);
	o = owners_find(&lab->core.owners, 20);
	assert_non_null(o);
	/* as rough as /proc has it */
	return (struct rule_image){
		.pid = o->image->wire.pid,
		.start = o->image->wire.start / RULE_TICK * RULE_TICK,
	};
}

static void test_tree(void **state)
{
	struct lab *lab = *state;
	struct loan_wish wish = { .name = "snitch run [200]", .text = "allow any to 192.0.2.1\n"
				  "deny /usr/bin/curl to 192.0.2.2", .scope = RULEBOOK_RUNTIME,
				  .uid = 1000 };
	struct rule_image root;
	uint64_t loan;

	family(lab);
	set_mode(lab, SNITCH_MODE_QUIET);
	root = root_of(lab);
	wish.root = &root;
	loan = lend(lab, &wish);
	assert_int_equal(become(lab, 10, 22, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 11, 21, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 12, 20, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 13, 1, "192.0.2.1", 1000), FAKE_REFUSED);
	/* a user's: not for what the tree does as somebody else */
	assert_int_equal(become(lab, 14, 22, "192.0.2.1", 1001), FAKE_REFUSED);
	assert_int_equal(become(lab, 15, 22, "192.0.2.3", 1000), FAKE_REFUSED);
	give_back(lab, loan);
	assert_int_equal(become(lab, 16, 22, "192.0.2.1", 1000), FAKE_REFUSED);
	/* the same pid, started at another time, is another process */
	root.start += RULE_TICK;
	loan = lend(lab, &wish);
	assert_int_equal(become(lab, 17, 22, "192.0.2.1", 1000), FAKE_REFUSED);
	give_back(lab, loan);
}

static void test_record(void **state)
{
	struct loan_wish wish = { .name = "snitch run [200]", .text = "allow any to any",
				  .scope = RULEBOOK_RUNTIME, .uid = NOBODYS, .record = true };
	struct lab *lab = *state;
	struct rule_image root;
	uint64_t loan;
	char *needs;

	family(lab);
	write_rules(lab, "allow /usr/bin/curl to 192.0.2.9\n");
	set_mode(lab, SNITCH_MODE_QUIET);
	root = root_of(lab);
	wish.root = &root;
	loan = lend(lab, &wish);
	assert_int_equal(become(lab, 10, 22, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 11, 22, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 12, 21, "2001:db8::1", 1000), FAKE_ALLOWED);
	/* this needs no rule, it has one */
	assert_int_equal(become(lab, 13, 22, "192.0.2.9", 1000), FAKE_ALLOWED);
	/* this is somebody else */
	assert_int_equal(become(lab, 14, 1, "192.0.2.8", 1000), FAKE_REFUSED);
	needs = rulebook_needs(lab->core.rules, loan);
	assert_string_equal(needs, "allow /usr/bin/curl to 192.0.2.1 port 443 tcp\n"
			    "allow /usr/bin/make to 2001:db8::1 port 443 tcp\n");
	give_back(lab, loan);
	assert_null(rulebook_needs(lab->core.rules, loan));
	/* they are rules, and do what they say */
	write_rules(lab, needs);
	free(needs);
	assert_int_equal(become(lab, 15, 22, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 16, 22, "2001:db8::1", 1000), FAKE_REFUSED);
}

/* ---- all ---- */

static bool may(void *ctx, const struct rulebook_row *row)
{
	(void)ctx;
	(void)row;
	return true;
}

static void remove_it(void *ctx, uint64_t id)
{
	struct lab *lab = ctx;

	assert_int_equal(rulebook_remove(lab->core.rules, id, may, NULL), -EBUSY);
	assert_non_null(strstr(rulebook_refusal(lab->core.rules), "snitch watch [7]"));
}

static void see(void *ctx, const struct rulebook_row *row)
{
	unsigned int *n = ctx;

	if (strcmp(row->file, "snitch watch [7]"))
		return;
	assert_string_equal(row->scope, "runtime");
	assert_string_equal(row->text, "ask any to 192.0.2.0/24 priority high");
	++*n;
}

/* Seen in the list; in no file; gone with the daemon. */
static void test_visible_and_nowhere(void **state)
{
	struct lab *lab = *state;
	unsigned int n = 0;
	struct core again;
	uint64_t loan;

	loan = lend(lab, &watched);
	rulebook_each(lab->core.rules, see, &n);
	assert_int_equal(n, 1);
	rulebook_each_lent(lab->core.rules, loan, remove_it, lab);
	assert_int_equal(core_init(&again, lab->root, NULL, NULL), 0);
	assert_true(rulebook_load(again.rules) >= 0);
	assert_int_equal(rulebook_count(again.rules), 0);
	core_done(&again);
	assert_int_equal(rulebook_give_back(lab->core.rules, loan + 1), -ENOENT);
	give_back(lab, loan);
	assert_int_equal(rulebook_count(lab->core.rules), 0);
}

static void test_bad_ones(void **state)
{
	static const char *const bad[] = {
		"allow any to 192.0.2.1\nallow everybody", "allow any to any for 1h",
		"allow any to any until quit", "allow any to any until reboot",
	};
	struct loan_wish wish = watched;
	struct lab *lab = *state;
	char error[256];
	uint64_t loan;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wish.text = bad[i];
		error[0] = '\0';
		assert_int_equal(rulebook_lend(lab->core.rules, &wish, &loan, error, sizeof(error)),
				 -EINVAL);
		assert_int_not_equal(error[0], '\0');
		assert_int_equal(rulebook_count(lab->core.rules), 0);
	}
	/* a user borrows nothing for others, the kernel, or lockdown */
	wish.uid = 1000;
	wish.text = "allow any user root to any";
	assert_int_equal(rulebook_lend(lab->core.rules, &wish, &loan, error, sizeof(error)),
			 -EPERM);
	wish.text = "allow kernel any to any";
	assert_int_equal(rulebook_lend(lab->core.rules, &wish, &loan, error, sizeof(error)),
			 -EPERM);
	wish.text = "allow any to any lockdown";
	assert_int_equal(rulebook_lend(lab->core.rules, &wish, &loan, error, sizeof(error)),
			 -EPERM);
	for (i = 0; i < LOANS_MAX; i++)
		assert_int_equal(rulebook_lend(lab->core.rules, &watched, &loan, error,
					       sizeof(error)), 0);
	assert_int_equal(rulebook_lend(lab->core.rules, &watched, &loan, error, sizeof(error)),
			 -E2BIG);
	assert_int_equal(rulebook_count(lab->core.rules), LOANS_MAX);
}

/* A file that is being tried: its former self does not count, and comes back. */
static void test_replaces(void **state)
{
	struct loan_wish wish = { .name = "trial", .text = "deny /usr/bin/curl to 192.0.2.1",
				  .scope = RULEBOOK_ADMIN, .uid = NOBODYS };
	struct lab *lab = *state;
	char path[160], error[256];
	uint64_t loan;

	write_rules(lab, "allow /usr/bin/curl to 192.0.2.1\nallow /usr/bin/curl to 192.0.2.2\n");
	set_mode(lab, SNITCH_MODE_QUIET);
	snprintf(path, sizeof(path), "%s/etc/snitch/rules.d/test.rules", lab->root);
	wish.replaces = path;
	loan = lend(lab, &wish);
	assert_int_equal(become(lab, 10, 1, "192.0.2.1", 1000), FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdict.origin, SNITCH_BY_RULE);
	assert_int_equal(become(lab, 11, 1, "192.0.2.2", 1000), FAKE_REFUSED);
	/* also where another file has become bad meanwhile */
	lab_write(lab->root, "/etc/snitch/rules.d/bad.rules", "deny everything, please\n");
	give_back(lab, loan);
	assert_int_equal(become(lab, 12, 1, "192.0.2.1", 1000), FAKE_ALLOWED);
	assert_int_equal(become(lab, 13, 1, "192.0.2.2", 1000), FAKE_ALLOWED);
	/* and where the new ones are no rules */
	wish.text = "deny everything, please";
	assert_int_equal(rulebook_lend(lab->core.rules, &wish, &loan, error, sizeof(error)),
			 -EINVAL);
	assert_int_equal(core_install(&lab->core), 0);
	assert_int_equal(become(lab, 14, 1, "192.0.2.1", 1000), FAKE_ALLOWED);
}

/* ---- /proc ---- */

static void test_procstat(void **state)
{
	struct snitch_procstat stat;

	(void)state;
	assert_int_equal(snitch_procstat(getpid(), &stat), 0);
	assert_int_equal(stat.parent, getppid());
	assert_int_equal(stat.start % RULE_TICK, 0);
	assert_true(stat.start && stat.start < snitch_boottime());
	assert_int_equal(snitch_procstat(0x7fffffff, &stat), -ENOENT);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_watch),
		LAB(test_tree),
		LAB(test_record),
		LAB(test_visible_and_nowhere),
		LAB(test_bad_ones),
		LAB(test_replaces),
		cmocka_unit_test(test_procstat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
