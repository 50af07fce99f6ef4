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

#endif
