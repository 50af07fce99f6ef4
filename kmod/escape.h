/* SPDX-License-Identifier: GPL-2.0-only */
/* Escape: hostile strings in audit records. Pure: compiles in user space too. */
#ifndef SNITCH_ESCAPE_H
#define SNITCH_ESCAPE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "shim.h"
#endif

/* Room that holds any @len bytes escaped, with the final NUL. */
#define SNITCH_ESCAPED(len)	(2 * (len) + 3)

size_t snitch_escape_audit(char *dst, size_t room, const char *src, size_t len);

#endif
