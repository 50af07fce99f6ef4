/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File systems that a program serves (FUSE): what a file there contains, and what stat(2) says of it,
 * is that program's word, another one each time if it likes. It must never take one for a disk.
 */
#ifndef SNITCH_UTIL_SERVED_H
#define SNITCH_UTIL_SERVED_H

#include <stdbool.h>

/*
 * Is the file of @fd (O_PATH will do) on such a file system? virtiofs is none: the machine around this
 * one serves it. True, too, where that cannot be found out. May wait for the file system.
 */
bool snitch_is_served(int fd);

#endif
