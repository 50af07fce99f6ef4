/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history in the event loop, and what the configuration says about it.
 */
#ifndef SNITCH_DAEMON_HISTORY_SOURCE_H
#define SNITCH_DAEMON_HISTORY_SOURCE_H

#include "../history/history.h"
#include "../lib/snitch.h"

struct daemon;
struct history_source;

/**
 * struct history_wish - of snitchd.conf
 * @off: no history
 * @all: also what the kernel decides by itself
 */
struct history_wish {
	bool off;
	bool all;
	struct history_limits limits;
};

#define HISTORY_WISH_USUAL	((struct history_wish){ .all = true })
#define HISTORY_WISH_EXPECTED	\
	"\"history = all|asked|off\", \"history-rows = N\", \"history-mib = N\" or \"history-days = N\""

/* A setting of the configuration whose name begins with "history". Return: 0 or -EINVAL. */
int history_setting(struct history_wish *wish, const char *key, const char *value);

/* Opens the store. What fails is told in the log. Return: 0 or -ENOMEM. */
int history_start(struct daemon *d);
void history_stop(struct daemon *d);

/* After each event: is there something to write? */
void history_tick(struct daemon *d);

/* The kernel is there: observes it, where that is wanted; and the opposite. */
void history_watch(struct daemon *d);
void history_unwatch(struct daemon *d);

/* Takes in what the kernel has decided up to now, as is read every tenth of a second at most, and
 * only in idle moments: for who asks what the history has. May end the observation.
 */
void history_catch_up(struct daemon *d);

/* For the observer's connection, with the daemon as context. */
extern const struct snitch_handler history_handler;

/* Decisions that are not in the history for want of time or room. */
uint64_t history_missed(const struct daemon *d);

#endif
