// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The package managers, and whom they may be believed by. It must never say yes for a file that
 * somebody without root's rights could change.
 */
#include "package.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"

static int (*const managers[])(const struct package_question *q, struct package_word *word) = {
	dpkg_vouches,
};

int package_vouches(const struct package_question *q, struct package_word *word)
{
	bool busy = false;
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(managers); i++) {
		*word = (struct package_word){ .busy = false };
		if (managers[i](q, word) == 1)
			return 1;
		busy |= word->busy;
	}
	*word = (struct package_word){ .busy = busy };
	return 0;
}

static bool only_owners(const struct stat *st, uid_t owner)
{
	return st->st_uid == owner && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* With an access control list the group's bits are its mask: no more than they say is granted. */
bool package_trusted(const struct package_question *q)
{
	const char *at = q->path;
	char part[PATH_MAX];
	struct stat st;

	if (*at != '/' || fstat(q->root, &st) || !only_owners(&st, q->owner))
		return false;
	while (*at) {
		size_t len = strspn(at, "/");

		len += strcspn(at + len, "/");
		at += len;
		len = at - q->path - 1;
		if (len >= sizeof(part))
			return false;
		memcpy(part, q->path + 1, len);
		part[len] = '\0';
		if (fstatat(q->root, part, &st, AT_SYMLINK_NOFOLLOW) || !only_owners(&st, q->owner))
			return false;
		if (*at ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
			return false;
	}
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
