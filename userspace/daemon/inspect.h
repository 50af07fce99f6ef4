/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking into executables, outside of the daemon: a file of somebody's own file system can make
 * its reader wait for ever. A small process, started before the daemon has anything worth keeping,
 * gives each file to a child with a time limit. It never decides what a finding means.
 */
#ifndef SNITCH_DAEMON_INSPECT_H
#define SNITCH_DAEMON_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "../policy/known.h"

struct inspector;

/**
 * struct inspect_finding - what there is to say of a file
 * @id: as asked
 * @error: 0, or a negative errno: then nothing below is filled in
 * @file: what was read
 * @sha256: of its contents
 * @at_path: this very file is at the path
 * @vouched: it is what @package brought, and nobody but root could have changed it
 */
struct inspect_finding {
	uint64_t id;
	int32_t error;
	bool at_path;
	bool vouched;
	struct known_file file;
	uint8_t sha256[KNOWN_SHA256];
	char package[128];
	char version[128];
};

/**
 * inspector_start() - the process; call it before there are descriptors that it must not hold
 * @out: end with inspector_stop()
 * @root: prefix of all folders
 * @filter: system calls it does not need end it
 *
 * Return: 0 or a negative errno.
 */
int inspector_start(struct inspector **out, const char *root, bool filter);
void inspector_stop(struct inspector *inspector);

/* To poll for reading. */
int inspector_fd(const struct inspector *inspector);

/*
 * Asks about the file @fd (-1: whatever is at @path). Return: 0: a finding will come, within
 * half a minute; -EAGAIN: too much is asked; or why not.
 */
int inspector_ask(struct inspector *inspector, uint64_t id, const char *path, int fd);

/* Takes a finding. Return: 0, -EAGAIN, or -ESHUTDOWN: there is no inspector any more. */
int inspector_read(struct inspector *inspector, struct inspect_finding *finding);

/* ---- inspect-worker.c ------------------------------------------------------------------ */

/* Fills in @finding but its id. It may wait as long as a file system likes. */
void inspect_file(const char *root, const char *path, int fd, struct inspect_finding *finding);

#endif
