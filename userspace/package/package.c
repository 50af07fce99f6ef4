// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The package managers, and whom they may be believed by. It must never say yes for a file that
 * somebody without root's rights could change.
 */
#include "package.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "../util/ownpath.h"

static const struct {
	int (*vouches)(const struct package_question *q, struct package_word *word);
	int (*lists)(const struct package_question *q, const char *package);
} managers[] = {
	{ dpkg_vouches, dpkg_lists },
};

int package_vouches(const struct package_question *q, struct package_word *word)
{
	bool busy = false;
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(managers); i++) {
		*word = (struct package_word){ .busy = false };
		if (managers[i].vouches(q, word) == 1)
			return 1;
		busy |= word->busy;
	}
	*word = (struct package_word){ .busy = busy };
	return 0;
}

int package_lists(const struct package_question *q, const char *package)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(managers); i++) {
		if (managers[i].lists(q, package) == 1)
			return 1;
	}
	return 0;
}

static bool only_owners(const struct stat *st, uid_t owner)
{
	return st->st_uid == owner && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

bool package_trusted(const struct package_question *q)
{
	int fd = ownpath_open(q->root, q->owner, q->path);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int package_open(const struct package_question *q, int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !only_owners(&st, q->owner) ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}
