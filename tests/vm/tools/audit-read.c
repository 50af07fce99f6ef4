// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the kernel's audit records as any listener does, and prints those that modules write.
 * Must never become the audit daemon: records go on to whoever else wants them.
 *
 * audit-read          prints "READY", then each AUDIT_KERNEL_OTHER record, one a line
 * audit-read on|off   switches auditing
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "audit-read: %s: %s\n", what, strerror(errno));
	return 1;
}

static int audit_switch(int fd, int on)
{
	struct {
		struct nlmsghdr h;
		struct audit_status s;
	} m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_type = AUDIT_SET,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_seq = 1 },
		.s = { .mask = AUDIT_STATUS_ENABLED, .enabled = on },
	};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[256];
	} answer;

	if (send(fd, &m, sizeof(m), 0) < 0)
		return fail("send");
	do {
		if (recv(fd, &answer, sizeof(answer), 0) < 0)
			return fail("recv");
	} while (answer.h.nlmsg_type != NLMSG_ERROR);
	errno = -answer.e.error;
	return errno ? fail("AUDIT_SET") : 0;
}

static int audit_print(int fd)
{
	static char buf[16384];
	struct sockaddr_nl me = {
		.nl_family = AF_NETLINK, .nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1),
	};
	int size = 4 << 20;

	/* Without a port of its own a socket counts as the kernel's, and hears nothing. */
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)))
		return fail("bind");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	printf("READY\n");
	fflush(stdout);
	for (;;) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0)
			return fail("recv");
		if (n <= NLMSG_HDRLEN || h->nlmsg_type != AUDIT_KERNEL_OTHER)
			continue;
		printf("%.*s\n", (int)(n - NLMSG_HDRLEN), (const char *)NLMSG_DATA(h));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	if (fd < 0)
		return fail("socket");
	if (argc == 2 && !strcmp(argv[1], "on"))
		return audit_switch(fd, 1);
	if (argc == 2 && !strcmp(argv[1], "off"))
		return audit_switch(fd, 0);
	if (argc == 1)
		return audit_print(fd);
	fprintf(stderr, "usage: audit-read [on|off]\n");
	return 2;
}
