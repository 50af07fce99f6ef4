// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One socket of each kind, as ordinary programs use it.
 * Must never retry: the first errno is what a test wants to see.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netprog.h"

static void sleep_ms(long ms)
{
	if (ms > 0)
		usleep(ms * 1000);
}

/* Sends @data and waits for its echo; 0 or an errno. */
static int echo(int fd, const char *data, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[2048];
	uint64_t start = now_us();
	ssize_t n;

	if (send(fd, data, strlen(data), MSG_NOSIGNAL) < 0) {
		report("send", errno, start);
		return errno;
	}
	report("send", 0, start);
	start = now_us();
	if (poll(&p, 1, ms) <= 0) {
		report("echo", ETIMEDOUT, start);
		return ETIMEDOUT;
	}
	n = recv(fd, buf, sizeof(buf), 0);
	report("echo", n < 0 ? errno : n == 0 ? EPIPE : 0, start);
	return n > 0 ? 0 : 1;
}

static void hand_on(int fd, const char *prog, const char *data)
{
	char number[12];

	fcntl(fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", fd);
	execl(prog, prog, "senddata", number, data, (char *)NULL);
	die("exec %s", prog);
}

int do_tcp(void)
{
	long wait = option_wait("--wait", 20000), keep = option_sleep("--keep", 0);
	unsigned int port, own = option_number("--bind", 0);
	const char *data = option("--data", NULL), *prog = option("--exec", NULL);
	int nonblock = flag("--nonblock"), mptcp = flag("--mptcp"), forked = flag("--fork");
	union address a;
	const char *text = arg("address");
	socklen_t len;
	uint64_t start;
	int fd, err;

	port = atoi(arg("port"));
	len = address_of(&a, text, port);
	fd = socket_for(&a, SOCK_STREAM | (nonblock ? SOCK_NONBLOCK : 0),
			mptcp ? IPPROTO_MPTCP : 0);
	bind_port(fd, &a, own);
	start = now_us();
	err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	if (nonblock) {
		report("start", err, start);
		if (err == EINPROGRESS)
			err = wait_connect(fd, wait);
	}
	report("connect", err, start);
	sleep_ms(keep);
	if (!err && forked && fork() > 0) {
		waitpid(-1, &err, 0);
		return WEXITSTATUS(err);
	}
	if (!err && prog)
		hand_on(fd, prog, data ?: "x");
	if (!err && data)
		err = echo(fd, data, wait);
	return err != 0;
}

int do_senddata(void)
{
	long wait = option_wait("--wait", 5000);
	int fd = atoi(arg("descriptor"));
	const char *text = arg("text");

	return echo(fd, text, wait) != 0;
}

/* What the socket's error queue holds, if anything comes within @ms. */
static void error_queue(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = 0 };
	char control[256], data[64];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	poll(&p, 1, ms);
	if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
		printf("errqueue none\n");
		return;
	}
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct sock_extended_err *e = (struct sock_extended_err *)CMSG_DATA(c);

		if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR))
			printf("errqueue %s\n", strerrorname_np(e->ee_errno));
	}
}

static int receive(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t start = now_us();
	char buf[65536];
	int err = 0;

	if (poll(&p, 1, ms) <= 0)
		err = ETIMEDOUT;
	else if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0)
		err = errno;
	report("recv", err, start);
	return err;
}

static void want_errors(int fd, const union address *a)
{
	int one = 1;

	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &one, sizeof(one));
	else
		setsockopt(fd, SOL_IP, IP_RECVERR, &one, sizeof(one));
}

int do_udp(void)
{
	long wait = option_wait("--wait", 0), keep = option_sleep("--keep", 0);
	long count = option_number("--count", 1), gap = option_sleep("--gap", 0);
	size_t size = option_number("--size", 4);
	int connected = flag("--connect"), nonblock = flag("--nonblock"), err = 0, fd;
	int recverr = flag("--recverr");
	unsigned int own = option_number("--bind", 0);
	static char data[65536];
	const char *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));

	fd = socket_for(&a, SOCK_DGRAM | (nonblock ? SOCK_NONBLOCK : 0), 0);
	bind_port(fd, &a, own);
	if (recverr)
		want_errors(fd, &a);
	if (connected && connect(fd, &a.sa, len) < 0)
		die("connect");
	for (long i = 0; i < count; i++) {
		uint64_t start = now_us();

		err = sendto(fd, data, size, 0, connected ? NULL : &a.sa, connected ? 0 : len) < 0 ?
		      errno : 0;
		report("send", err, start);
		sleep_ms(gap);
	}
	if (wait && !err)
		err = receive(fd, wait);
	if (recverr)
		error_queue(fd, 0);
	sleep_ms(keep);
	return err != 0;
}

int do_icmp(void)
{
	long wait = option_wait("--wait", 0), count = option_number("--count", 1);
	long keep = option_sleep("--keep", 0);
	union address a;
	socklen_t len = address_of(&a, arg("address"), 0);
	int v6 = a.sa.sa_family == AF_INET6, err = 0;
	int fd = socket_for(&a, SOCK_DGRAM, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	char packet[16] = { v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };

	for (long i = 0; i < count; i++) {
		uint64_t start = now_us();

		packet[7] = i;
		err = sendto(fd, packet, sizeof(packet), 0, &a.sa, len) < 0 ? errno : 0;
		report("send", err, start);
	}
	if (wait && !err)
		err = receive(fd, wait);
	sleep_ms(keep);
	return err != 0;
}

int do_raw(void)
{
	size_t size = option_number("--size", 8);
	long keep = option_sleep("--keep", 0);
	union address a;
	socklen_t len = address_of(&a, arg("address"), 0);
	int proto = atoi(arg("protocol")), err;
	int fd = socket_for(&a, SOCK_RAW, proto);
	static char data[65536];
	uint64_t start = now_us();

	err = sendto(fd, data, size, 0, &a.sa, len) < 0 ? errno : 0;
	report("send", err, start);
	sleep_ms(keep);
	return err != 0;
}
