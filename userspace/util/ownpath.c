// SPDX-License-Identifier: GPL-2.0-or-later
/* See ownpath.h. It must never look below a folder before it knows whose that is. */
#include "ownpath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

/* With an access control list the group's bits are its mask: no more than they say is granted. */
static int check(int fd, uid_t owner, mode_t type)
{
	struct statx st;

	/* what is cached will do: a file system in somebody's hands would be asked otherwise */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		  STATX_TYPE | STATX_MODE | STATX_UID, &st))
		return -errno;
	if (st.stx_uid != owner || st.stx_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return (st.stx_mode & S_IFMT) == type ? 0 : -EINVAL;
}

int ownpath_open(int root, uid_t owner, const char *path)
{
	_cleanup_close_ int at = -1;
	char part[NAME_MAX + 1];
	int r;

	if (*path != '/')
		return -EINVAL;
	r = check(root, owner, S_IFDIR);
	while (!r && *path) {
		size_t len = strcspn(++path, "/");
		int fd;

		if (!len || len >= sizeof(part))
			return -EINVAL;
		memcpy(part, path, len);
		part[len] = '\0';
		path += len;
		if (!strcmp(part, ".") || !strcmp(part, ".."))
			return -EINVAL;
		fd = openat(at < 0 ? root : at, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (at >= 0)
			close(at);
		at = fd;
		r = check(at, owner, *path ? S_IFDIR : S_IFREG);
	}
	return r ? r : snitch_take_fd(&at);
}
