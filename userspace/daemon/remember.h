/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decisions on their way into the history: of the mind (core_remember(), see core.h) and of the
 * kernel (history-source.c).
 */
#ifndef SNITCH_DAEMON_REMEMBER_H
#define SNITCH_DAEMON_REMEMBER_H

#include "../history/history.h"
#include "../policy/app.h"
#include "core.h"

/* What the strings of a row may point to. */
struct remember_text {
	char kernel[32];
	char parents[HISTORY_PARENTS_TEXT];
	char app[APP_TEXT];
	char name[DNS_NAME_SIZE];
};

/* A row's program and user; everything else is zero. It lives as long as @owner and @text. */
void remember_owner(const struct core *core, const struct owner *owner, uint32_t uid,
		    struct remember_text *text, struct history_flow *out);

/* The same with the remote. */
void remember_fill(const struct core *core, const struct snitch_flow_event *ev,
		   const struct owner *owner, struct remember_text *text, struct history_flow *out);

/* The store says that it is time to write: does so, unless it was just done. */
void remember_flush(struct core *core);

#endif
