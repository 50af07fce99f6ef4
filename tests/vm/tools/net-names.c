// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks up names by itself and goes to the address at once, again and again: whoever is to decide
 * by the name has no time to spare. It must never look up anything twice.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netprog.h"

struct names {
	union address server;
	socklen_t server_len;
	unsigned int port;
	unsigned int from;	/* port of the question; 0: any */
	int tcp, fork, sleep_ms;
	int again_ms;		/* later it goes there once more, without looking it up */
	int over_tcp, split;	/* the question: by TCP; its length by itself */
	int any;		/* answers from anywhere are taken */
	int late;		/* the question goes some time after the connection is there */
	int six;		/* IPv6 addresses are asked for */
	const char *data;
};

/* A question for the address of @name; returns its length. */
static size_t question(const struct names *o, unsigned char *buf, unsigned int id,
		       const char *name)
{
	size_t n = 12;

	memcpy(buf, (unsigned char[]){ id >> 8, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 12);
	n += dns_labels(buf + n, name);
	memcpy(buf + n, (unsigned char[]){ 0, o->six ? 28 : 1, 0, 1 }, 4);
	return n + 4;
}

/* The end of an answer: name servers of the cases put the address there. */
static void last_address(const struct names *o, const unsigned char *end, union address *to)
{
	memset(to, 0, sizeof(*to));
	if (o->six) {
		to->in6.sin6_family = AF_INET6;
		to->in6.sin6_port = htons(o->port);
		memcpy(&to->in6.sin6_addr, end - 16, 16);
	} else {
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(o->port);
		memcpy(&to->in.sin_addr, end - 4, 4);
	}
}

/* Reads all that comes, or until the message of which the length is known has come. */
static ssize_t read_answer(int fd, unsigned char *buf, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t n;

	while (have < 2 || have < 2U + (buf[0] << 8 | buf[1])) {
		if (poll(&p, 1, 5000 * option_slow()) <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = recv(fd, buf + have, size - have, 0);
		if (n <= 0)
			return n;
		have += n;
	}
	return have;
}

static int look_up_by_tcp(const struct names *o, unsigned int id, const char *name,
			  union address *to)
{
	int fd = socket_for(&o->server, SOCK_STREAM, 0), err = 0;
	static unsigned char buf[65536 + 2];
	ssize_t n;
	int first;

	n = question(o, buf + 2, id, name) + 2;
	buf[0] = (n - 2) >> 8;
	buf[1] = n - 2;
	first = o->split ? 2 : n;
	err = connect(fd, &o->server.sa, o->server_len) ? errno : 0;
	if (o->late)
		usleep(200000 * option_slow());
	if (!err && (send(fd, buf, first, 0) != first ||
		     send(fd, buf + first, n - first, MSG_NOSIGNAL) != n - first))
		err = errno;
	else if (!err && (n = read_answer(fd, buf, sizeof(buf))) < 30)
		err = n < 0 ? errno : ENODATA;
	else
		last_address(o, buf + n, to);
	close(fd);
	return err;
}

static int look_up(const struct names *o, unsigned int id, const char *name, union address *to)
{
	int fd = socket_for(&o->server, SOCK_DGRAM, 0), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char buf[1024];
	ssize_t n;

	bind_port(fd, &o->server, o->from);
	n = question(o, buf, id, name);
	if ((!o->any && connect(fd, &o->server.sa, o->server_len)) ||
	    sendto(fd, buf, n, 0, &o->server.sa, o->server_len) != n)
		err = errno;
	else if (poll(&p, 1, 5000 * option_slow()) <= 0)
		err = ETIMEDOUT;
	else if ((n = recv(fd, buf, sizeof(buf), 0)) < 28 || !buf[7])
		err = n < 0 ? errno : ENODATA;
	else
		last_address(o, buf + n, to);
	close(fd);
	return err;
}

static int go_there(const struct names *o, const union address *to)
{
	int fd = socket_for(to, o->tcp ? SOCK_STREAM : SOCK_DGRAM, 0), err = 0;

	if (o->tcp)
		err = connect(fd, &to->sa, sizeof(*to)) ? errno : 0;
	else if (sendto(fd, o->data, strlen(o->data), 0, &to->sa, sizeof(*to)) < 0)
		err = errno;
	close(fd);
	return err;
}

static int go_as_child(const struct names *o, const union address *to)
{
	int status = 0;

	if (!fork())
		_exit(go_there(o, to));
	wait(&status);
	return WEXITSTATUS(status);
}

int do_names(void)
{
	struct names o = { .sleep_ms = option_number("--sleep", 0), .tcp = flag("--tcp"),
			   .fork = flag("--fork"), .over_tcp = flag("--over-tcp"),
			   .split = flag("--split"), .any = flag("--any"),
			   .late = flag("--late"), .from = option_number("--from", 0),
			   .six = flag("--aaaa"), .again_ms = option_number("--again", 0),
			   .data = option("--data", "named") };
	unsigned long count, i, asked = 0, sent = 0;
	const char *pattern, *first;
	uint64_t start = now_us();
	int err = 0;

	first = option("--first", "1");
	o.server_len = address_of(&o.server, arg("server"), 53);
	pattern = arg("name");
	o.port = atoi(arg("port"));
	count = more_args() ? strtoul(arg("count"), NULL, 0) : 1;
	for (i = strtoul(first, NULL, 0); count; i++, count--) {
		union address to;
		char name[256];
		int r;

		snprintf(name, sizeof(name), "n%lu.%s", i, pattern);
		r = (o.over_tcp ? look_up_by_tcp : look_up)(&o, 0x1000 + i, *pattern == '=' ?
							   pattern + 1 : name, &to);
		if (!r) {
			asked++;
			usleep(o.sleep_ms * 1000);
			r = o.fork ? go_as_child(&o, &to) : go_there(&o, &to);
			sent += !r;
		}
		if (!r && o.again_ms) {
			usleep(o.again_ms * 1000);
			r = go_there(&o, &to);
		}
		if (r)
			printf("%lu: %s\n", i, strerrorname_np(r));
		err = r ? r : err;
	}
	printf("asked %lu sent %lu\n", asked, sent);
	report("names", err, start);
	return err != 0;
}
