/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a flow is: paths of executables by owner id, for flows and monitor, asked of the kernel
 * as an observer. It must never need the daemon, and never fail a command: what it cannot learn
 * is not known.
 */
#ifndef SNITCH_CLI_WHOSE_H
#define SNITCH_CLI_WHOSE_H

#include <stdint.h>

#include "../lib/snitch.h"
#include "../util/idmap.h"

#define WHOSE_MAX	4096	/* remembered; then all are forgotten */
#define WHOSE_WAIT_MS	1000	/* for the kernel's answer */

/**
 * struct whose - zeroed: knows nothing, asks nobody
 * @dev: NULL: no more questions
 * @exes: escaped paths, ours
 * @answered: the owner that the kernel told of last
 */
struct whose {
	struct snitch_device *dev;
	struct idmap exes;
	uint64_t answered;
};

void whose_open(struct whose *w);
void whose_close(struct whose *w);

/** whose_exe - the path, escaped, until the next call; NULL: not known */
const char *whose_exe(struct whose *w, uint64_t owner);

#endif
