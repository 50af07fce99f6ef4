// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ways past a firewall that looks only at connect() or only at socket states.
 * Must never need anything of the far end but what an accomplice there could do.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "netprog.h"

#ifndef AF_SMC
#define AF_SMC 43
#endif

static int send_report(int fd, const char *data)
{
	uint64_t start = now_us();
	int err = send(fd, data, strlen(data), MSG_NOSIGNAL) < 0 ? errno : 0;

	report("send", err, start);
	return err;
}

/* Both ends connect to each other from fixed ports: no side is ever accept()ed. */
/* A socket that accepted a connection over loopback, which its peer broke off at once. */
static int used_socket(int family)
{
	const struct linger none = { .l_onoff = 1 };
	union address own;
	socklen_t len = address_of(&own, family == AF_INET6 ? "::1" : "127.0.0.1", 0);
	int listener = socket_for(&own, SOCK_STREAM, 0), peer = socket_for(&own, SOCK_STREAM, 0);
	int fd;

	if (bind(listener, &own.sa, len) || listen(listener, 1) ||
	    getsockname(listener, &own.sa, &len) || connect(peer, &own.sa, len))
		die("loopback");
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(peer);
	fd = accept(listener, NULL, NULL);
	own.sa.sa_family = AF_UNSPEC;
	if (fd < 0 || connect(fd, &own.sa, sizeof(own.sa)) || fcntl(fd, F_SETFL, O_NONBLOCK))
		die("disconnect");
	close(listener);
	return fd;
}

int do_simopen(void)
{
	long wait = option_wait("--wait", 5000);
	const char *data = option("--data", "simopen"), *text;
	int accepted = flag("--accepted"), fd, err;
	uint64_t start = now_us(), end = start + wait * 1000;
	union address a;
	socklen_t len;

	text = arg("address");
	len = address_of(&a, text, atoi(arg("port")));
	fd = accepted ? used_socket(a.sa.sa_family) :
			socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0);

	bind_port(fd, &a, atoi(arg("own port")));
	do {
		err = connect(fd, &a.sa, len) < 0 ? errno : 0;
		if (err == EINPROGRESS || err == EALREADY)
			err = wait_connect(fd, 200);
		if (err)
			usleep(20000);
	} while (err && err != EISCONN && now_us() < end);
	report("connect", err, start);
	send_report(fd, data);
	usleep(300000);
	return err != 0;
}

static void set_queue(int fd, int queue, unsigned int seq)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, sizeof(seq)) < 0)
		die("TCP_QUEUE_SEQ");
}

/* An established socket without a SYN: CAP_NET_ADMIN of the own namespace is enough. */
int do_repair(void)
{
	const char *data = option("--data", "repair"), *text = arg("own address");
	union address own, a;
	socklen_t own_len = address_of(&own, text, atoi(arg("own port"))), len;
	int fd, on = 1, off = 0, err;
	uint64_t start;

	text = arg("address");
	len = address_of(&a, text, atoi(arg("port")));
	fd = socket_for(&a, SOCK_STREAM, 0);
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0)
		die("TCP_REPAIR");
	set_queue(fd, TCP_SEND_QUEUE, 1000);
	set_queue(fd, TCP_RECV_QUEUE, 2000);
	if (bind(fd, &own.sa, own_len) < 0)
		die("bind");
	start = now_us();
	err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	report("connect", err, start);
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) < 0)
		report("repair-off", errno, start);
	err = send_report(fd, data);
	usleep(500000);
	return err;
}

static uint16_t checksum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void fill_segment(char *packet, const union address *own, unsigned int own_port,
			 const union address *to, unsigned int flags, uint32_t seq, uint32_t ack,
			 const char *data)
{
	struct iphdr *ip = (struct iphdr *)packet;
	struct tcphdr *tcp = (struct tcphdr *)(packet + sizeof(*ip));
	size_t tcp_len = sizeof(*tcp) + strlen(data);
	uint32_t s = ntohl(own->in.sin_addr.s_addr), d = ntohl(to->in.sin_addr.s_addr);

	*ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
		.tot_len = htons(sizeof(*ip) + tcp_len), .saddr = htonl(s), .daddr = htonl(d) };
	*tcp = (struct tcphdr){ .source = htons(own_port), .dest = to->in.sin_port,
		.seq = htonl(seq), .ack_seq = htonl(ack), .doff = 5, .window = htons(1000) };
	((uint8_t *)tcp)[13] = flags;
	memcpy(tcp + 1, data, strlen(data));
	tcp->check = checksum((s >> 16) + (s & 0xffff) + (d >> 16) + (d & 0xffff) + IPPROTO_TCP +
			      tcp_len, tcp, tcp_len);
}

/* A TCP segment with data, made by hand in a raw socket with IP_HDRINCL. */
int do_forge(void)
{
	const char *data = option("--data", "forged"), *text = arg("own address");
	unsigned int flags = option_number("--flags", 0x18);
	long count = option_number("--count", 1);
	unsigned int own_port = atoi(arg("own port"));
	char packet[1500] = { 0 };
	union address own, a;
	socklen_t len;
	int fd, err = 0;

	address_of(&own, text, own_port);
	text = arg("address");
	len = address_of(&a, text, atoi(arg("port")));
	if (strlen(data) > 1000)
		die("too long a text");
	fd = socket_for(&a, SOCK_RAW, IPPROTO_RAW);
	fill_segment(packet, &own, own_port, &a, flags, 1000, 2000, data);
	while (count-- > 0) {
		uint64_t start = now_us();

		err = sendto(fd, packet, 40 + strlen(data), 0, &a.sa, len) < 0 ? errno : 0;
		report("send", err, start);
	}
	return err != 0;
}

/* What @fd, a packet socket, saw leave: our SYN-ACK's sequence number; 0 if none did. */
static uint32_t syn_ack(int fd, const union address *peer, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct { struct iphdr ip; struct tcphdr tcp; char rest[1500]; } in;

	while (poll(&p, 1, ms) > 0) {
		if (recv(fd, &in, sizeof(in), 0) < (ssize_t)(sizeof(in.ip) + sizeof(in.tcp)))
			continue;
		if (in.ip.version == 4 && in.ip.ihl == 5 && in.ip.protocol == IPPROTO_TCP &&
		    in.ip.daddr == peer->in.sin_addr.s_addr && in.tcp.syn && in.tcp.ack)
			return ntohl(in.tcp.seq);
	}
	return 0;
}

/* An "inbound" connection that nobody made: its SYN and its ACK come by loopback, with the
 * far end's address as their source. What the listener then sends goes to the far end.
 */
int do_fabricate(void)
{
	const char *data = option("--data", "fabricated"), *text = arg("own address");
	unsigned int port, from;
	char packet[1500] = { 0 };
	union address own, peer;
	int sniff, raw, listener, fd, one = 1;
	struct pollfd p = { .events = POLLIN };
	uint64_t start = now_us();
	socklen_t len;
	uint32_t seq;

	port = atoi(arg("own port"));
	len = address_of(&own, text, port);
	text = arg("address");
	from = atoi(arg("port"));
	address_of(&peer, text, from);
	listener = socket_for(&own, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, &own.sa, len) < 0 || listen(listener, 1) < 0)
		die("listen");
	raw = socket_for(&own, SOCK_RAW, IPPROTO_RAW);
	sniff = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	if (sniff < 0)
		die("packet socket");
	fill_segment(packet, &peer, from, &own, 0x02, 1000, 0, "");
	if (sendto(raw, packet, 40, 0, &own.sa, len) < 0)
		report("syn", errno, start);
	seq = syn_ack(sniff, &peer, option_wait("--wait", 1500));
	printf("syn-ack %s\n", seq ? "left" : "none");
	fill_segment(packet, &peer, from, &own, 0x10, 1001, seq + 1, "");
	if (sendto(raw, packet, 40, 0, &own.sa, len) < 0)
		report("ack", errno, start);
	p.fd = listener;
	if (poll(&p, 1, 1000) <= 0) {
		report("accept", ETIMEDOUT, start);
		return 1;
	}
	fd = accept(listener, NULL, NULL);
	report("accept", fd < 0 ? errno : 0, start);
	send_report(fd, data);
	usleep(500000);
	return 0;
}

int do_smc(void)
{
	const char *data = option("--data", "smc"), *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket(AF_SMC, SOCK_STREAM, a.sa.sa_family == AF_INET6), err;
	uint64_t start;

	if (fd < 0) {
		printf("no AF_SMC\n");
		return 77;
	}
	start = now_us();
	err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	report("connect", err, start);
	if (!err)
		err = send_report(fd, data);
	usleep(300000);
	return err != 0;
}

/* Connects to one place, dissolves it, connects the same socket to another. */
int do_reconnect(void)
{
	long after = option_sleep("--after", 200), wait = option_wait("--wait", 1000);
	int udp = flag("--udp"), fd, err;
	const char *text = arg("address");
	union address one, two, none = { .sa.sa_family = AF_UNSPEC };
	socklen_t len_one = address_of(&one, text, atoi(arg("port"))), len_two;
	uint64_t start;

	text = arg("second address");
	len_two = address_of(&two, text, atoi(arg("second port")));
	fd = socket_for(&one, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	start = now_us();
	err = connect(fd, &one.sa, len_one) < 0 ? errno : 0;
	if (udp)
		send_report(fd, "first");
	report("first", err, start);
	usleep(after * 1000);
	if (connect(fd, &none.sa, sizeof(none.sa)) < 0)
		report("dissolve", errno, start);
	start = now_us();
	err = connect(fd, &two.sa, len_two) < 0 ? errno : 0;
	report("second", err, start);
	if (err == EINPROGRESS) {
		err = wait_connect(fd, wait);
		report("connect", err, start);
	}
	if (!err)
		send_report(fd, "second");
	return err != 0;
}

static int unix_socket(const char *path, struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		die("unix socket");
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(un->sun_path, path, sizeof(un->sun_path) - 1);
	return fd;
}

#define COPIES_MAX	253	/* of descriptors in a message: SCM_MAX_FD of the kernel */
union passing { struct cmsghdr c; char room[CMSG_SPACE(COPIES_MAX * sizeof(int))]; };

static int send_copies(int s, int fd, unsigned int copies)
{
	union passing control = { 0 };
	struct iovec iov = { "f", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = CMSG_SPACE(copies * sizeof(int)) };
	unsigned int i;

	control.c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(copies * sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	for (i = 0; i < copies; i++)
		memcpy(CMSG_DATA(&control.c) + i * sizeof(fd), &fd, sizeof(fd));
	return sendmsg(s, &m, 0) < 0 ? errno : 0;
}

int send_fd(int s, int fd)
{
	return send_copies(s, fd, 1);
}

static int give_copies(const char *path, int fd, unsigned int copies)
{
	uint64_t start = now_us();
	struct sockaddr_un un;
	int s = unix_socket(path, &un), err;

	while (connect(s, (struct sockaddr *)&un, sizeof(un)) < 0 && now_us() < start + 10000000)
		usleep(20000);
	err = send_copies(s, fd, copies);
	report("pass", err, start);
	usleep(500000);
	return err;
}

int give_fd(const char *path, int fd)
{
	return give_copies(path, fd, 1);
}

/* Connects to the network as itself, then gives the connected socket away: copies in one message. */
int do_pass(void)
{
	const char *data = option("--data", NULL);
	long copies = option_number("--copies", 1);
	int udp = flag("--udp"), fd, err;
	const char *path = arg("unix socket"), *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	uint64_t start = now_us();

	if (copies < 1 || copies > COPIES_MAX)
		die("--copies: 1 to %d", COPIES_MAX);
	fd = socket_for(&a, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	report("connect", err, start);
	if (!err && data)
		err = send_report(fd, data);
	return err || give_copies(path, fd, copies);
}

int take_fd(int s)
{
	union passing control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	int fd;

	if (recvmsg(s, &m, 0) < 1 || m.msg_controllen < CMSG_LEN(sizeof(int)))
		die("nothing passed");
	memcpy(&fd, CMSG_DATA(&control.c), sizeof(fd));
	return fd;
}

int receive_fd(const char *path)
{
	struct sockaddr_un un;
	int s = unix_socket(path, &un), c, fd;

	unlink(path);
	if (bind(s, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(s, 1) < 0)
		die("%s", path);
	c = accept(s, NULL, NULL);
	fd = take_fd(c);
	close(c);		/* both hold the file system that the path is in */
	close(s);
	return fd;
}

/* Room for a record of the route: its 36 bytes say what the sender likes. */
static int set_header_options(int fd)
{
	unsigned char record[40] = { IPOPT_RR, 39, 40, [39] = IPOPT_EOL };

	memset(record + 3, 'x', 36);
	return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, record, sizeof(record)) < 0 ? errno : 0;
}

/* Past the peer, then the way is put right again: TCP still has the data. */
static int send_astray(int fd, const char *data, const char *via)
{
	union address hop;
	int err;

	address_of(&hop, via, 0);
	err = set_route("lsrr", fd, &hop) ?: send_report(fd, data);
	usleep(100000);
	return clear_lsrr(fd) ? errno : err;
}

int do_take(void)
{
	const char *data = option("--data", "taken");
	long wait = option_wait("--wait", 1000);
	const char *via = option("--via", NULL);
	int closes = flag("--close"), marks = flag("--options");
	int fd = receive_fd(arg("unix socket")), err;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[256];

	if (closes) {
		uint64_t start = now_us();

		err = marks ? set_header_options(fd) : 0;
		usleep(wait * 1000);
		close(fd);
		report("close", err, start);
		return err != 0;
	}
	err = via ? send_astray(fd, data, via) : send_report(fd, data);
	if (!err) {
		uint64_t start = now_us();

		if (poll(&p, 1, wait) <= 0)
			err = ETIMEDOUT;
		else if (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) < 0)
			err = errno;
		report("echo", err, start);
	}
	return err != 0;
}

/* A program that may not connect, but listens: answers whoever comes. */
int do_listen(void)
{
	const char *data = option("--data", "listened");
	long keep = option_sleep("--keep", 500), uid = option_number("--then-as", 0);
	int c = accept_one(atoi(arg("port"))), err;
	uint64_t start = now_us();
	char buf[64];

	if (recv(c, buf, sizeof(buf), 0) < 0)
		report("recv", errno, start);
	err = send_report(c, data);
	usleep(keep * 1000);
	if (uid && syscall(SYS_setresuid, uid, uid, uid))
		die("setresuid");
	err = send_report(c, data) ?: err;
	usleep(keep * 1000);
	return err != 0;
}
