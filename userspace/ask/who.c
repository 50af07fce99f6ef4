// SPDX-License-Identifier: GPL-2.0-or-later
/* Who it is, in words; see who.h. */
#include "who.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/cli.h"
#include "../util/format.h"

#define CONTAINER_SHOWN	12	/* digits of an id, as container tools print it */

static const char *claimed(const json_t *q, const char *key)
{
	return value_bool(q, key) ? "" : " (claimed)";
}

/* The next thing that is said, apart from those before. */
static FILE *next(FILE *f)
{
	if (ftell(f) > 0)
		fputs("; ", f);
	return f;
}

static void add_container(FILE *f, const json_t *q)
{
	const char *id = value_str(q, "container", NULL);
	const char *image = json_string_value(json_array_get(json_object_get(q, "images"), 0));

	if (!id)
		return;
	if (image && *id)
		fprintf(next(f), "container %s (%.*s)", image, CONTAINER_SHOWN, id);
	else if (image || !*id)	/* of the past, whose id was not kept */
		fprintf(next(f), "%s%s", image ? "container " : "a container", image ? image : "");
	else	/* of a user's own runtime nobody knows the image */
		fprintf(next(f), "container %.*s", CONTAINER_SHOWN, id);
}

char *who_app(const json_t *q)
{
	const char *unit = value_str(q, "unit", NULL), *flatpak = value_str(q, "flatpak", NULL);
	const char *snap = value_str(q, "snap_app", value_str(q, "snap", NULL));
	const char *container = value_str(q, "container", "");
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	add_container(f, q);
	if (flatpak)
		fprintf(next(f), "flatpak %s%s", flatpak, claimed(q, "flatpak_verified"));
	if (snap)
		fprintf(next(f), "snap %s%s", snap, claimed(q, "snap_verified"));
	/* a container's own scope says nothing more */
	if (unit && (!*container || !strstr(unit, container)))
		fprintf(next(f), "unit %s", unit);
	fclose(f);
	return out;
}

char *who_script(const json_t *q)
{
	const char *script = value_str(q, "script", NULL);

	if (!script || !*script)
		return strdup("");
	return snitch_format("%s%s", script, claimed(q, "script_verified"));
}

char *who_user(const json_t *q)
{
	const char *user = value_str(q, "user", "?"), *login = value_str(q, "login_user", user);
	bool other = strcmp(user, login);

	return snitch_format("%s%s%s%s, pid %lld", user, other ? " (logged in as " : "",
			     other ? login : "", other ? ")" : "",
			     (long long)value_int(q, "pid", 0));
}
