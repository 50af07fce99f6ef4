// SPDX-License-Identifier: GPL-2.0-or-later
/* See served.h. */
#include "served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "cleanup.h"

#define FUSE_MAGIC	0x65735546

/* Is it by mountinfo a virtiofs, which has FUSE's number? */
static bool is_virtiofs(dev_t dev)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	unsigned int major, minor;
	const char *type;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		if (sscanf(line, "%*u %*u %u:%u ", &major, &minor) != 2 ||
		    makedev(major, minor) != dev)
			continue;
		type = strstr(line, " - ");
		return type && !strncmp(type + 3, "virtiofs ", 9);
	}
	return false;
}

bool snitch_is_served(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs))
		return true;
	if ((unsigned long)fs.f_type != FUSE_MAGIC)
		return false;
	return fstat(fd, &st) || !is_virtiofs(st.st_dev);
}
