// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * in-net NAME COMMAND...: runs a command in a network namespace of `ip netns`. nsenter does that,
 * too, with twice the instructions, and a case does it some hundred times.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what, int status)
{
	fprintf(stderr, "in-net: %s: %s\n", what, strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	char path[64];
	int fd;

	if (argc < 3 || snprintf(path, sizeof(path), "/run/netns/%s", argv[1]) >= (int)sizeof(path)) {
		fputs("usage: in-net NAME COMMAND...\n", stderr);
		return 125;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return fail(path, 125);
	execvp(argv[2], argv + 2);
	return fail(argv[2], errno == ENOENT ? 127 : 126);
}
