// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One UDP socket that does what it is told, step by step: a server that also speaks by itself.
 * Must never send anything that no step says.
 */
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netprog.h"

static int fd;
static union address peer;	/* whom answers go to: the sender of what was received last */
static socklen_t peer_len;

static void bound_to(int v4, unsigned int port)
{
	int zero = 0, one = 1;
	union address own;
	socklen_t len = address_of(&own, v4 ? "0.0.0.0" : "::", port);

	fd = socket_for(&own, SOCK_DGRAM, 0);
	if (!v4)
		setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	if (bind(fd, &own.sa, len) < 0 || getsockname(fd, &own.sa, &len) < 0)
		die("bind %u", port);
	printf("bound %u\n", ntohs(own.in.sin_port));	/* in6's is at the same place */
	fflush(stdout);
}

static int step_recv(long ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t start = now_us();
	char buf[2048];
	int err = 0;

	peer_len = sizeof(peer);
	if (poll(&p, 1, ms * option_slow()) <= 0)
		err = ETIMEDOUT;
	else if (recvfrom(fd, buf, sizeof(buf), 0, &peer.sa, &peer_len) < 0)
		err = errno;
	report("recv", err, start);
	return err;
}

static int send_to(const char *what, const union address *a, socklen_t len, const char *text)
{
	uint64_t start = now_us();
	int err = sendto(fd, text, strlen(text), MSG_DONTWAIT, &a->sa, len) < 0 ? errno : 0;

	report(what, err, start);
	return err;
}

static void answer_other_port(unsigned int port, const char *text)
{
	union address a = peer;

	a.in.sin_port = htons(port);
	send_to("other", &a, peer_len, text);
}

int do_steps(void)
{
	int v4 = flag("--v4"), err = 0;
	const char *port = arg("port");
	union address a;
	socklen_t len;

	if (strcmp(port, "-"))
		bound_to(v4, atoi(port));
	while (!err && more_args()) {
		const char *step = arg("step");

		if (!strcmp(step, "recv")) {
			err = step_recv(atol(arg("milliseconds")));
		} else if (!strcmp(step, "answer")) {
			send_to("answer", &peer, peer_len, arg("text"));
		} else if (!strcmp(step, "other")) {
			unsigned int other = atoi(arg("port"));

			answer_other_port(other, arg("text"));
		} else if (!strcmp(step, "to")) {
			const char *text = arg("address");

			len = address_of(&a, text, atoi(arg("port")));
			send_to("to", &a, len, arg("text"));
		} else if (!strcmp(step, "connect")) {
			const char *text = arg("address");

			len = address_of(&a, text, atoi(arg("port")));
			if (connect(fd, &a.sa, len) < 0)
				die("connect");
		} else if (!strcmp(step, "sleep")) {
			usleep(atol(arg("milliseconds")) * 1000);
		} else if (!strcmp(step, "give")) {
			err = give_fd(arg("unix socket"), fd);
		} else if (!strcmp(step, "take")) {
			fd = receive_fd(arg("unix socket"));
		} else {
			die("unknown step '%s'", step);
		}
	}
	return err != 0;
}

/* Returns how many bytes they were. */
static size_t unhex(char *buf, size_t size, const char *digits)
{
	unsigned int byte;
	size_t n;

	for (n = 0; n < size && sscanf(digits + 2 * n, "%2x", &byte) == 1; n++)
		buf[n] = byte;
	return n;
}

/* A datagram with a source of one's own choice. */
int do_fakeudp(void)
{
	const char *hex = option("--hex", NULL), *data = option("--data", "fake"), *text;
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char data[128];
	} packet = { 0 };
	size_t n;
	unsigned int from;
	union address own, a;
	socklen_t len;
	uint64_t start;
	int raw, err;

	text = arg("source");
	from = atoi(arg("source port"));
	address_of(&own, text, from);
	text = arg("address");
	len = address_of(&a, text, atoi(arg("port")));
	packet.ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.saddr = own.in.sin_addr.s_addr, .daddr = a.in.sin_addr.s_addr };
	if (hex)
		n = unhex(packet.data, sizeof(packet.data), hex);
	else
		n = snprintf(packet.data, sizeof(packet.data), "%s", data);
	packet.udp = (struct udphdr){ .source = own.in.sin_port, .dest = a.in.sin_port,
		.len = htons(sizeof(packet.udp) + n) };
	raw = socket_for(&a, SOCK_RAW, IPPROTO_RAW);
	start = now_us();
	err = sendto(raw, &packet, sizeof(packet.ip) + sizeof(packet.udp) + n, 0,
		     &a.sa, len) < 0 ? errno : 0;
	report("send", err, start);
	return err != 0;
}
