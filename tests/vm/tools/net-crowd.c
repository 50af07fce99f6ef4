// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of odd shape, for the kernel's search for who holds a socket.
 * Must never end before it is told: what is searched must still be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "netprog.h"

#define STACK 16384

static int crowd_rest(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pause())
		;
	return 0;
}

/* Many processes that share one table of files, which is as large as it may be. */
int do_crowd(void)
{
	long keep = option_sleep("--keep", 60000), count = atol(arg("count"));
	struct rlimit limit;
	char *stacks = mmap(NULL, count * STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (stacks == MAP_FAILED || getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    dup2(0, limit.rlim_cur - 1) < 0)
		die("crowd");
	for (long i = 0; i < count; i++)
		if (clone(crowd_rest, stacks + (i + 1) * STACK,
			  CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) < 0)
			die("clone %ld", i);
	printf("crowd %ld files %lu\n", count, (unsigned long)limit.rlim_cur);
	fflush(stdout);
	usleep(keep * 1000);
	return 0;
}

struct own {
	union address a;
	socklen_t len;
};

static void *own_connect(void *arg)
{
	const struct own *own = arg;
	int fd;

	if (unshare(CLONE_FILES) < 0)
		die("unshare");
	fd = socket_for(&own->a, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(fd, &own->a.sa, own->len) < 0 && errno != EINPROGRESS)
		die("connect");
	printf("connecting\n");
	fflush(stdout);
	while (pause())
		;
	return NULL;
}

/* A thread with files of its own has the socket, and nobody else of its process. */
int do_ownfiles(void)
{
	long keep = option_sleep("--keep", 60000);
	const char *text = arg("address");
	static struct own own;
	pthread_t id;

	own.len = address_of(&own.a, text, atoi(arg("port")));
	if (pthread_create(&id, NULL, own_connect, &own))
		die("thread");
	usleep(keep * 1000);
	return 0;
}
