/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a list is made of. Private to userspace/lists.
 */
#ifndef SNITCH_LISTS_LIST_H
#define SNITCH_LISTS_LIST_H

#include <sys/stat.h>

#include "addrset.h"
#include "lists.h"
#include "nameset.h"

enum list_file { LIST_FILE_ENTRIES, LIST_FILE_CONF, LIST_FILE_EXCEPT, __LIST_FILES };

/* What tells whether a file is the one that was read; all 0: it was not there. */
struct list_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

/* What was read, shared by lists that are of the same files. */
struct list_data {
	unsigned int refs;
	struct nameset names;
	struct nameset excepted;
	struct addrset addrs;		/* without holes */
	struct addrset holes;
};

struct list {
	struct list_facts facts;
	struct list_data *data;
	struct list_stamp stamp[__LIST_FILES];
};

/* A list with the data of @like, or NULL: none. Return: NULL without memory. */
struct list *list_make(const char *name, const struct list *like);

#endif
