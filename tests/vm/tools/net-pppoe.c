// SPDX-License-Identifier: GPL-2.0-or-later
/* netprog: frames by a PPPoE socket, which anybody may open. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "netprog.h"
#include <linux/if_pppox.h>	/* after it, or both define what is of <netinet/in.h> */

int do_pppoe(void)
{
	const char *data = option("--data", "by pppoe"), *device = arg("device"), *mac = arg("address");
	struct sockaddr_pppox to = { .sa_family = AF_PPPOX, .sa_protocol = PX_PROTO_OE };
	unsigned char *m = to.sa_addr.pppoe.remote;
	int fd = socket(AF_PPPOX, SOCK_STREAM, PX_PROTO_OE);
	uint64_t start = now_us();
	int err;

	if (fd < 0)
		die("socket(AF_PPPOX)");
	to.sa_addr.pppoe.sid = htons(7);
	if (strlen(device) >= sizeof(to.sa_addr.pppoe.dev) ||
	    sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2, m + 3, m + 4, m + 5) != 6)
		die("device and address");
	strcpy(to.sa_addr.pppoe.dev, device);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	err = send(fd, data, strlen(data), 0) < 0 ? errno : 0;
	report("send", err, start);
	return err != 0;
}
