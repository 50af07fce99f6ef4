// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The many ways of one payload into a socket: sendfile, splice, corked, zero copy, a ring,
 * inside the SYN. Must never fall back to an ordinary send: a way that is not there is an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "netprog.h"

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

/* @len bytes that begin with and repeat @text; a server's log then shows the text. */
static char *make_data(const char *text, size_t len)
{
	char *data = mmap(NULL, len + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
	size_t i, n = strlen(text);

	if (data == MAP_FAILED || !n)
		die("data");
	for (i = 0; i < len; i++)
		data[i] = text[i % n];
	return data;
}

static int result(ssize_t n)
{
	return n < 0 ? errno : 0;
}

static int is_udp(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type == SOCK_DGRAM;
}

static int file_of(const char *data, size_t len)
{
	int fd = memfd_create("data", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET))
		die("memfd");
	return fd;
}

static int by_send(int fd, const char *data, size_t len)
{
	return result(send(fd, data, len, MSG_NOSIGNAL));
}

static int by_sendfile(int fd, const char *data, size_t len)
{
	return result(sendfile(fd, file_of(data, len), NULL, len));
}

static int by_splice(int fd, const char *data, size_t len)
{
	int p[2], file = file_of(data, len);

	if (pipe(p) < 0 || splice(file, NULL, p[1], NULL, len, 0) != (ssize_t)len)
		die("splice into a pipe");
	return result(splice(p[0], NULL, fd, NULL, len, 0));
}

static int by_vmsplice(int fd, const char *data, size_t len)
{
	struct iovec iov = { (char *)data, len };
	int p[2];

	if (pipe(p) < 0 || vmsplice(p[1], &iov, 1, 0) != (ssize_t)len)
		die("vmsplice");
	return result(splice(p[0], NULL, fd, NULL, len, SPLICE_F_MOVE));
}

static int by_sendmmsg(int fd, const char *data, size_t len)
{
	struct iovec iov = { (char *)data, len };
	struct mmsghdr m[3] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
		m[i].msg_hdr.msg_iov = &iov;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	return result(sendmmsg(fd, m, ARRAY_SIZE(m), MSG_NOSIGNAL));
}

/* UDP: the second call sends both; TCP: nothing is pushed, timer or close sends. */
static int by_more(int fd, const char *data, size_t len)
{
	int err = result(send(fd, data, len, MSG_MORE | MSG_NOSIGNAL));

	return err || !is_udp(fd) ? err : result(send(fd, data, 1, MSG_NOSIGNAL));
}

static int by_cork(int fd, const char *data, size_t len)
{
	int udp = is_udp(fd), on = 1, off = 0, err;

	if (setsockopt(fd, udp ? SOL_UDP : SOL_TCP, udp ? UDP_CORK : TCP_CORK, &on, sizeof(on)))
		die("cork");
	err = result(send(fd, data, len, MSG_NOSIGNAL));
	if (!err && udp)
		setsockopt(fd, SOL_UDP, UDP_CORK, &off, sizeof(off));
	return err;
}

/* TCP: corked, then let out by the sender itself. */
static int by_uncork(int fd, const char *data, size_t len)
{
	int off = 0, err = by_cork(fd, data, len);

	if (!is_udp(fd))
		setsockopt(fd, SOL_TCP, TCP_CORK, &off, sizeof(off));
	return err;
}

static int by_zerocopy(int fd, const char *data, size_t len)
{
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		die("SO_ZEROCOPY");
	return result(send(fd, data, len, MSG_ZEROCOPY | MSG_NOSIGNAL));
}

static int by_uring(int fd, const char *data, size_t len)
{
	return uring_send(fd, data, len, URING_INLINE);
}

static int by_uring_async(int fd, const char *data, size_t len)
{
	return uring_send(fd, data, len, URING_ASYNC);
}

static int by_uring_sqpoll(int fd, const char *data, size_t len)
{
	return uring_send(fd, data, len, URING_SQPOLL);
}

static const struct way {
	const char *name;
	int (*send)(int fd, const char *data, size_t len);
	int ring;	/* connects by the ring, too */
} ways[] = {
	{ "send", by_send, -1 },
	{ "sendfile", by_sendfile, -1 },
	{ "splice", by_splice, -1 },
	{ "vmsplice", by_vmsplice, -1 },
	{ "sendmmsg", by_sendmmsg, -1 },
	{ "more", by_more, -1 },
	{ "cork", by_cork, -1 },
	{ "uncork", by_uncork, -1 },
	{ "zerocopy", by_zerocopy, -1 },
	{ "uring", by_uring, URING_INLINE },
	{ "uring-async", by_uring_async, URING_ASYNC },
	{ "uring-sqpoll", by_uring_sqpoll, URING_SQPOLL },
};

static const struct way *way_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	die("no way '%s'", name);
}

struct job {
	const struct way *way;
	const char *text;
	size_t size;
	long wait, keep;
};

static void take_job(struct job *j)
{
	j->text = option("--data", "payload");
	j->size = option_number("--size", 600);
	j->wait = option_wait("--wait", 0);
	j->keep = option_sleep("--keep", 0);
}

/* What comes back within @ms; completions of zero copy lie in the error queue and are not it. */
static int wait_echo(int fd, long ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t end = now_us() + ms * 1000;
	char buf[2048], control[256];

	while (now_us() < end && poll(&p, 1, (end - now_us()) / 1000 + 1) > 0) {
		struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n >= 0)
			return n ? 0 : EPIPE;
		if (errno != EAGAIN || recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return errno;
	}
	return ETIMEDOUT;
}

/* Sends, waits for what comes back if told to, and closes after the time to keep. */
static int run_job(const struct job *j, int fd)
{
	char *data = make_data(j->text, j->size);
	uint64_t start = now_us();
	int err = j->way->send(fd, data, j->size);

	report("send", err, start);
	start = now_us();
	if (!err && j->wait) {
		err = wait_echo(fd, j->wait);
		report("echo", err, start);
	}
	if (j->keep)
		usleep(j->keep * 1000);
	close(fd);
	return err != 0;
}

static void hand_on(const struct job *j, const char *prog, int fd)
{
	char number[12], size[24], keep[24];

	fcntl(fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", fd);
	snprintf(size, sizeof(size), "%zu", j->size);
	snprintf(keep, sizeof(keep), "%ld", j->keep);
	execl(prog, prog, "pathfd", j->way->name, number, "--data", j->text, "--size", size,
	      "--keep", keep, (char *)NULL);
	die("exec %s", prog);
}

int do_path(void)
{
	const char *prog = option("--exec", NULL), *text;
	int udp = flag("--udp"), fd, err;
	union address a;
	uint64_t start;
	socklen_t len;
	struct job j;

	take_job(&j);
	j.way = way_of(arg("way"));
	text = arg("address");
	len = address_of(&a, text, atoi(arg("port")));
	fd = socket_for(&a, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	start = now_us();
	if (j.way->ring >= 0 && !prog)
		err = uring_connect(fd, &a, len, j.way->ring);
	else
		err = result(connect(fd, &a.sa, len));
	report("connect", err, start);
	if (err)
		return 1;
	if (prog)
		hand_on(&j, prog, fd);
	return run_job(&j, fd);
}

int do_pathfd(void)
{
	struct job j;

	take_job(&j);
	j.way = way_of(arg("way"));
	return run_job(&j, atoi(arg("descriptor")));
}

/* Accepts one connection and speaks on it. */
int do_answer(void)
{
	unsigned int port;
	struct job j;

	take_job(&j);
	port = atoi(arg("port"));
	j.way = way_of(arg("way"));
	return run_job(&j, accept_one(port));
}

/* Data in the SYN: by the send itself, or (--connect) by a connect() that waits for it. */
int do_tfo(void)
{
	int later = flag("--connect"), one = 1, fd, err = 0;
	const char *text;
	union address a;
	uint64_t start;
	socklen_t len;
	struct job j;
	char *data;

	take_job(&j);
	text = arg("address");
	len = address_of(&a, text, atoi(arg("port")));
	fd = socket_for(&a, SOCK_STREAM, 0);
	data = make_data(j.text, j.size);
	start = now_us();
	if (later) {
		if (setsockopt(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)))
			die("TCP_FASTOPEN_CONNECT");
		err = result(connect(fd, &a.sa, len));
		report("connect", err, start);
		start = now_us();
	}
	if (!err) {
		err = result(later ? send(fd, data, j.size, MSG_NOSIGNAL) :
			     sendto(fd, data, j.size, MSG_FASTOPEN | MSG_NOSIGNAL, &a.sa, len));
		report("send", err, start);
	}
	if (!err && j.wait) {
		start = now_us();
		err = wait_echo(fd, j.wait);
		report("echo", err, start);
	}
	return err != 0;
}

/* Its SYN has data and needs no cookie; the kernel repeats it when another program has the
 * socket, which rests.
 */
int do_tfoleave(void)
{
	const char *prog = arg("program"), *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
	uint64_t start = now_us();

	if (setsockopt(fd, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, &one, sizeof(one)))
		die("TCP_FASTOPEN_NO_COOKIE");
	report("send", result(sendto(fd, "left behind", 11, MSG_FASTOPEN | MSG_NOSIGNAL, &a.sa, len)),
	       start);
	execl(prog, prog, "rest", "6000", NULL);
	die("exec %s", prog);
}

/* One sendmmsg() to two ports in turn, the first and the second; what it leaves over is sent
 * on until all were tried.
 */
int do_mixed(void)
{
	unsigned int port[2], n = 8, done = 0, sent = 0, refused = 0;
	struct mmsghdr m[8] = { 0 };
	const char *text = arg("address");
	struct iovec iov = { "mixed", 5 };
	union address a[2];
	socklen_t len = 0;
	int fd;

	for (int i = 0; i < 2; i++) {
		port[i] = atoi(arg("port"));
		len = address_of(&a[i], text, port[i]);
	}
	fd = socket_for(&a[0], SOCK_DGRAM, 0);
	for (unsigned int i = 0; i < n; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_name = &a[i % 2], .msg_namelen = len,
						.msg_iov = &iov, .msg_iovlen = 1 };
	while (done < n) {
		int r = sendmmsg(fd, m + done, n - done, 0);

		if (r < 0) {
			refused += errno == EPERM;
			r = 1;
		} else {
			sent += r;
		}
		done += r;
	}
	printf("mixed sent %u refused %u\n", sent, refused);
	return 0;
}

/* Every GAP milliseconds a new UDP and a new TCP socket, each with its payload. */
int do_rounds(void)
{
	const char *text = option("--data", "round");
	const char *to = arg("address");
	union address a;
	socklen_t len = address_of(&a, to, atoi(arg("port")));
	long count = atol(arg("count")), gap = atol(arg("gap")) * (option_slow() + 2) / 3;
	char *data = make_data(text, 600);

	while (count-- > 0) {
		int udp = socket_for(&a, SOCK_DGRAM, 0);
		int tcp = socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0);
		uint64_t start = now_us();
		int err = result(sendto(udp, data, 600, 0, &a.sa, len));

		report("udp", err, start);
		start = now_us();
		err = result(connect(tcp, &a.sa, len));
		if (err == EINPROGRESS)
			err = wait_connect(tcp, gap);
		if (!err)
			err = result(send(tcp, data, 600, MSG_NOSIGNAL));
		report("tcp", err, start);
		close(udp);
		close(tcp);
		usleep(gap * 1000);
	}
	return 0;
}
