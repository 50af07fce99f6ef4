// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end of measured transfers: takes what load sends, gives what it orders, and writes
 * down how many bytes of each it was. A process a port, and one a connection.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "netprog.h"

static FILE *record;
static char chunk[LOAD_CHUNK];

void pace(uint64_t start, uint64_t done, uint64_t rate)
{
	uint64_t due, now = now_us();

	if (!rate)
		return;
	due = start + done * 1000000 / rate;
	if (due > now)
		usleep(due - now);
}

static void note(const char *what, uint64_t received, uint64_t sent)
{
	fprintf(record, "%s received=%llu sent=%llu\n", what, (unsigned long long)received,
		(unsigned long long)sent);
	fflush(record);
}

static void serve_stream(int fd, const char *what)
{
	uint64_t start = now_us(), received = 0, sent = 0;
	struct load_order o;
	ssize_t n;

	if (recv(fd, &o, sizeof(o), MSG_WAITALL) != sizeof(o) || o.magic != LOAD_MAGIC)
		return;
	received = sizeof(o);
	while (received < o.up + sizeof(o) && (n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		received += n;
	while (sent < o.down) {
		size_t len = o.size < o.down - sent ? o.size : o.down - sent;

		n = send(fd, chunk, len, MSG_NOSIGNAL);
		if (n < 0)
			break;
		sent += n;
		pace(start, sent, o.rate);
	}
	note(what, received, sent);
	/* The other end closes first. */
	while (recv(fd, chunk, sizeof(chunk), 0) > 0)
		;
}

static void streams(int fd, const char *what)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (c < 0)
			continue;
		if (!fork()) {
			serve_stream(c, what);
			exit(0);
		}
		close(c);
	}
}

static void datagrams(int fd, const char *what)
{
	for (;;) {
		union address from;
		socklen_t len = sizeof(from);
		struct load_order o;
		uint64_t start, sent = 0;
		ssize_t n = recvfrom(fd, chunk, sizeof(chunk), 0, &from.sa, &len);

		if (n < (ssize_t)sizeof(o))
			continue;
		memcpy(&o, chunk, sizeof(o));
		if (o.magic != LOAD_MAGIC || o.size > sizeof(chunk))
			continue;
		start = now_us();
		while (sent < o.down && sendto(fd, chunk, o.size, 0, &from.sa, len) >= 0) {
			sent += o.size;
			pace(start, sent, o.rate);
		}
		note(what, n, sent);
	}
}

static void serve(const char *what)
{
	const char *port = strchr(what, ':');
	int zero = 0, one = 1, fd, udp = !strncmp(what, "udp:", 4);
	int proto = !strncmp(what, "sctp:", 5) ? IPPROTO_SCTP : 0;
	union address a;
	socklen_t len;

	if (!port)
		die("'%s' is not PROTO:PORT", what);
	len = address_of(&a, "::", atoi(port + 1));
	fd = socket_for(&a, udp ? SOCK_DGRAM : SOCK_STREAM, proto);
	setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.sa, len) < 0 || (!udp && listen(fd, 128) < 0))
		die("%s", what);
	if (fork())
		return;
	if (udp)
		datagrams(fd, what);
	else
		streams(fd, what);
}

int do_feed(void)
{
	const char *file = option("--log", NULL);

	record = file ? fopen(file, "a") : NULL;
	if (!record)
		die("feed --log FILE");
	do
		serve(arg("PROTO:PORT"));
	while (more_args());
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
