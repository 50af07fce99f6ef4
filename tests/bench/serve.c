// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end of the bench: one process, one thread, poll().
 * Must never read the UDP sockets: a full one costs the sender no wake-up.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "workload.h"

#define CLIENTS_MAX 64

static struct pollfd fds[2 + CLIENTS_MAX];
static int echoes[2 + CLIENTS_MAX];
static int used = 2;

static int bound(int type, const char *port)
{
	struct sockaddr_in a = address_of("0.0.0.0", port);
	int fd = socket(AF_INET, type, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    (type == SOCK_STREAM && listen(fd, 64)))
		die("port %s", port);
	return fd;
}

static void unread(const char *port)
{
	int fd = bound(SOCK_DGRAM, port), least = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
}

static void take_client(int i)
{
	int fd = accept(fds[i].fd, NULL, NULL), one = 1;

	if (fd < 0 || used == 2 + CLIENTS_MAX)
		die("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fds[used] = (struct pollfd){ .fd = fd, .events = POLLIN };
	echoes[used++] = !i;
}

static void serve_client(int i)
{
	static char buf[262144];
	ssize_t n = recv(fds[i].fd, buf, sizeof(buf), 0);

	if (n > 0) {
		if (echoes[i] && send(fds[i].fd, buf, n, MSG_NOSIGNAL) != n)
			n = 0;
	}
	if (n <= 0) {
		close(fds[i].fd);
		fds[i] = fds[--used];
		echoes[i] = echoes[used];
	}
}

void do_serve(char **argv)
{
	int i;

	if (!strcmp(argv[0], "both")) {
		unread("9000");
		unread("9001");
	}
	fds[0] = (struct pollfd){ .fd = bound(SOCK_STREAM, "9001"), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = bound(SOCK_STREAM, "9002"), .events = POLLIN };
	puts("serving");
	fflush(stdout);
	for (;;) {
		if (poll(fds, used, -1) < 0)
			die("poll");
		for (i = used - 1; i >= 0; i--) {
			if (!fds[i].revents)
				continue;
			if (i < 2)
				take_client(i);
			else
				serve_client(i);
		}
	}
}
