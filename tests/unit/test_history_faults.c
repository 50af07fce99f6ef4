// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The history store when things go wrong: files that are broken or somebody else's, disks that are
 * full, a process that is killed in the middle. It must never lose what was written before, nor
 * stop its caller.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "history/schema.h"
#include "history-lab.h"

static void add_and_close(struct lab *lab)
{
	struct history_flow f = flow_to(lab, "192.0.2.1");

	history_add(lab->h, &f);
	history_close(lab->h);
	lab->h = NULL;
}

/* What somebody does to the closed file with another program. */
static void sql(struct lab *lab, const char *text)
{
	char path[256];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/" HISTORY_FILE, lab->root);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void works_as_new(struct lab *lab, int aside)
{
	struct history_flow f = flow_to(lab, "192.0.2.2");
	char name[64];

	snprintf(name, sizeof(name), HISTORY_FILE ".broken-%d", aside);
	assert_true(lab_size(lab, name) > 0);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 0);
	history_add(lab->h, &f);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 1);
	assert_int_equal(history_lost(lab->h), 0);
}

static void test_garbage(void **state)
{
	struct lab *lab = *state;
	int i;

	for (i = 1; i <= 7; i++) {
		history_close(lab->h);
		lab->h = NULL;
		lab_write(lab->root, "/" HISTORY_FILE, "this is no database, whatever it is\n");
		lab_open(lab, (struct history_limits){ 0 });
		works_as_new(lab, i < 5 ? i : 5);
	}
	assert_int_equal(lab_size(lab, HISTORY_FILE ".broken-6"), -1);
}

static void test_somebody_elses(void **state)
{
	struct lab *lab = *state;

	add_and_close(lab);
	lab_unlink(lab->root, "/" HISTORY_FILE);
	sql(lab, "CREATE TABLE flow(x); INSERT INTO flow VALUES('precious')");
	lab_open(lab, (struct history_limits){ 0 });
	works_as_new(lab, 1);
}

static void test_later_version(void **state)
{
	struct lab *lab = *state;

	add_and_close(lab);
	sql(lab, "PRAGMA user_version = 99");
	lab_open(lab, (struct history_limits){ 0 });
	works_as_new(lab, 1);
}

static void test_earlier_version(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct idmap uses = { 0 };

	add_and_close(lab);
	sql(lab, "DROP TABLE rule; PRAGMA user_version = 1");
	lab_open(lab, (struct history_limits){ 0 });
	assert_int_equal(lab_size(lab, HISTORY_FILE ".broken-1"), -1);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 1);
	f.rule = 5;
	f.app = "unit x.service";
	history_add(lab->h, &f);
	assert_int_equal(history_uses(lab->h, &uses), 0);
	assert_int_equal(uses.used, 1);
	history_uses_free(&uses);
}

/* As the second version had it, with a row: nothing is lost, and new rows have what it had not. */
static void test_second_version(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct lab_rows rows;
	char text[512];

	add_and_close(lab);
	lab_unlink(lab->root, "/" HISTORY_FILE);
	sql(lab, history_steps[0]);
	sql(lab, history_steps[1]);
	snprintf(text, sizeof(text),
		 "PRAGMA application_id = %d; PRAGMA user_version = 2;"
		 "INSERT INTO program VALUES(7, '/usr/bin/old', '', '/bin/sh', 0, 1, 2, 3);"
		 "INSERT INTO flow VALUES(1, 7, 1000, 1000, 2, 6, 443, zeroblob(16), '', 0, 1, 3, 0,"
		 " %lld, %lld, %lld, 5, 0, 0)", HISTORY_APPLICATION,
		 (long long)lab->now / LAB_DAY, (long long)lab->now, (long long)lab->now);
	sql(lab, text);
	lab_open(lab, (struct history_limits){ 0 });
	rows = lab_read(lab, LAB_ALL);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.count, 5);
	assert_string_equal(rows.program, "/usr/bin/old");
	assert_string_equal(rows.parents, "/bin/sh");
	assert_string_equal(rows.app, "");
	f.app = "unit a.service";
	history_add(lab->h, &f);
	f.app = "unit b.service";
	history_add(lab->h, &f);
	f.last -= 10;
	f.count = 2;
	history_add(lab->h, &f);
	assert_int_equal(history_flush(lab->h), 0);
	rows = lab_read(lab, LAB_ALL);
	assert_int_equal(rows.n, 3);
	assert_int_equal(rows.count, 5 + 1 + 3);
	assert_int_equal(lab_size(lab, HISTORY_FILE ".broken-1"), -1);
}

/* The tables are not what they should be: noticed at the first use. */
static void test_missing_table(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");

	add_and_close(lab);
	sql(lab, "DROP TABLE keeper");
	lab_open(lab, (struct history_limits){ 0 });
	history_add(lab->h, &f);
	assert_true(history_flush(lab->h) < 0);
	assert_int_equal(history_lost(lab->h), 1);
	assert_true(lab_size(lab, HISTORY_FILE ".broken-1") > 0);
	history_add(lab->h, &f);
	assert_int_equal(history_flush(lab->h), 0);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 1);
}

/* Pages overwritten while it is open, found when they are read. */
static void test_damage(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	struct history_filter all = LAB_ALL;
	struct history_place place = { 0 };
	struct lab_rows rows = { 0 };
	char path[256], junk[4096];
	FILE *file;
	int i, r = 0;

	for (i = 1; i <= 5000; i++) {
		f.port = (uint16_t)i;
		if (history_add(lab->h, &f))
			history_flush(lab->h);
	}
	add_and_close(lab);
	memset(junk, 0xa5, sizeof(junk));
	snprintf(path, sizeof(path), "%s/" HISTORY_FILE, lab->root);
	file = fopen(path, "r+");
	assert_non_null(file);
	for (i = 4; i < 40; i++) {
		fseek(file, i * 4096L, SEEK_SET);
		assert_int_equal(fwrite(junk, sizeof(junk), 1, file), 1);
	}
	fclose(file);
	lab_open(lab, (struct history_limits){ 0 });
	do {
		r = history_read(lab->h, &all, &place, 100, lab_row, &rows);
	} while (r > 0);
	if (!r)	/* it was found at opening */
		assert_int_equal(rows.n, 0);
	works_as_new(lab, 1);
}

static void test_link(void **state)
{
	struct lab *lab = *state;
	char path[256], target[256];

	add_and_close(lab);
	lab_unlink(lab->root, "/" HISTORY_FILE);
	snprintf(path, sizeof(path), "%s/" HISTORY_FILE, lab->root);
	snprintf(target, sizeof(target), "%s/elsewhere", lab->root);
	lab_write(lab->root, "/elsewhere", "");
	assert_int_equal(symlink(target, path), 0);
	lab_open(lab, (struct history_limits){ 0 });
	add_and_close(lab);
	assert_int_equal(lab_size(lab, "elsewhere"), 0);
}

/* A quota as a disk that is full: nothing of a batch is there, then all goes on. */
static void test_full_disk(void **state)
{
	struct rlimit small = { .rlim_cur = 256 << 10 }, before;
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	unsigned int good = 0, n;
	int i, r = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (i = 1; i <= 60000 && !r; i++) {
		f.port = (uint16_t)i;
		if (!history_add(lab->h, &f))
			continue;
		r = history_flush(lab->h);
		good += r ? 0 : HISTORY_BATCH;
	}
	assert_true(r < 0);
	assert_true(good > 0);
	assert_int_equal(history_lost(lab->h), HISTORY_BATCH);
	n = lab_read(lab, LAB_ALL).n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(n, good);
	f.port++;
	history_add(lab->h, &f);
	assert_int_equal(history_flush(lab->h), 0);
	assert_int_equal(lab_read(lab, LAB_ALL).n, good + 1);
	assert_int_equal(lab_size(lab, HISTORY_FILE ".broken-1"), -1);
}

static void test_no_folder(void **state)
{
	struct history_limits usual = { 0 };
	struct history *h = NULL;

	(void)state;
	assert_int_equal(history_open("/nonexistent/folder", &usual, &h), -EACCES);
	assert_null(h);
}

/* Somebody holds the file for a while: what is gathered stays, and is written later. */
static void test_busy(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	char path[256];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/" HISTORY_FILE, lab->root);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	history_add(lab->h, &f);
	assert_int_equal(history_flush(lab->h), -EBUSY);
	assert_true(history_dirty(lab->h));
	sqlite3_close(db);
	assert_int_equal(history_flush(lab->h), 0);
	assert_int_equal(lab_read(lab, LAB_ALL).n, 1);
}

/* Writes for ever, telling after each batch how many there were. */
static void write_loop(struct lab *lab, int fd)
{
	struct history_flow f = flow_to(lab, "192.0.2.1");
	uint32_t batches = 0, i;

	for (;;) {
		for (i = 0; i < 100; i++) {
			uint32_t address = batches * 100 + i;

			memcpy(f.address, &address, 4);
			history_add(lab->h, &f);
		}
		if (history_flush(lab->h))
			_exit(1);
		batches++;
		if (write(fd, &batches, sizeof(batches)) != sizeof(batches))
			_exit(1);
	}
}

/* Killed at any moment: whole batches, at least those that were told. */
static void test_killed(void **state)
{
	struct lab *lab = *state;
	uint32_t base = 0, told, batches;
	int round, fds[2], status;
	pid_t pid;

	for (round = 0; round < 12; round++) {
		history_close(lab->h);
		lab->h = NULL;
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			struct history_limits usual = { 0 };

			lab->now += round;	/* other rows than before */
			if (history_open(lab->root, &usual, &lab->h))
				_exit(1);
			lab->now += (int64_t)round * LAB_DAY;
			write_loop(lab, fds[1]);
		}
		close(fds[1]);
		for (told = 0; told < 3 + (uint32_t)round * 2;)
			assert_int_equal(read(fds[0], &told, sizeof(told)), sizeof(told));
		usleep(137 * (useconds_t)round);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		while (read(fds[0], &batches, sizeof(batches)) == sizeof(batches))
			told = batches;
		close(fds[0]);
		lab_open(lab, (struct history_limits){ 0 });
		batches = lab_read(lab, LAB_ALL).n;
		assert_int_equal(batches % 100, 0);
		assert_in_range(batches / 100 - base, told, told + 1);
		base = batches / 100;
		assert_int_equal(lab_size(lab, HISTORY_FILE ".broken-1"), -1);
	}
}

/* The log is copied back by the thread: it stays small however long this runs. */
static void test_log_stays_small(void **state)
{
	struct lab *lab = *state;
	struct history_flow f = flow_to(lab, "192.0.2.1");
	off_t most = 0, size;
	uint32_t i;

	for (i = 0; i < 40000; i++) {
		uint32_t address = i % 5000;

		memcpy(f.address, &address, 4);
		if (!history_add(lab->h, &f))
			continue;
		assert_int_equal(history_flush(lab->h), 0);
		usleep(2000);	/* as the daemon's pace leaves time */
		size = lab_size(lab, HISTORY_FILE "-wal");
		most = size > most ? size : most;
	}
	assert_in_range(most, 4096, 16 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_somebody_elses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_later_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_earlier_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_stays_small, setup, teardown),
	};

	return cmocka_run_group_tests_name("history faults", tests, NULL, NULL);
}
