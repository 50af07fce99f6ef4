// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Live flows under new rules: which are cut, whose owners are asked for, and when it is looked at
 * all. It must never need root, a bus, or the module.
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

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "core-lab.h"
#include "policy/policy.h"
#include "util/timespan.h"

#define X	"198.51.100.7"
#define Y	"198.51.100.8"

static const struct fake_image wget = {
	.id = 2, .pid = 101, .uid = 1000, .exe = "/usr/bin/wget", .comm = "wget",
}, git = {
	.id = 3, .pid = 102, .uid = 1000, .exe = "/usr/bin/git", .comm = "git",
}, child = {
	.id = 4, .parent = 3, .pid = 103, .ppid = 102, .uid = 1000, .exe = "/usr/bin/ssh",
	.comm = "ssh",
};

/* What was asked for. @error: what cutting says */
static struct {
	unsigned int wanted, cut;
	uint64_t last;
	int error;
} said;

static void wanted(void *ctx)
{
	(void)ctx;
	said.wanted++;
}

static int cut(void *ctx, const struct snitch_flow_info *flow)
{
	(void)ctx;
	if (said.error)
		return said.error;
	said.cut++;
	said.last = flow->cookie;
	return 0;
}

static const struct live_ops ops = { .wanted = wanted, .cut = cut };

static int live_setup(void **state)
{
	struct lab *lab;

	setup(state);
	lab = *state;
	assert_true(rulebook_look_around(lab->core.rules) >= 0);
	assert_int_equal(fake_owner_add(lab->fake, &wget), 0);
	assert_int_equal(fake_owner_add(lab->fake, &git), 0);
	assert_int_equal(fake_owner_add(lab->fake, &child), 0);
	lab->core.live.ops = &ops;
	memset(&said, 0, sizeof(said));
	return 0;
}

static uint32_t own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return st.st_ino;
}

/* A flow of curl's that the mode let go. */
static struct snitch_flow_info flow_to(const char *to)
{
	static uint64_t cookie;
	struct snitch_flow_info f = {
		.cookie = ++cookie, .owner = 1, .action = SNITCH_ALLOW, .origin = SNITCH_BY_MODE,
		.netns = own_netns(), .uid = 1000, .family = AF_INET, .proto = IPPROTO_TCP,
		.sport = 40000, .dport = 443,
	};

	if (strchr(to, ':'))
		f.family = AF_INET6;
	assert_int_equal(inet_pton(f.family, to, f.daddr), 1);
	return f;
}

/* All owners are there, or come. Return: true when @f was cut. */
static bool is_cut(struct lab *lab, const struct snitch_flow_info *f)
{
	unsigned int before = said.cut, tries = 0;
	int r;

	assert_int_equal(core_live_begin(&lab->core), 0);
	assert_int_equal(core_live_take(&lab->core, f), 0);
	/* a step has its time: on a busy machine it takes more of them */
	while ((r = core_live_step(&lab->core)) == 1 || (r == -EAGAIN && tries++ < 3)) {
		assert_true(fake_receive(lab->fake) >= 0);
		pump(lab);
	}
	assert_int_equal(r, 0);
	core_live_end(&lab->core);
	if (said.cut > before)
		assert_int_equal(said.last, f->cookie);
	return said.cut > before;
}

/* What becomes of another flow like it. */
static bool another_is_refused(struct lab *lab, const struct snitch_flow_info *f)
{
	static uint64_t id = 1000;
	struct snitch_flow_event ev;

	assert_int_equal(fake_flow_init(&ev, ++id, f->owner, f->proto, X, f->dport), 0);
	memcpy(ev.daddr, f->daddr, sizeof(ev.daddr));
	ev.family = f->family;
	ev.uid = f->uid;
	ev.netns = f->netns;
	ev.ifindex = f->loopback ? 1 : 2;
	assert_int_equal(fake_flow_add(lab->fake, &ev), 0);
	pump(lab);
	return fake_flow_get(lab->fake, id)->state == FAKE_REFUSED;
}

static void what_a_rule_refuses_is_cut(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info x = flow_to(X), y = flow_to(Y);

	assert_false(is_cut(lab, &x));
	write_rules(lab, "deny any to " X "\n");
	assert_true(is_cut(lab, &x));
	assert_true(another_is_refused(lab, &x));
	assert_false(is_cut(lab, &y));
	write_rules(lab, "drop any to 198.51.100.0/24 port 443 tcp\n");
	assert_true(is_cut(lab, &y));
	y.dport = 80;
	assert_false(is_cut(lab, &y));
	/* what another rule allows, and what is asked about, go on */
	write_rules(lab, "deny any to " X "\nallow /usr/bin/curl to " X "\n");
	assert_false(is_cut(lab, &x));
	x.owner = 2;
	assert_true(is_cut(lab, &x));
	write_rules(lab, "ask any to " X "\n");
	assert_false(is_cut(lab, &x));
	/* rules of users speak of their own */
	x.uid = 1001;
	write_rules(lab, "deny any user 1000 to " X "\n");
	assert_false(is_cut(lab, &x));
	x.uid = 1000;
	assert_true(is_cut(lab, &x));
	write_rules(lab, "deny any to " X " disabled\n");
	assert_false(is_cut(lab, &x));
}

static void what_only_the_daemon_can_judge_is_cut(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	write_rules(lab, "deny /usr/bin/ssh child-of /usr/bin/git to any\n");
	assert_false(is_cut(lab, &f));
	f.owner = 4;
	assert_true(is_cut(lab, &f));
	write_rules(lab, "deny /usr/bin/* to any\n");
	f.owner = 2;
	assert_true(is_cut(lab, &f));
}

static void some_are_not_its_business(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	write_rules(lab, "deny any to any\n");
	assert_true(is_cut(lab, &f));
	/* answers, the kernel's own, what nobody has spoken on, what waits for its first data */
	f.origin = SNITCH_BY_INBOUND;
	assert_false(is_cut(lab, &f));
	f.origin = SNITCH_BY_KERNEL;
	assert_false(is_cut(lab, &f));
	f.origin = SNITCH_BY_OLDER;
	assert_true(is_cut(lab, &f));
	f.action = SNITCH_ASK;
	assert_false(is_cut(lab, &f));
	f.action = SNITCH_DENY;
	assert_false(is_cut(lab, &f));
	f.action = SNITCH_ALLOW;
	f.owner = 0;
	assert_false(is_cut(lab, &f));
	/* it is known that there are some that may be somebody's later */
	assert_int_equal(core_live_begin(&lab->core), 0);
	assert_int_equal(core_live_take(&lab->core, &f), 0);
	assert_int_equal(lab->core.live.nobodys, 1);
	f.origin = SNITCH_BY_INBOUND;
	assert_int_equal(core_live_take(&lab->core, &f), 0);
	assert_int_equal(lab->core.live.nobodys, 1);
	core_live_end(&lab->core);
	assert_int_equal(lab->core.live.nobodys, 0);
	/* a datagram is asked about anyhow, unless a person has answered */
	f = flow_to(X);
	f.proto = IPPROTO_UDP;
	assert_false(is_cut(lab, &f));
	f.origin = SNITCH_BY_PERSON;
	assert_true(is_cut(lab, &f));
	f.proto = IPPROTO_TCP;
	assert_true(is_cut(lab, &f));
}

static void the_way_counts(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to("127.0.0.1");

	write_rules(lab, "deny any to any\nallow any to loopback\n");
	assert_true(is_cut(lab, &f));
	f.loopback = 1;
	assert_false(is_cut(lab, &f));
	/* by which interface it leaves nobody knows: it may be this one */
	f = flow_to(X);
	write_rules(lab, "deny any to " X "\nallow any to " X " via-interface lo priority high\n");
	assert_false(is_cut(lab, &f));
	f.netns++;
	assert_true(is_cut(lab, &f));
	f.netns--;
	write_rules(lab, "deny any to " X "\nallow any to " X " via-interface none0 priority high\n");
	assert_true(is_cut(lab, &f));
}

/* ---- names -------------------------------------------------------------------------------- */

/* @from, @to: seconds from now */
static void learn(struct lab *lab, const char *name, int from, int to)
{
	struct snitch_flow_info f = flow_to(X);
	uint64_t now = snitch_boottime();
	struct name_fact fact = {
		.scope = 1, .netns = own_netns(), .source = NAME_BY_DNS, .verified = true,
		.addr = { .family = AF_INET }, .name = name,
		.now = now + from * (int64_t)SNITCH_NSEC_PER_SEC,
		.until = now + to * (int64_t)SNITCH_NSEC_PER_SEC,
	};

	memcpy(fact.addr.addr, f.daddr, sizeof(fact.addr.addr));
	assert_true(names_learn(lab->core.names, &fact) >= 0);
}

static void names_count_as_its_program_used_them(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	write_rules(lab, "deny any to *.bad.example\n");
	assert_false(is_cut(lab, &f));
	learn(lab, "x.bad.example", 0, 60);
	assert_true(is_cut(lab, &f));
	assert_true(another_is_refused(lab, &f));
	f.owner = 2;	/* which has not looked it up */
	assert_false(is_cut(lab, &f));
	assert_false(another_is_refused(lab, &f));
}

static void a_name_that_is_over_counts(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	learn(lab, "x.bad.example", -20, -10);
	write_rules(lab, "deny any to *.bad.example\n");
	assert_true(is_cut(lab, &f));
	/* but not where there is another by now */
	learn(lab, "good.example", 0, 60);
	assert_false(is_cut(lab, &f));
}

static void two_names_of_one_address(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	learn(lab, "x.bad.example", 0, 60);
	learn(lab, "good.example", 0, 60);
	write_rules(lab, "deny any to *.bad.example\n");
	/* which of them it has said cannot be read: none is cut that said the good one */
	lab->core.welcome.features |= SNITCH_FEATURE_DATA;
	assert_false(is_cut(lab, &f));
	/* where names are not read, another one is refused, too */
	lab->core.sni = false;
	assert_true(is_cut(lab, &f));
	assert_true(another_is_refused(lab, &f));
	lab->core.sni = true;
	write_rules(lab, "deny any to *.bad.example\ndeny any to good.example\n");
	assert_true(is_cut(lab, &f));
	/* as long as it is remembered, the good one is not forgotten */
	names_forget(lab->core.names, 1, __NAME_SOURCES);
	learn(lab, "good.example", -20, -10);
	learn(lab, "x.bad.example", 0, 60);
	write_rules(lab, "deny any to *.bad.example\n");
	assert_false(is_cut(lab, &f));
	lab->core.sni = false;
	assert_true(is_cut(lab, &f));
}

static uint64_t rule_id(const char *text)
{
	struct rule_error err;
	struct rule *rule;
	uint64_t id;

	assert_int_equal(rule_parse(text, NULL, 0, &rule, &err), 0);
	id = rule->id;
	rule_free(rule);
	return id;
}

static void what_a_name_let_go_goes_on_without_it(void **state)
{
	static const char by[] = "allow /usr/bin/curl to get.example";
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	f.origin = SNITCH_BY_NAME;
	f.origin_id = rule_id(by);
	write_rules(lab, "allow /usr/bin/curl to get.example\ndeny /usr/bin/curl to any\n");
	assert_false(is_cut(lab, &f));
	/* not by another rule's word, nor where that one is gone, nor against what comes before it */
	f.origin_id++;
	assert_true(is_cut(lab, &f));
	f.origin_id--;
	write_rules(lab, "deny /usr/bin/curl to any\n");
	assert_true(is_cut(lab, &f));
	write_rules(lab, "allow /usr/bin/curl to get.example\ndeny any to " X " priority high\n");
	assert_true(is_cut(lab, &f));
	write_rules(lab, "allow /usr/bin/curl to get.example disabled\ndeny /usr/bin/curl to any\n");
	assert_true(is_cut(lab, &f));
}

/* ---- changed executables -------------------------------------------------------------------- */

static void suspended_rules_are_no_refusal(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);

	write_rules(lab, "allow /usr/bin/curl to " X "\ndeny any to 198.51.100.0/24\n");
	assert_int_equal(rulebook_suspend(lab->core.rules, "/usr/bin/curl"), 1);
	assert_false(is_cut(lab, &f));
	f = flow_to(Y);
	assert_true(is_cut(lab, &f));
}

/* ---- when ------------------------------------------------------------------------------------ */

static void it_looks_when_more_is_refused(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, "allow /usr/bin/curl to " X "\nask any to " Y "\n");
	assert_int_equal(said.wanted, 0);
	write_rules(lab, "allow /usr/bin/curl to " X "\ndeny any to " Y "\n");
	assert_int_equal(said.wanted, 1);
	/* the same again, an allow more, a refusal less: nothing */
	assert_int_equal(core_reload(&lab->core), 0);
	write_rules(lab, "allow /usr/bin/curl to " X "\ndeny any to " Y "\nallow any to " X "\n");
	assert_int_equal(said.wanted, 1);
	write_rules(lab, "allow /usr/bin/curl to " X "\nallow any to " X "\n");
	assert_int_equal(said.wanted, 1);
	/* what stood before a refusal is gone, or is another one */
	write_rules(lab, "allow /usr/bin/curl to " X "\ndeny any to 198.51.100.0/24\n");
	assert_int_equal(said.wanted, 2);
	write_rules(lab, "deny any to 198.51.100.0/24\n");
	assert_int_equal(said.wanted, 3);
	write_rules(lab, "deny any to 198.51.100.0/24 port 443\n");
	assert_int_equal(said.wanted, 4);
	/* a mode is no rule */
	set_mode(lab, SNITCH_MODE_ASK);
	assert_int_equal(said.wanted, 4);
	/* what came while nothing was judged counts afterwards */
	set_mode(lab, SNITCH_MODE_OFF);
	write_rules(lab, "deny any to 198.51.100.0/24\n");
	assert_int_equal(said.wanted, 4);
	set_mode(lab, SNITCH_MODE_QUIET);
	assert_int_equal(said.wanted, 5);
	/* profiles put rules in force */
	write_rules(lab, "deny any to 198.51.100.0/24\ndeny any to " X " profile home\n");
	assert_int_equal(said.wanted, 5);
	assert_true(rulebook_set_profile(lab->core.rules, "home"));
	assert_int_equal(core_install(&lab->core), 0);
	assert_int_equal(said.wanted, 6);
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void owners_are_asked_for(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X), g = flow_to(X);
	unsigned int i;

	write_rules(lab, "deny any to " X "\n");
	owners_clear(&lab->core.owners);
	g.owner = 999;	/* of whom nobody knows */
	assert_int_equal(core_live_begin(&lab->core), 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(core_live_take(&lab->core, &f), 0);
	assert_int_equal(core_live_take(&lab->core, &g), 0);
	assert_int_equal(core_live_step(&lab->core), -EAGAIN);
	assert_int_equal(core_live_step(&lab->core), -EAGAIN);
	assert_int_equal(said.cut, 0);
	assert_true(fake_receive(lab->fake) >= 0);
	assert_int_equal(fake_owner_get(lab->fake, 1)->asked, 1);
	pump(lab);
	assert_int_equal(core_live_step(&lab->core), 0);
	assert_int_equal(said.cut, 5);
	/* one that cannot be cut now stays for another time */
	assert_int_equal(core_live_take(&lab->core, &f), 0);
	said.error = -EAGAIN;
	assert_int_equal(core_live_step(&lab->core), -EAGAIN);
	assert_true(core_live_give_up(&lab->core));
	assert_false(core_live_give_up(&lab->core));
	assert_int_equal(core_live_take(&lab->core, &f), 0);
	said.error = -EPERM;
	assert_int_equal(core_live_step(&lab->core), -EPERM);
	core_live_end(&lab->core);
}

static void a_piece_is_bounded(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_info f = flow_to(X);
	unsigned int i;

	assert_int_equal(core_live_begin(&lab->core), 0);
	for (i = 0; i < SNITCH_NL_WALK_FLOWS; i++)
		assert_int_equal(core_live_take(&lab->core, &f), 0);
	assert_int_equal(core_live_take(&lab->core, &f), -ENOBUFS);
	core_live_end(&lab->core);
}

/* ---- random rules ----------------------------------------------------------------------------- */

/* Where nothing but rules about addresses counts, a flow is cut just where another is refused. */
static void it_says_what_is_said_of_another(void **state)
{
	static const char *const actions[] = { "allow", "deny", "drop", "ask" };
	static const char *const programs[] = {
		"any", "/usr/bin/curl", "/usr/bin/wget", "/usr/bin/*", "any child-of /usr/bin/git",
	};
	static const char *const remotes[] = {
		"any", X, Y, "198.51.100.0/29", "not " X, "loopback", "2001:db8::/32",
	};
	static const char *const ends[] = { "", " port 443", " tcp", " priority high" };
	static const char *const to[] = { X, Y, "127.0.0.1", "2001:db8::1" };
	struct lab *lab = *state;
	unsigned int round, i, n_cut = 0, n_kept = 0;

	srand(11);
	set_mode(lab, SNITCH_MODE_OBSERVE);
	for (round = 0; round < 60; round++) {
		char text[1024] = "";
		size_t at = 0;

		for (i = 0; i < 4; i++)
			at += snprintf(text + at, sizeof(text) - at, "%s %s to %s%s\n",
				       actions[rand() % 4], programs[rand() % 5],
				       remotes[rand() % 7], ends[rand() % 4]);
		write_rules(lab, text);
		for (i = 0; i < 16; i++) {
			struct snitch_flow_info f = flow_to(to[i % 4]);
			struct judgement j;
			struct snitch_flow_event ev = {
				.netns = f.netns, .uid = 1000, .family = f.family, .proto = 6,
				.dport = 443, .ifindex = i % 4 == 2 ? 1 : 2,
			};
			bool refused;

			f.owner = 1 + i / 4;
			f.loopback = i % 4 == 2;
			memcpy(ev.daddr, f.daddr, sizeof(ev.daddr));
			refused = is_cut(lab, &f);
			rulebook_judge(lab->core.rules, owners_find(&lab->core.owners, f.owner), &ev,
				       snitch_boottime(), &j);
			if (refused != (j.action == SNITCH_DENY || j.action == SNITCH_DROP))
				fail_msg("owner %u to %s under\n%s", 1 + i / 4, to[i % 4], text);
			n_cut += refused;
			n_kept += !refused;
		}
	}
	assert_true(n_cut > 100 && n_kept > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_rule_refuses_is_cut, live_setup, teardown),
		cmocka_unit_test_setup_teardown(what_only_the_daemon_can_judge_is_cut, live_setup,
						teardown),
		cmocka_unit_test_setup_teardown(some_are_not_its_business, live_setup, teardown),
		cmocka_unit_test_setup_teardown(the_way_counts, live_setup, teardown),
		cmocka_unit_test_setup_teardown(names_count_as_its_program_used_them, live_setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_name_that_is_over_counts, live_setup, teardown),
		cmocka_unit_test_setup_teardown(two_names_of_one_address, live_setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_name_let_go_goes_on_without_it, live_setup,
						teardown),
		cmocka_unit_test_setup_teardown(suspended_rules_are_no_refusal, live_setup, teardown),
		cmocka_unit_test_setup_teardown(it_looks_when_more_is_refused, live_setup, teardown),
		cmocka_unit_test_setup_teardown(owners_are_asked_for, live_setup, teardown),
		cmocka_unit_test_setup_teardown(a_piece_is_bounded, live_setup, teardown),
		cmocka_unit_test_setup_teardown(it_says_what_is_said_of_another, live_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
