// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measured transfers: so many bytes up and down, by one of many ways. The far end counts; what
 * is printed here only tells whether the transfer went through.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "load.h"
#include "net-packet.h"
#include "netprog.h"

#define BATCH		16
#define FRAME_HEADERS	64	/* no more than that */
#define REST_MS		2000	/* nothing more came for so long: it has ended */

/**
 * struct load - one transfer
 * @by: way of the data through the socket's calls
 * @up: bytes of payload to send, @down: to receive, @size: a call, @rate: a second
 */
struct load {
	const char *kind, *by, *to, *dev;
	unsigned int port;
	uint64_t up, down, size, rate, sent, received;
};

static char data[LOAD_CHUNK];

static int is(const struct load *l, const char *by)
{
	return !strcmp(l->by, by);
}

static size_t next_size(const struct load *l, uint64_t done, uint64_t all)
{
	return l->size < all - done ? l->size : all - done;
}

static int data_file(void)
{
	int fd = memfd_create("data", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data))
		die("memfd");
	return fd;
}

static int datagram_batch(int fd, size_t size, int receive)
{
	static char room[BATCH][LOAD_CHUNK];
	struct iovec iov[BATCH];
	struct mmsghdr m[BATCH] = { 0 };
	int i, n;

	for (i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ room[i], receive ? LOAD_CHUNK : size };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	n = receive ? recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL) : sendmmsg(fd, m, BATCH, 0);
	for (i = 0, size = 0; i < n; i++)
		size += m[i].msg_len;
	return n < 0 ? -1 : (int)size;
}

static ssize_t send_some(const struct load *l, int fd, size_t len)
{
	static int file = -1;
	off_t from = 0;

	if (is(l, "uring"))
		return uring_move(fd, data, len, 0);
	if (is(l, "mmsg"))
		return datagram_batch(fd, len, 0);
	if (!is(l, "sendfile"))
		return send(fd, data, len, MSG_NOSIGNAL);
	if (file < 0)
		file = data_file();
	return sendfile(fd, file, &from, len);
}

static ssize_t splice_away(int fd)
{
	static int pipe_fd[2] = { -1, -1 }, null = -1;
	ssize_t n, left;

	if (null < 0 && (pipe(pipe_fd) < 0 || (null = open("/dev/null", O_WRONLY)) < 0))
		die("pipe");
	n = left = splice(fd, NULL, pipe_fd[1], NULL, LOAD_CHUNK, SPLICE_F_MOVE);
	while (left > 0) {
		ssize_t gone = splice(pipe_fd[0], NULL, null, NULL, left, SPLICE_F_MOVE);

		if (gone <= 0)
			die("splice to /dev/null");
		left -= gone;
	}
	return n;
}

static ssize_t receive_some(const struct load *l, int fd)
{
	if (is(l, "uring"))
		return uring_move(fd, data, sizeof(data), 1);
	if (is(l, "splice"))
		return splice_away(fd);
	if (is(l, "mmsg"))
		return datagram_batch(fd, 0, 1);
	return recv(fd, data, sizeof(data), 0);
}

static void send_all(struct load *l, int fd)
{
	uint64_t start = now_us(), done = 0;

	while (done < l->up) {
		ssize_t n = send_some(l, fd, next_size(l, done, l->up));

		if (n <= 0)
			die("send after %llu bytes", (unsigned long long)done);
		done += n;
		pace(start, done, l->rate);
	}
	l->sent += done;
}

static void receive_all(struct load *l, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t done = 0;

	while (done < l->down && poll(&p, 1, REST_MS * option_slow()) > 0) {
		ssize_t n = receive_some(l, fd);

		if (n <= 0)
			break;
		done += n;
	}
	l->received += done;
}

static void by_socket(struct load *l, int type, int proto)
{
	struct load_order o = { LOAD_MAGIC, l->up, l->down, l->size, l->rate };
	int big = 4 << 20, fd;
	union address a;
	socklen_t len = address_of(&a, l->to, l->port);

	fd = socket_for(&a, type, proto);
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	if (connect(fd, &a.sa, len) < 0)
		die("connect");
	if (type == SOCK_STREAM || l->down) {
		if (send(fd, &o, sizeof(o), 0) != sizeof(o))
			die("order");
		l->sent += sizeof(o);
	}
	send_all(l, fd);
	receive_all(l, fd);
	close(fd);
}

/* Echo requests by a raw socket; an answer is waited for after each. */
static void by_icmp(struct load *l)
{
	struct icmphdr *h = (struct icmphdr *)data;
	union address a;
	socklen_t len = address_of(&a, l->to, 0);
	int fd = socket_for(&a, SOCK_RAW, IPPROTO_ICMP);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char answer[LOAD_CHUNK];

	while (l->sent < l->up) {
		size_t size = next_size(l, l->sent, l->up) & ~1UL;

		if (size < sizeof(*h))
			break;
		*h = (struct icmphdr){ .type = ICMP_ECHO, .un.echo.id = htons(getpid()) };
		h->un.echo.sequence = htons(l->sent / l->size);
		h->checksum = checksum(data, size);
		if (sendto(fd, data, size, 0, &a.sa, len) < 0)
			die("sendto");
		l->sent += size;
		if (poll(&p, 1, REST_MS * option_slow()) > 0)
			l->received += recv(fd, answer, sizeof(answer), 0);
	}
}

static void by_raw(struct load *l)
{
	union address a;
	socklen_t len = address_of(&a, l->to, 0);
	int fd = socket_for(&a, SOCK_RAW, l->port);

	if (connect(fd, &a.sa, len) < 0)
		die("connect");
	send_all(l, fd);
}

/* Whole frames, by no socket of the internet's families; all of one size. */
static void by_packet(struct load *l)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = if_nametoindex(l->dev) };
	struct frame f = { .head = ETH_HLEN, .type = ETH_P_IP };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	char text[sizeof(f.data)] = "";
	union address to;

	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("packet socket on %s", l->dev);
	if (l->size > sizeof(f.data) - FRAME_HEADERS)
		die("size");
	address_of(&to, l->to, 0);
	memset(text, 'x', l->size);
	make_frame(&f, &to, l->port, text);
	memcpy(data, f.data, f.len);
	l->size = f.len;
	l->up -= l->up % l->size;
	send_all(l, fd);
}

int do_load(void)
{
	struct load l = { .kind = NULL };
	long connections = option_number("--connections", 1);

	l.by = option("--by", "send");
	l.dev = option("--dev", "vc");
	l.up = option_number("--up", 0);
	l.down = option_number("--down", 0);
	l.size = option_number("--size", 16384);
	l.rate = option_number("--rate", 0);
	l.kind = arg("kind");
	l.to = arg("address");
	l.port = more_args() && strcmp(l.kind, "icmp") ? atoi(arg("port or protocol")) : 0;
	if (!l.size || l.size > sizeof(data))
		die("size");
	while (connections-- > 0) {
		if (!strcmp(l.kind, "tcp"))
			by_socket(&l, SOCK_STREAM, 0);
		else if (!strcmp(l.kind, "sctp"))
			by_socket(&l, SOCK_STREAM, IPPROTO_SCTP);
		else if (!strcmp(l.kind, "udp"))
			by_socket(&l, SOCK_DGRAM, 0);
		else if (!strcmp(l.kind, "icmp"))
			by_icmp(&l);
		else if (!strcmp(l.kind, "raw"))
			by_raw(&l);
		else if (!strcmp(l.kind, "packet"))
			by_packet(&l);
		else
			die("no kind '%s'", l.kind);
	}
	printf("load sent=%llu received=%llu\n", (unsigned long long)l.sent,
	       (unsigned long long)l.received);
	return 0;
}
