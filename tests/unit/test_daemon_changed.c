// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Executables that are not the files that rules were made for: what the kernel and people get to
 * hear before, while and after they are looked into. The test is the inspector.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "core-lab.h"

#define CURL		"/usr/bin/curl"
#define FAR		"192.0.2.1"
#define DENIED		"192.0.2.66"
#define RULES		"allow " CURL " to any\ndeny " CURL " to " DENIED "\n"
#define LOOKS_MAX	32

/* What the inspector was asked. */
static struct {
	uint64_t id;
	char path[64];
} looks[LOOKS_MAX];
static unsigned int n_looks;

static int take_look(void *ctx, uint64_t id, const char *path, int fd)
{
	(void)ctx;
	assert_int_equal(fd, -1);
	assert_true(n_looks < LOOKS_MAX);
	looks[n_looks].id = id;
	snprintf(looks[n_looks++].path, sizeof(looks[0].path), "%s", path);
	return 0;
}

/* Puts a new file to the path, as package managers do; @st: what it is. */
static void replace(struct lab *lab, const char *text, struct stat *st)
{
	char from[256], to[256];

	lab_write(lab->root, CURL ".new", text);
	snprintf(from, sizeof(from), "%s" CURL ".new", lab->root);
	snprintf(to, sizeof(to), "%s" CURL, lab->root);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(stat(to, st), 0);
}

/* Answers the oldest look: the file is @st, its contents are @contents. */
static void find_as(struct lab *lab, const struct stat *st, uint8_t contents, bool vouched, int error)
{
	struct inspect_finding finding = { .error = error };

	assert_true(n_looks > 0);
	finding.id = looks[0].id;
	memmove(looks, looks + 1, --n_looks * sizeof(looks[0]));
	if (!error) {
		known_file_of_stat(&finding.file, st);
		memset(finding.sha256, contents, sizeof(finding.sha256));
		finding.at_path = true;
		finding.vouched = vouched;
		strcpy(finding.package, vouched ? "curl" : "");
	}
	core_finding(&lab->core, &finding);
	assert_int_equal(snitch_device_flush(lab->dev), 0);
	assert_true(fake_receive(lab->fake) >= 0);
}

/* An owner @id that runs the file @st at the path. */
static void runs(struct lab *lab, uint64_t id, const struct stat *st, uint32_t flags)
{
	struct fake_image image = curl;

	image.id = id;
	image.pid = 100 + id;
	image.flags = flags;
	image.file = st;
	assert_int_equal(fake_owner_add(lab->fake, &image), 0);
}

static const struct fake_flow *send_from(struct lab *lab, uint64_t id, uint64_t owner, uint32_t flags)
{
	return send_flow(lab, id, owner, FAR, 443, 1000, flags);
}

static bool withheld(const struct lab *lab)
{
	size_t i;

	for (i = 0; i < lab->n_rules; i++) {
		if (lab->rules[i].action == SNITCH_ALLOW && !(lab->rules[i].flags & SNITCH_R_DAEMON))
			return false;
	}
	return true;
}

static bool suspended(const struct lab *lab)
{
	return rulebook_suspended(lab->core.rules, CURL);
}

static void setup_rules(struct lab *lab, const char *text, struct stat *v1)
{
	lab->core.changed.ask = take_look;
	n_looks = 0;
	replace(lab, "v1", v1);
	write_rules(lab, text);
	assert_int_equal(n_looks, 1);
	find_as(lab, v1, 1, false, 0);
	assert_int_equal(n_looks, 0);
	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	assert_false(withheld(lab));
}

static int begin(void **state)
{
	char path[256];
	struct lab *lab;

	setup(state);
	lab = *state;
	snprintf(path, sizeof(path), "%s/usr/bin", lab->root);
	assert_int_equal(mkdir(path, 0755), 0);
	return 0;
}

/* The kernel is down or not: a new daemon on the same folders. */
static void restart(struct lab *lab)
{
	struct snitch_policy_sink sink = lab->core.sink;
	struct snitch_welcome welcome = lab->core.welcome;

	core_done(&lab->core);
	assert_int_equal(core_init(&lab->core, lab->root, NULL, NULL), 0);
	lab->core.sink = sink;
	lab->core.changed.ask = take_look;
	lab->core.mode.now = SNITCH_MODE_ASK;
	add_agent(lab, 0, true);
	core_attach(&lab->core, lab->dev, &welcome);
	n_looks = 0;
	rulebook_recall(lab->core.rules);
	assert_true(rulebook_load(lab->core.rules) >= 0);
	assert_int_equal(core_install(&lab->core), 0);
}

static void the_same_contents(void **state)
{
	struct lab *lab = *state;
	const struct fake_flow *f;
	struct stat v1, again;

	setup_rules(lab, RULES, &v1);
	replace(lab, "v1", &again);
	runs(lab, 5, &again, 0);
	f = send_from(lab, 10, 5, SNITCH_F_UNBOUND);
	assert_int_equal(f->state, FAKE_HELD);
	assert_int_equal(first_question(lab), 0);
	assert_int_equal(n_looks, 1);
	assert_string_equal(looks[0].path, CURL);
	/* more of it waits for the same look */
	assert_int_equal(send_from(lab, 11, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	assert_int_equal(n_looks, 1);
	find_as(lab, &again, 1, false, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_ALLOWED);
	assert_int_equal(fake_owner_get(lab->fake, 5)->bind.app, 1);
	assert_int_equal(first_question(lab), 0);
	assert_false(suspended(lab));
	/* known from now on, and after a restart */
	assert_int_equal(send_from(lab, 12, 5, SNITCH_F_UNBOUND)->state, FAKE_ALLOWED);
	restart(lab);
	assert_false(withheld(lab));
	assert_int_equal(n_looks, 0);
}

static void a_package_vouches(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;

	setup_rules(lab, RULES, &v1);
	runs(lab, 4, &v1, 0);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_from(lab, 10, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	find_as(lab, &v2, 2, true, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	assert_int_equal(first_question(lab), 0);
	assert_false(suspended(lab));
	/* the version before, which goes on running, is no stranger either */
	runs(lab, 4, &v1, SNITCH_O_DELETED);
	assert_int_equal(send_from(lab, 11, 4, SNITCH_F_UNBOUND)->state, FAKE_ALLOWED);
	assert_int_equal(fake_owner_get(lab->fake, 4)->bind.app, 1);
	assert_int_equal(n_looks, 0);
}

static void nobody_vouches(void **state)
{
	const struct question *q;
	struct lab *lab = *state;
	struct stat v1, v2;

	setup_rules(lab, RULES, &v1);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_from(lab, 10, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	assert_int_equal(first_question(lab), 0);
	find_as(lab, &v2, 2, false, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	q = questions_next(lab->core.questions, NULL);
	assert_non_null(q);
	assert_true(q->changed);
	assert_true(suspended(lab));
	assert_int_equal(fake_owner_get(lab->fake, 5)->binds, 0);
	/* not looked into again and again, nor after a restart believed */
	send_from(lab, 11, 5, SNITCH_F_UNBOUND);
	assert_int_equal(n_looks, 0);
	assert_int_equal(core_install(&lab->core), 0);
	assert_true(withheld(lab));
	restart(lab);
	assert_true(withheld(lab));
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_from(lab, 12, 5, 0)->state, FAKE_HELD);
	/* a person who says so ends it */
	find_as(lab, &v2, 2, false, 0);	/* the path's */
	find_as(lab, &v2, 2, false, 0);	/* the owner's */
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "any", "forever"), 0);
	assert_false(suspended(lab));
	assert_false(withheld(lab));
	assert_int_equal(send_from(lab, 13, 5, 0)->state, FAKE_ALLOWED);
}

/* A refusal waits for nothing, whatever becomes of the look. */
static void denied_stays_denied(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;

	setup_rules(lab, RULES, &v1);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_flow(lab, 10, 5, DENIED, 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdicts, 1);
	find_as(lab, &v2, 2, true, 0);
	assert_int_equal(send_flow(lab, 11, 5, DENIED, 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_REFUSED);
	assert_int_equal(send_from(lab, 12, 5, SNITCH_F_UNBOUND)->state, FAKE_ALLOWED);
	assert_int_equal(first_question(lab), 0);
}

/* It changed while no daemon was there; the kernel has bound the new file by now. */
static void while_nobody_looked(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;
	int vouched;

	setup_rules(lab, RULES, &v1);
	for (vouched = 1; vouched >= 0; vouched--) {
		replace(lab, vouched ? "v2" : "v3", &v2);
		restart(lab);
		assert_true(withheld(lab));
		assert_int_equal(n_looks, 1);
		runs(lab, 5, &v2, 0);
		assert_int_equal(send_from(lab, 10 + vouched, 5, 0)->state, FAKE_HELD);
		assert_int_equal(first_question(lab), 0);
		find_as(lab, &v2, 3 - vouched, vouched, 0);
		if (vouched)
			assert_false(withheld(lab));
		find_as(lab, &v2, 3 - vouched, vouched, 0);
		assert_int_equal(fake_flow_get(lab->fake, 10 + vouched)->state,
				 vouched ? FAKE_ALLOWED : FAKE_HELD);
		assert_int_equal(!!first_question(lab), !vouched);
		assert_int_equal(suspended(lab), !vouched);
	}
}

/* A restart alone changes nothing; nor does one while the file is away. */
static void a_restart_asks_nothing(void **state)
{
	struct lab *lab = *state;
	struct stat v1;

	setup_rules(lab, RULES, &v1);
	restart(lab);
	assert_int_equal(n_looks, 0);
	assert_false(withheld(lab));
	lab_unlink(lab->root, CURL);
	restart(lab);
	assert_int_equal(n_looks, 0);
	replace(lab, "v2", &v1);
	restart(lab);
	assert_int_equal(n_looks, 1);
	assert_true(withheld(lab));
}

/* What was remembered cannot be read: nothing is believed because of that. */
static void a_spoiled_memory(void **state)
{
	struct lab *lab = *state;
	struct stat v1;

	setup_rules(lab, RULES, &v1);
	lab_write(lab->root, "/var/lib/snitch/programs", "nonsense\n");
	restart(lab);
	assert_true(withheld(lab));
	assert_int_equal(n_looks, 1);
	find_as(lab, &v1, 1, true, 0);
	assert_false(withheld(lab));
}

/* A file of a container under the same name says nothing about the program of this machine. */
static void another_file_of_that_name(void **state)
{
	struct lab *lab = *state;
	struct stat v1, other;

	setup_rules(lab, RULES, &v1);
	other = v1;
	other.st_ino += 1000;
	runs(lab, 5, &other, 0);
	assert_int_equal(send_from(lab, 10, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	find_as(lab, &v1, 1, true, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	assert_true(questions_next(lab->core.questions, NULL)->changed);
	assert_false(suspended(lab));
	runs(lab, 6, &v1, 0);
	assert_int_equal(send_from(lab, 11, 6, 0)->state, FAKE_ALLOWED);
	/* even with the very same contents */
	assert_int_equal(fake_owner_get(lab->fake, 5)->binds, 0);
}

static void the_inspector_fails(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;

	setup_rules(lab, RULES, &v1);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_from(lab, 10, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	core_no_inspector(&lab->core);
	assert_true(fake_receive(lab->fake) >= 0);
	assert_true(questions_next(lab->core.questions, NULL)->changed);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_HELD);
	assert_int_equal(send_from(lab, 11, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	assert_int_equal(lab->core.changed.n_flows, 0);
}

/* What the one before did not answer, the next one is asked. */
static void another_inspector(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;
	uint64_t id;

	setup_rules(lab, RULES, &v1);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_from(lab, 10, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	assert_int_equal(n_looks, 1);
	id = looks[0].id;
	n_looks = 0;
	core_new_inspector(&lab->core);
	assert_int_equal(n_looks, 1);
	assert_int_equal(looks[0].id, id);
	assert_string_equal(looks[0].path, CURL);
	assert_int_equal(first_question(lab), 0);
	find_as(lab, &v2, 2, true, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_ALLOWED);
	assert_false(suspended(lab));
	/* after a time without one, changes are looked into again */
	core_no_inspector(&lab->core);
	lab->core.changed.ask = take_look;
	core_new_inspector(&lab->core);
	replace(lab, "v3", &v2);
	runs(lab, 6, &v2, 0);
	assert_int_equal(send_from(lab, 11, 6, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	find_as(lab, &v2, 3, true, 0);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_ALLOWED);
}

static void without_anybody_to_ask(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;

	setup_rules(lab, RULES, &v1);
	set_mode(lab, SNITCH_MODE_QUIET);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_from(lab, 10, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	assert_int_equal(send_from(lab, 11, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	/* it gave up waiting */
	assert_int_equal(fake_cancel(lab->fake, 11, SNITCH_CANCEL_CLOSED, SNITCH_DENY), 0);
	pump(lab);
	find_as(lab, &v2, 2, false, 0);
	assert_int_equal(fake_flow_get(lab->fake, 10)->state, FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 11)->verdicts, 1);
	assert_true(questions_next(lab->core.questions, NULL)->changed);
	/* observing holds nobody up */
	set_mode(lab, SNITCH_MODE_OBSERVE);
	replace(lab, "v3", &v2);
	runs(lab, 6, &v2, 0);
	assert_int_equal(send_from(lab, 12, 6, SNITCH_F_UNBOUND)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_get(lab->fake, 12)->verdict.origin, SNITCH_BY_MODE);
}

/* A rule by hand says that the program is right as it is. */
static void a_new_rule(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;

	setup_rules(lab, RULES, &v1);
	replace(lab, "v2", &v2);
	write_rules(lab, RULES "allow " CURL " to 203.0.113.1\n");
	assert_false(withheld(lab));
	assert_int_equal(n_looks, 1);
	find_as(lab, &v2, 2, false, 0);
	assert_false(suspended(lab));
	/* one that denies does not */
	replace(lab, "v3", &v2);
	write_rules(lab, RULES "allow " CURL " to 203.0.113.1\ndeny " CURL " to 203.0.113.2\n");
	assert_true(withheld(lab));
	find_as(lab, &v2, 3, false, 0);
	assert_true(suspended(lab));
}

/* What the rulebook makes of a look at the very executable of an owner; @same: contents as known. */
static struct rulebook_found look_at(struct lab *lab, const struct stat *st, bool same, bool at_path,
				     bool vouched)
{
	struct inspect_finding finding = { .at_path = at_path, .vouched = vouched };
	struct image image = { .exe = CURL };
	struct rulebook_found found;

	image.wire.exe_dev = st->st_dev;
	image.wire.exe_ino = st->st_ino;
	image.wire.exe_size = st->st_size;
	image.wire.exe_ctime = st->st_ctim.tv_sec;
	image.wire.exe_ctime_nsec = st->st_ctim.tv_nsec;
	known_file_of_stat(&finding.file, st);
	memset(finding.sha256, same ? 1 : 2, sizeof(finding.sha256));
	rulebook_found(lab->core.rules, CURL, &image, true, &finding, &found);
	assert_int_equal(rulebook_knows(lab->core.rules, &image), found.is_program);
	assert_int_equal(rulebook_knows_wrong(lab->core.rules, &image), !found.is_program);
	return found;
}

/* The kernel gives the executable itself: it need not be what is at the path. */
static void the_very_executable(void **state)
{
	struct lab *lab = *state;
	struct rulebook_found found;
	struct stat v1, st;

	setup_rules(lab, RULES, &v1);
	st = v1;
	st.st_ino += 1000;
	/* in a container, contents or not; suspends nothing */
	found = look_at(lab, &st, true, false, false);
	assert_false(found.is_program || found.suspended);
	st.st_ino++;
	found = look_at(lab, &st, false, false, true);
	assert_false(found.is_program || found.suspended);
	assert_false(suspended(lab));
	/* the old version, whose links an upgrade has changed meanwhile */
	st = v1;
	st.st_ctim.tv_nsec ^= 1;
	found = look_at(lab, &st, true, false, false);
	assert_true(found.is_program && found.same && !found.lifted);
	/* written to, and unlinked */
	st.st_ctim.tv_nsec ^= 2;
	assert_false(look_at(lab, &st, false, false, false).is_program);
	/* in its place by a package */
	st.st_ino++;
	found = look_at(lab, &st, false, true, true);
	assert_true(found.is_program && !found.same);
	/* the version before still is the program, and says nothing about what is there now */
	assert_int_equal(rulebook_suspend(lab->core.rules, CURL), 1);
	assert_true(look_at(lab, &v1, true, false, false).is_program);
	assert_true(suspended(lab));
	st.st_ino++;
	found = look_at(lab, &st, false, true, false);
	assert_true(found.is_program && found.same && found.lifted);
	assert_false(suspended(lab));
}

/* The kernel tells the path without links, the rule has one. */
static void a_link_in_the_path(void **state)
{
	struct lab *lab = *state;
	struct stat v1, v2;
	char path[256];

	snprintf(path, sizeof(path), "%s/bin", lab->root);
	assert_int_equal(symlink("usr/bin", path), 0);
	setup_rules(lab, "allow /bin/curl to any\ndeny /bin/curl to " DENIED "\n", &v1);
	replace(lab, "v2", &v2);
	runs(lab, 5, &v2, 0);
	assert_int_equal(send_flow(lab, 10, 5, DENIED, 443, 1000, SNITCH_F_UNBOUND)->state,
			 FAKE_REFUSED);
	assert_int_equal(fake_owner_get(lab->fake, 5)->binds, 0);
	assert_string_equal(looks[0].path, "/bin/curl");
	assert_int_equal(send_from(lab, 11, 5, SNITCH_F_UNBOUND)->state, FAKE_HELD);
	find_as(lab, &v2, 2, true, 0);
	assert_int_equal(fake_flow_get(lab->fake, 11)->state, FAKE_ALLOWED);
	assert_int_equal(fake_owner_get(lab->fake, 5)->bind.app, 1);
}

#define LAB(test)	cmocka_unit_test_setup_teardown(test, begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(the_same_contents),
		LAB(a_package_vouches),
		LAB(nobody_vouches),
		LAB(denied_stays_denied),
		LAB(while_nobody_looked),
		LAB(a_restart_asks_nothing),
		LAB(a_spoiled_memory),
		LAB(another_file_of_that_name),
		LAB(the_inspector_fails),
		LAB(another_inspector),
		LAB(without_anybody_to_ask),
		LAB(a_new_rule),
		LAB(a_link_in_the_path),
		LAB(the_very_executable),
	};

	return cmocka_run_group_tests_name("daemon_changed", tests, NULL, NULL);
}
