// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose a flow is; see whose.h. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../ask/who.h"
#include "../policy/app.h"
#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "cli.h"
#include "whose.h"

/* Strings are escaped, and "" where there is nothing. */
struct whose_owner {
	char *exe, *script, *cgroup;
	uint64_t parent;
	uint32_t flags, loginuid;
};

static void owner_free(struct whose_owner *o)
{
	if (!o)
		return;
	free(o->exe);
	free(o->script);
	free(o->cgroup);
	free(o);
}

static void forget(struct whose *w)
{
	for (size_t i = 0; i < w->known.size; i++)
		owner_free(w->known.slots[i].value);
	idmap_clear(&w->known);
}

static struct whose_owner *owner_new(const struct snitch_owner_info *info)
{
	struct whose_owner *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->exe = snitch_escape(info->exe, info->exe_len);
	o->script = snitch_escape(info->script, info->script_len);
	o->cgroup = snitch_escape(info->cgroup, info->cgroup_len);
	o->parent = info->wire->parent;
	o->flags = info->wire->flags;
	o->loginuid = info->wire->loginuid;
	if (o->exe && o->script && o->cgroup)
		return o;
	owner_free(o);
	return NULL;
}

static void on_owner(void *ctx, const struct snitch_owner_info *info)
{
	struct whose *w = ctx;
	uint64_t id = info->wire->hdr.id;
	struct whose_owner *o;

	w->answered = id;
	if (idmap_get(&w->known, id))
		return;
	if (w->known.used >= WHOSE_MAX)
		forget(w);
	o = owner_new(info);
	if (o && idmap_put(&w->known, id, o))
		owner_free(o);
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
	while (w->dev && w->answered != owner && !idmap_get(&w->known, owner)) {
		if (poll(&fd, 1, WHOSE_WAIT_MS) <= 0)
			return;
		hear(w);
	}
}

static const struct whose_owner *find(struct whose *w, uint64_t owner)
{
	if (!owner)
		return NULL;
	hear(w);
	if (w->dev && !idmap_get(&w->known, owner))
		ask(w, owner);
	return idmap_get(&w->known, owner);
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

/* ---- in words and keys -------------------------------------------------------------------- */

static void set_some(json_t *obj, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(obj, key, json_string(text));
}

static void set_app(json_t *obj, const char *cgroup)
{
	struct app_ids ids;

	app_ids_of_cgroup(cgroup, &ids);
	set_some(obj, "unit", ids.unit);
	set_some(obj, "flatpak", ids.flatpak);
	set_some(obj, "snap", ids.snap);
	set_some(obj, "snap_app", ids.snap_app);
	set_some(obj, "container", ids.container);
}

static void set_flags(json_t *obj, uint32_t flags)
{
	static const struct { uint32_t bit; const char *word; } words[] = {
		{ SNITCH_O_DELETED, "deleted" }, { SNITCH_O_MEMFD, "memfd" },
		{ SNITCH_O_DISGUISED, "disguised" }, { SNITCH_O_UNKNOWN, "unknown" },
		{ SNITCH_O_SERVED, "served" },
	};
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(words); i++)
		if (flags & words[i].bit)
			json_array_append_new(list, json_string(words[i].word));
	json_object_set_new(obj, "flags", list);
}

/* Paths, the nearest first, as far as the kernel still knows. */
static void set_parents(struct whose *w, json_t *obj, uint64_t id)
{
	const struct whose_owner *o;
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < WHOSE_PARENTS && (o = find(w, id)); i++, id = o->parent)
		json_array_append_new(list, json_string(*o->exe ? o->exe : "?"));
	json_object_set_new(obj, "parents", list);
}

/* All but the ancestors. */
static void set_owner(json_t *obj, const struct whose_owner *o)
{
	json_object_set_new(obj, "exe", *o->exe ? json_string(o->exe) : json_null());
	set_some(obj, "script", o->script);
	if (o->loginuid != (uint32_t)-1)
		json_object_set_new(obj, "loginuid", json_integer(o->loginuid));
	set_app(obj, o->cgroup);
	set_flags(obj, o->flags);
}

void whose_set(struct whose *w, json_t *obj, uint64_t owner)
{
	const struct whose_owner *o = find(w, owner);

	if (!o) {
		json_object_set_new(obj, "exe", json_null());
		return;
	}
	set_owner(obj, o);
	/* looking for them may forget @o */
	set_parents(w, obj, o->parent);
}

char *whose_text(struct whose *w, uint64_t owner)
{
	const struct whose_owner *o = find(w, owner);
	_cleanup_free_ char *app = NULL, *script = NULL;
	bool disguised;
	json_t *obj;
	char *text;

	if (!o)
		return strdup("");
	obj = json_object();
	set_owner(obj, o);
	app = who_app(obj);
	script = who_script(obj);
	disguised = o->flags & SNITCH_O_DISGUISED;
	text = snitch_format("%s%s%s%s%s%s", *o->exe ? o->exe : "?", app && *app ? ", " : "",
			     app ? app : "", script && *script ? ", script " : "",
			     script ? script : "", disguised ? ", disguised" : "");
	json_decref(obj);
	return text;
}
