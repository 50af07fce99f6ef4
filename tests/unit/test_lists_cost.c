// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a blocklist of a million domains costs: memory of the process, and instructions of a lookup,
 * counted one by one with ptrace(2). It must never depend on the speed of the machine.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lists/lists.h"

#define DOMAINS		1000000U
#define MEMORY_MAX	(60U << 20)	/* bytes: P7 of the requirements */
#define LOOKUP_MAX	1500		/* instructions: the same */
#define LOOKUPS		20		/* of each kind */

/* Whether figures mean anything: sanitizers add memory and instructions of their own. */
static void plain_only(void)
{
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
}

/*
 * The I-th domain: parts of a name of 8 to 30 bytes below one of 1500 endings, as in lists of
 * trackers (22 bytes on average).
 */
static size_t domain(uint32_t i, char *buf, size_t size)
{
	uint64_t x = (i + 1) * 0x9e3779b97f4a7c15ULL;
	static const char *const subs[] = { "", "", "", "ads.", "www.", "t.", "metrics.", "a.b." };
	int extra = (x >> 20) % 12;

	return snprintf(buf, size, "%s%.*s%llx.t%u", subs[(x >> 40) % 8], extra, "advertiserxx",
			(unsigned long long)i * 2654435761ULL % 0x100000000ULL,
			(unsigned int)((x >> 50) % 1500));
}

static struct list *build(uint32_t n)
{
	struct list_builder *b = list_builder_new("cost", LIST_AUTO);
	char line[128];
	uint32_t i;

	for (i = 0; b && i < n; i++) {
		size_t len = domain(i, line, sizeof(line) - 1);

		line[len] = '\n';
		if (list_builder_feed(b, line, len + 1))
			abort();
	}
	return b ? list_builder_finish(b) : NULL;
}

/* Resident memory of this process: now ("VmRSS") or at most ("VmHWM"), bytes. */
static size_t memory(const char *field)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	size_t kib = 0, len = strlen(field);

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, field, len) && line[len] == ':')
			sscanf(line + len + 1, "%zu", &kib);
	}
	if (f)
		fclose(f);
	return kib << 10;
}

static void test_memory(void **state)
{
	size_t figures[3] = { 0 };
	int fd[2], status;
	pid_t child;

	(void)state;
	plain_only();
	assert_int_equal(pipe(fd), 0);
	/* a process of its own: nothing else has used memory there */
	child = fork();
	if (!child) {
		size_t before = memory("VmRSS");
		struct list *list = build(DOMAINS);

		if (!list)
			_exit(1);
		figures[0] = memory("VmRSS") - before;
		figures[1] = memory("VmHWM") - before;
		figures[2] = list_facts(list)->names;
		_exit(write(fd[1], figures, sizeof(figures)) != sizeof(figures));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(fd[0], figures, sizeof(figures)), sizeof(figures));
	close(fd[0]);
	close(fd[1]);
	printf("# P7: %zu domains: %.1f MiB, %.1f MiB while they are read (bound %u)\n", figures[2],
	       figures[0] / 1048576.0, figures[1] / 1048576.0, MEMORY_MAX >> 20);
	assert_true(figures[2] > DOMAINS * 99ULL / 100);
	assert_true(figures[0] > 1 << 20);
	assert_true(figures[1] <= MEMORY_MAX);
}

/* What is looked up: on the list, below it, not on it, and the worst that a host can be. */
static const char *host(unsigned int kind, unsigned int i, char buf[300])
{
	size_t len;
	int k;

	buf[0] = '\0';
	switch (kind) {
	case 0:
		domain(i * 7919, buf, 300);
		break;
	case 1:
		strcpy(buf, "Some.Host.Of.");
		domain(i * 7919, buf + strlen(buf), 280);
		break;
	case 2:
		snprintf(buf, 300, "www.not-there-%u.example.com", i);
		break;
	case 3:
		for (k = 0; k < 125; k++)
			strcat(buf, "A.");
		len = strlen(buf);
		snprintf(buf + len, 300 - len, "b%u", i % 10);
		break;
	default:
		for (k = 0; k < 252; k++)
			buf[k] = k % 63 == 62 ? '.' : 'X';
		buf[252] = '\0';
	}
	return buf;
}

static const char *const kinds[] = {
	"on the list", "below an entry", "not on it", "126 parts, not on it", "the longest parts"
};

/*
 * The traced one: between two stops there is one lookup. A deep entry makes every lookup look at as
 * many parts as it ever may.
 */
static void look_up(const struct list *list)
{
	unsigned int kind, i;
	char buf[300];
	volatile bool found;

	/* what the stops themselves take */
	raise(SIGSTOP);
	raise(SIGSTOP);
	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		for (i = 0; i < LOOKUPS; i++) {
			host(kind, i, buf);
			found = list_match_name(list, buf, NULL);
			raise(SIGSTOP);
			found = list_match_name(list, buf, NULL);
			raise(SIGSTOP);
			if (found != (kind < 2))
				_exit(1);
		}
	}
	_exit(0);
}

/* Steps until the next stop. Return: how many; -1: it has ended. */
static long count(pid_t child)
{
	long n = 0;
	int status;

	for (;; n++) {
		if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) || waitpid(child, &status, 0) != child ||
		    !WIFSTOPPED(status))
			return -1;
		if (WSTOPSIG(status) == SIGSTOP)
			return n;
	}
}

/* Runs freely until the next stop. Return: false: it has ended with @status. */
static bool run(pid_t child, int *status)
{
	return !ptrace(PTRACE_CONT, child, 0, 0) && waitpid(child, status, 0) == child &&
	       WIFSTOPPED(*status);
}

static struct list *deep_list(void)
{
	struct list_builder *b = list_builder_new("deep", LIST_AUTO);
	char text[1024];
	size_t len = 0;
	int i, k;

	/* of each number of parts one */
	for (i = 2; i <= 10; i++) {
		for (k = 1; k < i; k++)
			len += sprintf(text + len, "z.");
		len += sprintf(text + len, "deep%d\n", i);
	}
	for (i = 0; (size_t)i < len; i++)
		list_builder_feed(b, text + i, 1);
	for (i = 0; i < (int)DOMAINS; i++) {
		len = domain(i, text, sizeof(text) - 1);
		text[len] = '\n';
		if (list_builder_feed(b, text, len + 1))
			abort();
	}
	return list_builder_finish(b);
}

static void test_instructions(void **state)
{
	long n, most, sum, base, worst = 0;
	unsigned int kind, i;
	int status;
	pid_t child;

	(void)state;
	plain_only();
	child = fork();
	if (!child) {
		struct list *list = deep_list();

		if (!list || ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(2);
		raise(SIGSTOP);
		look_up(list);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	assert_true(run(child, &status));
	base = count(child);
	assert_in_range(base, 10, 200);
	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		most = 0;
		sum = 0;
		for (i = 0; i < LOOKUPS; i++) {
			assert_true(run(child, &status));
			n = count(child) - base;
			assert_true(n > 50);
			most = n > most ? n : most;
			sum += n;
		}
		printf("# P7: lookup among %u domains, %s: %ld instructions, at most %ld (bound %d)\n",
		       DOMAINS, kinds[kind], sum / LOOKUPS, most, LOOKUP_MAX);
		worst = most > worst ? most : worst;
	}
	assert_false(run(child, &status));
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_true(worst <= LOOKUP_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
