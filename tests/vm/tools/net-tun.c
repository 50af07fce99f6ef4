// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a virtual machine or a VPN in user space does: writes packets into a tun device, which
 * receives them. Must never use a socket that sends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net-packet.h"
#include "netprog.h"

int do_tun(void)
{
	long count = option_number("--count", 1), gap = option_number("--gap", 0);
	const char *text = option("--data", "from a machine");
	struct frame f = { .from = option("--from", NULL) };
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	union address to;
	uint64_t start;
	int fd, err = 0;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", arg("device"));
	address_of(&to, arg("address"), 0);
	make_frame(&f, &to, atoi(arg("port")), text);
	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		die("tun");
	while (count-- && !err) {
		start = now_us();
		err = write(fd, f.data, f.len) < 0 ? errno : 0;
		report("write", err, start);
		usleep(gap * 1000);
	}
	return err != 0;
}
