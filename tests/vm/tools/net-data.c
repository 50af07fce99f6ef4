// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a connection says first, in as many segments as there are texts.
 * Must never wait for an answer between them.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netprog.h"

#define SEGMENT_MAX 65536

static int send_bytes(int fd, const void *bytes, size_t len)
{
	uint64_t start = now_us();
	int err = send(fd, bytes, len, MSG_NOSIGNAL) < 0 ? errno : 0;

	report("send", err, start);
	return err;
}

static int send_text(int fd, const char *text, size_t size)
{
	static char buf[SEGMENT_MAX];
	size_t len = strlen(text);

	if (size > sizeof(buf) || len > sizeof(buf))
		die("--size");
	memset(buf, '.', sizeof(buf));
	memcpy(buf, text, len);
	return send_bytes(fd, buf, size > len ? size : len);
}

/* Until @want bytes have come back, or the connection is over. */
static int wait_echo(int fd, size_t want, long ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t start = now_us(), end = start + ms * 1000;
	static char buf[SEGMENT_MAX];
	int err = 0;
	ssize_t n;

	while (want && !err) {
		uint64_t now = now_us();

		if (now >= end || poll(&p, 1, (end - now) / 1000 + 1) <= 0) {
			err = ETIMEDOUT;
			break;
		}
		n = recv(fd, buf, sizeof(buf), 0);
		if (n <= 0)
			err = n ? errno : EPIPE;
		else
			want -= (size_t)n < want ? (size_t)n : want;
	}
	report("echo", err, start);
	return err;
}

/* A connection to the address and port that come next; *err: what came of it. */
static int connect_there(int *err)
{
	const char *text = arg("address");
	unsigned int port = atoi(arg("port"));
	uint64_t start = now_us();
	union address a;
	socklen_t len = address_of(&a, text, port);
	int fd = socket_for(&a, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
	*err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	report("connect", *err, start);
	return fd;
}

int do_segments(void)
{
	size_t size = option_number("--size", 0), sent = 0;
	long gap = option_sleep("--gap", 0), ms = option_wait("--wait", 5000);
	int close_at_once = flag("--close"), err, fd = connect_there(&err);
	const char *text;

	while (!err && more_args()) {
		text = arg("text");
		err = send_text(fd, text, size);
		sent += size > strlen(text) ? size : strlen(text);
		if (more_args())
			usleep(gap * 1000);
	}
	if (!err && !close_at_once)
		err = wait_echo(fd, sent, ms);
	close(fd);
	return err != 0;
}

/* ---- a TLS ClientHello ---- */

static unsigned char *put(unsigned char *to, unsigned int size, unsigned int v)
{
	while (size--)
		*to++ = v >> 8 * size;
	return to;
}

#define ECH_LEN 32	/* of what only the right server can read */

/*
 * One that names @name, with @pad bytes of padding, and with @ech beside an encrypted one; returns
 * its length.
 */
static size_t make_hello(unsigned char *buf, const char *name, unsigned int pad, int ech)
{
	unsigned int len = strlen(name), extensions = 4 + pad + 9 + len + (ech ? 4 + ECH_LEN : 0);
	unsigned int body = 2 + 32 + 1 + 4 + 2 + 2 + extensions;
	unsigned char *at = buf;

	at = put(at, 1, 22);
	at = put(at, 2, 0x0301);
	at = put(at, 2, body + 4);
	at = put(at, 1, 1);
	at = put(at, 3, body);
	at = put(at, 2, 0x0303);
	memset(at, 7, 32);
	at = put(at + 32, 1, 0);
	at = put(at, 4, 0x00021301);
	at = put(at, 2, 0x0100);
	at = put(at, 2, extensions);
	at = put(at, 4, 21 << 16 | pad);
	memset(at, 0, pad);
	at += pad;
	if (ech) {
		at = put(at, 4, 0xfe0dU << 16 | ECH_LEN);
		memset(at, 0xa5, ECH_LEN);
		at += ECH_LEN;
	}
	at = put(at, 4, len + 5);
	at = put(at, 2, len + 3);
	at = put(at, 3, len);
	memcpy(at, name, len);
	return at + len - buf;
}

/* A datagram to @port of where the connection goes: it has looked up nothing. */
static int send_beside(int fd, unsigned int port)
{
	union address to;
	socklen_t len = sizeof(to);
	int udp, err;

	if (getpeername(fd, &to.sa, &len))
		return errno;
	udp = socket_for(&to, SOCK_DGRAM, 0);
	to.in.sin_port = htons(port);	/* the same place in both families */
	err = sendto(udp, "beside", 6, 0, &to.sa, len) < 0 ? errno : 0;
	close(udp);
	return err;
}

int do_hello(void)
{
	unsigned int pad = option_number("--pad", 0), then = option_number("--then", 0);
	int ech = flag("--ech");
	size_t cut = option_number("--cut", SEGMENT_MAX), len, at;
	long gap = option_sleep("--gap", 0), ms = option_wait("--wait", 5000);
	long keep = option_wait("--keep", 0);
	static unsigned char buf[SEGMENT_MAX];
	int err, fd = connect_there(&err);

	if (pad > 16000)
		die("--pad");
	len = make_hello(buf, arg("name"), pad, ech);
	for (at = 0; !err && at < len; at += cut) {
		err = send_bytes(fd, buf + at, len - at < cut ? len - at : cut);
		usleep(gap * 1000);
	}
	if (!err)
		err = wait_echo(fd, len, ms);
	if (!err && then)
		err = send_beside(fd, then);
	usleep(keep * 1000);
	close(fd);
	return err != 0;
}
