// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ways out that need a sender of their own: sockets of every kind, headers made by hand,
 * descriptors taken from another process, RxRPC.
 * Must never send anything but what the command line says.
 */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netprog.h"

/* The libc's headers of IP go before: the kernel's then leave theirs out. */
#include <linux/rxrpc.h>

#ifndef SOCK_DCCP
#define SOCK_DCCP 6
#endif
#define SOL_DCCP 269
#define DCCP_SOCKOPT_SERVICE 2
#define IPPROTO_L2TP 115
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static int send_to(int fd, const void *data, size_t len, const struct sockaddr *to,
		   socklen_t to_len)
{
	uint64_t start = now_us();
	int err = sendto(fd, data, len, MSG_NOSIGNAL, to, to_len) < 0 ? errno : 0;

	report("send", err, start);
	return err;
}

/* ---- sockets of other protocols ---- */

static const struct kind {
	const char *name;
	int type;
	int proto;
	int connect;
} kinds[] = {
	{ "udplite", SOCK_DGRAM, IPPROTO_UDPLITE, 0 },
	{ "sctp", SOCK_STREAM, IPPROTO_SCTP, 1 },
	{ "sctp-many", SOCK_SEQPACKET, IPPROTO_SCTP, 0 },
	{ "dccp", SOCK_DCCP, IPPROTO_DCCP, 1 },
	{ "l2tp", SOCK_DGRAM, IPPROTO_L2TP, 0 },
};

static const struct kind *kind_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	die("'%s' is no kind of socket", name);
}

int do_kind(void)
{
	long wait = option_wait("--wait", 4000);
	const struct kind *k = kind_of(arg("kind"));
	const char *text = arg("address"), *data = option("--data", "of another kind");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket(a.sa.sa_family, k->type | (k->connect ? SOCK_NONBLOCK : 0), k->proto);
	int one = htonl(1), err;
	uint64_t start;

	if (fd < 0) {
		printf("no %s: %s\n", k->name, strerrorname_np(errno));
		return 77;
	}
	if (k->proto == IPPROTO_DCCP)
		setsockopt(fd, SOL_DCCP, DCCP_SOCKOPT_SERVICE, &one, sizeof(one));
	if (!k->connect)
		return send_to(fd, data, strlen(data), &a.sa, len) != 0;
	start = now_us();
	err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	report("start", err, start);
	if (err == EINPROGRESS)
		err = wait_connect(fd, wait);
	report("connect", err, start);
	return err || send_to(fd, data, strlen(data), NULL, 0);
}

/* ---- headers made by hand ---- */

struct made {
	unsigned char bytes[1400];
	size_t len;
};

static void add(struct made *m, const void *data, size_t len)
{
	if (m->len + len > sizeof(m->bytes))
		die("too long a packet");
	memcpy(m->bytes + m->len, data, len);
	m->len += len;
}

/* An IPv6 header of eight bytes: hop-by-hop or destination options (padding), fragment. */
static void add_extension(struct made *m, unsigned int next, unsigned int word)
{
	unsigned char header[8] = { next, 0, 1, 4 };

	if (word) {		/* a fragment's offset and flags */
		header[2] = word >> 8;
		header[3] = word;
		header[7] = 77;
	}
	add(m, header, sizeof(header));
}

static const struct way {
	const char *name;
	unsigned int first;	/* the IPv6 header's next header */
	unsigned int count;	/* of that extension header */
	unsigned int fragment;	/* of a fragment header at the end: offset, flags; 0: none */
	unsigned int proto;	/* what follows; UDP has a header of its own */
} ways[] = {
	{ "plain", 0, 0, 0, IPPROTO_UDP },
	{ "private", 0, 0, 0, 253 },
	{ "hopopts", IPPROTO_HOPOPTS, 1, 0, IPPROTO_UDP },
	{ "dstopts", IPPROTO_DSTOPTS, 1, 0, IPPROTO_UDP },
	{ "many", IPPROTO_DSTOPTS, 40, 0, IPPROTO_UDP },
	{ "first", IPPROTO_FRAGMENT, 0, 1, IPPROTO_UDP },
	{ "later", IPPROTO_FRAGMENT, 0, 8 << 3, IPPROTO_UDP },
	{ "none", 0, 0, 0, IPPROTO_NONE },
};

static unsigned int next_header(const struct way *w, unsigned int i)
{
	if (i < w->count)
		return w->first;
	return w->fragment ? IPPROTO_FRAGMENT : w->proto;
}

static void add_ipv6(struct made *m, const struct way *w, const union address *own,
		     const union address *to, size_t rest)
{
	size_t extensions = 8 * (w->count + !!w->fragment);
	struct ip6_hdr ip = { .ip6_flow = htonl(6 << 28), .ip6_plen = htons(extensions + rest),
		.ip6_nxt = next_header(w, 0), .ip6_hlim = 64,
		.ip6_src = own->in6.sin6_addr, .ip6_dst = to->in6.sin6_addr };
	unsigned int i;

	add(m, &ip, sizeof(ip));
	for (i = 0; i < w->count; i++)
		add_extension(m, next_header(w, i + 1), 0);
	if (w->fragment)
		add_extension(m, w->proto, w->fragment);
}

/* IPv4 has options where IPv6 has extension headers: here they do nothing. */
static void add_ipv4(struct made *m, const struct way *w, const union address *own,
		     const union address *to, size_t rest)
{
	unsigned int options = w->count < 10 ? w->count : 10;
	unsigned char nothing[40];
	struct iphdr ip = { .version = 4, .ihl = 5 + options, .ttl = 64, .protocol = w->proto,
		.tot_len = htons(sizeof(ip) + 4 * options + rest), .id = htons(77),
		.saddr = own->in.sin_addr.s_addr, .daddr = to->in.sin_addr.s_addr };

	if (w->fragment)
		ip.frag_off = htons(w->fragment >> 3 | (w->fragment & 1 ? IP_MF : 0));
	memset(nothing, 1, sizeof(nothing));
	add(m, &ip, sizeof(ip));
	add(m, nothing, 4 * options);
}

int do_header(void)
{
	const char *data = option("--data", "a header made by hand"), *name = arg("way");
	const struct way *w = NULL;
	const char *text = arg("own address");
	union address own, to;
	struct made m = { .len = 0 };
	struct udphdr udp = { .uh_ulen = htons(sizeof(udp) + strlen(data)) };
	int has_udp, fd;
	socklen_t len;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!strcmp(ways[i].name, name))
			w = &ways[i];
	}
	if (!w)
		die("'%s' is no way", name);
	address_of(&own, text, 0);
	text = arg("address");
	udp.uh_sport = htons(6200);
	udp.uh_dport = htons(atoi(arg("port")));
	len = address_of(&to, text, 0);
	/* A later fragment begins with data: that is what it is for. */
	has_udp = w->proto == IPPROTO_UDP && !(w->fragment & ~7);
	if (to.sa.sa_family == AF_INET6)
		add_ipv6(&m, w, &own, &to, strlen(data) + (has_udp ? sizeof(udp) : 0));
	else
		add_ipv4(&m, w, &own, &to, strlen(data) + (has_udp ? sizeof(udp) : 0));
	if (has_udp)
		add(&m, &udp, sizeof(udp));
	add(&m, data, strlen(data));
	fd = socket_for(&to, SOCK_RAW, IPPROTO_RAW);
	return send_to(fd, m.bytes, m.len, &to.sa, len) != 0;
}

/* A raw socket of that protocol; the first byte is what ICMP calls the type. */
int do_rawtype(void)
{
	size_t size = option_number("--size", 600);
	union address to;
	socklen_t len = address_of(&to, arg("address"), 0);
	int proto = atoi(arg("protocol")), fd;
	static char packet[1400];

	packet[0] = atoi(arg("type"));
	if (size > sizeof(packet))
		die("too long a packet");
	fd = socket_for(&to, SOCK_RAW, proto);
	return send_to(fd, packet, size, &to.sa, len) != 0;
}

/* A datagram from an address that is not ours. */
int do_freebind(void)
{
	size_t size = option_number("--size", 600);
	static const char packet[1400];
	const char *text = arg("own address");
	union address own, to;
	socklen_t own_len = address_of(&own, text, 6500), len;
	int v6 = own.sa.sa_family == AF_INET6, one = 1, fd;

	text = arg("address");
	len = address_of(&to, text, atoi(arg("port")));
	if (size > sizeof(packet))
		die("too long a packet");
	fd = socket_for(&own, SOCK_DGRAM, 0);
	if (setsockopt(fd, v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &one,
		       sizeof(one)) < 0 || bind(fd, &own.sa, own_len) < 0)
		die("bind");
	return send_to(fd, packet, size, &to.sa, len) != 0;
}

/* ---- descriptors ---- */

/* Takes another process's connected socket, without its help. */
int do_steal(void)
{
	const char *data = option("--data", "stolen");
	pid_t pid = atoi(arg("pid"));
	int number = atoi(arg("descriptor")), pidfd, fd, err;
	long fails = option_number("--fail", 0);

	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		die("pidfd_open");
	if (fails)
		fail_nth(fails);
	fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd < 0)
		die("pidfd_getfd");
	err = send_to(fd, data, strlen(data), NULL, 0);
	if (fails && fail_left())
		puts("all");
	return err != 0;
}

/* ---- RxRPC: the kernel's threads send what the user gave ---- */

int do_rxrpc(void)
{
	const char *text = arg("address"), *data = option("--data", "remote procedure");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	struct sockaddr_rxrpc own = { .srx_family = AF_RXRPC, .transport_type = SOCK_DGRAM,
		.transport_len = len, .transport.family = a.sa.sa_family }, to = own;
	union { struct cmsghdr c; char room[CMSG_SPACE(sizeof(unsigned long))]; } control = { 0 };
	unsigned long call = 1;
	struct iovec iov = { (char *)data, strlen(data) };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room) };
	int fd = socket(AF_RXRPC, SOCK_DGRAM, a.sa.sa_family), err;
	uint64_t start;

	if (fd < 0) {
		printf("no AF_RXRPC: %s\n", strerrorname_np(errno));
		return 77;
	}
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		die("bind");
	to.srx_service = 1;
	memcpy(&to.transport, &a, len);
	control.c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(call)),
		.cmsg_level = SOL_RXRPC, .cmsg_type = RXRPC_USER_CALL_ID };
	memcpy(CMSG_DATA(&control.c), &call, sizeof(call));
	start = now_us();
	err = sendmsg(fd, &m, MSG_DONTWAIT) < 0 ? errno : 0;
	report("send", err, start);
	usleep(option_sleep("--keep", 1500) * 1000);
	return err != 0;
}
