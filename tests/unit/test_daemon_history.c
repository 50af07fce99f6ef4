// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of the daemon's and the kernel's decisions comes into the history. It must never need root,
 * a bus or the module.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/daemon.h"
#include "lists/lists.h"
#include "policy/policy.h"
#include "core-lab.h"

struct rows {
	unsigned int n;
	struct history_flow row[16];
	char program[16][64], parents[16][64], app[16][64];
};

static int take(void *ctx, int64_t id, const struct history_flow *f)
{
	struct rows *rows = ctx;

	(void)id;
	assert_true(rows->n < 16);
	rows->row[rows->n] = *f;
	snprintf(rows->program[rows->n], 64, "%s", f->program);
	snprintf(rows->app[rows->n], 64, "%s", f->app);
	snprintf(rows->parents[rows->n++], 64, "%s", f->parents);
	return 0;
}

static struct rows read_rows(struct core *core)
{
	struct history_filter all = { .uid = HISTORY_ANY_UID, .belongs = HISTORY_ANY_UID };
	struct history_place place = { 0 };
	struct rows rows = { 0 };

	assert_int_equal(history_read(core->history, &all, &place, 16, take, &rows), 0);
	return rows;
}

/* The one row to port @port. */
static const struct history_flow *row_to(const struct rows *rows, uint16_t port)
{
	const struct history_flow *found = NULL;
	unsigned int i;

	for (i = 0; i < rows->n; i++) {
		if (rows->row[i].port != port)
			continue;
		assert_null(found);
		found = &rows->row[i];
	}
	assert_non_null(found);
	return found;
}

static int setup_history(void **state)
{
	struct history_limits usual = { 0 };
	struct lab *lab;
	char folder[128];

	setup(state);
	lab = *state;
	snprintf(folder, sizeof(folder), "%s/var/lib/snitch", lab->root);
	assert_int_equal(history_open(folder, &usual, &lab->core.history), 0);
	return 0;
}

static int teardown_history(void **state)
{
	struct lab *lab = *state;

	history_close(lab->core.history);
	return teardown(state);
}

static void test_verdicts(void **state)
{
	static const struct fake_image make = {
		.id = 3, .pid = 50, .uid = 1000, .exe = "/usr/bin/make", .comm = "make",
	};
	struct fake_image child = curl;
	struct lab *lab = *state;
	const struct history_flow *f;
	struct rows rows;

	fake_owner_add(lab->fake, &make);
	child.id = 4;
	child.parent = 3;
	fake_owner_add(lab->fake, &child);
	send_flow(lab, 10, 4, "192.0.2.1", 1, 1000, 0);		/* observed, twice */
	send_flow(lab, 11, 4, "192.0.2.1", 1, 1000, 0);
	write_rules(lab, "[id=00000000000000ab] deny /usr/bin/curl to any port 2\n");
	send_flow(lab, 12, 1, "192.0.2.1", 2, 1000, 0);
	set_mode(lab, SNITCH_MODE_ASK);
	send_flow(lab, 13, 1, "192.0.2.1", 3, 1000, 0);		/* nobody to ask */
	add_agent(lab, 0, true);
	assert_int_equal(send_flow(lab, 14, 1, "192.0.2.4", 4, 1000, 0)->state, FAKE_HELD);
	rows = read_rows(&lab->core);
	assert_int_equal(rows.n, 3);	/* what waits is not decided */
	f = row_to(&rows, 1);
	assert_int_equal(f->action, SNITCH_ALLOW);
	assert_int_equal(f->origin, SNITCH_BY_MODE);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->uid, 1000);
	assert_string_equal(rows.program[f - rows.row], "/usr/bin/curl");
	assert_string_equal(rows.parents[f - rows.row], "/usr/bin/make");
	f = row_to(&rows, 2);
	assert_int_equal(f->action, SNITCH_DENY);
	assert_int_equal(f->origin, SNITCH_BY_RULE);
	assert_int_equal(f->rule, 0xab);
	assert_int_equal(row_to(&rows, 3)->action, SNITCH_DENY);
	assert_int_equal(row_to(&rows, 3)->origin, SNITCH_BY_MODE);
	assert_int_equal(fake_cancel(lab->fake, 14, SNITCH_CANCEL_TIMEOUT, SNITCH_DENY), 0);
	pump(lab);
	rows = read_rows(&lab->core);
	assert_int_equal(rows.n, 4);
	assert_int_equal(row_to(&rows, 4)->action, SNITCH_DENY);
	assert_int_equal(row_to(&rows, 4)->origin, SNITCH_BY_FAIL);
}

static void test_answer(void **state)
{
	struct lab *lab = *state;
	const struct history_flow *f;
	struct idmap uses = { 0 };
	struct rows rows;

	set_mode(lab, SNITCH_MODE_ASK);
	add_agent(lab, 0, true);
	send_flow(lab, 10, 1, "192.0.2.1", 443, 1000, 0);
	assert_int_equal(say(lab, &root, first_question(lab), "allow", "address", "forever"), 0);
	rows = read_rows(&lab->core);
	f = row_to(&rows, 443);
	assert_int_equal(f->action, SNITCH_ALLOW);
	assert_int_equal(f->origin, SNITCH_BY_PERSON);
	assert_true(f->rule);
	assert_int_equal(history_uses(lab->core.history, &uses), 0);
	assert_non_null(idmap_get(&uses, f->rule));
	history_uses_free(&uses);
}

/* Judges a flow of the past; also without the rules that are tested. */
static void past_is(struct lab *lab, const struct history_flow *f, uint32_t today, uint32_t tested)
{
	struct judgement j;

	rulebook_test_on(lab->core.rules, false);
	rulebook_judge_past(lab->core.rules, f, &j);
	assert_int_equal(j.action, today);
	rulebook_test_on(lab->core.rules, true);
	rulebook_judge_past(lab->core.rules, f, &j);
	assert_int_equal(j.action, tested);
}

/* What a program belongs to is kept, and judged by later. */
static void test_app(void **state)
{
	struct fake_image unit = curl;
	struct lab *lab = *state;
	struct history_flow f;
	struct rows rows;
	char error[256];

	unit.id = 6;
	unit.cgroup = "/system.slice/backup.service";
	fake_owner_add(lab->fake, &unit);
	send_flow(lab, 10, 6, "192.0.2.1", 443, 1000, 0);
	send_flow(lab, 11, 1, "192.0.2.1", 80, 1000, 0);
	rows = read_rows(&lab->core);
	f = *row_to(&rows, 443);
	assert_string_equal(rows.app[row_to(&rows, 443) - rows.row], "unit backup.service");
	assert_string_equal(rows.app[row_to(&rows, 80) - rows.row], "");
	f.program = "/usr/bin/curl";
	f.script = "";
	f.parents = "/bin/sh\n/sbin/init";
	f.app = "unit backup.service";
	f.name = "";
	assert_true(rulebook_can_judge_past(&f));
	write_rules(lab, "allow unit backup to any\n");
	assert_int_equal(rulebook_test(lab->core.rules, "deny any child-of /bin/sh to 192.0.2.1\n",
				       false, 0, error, sizeof(error)), 0);
	past_is(lab, &f, SNITCH_ALLOW, SNITCH_DENY);
	f.app = "unit other.service";
	past_is(lab, &f, 0, SNITCH_DENY);
	f.app = "";
	f.address[3] = 9;
	past_is(lab, &f, 0, 0);
	rulebook_test_end(lab->core.rules);
	assert_int_equal(rulebook_count(lab->core.rules), 1);
	/* a container's program is not the machine's */
	write_rules(lab, "allow /usr/bin/curl to any\n");
	assert_int_equal(rulebook_test(lab->core.rules, "allow container img:/usr/bin/curl to any", true,
				       1000, error, sizeof(error)), 0);
	past_is(lab, &f, SNITCH_ALLOW, SNITCH_ALLOW);
	f.app = "image img\ncontainer";
	past_is(lab, &f, 0, SNITCH_ALLOW);
	f.uid = 1001;
	past_is(lab, &f, 0, 0);
	rulebook_test_end(lab->core.rules);
	assert_int_equal(rulebook_test(lab->core.rules, "allow any to any\nallow to\n", false, 0, error,
				       sizeof(error)), -EINVAL);
	assert_true(error[0]);
	assert_int_equal(rulebook_test(lab->core.rules, "allow any to any lockdown", true, 1000, error,
				       sizeof(error)), -EPERM);
	assert_int_equal(rulebook_count(lab->core.rules), 1);
}

/* What the kernel decides by a list is counted for its entry; exceptions and other rules are not. */
static void test_list_hits(void **state)
{
	struct lab *lab = *state;
	struct snitch_flow_event ev;
	struct rule_error err;
	struct lists *lists;
	char path[256];

	snprintf(path, sizeof(path), "%s" LIST_FOLDER_STORE, lab->root);
	assert_int_equal(mkdir(path, 0755), 0);
	lab_write(lab->root, LIST_FOLDER_STORE "/bad.list", "192.0.2.0/24\n");
	assert_int_equal(lists_load(lab->root, NULL, &lists, &err), 1);
	rulebook_take_lists(lab->core.rules, lists);
	write_rules(lab, "[id=00000000000000ab] deny any to list:bad\n"
		    "[id=00000000000000ac] deny any to 192.0.2.0/24\n");
	assert_int_equal(fake_flow_init(&ev, 1, 1, IPPROTO_TCP, "192.0.2.1", 443), 0);
	rulebook_count_decided(lab->core.rules, 0xab, &ev);
	rulebook_count_decided(lab->core.rules, 0xac, &ev);
	rulebook_count_decided(lab->core.rules, 0xad, &ev);
	assert_int_equal(list_hits_count(rulebook_hits(lab->core.rules), "bad"), 1);
}

static void test_odd_owner(void **state)
{
	struct fake_image odd = curl;
	struct lab *lab = *state;
	struct rows rows;

	odd.id = 5;
	odd.flags = SNITCH_O_DELETED;
	fake_owner_add(lab->fake, &odd);
	send_flow(lab, 10, 5, "192.0.2.1", 443, 1000, 0);
	rows = read_rows(&lab->core);
	assert_int_equal(row_to(&rows, 443)->flags, HISTORY_F_ODD);
}

/* More decisions than the store takes in that time: verdicts do not wait, the rest is counted. */
static void test_flood(void **state)
{
	struct lab *lab = *state;
	unsigned int i;

	for (i = 1; i <= 2 * HISTORY_BATCH; i++) {
		lab->core.history_flushed = snitch_boottime_ns();	/* just now */
		assert_int_equal(send_flow(lab, 100 + i, 1, "192.0.2.1", (uint16_t)i, 1000,
					   0)->state, FAKE_ALLOWED);
	}
	assert_int_equal(history_lost(lab->core.history), HISTORY_BATCH);
}

/* ---- the kernel's own decisions ---- */

struct observing {
	struct daemon d;
	char root[LAB_ROOT];
	struct fake *fake;
	struct snitch_device *dev;
	uint64_t owner;		/* of what is told */
};

static int setup_observer(void **state)
{
	static const char *const dirs[] = { "/var", "/var/lib", "/var/lib/snitch" };
	struct observing *o = calloc(1, sizeof(*o));
	int fd;

	log_set_level(LOG_EMERG);
	lab_root(o->root, dirs, 3);
	o->d.opt.root = o->root;
	o->d.history_wish = HISTORY_WISH_USUAL;
	assert_int_equal(core_init(&o->d.core, o->root, NULL, NULL), 0);
	assert_int_equal(history_start(&o->d), 0);
	assert_non_null(o->d.core.history);
	assert_int_equal(fake_pair(SNITCH_ROLE_OBSERVER, &o->fake, &fd), 0);
	assert_int_equal(snitch_device_adopt(fd, SNITCH_ROLE_OBSERVER, 0, &o->dev, NULL), 0);
	assert_int_equal(fake_owner_add(o->fake, &curl), 0);
	o->owner = curl.id;
	*state = o;
	return 0;
}

static int teardown_observer(void **state)
{
	struct observing *o = *state;

	history_stop(&o->d);
	core_done(&o->d.core);
	snitch_device_close(o->dev);
	fake_free(o->fake);
	lab_remove(o->root);
	free(o);
	return 0;
}

/* As the kernel tells of a flow that it never parked: id 0. */
static void tell_flagged(struct observing *o, uint64_t id, uint16_t port, uint32_t flags)
{
	struct snitch_flow_event ev;

	assert_int_equal(fake_flow_init(&ev, id ? id : 1, o->owner, IPPROTO_TCP, "192.0.2.1",
					port), 0);
	ev.hdr = (struct snitch_hdr){ .size = sizeof(ev), .version = SNITCH_MSG_VERSION,
				      .type = SNITCH_MSG_FLOW, .id = id };
	ev.uid = 1000;
	ev.sport = 50000;
	ev.flags = flags;
	assert_int_equal(fake_send(o->fake, &ev, sizeof(ev)), 0);
}

static void tell_flow(struct observing *o, uint64_t id, uint16_t port)
{
	tell_flagged(o, id, port, 0);
}

static void tell_decided(struct observing *o, uint64_t id, uint32_t action, uint32_t origin,
			 uint64_t rule)
{
	struct snitch_decided d = {
		.hdr = { .size = sizeof(d), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_DECIDED, .id = id },
		.owner = o->owner, .origin_id = rule, .action = action, .origin = origin,
		.packets = 1,
	};

	assert_int_equal(fake_send(o->fake, &d, sizeof(d)), 0);
}

static void tell_ended(struct observing *o, uint16_t port, uint16_t sport)
{
	struct snitch_ended e = {
		.hdr = { .size = sizeof(e), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_ENDED },
		.owner = o->owner, .cookie = 9, .packets = 3, .bytes = 300, .rx_packets = 2,
		.rx_bytes = 200, .uid = 1000, .family = AF_INET, .proto = IPPROTO_TCP,
		.sport = sport, .dport = port, .daddr = { 192, 0, 2, 1 },
	};

	assert_int_equal(fake_send(o->fake, &e, sizeof(e)), 0);
}

static void listen_to(struct observing *o)
{
	int n;

	do
		n = snitch_device_read(o->dev, &history_handler, &o->d);
	while (n > 0);
	assert_int_equal(n, 0);
}

static void test_observed(void **state)
{
	struct observing *o = *state;
	const struct history_flow *f;
	struct rows rows;

	tell_flow(o, 0, 443);
	tell_flow(o, 0, 80);	/* another processor's */
	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_RULE, 0xcd);
	tell_decided(o, 0, SNITCH_DROP, SNITCH_BY_RULE, 0xef);
	tell_flow(o, 7, 22);	/* was parked: the mind knows of it */
	tell_decided(o, 7, SNITCH_ALLOW, SNITCH_BY_MODE, 0);
	tell_ended(o, 443, 50000);
	listen_to(o);
	rows = read_rows(&o->d.core);
	assert_int_equal(rows.n, 2);
	f = row_to(&rows, 443);
	assert_int_equal(f->action, SNITCH_ALLOW);
	assert_int_equal(f->rule, 0xcd);
	assert_int_equal(f->sent, 300);
	assert_int_equal(f->received, 200);
	assert_string_equal(rows.program[f - rows.row], "/usr/bin/curl");
	assert_int_equal(row_to(&rows, 80)->action, SNITCH_DROP);
	assert_int_equal(row_to(&rows, 80)->sent, 0);
}

/* It has got another's connection and sent nothing: no row, of which a rule could be made. */
static void test_passed(void **state)
{
	struct observing *o = *state;
	struct rows rows;

	tell_flagged(o, 0, 443, SNITCH_F_PASSED);
	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_RULE, 0xcd);
	tell_flow(o, 0, 80);
	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_RULE, 0xce);
	listen_to(o);
	rows = read_rows(&o->d.core);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.row[0].port, 80);
	assert_int_equal(rows.row[0].rule, 0xce);
}

static void tell_strangers(struct observing *o, uint64_t id, unsigned int n)
{
	struct fake_image stranger = curl;

	for (stranger.id = id; stranger.id < id + n; stranger.id++)
		assert_int_equal(fake_owner_add(o->fake, &stranger), 0);
}

/* The kernel tells of an ancestor again only when it has told of 32 others since. */
static void test_ancestors(void **state)
{
	static const struct fake_image make = {
		.id = 2, .pid = 50, .uid = 1000, .exe = "/usr/bin/make", .comm = "make",
	};
	struct fake_image child = curl;
	struct observing *o = *state;
	struct rows rows;

	assert_int_equal(fake_owner_add(o->fake, &make), 0);
	tell_strangers(o, 100, 40);
	assert_int_equal(fake_owner_add(o->fake, &make), 0);
	tell_strangers(o, 200, 31);
	child.id = o->owner = 3;
	child.parent = make.id;
	assert_int_equal(fake_owner_add(o->fake, &child), 0);
	tell_flow(o, 0, 443);
	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_RULE, 0xcd);
	listen_to(o);
	rows = read_rows(&o->d.core);
	assert_int_equal(rows.n, 1);
	assert_string_equal(rows.parents[0], make.exe);
}

static void test_inbound(void **state)
{
	struct observing *o = *state;
	struct rows rows;

	tell_flow(o, 0, 40000);
	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_INBOUND, 12);
	tell_ended(o, 40000, 50000);
	listen_to(o);
	rows = read_rows(&o->d.core);
	assert_int_equal(rows.n, 1);
	assert_true(rows.row[0].inbound);
	assert_int_equal(rows.row[0].port, 50000);	/* ours */
	assert_int_equal(rows.row[0].rule, 0);
	assert_int_equal(rows.row[0].sent, 300);
}

/* DECIDED without its FLOW, an owner nobody told of, LOST: nothing wrong is kept. */
static void test_gaps(void **state)
{
	struct observing *o = *state;
	struct snitch_lost lost = {
		.hdr = { .size = sizeof(lost), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_LOST },
		.events = 5,
	};

	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_RULE, 1);
	tell_flow(o, 0, 443);
	assert_int_equal(fake_send(o->fake, &lost, sizeof(lost)), 0);
	tell_decided(o, 0, SNITCH_ALLOW, SNITCH_BY_RULE, 1);
	listen_to(o);
	assert_int_equal(read_rows(&o->d.core).n, 0);
	assert_int_equal(history_missed(&o->d), 5);
}

/* ---- settings, sandbox ---- */

static void test_settings(void **state)
{
	static const struct { const char *key, *value; } bad[] = {
		{ "history", "yes" }, { "history", "" }, { "history-rows", "0" },
		{ "history-rows", "-1" }, { "history-rows", "10x" }, { "history-rows", "" },
		{ "history-rows", "99999999999999999999" }, { "history-mib", "100000" },
		{ "history-days", " 1" }, { "history-what", "1" }, { "historyrows", "1" },
	};
	struct history_wish wish = HISTORY_WISH_USUAL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(history_setting(&wish, bad[i].key, bad[i].value), -EINVAL);
	assert_true(wish.all);
	assert_int_equal(history_setting(&wish, "history", "asked"), 0);
	assert_false(wish.all || wish.off);
	assert_int_equal(history_setting(&wish, "history", "off"), 0);
	assert_true(wish.off);
	assert_int_equal(history_setting(&wish, "history-rows", "1234"), 0);
	assert_int_equal(history_setting(&wish, "history-mib", "3"), 0);
	assert_int_equal(history_setting(&wish, "history-days", "7"), 0);
	assert_int_equal(wish.limits.rows, 1234);
	assert_int_equal(wish.limits.bytes, 3 << 20);
	assert_int_equal(wish.limits.days, 7);
}

/* A whole life of a store, threads included, with the system calls that the daemon leaves itself. */
static void test_sandbox(void **state)
{
	struct lab *lab = *state;
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct history_limits small = { .rows = 2000 };
		struct history_flow f = {
			.program = "/bin/x", .script = "", .parents = "", .app = "", .name = "",
			.action = SNITCH_ALLOW, .last = time(NULL),
		};
		struct history *h;
		char folder[128];
		int i;

		snprintf(folder, sizeof(folder), "%s/var/lib", lab->root);
		if (sandbox_syscalls() || history_open(folder, &small, &h))
			_exit(2);
		for (i = 0; i < 20000; i++) {
			memcpy(f.address, &i, sizeof(i));
			if (history_add(h, &f) && history_flush(h))
				_exit(3);
		}
		history_close(h);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts, setup_history, teardown_history),
		cmocka_unit_test_setup_teardown(test_answer, setup_history, teardown_history),
		cmocka_unit_test_setup_teardown(test_odd_owner, setup_history, teardown_history),
		cmocka_unit_test_setup_teardown(test_app, setup_history, teardown_history),
		cmocka_unit_test_setup_teardown(test_list_hits, setup_history, teardown_history),
		cmocka_unit_test_setup_teardown(test_flood, setup_history, teardown_history),
		cmocka_unit_test_setup_teardown(test_observed, setup_observer, teardown_observer),
		cmocka_unit_test_setup_teardown(test_ancestors, setup_observer, teardown_observer),
		cmocka_unit_test_setup_teardown(test_passed, setup_observer, teardown_observer),
		cmocka_unit_test_setup_teardown(test_inbound, setup_observer, teardown_observer),
		cmocka_unit_test_setup_teardown(test_gaps, setup_observer, teardown_observer),
		cmocka_unit_test(test_settings),
		cmocka_unit_test_setup_teardown(test_sandbox, setup, teardown),
	};

	return cmocka_run_group_tests_name("daemon: history", tests, NULL, NULL);
}
