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
	int tcp, fork, sleep_ms;
	const char *data;
};

/* A question for the address of @name; returns its length. */
static size_t question(unsigned char *buf, unsigned int id, const char *name)
{
	size_t n = 12;

	memcpy(buf, (unsigned char[]){ id >> 8, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 12);
	while (*name) {
		size_t len = strcspn(name, ".");

		buf[n++] = len;
		memcpy(buf + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	memcpy(buf + n, (unsigned char[]){ 0, 0, 1, 0, 1 }, 5);
	return n + 5;
}

/* The answer's last four bytes: name servers of the cases put the address there. */
static int look_up(const struct names *o, unsigned int id, const char *name, struct in_addr *to)
{
	int fd = socket_for(&o->server, SOCK_DGRAM, 0), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char buf[1024];
	ssize_t n;

	n = question(buf, id, name);
	if (connect(fd, &o->server.sa, o->server_len) || send(fd, buf, n, 0) != n)
		err = errno;
	else if (poll(&p, 1, 5000 * option_slow()) <= 0)
		err = ETIMEDOUT;
	else if ((n = recv(fd, buf, sizeof(buf), 0)) < 28 || !buf[7])
		err = n < 0 ? errno : ENODATA;
	else
		memcpy(to, buf + n - 4, 4);
	close(fd);
	return err;
}

static int go_there(const struct names *o, struct in_addr to)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(o->port), .sin_addr = to,
	};
	int fd = socket(AF_INET, o->tcp ? SOCK_STREAM : SOCK_DGRAM, 0), err = 0;

	if (fd < 0)
		die("socket");
	if (o->tcp)
		err = connect(fd, (struct sockaddr *)&a, sizeof(a)) ? errno : 0;
	else if (sendto(fd, o->data, strlen(o->data), 0, (struct sockaddr *)&a, sizeof(a)) < 0)
		err = errno;
	close(fd);
	return err;
}

static int go_as_child(const struct names *o, struct in_addr to)
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
			   .fork = flag("--fork"), .data = option("--data", "named") };
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
		struct in_addr to = { 0 };
		char name[256];
		int r;

		snprintf(name, sizeof(name), "n%lu.%s", i, pattern);
		r = look_up(&o, 0x1000 + i, *pattern == '=' ? pattern + 1 : name, &to);
		if (!r) {
			asked++;
			usleep(o.sleep_ms * 1000);
			r = o.fork ? go_as_child(&o, to) : go_there(&o, to);
			sent += !r;
		}
		if (r)
			printf("%lu: %s\n", i, strerrorname_np(r));
		err = r ? r : err;
	}
	printf("asked %lu sent %lu\n", asked, sent);
	report("names", err, start);
	return err != 0;
}
