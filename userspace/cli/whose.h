/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a flow is, by owner id, for flows and monitor, asked of the kernel as an observer. It must
 * never need the daemon, and never fail a command: what it cannot learn is not known. What control
 * groups say is told as the claim that it is here: nobody has looked at the files.
 */
#ifndef SNITCH_CLI_WHOSE_H
#define SNITCH_CLI_WHOSE_H

#include <stdint.h>

#include <jansson.h>

#include "../lib/snitch.h"
#include "../util/idmap.h"

#define WHOSE_MAX	4096	/* remembered; then all are forgotten */
#define WHOSE_WAIT_MS	1000	/* for the kernel's answer */
#define WHOSE_PARENTS	8

/**
 * struct whose - zeroed: knows nothing, asks nobody
 * @dev: NULL: no more questions
 * @known: by id, struct whose_owner
 * @answered: the owner that the kernel told of last
 */
struct whose {
	struct snitch_device *dev;
	struct idmap known;
	uint64_t answered;
};

void whose_open(struct whose *w);
void whose_close(struct whose *w);

/**
 * whose_set - what is known, under the keys of a question
 * @obj: gets exe, script, loginuid, unit, flatpak, snap, snap_app, container, flags and parents
 *	(paths); those that are not known are left out, exe is null then
 */
void whose_set(struct whose *w, json_t *obj, uint64_t owner);

/** whose_text - "/usr/bin/curl, unit x.service, script /x (claimed)"; for free(), "": not known */
char *whose_text(struct whose *w, uint64_t owner);

#endif
