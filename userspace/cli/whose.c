// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose a flow is; see whose.h. */
#include <poll.h>
#include <stdlib.h>

#include "../util/escape.h"
#include "whose.h"

static void forget(struct whose *w)
{
	for (size_t i = 0; i < w->exes.size; i++)
		free(w->exes.slots[i].value);
	idmap_clear(&w->exes);
}

static void on_owner(void *ctx, const struct snitch_owner_info *info)
{
	struct whose *w = ctx;
	uint64_t id = info->wire->hdr.id;
	char *exe;

	w->answered = id;
	if (!info->exe_len || idmap_get(&w->exes, id))
		return;
	if (w->exes.used >= WHOSE_MAX)
		forget(w);
	exe = snitch_escape(info->exe, info->exe_len);
	if (exe && idmap_put(&w->exes, id, exe))
		free(exe);
}

static void on_result(void *ctx, const struct snitch_result *result)
{
	((struct whose *)ctx)->answered = result->hdr.id;
}

static const struct snitch_handler handler = { .owner = on_owner, .result = on_result };

static void stop_asking(struct whose *w)
{
	snitch_device_close(w->dev);
	w->dev = NULL;
}

/* OWNER comes by itself before what is told of a flow; so mostly it is there already. */
static void hear(struct whose *w)
{
	while (w->dev) {
		int n = snitch_device_read(w->dev, &handler, w);

		if (n < 0)
			stop_asking(w);
		if (n <= 0)
			return;
	}
}

static void ask(struct whose *w, uint64_t owner)
{
	struct pollfd fd = { .fd = snitch_device_fd(w->dev), .events = POLLIN };

	w->answered = 0;
	if (snitch_device_get_owner(w->dev, owner) || snitch_device_flush(w->dev)) {
		stop_asking(w);
		return;
	}
	while (w->dev && w->answered != owner && !idmap_get(&w->exes, owner)) {
		if (poll(&fd, 1, WHOSE_WAIT_MS) <= 0)
			return;
		hear(w);
	}
}

const char *whose_exe(struct whose *w, uint64_t owner)
{
	if (!owner)
		return NULL;
	hear(w);
	if (w->dev && !idmap_get(&w->exes, owner))
		ask(w, owner);
	return idmap_get(&w->exes, owner);
}

void whose_open(struct whose *w)
{
	if (snitch_device_open(NULL, SNITCH_ROLE_OBSERVER, 0, &w->dev, NULL))
		w->dev = NULL;
}

void whose_close(struct whose *w)
{
	snitch_device_close(w->dev);
	w->dev = NULL;
	forget(w);
}
