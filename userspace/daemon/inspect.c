// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inspector: the daemon's end, and the process that starts a worker for each file. It must
 * never let a file that does not answer hold up the daemon, nor keep the daemon's device open.
 */
#include "inspect.h"

#include <cap-ng.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/log.h"
#include "../util/timespan.h"
#include "daemon.h"

#define WORKERS		4
#define WORKER_NS	(25 * SNITCH_NSEC_PER_SEC)
#define POLL_MS		50	/* how soon a worker that has ended is noticed */

/**
 * struct inspector - the daemon's end
 * @fd: a packet socket; the other end is the inspector's and its workers'
 */
struct inspector {
	int fd;
	pid_t pid;
};

/* A question; the descriptor, if any, comes with it. */
struct question_packet {
	uint64_t id;
	char path[PATH_MAX];
};

/**
 * struct worker - a child that looks into a file
 * @pid: 0: none
 * @until: CLOCK_BOOTTIME ns
 */
struct worker {
	pid_t pid;
	uint64_t id;
	uint64_t until;
};

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* ---- the inspector's end ------------------------------------------------------------------- */

static void answer(int sock, const struct inspect_finding *finding)
{
	send(sock, finding, sizeof(*finding), MSG_NOSIGNAL);
}

static void fail(int sock, uint64_t id, int error)
{
	struct inspect_finding finding = { .id = id, .error = error };

	answer(sock, &finding);
}

/* Return: bytes; 0: the daemon is gone. @fd: for the caller to close, or -1. */
static ssize_t take_question(int sock, struct question_packet *q, int *fd)
{
	union fd_control control;
	struct iovec iov = { .iov_base = q, .iov_len = sizeof(*q) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}

static pid_t start_worker(int sock, const char *root, const struct question_packet *q, int fd)
{
	struct inspect_finding finding = { .id = q->id };
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	inspect_file(root, q->path, fd, &finding);
	answer(sock, &finding);
	_exit(0);
}

/* Return: false when the daemon is gone. */
static bool next_question(int sock, const char *root, struct worker *worker)
{
	struct question_packet q;
	ssize_t n;
	int fd;

	n = take_question(sock, &q, &fd);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n <= (ssize_t)sizeof(q.id))
		return false;
	q.path[n - sizeof(q.id) - 1] = '\0';
	*worker = (struct worker){ .id = q.id, .until = snitch_boottime() + WORKER_NS };
	worker->pid = start_worker(sock, root, &q, fd);
	if (worker->pid < 0) {
		worker->pid = 0;
		fail(sock, q.id, -EAGAIN);
	}
	if (fd >= 0)
		close(fd);
	return true;
}

/* Workers that ended well have answered themselves. */
static void mind_worker(int sock, struct worker *worker)
{
	pid_t pid;
	int status;

	if (!worker->pid)
		return;
	pid = waitpid(worker->pid, &status, WNOHANG);
	if (pid == worker->pid) {
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			fail(sock, worker->id, WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ?
			     -ETIMEDOUT : -EIO);
	} else if (!pid && snitch_boottime() > worker->until) {
		kill(worker->pid, SIGKILL);
		fail(sock, worker->id, -ETIMEDOUT);
	} else if (!pid) {
		return;
	}
	/* one that cannot be ended yet is reaped when this process ends */
	worker->pid = 0;
}

static void run(int sock, const char *root)
{
	struct worker workers[WORKERS] = { { .pid = 0 } };
	struct pollfd fds = { .fd = sock };
	unsigned int i, busy, room = 0;

	for (;;) {
		busy = 0;
		for (i = 0; i < WORKERS; i++) {
			mind_worker(sock, &workers[i]);
			if (workers[i].pid)
				busy++;
			else
				room = i;
		}
		fds.events = busy < WORKERS ? POLLIN : 0;
		if (poll(&fds, 1, busy ? POLL_MS : -1) < 0 && errno != EINTR)
			break;
		if (fds.revents & POLLIN && !next_question(sock, root, &workers[room]))
			break;
		if (!(fds.revents & POLLIN) && fds.revents & (POLLHUP | POLLERR))
			break;
	}
	for (i = 0; i < WORKERS; i++) {
		if (workers[i].pid)
			kill(workers[i].pid, SIGKILL);
	}
}

static void be_inspector(int sock, const char *root, bool filter)
{
	sigset_t none;
	int high = 3;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "snitchd-inspect");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	/* the socket becomes 3, all above is the daemon's */
	if (sock != high && dup2(sock, high) < 0)
		_exit(1);
	if (close_range(high + 1, ~0U, 0))
		_exit(1);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH)) {
		capng_clear(CAPNG_SELECT_CAPS);
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_READ_SEARCH);
		capng_apply(CAPNG_SELECT_CAPS);
	}
	if (filter && sandbox_syscalls() < 0)
		_exit(1);
	run(high, root);
	_exit(0);
}

/* ---- the daemon's end -------------------------------------------------------------------------- */

int inspector_start(struct inspector **out, const char *root, bool filter)
{
	struct inspector *inspector = calloc(1, sizeof(*inspector));
	int ends[2], r;

	if (!inspector)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		r = -errno;
		free(inspector);
		return r;
	}
	inspector->pid = fork();
	if (!inspector->pid) {
		close(ends[0]);
		be_inspector(ends[1], root, filter);
	}
	r = inspector->pid < 0 ? -errno : 0;
	close(ends[1]);
	inspector->fd = ends[0];
	if (r) {
		inspector_stop(inspector);
		return r;
	}
	*out = inspector;
	return 0;
}

void inspector_stop(struct inspector *inspector)
{
	if (!inspector)
		return;
	close(inspector->fd);
	if (inspector->pid > 0) {
		kill(inspector->pid, SIGKILL);
		waitpid(inspector->pid, NULL, 0);
	}
	free(inspector);
}

int inspector_fd(const struct inspector *inspector)
{
	return inspector->fd;
}

int inspector_ask(struct inspector *inspector, uint64_t id, const char *path, int fd)
{
	struct question_packet q = { .id = id };
	union fd_control control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = &q };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (strlen(path) >= sizeof(q.path))
		return -ENAMETOOLONG;
	strcpy(q.path, path);
	iov.iov_len = sizeof(q.id) + strlen(path) + 1;
	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(inspector->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int inspector_read(struct inspector *inspector, struct inspect_finding *finding)
{
	ssize_t n = recv(inspector->fd, finding, sizeof(*finding), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n != sizeof(*finding))
		return -ESHUTDOWN;
	finding->package[sizeof(finding->package) - 1] = '\0';
	finding->version[sizeof(finding->version) - 1] = '\0';
	return 0;
}
