// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A name server that says the address of one name, in ways that are right and wrong. It must never
 * answer any other way than the one it was told.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netprog.h"

#define MESSAGE_MAX	1024
#define HEADER		12

/* @name, @addr: what it says, @way: how; @port: its own */
struct lie {
	const char *way;
	const char *name;
	unsigned char addr[4];
	unsigned int port;
};

static int is(const struct lie *lie, const char *way)
{
	return !strcmp(lie->way, way);
}

size_t dns_labels(unsigned char *buf, const char *name)
{
	size_t n = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		buf[n++] = len;
		memcpy(buf + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	buf[n++] = 0;
	return n;
}

/* How long the name at @p is that somebody asks for; 0: it does not end. */
static size_t asked_length(const unsigned char *p, size_t left)
{
	size_t n = 0;

	while (n < left && p[n])
		n += 1 + p[n];
	return n < left ? n + 1 : 0;
}

/* The answer to the @len bytes at @ask, or of its own accord if there are none. */
static size_t answer(const struct lie *lie, const unsigned char *ask, size_t len,
		     unsigned char *out)
{
	size_t asked = len > HEADER ? asked_length(ask + HEADER, len - HEADER) : 0, n = HEADER;

	memcpy(out, (unsigned char[]){ 0x10, 0x01, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0 }, HEADER);
	if (asked)
		memcpy(out, ask, 2);
	if (is(lie, "id"))
		out[1] ^= 1;
	if (asked && !is(lie, "name")) {
		memcpy(out + n, ask + HEADER, asked);
		n += asked;
	} else {
		n += dns_labels(out + n, lie->name);
	}
	memcpy(out + n, (unsigned char[]){ 0, 1, 0, 1 }, 4);
	n += 4;
	n += dns_labels(out + n, lie->name);
	memcpy(out + n, (unsigned char[]){ 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4 }, 10);
	memcpy(out + n + 10, lie->addr, 4);
	return n + 14;
}

/* ---- over UDP -------------------------------------------------------------------------------- */

static void serve_udp(const struct lie *lie)
{
	unsigned char ask[MESSAGE_MAX], out[MESSAGE_MAX + 2 + 256];
	union address own, peer;
	socklen_t len = address_of(&own, "0.0.0.0", lie->port);
	int fd = socket_for(&own, SOCK_DGRAM, 0), from = fd;
	ssize_t n;

	if (bind(fd, &own.sa, len))
		die("bind");
	if (is(lie, "port"))
		from = socket_for(&own, SOCK_DGRAM, 0);
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		len = sizeof(peer);
		n = recvfrom(fd, ask, sizeof(ask), 0, &peer.sa, &len);
		if (n > 0)
			sendto(from, out, answer(lie, ask, n, out), 0, &peer.sa, len);
	}
}

/* ---- over TCP ---------------------------------------------------------------------------------- */

static int read_all(int fd, unsigned char *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, len -= n) {
		n = read(fd, buf, len);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static size_t framed(const struct lie *lie, const unsigned char *ask, size_t len,
		     unsigned char *out)
{
	size_t n = answer(lie, ask, len, out + 2);

	out[0] = n >> 8;
	out[1] = n;
	return n + 2;
}

/* A megabyte, and the answer behind it. */
static void write_much(int fd)
{
	unsigned char text[1026] = { 4, 0 };
	int i;

	for (i = 0; i < 1024; i++)
		if (write(fd, text, sizeof(text)) < 0)
			return;
}

/* The answer as a part of a message that is none: whoever loses the thread believes it. */
static void write_wrapped(int fd, const unsigned char *out, size_t n)
{
	unsigned char text[MESSAGE_MAX] = { n >> 8, n };

	memcpy(text + 2, out, n);
	write(fd, text, n + 2);
}

static void write_bytes(int fd, const unsigned char *out, size_t n)
{
	for (; n; n--, out++) {
		write(fd, out, 1);
		usleep(2000);
	}
}

static void serve_one(const struct lie *lie, int fd)
{
	unsigned char length[2], ask[MESSAGE_MAX], out[MESSAGE_MAX + 2 + 256];
	size_t n;

	if (is(lie, "early")) {
		write(fd, out, framed(lie, NULL, 0, out));
		usleep(100000);
	}
	while (!read_all(fd, length, 2)) {
		n = length[0] << 8 | length[1];
		if (n > sizeof(ask) || read_all(fd, ask, n))
			break;
		n = framed(lie, ask, n, out);
		if (is(lie, "much"))
			write_much(fd);
		if (is(lie, "wrapped"))
			write_wrapped(fd, out, n);
		else if (is(lie, "bytes"))
			write_bytes(fd, out, n);
		else if (!is(lie, "early"))
			write(fd, out, n);
	}
	close(fd);
}

static void serve_tcp(const struct lie *lie)
{
	union address own;
	socklen_t len = address_of(&own, "0.0.0.0", lie->port);
	int fd = socket_for(&own, SOCK_STREAM, 0), one = 1, c;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &own.sa, len) || listen(fd, 16))
		die("listen");
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		c = accept(fd, NULL, NULL);
		if (c < 0)
			die("accept");
		setsockopt(c, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof(one));
		serve_one(lie, c);
	}
}

int do_lie(void)
{
	struct lie lie = { .port = option_number("--port", 53) };
	int tcp = flag("--tcp");
	union address addr;

	signal(SIGPIPE, SIG_IGN);	/* who asks may have heard enough */
	lie.way = arg("way");
	lie.name = arg("name");
	address_of(&addr, arg("address"), 0);
	memcpy(lie.addr, &addr.in.sin_addr, sizeof(lie.addr));
	if (tcp)
		serve_tcp(&lie);
	else
		serve_udp(&lie);
	return 0;
}
