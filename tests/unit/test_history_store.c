// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The history store: what goes in comes out, one row for what is alike, and the bounds hold. It
 * must never need the daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "history-lab.h"

static void test_round_trip(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct lab_rows rows;

	f.program = "/opt/\xff\n\x1b[2J x";
	f.name = "www.example.org";
	f.action = SNITCH_DROP;
	f.origin = SNITCH_BY_RULE;
	f.rule = 0xfedcba9876543210ULL;
	f.flags = HISTORY_F_ODD;
	f.inbound = true;
	f.count = 3;
	f.uid = f.belongs = 0xfffffffe;
	assert_false(history_add(lab->h, &f));
	assert_true(history_dirty(lab->h));
	rows = lab_read(lab, LAB_ALL);
	assert_false(history_dirty(lab->h));
	assert_int_equal(rows.n, 1);
	assert_string_equal(rows.program, f.program);
	assert_string_equal(rows.parents, f.parents);
	assert_string_equal(rows.name, f.name);
	assert_int_equal(rows.last.rule, f.rule);
	assert_int_equal(rows.last.action, SNITCH_DROP);
	assert_int_equal(rows.last.origin, SNITCH_BY_RULE);
	assert_int_equal(rows.last.flags, HISTORY_F_ODD);
	assert_int_equal(rows.last.inbound, true);
	assert_int_equal(rows.last.count, 3);
	assert_int_equal(rows.last.uid, 0xfffffffe);
	assert_int_equal(rows.last.port, 443);
	assert_int_equal(rows.last.ino, 2);
	assert_int_equal(rows.last.first, lab->now);
	assert_memory_equal(rows.last.address, f.address, 16);
	lab_open(lab, (struct history_limits){ 0 });
	assert_int_equal(lab_read(lab, LAB_ALL).count, 3);
}

/* In one batch and over several: one row a day, whose times span. */
static void test_alike_is_one_row(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	int64_t noon = lab->now / LAB_DAY * LAB_DAY - LAB_DAY / 2;
	struct lab_rows rows;
	int i;

	for (i = 0; i < 10; i++) {
		f.last = noon + i;
		history_add(lab->h, &f);
		if (i % 3 == 0)
			assert_int_equal(history_flush(lab->h), 0);
	}
	rows = lab_read(lab, LAB_ALL);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.count, 10);
	assert_int_equal(rows.last.first, noon);
	assert_int_equal(rows.last.last, noon + 9);
	f.last = noon + LAB_DAY;
	history_add(lab->h, &f);
	f.action = SNITCH_DENY;
	history_add(lab->h, &f);
	f.parents = "";
	history_add(lab->h, &f);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 4);
}

static void test_bytes(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1"), other = flow_to(lab, "192.0.2.2");
	struct lab_rows rows;

	f.sent = 100;
	f.received = 7;
	history_bytes(lab->h, &f);	/* before there is a row: in the same batch it counts */
	f.sent = f.received = 0;
	history_add(lab->h, &f);
	f.action = SNITCH_DENY;
	history_add(lab->h, &f);
	assert_int_equal(history_flush(lab->h), 0);
	other.sent = 5;
	history_bytes(lab->h, &other);	/* of nothing that is known */
	f.sent = 11;
	f.last += LAB_DAY;	/* it ended a day later */
	history_bytes(lab->h, &f);
	rows = lab_read(lab, (struct history_filter){ .uid = HISTORY_ANY_UID,
		.belongs = HISTORY_ANY_UID, .actions = 1U << SNITCH_ALLOW });
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.last.sent, 111);
	assert_int_equal(rows.last.received, 7);
	assert_int_equal(rows.last.count, 1);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 2);
}

static void test_filters(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct history_filter only = LAB_ALL;

	history_add(lab->h, &f);
	f.program = "/opt/curl";
	f.uid = f.belongs = 1001;
	f.action = SNITCH_DENY;
	f.last -= 100;
	history_add(lab->h, &f);
	f.program = "/usr/bin/wget";
	f.uid = 2000000;	/* in a user namespace of 1001 */
	f.action = SNITCH_DROP;
	f.last -= 100;
	history_add(lab->h, &f);
	assert_int_equal(lab_read(lab, only).n, 3);
	only.program = "curl";
	assert_int_equal(lab_read(lab, only).n, 2);
	only.program = "/opt/curl";
	assert_int_equal(lab_read(lab, only).n, 1);
	only.program = "url";
	assert_int_equal(lab_read(lab, only).n, 0);
	only = LAB_ALL;
	only.belongs = 1001;
	assert_int_equal(lab_read(lab, only).n, 2);
	only.uid = 1001;
	assert_int_equal(lab_read(lab, only).n, 1);
	only = LAB_ALL;
	only.actions = 1U << SNITCH_DENY | 1U << SNITCH_DROP;
	assert_int_equal(lab_read(lab, only).n, 2);
	only = LAB_ALL;
	only.since = lab->now - 150;
	assert_int_equal(lab_read(lab, only).n, 2);
	only.until = lab->now - 50;
	assert_int_equal(lab_read(lab, only).n, 1);
}

static void fill(struct lab *lab, unsigned int n, uint32_t uid, int64_t first)
{
	struct history_flow f = flow_to(lab, "10.0.0.0");
	unsigned int i;

	f.uid = f.belongs = uid;
	for (i = 0; i < n; i++) {
		uint32_t address = htonl(0x0a000000 + i);

		memcpy(f.address, &address, 4);
		f.last = first + i;
		if (history_add(lab->h, &f))
			assert_int_equal(history_flush(lab->h), 0);
	}
	assert_int_equal(history_flush(lab->h), 0);
}

/* Pages, the newest first, none twice, none left out, also where many rows have one time. */
static void test_pages(void **state)
{
	struct lab *lab = *state;
	struct history_filter all = LAB_ALL, none = LAB_ALL;
	struct history_place place = { 0 };
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct lab_rows rows = { 0 };
	int r, calls = 0;
	int64_t before = INT64_MAX;

	fill(lab, 5000, 1000, lab->now - 10000);
	for (f.port = 1; f.port <= 200; f.port++)
		history_add(lab->h, &f);
	do {
		r = history_read(lab->h, &all, &place, 77, lab_row, &rows);
		assert_true(rows.last.last <= before);
		before = rows.last.last;
		calls++;
	} while (r > 0);
	assert_int_equal(r, 0);
	assert_int_equal(rows.n, 5200);
	assert_int_equal(calls, 5200 / 77 + 1);
	/* a filter that nothing passes: still a bounded look at a time */
	none.program = "nobody";
	memset(&place, 0, sizeof(place));
	for (calls = 1; (r = history_read(lab->h, &none, &place, 77, lab_row, &rows)) > 0; calls++)
		;
	assert_int_equal(r, 0);
	assert_int_equal(calls, 5200 / HISTORY_SCAN + 1);
	assert_int_equal(rows.n, 5200);
}

static void test_bound_of_rows(void **state)
{
	struct lab *lab = *state;
	struct lab_rows rows;

	lab_open(lab, (struct history_limits){ .rows = 1000 });
	fill(lab, 3000, 1000, lab->now - 3000);
	rows = lab_read(lab, LAB_ALL);
	assert_int_equal(rows.n, 1000);
	assert_int_equal(rows.last.last, lab->now - 1000);	/* the oldest have gone */
}

/* One user's flood leaves the other's rows alone, although those are older. */
static void test_bound_of_a_user(void **state)
{
	struct lab *lab = *state;
	struct history_filter other = LAB_ALL;

	lab_open(lab, (struct history_limits){ .rows = 1000 });
	fill(lab, 400, 1001, lab->now - 50000);
	fill(lab, 3000, 1000, lab->now - 3000);
	other.belongs = 1001;
	assert_int_equal(lab_read(lab, other).n, 400);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 1000);
}

static void test_bound_of_age(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");

	lab_open(lab, (struct history_limits){ .days = 10 });
	f.last = lab->now - 11 * LAB_DAY;
	history_add(lab->h, &f);
	f.last = lab->now - 9 * LAB_DAY;
	history_add(lab->h, &f);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 1);
	assert_int_equal(lab_read(lab, LAB_ALL).last.last, lab->now - 9 * LAB_DAY);
}

static void test_bound_of_bytes(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	char path[3000];
	unsigned int i;

	lab_open(lab, (struct history_limits){ .bytes = HISTORY_BYTES_MIN });
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	f.program = path;
	for (i = 0; i < 4000; i++) {	/* 12 MB of long names */
		snprintf(path + 1, 8, "%06u", i);
		path[7] = 'x';
		f.last = lab->now - 4000 + i;
		if (history_add(lab->h, &f))
			assert_int_equal(history_flush(lab->h), 0);
	}
	assert_int_equal(history_flush(lab->h), 0);
	assert_true(lab_read(lab, LAB_ALL).n > 10);
	history_close(lab->h);
	lab->h = NULL;
	assert_in_range(lab_size(lab, HISTORY_FILE), 1, HISTORY_BYTES_MIN + HISTORY_SLACK);
}

static void test_uses(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct idmap uses = { 0 };
	const struct history_use *use;

	history_add(lab->h, &f);
	f.rule = 0x8000000000000001ULL;
	f.count = 2;
	history_add(lab->h, &f);
	f.port = 80;
	f.last += 5;
	history_add(lab->h, &f);
	assert_int_equal(history_uses(lab->h, &uses), 0);
	assert_int_equal(uses.used, 1);
	use = idmap_get(&uses, f.rule);
	assert_non_null(use);
	assert_int_equal(use->hits, 4);
	assert_int_equal(use->last, lab->now + 5);
	history_uses_free(&uses);
}

/* More than a batch without a write: lost and counted, nothing else. */
static void test_batch_is_bounded(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	unsigned int i;

	for (i = 1; i <= HISTORY_BATCH + 50; i++) {
		f.port = (uint16_t)i;
		assert_int_equal(history_add(lab->h, &f), i >= HISTORY_BATCH);
	}
	assert_int_equal(history_lost(lab->h), 50);
	assert_int_equal(lab_read(lab, LAB_ALL).n, HISTORY_BATCH);
}

static void test_mode_of_the_file(void **state)
{
	struct lab *lab = *state;
	static const char *const names[] = { HISTORY_FILE, HISTORY_FILE "-wal" };
	struct history_flow f = flow_to(lab, "192.0.2.1");
	char path[256];
	struct stat st;
	size_t i;

	history_add(lab->h, &f);
	assert_int_equal(history_flush(lab->h), 0);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", lab->root, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0640);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alike_is_one_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_of_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_of_a_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_of_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_of_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_uses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mode_of_the_file, setup, teardown),
	};

	return cmocka_run_group_tests_name("history store", tests, NULL, NULL);
}
