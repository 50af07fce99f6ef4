// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes another process send: as its debugger, by system calls that it was not written to make.
 * ptrace(2); x86-64, where a process that sleeps in a system call has just executed its instruction.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "netprog.h"

#define SYSCALL_INSN	0x050f		/* as a little-endian word */
#define BELOW_STACK	1024		/* past the red zone */

struct victim {
	pid_t pid;
	struct user_regs_struct was;
	unsigned long long room;	/* memory of its that it does not use now */
};

static void stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		die("the process does not stop");
}

static void poke(const struct victim *v, unsigned long long at, const void *data, size_t size)
{
	long word;
	size_t i;

	for (i = 0; i < size; i += sizeof(word)) {
		size_t n = size - i < sizeof(word) ? size - i : sizeof(word);

		word = 0;
		memcpy(&word, (const char *)data + i, n);
		if (ptrace(PTRACE_POKEDATA, v->pid, at + i, word))
			die("PTRACE_POKEDATA");
	}
}

/* One instruction of its: a system call. Return: what that returned. */
static long call(const struct victim *v, const unsigned long long a[7])
{
	struct user_regs_struct regs = v->was;

	regs.rip -= 2;
	regs.orig_rax = -1;	/* there is none to begin again */
	regs.rax = a[0];
	regs.rdi = a[1];
	regs.rsi = a[2];
	regs.rdx = a[3];
	regs.r10 = a[4];
	regs.r8 = a[5];
	regs.r9 = a[6];
	if (ptrace(PTRACE_SETREGS, v->pid, 0, &regs) || ptrace(PTRACE_SINGLESTEP, v->pid, 0, 0))
		die("ptrace");
	stopped(v->pid);
	if (ptrace(PTRACE_GETREGS, v->pid, 0, &regs))
		die("PTRACE_GETREGS");
	return regs.rax;
}

static long send_as(const struct victim *v, const union address *to, socklen_t size,
		    const char *text)
{
	const size_t len = strlen(text);
	const unsigned long long at = v->room, data = at + sizeof(*to);
	long fd, n;

	poke(v, at, to, sizeof(*to));
	poke(v, data, text, len);
	fd = call(v, (unsigned long long[7]){ SYS_socket, to->sa.sa_family, SOCK_DGRAM, 0 });
	if (fd < 0)
		return fd;
	n = call(v, (unsigned long long[7]){ SYS_sendto, fd, data, len, 0, at, size });
	call(v, (unsigned long long[7]){ SYS_close, fd });
	return n;
}

int do_inject(void)
{
	struct victim v = { .pid = atoi(arg("pid")) };
	socklen_t size;
	union address to;
	uint64_t start;
	const char *text;
	long word, n;

	text = arg("address");
	size = address_of(&to, text, atoi(arg("port")));
	if (ptrace(PTRACE_ATTACH, v.pid, 0, 0))
		die("PTRACE_ATTACH");
	stopped(v.pid);
	if (ptrace(PTRACE_GETREGS, v.pid, 0, &v.was))
		die("PTRACE_GETREGS");
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, v.pid, v.was.rip - 2, 0);
	if (errno || (word & 0xffff) != SYSCALL_INSN)
		die("the process is not in a system call");
	v.room = (v.was.rsp - BELOW_STACK) & ~15ULL;
	start = now_us();
	n = send_as(&v, &to, size, option("--data", "injected"));
	report("send", n < 0 ? -n : 0, start);
	if (ptrace(PTRACE_SETREGS, v.pid, 0, &v.was) || ptrace(PTRACE_DETACH, v.pid, 0, 0))
		die("PTRACE_DETACH");
	return n < 0;
}
