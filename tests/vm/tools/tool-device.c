// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/snitch: HELLO, messages as lines of text, the executable behind an owner.
 * Must never believe a length before it was checked against the message's size.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool.h"

static char first[65536];		/* what came with WELCOME */
static ssize_t first_len;

uint64_t device_features;

int device_open(uint32_t role, uint32_t flags, struct snitch_welcome *welcome)
{
	struct snitch_hello hello = {
		.hdr = { .size = sizeof(hello), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_HELLO },
		.abi_major = SNITCH_ABI_MAJOR, .abi_minor = SNITCH_ABI_MINOR,
		.role = role, .flags = flags, .features = device_features,
	};
	int fd = open("/dev/snitch", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(errno, "/dev/snitch");
	if (write(fd, &hello, sizeof(hello)) != sizeof(hello))
		die(errno, "hello");
	first_len = read(fd, first, sizeof(first));
	if (first_len < (ssize_t)sizeof(*welcome) ||
	    ((struct snitch_hdr *)first)->type != SNITCH_MSG_WELCOME)
		die(first_len < 0 ? errno : 0, "no welcome");
	memcpy(welcome, first, sizeof(*welcome));
	return fd;
}

void device_rest(void (*fn)(const struct snitch_hdr *hdr))
{
	ssize_t off = ((struct snitch_hdr *)first)->size;

	for (; off < first_len; off += ((struct snitch_hdr *)(first + off))->size)
		fn((struct snitch_hdr *)(first + off));
}

static void put_command(FILE *out, const char *cmd, size_t len)
{
	size_t i, start = 0;

	for (i = 0; i <= len; i++) {
		if (i < len && cmd[i])
			continue;
		if (i > start || i < len) {
			fputs(start ? "," : "", out);
			put_escaped(out, cmd + start, i - start);
		}
		start = i + 1;
	}
}

static void print_owner(FILE *out, const struct snitch_owner *o)
{
	const char *tail = (const char *)(o + 1);
	size_t need = sizeof(*o) + o->exe_len + o->cmd_len + o->cgroup_len + o->script_len;

	if (o->hdr.size < need || o->hdr.size != (need + 7) / 8 * 8) {
		fprintf(out, "MALFORMED OWNER size=%u need=%zu\n", o->hdr.size, need);
		return;
	}
	fprintf(out, "OWNER id=%llu parent=%llu pid=%u ppid=%u ns_pid=%u uid=%u euid=%u gid=%u",
		o->hdr.id, o->parent, o->pid, o->ppid, o->ns_pid, o->uid, o->euid, o->gid);
	fprintf(out, " flags=0x%x kernel=%u ino=%llu size=%llu userns_owner=%u exec=%llu",
		o->flags, o->kernel, o->exe_ino, o->exe_size, o->userns_owner, o->exec_id);
	fprintf(out, " start=%llu dev=%u:%u comm=", o->start, o->exe_dev >> 8 & 0xfff,
		(o->exe_dev & 0xff) | (o->exe_dev >> 12 & 0xfff00));
	put_escaped(out, o->comm, strnlen(o->comm, sizeof(o->comm)));
	fputs(" exe=", out);
	put_escaped(out, tail, o->exe_len);
	fputs(" cmd=", out);
	put_command(out, tail + o->exe_len, o->cmd_len);
	fputs(" cgroup=", out);
	put_escaped(out, tail + o->exe_len + o->cmd_len, o->cgroup_len);
	fputs(" script=", out);
	put_escaped(out, tail + o->exe_len + o->cmd_len + o->cgroup_len, o->script_len);
	fputc('\n', out);
}

static void print_flow_event(FILE *out, const struct snitch_flow_event *f)
{
	fprintf(out, "FLOW id=%llu owner=%llu proto=%s local=%s:%u remote=%s:%u uid=%u",
		f->hdr.id, f->owner, name_proto(f->proto), addr_text(f->family, f->saddr),
		f->sport, addr_text(f->family, f->daddr), f->dport, f->uid);
	fprintf(out, " flags=0x%x icmp=%u bytes=%u rule=%llu generation=%llu cookie=%llu netns=%u",
		f->flags, f->icmp_type, f->bytes, f->ask_rule, f->generation, f->cookie, f->netns);
	fprintf(out, " ifindex=%u when=%llu\n", f->ifindex, f->when);
}

void print_message(FILE *out, const struct snitch_hdr *h)
{
	const void *m = h;

	switch (h->type) {
	case SNITCH_MSG_OWNER:
		print_owner(out, m);
		break;
	case SNITCH_MSG_FLOW:
		print_flow_event(out, m);
		break;
	case SNITCH_MSG_CANCEL: {
		const struct snitch_cancel *c = m;

		fprintf(out, "CANCEL id=%llu why=%s action=%s packets=%u bytes=%u\n", h->id,
			name_cancel(c->why), name_action(c->action), c->packets, c->bytes);
		break;
	}
	case SNITCH_MSG_LOST: {
		const struct snitch_lost *l = m;

		fprintf(out, "LOST owners=%llu dns=%llu events=%llu\n", l->owners, l->dns,
			l->events);
		break;
	}
	case SNITCH_MSG_DATA: {
		const struct snitch_data *d = m;

		fprintf(out, "DATA id=%llu index=%u len=%u last=%u text=", h->id, d->index, d->len,
			d->flags & SNITCH_DATA_LAST);
		put_escaped(out, (const char *)(d + 1), d->len < 32 ? d->len : 32);
		fputc('\n', out);
		break;
	}
	case SNITCH_MSG_RESULT: {
		const struct snitch_result *r = m;

		fprintf(out, "RESULT id=%llu error=%d type=%u\n", h->id, r->error, r->type);
		break;
	}
	case SNITCH_MSG_DECIDED: {
		const struct snitch_decided *d = m;

		fprintf(out, "DECIDED id=%llu owner=%llu action=%s origin=%s origin_id=%llu packets=%u\n",
			h->id, d->owner, name_action(d->action), name_origin(d->origin),
			d->origin_id, d->packets);
		break;
	}
	case SNITCH_MSG_ENDED: {
		const struct snitch_ended *e = m;

		fprintf(out, "ENDED owner=%llu cookie=%llu packets=%llu bytes=%llu rx_packets=%llu rx_bytes=%llu\n",
			e->owner, e->cookie, e->packets, e->bytes, e->rx_packets, e->rx_bytes);
		break;
	}
	default:
		fprintf(out, "TYPE %u size=%u id=%llu\n", h->type, h->size, h->id);
	}
}

void hash_owner(FILE *out, int fd, uint64_t id)
{
	struct snitch_owner_fd arg = { .id = id, .exe_fd = -1 };
	uint64_t hash = 0xcbf29ce484222325ULL, size = 0;
	unsigned char buf[16384];
	ssize_t n, i;

	if (ioctl(fd, SNITCH_IOC_OWNER_FD, &arg) < 0) {
		fprintf(out, "HASH id=%llu error=%s\n", (unsigned long long)id,
			strerrorname_np(errno));
		return;
	}
	while ((n = read(arg.exe_fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 0x100000001b3ULL;
		size += n;
	}
	close(arg.exe_fd);
	fprintf(out, "HASH id=%llu size=%llu fnv=%016llx pid=%u\n", (unsigned long long)id,
		(unsigned long long)size, (unsigned long long)hash, arg.pid);
}

static FILE *observer_log;

static void observe_rest(const struct snitch_hdr *h)
{
	print_message(observer_log, h);
}

int cmd_observe(int argc, char **argv)
{
	static char buf[65536];
	struct snitch_welcome welcome;
	ssize_t n, off;
	FILE *out;
	int fd;

	observer_log = out = argc > 1 ? fopen(argv[1], "w") : stdout;
	if (!out)
		die(errno, "%s", argv[1]);
	fd = device_open(SNITCH_ROLE_OBSERVER, 0, &welcome);
	fprintf(out, "WELCOME role=%u generation=%llu\n", welcome.role, welcome.generation);
	device_rest(observe_rest);
	fflush(out);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (off = 0; off < n; off += ((struct snitch_hdr *)(buf + off))->size)
			print_message(out, (struct snitch_hdr *)(buf + off));
		fflush(out);
	}
	die(n < 0 ? errno : 0, "read");
}
