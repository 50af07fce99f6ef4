// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which image a container was made of, by what its runtime keeps: Docker, Podman, containerd under
 * Kubernetes. Root's runtimes only. It must never read a record that somebody else could write.
 *
 * Formats: Docker's config.v2.json; containers/storage's containers.json, whose "metadata" is JSON
 * in a string; the OCI runtime's config.json with the annotations of containerd's CRI.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "../util/cleanup.h"
#include "../util/ownpath.h"
#include "identity.h"

#define RECORD_MAX	(4U << 20)	/* bytes */

struct found {
	char (*names)[APP_NAME_MAX];
	size_t n, room;
};

static void add(struct found *f, const char *name)
{
	if (name && *name && f->n < f->room && strlen(name) < APP_NAME_MAX)
		strcpy(f->names[f->n++], name);
}

static void add_digest(struct found *f, const char *hex)
{
	char name[APP_NAME_MAX];

	if (!hex || strlen(hex) != APP_CONTAINER_ID)
		return;
	snprintf(name, sizeof(name), "sha256:%s", hex);
	add(f, name);
}

static json_t *read_record(int root, uid_t owner, const char *path)
{
	_cleanup_close_ int fd = ownpath_open(root, owner, path);
	_cleanup_close_ int in = -1;
	_cleanup_free_ char *text = NULL;
	struct stat st;
	char proc[32];
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || st.st_size > (off_t)RECORD_MAX)
		return NULL;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	in = open(proc, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	text = in < 0 ? NULL : malloc(st.st_size + 1);
	if (!text)
		return NULL;
	n = pread(in, text, st.st_size, 0);
	return n == st.st_size ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static const char *text_at(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void find_docker(int root, uid_t owner, const char *id, struct found *f)
{
	char path[160];
	json_t *record;

	snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/config.v2.json", id);
	record = read_record(root, owner, path);
	add(f, text_at(json_object_get(record, "Config"), "Image"));
	add(f, text_at(record, "Image"));
	json_decref(record);
}

static void find_podman(int root, uid_t owner, const char *id, struct found *f)
{
	json_t *all = read_record(root, owner,
				  "/var/lib/containers/storage/overlay-containers/containers.json");
	json_t *one, *metadata;
	const char *text;
	size_t i;

	json_array_foreach(all, i, one) {
		const char *its = text_at(one, "id");

		if (!its || strcmp(its, id))
			continue;
		text = text_at(one, "metadata");
		metadata = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
		add(f, text_at(metadata, "image-name"));
		json_decref(metadata);
		add_digest(f, text_at(one, "image"));
		break;
	}
	json_decref(all);
}

static void find_containerd(int root, uid_t owner, const char *id, struct found *f)
{
	char path[200];
	json_t *record;

	snprintf(path, sizeof(path),
		 "/run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json", id);
	record = read_record(root, owner, path);
	add(f, text_at(json_object_get(record, "annotations"), "io.kubernetes.cri.image-name"));
	json_decref(record);
}

size_t container_images(int root, uid_t owner, const char *id, char names[][APP_NAME_MAX],
			size_t room)
{
	struct found f = { .names = names, .room = room };

	find_docker(root, owner, id, &f);
	if (!f.n)
		find_podman(root, owner, id, &f);
	if (!f.n)
		find_containerd(root, owner, id, &f);
	return f.n;
}
