// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process images and owners in user space. It must never let a chain of processes grow without
 * bound.
 */
#include "owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/snitch.h"

static void image_put(struct image *image)
{
	if (!image || --image->refs)
		return;
	free(image->exe);
	free(image->cmdline);
	free(image->cgroup);
	free(image->script);
	free(image->identity);
	free(image);
}

static struct image *image_get(struct image *image)
{
	image->refs++;
	return image;
}

static char *copy(const char *s, size_t len)
{
	char *out = malloc(len + 1);

	if (out) {
		if (len)
			memcpy(out, s, len);
		out[len] = '\0';
	}
	return out;
}

static struct image *image_new(const struct snitch_owner_info *info)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->refs = 1;
	image->wire = *info->wire;
	image->exe = copy(info->exe, info->exe_len);
	image->cmdline = copy(info->cmdline, info->cmdline_len);
	image->cgroup = copy(info->cgroup, info->cgroup_len);
	image->script = copy(info->script, info->script_len);
	if (!image->exe || !image->cmdline || !image->cgroup || !image->script) {
		image_put(image);
		return NULL;
	}
	return image;
}

struct owner *owner_new(const struct snitch_owner_info *info, const struct owner *parent)
{
	struct owner *owner = calloc(1, sizeof(*owner));
	unsigned int i;

	if (!owner)
		return NULL;
	owner->image = image_new(info);
	if (!owner->image) {
		free(owner);
		return NULL;
	}
	owner->refs = 1;
	if (!parent)
		return owner;
	owner->parents[owner->n_parents++] = image_get(parent->image);
	for (i = 0; i < parent->n_parents && owner->n_parents < SNITCH_ANCESTORS; i++)
		owner->parents[owner->n_parents++] = image_get(parent->parents[i]);
	return owner;
}

struct owner *owner_get(struct owner *owner)
{
	owner->refs++;
	return owner;
}

struct owner *owner_put(struct owner *owner)
{
	unsigned int i;

	if (!owner || --owner->refs)
		return NULL;
	for (i = 0; i < owner->n_parents; i++)
		image_put(owner->parents[i]);
	image_put(owner->image);
	free(owner);
	return NULL;
}

bool image_same_program(const struct image *a, const struct image *b)
{
	if (a == b)
		return true;
	return a->wire.exe_dev == b->wire.exe_dev && a->wire.exe_ino == b->wire.exe_ino &&
	       a->wire.exe_gen == b->wire.exe_gen && a->wire.kernel == b->wire.kernel &&
	       (a->wire.flags & (SNITCH_O_DISGUISED | SNITCH_O_KERNEL | SNITCH_O_UNKNOWN)) ==
	       (b->wire.flags & (SNITCH_O_DISGUISED | SNITCH_O_KERNEL | SNITCH_O_UNKNOWN)) &&
	       !strcmp(a->exe, b->exe) && !strcmp(a->script, b->script);
}

bool image_same_file(const struct image *a, const struct image *b)
{
	return image_same_program(a, b) && a->wire.exe_size == b->wire.exe_size &&
	       a->wire.exe_ctime == b->wire.exe_ctime &&
	       a->wire.exe_ctime_nsec == b->wire.exe_ctime_nsec;
}

const char *image_program(const struct image *image, char *buf, size_t size)
{
	if (image->wire.flags & SNITCH_O_KERNEL) {
		snprintf(buf, size, "kernel %s", snitch_kernel_name(image->wire.kernel));
		return buf;
	}
	return image->exe[0] ? image->exe : "?";
}
