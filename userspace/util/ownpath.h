/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths that only their owner can change, root mostly: nobody else can have put a file there, and
 * nobody can make looking at one wait, as a file system of a user's own could. It never asks a
 * file system but for what the kernel has at hand.
 */
#ifndef SNITCH_UTIL_OWNPATH_H
#define SNITCH_UTIL_OWNPATH_H

#include <sys/types.h>

/**
 * ownpath_open() - the file at a path, if it is @owner's alone
 * @root: an open folder that stands for /
 * @owner: whom the file and all folders on the way must belong to; no others may write them
 * @path: absolute, as readlink -f shows it: without symbolic links, . and ..
 *
 * Return: a descriptor with O_PATH of a regular file; -EPERM: others can change it; -EINVAL, or
 * from the file system.
 */
int ownpath_open(int root, uid_t owner, const char *path);

#endif
