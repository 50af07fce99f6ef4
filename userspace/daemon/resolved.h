/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to systemd-resolved's monitor, for lookups that no packet of the asking program's
 * own shows: by nss-resolve or the bus. It speaks Varlink: JSON texts, each with a NUL at its end.
 */
#ifndef SNITCH_DAEMON_RESOLVED_H
#define SNITCH_DAEMON_RESOLVED_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#define RESOLVED_SOCKET	"/run/systemd/resolve/io.systemd.Resolve.Monitor"

struct resolved;

/* A text, not NUL-ended; gone when this returns. Return: false: no more of them are wanted. */
typedef bool (*resolved_text_t)(void *ctx, const char *text, size_t len);

/* @root: prefix of the socket's path. Return: not connected yet; NULL: no memory. */
struct resolved *resolved_new(sd_event *event, const char *root, resolved_text_t take, void *ctx);
void resolved_free(struct resolved *resolved);		/* NULL is fine */

/*
 * Connects and asks to be told, if that is not done already. It never waits. When the other end
 * goes, call it again: there is no timer. Return: 0 or a negative errno.
 */
int resolved_connect(struct resolved *resolved);
bool resolved_connected(const struct resolved *resolved);

/* Hands over what has come by now, in one read, before something is decided by it. Never waits. */
void resolved_catch_up(struct resolved *resolved);

#endif
