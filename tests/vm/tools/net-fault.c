// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocations that fail one after the other (Documentation/fault-injection: /proc/PID/fail-nth), so
 * that each of an operation's does. Must never leave a failure armed for what is not under test.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netprog.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define PROBES		"/sys/kernel/debug/kprobes/list"
#define ENOUGH		1000000

static int nth = -1;	/* kept open: to open it would count */

void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (nth < 0)
		nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (nth < 0 || pwrite(nth, text, len, 0) != len)
		die(FAIL_NTH);
}

unsigned int fail_left(void)
{
	char text[16] = "";

	if (pread(nth, text, sizeof(text) - 1, 0) < 0)
		die(FAIL_NTH);
	fail_nth(0);
	return atoi(text);
}

static void unload(const char *name)
{
	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno != EBUSY && errno != EAGAIN)
			die("delete_module %s", name);
		usleep(10000);
	}
}

static unsigned int count_probes(void)
{
	FILE *list = fopen(PROBES, "re");
	unsigned int n = 0;
	int c;

	if (!list)
		die(PROBES);
	while ((c = getc(list)) != EOF)
		n += c == '\n';
	fclose(list);
	return n;
}

/* How many allocations it takes when none fails; how many probes of all the kernel's there are then. */
static unsigned int count_loading(int fd, const char *name, unsigned int *probes)
{
	unsigned int left;

	fail_nth(ENOUGH);
	if (syscall(SYS_finit_module, fd, "", 0))
		die("finit_module %s", name);
	left = fail_left();
	*probes = count_probes();
	unload(name);
	return ENOUGH - left;
}

/* Loads a module again and again, another one of its allocations failing each time: all of them, or
 * so many, evenly spread from a random one on. What loads has to have all that it usually has.
 */
int do_insmod(void)
{
	unsigned int tries = option_number("--tries", ENOUGH), all, n, step, first;
	unsigned int failed = 0, loaded = 0, not_reached = 0, lacking = 0, probes;
	const char *path = arg("file"), *name = arg("name");
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		die("%s", path);
	all = count_loading(fd, name, &probes);
	step = all / tries + 1;
	srand(now_us());
	first = 1 + rand() % step;
	for (n = first; n <= all; n += step) {
		fail_nth(n);
		r = syscall(SYS_finit_module, fd, "", 0);
		not_reached += fail_left() != 0;
		failed += r != 0;
		loaded += r == 0;
		if (r)
			continue;
		lacking += count_probes() != probes;
		unload(name);
	}
	printf("allocations=%u first=%u step=%u failed=%u loaded=%u not-reached=%u probes=%u "
	       "lacking=%u\n", all, first, step, failed, loaded, not_reached, probes, lacking);
	return 0;
}
