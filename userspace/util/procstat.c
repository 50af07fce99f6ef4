// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/PID/stat. The second field is the program's own name for itself and may hold anything, so
 * that reading begins after its last bracket.
 */
#include "procstat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define NSEC_PER_SEC	1000000000ULL

int snitch_procstat(uint32_t pid, struct snitch_procstat *out)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long start;
	char path[32], line[1024];
	const char *after;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fread(line, 1, sizeof(line) - 1, f);
	line[n] = '\0';
	after = strrchr(line, ')');
	/* fields 3 to 22: state, parent, 17 others, start */
	if (!after || sscanf(after + 1, " %*c %u %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			     "%*s %*s %*s %*s %*s %llu", &out->parent, &start) != 2)
		return -EIO;
	out->start = start * (NSEC_PER_SEC / (unsigned long long)sysconf(_SC_CLK_TCK));
	return 0;
}
