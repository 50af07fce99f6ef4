// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who a row of the history was, by the keys of a question, so that it reads as everywhere else. It
 * must never make a claim sure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/app.h"
#include "../util/cleanup.h"
#include "past.h"

/* Still escaped, as all that is shown. No name has a newline in it. */
static char *join_lines(const json_t *list)
{
	const json_t *entry;
	size_t i, size = 0;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	json_array_foreach(list, i, entry) {
		if (json_is_string(entry))
			fprintf(f, "%s\n", json_string_value(entry));
	}
	fclose(f);
	return out;
}

static void put_text(json_t *who, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(who, key, json_string(text));
}

static void put_claim(json_t *who, const char *key, const char *text, const char *verified,
		      bool sure)
{
	put_text(who, key, text);
	if (*text)
		json_object_set_new(who, verified, json_boolean(sure));
}

/* The history keeps no id of a container; the unit that systemd made for it may have it. */
static void put_container(json_t *who, const struct app_kept *kept)
{
	const struct app *app = &kept->app;
	char path[APP_NAME_MAX + 16];
	json_t *images = json_array();
	struct app_ids ids;
	size_t i;

	snprintf(path, sizeof(path), "/system.slice/%s", app->unit);
	app_ids_of_cgroup(path, &ids);
	if (kept->container || app->n_images || ids.container[0])
		json_object_set_new(who, "container", json_string(ids.container));
	for (i = 0; i < app->n_images; i++)
		json_array_append_new(images, json_string(app->images[i]));
	json_object_set_new(who, "images", images);
}

json_t *past_who(const json_t *row)
{
	_cleanup_free_ char *text = join_lines(json_object_get(row, "app"));
	json_t *who = text ? json_object() : NULL;
	struct app_kept kept;

	if (!who)
		return NULL;
	app_read(text, value_str(row, "script", ""), &kept);
	put_text(who, "unit", kept.app.unit);
	put_claim(who, "flatpak", kept.app.flatpak, "flatpak_verified", kept.app.flatpak_sure);
	put_claim(who, "snap", kept.app.snap, "snap_verified", kept.app.snap_sure);
	put_text(who, "snap_app", kept.app.snap_app);
	put_claim(who, "script", kept.app.script, "script_verified", kept.app.script_sure);
	put_container(who, &kept);
	return who;
}
