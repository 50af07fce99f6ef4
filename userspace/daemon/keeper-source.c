// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper of lists in the event loop: it works when nothing else is to be done. It must never
 * keep the loop awake when there is nothing to do.
 */
#include <string.h>

#include "../util/log.h"
#include "daemon.h"
#include "keeper.h"

static void lists_changed(struct daemon *d)
{
	if (!rulebook_names_lists(d->core.rules))
		return;
	log_msg(LOG_INFO, "lists that rules name changed");
	core_lists_changed(&d->core);
	core_rejudge(&d->core);
	agents_tell_rules(d);
}

static int on_idle(sd_event_source *source, void *userdata)
{
	struct daemon *d = userdata;
	bool changed;

	if (!keeper_step(d->keeper, &changed))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (changed)
		lists_changed(d);
	return 0;
}

int lists_start(struct daemon *d)
{
	bool changed;
	int r;

	r = keeper_new(&d->keeper, d->opt.root, d->core.rules, d->opt.replay != NULL);
	if (r)
		return r;
	/* rules name them: they are there before the first policy is */
	while (keeper_step(d->keeper, &changed))
		;
	r = sd_event_add_defer(d->event, &d->keeper_source, on_idle, d);
	if (r >= 0)
		r = sd_event_source_set_priority(d->keeper_source, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->keeper_source, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

void lists_work(struct daemon *d)
{
	if (d->lists_touched)
		keeper_look(d->keeper);
	d->lists_touched = false;
	sd_event_source_set_enabled(d->keeper_source, SD_EVENT_ON);
}

void lists_stop(struct daemon *d)
{
	d->keeper_source = sd_event_source_disable_unref(d->keeper_source);
	keeper_free(d->keeper);
	d->keeper = NULL;
}
