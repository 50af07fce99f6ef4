// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packet sockets (AF_PACKET): one UDP datagram in a frame, by every way there is into a device.
 * Must never look up anything: both ends' hardware addresses are the lab's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net-packet.h"
#include "netprog.h"

#define RING_FRAME 2048

static const unsigned char own[ETH_ALEN] = { 2, 0x77, 0, 0, 0, 1 };
static const unsigned char far[ETH_ALEN] = { 2, 0x77, 0, 0, 0, 2 };

uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static size_t put_ip(unsigned char *at, const union address *to, const char *from, size_t len)
{
	struct iphdr *v4 = (struct iphdr *)at;
	struct ip6_hdr *v6 = (struct ip6_hdr *)at;

	if (to->sa.sa_family == AF_INET) {
		*v4 = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
				      .tot_len = htons(sizeof(*v4) + len),
				      .daddr = to->in.sin_addr.s_addr };
		inet_pton(AF_INET, from ?: "10.77.0.1", &v4->saddr);
		v4->check = checksum(v4, sizeof(*v4));
		return sizeof(*v4);
	}
	memset(v6, 0, sizeof(*v6));
	v6->ip6_vfc = 0x60;
	v6->ip6_plen = htons(len);
	v6->ip6_nxt = IPPROTO_UDP;
	v6->ip6_hlim = 64;
	v6->ip6_dst = to->in6.sin6_addr;
	inet_pton(AF_INET6, from ?: "fd77::1", &v6->ip6_src);
	return sizeof(*v6);
}

void make_frame(struct frame *f, const union address *to, uint16_t port, const char *text)
{
	struct udphdr udp = { .source = htons(4242), .dest = htons(port),
			      .len = htons(sizeof(udp) + strlen(text)) };
	size_t at = 0;

	if (f->head) {
		memcpy(f->data, far, ETH_ALEN);
		memcpy(f->data + ETH_ALEN, own, ETH_ALEN);
		f->data[12] = f->type >> 8;
		f->data[13] = f->type & 0xff;
		at = f->head;
	}
	at += put_ip(f->data + at, to, f->from, sizeof(udp) + strlen(text));
	memcpy(f->data + at, &udp, sizeof(udp));
	at += sizeof(udp);
	memcpy(f->data + at, text, strlen(text));
	f->len = at + strlen(text);
}

static int send_to(int fd, const struct frame *f)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = f->ifindex,
				  .sll_protocol = htons(f->claim), .sll_halen = ETH_ALEN };

	memcpy(to.sll_addr, far, ETH_ALEN);
	return sendto(fd, f->data, f->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

static int send_old(int fd, const struct frame *f)
{
	struct sockaddr_pkt to = { .spkt_family = AF_PACKET, .spkt_protocol = htons(f->claim) };
	char name[IF_NAMESIZE];

	memcpy(to.spkt_device, if_indextoname(f->ifindex, name) ? name : "",
	       sizeof(to.spkt_device) - 1);
	return sendto(fd, f->data, f->len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

static int send_bound(int fd, const struct frame *f)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = f->ifindex,
				  .sll_protocol = htons(f->claim) };

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	return write(fd, f->data, f->len) < 0 ? errno : 0;
}

/* Through a ring of one frame, which the kernel reads when it is told to. */
static int send_ring(int fd, const struct frame *f)
{
	struct tpacket_req req = { .tp_block_size = 4096, .tp_block_nr = 1,
				   .tp_frame_size = RING_FRAME, .tp_frame_nr = 2 };
	int version = TPACKET_V2, err;
	struct tpacket2_hdr *h;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)))
		die("PACKET_TX_RING");
	h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		die("mmap");
	memcpy((char *)h + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll), f->data, f->len);
	h->tp_len = f->len;
	h->tp_status = TP_STATUS_SEND_REQUEST;
	err = send_to(fd, &(struct frame){ .ifindex = f->ifindex, .claim = f->claim });
	munmap(h, 4096);
	return err;
}

static int send_bypass(int fd, const struct frame *f)
{
	int one = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		die("PACKET_QDISC_BYPASS");
	return send_to(fd, f);
}

static const struct way {
	const char *name;
	int type;
	int (*send)(int fd, const struct frame *f);
} ways[] = {
	{ "raw", SOCK_RAW, send_to },
	{ "dgram", SOCK_DGRAM, send_to },
	{ "bound", SOCK_RAW, send_bound },
	{ "bypass", SOCK_RAW, send_bypass },
	{ "ring", SOCK_RAW, send_ring },
	{ "old", SOCK_PACKET, send_old },
};

static const struct way *way_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	}
	die("no way '%s'", name);
}

int do_packet(void)
{
	long count = option_number("--count", 1), keep = option_sleep("--keep", 0);
	long gap = option_number("--gap", 0);
	const char *text = option("--data", "in a frame"), *name;
	struct frame f = { .claim = option_number("--claim", 0), .from = option("--from", NULL) };
	const struct way *way = way_of(arg("way"));
	union address to;
	uint64_t start;
	int fd, err = 0;

	f.type = option_number("--type", 0);
	name = arg("device");
	f.ifindex = if_nametoindex(name);
	if (!f.ifindex)
		die("no device '%s'", name);
	address_of(&to, arg("address"), 0);
	f.type = f.type ?: to.sa.sa_family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	f.claim = f.claim ?: f.type;
	f.head = way->type == SOCK_DGRAM ? 0 : ETH_HLEN;
	make_frame(&f, &to, atoi(arg("port")), text);
	fd = socket(AF_PACKET, way->type, 0);
	if (fd < 0)
		die("packet socket");
	while (count-- && !err) {
		start = now_us();
		err = way->send(fd, &f);
		report("send", err, start);
		usleep(gap * 1000);
	}
	usleep(keep * 1000);
	return err != 0;
}
