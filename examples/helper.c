// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole helper on /dev/snitch, with the uapi header alone: asks on the
 * terminal about each parked flow. It must never take over from a decider.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/snitch.h>

#define OWNERS	1024	/* remembered; an older one with the same place is forgotten */

static struct { __u64 id; __u32 pid; char exe[256]; } owners[OWNERS];

static int die(const char *what)
{
	perror(what);
	exit(1);
}

/* Paths are other people's bytes: nothing that a terminal obeys. */
static void remember(const struct snitch_owner *o)
{
	const char *exe = (const char *)(o + 1);
	unsigned int i, slot = o->hdr.id % OWNERS;

	for (i = 0; i < o->exe_len && i < sizeof(owners[0].exe) - 1; i++)
		owners[slot].exe[i] = exe[i] >= ' ' && exe[i] <= '~' ? exe[i] : '?';
	owners[slot].exe[i] = '\0';
	owners[slot].id = o->hdr.id;
	owners[slot].pid = o->pid;
}

static void send_verdict(int fd, __u64 flow, __u32 action, __u32 origin)
{
	struct snitch_verdict v = {
		.hdr = { .size = sizeof(v), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_VERDICT, .id = flow },
		.action = action, .origin = origin,
	};

	if (write(fd, &v, sizeof(v)) != sizeof(v))
		die("verdict");
}

/* Whoever says nothing says no. */
static void ask(int fd, const struct snitch_flow_event *f)
{
	char to[INET6_ADDRSTRLEN], answer[16];
	unsigned int slot = f->owner % OWNERS;
	int known = owners[slot].id == f->owner;

	send_verdict(fd, f->hdr.id, SNITCH_HOLD, SNITCH_BY_MODE);
	inet_ntop(f->family, f->daddr, to, sizeof(to));
	printf("%s (pid %u, uid %u) to %s port %u protocol %u: allow? [y/n] ",
	       known ? owners[slot].exe : "?", known ? owners[slot].pid : 0, f->uid, to,
	       f->dport, f->proto);
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = 'n';
	send_verdict(fd, f->hdr.id, answer[0] == 'y' ? SNITCH_ALLOW : SNITCH_DENY,
		     SNITCH_BY_PERSON);
}

static void handle(int fd, const struct snitch_hdr *h)
{
	if (h->type == SNITCH_MSG_OWNER)
		remember((const struct snitch_owner *)h);
	else if (h->type == SNITCH_MSG_FLOW)
		ask(fd, (const struct snitch_flow_event *)h);
	else if (h->type == SNITCH_MSG_CANCEL)
		printf("flow %llu no longer waits\n", (unsigned long long)h->id);
}

int main(int argc, char **argv)
{
	static _Alignas(8) unsigned char buf[65536];
	struct snitch_hello hello = {
		.hdr = { .size = sizeof(hello), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_HELLO },
		.abi_major = SNITCH_ABI_MAJOR, .abi_minor = SNITCH_ABI_MINOR,
		.role = SNITCH_ROLE_DECIDER,
	};
	int fd = open(argc > 1 ? argv[1] : "/dev/snitch", O_RDWR | O_CLOEXEC);
	ssize_t n, at;

	if (fd < 0 || write(fd, &hello, sizeof(hello)) != sizeof(hello))
		die("/dev/snitch");
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		for (at = 0; at < n; at += ((struct snitch_hdr *)(buf + at))->size)
			handle(fd, (struct snitch_hdr *)(buf + at));
	return n < 0 ? die("read") : 0;
}
