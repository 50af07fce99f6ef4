// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AF_XDP: one frame out of memory shared with the kernel, past every hook.
 * Must never count on zero copy: any device can copy.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net-packet.h"

#define CHUNK	4096
#define RING	16

static void ring(int fd, int option)
{
	int size = RING;

	if (setsockopt(fd, SOL_XDP, option, &size, sizeof(size)))
		die("AF_XDP ring %d", option);
}

static void share(int fd, void *memory)
{
	struct xdp_umem_reg reg = { .addr = (uintptr_t)memory, .len = RING * CHUNK,
				    .chunk_size = CHUNK };

	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		die("XDP_UMEM_REG");
	ring(fd, XDP_UMEM_FILL_RING);
	ring(fd, XDP_UMEM_COMPLETION_RING);
	ring(fd, XDP_TX_RING);
}

/* The frame lies at the start of the memory: says so in the ring, which only an unbound socket maps. */
static void fill(int fd, size_t len)
{
	struct xdp_mmap_offsets at;
	socklen_t size = sizeof(at);
	struct xdp_desc *desc;
	char *map;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size))
		die("XDP_MMAP_OFFSETS");
	map = mmap(NULL, at.tx.desc + RING * sizeof(*desc), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_POPULATE, fd, XDP_PGOFF_TX_RING);
	if (map == MAP_FAILED)
		die("mmap of the ring");
	desc = (struct xdp_desc *)(map + at.tx.desc);
	*desc = (struct xdp_desc){ .addr = 0, .len = len };
	__atomic_store_n((uint32_t *)(map + at.tx.producer), 1, __ATOMIC_RELEASE);
}

int do_xdp(void)
{
	const char *text = option("--data", "past all hooks"), *name;
	struct frame f = { .head = ETH_HLEN };
	struct sockaddr_xdp own = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY };
	uint64_t start = now_us();
	union address to;
	void *memory;
	int fd, err;

	name = arg("device");
	own.sxdp_ifindex = if_nametoindex(name);
	if (!own.sxdp_ifindex)
		die("no device '%s'", name);
	address_of(&to, arg("address"), 0);
	f.type = to.sa.sa_family == AF_INET ? ETH_P_IP : ETH_P_IPV6;
	make_frame(&f, &to, atoi(arg("port")), text);
	fd = socket(AF_XDP, SOCK_RAW, 0);
	if (fd < 0)
		die("AF_XDP socket");
	memory = mmap(NULL, RING * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	memcpy(memory, f.data, f.len);
	share(fd, memory);
	fill(fd, f.len);
	err = bind(fd, (struct sockaddr *)&own, sizeof(own)) ? errno : 0;
	report("bind", err, start);
	if (!err) {
		start = now_us();
		err = sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;
		report("send", err, start);
		usleep(200 * 1000);	/* a worker of the kernel may still be at it */
	}
	return err != 0;
}
