// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The torture's coordinator: makes up what each sender does, starts a few at a time, and waits
 * for all. What a sender does follows from the seed and its number alone.
 * Must never have more senders at once than told, nor say that all is well when one failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net-torture.h"
#include "netprog.h"

extern char **environ;

#define STALL_MS	60000	/* nobody ends for so long: some hang */

/* ---- what a sender does ---- */

struct way {
	char steps[160];
	size_t len;
	int root;	/* may do what needs a right */
	int pending;	/* 'P' or 'G': the socket waits to be taken */
	int socket;	/* it has one */
	int headless;	/* its leader has exited: nobody reaches its descriptors by the pid */
};

static uint64_t random_state;

static unsigned int pick(unsigned int n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

static char pick_of(const char *letters)
{
	return letters[pick(strlen(letters))];
}

static void add(struct way *w, char c)
{
	w->steps[w->len++] = c;
}

/* A few changes of who the sender is; a socket given away is taken at the end. */
static void add_moves(struct way *w, unsigned int most)
{
	for (unsigned int n = pick(most + 1); n; n--) {
		/* Copies are dear: their memory is held as long as the module holds files. */
		char c = pick_of("00112233440123401234vvSSuUffFFfttTTPPGGPGmdrnM");

		if (strchr("PG", c)) {
			if (!w->socket || w->pending || (c == 'G' && (!w->root || w->headless)))
				continue;
			w->pending = c;
		} else if (strchr("uUM", c)) {
			/* pidfd_getfd() is for those who may trace. */
			if (!w->root || (c != 'M' && w->pending == 'G'))
				continue;
			w->root = c == 'M';
		}
		if (c == 'T')
			w->headless = 1;
		else if (!strchr("tU", c))
			w->headless = 0;
		add(w, c);
	}
	if (w->pending)
		add(w, '<');
	w->pending = 0;
}

static const char *make_way(struct way *w, const char **proto)
{
	static const char *const protos[] = { "tcp", "tcp", "tcp", "udp", "udp", "udp", "icmp" };

	*w = (struct way){ .root = 1 };
	*proto = protos[pick(ARRAY_SIZE(protos))];
	add_moves(w, 3);
	add(w, 'o');
	w->socket = 1;
	add_moves(w, 3);
	if (!strcmp(*proto, "tcp")) {
		add(w, pick_of("kkkKKabc"));
		/* Who goes without waiting is done; others may say something, too. */
		if (w->steps[w->len - 1] == 'K' || !pick(3))
			return w->steps;
		add_moves(w, 2);
	}
	add(w, pick_of("ssswwijqx"));
	if (w->steps[w->len - 1] != 'x' && !pick(4)) {
		add_moves(w, 2);
		add(w, pick_of("sswijq"));
	}
	return w->steps;
}

/* ---- starting and ending ---- */

static void start_sender(long number, uint64_t seed, int say)
{
	char way[192], to[64], port[8], program[] = TORTURE_DIR "/p0";
	const char *proto, *steps;
	struct way w;
	pid_t pid;
	int err;

	random_state = (seed + number) * 0x9e3779b97f4a7c15ULL | 1;
	for (int i = 0; i < 8; i++)
		pick(2);
	steps = make_way(&w, &proto);
	snprintf(way, sizeof(way), "%ld:%s", number, steps);
	if (pick(2))
		snprintf(to, sizeof(to), "10.78.%ld.%ld", number >> 8, number & 255);
	else
		snprintf(to, sizeof(to), "fd78::1:%lx", number);
	snprintf(port, sizeof(port), "%u",
		 *proto == 't' ? 80 : *proto == 'u' ? 1 + pick(65535) : 0);
	program[sizeof(program) - 2] = '0' + pick(5);
	char *argv[] = { program, "torture", way, to, port, (char *)proto, "-1,-1,-1,-1,0",
			 (char *)steps, NULL };

	if (say)
		printf("sender %s %s %s:%s %s\n", program, way, to, port, proto);
	err = posix_spawn(&pid, program, NULL, NULL, argv, environ);
	errno = err;
	if (err)
		die("%s", program);
}

/* Children that failed; orphans come to us, too. */
static long reap(void)
{
	long failed = 0;
	int status;

	while (waitpid(-1, &status, WNOHANG) > 0)
		failed += status != 0;
	return failed;
}

/* Senders that ended well, after at most @ms. */
static long finished(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int numbers[64];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return 0;
	n = read(fd, numbers, sizeof(numbers));
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(int); i++) {
		static const char *const left[] = { "", ".n", ".s" };

		for (size_t k = 0; k < ARRAY_SIZE(left); k++) {
			char path[64];

			snprintf(path, sizeof(path), TORTURE_DIR "/x.%d%s", numbers[i], left[k]);
			unlink(path);
		}
	}
	return n > 0 ? n / (ssize_t)sizeof(int) : 0;
}

static int descriptors(const char *truth)
{
	int fds[2], fd = open(truth, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || pipe2(fds, O_CLOEXEC) < 0 || dup2(fd, TORTURE_TRUTH) < 0 ||
	    dup2(fds[1], TORTURE_DONE) < 0)
		die("%s", truth);
	close(fds[1]);
	return fds[0];
}

int do_torture_run(void)
{
	long first = option_number("--first", 1), most = option_number("--at-once", 8);
	long stall = STALL_MS * option_slow(), running = 0, failed = 0, n, bad;
	const char *truth = arg("truth");
	uint64_t seed = strtoull(arg("seed"), NULL, 0), start = now_us(), last = start;
	long count = atol(arg("count")), next = first;
	int done = descriptors(truth), say = flag("--say");

	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	while (next < first + count || running > 0) {
		while (next < first + count && running < most) {
			start_sender(next++, seed, say);
			running++;
		}
		n = finished(done, 100);
		bad = reap();
		failed += bad;
		running -= n + bad;
		if (n + bad)
			last = now_us();
		if (now_us() - last > (uint64_t)stall * 1000)
			break;
	}
	printf("torture senders %ld failed %ld hang %ld us=%llu\n", count, failed, running,
	       (unsigned long long)(now_us() - start));
	return failed || running;
}
