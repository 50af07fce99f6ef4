// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-fault: runs a program and lets a chosen one of its writes below a folder fail, or kills it
 * there. The kernel stops each such call until this process has looked at it (seccomp user
 * notification), so that nothing escapes: not the C library's own writes, nor SQLite's. It must
 * never touch a call about files elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../userspace/util/cleanup.h"
#include "calls.h"

static const char usage[] =
	"usage: snitch-fault FOLDER PLAN COMMAND [ARGUMENT]...\n"
	"  FOLDER  absolute; calls that change files below it are counted\n"
	"  PLAN    a file that may appear at any time, and is taken away when it is read:\n"
	"          \"N kill\", \"N ENOSPC\", \"N EIO\", \"N short\": at the Nth call from then on;\n"
	"          \"N+ ENOSPC\": at each from the Nth on; \"0 log\": none\n"
	"  PLAN.log gets each call that is counted, PLAN.fired the one that it happened to.\n"
	"ENOSPC happens only to calls that take room, short only to writes: others count and go on.\n"
	"Exits as COMMAND did; 137 when it was killed.\n";

enum act { ACT_LOG, ACT_KILL, ACT_ERROR, ACT_SHORT };

static struct {
	const char *folder, *plan;
	char log[PATH_MAX], fired[PATH_MAX];
	enum act act;
	int error;
	unsigned long at, count;
	bool on, active;
	pid_t child;
} state;

/* ---- the process ------------------------------------------------------------------------------ */

static int send_fd(int to, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = "" };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.room, .msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int from)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.room, .msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static int listen_to(scmp_filter_ctx ctx)
{
	const struct call *call;
	int r = 0;

	for (call = calls; r >= 0 && call->name; call++) {
		int nr = seccomp_syscall_resolve_name(call->name);

		if (nr == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, nr, 0);
		if (r == -EDOM || r == -EINVAL)
			r = 0;	/* not of this architecture */
	}
	return r < 0 ? r : seccomp_load(ctx);
}

static void become(int to, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? listen_to(ctx) : -ENOMEM;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (r >= 0)
		r = send_fd(to, seccomp_notify_fd(ctx));
	if (r < 0) {
		/* through the socket: to write is what nobody answers yet */
		shutdown(to, SHUT_RDWR);
		_exit(126);
	}
	close(seccomp_notify_fd(ctx));
	execvp(argv[0], argv);
	_exit(127);
}

/* ---- the plan ---------------------------------------------------------------------------------- */

static void read_plan(void)
{
	_cleanup_fclose_ FILE *f = fopen(state.plan, "re");
	char word[16], at[16], *end;

	if (!f)
		return;
	unlink(state.plan);
	state.active = false;
	if (fscanf(f, "%15s %15s", at, word) != 2) {
		fprintf(stderr, "snitch-fault: %s makes no sense\n", state.plan);
		return;
	}
	state.at = strtoul(at, &end, 10);
	state.on = *end == '+';
	state.count = 0;
	state.error = !strcmp(word, "ENOSPC") ? ENOSPC : EIO;
	state.act = !strcmp(word, "kill") ? ACT_KILL : !strcmp(word, "short") ? ACT_SHORT :
		    !strcmp(word, "log") ? ACT_LOG : ACT_ERROR;
	state.active = true;
}

static void note(const char *file, const char *name, const char *from, const char *to)
{
	_cleanup_fclose_ FILE *f = fopen(file, "ae");

	if (f)
		fprintf(f, "%s %s%s%s\n", name, from, *to ? " " : "", to);
}

static bool is_below(const char *path)
{
	size_t len = strlen(state.folder);

	return !strncmp(path, state.folder, len) && (path[len] == '/' || !path[len]);
}

/* ---- calls ------------------------------------------------------------------------------------- */

/* Half of the bytes, at the process's own position. Return: how many, or -1. */
static long write_half(const struct call *call, const struct seccomp_notif *req)
{
	size_t len = req->data.args[2] / 2;
	_cleanup_free_ char *data = malloc(len + 1);
	_cleanup_close_ int pidfd = syscall(SYS_pidfd_open, req->pid, 0);
	_cleanup_close_ int fd = -1;

	if (!data || pidfd < 0)
		return -1;
	fd = syscall(SYS_pidfd_getfd, pidfd, (int)req->data.args[0], 0);
	if (fd < 0 || call_memory(req->pid, req->data.args[1], data, len) != (ssize_t)len)
		return -1;
	return strcmp(call->name, "write") ? pwrite(fd, data, len, req->data.args[3]) :
	       write(fd, data, len);
}

/* What is to happen to this call; it goes on unless @resp says otherwise. */
static void strike(const struct call *call, const struct seccomp_notif *req,
		   struct seccomp_notif_resp *resp, const char *from, const char *to)
{
	long n;

	if (state.act == ACT_ERROR && state.error == ENOSPC && !(call->traits & CALL_TAKES_SPACE))
		return;
	if (state.act == ACT_SHORT && (!(call->traits & CALL_WRITES) || req->data.args[2] < 2))
		return;
	note(state.fired, call->name, from, to);
	if (state.act == ACT_KILL)
		kill(state.child, SIGKILL);
	if (state.act == ACT_KILL || state.act == ACT_ERROR) {
		resp->flags = 0;
		resp->error = -state.error;	/* who is killed has not done it either */
	} else {
		n = write_half(call, req);
		if (n < 0) {
			fprintf(stderr, "snitch-fault: cannot write half of it\n");
			return;
		}
		resp->flags = 0;
		resp->val = n;
	}
}

static const struct call *call_of(int nr)
{
	const struct call *call;

	for (call = calls; call->name; call++) {
		if (seccomp_syscall_resolve_name(call->name) == nr)
			break;
	}
	return call;
}

static void look(const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	const struct call *call = call_of(req->data.nr);
	char from[PATH_MAX], to[PATH_MAX];

	if (!call->name || !call_names(call, req, from, to) || !is_below(from))
		return;
	read_plan();
	if (!state.active)
		return;
	note(state.log, call->name, from, to);
	state.count++;
	if (state.act != ACT_LOG &&
	    (state.count == state.at || (state.on && state.count > state.at)))
		strike(call, req, resp, from, to);
}

static int serve(int fd)
{
	struct seccomp_notif *req = NULL;
	struct seccomp_notif_resp *resp = NULL;
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	int status;

	fds[1].fd = syscall(SYS_pidfd_open, state.child, 0);
	if (fds[1].fd < 0 || seccomp_notify_alloc(&req, &resp))
		return 125;
	while (waitpid(state.child, &status, WNOHANG) != state.child) {
		if (poll(fds, 2, -1) < 0 || !(fds[0].revents & POLLIN))
			continue;
		memset(req, 0, sizeof(*req));
		if (seccomp_notify_receive(fd, req))
			continue;
		memset(resp, 0, sizeof(*resp));
		resp->id = req->id;
		resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		look(req, resp);
		seccomp_notify_respond(fd, resp);
	}
	seccomp_notify_free(req, resp);
	close(fds[1].fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void pass_on(int number)
{
	kill(state.child, number);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = pass_on };
	int pair[2], fd;

	if (argc < 4 || argv[1][0] != '/') {
		fputs(usage, stderr);
		return 2;
	}
	state.folder = argv[1];
	state.plan = argv[2];
	snprintf(state.log, sizeof(state.log), "%s.log", state.plan);
	snprintf(state.fired, sizeof(state.fired), "%s.fired", state.plan);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return 125;
	state.child = fork();
	if (!state.child)
		become(pair[1], argv + 3);
	close(pair[1]);
	fd = state.child > 0 ? receive_fd(pair[0]) : -1;
	if (fd < 0) {
		fputs("snitch-fault: the kernel does not let it look at system calls\n", stderr);
		return 125;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	return serve(fd);
}
