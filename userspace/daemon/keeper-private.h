/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the keeper share. No other file may include it.
 */
#ifndef SNITCH_DAEMON_KEEPER_PRIVATE_H
#define SNITCH_DAEMON_KEEPER_PRIVATE_H

#include <nettle/sha2.h>
#include <sys/queue.h>

#include "../lists/spool.h"
#include "keeper.h"
#include "rulebook.h"

/* Somebody who waits until a change is in force. */
struct keeper_waiter {
	keeper_done done;
	void *ctx;
	char error[320];
};

/**
 * struct intake - contents of a list on their way into the store
 * @from, @to: files; @to is beside the list until it is found good
 * @conf: of the list
 * @fetched: it came from the fetcher: it is compared with what was there
 * @waiter: who wants to hear of it, or NULL
 */
struct intake {
	char name[LIST_NAME_MAX + 1];
	int from, to;
	struct list_builder *builder;
	struct sha256_ctx sha;
	uint64_t bytes, synced;
	struct list_conf conf;
	bool fetched;
	struct keeper_waiter *waiter;
	TAILQ_ENTRY(intake) link;
};

/**
 * struct keeper - see keeper.h
 * @store, @jobs, @spool: paths of folders
 * @loading: lists being read, or NULL
 * @look: files are to be looked at; @results: the spool, too
 */
struct keeper {
	char *root, *store, *jobs, *spool;
	struct rulebook *rules;
	struct lists_load *loading;
	bool look, results, only_read;
	TAILQ_HEAD(intakes, intake) intakes;
	struct keeper_waiter *waiters[KEEPER_WAITERS_MAX];
	unsigned int n_waiters;
	char problem[512];
	char buf[65536];
};

/* The conf of a list as it is now; all 0 when there is none. */
void keeper_conf(const struct keeper *k, const char *name, struct list_conf *conf);
/* Takes the files of a list away, the conf last. Return: 0 or a negative errno. */
int keeper_clear(struct keeper *k, const char *name);
int keeper_write_conf(struct keeper *k, const char *name, const struct list_conf *conf);

/* A small file of @folder, NUL-ended. Return: its length, or a negative errno. */
ssize_t keeper_read_small(const char *folder, const char *name, char *buf, size_t size);

/* ---- intake.c ---- */

/* Takes @from. Return: 0 or a negative errno. */
int intake_begin(struct keeper *k, const char *name, const struct list_conf *conf, int from,
		 bool fetched, struct keeper_waiter *waiter);
/* A piece of the first one. */
void intake_step(struct keeper *k);
void intake_free(struct keeper *k, struct intake *in);

/* ---- spool.c ---- */

/* Writes what the fetcher is to do, where that has changed. */
void spool_write_jobs(struct keeper *k);
/* Takes in what the fetcher has left. */
void spool_take_results(struct keeper *k);

#endif
