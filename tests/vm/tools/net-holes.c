// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ways by which what was allowed for one place might reach another: loopback by a control
 * message, source routes, sockets connected anew. Must never need more rights than a program
 * has: what takes CAP_NET_RAW says so where it is.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netprog.h"

#define PAYLOAD 600	/* longer than any packet without one */

static const char payload[PAYLOAD] = "redirected";

/* ---- the same peer by loopback and by the route ---- */

enum via { VIA_CMSG, VIA_UNICAST, VIA_BIND };

static const struct {
	const char *name;
	enum via via;
	int connected;
} vias[] = {
	{ "cmsg", VIA_CMSG, 0 },
	{ "cmsg-connected", VIA_CMSG, 1 },
	{ "unicast", VIA_UNICAST, 0 },
	{ "unicast-connected", VIA_UNICAST, 1 },
	{ "bind", VIA_BIND, 0 },
	{ "bind-connected", VIA_BIND, 1 },
};

/* Which device the socket's packets take from now on: @index, or by the route again (0).
 * Off a device again takes CAP_NET_RAW.
 */
static void set_device(int fd, int v6, enum via via, unsigned int index)
{
	int wire = htonl(index), none = 0;
	char name[IF_NAMESIZE] = "";

	if (via == VIA_UNICAST) {
		none = v6 ? setsockopt(fd, SOL_IPV6, IPV6_UNICAST_IF, &wire, sizeof(wire)) :
			    setsockopt(fd, SOL_IP, IP_UNICAST_IF, &wire, sizeof(wire));
	} else if (via == VIA_BIND) {
		if (index)
			if_indextoname(index, name);
		none = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, strlen(name) + 1);
	}
	if (none)
		die("device %u", index);
}

static int send_by(int fd, const union address *a, socklen_t len, unsigned int index)
{
	union { struct cmsghdr c; char room[CMSG_SPACE(sizeof(struct in6_pktinfo))]; } control;
	struct iovec iov = { (char *)payload, sizeof(payload) };
	struct msghdr m = { .msg_name = len ? (void *)a : NULL, .msg_namelen = len,
			    .msg_iov = &iov, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	if (index && a->sa.sa_family == AF_INET6) {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(&control.c);

		control.c.cmsg_level = SOL_IPV6;
		control.c.cmsg_type = IPV6_PKTINFO;
		control.c.cmsg_len = CMSG_LEN(sizeof(*info));
		info->ipi6_ifindex = index;
	} else if (index) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(&control.c);

		control.c.cmsg_level = SOL_IP;
		control.c.cmsg_type = IP_PKTINFO;
		control.c.cmsg_len = CMSG_LEN(sizeof(*info));
		info->ipi_ifindex = index;
	}
	if (index) {
		m.msg_control = control.room;
		m.msg_controllen = CMSG_ALIGN(control.c.cmsg_len);
	}
	return sendmsg(fd, &m, 0) < 0 ? errno : 0;
}

/* One UDP socket; for each letter of ORDER a datagram: l by lo, p by the route. */
int do_via(void)
{
	const char *how = arg("how"), *text = arg("address"), *order;
	unsigned int lo = if_nametoindex("lo");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket_for(&a, SOCK_DGRAM, 0), v6 = a.sa.sa_family == AF_INET6;
	size_t n;

	for (n = 0; n < ARRAY_SIZE(vias) && strcmp(vias[n].name, how); n++)
		;
	if (n == ARRAY_SIZE(vias))
		die("no way '%s'", how);
	for (order = arg("order"); *order; order++) {
		unsigned int index = *order == 'l' ? lo : 0;
		uint64_t start = now_us();
		int err = 0;

		set_device(fd, v6, vias[n].via, index);
		if (vias[n].connected)
			err = connect(fd, &a.sa, len) < 0 ? errno : 0;
		if (!err)
			err = send_by(fd, &a, vias[n].connected ? 0 : len,
				      vias[n].via == VIA_CMSG ? index : 0);
		report(index ? "lo" : "plain", err, start);
		usleep(20000);
	}
	return 0;
}

/* TCP: the SYN goes to lo, where nobody answers; sent again, it takes the route. */
int do_viatcp(void)
{
	long wait = option_wait("--wait", 5000);
	const char *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	int fd = socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0), err;
	uint64_t start = now_us();

	set_device(fd, a.sa.sa_family == AF_INET6, VIA_BIND, if_nametoindex("lo"));
	err = connect(fd, &a.sa, len) < 0 ? errno : 0;
	report("start", err, start);
	usleep(200000);
	set_device(fd, a.sa.sa_family == AF_INET6, VIA_BIND, 0);
	if (err == EINPROGRESS)
		err = wait_connect(fd, wait);
	report("connect", err, start);
	if (!err)
		err = send(fd, payload, sizeof(payload), MSG_NOSIGNAL) < 0 ? errno : 0;
	report("send", err, start);
	usleep(300000);
	return err != 0;
}

/* ---- an accepted connection whose packets go elsewhere ---- */

static int route_srh(int fd, const union address *via)
{
	struct {
		uint8_t next, len, type, left, first, flags;
		uint16_t tag;
		struct in6_addr hop[2];
	} srh = { .len = 4, .type = 4, .left = 1, .first = 1,
		  .hop = { IN6ADDR_ANY_INIT, via->in6.sin6_addr } };

	return setsockopt(fd, SOL_IPV6, IPV6_RTHDR, &srh, sizeof(srh));
}

static int route_type2(int fd, const union address *via)
{
	struct {
		uint8_t next, len, type, left;
		uint32_t reserved;
		struct in6_addr hop;
	} rt2 = { .len = 2, .type = 2, .left = 1, .hop = via->in6.sin6_addr };

	return setsockopt(fd, SOL_IPV6, IPV6_RTHDR, &rt2, sizeof(rt2));
}

/* The route the socket has already is forgotten when its type of service changes. */
static int route_lsrr(int fd, const union address *via)
{
	uint8_t lsrr[8] = { IPOPT_LSRR, 7, 4, 0, 0, 0, 0, IPOPT_EOL };
	int tos = IPTOS_LOWDELAY;

	memcpy(lsrr + 3, &via->in.sin_addr, 4);
	if (setsockopt(fd, SOL_IP, IP_OPTIONS, lsrr, sizeof(lsrr))) {
		report("options", errno, now_us());
		return -1;
	}
	return setsockopt(fd, SOL_IP, IP_TOS, &tos, sizeof(tos));
}

static const struct {
	const char *name;
	int (*set)(int fd, const union address *via);
} routes[] = {
	{ "srh", route_srh }, { "type2", route_type2 }, { "lsrr", route_lsrr },
};

int clear_lsrr(int fd)
{
	int tos = 0;

	return setsockopt(fd, SOL_IP, IP_OPTIONS, NULL, 0) ?:
	       setsockopt(fd, SOL_IP, IP_TOS, &tos, sizeof(tos));
}

int set_route(const char *how, int fd, const union address *via)
{
	uint64_t start = now_us();
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].name, how))
			continue;
		err = routes[i].set(fd, via) ? errno : 0;
		report("route", err, start);
		return err;
	}
	die("no route '%s'", how);
}

static void say(int fd, const char *what, const char *data, size_t len)
{
	uint64_t start = now_us();

	report(what, send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0, start);
}

/*
 * Listens on an address of its own, connects to itself, and sends on the accepted socket after
 * routing it through VIA. --spoken: it has said something before; --listener: the route is the
 * listener's, so that its SYN-ACK has it.
 */
int do_redirect(void)
{
	int spoken = flag("--spoken"), listener = flag("--listener"), one = 1, s, c, d;
	long keep = option_sleep("--keep", 1500);
	const char *how = arg("how"), *text = arg("own address");
	union address a, via;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	uint64_t start = now_us();

	address_of(&via, arg("hop"), 0);
	s = socket_for(&a, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, &a.sa, len) < 0 || listen(s, 8) < 0)
		die("listen");
	if (listener && set_route(how, s, &via))
		return 1;
	c = socket_for(&a, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(c, &a.sa, len) < 0 && errno != EINPROGRESS)
		die("connect");
	if (wait_connect(c, listener ? keep : 5000)) {
		report("accept", ETIMEDOUT, start);
		return 1;
	}
	d = accept(s, NULL, NULL);
	report("accept", d < 0 ? errno : 0, start);
	if (spoken)
		say(d, "spoken", "spoken", 6);
	usleep(spoken ? 100000 : 0);
	if (!listener && set_route(how, d, &via))
		return 1;
	say(d, "send", payload, sizeof(payload));
	usleep(keep * 1000);
	/* A reset, not a close: nothing of it is sent again when we are gone. */
	setsockopt(d, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
		   sizeof(struct linger));
	close(d);
	usleep(100000);
	return 0;
}

/* ---- many sockets while the policy changes ---- */

/* COUNT sockets one after another, each says something once; then all again and again. */
int do_spray(void)
{
	long count, gap = option_number("--gap", 2000), keep = option_sleep("--keep", 2000);
	int udp = flag("--udp"), *fds;
	const char *text = arg("address");
	union address a;
	socklen_t len = address_of(&a, text, atoi(arg("port")));
	uint64_t end;

	count = atol(arg("count"));
	fds = calloc(count, sizeof(*fds));
	if (!fds)
		die("memory");
	for (long i = 0; i < count; i++) {
		fds[i] = socket_for(&a, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
		connect(fds[i], &a.sa, len);
		send(fds[i], payload, sizeof(payload), MSG_NOSIGNAL);
		usleep(gap);
	}
	printf("sprayed %ld\n", count);
	fflush(stdout);
	for (end = now_us() + keep * 1000; now_us() < end; usleep(100000))
		for (long i = 0; i < count; i++)
			send(fds[i], payload, sizeof(payload), MSG_NOSIGNAL);
	return 0;
}

/* ---- a socket that goes elsewhere while its question waits ---- */

static int answered(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[64];
	ssize_t n;

	if (send(fd, "switched", 8, MSG_NOSIGNAL) < 0)
		return errno;
	if (poll(&p, 1, ms) <= 0)
		return ETIMEDOUT;
	n = recv(fd, buf, sizeof(buf), 0);
	return n < 0 ? errno : n ? 0 : EPIPE;
}

static int switch_once(const union address *one, const union address *two, socklen_t len,
		       long after, long keep)
{
	union address none = { .sa.sa_family = AF_UNSPEC };
	int fd = socket_for(one, SOCK_STREAM | SOCK_NONBLOCK, 0), err = 0;
	socklen_t size = sizeof(err);
	uint64_t end = now_us() + after;

	connect(fd, &one->sa, len);
	while (now_us() < end)
		if (end - now_us() > 2000)
			usleep(1000);
	connect(fd, &none.sa, sizeof(none.sa));
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);	/* of the first */
	err = connect(fd, &two->sa, len) < 0 ? errno : 0;
	if (err == EINPROGRESS)
		err = wait_connect(fd, 5000 * option_slow());
	if (keep)
		report("connect", err, end);
	usleep(keep * 1000);
	if (!err)
		err = answered(fd, 5000 * option_slow());
	close(fd);
	return err;
}

/* Connects to the first, dissolves that, connects to the second; COUNT times, each time a STEP
 * of microseconds later.
 */
int do_switch(void)
{
	long after = option_number("--after", 0), count = option_number("--count", 1);
	long step = option_number("--step", 0), keep = option_sleep("--keep", 0), bad = 0;
	const char *text = arg("first address");
	union address one, two;
	uint64_t start = now_us();
	socklen_t len = address_of(&one, text, atoi(arg("port")));

	text = arg("second address");
	address_of(&two, text, atoi(arg("port")));
	for (long i = 0; i < count; i++) {
		int err = switch_once(&one, &two, len, after + i * step, keep);

		if (err)
			printf("round %ld\n", i);
		if (err)
			report("echo", err, start);
		bad += err != 0;
	}
	printf("switched %ld bad %ld\n", count, bad);
	return bad != 0;
}
