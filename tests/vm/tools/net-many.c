// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many flows, fast ones and endless ones.
 * Must never run without an end that its arguments name.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netprog.h"

int do_udpmany(void)
{
	long keep = option_sleep("--keep", 0), sent = 0, refused = 0, other = 0, i, count;
	long size = option_number("--size", 4);
	static const char packet[65000] = "many";
	const char *text = arg("address");
	unsigned int port = atoi(arg("port"));
	uint64_t start = now_us();
	union address a;
	int fd;

	count = atol(arg("count"));
	if (size < 0 || size > (long)sizeof(packet))
		die("too long a packet");
	address_of(&a, text, port);
	fd = socket_for(&a, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	for (i = 0; i < count; i++) {
		socklen_t len = address_of(&a, text, port + i);

		if (sendto(fd, packet, size, 0, &a.sa, len) == size)
			sent++;
		else if (errno == EPERM)
			refused++;
		else
			other++;
	}
	printf("sent %ld EPERM %ld other %ld us=%llu\n", sent, refused, other,
	       (unsigned long long)(now_us() - start));
	fflush(stdout);
	usleep(keep * 1000);
	return other != 0;
}

/* Ends of nonblocking connects, until @ms are over. */
static void wait_many(struct pollfd *p, long count, long ms)
{
	long refused = 0, connected = 0, other = 0, waiting = count, i;
	uint64_t end = now_us() + ms * 1000;

	while (waiting && now_us() < end) {
		poll(p, count, 50);
		for (i = 0; i < count; i++) {
			int err;

			if (p[i].fd < 0 || !p[i].revents)
				continue;
			err = wait_connect(p[i].fd, 0);
			if (err == ECONNREFUSED)
				refused++;
			else if (err)
				other++;
			else
				connected++;
			p[i].fd = -1;
			waiting--;
		}
	}
	printf("connected %ld ECONNREFUSED %ld other %ld waiting %ld\n", connected, refused, other,
	       waiting);
}

int do_tcpmany(void)
{
	long keep = option_sleep("--keep", 0), wait = option_wait("--wait", 0), i, count;
	long started = 0, refused = 0, other = 0;
	int same = flag("--same");
	const char *text = arg("address");
	unsigned int port = atoi(arg("port"));
	struct pollfd *p;
	uint64_t start = now_us();
	union address a;

	count = atol(arg("count"));
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ count + 64, count + 64 });
	p = calloc(count, sizeof(*p));
	for (i = 0; i < count; i++) {
		socklen_t len = address_of(&a, text, same ? port : port + i);

		p[i].fd = socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0);
		p[i].events = POLLOUT;
		errno = 0;
		connect(p[i].fd, &a.sa, len);
		if (errno == EINPROGRESS)
			started++;
		else if (errno == ECONNREFUSED)
			refused++;
		else
			other++;
	}
	printf("started %ld ECONNREFUSED %ld other %ld us=%llu\n", started, refused, other,
	       (unsigned long long)(now_us() - start));
	fflush(stdout);
	if (wait)
		wait_many(p, count, wait);
	fflush(stdout);
	usleep(keep * 1000);
	return 0;
}

/* us= is how long the child lived, from its first line to its last. */
int do_quick(void)
{
	int udp = flag("--udp"), status;
	const char *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	volatile uint64_t *lived = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (!pid) {
		uint64_t start = now_us();
		int fd = socket(a.sa.sa_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
		int err = (udp ? sendto(fd, "quick", 5, 0, &a.sa, len) :
				 connect(fd, &a.sa, len)) < 0 ? errno : 0;

		*lived = now_us() - start;
		_exit(err);
	}
	waitpid(pid, &status, 0);
	printf("quick pid=%d ppid=%d status=%d us=%llu\n", pid, getpid(), WEXITSTATUS(status),
	       (unsigned long long)*lived);
	return 0;
}

int do_churn(void)
{
	const char *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	uint64_t end = now_us() + atol(arg("seconds")) * 1000000;
	unsigned long rounds = 0;

	while (now_us() < end) {
		int udp = socket_for(&a, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		int tcp = socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0);

		sendto(udp, "churn", 5, 0, &a.sa, len);
		connect(tcp, &a.sa, len);
		if (rounds % 4)
			wait_connect(tcp, 2);
		send(tcp, "churn", 5, MSG_NOSIGNAL);
		close(udp);
		close(tcp);
		/* Others want to run too, above all RCU's callbacks, which unloading waits for. */
		usleep(option_slow() * option_slow() * 1000);
		rounds++;
	}
	printf("rounds %lu\n", rounds);
	return 0;
}
