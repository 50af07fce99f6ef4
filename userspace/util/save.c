// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small files of state. It must never leave one half written.
 */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "cleanup.h"

static int write_beside(int dir, const char *tmp, int (*write)(FILE *f, const void *ctx),
			const void *ctx)
{
	_cleanup_fclose_ FILE *f = NULL;
	int fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	int r;

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

int snitch_save(const char *folder, const char *name, int (*write)(FILE *f, const void *ctx),
		const void *ctx)
{
	_cleanup_close_ int dir = -1;
	char tmp[NAME_MAX + 1];
	int r = 0;

	if (snprintf(tmp, sizeof(tmp), ".%s.tmp", name) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (!write && unlinkat(dir, name, 0) && errno != ENOENT)
		return -errno;
	if (write)
		r = write_beside(dir, tmp, write, ctx);
	if (!r && write && renameat(dir, tmp, dir, name))
		r = -errno;
	if (!r)
		return fsync(dir) ? -errno : 0;
	unlinkat(dir, tmp, 0);
	return r;
}
