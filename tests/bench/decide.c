// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bench's decider: reads events, answers every flow at once, keeps nothing itself.
 * Must never do work a real decider could leave out: its cost is the mechanism's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/snitch.h>

#include "workload.h"

#define COSTS_MAX 4096

static uint64_t costs[COSTS_MAX];
static unsigned int counted;
static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	stop = sig;
}

/* How every flow is answered; @until: what of it is remembered, from the flow on, in ns. */
struct way {
	uint32_t action;
	uint64_t until;
};

static void answer(int fd, const struct snitch_flow_event *flow, const struct way *way)
{
	struct snitch_verdict v = {
		.hdr = { .size = sizeof(v), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_VERDICT, .id = flow->hdr.id },
		.action = way->action, .origin = SNITCH_BY_MODE,
		.flags = way->until ? SNITCH_V_CACHE : 0,
		.until = way->until ? flow->when + way->until : 0,
	};
	uint64_t start = now_ns();

	if (write(fd, &v, sizeof(v)) != sizeof(v))
		die("verdict");
	if (counted < COSTS_MAX)
		costs[counted++] = now_ns() - start;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_costs(const struct way *way)
{
	if (way->action != SNITCH_ALLOW || way->until || !counted)
		return;
	qsort(costs, counted, sizeof(costs[0]), compare);
	printf("verdict %llu\n", (unsigned long long)costs[counted / 2]);
}

static void take(int fd, const char *buf, ssize_t len, const struct way *way)
{
	const struct snitch_hdr *h;
	ssize_t at;

	for (at = 0; at < len; at += h->size) {
		h = (const struct snitch_hdr *)(buf + at);
		if (h->type == SNITCH_MSG_FLOW)
			answer(fd, (const struct snitch_flow_event *)h, way);
	}
}

void do_decide(char **argv)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct snitch_hello hello = {
		.hdr = { .size = sizeof(hello), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_HELLO },
		.abi_major = SNITCH_ABI_MAJOR, .abi_minor = SNITCH_ABI_MINOR,
		.role = SNITCH_ROLE_DECIDER,
	};
	const struct way way = {
		.action = strcmp(argv[0], "hold") ? SNITCH_ALLOW : SNITCH_HOLD,
		.until = strcmp(argv[0], "remember") ? 0 : 3600000000000ULL,
	};
	struct sigaction sa = { .sa_handler = on_term };	/* no SA_RESTART: read() ends */
	int fd = open("/dev/snitch", O_RDWR | O_CLOEXEC);

	if (fd < 0 || write(fd, &hello, sizeof(hello)) != sizeof(hello))
		die("/dev/snitch");
	sigaction(SIGTERM, &sa, NULL);
	puts("deciding");
	fflush(stdout);
	while (!stop) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno != EINTR)
			die("read");
		take(fd, buf, n, &way);
	}
	print_costs(&way);
}
