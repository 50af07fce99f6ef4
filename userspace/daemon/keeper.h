/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the lists: reads them when their files change, takes in what was fetched or handed over
 * after a look at it, writes what the fetcher is to do. All of it in small steps, as files may be
 * big and the daemon must not wait. It never touches the administrator's folder, nor the network.
 */
#ifndef SNITCH_DAEMON_KEEPER_H
#define SNITCH_DAEMON_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "../lists/lists.h"

#define KEEPER_STEP		(512U << 10)	/* bytes read in one step */
#define KEEPER_EVERY		(24 * 3600U)	/* seconds between fetches, unless told otherwise */
#define KEEPER_EVERY_MIN	3600U
#define KEEPER_WAITERS_MAX	32

struct keeper;
struct rulebook;

/*
 * Called when a change is in force, or has failed: @error is then a sentence, else NULL. Also when
 * the keeper ends.
 */
typedef void (*keeper_done)(void *ctx, const char *error);

/* What a list is to be; what is not told stays as it is. */
struct keeper_wish {
	const char *name;
	const char *url;	/* NULL: not told; "": none */
	const char *kind;	/* NULL: not told */
	uint64_t every;		/* seconds; 0: not told */
	int enabled;		/* -1: not told */
	int data;		/* file that cannot change any more; -1: none; taken */
};

/*
 * @rb has to live as long. @root "" for none. @only_read: nothing is fetched nor written. Return: 0
 * or -ENOMEM.
 */
int keeper_new(struct keeper **out, const char *root, struct rulebook *rb, bool only_read);
void keeper_free(struct keeper *k);

/* Folders to watch; @i from 0 until NULL. */
const char *keeper_folder(unsigned int i);

/* Files may have changed, results may have come. */
void keeper_look(struct keeper *k);

/*
 * Does a little of what is to be done. Return: 1: there is more; 0: all is done. @changed is set
 * where rules see other lists than before.
 */
int keeper_step(struct keeper *k, bool *changed);

/* Why the folders as a whole cannot be read, "" when they can. */
const char *keeper_problem(const struct keeper *k);

/*
 * Changes. Each returns 0 and calls @done later; or an errno with a sentence in @error: -EINVAL,
 * -ENOENT, -EPERM (the administrator's list), -EBUSY, or what writing said: @done is not called.
 */
int keeper_set(struct keeper *k, const struct keeper_wish *wish, keeper_done done, void *ctx,
	       char *error, size_t size);
int keeper_remove(struct keeper *k, const char *name, keeper_done done, void *ctx, char *error,
		  size_t size);
/* Adds an exception to a list, or takes it away. */
int keeper_except(struct keeper *k, const char *name, const char *entry, bool remove,
		  keeper_done done, void *ctx, char *error, size_t size);
/* Has a list fetched now; "" for all. @done does not wait for that: it takes its time. */
int keeper_update(struct keeper *k, const char *name, keeper_done done, void *ctx, char *error,
		  size_t size);

#endif
