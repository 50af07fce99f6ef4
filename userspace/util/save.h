/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files of state, written whole: beside, synced, renamed, the folder synced. There is never
 * half a file under the final name.
 */
#ifndef SNITCH_UTIL_SAVE_H
#define SNITCH_UTIL_SAVE_H

#include <stdio.h>

/**
 * snitch_save() - write a file anew
 * @folder: where; it must exist
 * @name: of the file in it
 * @write: writes the contents; NULL: the file is to be gone. Return: 0 or a negative errno
 * @ctx: for @write
 *
 * Return: 0, or a negative errno: what was there stays.
 */
int snitch_save(const char *folder, const char *name, int (*write)(FILE *f, const void *ctx),
		const void *ctx);

enum save_swap {
	SAVE_NEW,	/* there was no file before */
	SAVE_SWAPPED,	/* there was one, which has the other name now */
	SAVE_OVER,	/* there was one, which is gone: not every file system can swap names */
};

/**
 * snitch_swap_in() - put a file, written beside and synced, in its place
 * @how: what became of the file that was there
 *
 * The caller syncs the folder, then removes @tmp, or, if that or more fails, calls
 * snitch_swap_back(). Return: 0 or a negative errno.
 */
int snitch_swap_in(int dir, const char *tmp, const char *name, enum save_swap *how);
/* Puts back what was there; after SAVE_OVER the new file, which is whole, stays. */
void snitch_swap_back(int dir, const char *tmp, const char *name, enum save_swap how);

/*
 * Opens a file of state to be read. Return: NULL with errno; EINVAL when it is no plain file, which
 * could be waited for for ever.
 */
FILE *snitch_read(const char *path);

/*
 * Removes what was being written in @folder when its writer was killed: for the start of the only
 * program that writes there.
 */
void snitch_save_sweep(const char *folder);

#endif
