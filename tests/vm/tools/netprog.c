// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netprog's commands and what they share: arguments, addresses, the line of a result.
 * Must never exit 0 when the operation asked for failed: cases look at both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "netprog.h"

static char *program, **args;

void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fflush(stdout);
	fputs("netprog: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (errno %s)\n", err ? strerrorname_np(err) : "0");
	exit(3);
}

uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

void report(const char *what, int err, uint64_t start)
{
	uint64_t us = now_us() - start;

	printf("%s %s us=%llu\n", what, err ? strerrorname_np(err) : "OK",
	       (unsigned long long)us);
	fflush(stdout);
}

static void remove_args(char **at, int n)
{
	while ((at[0] = at[n]))
		at++;
}

const char *option(const char *name, const char *fallback)
{
	char **a;

	for (a = args; *a; a++) {
		if (!strcmp(*a, name) && a[1]) {
			fallback = a[1];
			remove_args(a, 2);
			break;
		}
	}
	return fallback;
}

long option_number(const char *name, long fallback)
{
	const char *text = option(name, NULL);

	return text ? strtol(text, NULL, 0) : fallback;
}

long option_slow(void)
{
	const char *text = getenv("SLOW");
	long n = text ? atol(text) : 1;

	return n > 0 ? n : 1;
}

long option_wait(const char *name, long fallback)
{
	return option_number(name, fallback) * option_slow();
}

long option_sleep(const char *name, long fallback)
{
	return option_number(name, fallback) * (option_slow() + 2) / 3;
}

int flag(const char *name)
{
	char **a;

	for (a = args; *a; a++) {
		if (!strcmp(*a, name)) {
			remove_args(a, 1);
			return 1;
		}
	}
	return 0;
}

const char *arg(const char *what)
{
	const char *word = args[0];

	errno = 0;
	if (!word || !strncmp(word, "--", 2))
		die("%s expected, got '%s'", what, word ?: "nothing");
	args++;
	return word;
}

int more_args(void)
{
	return args[0] != NULL;
}

char *program_path(void)
{
	return program;
}

socklen_t address_of(union address *a, const char *text, unsigned int port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':')) {
		const char *scope = strchrnul(text, '%');
		char plain[INET6_ADDRSTRLEN];

		snprintf(plain, sizeof(plain), "%.*s", (int)(scope - text), text);
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		a->in6.sin6_scope_id = *scope ? if_nametoindex(scope + 1) : 0;
		if (inet_pton(AF_INET6, plain, &a->in6.sin6_addr) == 1)
			return sizeof(a->in6);
	} else {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1)
			return sizeof(a->in);
	}
	die("'%s' is not an address", text);
}

int socket_for(const union address *a, int type, int proto)
{
	int fd = socket(a->sa.sa_family, type, proto);

	if (fd < 0)
		die("socket(%d, %d, %d)", a->sa.sa_family, type, proto);
	return fd;
}

void bind_port(int fd, const union address *a, unsigned int port)
{
	union address own;
	socklen_t len = address_of(&own, a->sa.sa_family == AF_INET6 ? "::" : "0.0.0.0", port);
	int one = 1;

	if (!port)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &own.sa, len) < 0)
		die("bind %u", port);
}

int accept_one(unsigned int port)
{
	int fd, c, zero = 0, one = 1;
	union address a;
	socklen_t len = address_of(&a, "::", port);
	uint64_t start;

	fd = socket_for(&a, SOCK_STREAM, 0);
	setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.sa, len) < 0 || listen(fd, 8) < 0)
		die("listen");
	printf("listening\n");
	fflush(stdout);
	c = accept(fd, NULL, NULL);
	start = now_us();
	report("accept", c < 0 ? errno : 0, start);
	return c;
}

int wait_connect(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0;

	if (poll(&p, 1, ms) <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

static int do_headless(void);

static const struct command {
	const char *name;
	int (*run)(void);
	const char *help;
} commands[] = {
	{ "tcp", do_tcp, "ADDR PORT [--nonblock] [--mptcp] [--bind PORT] [--data TEXT] [--wait MS] "
		"[--keep MS] [--fork] [--exec PROG]" },
	{ "udp", do_udp, "ADDR PORT [--connect] [--count N] [--size N] [--gap MS] [--wait MS] "
		"[--bind PORT] [--keep MS] [--nonblock] [--recverr]" },
	{ "icmp", do_icmp, "ADDR [--wait MS] [--count N] [--keep MS]" },
	{ "raw", do_raw, "ADDR PROTO [--size N] [--keep MS]" },
	{ "senddata", do_senddata, "FD TEXT [--wait MS]" },
	{ "segments", do_segments, "ADDR PORT TEXT... [--size N] [--gap MS] [--wait MS] [--close]   "
		"a send() for each" },
	{ "hello", do_hello, "ADDR PORT NAME [--pad N] [--cut N] [--gap MS] [--wait MS] [--ech] "
	  "[--then PORT] [--keep MS]      of TLS" },
	{ "udpmany", do_udpmany, "ADDR PORT COUNT [--size N] [--keep MS]   one socket, many ports" },
	{ "tcpmany", do_tcpmany, "ADDR PORT COUNT [--same] [--keep MS] [--wait MS]" },
	{ "quick", do_quick, "ADDR PORT [--udp]               fork, connect, exit" },
	{ "churn", do_churn, "ADDR PORT SECONDS               UDP and TCP without end" },
	{ "simopen", do_simopen, "ADDR PORT OWNPORT [--accepted] [--data TEXT] [--wait MS]" },
	{ "repair", do_repair, "OWN PORT ADDR PORT [--data TEXT]" },
	{ "forge", do_forge, "OWN PORT ADDR PORT [--data TEXT] [--flags N] [--count N]" },
	{ "smc", do_smc, "ADDR PORT [--data TEXT]" },
	{ "reconnect", do_reconnect, "ADDR1 PORT1 ADDR2 PORT2 [--after MS] [--wait MS] [--udp]" },
	{ "pass", do_pass, "SOCKET ADDR PORT [--data TEXT] [--copies N]  connects, gives the socket away" },
	{ "take", do_take, "SOCKET [--data TEXT] [--wait MS] takes a socket and sends on it; "
			   "[--close [--options]]: only closes it, --via HOP: by a source route first" },
	{ "listen", do_listen, "PORT [--data TEXT] [--keep MS] [--then-as UID]  accepts one and sends to it" },
	{ "path", do_path, "WAY ADDR PORT [--udp] [--data TEXT] [--size N] [--wait MS] [--keep MS] "
		"[--exec PROG]" },
	{ "pathfd", do_pathfd, "WAY FD [--data TEXT] [--size N] [--wait MS] [--keep MS]" },
	{ "answer", do_answer, "PORT WAY [--data TEXT] [--size N] [--keep MS]   accepts one, speaks" },
	{ "tfo", do_tfo, "ADDR PORT [--connect] [--data TEXT] [--size N] [--wait MS]" },
	{ "tfoleave", do_tfoleave, "PROG ADDR PORT                a SYN with data, then PROG has it" },
	{ "mixed", do_mixed, "ADDR PORT PORT                 one sendmmsg() to both in turn" },
	{ "rounds", do_rounds, "ADDR PORT COUNT GAP [--data TEXT]   new sockets again and again" },
	{ "disguise", do_disguise, "EXE ADDR PORT [--udp] [--wait MS] [--fork N]" },
	{ "lazyargv", do_lazyargv, "ADDR PORT [--wait MS]           argv in a page that never comes" },
	{ "via", do_via, "HOW ADDR PORT ORDER            one socket: l by lo, p by the route" },
	{ "viatcp", do_viatcp, "ADDR PORT [--wait MS]           a SYN to lo first" },
	{ "redirect", do_redirect, "HOW OWN PORT HOP [--spoken] [--listener] [--keep MS]" },
	{ "spray", do_spray, "ADDR PORT COUNT [--udp] [--gap US] [--keep MS]" },
	{ "switch", do_switch, "ADDR1 PORT1 ADDR2 PORT2 [--after US] [--count N] [--step US] "
		"[--keep MS]" },
	{ "badexec", do_badexec, "FILE COUNT                     killed in the midst of exec" },
	{ "oneshot", do_oneshot, "ADDR PORT                      one datagram" },
	{ "oneshots", do_oneshots, "PROG ADDR PORT COUNT [--fork]  as many processes" },
	{ "rest", do_rest, "MS" },
	{ "cloexec", do_cloexec, "PROG ADDR PORT                 exec closes the socket" },
	{ "stall", do_stall, "PORT FILE [--keep MS]          reads only while FILE is there" },
	{ "stuff", do_stuff, "ADDR PORT [--keep MS]          writes until nothing more goes" },
	{ "tun", do_tun, "DEVICE ADDR PORT --from ADDR [--count N] [--gap MS] [--data TEXT]" },
	{ "packet", do_packet, "WAY DEVICE ADDR PORT [--type N] [--claim N] [--count N] [--gap MS] "
	  "[--data TEXT] [--keep MS]   WAY: raw, dgram, bound, bypass, ring, old" },
	{ "pppoe", do_pppoe, "DEVICE MAC [--data TEXT]         a frame by a PPPoE socket" },
	{ "xdp", do_xdp, "DEVICE ADDR PORT [--data TEXT]" },
	{ "torture-run", do_torture_run, "TRUTH SEED COUNT [--first N] [--at-once N] [--say]" },
	{ "torture", do_torture, "WAY ADDR PORT PROTO STATE STEPS   one sender of the torture" },
	{ "script", do_script, "FILE WAY ADDR PORT PROTO STATE STEPS   the same, as interpreter" },
	{ "headless", do_headless, "COMMAND...                     in a thread whose leader exits" },
	{ "load", do_load, "KIND ADDR [PORT] [--by WAY] [--up N] [--down N] [--size N] [--rate N] "
		"[--connections N] [--dev IF]" },
	{ "feed", do_feed, "PROTO:PORT... --log FILE       the other end of load" },
	{ "steps", do_steps, "PORT|- [--v4] STEP...            one UDP socket: recv MS, answer TEXT, "
		"other PORT TEXT, to ADDR PORT TEXT, connect ADDR PORT, sleep MS, give SOCKET, take SOCKET" },
	{ "fakeudp", do_fakeudp, "SRC PORT ADDR PORT [--data TEXT | --hex DIGITS]" },
	{ "fabricate", do_fabricate, "OWN PORT ADDR PORT [--data TEXT]   inbound, it seems" },
	{ "kind", do_kind, "udplite|sctp|sctp-many|dccp|l2tp ADDR PORT [--data TEXT] [--wait MS]" },
	{ "header", do_header, "WAY OWN ADDR PORT [--data TEXT]   IP header and what follows, by hand" },
	{ "rawtype", do_rawtype, "ADDR PROTO TYPE [--size N]       a raw socket's first byte" },
	{ "freebind", do_freebind, "OWN ADDR PORT [--size N]         from an address that is not ours" },
	{ "steal", do_steal, "PID FD [--data TEXT] [--fail N]   pidfd_getfd() and send; the N-th allocation "
	  "fails" },
	{ "rxrpc", do_rxrpc, "ADDR PORT [--data TEXT] [--keep MS]" },
	{ "names", do_names, "SERVER DOMAIN PORT [COUNT] [--first N] [--tcp] [--fork] [--sleep MS] "
		"[--data TEXT] [--any] [--over-tcp [--split] [--late]] [--from PORT] [--aaaa] "
		"[--again MS]   looks up "
		"nN.DOMAIN (=NAME: that) and goes there at once" },
	{ "insmod", do_insmod, "FILE NAME [--tries N]          with each of its allocations failing" },
	{ "inject", do_inject, "PID ADDR PORT [--data TEXT]     as its debugger" },
	{ "lie", do_lie, "true|id|name|port|early|wrapped|bytes|much NAME ADDRESS [--tcp] [--port N]" },
	{ "crowd", do_crowd, "COUNT [--keep MS]              as many processes with one large table of files" },
	{ "ownfiles", do_ownfiles, "ADDR PORT [--keep MS]       a thread alone has the socket" },
	{ "server", do_server, "PROTO:PORT... [--log FILE]      echoes tcp:, mptcp:, udp:" },
};

static const struct command *command_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static void *run_in_thread(void *command)
{
	exit(((const struct command *)command)->run());
}

static int do_headless(void)
{
	const struct command *command = command_of(arg("command"));
	pthread_t id;

	if (!command || pthread_create(&id, NULL, run_in_thread, (void *)command))
		die("headless");
	syscall(SYS_exit, 0);
	return 1;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_of(argv[1]) : NULL;
	size_t i;

	if (command) {
		program = argv[0];
		args = argv + 2;
		return command->run();
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "netprog %s %s\n", commands[i].name, commands[i].help);
	return 2;
}
