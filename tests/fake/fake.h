/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake /dev/snitch: the kernel's side of the wire on one end of a SEQPACKET
 * socket, with the kernel's own proto.c as judge of what is written to it. It
 * must never be more patient than the kernel: a malformed batch is an error.
 *
 * All functions return 0 (or a count) or a negative errno; none waits unless
 * it says so. Ids are the test's own; nothing is parked, so a flow waits until
 * a verdict or fake_cancel().
 */
#ifndef SNITCH_FAKE_H
#define SNITCH_FAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <linux/snitch.h>

#define FAKE_FLOWS_MAX	16384
#define FAKE_OWNERS_MAX	1024

enum fake_state { FAKE_WAITING, FAKE_HELD, FAKE_ALLOWED, FAKE_REFUSED, FAKE_CANCELLED };

/**
 * struct fake_flow - a flow that was sent
 * @event: as sent
 * @verdict: the last one; hdr.type is 0 before the first
 * @verdicts: how many came, HOLD included
 */
struct fake_flow {
	struct snitch_flow_event event;
	enum fake_state state;
	struct snitch_verdict verdict;
	unsigned int verdicts;
};

/**
 * struct fake_owner - an owner that was sent
 * @msg: the whole message; owned
 * @bind: the last BIND; hdr.type is 0 before the first
 * @cache: the last CACHE; hdr.type is 0 before the first
 * @binds, @caches, @asked: how many BIND, CACHE, GET_OWNER came for it
 */
struct fake_owner {
	struct snitch_owner *msg;
	struct snitch_bind bind;
	struct snitch_cache cache;
	unsigned int binds, caches, asked;
};

/**
 * struct fake_image - what fake_owner_add() needs to know of a process; 0 or NULL: none
 * @exe, @cgroup, @script: NUL-ended
 * @cmd: @cmd_len bytes, NULs between arguments
 * @login: who logged in; 0: @uid did
 * @file: what the executable is; NULL: made up from @exe
 */
struct fake_image {
	uint64_t id, parent;
	uint32_t pid, ppid, uid, login, flags, kernel;
	const char *exe, *cgroup, *script, *cmd, *comm;
	size_t cmd_len;
	const struct stat *file;
};

/**
 * struct fake - the device
 * @fd: the kernel's end
 * @generation: told in WELCOME and in flows; a BIND with another one is stale
 * @greeted: a good HELLO was received
 * @hello: it
 * @late: verdicts for flows that are gone
 * @error: what was wrong with the last bad write, "" if nothing
 */
struct fake {
	int fd;
	uint64_t generation;
	bool greeted;
	struct snitch_hello hello;
	struct fake_flow *flows;
	struct fake_owner *owners;
	unsigned int n_flows, n_owners, late;
	char error[128];
};

/**
 * fake_pair - a fake with a client's end for snitch_device_adopt()
 * @role: what WELCOME says; WELCOME waits in @client at once, so that one
 *	thread can do both ends. fake_receive() checks the HELLO afterwards
 * @client: the caller's
 */
int fake_pair(unsigned int role, struct fake **out, int *client);

/** fake_adopt - a fake on a connected socket (taken); WELCOME follows HELLO in fake_receive() */
int fake_adopt(int fd, struct fake **out);

/** fake_free - close and free; NULL is fine */
void fake_free(struct fake *f);

/** fake_owner_add - send OWNER; resends replace an owner of the same id */
int fake_owner_add(struct fake *f, const struct fake_image *image);

/**
 * fake_flow_init - a flow event with everything filled in that is not said here
 * @to: address, v4 or v6 text. Return: 0 or -EINVAL
 */
int fake_flow_init(struct snitch_flow_event *flow, uint64_t id, uint64_t owner, uint8_t proto,
		   const char *to, uint16_t port);

/** fake_flow_add - send FLOW; @flow->generation 0 means the fake's. -ENOENT: no such owner */
int fake_flow_add(struct fake *f, const struct snitch_flow_event *flow);

/** fake_cancel - send CANCEL for a waiting flow; -ENOENT: none */
int fake_cancel(struct fake *f, uint64_t flow, enum snitch_cancel_why why, unsigned int action);

/** fake_lost - send LOST */
int fake_lost(struct fake *f, uint64_t owners);

/** fake_send - send bytes as they are; nothing is checked */
int fake_send(struct fake *f, const void *buf, size_t len);

/**
 * fake_receive - take everything that was written, do what the kernel would
 *
 * Return: messages taken, -EINVAL or -EPROTO (@error says why), -ESHUTDOWN
 * (the client closed).
 */
int fake_receive(struct fake *f);

/** fake_flow_get - NULL: never sent */
const struct fake_flow *fake_flow_get(const struct fake *f, uint64_t id);

/** fake_owner_get - NULL: never sent */
const struct fake_owner *fake_owner_get(const struct fake *f, uint64_t id);

/* ---- scripts (script.c) ---- */

/**
 * fake_play - do what a script says; the language is in docs/protocol.md
 * @script: an open file; read to its end
 * @name: of the file, for messages
 * @log: where each step is told, or NULL
 *
 * Waits for the time limits that the script gives.
 * Return: 0, or 1 when an expectation failed or a line was wrong (told on
 * stderr with file and line).
 */
int fake_play(struct fake *f, FILE *script, const char *name, FILE *log);

#endif /* SNITCH_FAKE_H */
