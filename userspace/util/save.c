// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files of state. It must never leave one half written.
 */
#include "save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static int write_beside(int dir, const char *tmp, int (*write)(FILE *f, const void *ctx),
			const void *ctx)
{
	_cleanup_fclose_ FILE *f = NULL;
	int fd, r;

	unlinkat(dir, tmp, 0);	/* of somebody who was killed */
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	r = write(f, ctx);
	if (r)
		return r;
	if (fflush(f) || ferror(f) || fsync(fileno(f)))
		return errno ? -errno : -EIO;
	return 0;
}

int snitch_swap_in(int dir, const char *tmp, const char *name, enum save_swap *how)
{
	*how = SAVE_SWAPPED;
	if (!renameat2(dir, tmp, dir, name, RENAME_EXCHANGE))
		return 0;
	/* nothing to change places with, or a file system that cannot do it */
	*how = errno == ENOENT ? SAVE_NEW : SAVE_OVER;
	return renameat(dir, tmp, dir, name) ? -errno : 0;
}

void snitch_swap_back(int dir, const char *tmp, const char *name, enum save_swap how)
{
	if (how == SAVE_SWAPPED)
		renameat(dir, tmp, dir, name);
	else if (how == SAVE_NEW)
		unlinkat(dir, name, 0);
}

/* It is moved aside first: what cannot be synced comes back. */
static int take_away(int dir, const char *tmp, const char *name)
{
	int r;

	if (renameat(dir, name, dir, tmp))
		return errno == ENOENT ? 0 : -errno;
	if (fsync(dir)) {
		r = -errno;
		renameat(dir, tmp, dir, name);
		return r;
	}
	unlinkat(dir, tmp, 0);
	return 0;
}

static int put(int dir, const char *tmp, const char *name)
{
	enum save_swap how;
	int r = snitch_swap_in(dir, tmp, name, &how);

	if (!r && fsync(dir)) {
		r = -errno;
		snitch_swap_back(dir, tmp, name, how);
	} else if (r || how == SAVE_SWAPPED) {
		unlinkat(dir, tmp, 0);
	}
	return r;
}

int snitch_save(const char *folder, const char *name, int (*write)(FILE *f, const void *ctx),
		const void *ctx)
{
	_cleanup_close_ int dir = -1;
	char tmp[NAME_MAX + 1];
	int r;

	if (snprintf(tmp, sizeof(tmp), ".%s.tmp", name) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (!write)
		return take_away(dir, tmp, name);
	r = write_beside(dir, tmp, write, ctx);
	if (!r)
		return put(dir, tmp, name);
	unlinkat(dir, tmp, 0);
	return r;
}

FILE *snitch_read(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	f = fdopen(fd, "r");
	if (f)
		snitch_take_fd(&fd);
	return f;
}

/* ".NAME" with an end that only names of unfinished files have. */
static bool is_unfinished(const char *name)
{
	static const char *const ends[] = { ".tmp", ".new" };
	size_t len = strlen(name), i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (name[0] == '.' && len > end + 1 && !strcmp(name + len - end, ends[i]))
			return true;
	}
	return false;
}

void snitch_save_sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (is_unfinished(entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}
