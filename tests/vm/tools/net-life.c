// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that begin and end in odd ways, and connections that outlive what was said of them.
 * Must never leave a child behind.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netprog.h"

extern char **environ;

/* ---- an exec that fails when there is no way back ---- */

#define NOWHERE 0x4000000000000000	/* no program's memory, however many levels pages have */

/* Its only segment lies nowhere: the kernel finds out too late. */
static void write_broken(const char *path)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr p;
		char rest[4096];
	} f = {
		.e = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				    EV_CURRENT },
		       .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		       .e_entry = NOWHERE, .e_phoff = sizeof(Elf64_Ehdr),
		       .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 1 },
		.p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = NOWHERE,
		       .p_filesz = 4096, .p_memsz = 4096, .p_align = 4096 },
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, &f, sizeof(f)) != sizeof(f) || close(fd))
		die("%s", path);
}

/* COUNT processes execute it; each is killed by the kernel in the midst of it. */
int do_badexec(void)
{
	const char *path = arg("file");
	long count = atol(arg("count")), killed = 0;

	write_broken(path);
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();
		int status = 0;

		if (pid < 0)
			die("fork");
		if (!pid) {
			execl(path, path, (char *)NULL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
	}
	printf("badexec killed %ld\n", killed);
	return killed != count;
}

/* ---- processes that live for one datagram ---- */

static int oneshot(const char *to, const char *port)
{
	union address a;
	socklen_t len = address_of(&a, to, atoi(port));

	return sendto(socket_for(&a, SOCK_DGRAM, 0), "once", 4, 0, &a.sa, len) < 0;
}

int do_oneshot(void)
{
	const char *to = arg("address");

	return oneshot(to, arg("port"));
}

/* --fork: most are only forked, which is a process with an image of its own, too, and quicker. */
#define ONESHOTS_PER_EXEC	8

int do_oneshots(void)
{
	const char *prog = arg("program"), *to = arg("address"), *port = arg("port");
	char *argv[] = { (char *)prog, "oneshot", (char *)to, (char *)port, NULL };
	long count = atol(arg("count")), sent = 0, refused = 0;
	uint64_t start = now_us();
	int forks = flag("--fork");

	for (long i = 0; i < count; i++) {
		int status = 0;
		pid_t pid;

		if (forks && i % ONESHOTS_PER_EXEC) {
			pid = fork();
			if (!pid)
				_exit(oneshot(to, port));
			errno = pid < 0 ? errno : 0;
		} else {
			errno = posix_spawn(&pid, prog, NULL, NULL, argv, environ);
		}
		if (errno)
			die("%s", prog);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			sent++;
		else
			refused++;
	}
	printf("oneshots sent %ld refused %ld us=%llu\n", sent, refused,
	       (unsigned long long)(now_us() - start));
	return refused != 0;
}

/* ---- a socket that exec closes ---- */

int do_rest(void)
{
	usleep(atol(arg("milliseconds")) * 1000);
	return 0;
}

int do_cloexec(void)
{
	const char *prog = arg("program"), *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket_for(&a, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t start = now_us();
	char buf[16];

	if (connect(fd, &a.sa, len) < 0 || send(fd, "closing", 7, MSG_NOSIGNAL) < 0 ||
	    recv(fd, buf, sizeof(buf), 0) < 0)
		die("connect");
	report("echo", 0, start);
	usleep(200000);
	execl(prog, prog, "rest", "1500", (char *)NULL);
	die("exec %s", prog);
}

/* ---- a peer that does not read ---- */

/* Accepts one connection and reads of it, little by little, only while FILE is there. */
int do_stall(void)
{
	long keep = option_sleep("--keep", 5000);
	const char *file;
	union address a;
	socklen_t len = address_of(&a, "::", atoi(arg("port")));
	int s = socket_for(&a, SOCK_STREAM, 0), zero = 0, one = 1, room = 4096, c;
	struct stat st;
	uint64_t end = 0;
	long got = 0;
	char buf[2048];

	file = arg("file");
	setsockopt(s, SOL_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(s, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(s, &a.sa, len) < 0 || listen(s, 8) < 0)
		die("listen");
	printf("listening\n");
	fflush(stdout);
	c = accept(s, NULL, NULL);
	for (; !end || now_us() < end; usleep(10000)) {
		ssize_t n;

		if (stat(file, &st) < 0)
			continue;
		if (!end)
			end = now_us() + keep * 1000;
		n = recv(c, buf, sizeof(buf), MSG_DONTWAIT);
		got += n > 0 ? n : 0;
	}
	printf("got %ld\n", got);
	return 0;
}

/* Writes until nothing more can be, and then just lives. */
int do_stuff(void)
{
	long keep = option_sleep("--keep", 10000), sent = 0;
	const char *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket_for(&a, SOCK_STREAM, 0), room = 262144;
	static char data[16384];

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (connect(fd, &a.sa, len) < 0)
		die("connect");
	for (int idle = 0; idle < 5;) {
		ssize_t n = send(fd, data, sizeof(data), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			die("send");
		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? n : 0;
		if (n < 0)
			usleep(100000);
	}
	printf("stuffed %ld\n", sent);
	fflush(stdout);
	usleep(keep * 1000);
	return 0;
}
