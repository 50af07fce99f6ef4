// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end: echoes TCP and UDP on both families and logs what it received.
 * Must never speak first: what it sends answers what came.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "netprog.h"

enum kind { LISTENER, STREAM, DATAGRAM };
#define DATA(kind, port, fd) ((uint64_t)(kind) << 56 | (uint64_t)(port) << 32 | (fd))

static int ep;
static FILE *record;

static void watch(enum kind kind, unsigned int port, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = DATA(kind, port, fd) };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll");
}

static void serve(const char *what)
{
	const char *colon = strchr(what, ':');
	unsigned int port = colon ? atoi(colon + 1) : 0;
	int mptcp = !strncmp(what, "mptcp:", 6), tcp = mptcp || !strncmp(what, "tcp:", 4);
	int zero = 0, one = 1, fd;
	union address a;
	socklen_t len = address_of(&a, "::", port);

	if (!tcp && strncmp(what, "udp:", 4))
		die("'%s' is not tcp:PORT, mptcp:PORT or udp:PORT", what);
	fd = socket_for(&a, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK,
			mptcp ? IPPROTO_MPTCP : 0);
	setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.sa, len) < 0 || (tcp && listen(fd, 4096) < 0))
		die("%s", what);
	watch(tcp ? LISTENER : DATAGRAM, port, fd);
}

static void note(const char *proto, unsigned int port, const char *buf, ssize_t n)
{
	fprintf(record, "%s %u %zd ", proto, port, n);
	for (ssize_t i = 0; i < n && i < 64; i++)
		fputc(buf[i] > ' ' && buf[i] < 0x7f ? buf[i] : '.', record);
	fputc('\n', record);
	fflush(record);
}

static void datagram(int fd, unsigned int port)
{
	char buf[65536];
	union address from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, &from.sa, &len);

	if (n < 0)
		return;
	note("udp", port, buf, n);
	sendto(fd, buf, n, 0, &from.sa, len);
}

static void stream(int fd, unsigned int port)
{
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0) {
		note("tcp", port, buf, n);
		send(fd, buf, n, MSG_NOSIGNAL);
	} else if (n == 0 || errno != EAGAIN) {
		close(fd);
	}
}

static void event(uint64_t data)
{
	enum kind kind = data >> 56;
	unsigned int port = data >> 32 & 0xffff;
	int fd = data & 0xffffffff, c;

	switch (kind) {
	case LISTENER:
		c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c >= 0)
			watch(STREAM, port, c);
		break;
	case STREAM:
		stream(fd, port);
		break;
	case DATAGRAM:
		datagram(fd, port);
		break;
	}
}

int do_server(void)
{
	const char *file = option("--log", NULL);
	struct epoll_event e[64];

	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 16384, 16384 });
	record = file ? fopen(file, "w") : fopen("/dev/null", "w");
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (!record || ep < 0)
		die("server");
	do
		serve(arg("PROTO:PORT"));
	while (more_args());
	for (;;) {
		int n = epoll_wait(ep, e, ARRAY_SIZE(e), -1);

		for (int i = 0; i < n; i++)
			event(e[i].data.u64);
	}
}
