// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening files that may be believed; see trust.h. */
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/cleanup.h"
#include "iap.h"

#define FLAGS	(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

int iap_root_open(struct iap_root *root, const char *prefix)
{
	struct stat st;

	root->fd = open(prefix && *prefix ? prefix : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	root->prefix = prefix && strcmp(prefix, "/") ? realpath(prefix, NULL) : strdup("");
	if (root->fd >= 0 && root->prefix && !fstat(root->fd, &st)) {
		root->owner = st.st_uid;
		return 0;
	}
	iap_root_close(root);
	return -ENOENT;
}

void iap_root_close(struct iap_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
	free(root->prefix);
	root->prefix = NULL;
}

/* With an access control list the group's bits are its mask: no more than they say is granted. */
static bool believed(const struct iap_root *root, int fd, uid_t also, uid_t *owner)
{
	struct stat st;

	if (fstat(fd, &st) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return false;
	*owner = st.st_uid;
	return st.st_uid == root->owner || st.st_uid == also;
}

/* Walks to @path. Return: a descriptor of what is there, a folder or not. */
static int walk(const struct iap_root *root, const char *path, uid_t also, uid_t *owner)
{
	_cleanup_close_ int at = dup(root->fd);
	char part[NAME_MAX + 1];
	size_t n;

	if (at < 0)
		return -errno;
	for (path += strspn(path, "/"); *path; path += n + strspn(path + n, "/")) {
		int next;

		n = strcspn(path, "/");
		if (n > NAME_MAX || (n == 2 && !strncmp(path, "..", 2)))
			return -EINVAL;
		memcpy(part, path, n);
		part[n] = '\0';
		next = openat(at, part, path[n] ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC :
			      FLAGS);
		if (next < 0)
			return errno == ENOTDIR ? -ENOENT : -errno;
		close(at);
		at = next;
		if (!believed(root, at, also, owner))
			return -EPERM;
	}
	return snitch_take_fd(&at);
}

int iap_trusted_open(const struct iap_root *root, const char *path, uid_t also, uid_t *owner)
{
	uid_t whose = root->owner;
	int fd = walk(root, path, also, &whose);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EPERM;
	}
	if (owner)
		*owner = whose;
	return fd;
}

int iap_trusted_read(const struct iap_root *root, const char *path, uid_t also, char **out,
		     size_t *len, uid_t *owner)
{
	_cleanup_close_ int fd = iap_trusted_open(root, path, also, owner);
	_cleanup_free_ char *buf = NULL;
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	buf = malloc(IAP_BYTES_MAX + 1);
	if (!buf)
		return -ENOMEM;
	while (have <= IAP_BYTES_MAX) {
		n = read(fd, buf + have, IAP_BYTES_MAX + 1 - have);
		if (n < 0)
			return -errno;
		if (!n)
			break;
		have += (size_t)n;
	}
	/* one byte more than is allowed tells the reader that it is too large */
	*len = have;
	*out = snitch_take_ptr(buf);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int iap_trusted_list(const struct iap_root *root, const char *path, uid_t also, int max,
		     struct dirent ***out)
{
	uid_t owner;
	_cleanup_close_ int fd = walk(root, path, also, &owner);
	int n;

	if (fd < 0)
		return fd;
	n = scandirat(fd, ".", out, NULL, by_name);
	if (n < 0)
		return -errno;
	while (n > max)
		free((*out)[--n]);
	return n;
}

void iap_list_free(struct dirent **list, int n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}
