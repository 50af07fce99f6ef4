// SPDX-License-Identifier: GPL-2.0-or-later
/* What systemd-resolved tells goes to the memory of names. It must never decide anything. */
#include <errno.h>
#include <string.h>

#include "../util/log.h"
#include "../util/timespan.h"
#include "daemon.h"
#include "resolved.h"

static bool on_text(void *ctx, const char *text, size_t len)
{
	struct daemon *d = ctx;

	if (rulebook_take_resolved(d->core.rules, text, len, snitch_boottime()) != -EPERM)
		return true;
	log_msg(LOG_INFO, "systemd-resolved does not let us know what is looked up by it");
	return false;
}

int monitor_start(struct daemon *d)
{
	d->resolved = resolved_new(d->event, d->opt.root, on_text, d);
	if (!d->resolved)
		return -ENOMEM;
	monitor_again(d);
	return 0;
}

void monitor_again(struct daemon *d)
{
	bool before = d->resolved && resolved_connected(d->resolved);
	int r = d->resolved ? resolved_connect(d->resolved) : 0;

	if (!r && d->resolved && !before)
		log_msg(LOG_INFO, "lookups by systemd-resolved are shown as claims");
	else if (r && r != -ENOENT)
		log_msg(LOG_DEBUG, "cannot ask systemd-resolved what is looked up by it: %s", strerror(-r));
}

void monitor_stop(struct daemon *d)
{
	resolved_free(d->resolved);
	d->resolved = NULL;
}
