/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process. It must never believe more than one read of one file told. */
#ifndef SNITCH_UTIL_PROCSTAT_H
#define SNITCH_UTIL_PROCSTAT_H

#include <stdint.h>

struct snitch_procstat {
	uint32_t parent;	/* its pid */
	uint64_t start;		/* CLOCK_BOOTTIME ns, in whole hundredths of a second */
};

/* Return: 0 or a negative errno; -ENOENT: there is no such process. */
int snitch_procstat(uint32_t pid, struct snitch_procstat *out);

#endif
