// SPDX-License-Identifier: GPL-2.0-or-later
/* See identity.h. */
#include "identity.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../policy/known.h"
#include "../util/cleanup.h"
#include "../util/ownpath.h"
#include "../util/served.h"

#define FLATPAK_APPS	"/var/lib/flatpak/app"
#define FLATPAK_FILES	"current/active/files"
#define SCRIPT_LINE	256		/* as much as the kernel looks at */

/* Where to look, and whom to believe: root, or in tests the owner of the folder. */
struct looker {
	int root;
	uid_t owner;
	const char *prefix;
};

static bool is_file(int fd, const struct image *image)
{
	struct known_file here, runs;
	struct stat st;

	if (fstat(fd, &st))
		return false;
	known_file_of_stat(&here, &st);
	known_file_of_owner(&runs, &image->wire);
	return here.dev == runs.dev && here.ino == runs.ino;
}

static bool is_at(const struct looker *l, const char *path, const struct image *image)
{
	_cleanup_close_ int fd = ownpath_open(l->root, l->owner, path);

	return fd >= 0 && is_file(fd, image);
}

/* ---- Flatpak, snap ----------------------------------------------------------------------- */

static bool plain_name(const char *s)
{
	return *s && *s != '.' &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

/* Apps see their files at /app. They lie in the system's folder, behind links that are root's. */
static bool is_flatpak(const struct looker *l, const struct image *image, const char *id)
{
	char path[PATH_MAX], real[PATH_MAX];
	size_t skip = strlen(l->prefix), len;

	if (!plain_name(id) || strncmp(image->exe, "/app/", 5))
		return false;
	snprintf(path, sizeof(path), "%s" FLATPAK_APPS "/%s/" FLATPAK_FILES, l->prefix, id);
	if (!realpath(path, real) || strncmp(real, l->prefix, skip))
		return false;
	len = strlen(real);
	if (len + strlen(image->exe + 4) >= sizeof(real))
		return false;
	strcpy(real + len, image->exe + 4);
	return is_at(l, real + skip, image);
}

static bool is_snap(const struct image *image, const char *name)
{
	const char *at = image->exe;

	if (!strncmp(at, "/var/lib/snapd", 14))
		at += 14;
	return plain_name(name) && !strncmp(at, "/snap/", 6) &&
	       !strncmp(at + 6, name, strlen(name)) && at[6 + strlen(name)] == '/';
}

/* ---- scripts ------------------------------------------------------------------------------ */

/* The interpreter that the first line of a file names, or "". */
static void read_interpreter(int fd, char out[SCRIPT_LINE])
{
	char proc[32], line[SCRIPT_LINE];
	_cleanup_close_ int in = -1;
	const char *at;
	ssize_t n;

	out[0] = '\0';
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	in = open(proc, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	n = in < 0 ? -1 : pread(in, line, sizeof(line) - 1, 0);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return;
	line[n] = '\0';
	at = line + 2 + strspn(line + 2, " \t");
	n = strcspn(at, " \t\n");
	if (!at[n])
		return;		/* cut: not the whole name */
	memcpy(out, at, n);
	out[n] = '\0';
}

/*
 * The kernel tells the path that was executed, not which file that was. It is the one here if its
 * first line names the program that runs, and nobody without root's rights could make the path
 * lead elsewhere: neither by a root folder of their own, for which the interpreter would have
 * another path, nor in a user namespace.
 */
static bool is_script(const struct looker *l, const struct image *image, uint32_t userns)
{
	_cleanup_close_ int fd = -1;
	char named[SCRIPT_LINE], path[PATH_MAX], real[PATH_MAX];

	if (!(image->wire.flags & SNITCH_O_SCRIPT) || !userns || image->wire.userns != userns)
		return false;
	fd = ownpath_open(l->root, l->owner, image->script);
	if (fd < 0 || snitch_is_served(fd))
		return false;
	read_interpreter(fd, named);
	if (named[0] != '/')
		return false;
	snprintf(path, sizeof(path), "%s%s", l->prefix, named);
	return realpath(path, real) && !strcmp(real + strlen(l->prefix), image->exe);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void look(struct identity *id, const struct looker *l, const struct image *image,
		 uint32_t userns)
{
	size_t i;

	id->at_path = !(image->wire.flags & SNITCH_O_SERVED) && is_at(l, image->exe, image);
	app_ids_of_cgroup(image->cgroup, &id->ids);
	id->app = (struct app){
		.unit = id->ids.unit,
		.flatpak = id->ids.flatpak,
		.snap = id->ids.snap,
		.snap_app = id->ids.snap_app,
		.script = image->script,
		.images = id->images,
		.flatpak_sure = is_flatpak(l, image, id->ids.flatpak),
		.snap_sure = id->at_path && is_snap(image, id->ids.snap),
		.script_sure = id->at_path && is_script(l, image, userns),
	};
	if (id->ids.container[0])
		id->app.n_images = container_images(l->root, l->owner, id->ids.container,
						    id->names, APP_IMAGES);
	for (i = 0; i < id->app.n_images; i++)
		id->images[i] = id->names[i];
}

const struct identity *identity_of(struct image *image, const char *root, uint32_t userns)
{
	_cleanup_close_ int fd = -1;
	struct identity *id = image->identity;
	struct stat st;

	if (id)
		return id;
	id = calloc(1, sizeof(*id));
	if (!id)
		return NULL;
	image->identity = id;
	fd = open(root[0] ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st)) {
		const struct looker l = {
			.root = fd, .owner = root[0] ? st.st_uid : 0, .prefix = root,
		};

		look(id, &l, image, userns);
	}
	return id;
}

char *identity_words(const struct image *image, char *buf, size_t size)
{
	const struct identity *id = image->identity;
	struct app_ids ids;

	app_ids_of_cgroup(image->cgroup, &ids);
	*buf = '\0';
	if (ids.container[0])
		snprintf(buf, size, "container %s%s%s%s",
			 id && id->app.n_images ? id->app.images[0] : ids.container,
			 id && id->app.n_images ? " (" : "",
			 id && id->app.n_images ? ids.container : "",
			 id && id->app.n_images ? ")" : "");
	else if (ids.flatpak[0])
		snprintf(buf, size, "flatpak %s%s", ids.flatpak,
			 id && id->app.flatpak_sure ? "" : " (claimed)");
	else if (ids.snap[0])
		snprintf(buf, size, "snap %s%s", ids.snap_app[0] ? ids.snap_app : ids.snap,
			 id && id->app.snap_sure ? "" : " (claimed)");
	else if (ids.unit[0])
		snprintf(buf, size, "unit %s", ids.unit);
	return buf;
}
