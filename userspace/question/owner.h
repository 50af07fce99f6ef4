/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is behind a flow, as user space keeps it: a process image with the strings the kernel sent
 * and the images it descends from. It never looks at /proc: what it shows was captured by the
 * kernel.
 *
 * An image is a leaf shared by reference; an owner is an image and a bounded row of ancestors, so
 * that no chain of processes, however long, keeps more than that alive.
 */
#ifndef SNITCH_QUESTION_OWNER_H
#define SNITCH_QUESTION_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/snitch.h>

#define SNITCH_ANCESTORS	8

struct snitch_owner_info;

/**
 * struct image - one process image
 * @refs: owners that hold it
 * @wire: fixed part of OWNER; its lengths are those of the strings below
 * @exe: path, NUL-ended; "" when there is none
 * @cmdline: @wire.cmd_len bytes, NULs between arguments, NUL added
 * @cgroup: NUL-ended
 * @script: NUL-ended
 * @identity: what the daemon has found out about it, one block; NULL: nothing yet
 */
struct image {
	unsigned int refs;
	struct snitch_owner wire;
	char *exe;
	char *cmdline;
	char *cgroup;
	char *script;
	void *identity;
};

/**
 * struct owner - an image and where it came from
 * @refs: holders
 * @parents: nearest first
 */
struct owner {
	unsigned int refs;
	struct image *image;
	struct image *parents[SNITCH_ANCESTORS];
	unsigned int n_parents;
};

/**
 * owner_new() - keep what an OWNER event told
 * @info: the event; copied
 * @parent: its parent, or NULL; its image and ancestors are shared, not @parent itself
 *
 * Return: an owner with one reference, or NULL without memory.
 */
struct owner *owner_new(const struct snitch_owner_info *info, const struct owner *parent);

/* Takes a reference. Return: @owner. */
struct owner *owner_get(struct owner *owner);

/* Gives a reference back; frees with the last. NULL is fine. Return: NULL. */
struct owner *owner_put(struct owner *owner);

/* Id of the owner. */
static inline uint64_t owner_id(const struct owner *owner)
{
	return owner->image->wire.hdr.id;
}

/* True when both run the same executable file for the same purpose: path, inode, script. */
bool image_same_program(const struct image *a, const struct image *b);

/* True when both run the very same file, contents included. */
bool image_same_file(const struct image *a, const struct image *b);

/* The program in words: path, "kernel NAME", or "?"; points into @image or to a constant or @buf. */
const char *image_program(const struct image *image, char *buf, size_t size);

#endif
