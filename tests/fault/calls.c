// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which calls change files, and which files. What a process says of itself is believed here: it is
 * the one under test.
 */
#include "calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../userspace/util/cleanup.h"

#define SPACE	CALL_TAKES_SPACE
#define WRITES	(CALL_TAKES_SPACE | CALL_WRITES)

const struct call calls[] = {
	{ "open", -1, 0, -1, 0, 1, SPACE }, { "openat", 0, 1, -1, 0, 2, SPACE },
	{ "creat", -1, 0, -1, 0, 0, SPACE },
	{ "write", 0, -1, -1, 0, 0, WRITES }, { "pwrite64", 0, -1, -1, 0, 0, WRITES },
	{ "writev", 0, -1, -1, 0, 0, SPACE }, { "pwritev", 0, -1, -1, 0, 0, SPACE },
	{ "pwritev2", 0, -1, -1, 0, 0, SPACE }, { "fallocate", 0, -1, -1, 0, 0, SPACE },
	{ "ftruncate", 0, -1, -1, 0, 0, SPACE }, { "truncate", -1, 0, -1, 0, 0, SPACE },
	{ "fsync", 0, -1, -1, 0, 0, SPACE }, { "fdatasync", 0, -1, -1, 0, 0, SPACE },
	{ "fchmod", 0, -1, -1, 0, 0, 0 }, { "chmod", -1, 0, -1, 0, 0, 0 },
	{ "fchmodat", 0, 1, -1, 0, 0, 0 }, { "fchown", 0, -1, -1, 0, 0, 0 },
	{ "rename", -1, 0, -1, 1, 0, SPACE }, { "renameat", 0, 1, 2, 3, 0, SPACE },
	{ "renameat2", 0, 1, 2, 3, 0, SPACE },
	{ "link", -1, 0, -1, 1, 0, SPACE }, { "linkat", 0, 1, 2, 3, 0, SPACE },
	{ "unlink", -1, 0, -1, 0, 0, 0 }, { "unlinkat", 0, 1, -1, 0, 0, 0 },
	{ "mkdir", -1, 0, -1, 0, 0, SPACE }, { "mkdirat", 0, 1, -1, 0, 0, SPACE },
	{ "rmdir", -1, 0, -1, 0, 0, 0 }, { NULL, 0, 0, 0, 0, 0, 0 },
};

ssize_t call_memory(pid_t pid, __u64 addr, void *buf, size_t len)
{
	_cleanup_close_ int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : pread(fd, buf, len, addr);
}

/* The name of an open file; of the working folder for AT_FDCWD. */
static bool name_of(pid_t pid, int fd, char buf[PATH_MAX])
{
	static const char gone[] = " (deleted)";
	char path[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	else
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, buf, PATH_MAX - 1);
	if (n <= 0 || buf[0] != '/')
		return false;
	buf[n] = '\0';
	if ((size_t)n > strlen(gone) && !strcmp(buf + n - strlen(gone), gone))
		buf[n - strlen(gone)] = '\0';
	return true;
}

static bool path_of(pid_t pid, int dir, __u64 addr, char buf[PATH_MAX])
{
	char text[PATH_MAX], folder[PATH_MAX];
	ssize_t n = call_memory(pid, addr, text, sizeof(text));

	if (n <= 0 || !memchr(text, '\0', n))
		return false;
	if (text[0] == '/') {
		strcpy(buf, text);
		return true;
	}
	return name_of(pid, dir, folder) &&
	       snprintf(buf, PATH_MAX, "%s/%s", folder, text) < PATH_MAX;
}

bool call_names(const struct call *call, const struct seccomp_notif *req, char from[PATH_MAX],
		char to[PATH_MAX])
{
	const __u64 *args = req->data.args;
	int dir = call->dir < 0 ? AT_FDCWD : (int)args[call->dir];

	to[0] = '\0';
	if (call->flags && !(args[call->flags] & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)))
		return false;
	if (call->path < 0)
		return name_of(req->pid, dir, from);
	if (!path_of(req->pid, dir, args[call->path], from))
		return false;
	if (!call->to_path)
		return true;
	dir = call->to_dir < 0 ? AT_FDCWD : (int)args[call->to_dir];
	return path_of(req->pid, dir, args[call->to_path], to);
}
