/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A history store in a folder of its own, and rows for it.
 */
#ifndef SNITCH_TESTS_HISTORY_LAB_H
#define SNITCH_TESTS_HISTORY_LAB_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>

#include "history/history.h"
#include "util/log.h"
#include "lab.h"

#define LAB_DAY	86400

struct lab {
	char root[LAB_ROOT];
	struct history *h;
	int64_t now;
};

static inline void lab_open(struct lab *lab, struct history_limits limits)
{
	history_close(lab->h);
	lab->h = NULL;
	assert_int_equal(history_open(lab->root, &limits, &lab->h), 0);
}

static inline int setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	log_set_level(-1);
	lab_root(lab->root, NULL, 0);
	lab->now = time(NULL);
	lab_open(lab, (struct history_limits){ 0 });
	*state = lab;
	return 0;
}

static inline int teardown(void **state)
{
	struct lab *lab = *state;

	history_close(lab->h);
	lab_remove(lab->root);
	free(lab);
	return 0;
}

/* curl of uid 1000 to @to port 443, observed. */
static inline struct history_flow flow_to(const struct lab *lab, const char *to)
{
	struct history_flow f = {
		.program = "/usr/bin/curl", .script = "", .parents = "/usr/bin/bash\n/usr/sbin/sshd",
		.app = "", .name = "", .dev = 1, .ino = 2, .ctime = 3, .uid = 1000, .belongs = 1000,
		.family = AF_INET, .proto = IPPROTO_TCP, .port = 443, .action = SNITCH_ALLOW,
		.origin = SNITCH_BY_MODE, .last = lab->now, .count = 1,
	};

	assert_int_equal(inet_pton(AF_INET, to, f.address), 1);
	return f;
}

struct lab_rows {
	unsigned int n;
	uint64_t count;
	struct history_flow last;	/* without its strings */
	char program[4200], parents[1100], app[64], name[300];
};

static inline int lab_row(void *ctx, int64_t id, const struct history_flow *f)
{
	struct lab_rows *rows = ctx;

	(void)id;
	rows->n++;
	rows->count += f->count;
	rows->last = *f;
	snprintf(rows->program, sizeof(rows->program), "%s", f->program);
	snprintf(rows->parents, sizeof(rows->parents), "%s", f->parents);
	snprintf(rows->app, sizeof(rows->app), "%s", f->app);
	snprintf(rows->name, sizeof(rows->name), "%s", f->name);
	return 0;
}

#define LAB_ALL	((struct history_filter){ .uid = HISTORY_ANY_UID, .belongs = HISTORY_ANY_UID })

/* All rows that pass; @rows->last is the oldest. */
static inline struct lab_rows lab_read(struct lab *lab, struct history_filter filter)
{
	struct history_place place = { 0 };
	struct lab_rows rows = { 0 };
	int r;

	do {
		r = history_read(lab->h, &filter, &place, 100, lab_row, &rows);
		assert_true(r >= 0);
	} while (r);
	return rows;
}

static inline off_t lab_size(const struct lab *lab, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", lab->root, name);
	return stat(path, &st) ? -1 : st.st_size;
}

#endif
