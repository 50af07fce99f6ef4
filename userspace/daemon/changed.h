/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Executables that are being looked into because they are not the files that rules were made for,
 * and the flows that wait for the outcome. A flow that waits is held in the kernel, whose time limit
 * for held flows ends it: it never waits longer than for a person.
 */
#ifndef SNITCH_DAEMON_CHANGED_H
#define SNITCH_DAEMON_CHANGED_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/snitch.h>

#include "../question/owner.h"

#define CHANGED_LOOKS_MAX	64	/* at a time */
#define CHANGED_PATHS_MAX	8	/* of them for paths, where nobody waits */
#define CHANGED_FLOWS_MAX	256

/**
 * struct changed_look - one file that is looked into
 * @id: 0: free
 * @path: of the program; owned
 * @owner: whose executable it is; NULL: the file at the path
 * @own: the inspector got the executable itself
 */
struct changed_look {
	uint64_t id;
	char *path;
	struct owner *owner;
	bool own;
};

struct changed_flow {
	struct snitch_flow_event ev;
	struct owner *owner;
};

/**
 * struct changed - see above
 * @ask: as inspector_ask(); NULL: nobody can look into files
 * @ctx: for it
 * @looked: flows are judged that have waited: once is enough
 */
struct changed {
	int (*ask)(void *ctx, uint64_t id, const char *path, int fd);
	void *ctx;
	uint64_t last_id;
	struct changed_look looks[CHANGED_LOOKS_MAX];
	struct changed_flow flows[CHANGED_FLOWS_MAX];
	unsigned int n_flows;
	bool looked;
};

/* Forgets the flows: the kernel they waited in is gone. */
void changed_clear_flows(struct changed *c);
void changed_done(struct changed *c);

#endif
