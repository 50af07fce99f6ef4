// SPDX-License-Identifier: GPL-2.0-or-later
/* See app.h. It must never believe that a container is root's below a user's own slice. */
#include "app.h"

#include <stdbool.h>
#include <string.h>

/* One component of the path, as systemd means it: a first "_" keeps names apart from its own. */
static const char *next_part(const char **path, char part[APP_NAME_MAX])
{
	size_t len;

	*path += strspn(*path, "/");
	len = strcspn(*path, "/");
	if (!len)
		return NULL;
	if (len >= APP_NAME_MAX) {
		*path += len;
		part[0] = '\0';
		return part;
	}
	memcpy(part, *path, len);
	part[len] = '\0';
	*path += len;
	return part[0] == '_' ? part + 1 : part;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

/* A part of a part: shorter than the room. */
static void take(char to[APP_NAME_MAX], const char *from, size_t len)
{
	memcpy(to, from, len);
	to[len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes back systemd's \xNN. */
static void unescape(const char *s, size_t len, char out[APP_NAME_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		int high, low;

		if (s[i] == '\\' && len - i > 3 && s[i + 1] == 'x') {
			high = hex_digit(s[i + 2]);
			low = hex_digit(s[i + 3]);
			if (high >= 0 && low >= 0 && (high || low)) {
				out[n++] = (char)(high << 4 | low);
				i += 3;
				continue;
			}
		}
		out[n++] = s[i];
	}
	out[n] = '\0';
}

/* app-flatpak-ID-NUMBER.scope, and flatpak-ID-NUMBER.scope of older ones */
static void read_flatpak(const char *part, struct app_ids *ids)
{
	const char *name = part, *end;

	if (!strncmp(name, "app-", 4))
		name += 4;
	if (strncmp(name, "flatpak-", 8) || !ends_with(name, ".scope"))
		return;
	name += 8;
	end = strrchr(name, '-');
	if (end && end > name)
		unescape(name, end - name, ids->flatpak);
}

/* snap.NAME.APP-UUID.scope, snap.NAME.APP.service */
static void read_snap(const char *part, struct app_ids *ids)
{
	const char *name, *end, *app;

	if (strncmp(part, "snap.", 5) || !(ends_with(part, ".scope") || ends_with(part, ".service")))
		return;
	name = part + 5;
	end = strchr(name, '.');
	if (!end || end == name)
		return;
	take(ids->snap, name, end - name);
	app = end + 1;
	end = strchr(app, '.');		/* before the suffix, or a number in between */
	if (!end)
		return;
	/* 8-4-4-4-12 digits and the sign before them */
	if (ends_with(part, ".scope") && end - app > 37 && end[-37] == '-')
		end -= 37;
	if (end > app)
		take(ids->snap_app, name, end - name);
}

/* 64 digits, with a runtime's name before and ".scope" behind, or by themselves */
static void read_container(const char *part, struct app_ids *ids)
{
	const char *id = strrchr(part, '-');
	size_t n;

	id = id ? id + 1 : part;
	n = strspn(id, "0123456789abcdef");
	if (n != APP_CONTAINER_ID || (id[n] && strcmp(id + n, ".scope")))
		return;
	memcpy(ids->container, id, n);
	ids->container[n] = '\0';
}

void app_ids_of_cgroup(const char *cgroup, struct app_ids *ids)
{
	char room[APP_NAME_MAX];
	bool system = false, users = false, first = true;
	const char *part;

	memset(ids, 0, sizeof(*ids));
	for (; (part = next_part(&cgroup, room)); first = false) {
		if (first) {
			system = !strcmp(part, "system.slice");
			users = !strcmp(part, "user.slice");
		}
		if (system && !ids->unit[0] && !ends_with(part, ".slice"))
			take(ids->unit, part, strlen(part));
		if (!ids->flatpak[0])
			read_flatpak(part, ids);
		if (!ids->snap[0])
			read_snap(part, ids);
		if (!users && !ids->container[0])
			read_container(part, ids);
	}
}

bool app_unit_is(const char *unit, const char *name)
{
	size_t n = strlen(name);

	if (!*unit || !n || strncmp(unit, name, n))
		return false;
	return !unit[n] || !strcmp(unit + n, ".service");
}
