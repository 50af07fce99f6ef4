// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The workloads of `make bench`: each repeats one operation and prints its cost on a line.
 * Must never print a figure of operations that did not end as the workload expects.
 *
 * Times are CLOCK_MONOTONIC nanoseconds, which are instructions under the clock of the lab.
 * A figure is the median of single operations, or of batches where the operation is short.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

#define SAMPLES_MAX 20000

static uint64_t samples[SAMPLES_MAX];
static unsigned int taken;

void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fputs("workload: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", err ? strerror(err) : "no errno");
	exit(3);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

struct sockaddr_in address_of(const char *text, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		die("'%s' is not an IPv4 address", text);
	return a;
}

static void sample(uint64_t value)
{
	if (taken == SAMPLES_MAX)
		die("too many samples");
	samples[taken++] = value;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Prints the median of the samples, each of @batch operations. */
static void print_median(const char *name, unsigned int batch)
{
	if (!taken)
		die("%s: nothing measured", name);
	qsort(samples, taken, sizeof(samples[0]), compare);
	printf("%s %llu\n", name, (unsigned long long)((samples[taken / 2] + batch / 2) / batch));
	taken = 0;
}

static int connected(int type, const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, type, 0), one = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)))
		die("connect to port %u", ntohs(a->sin_port));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* ---- decided flows ---- */

/* udp ADDRESS PORT: 32-byte packets to a full socket that nobody reads. */
static void do_udp(char **argv)
{
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	int fd = connected(SOCK_DGRAM, &a), i, k;
	char data[32] = "bench";

	for (i = -20; i < 100; i++) {
		uint64_t start = now_ns();

		for (k = 0; k < 50; k++)
			if (send(fd, data, sizeof(data), 0) != sizeof(data))
				die("send");
		if (i >= 0)
			sample(now_ns() - start);
	}
	print_median("udp", 50);
}

/* rr ADDRESS PORT: one byte to the echo server and back. */
static void do_rr(char **argv)
{
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	int fd = connected(SOCK_STREAM, &a), i, k;
	char byte = 'b';

	for (i = -4; i < 60; i++) {
		uint64_t start = now_ns();

		for (k = 0; k < 25; k++)
			if (send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1)
				die("round trip");
		if (i >= 0)
			sample(now_ns() - start);
	}
	print_median("rr", 25);
}

/* bulk ADDRESS PORT: a MiB after the other, the receiver discards it. */
static void do_bulk(char **argv)
{
	static char data[65536];
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	int fd = connected(SOCK_STREAM, &a), i, k;

	for (i = -4; i < 32; i++) {
		uint64_t start = now_ns();

		for (k = 0; k < 16; k++)
			if (send(fd, data, sizeof(data), 0) != sizeof(data))
				die("send");
		if (i >= 0)
			sample(now_ns() - start);
	}
	print_median("bulk", 1);
}

/* ---- new flows ---- */

/* A connect that the far end refuses; @want is the error that must come. */
static void one_connect(const struct sockaddr_in *a, int want)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	errno = 0;
	if (!connect(fd, (const struct sockaddr *)a, sizeof(*a)) || errno != want)
		die("connect to port %u: expected another result", ntohs(a->sin_port));
	close(fd);
}

/*
 * rst ADDRESS PORT COUNT: socket, connect that the peer refuses, close. Prints the median
 * and the mean; only the mean has what happens later (RCU's freeing, timers).
 */
static void do_rst(char **argv)
{
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	int count = atoi(argv[2]), i;
	uint64_t first = 0, start;

	for (i = -50; i < count; i++) {
		start = now_ns();
		if (!i)
			first = start;
		one_connect(&a, ECONNREFUSED);
		if (i >= 0)
			sample(now_ns() - start);
	}
	printf("rstmean %llu\n", (unsigned long long)((now_ns() - first) / count));
	print_median("rst", 1);
}

/* one ADDRESS PORT: what `fresh` runs; the cost of the image's first flow goes to stdout. */
static void do_one(char **argv)
{
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	uint64_t cost = now_ns();

	cost = now_ns();	/* the first call resolved what it needs */
	one_connect(&a, ECONNREFUSED);
	cost = now_ns() - cost;
	if (write(1, &cost, sizeof(cost)) != sizeof(cost))
		die("write");
}

/* One exec of ourselves; returns what it measured. */
static uint64_t run_one(char **argv)
{
	char *child[] = { "workload", "one", argv[0], argv[1], NULL };
	posix_spawn_file_actions_t fa;
	int p[2], status;
	uint64_t cost;
	pid_t pid;

	if (pipe(p))
		die("pipe");
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p[1], 1);
	if (posix_spawn(&pid, "/proc/self/exe", &fa, NULL, child, environ))
		die("spawn");
	posix_spawn_file_actions_destroy(&fa);
	close(p[1]);
	if (read(p[0], &cost, sizeof(cost)) != sizeof(cost))
		die("the child said nothing");
	close(p[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the child failed");
	return cost;
}

/* fresh ADDRESS PORT: the first flow of a new process image, and the whole life of one. */
static void do_fresh(char **argv)
{
	uint64_t whole[60];
	int i;

	for (i = -5; i < 60; i++) {
		uint64_t start = now_ns(), cost = run_one(argv);

		if (i < 0)
			continue;
		sample(cost);
		whole[i] = now_ns() - start;
	}
	print_median("fresh", 1);
	for (i = 0; i < 60; i++)
		sample(whole[i]);
	print_median("life", 1);
}

/* ---- flows that wait ---- */

/* held ADDRESS PORT COUNT: that many connects to ports from PORT on, until we are killed. */
static void do_held(char **argv)
{
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	int count = atoi(argv[2]), i;

	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ count + 64, count + 64 });
	for (i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (fd < 0 || !connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
		    errno != EINPROGRESS)
			die("flow %d is not waiting", i);
		a.sin_port = htons(ntohs(a.sin_port) + 1);
	}
	puts("held");
	fflush(stdout);
	pause();
}

/* sends ADDRESS PORT COUNT: an unconnected packet each from a socket of its own. */
static void do_sends(char **argv)
{
	struct sockaddr_in a = address_of(argv[0], argv[1]);
	int count = atoi(argv[2]), i, fd;

	for (i = 0; i < count; i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0 || sendto(fd, "bench", 5, 0, (struct sockaddr *)&a, sizeof(a)) != 5)
			die("sendto");
		usleep(2000);
		close(fd);
	}
}

static const struct {
	const char *name;
	int args;
	void (*run)(char **argv);
} commands[] = {
	{ "udp", 2, do_udp }, { "rr", 2, do_rr }, { "bulk", 2, do_bulk }, { "rst", 3, do_rst },
	{ "one", 2, do_one }, { "fresh", 2, do_fresh }, { "held", 3, do_held },
	{ "sends", 3, do_sends }, { "serve", 1, do_serve }, { "decide", 1, do_decide },
};

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc >= 2 && !strcmp(argv[1], commands[i].name) &&
		    argc == commands[i].args + 2) {
			commands[i].run(argv + 2);
			return 0;
		}
	}
	fputs("usage: workload udp|rr|bulk|one|fresh ADDRESS PORT\n"
	      "       workload rst|held|sends ADDRESS PORT COUNT\n"
	      "       workload serve tcp|both; workload decide allow|hold\n", stderr);
	return 2;
}
