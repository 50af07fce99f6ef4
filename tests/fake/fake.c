// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fake device: packs and sends events, takes what the client writes. It
 * must never answer what the kernel would not: kmod/proto.c judges each batch.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "kmod/proto.h"

#define SEND_BUFFER	(8 * 1024 * 1024)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int fake_send(struct fake *f, const void *buf, size_t len)
{
	ssize_t n = send(f->fd, buf, len, MSG_NOSIGNAL);

	if (n >= 0)
		return (size_t)n == len ? 0 : -EIO;
	return errno == EPIPE || errno == ECONNRESET ? -ESHUTDOWN : -errno;
}

/* As the kernel: nothing malformed leaves. */
static int send_event(struct fake *f, const void *msg, size_t len)
{
	if (snitch_proto_check_event(msg, len))
		return -EINVAL;
	return fake_send(f, msg, len);
}

static int send_welcome(struct fake *f, unsigned int role)
{
	struct snitch_welcome w = {
		.abi_major = SNITCH_ABI_MAJOR,
		.abi_minor = SNITCH_ABI_MINOR,
		.role = role,
		.generation = f->generation,
		.instance = 0x5e1f5e1f5e1f5e1f,
		.max_flows = 4096,
		.max_flows_image = 1024,
		.max_flows_uid = 2048,
		.consult_ms = 2000,
		.hold_tcp_ms = 120000,
		.hold_ms = 60000,
		.hold_dns_ms = 5000,
		.grace_ms = 3000,
	};

	snitch_proto_hdr(&w.hdr, SNITCH_MSG_WELCOME, sizeof(w), 0);
	return send_event(f, &w, sizeof(w));
}

static int send_result(struct fake *f, int error, const struct snitch_hdr *to)
{
	struct snitch_result r = { .error = error, .type = to->type };

	snitch_proto_hdr(&r.hdr, SNITCH_MSG_RESULT, sizeof(r), to->id);
	return send_event(f, &r, sizeof(r));
}

/* ---- begin and end */

int fake_adopt(int fd, struct fake **out)
{
	int flags = fcntl(fd, F_GETFL), size = SEND_BUFFER;
	struct fake *f;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->flows = calloc(FAKE_FLOWS_MAX, sizeof(*f->flows));
	f->owners = calloc(FAKE_OWNERS_MAX, sizeof(*f->owners));
	if (!f->flows || !f->owners) {
		free(f->flows);
		free(f->owners);
		free(f);
		return -ENOMEM;
	}
	f->fd = fd;
	f->generation = 1;
	*out = f;
	return 0;
}

int fake_pair(unsigned int role, struct fake **out, int *client)
{
	int fd[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -errno;
	err = fake_adopt(fd[0], out);
	if (err) {
		close(fd[0]);
		close(fd[1]);
		return err;
	}
	err = send_welcome(*out, role);
	if (err) {
		fake_free(*out);
		close(fd[1]);
		return err;
	}
	(*out)->hello.role = role;	/* welcomed already: see take_hello() */
	*client = fd[1];
	return 0;
}

void fake_free(struct fake *f)
{
	unsigned int i;

	if (!f)
		return;
	close(f->fd);
	for (i = 0; i < f->n_owners; i++)
		free(f->owners[i].msg);
	free(f->owners);
	free(f->flows);
	free(f);
}

static struct fake_flow *find_flow(const struct fake *f, uint64_t id)
{
	struct fake_flow *flow;

	for (flow = f->flows; flow < f->flows + f->n_flows; flow++)
		if (flow->event.hdr.id == id)
			return flow;
	return NULL;
}

static struct fake_owner *find_owner(const struct fake *f, uint64_t id)
{
	struct fake_owner *owner;

	for (owner = f->owners; owner < f->owners + f->n_owners; owner++)
		if (owner->msg->hdr.id == id)
			return owner;
	return NULL;
}

const struct fake_flow *fake_flow_get(const struct fake *f, uint64_t id)
{
	return find_flow(f, id);
}

const struct fake_owner *fake_owner_get(const struct fake *f, uint64_t id)
{
	return find_owner(f, id);
}

/* ---- the kernel's messages */

static size_t length(const char *s)
{
	return s ? strlen(s) : 0;
}

/* Another path, another inode; the same path, the same one. */
static uint64_t inode_of(const char *path)
{
	uint64_t ino = 1000;

	if (!path)
		return 0;
	for (; *path; path++)
		ino = ino * 31 + (unsigned char)*path;
	return ino;
}

static struct snitch_owner *pack(const struct fake_image *i)
{
	struct snitch_owner fixed = {
		.hdr.id = i->id,
		.parent = i->parent,
		.start = now_ns(),
		.exec_id = i->id,
		.exe_ino = inode_of(i->exe),
		.exe_mode = S_IFREG | 0755,
		.pid = i->pid,
		.ppid = i->ppid,
		.ns_pid = i->pid,
		.uid = i->uid,
		.euid = i->uid,
		.gid = i->uid,
		.loginuid = i->login ? i->login : i->uid,
		.flags = i->flags,
		.kernel = i->kernel,
	};
	const char *comm = i->comm;
	struct snitch_owner *msg;
	size_t size;

	if (i->file) {
		fixed.exe_dev = i->file->st_dev;
		fixed.exe_ino = i->file->st_ino;
		fixed.exe_size = i->file->st_size;
		fixed.exe_ctime = i->file->st_ctim.tv_sec;
		fixed.exe_ctime_nsec = i->file->st_ctim.tv_nsec;
	}
	if (!comm && i->exe) {
		comm = strrchr(i->exe, '/');
		comm = comm ? comm + 1 : NULL;
	}
	if (comm)
		memcpy(fixed.comm, comm, strnlen(comm, sizeof(fixed.comm) - 1));
	size = snitch_proto_owner_size(length(i->exe), i->cmd_len, length(i->cgroup),
				       length(i->script));
	msg = size ? calloc(1, size) : NULL;
	if (msg)
		snitch_proto_pack_owner(msg, &fixed, i->exe, length(i->exe), i->cmd, i->cmd_len,
					i->cgroup, length(i->cgroup), i->script,
					length(i->script));
	return msg;
}

int fake_owner_add(struct fake *f, const struct fake_image *image)
{
	struct fake_owner *o = find_owner(f, image->id);
	struct snitch_owner *msg;
	int err;

	if (!o && f->n_owners == FAKE_OWNERS_MAX)
		return -ENOSPC;
	msg = pack(image);
	if (!msg)
		return -EINVAL;
	err = send_event(f, msg, msg->hdr.size);
	if (err) {
		free(msg);
		return err;
	}
	if (!o)
		o = &f->owners[f->n_owners++];
	free(o->msg);
	o->msg = msg;
	return 0;
}

int fake_flow_init(struct snitch_flow_event *flow, uint64_t id, uint64_t owner, uint8_t proto,
		   const char *to, uint16_t port)
{
	memset(flow, 0, sizeof(*flow));
	snitch_proto_hdr(&flow->hdr, SNITCH_MSG_FLOW, sizeof(*flow), id);
	flow->owner = owner;
	flow->cookie = id;
	flow->when = now_ns();
	flow->netns = 0xf0000000;
	flow->ifindex = 2;
	flow->bytes = 60;
	flow->proto = proto;
	flow->dport = port;
	flow->sport = port ? 40000 + id % 20000 : 0;
	if (inet_pton(AF_INET, to, flow->daddr) == 1) {
		flow->family = AF_INET;
		return inet_pton(AF_INET, "10.77.0.1", flow->saddr) == 1 ? 0 : -EINVAL;
	}
	flow->family = AF_INET6;
	if (inet_pton(AF_INET6, to, flow->daddr) != 1)
		return -EINVAL;
	return inet_pton(AF_INET6, "fd77::1", flow->saddr) == 1 ? 0 : -EINVAL;
}

int fake_flow_add(struct fake *f, const struct snitch_flow_event *flow)
{
	struct fake_flow *known = find_flow(f, flow->hdr.id);
	struct snitch_flow_event event = *flow;
	int err;

	if (!find_owner(f, flow->owner))
		return -ENOENT;
	if (!known && f->n_flows == FAKE_FLOWS_MAX)
		return -ENOSPC;
	if (!event.generation)
		event.generation = f->generation;
	err = send_event(f, &event, sizeof(event));
	if (err)
		return err;
	if (!known)
		known = &f->flows[f->n_flows++];
	*known = (struct fake_flow){ .event = event };
	return 0;
}

int fake_cancel(struct fake *f, uint64_t flow, enum snitch_cancel_why why, unsigned int action)
{
	struct snitch_cancel c = { .why = why, .action = action, .packets = 1, .bytes = 60 };
	struct fake_flow *known = find_flow(f, flow);
	int err;

	if (!known || known->state > FAKE_HELD)
		return -ENOENT;
	snitch_proto_hdr(&c.hdr, SNITCH_MSG_CANCEL, sizeof(c), flow);
	err = send_event(f, &c, sizeof(c));
	if (!err)
		known->state = FAKE_CANCELLED;
	return err;
}

int fake_lost(struct fake *f, uint64_t owners)
{
	struct snitch_lost l = { .owners = owners };

	snitch_proto_hdr(&l.hdr, SNITCH_MSG_LOST, sizeof(l), 0);
	return send_event(f, &l, sizeof(l));
}

/* ---- the client's messages; 0 or an error of sending */

static int take_verdict(struct fake *f, const struct snitch_verdict *v)
{
	struct fake_flow *flow = find_flow(f, v->hdr.id);

	if (!flow || flow->state > FAKE_HELD) {
		f->late++;
		return send_result(f, -ENOENT, &v->hdr);
	}
	flow->verdict = *v;
	flow->verdicts++;
	if (v->action == SNITCH_HOLD)
		flow->state = FAKE_HELD;
	else
		flow->state = v->action == SNITCH_ALLOW ? FAKE_ALLOWED : FAKE_REFUSED;
	return v->flags & SNITCH_V_ACK ? send_result(f, 0, &v->hdr) : 0;
}

static int take_bind(struct fake *f, struct fake_owner *o, const struct snitch_bind *b)
{
	if (b->generation != f->generation)
		return send_result(f, -ESTALE, &b->hdr);
	o->bind = *b;
	o->binds++;
	return 0;
}

static int take_message(struct fake *f, const struct snitch_hdr *h)
{
	struct fake_owner *o;

	if (h->type == SNITCH_MSG_VERDICT)
		return take_verdict(f, (const struct snitch_verdict *)h);
	o = find_owner(f, h->id);
	if (!o)
		return send_result(f, -ENOENT, h);
	switch (h->type) {
	case SNITCH_MSG_BIND:
		return take_bind(f, o, (const struct snitch_bind *)h);
	case SNITCH_MSG_CACHE:
		o->cache = *(const struct snitch_cache *)h;
		o->caches++;
		return 0;
	case SNITCH_MSG_GET_OWNER:
		o->asked++;
		return send_event(f, o->msg, o->msg->hdr.size);
	}
	return -EPROTO;
}

static int bad(struct fake *f, const char *what, int err)
{
	snprintf(f->error, sizeof(f->error), "%s: %s", what, strerror(-err));
	return err;
}

static int take_hello(struct fake *f, const void *buf, size_t len)
{
	unsigned int welcomed = f->hello.role;
	int err = snitch_proto_check_hello(buf, len);

	if (err)
		return bad(f, "bad HELLO", err);
	memcpy(&f->hello, buf, sizeof(f->hello));
	f->greeted = true;
	if (welcomed)
		return welcomed == f->hello.role ? 1 : bad(f, "another role in HELLO", -EPROTO);
	err = send_welcome(f, f->hello.role);
	return err ? bad(f, "answering", err) : 1;
}

/* How many messages, or an error. */
static int take_batch(struct fake *f, const void *buf, size_t len)
{
	const struct snitch_hdr *h;
	unsigned int count;
	size_t off = 0;
	int err;

	if (!f->greeted)
		return take_hello(f, buf, len);
	err = snitch_proto_check_batch(buf, len, &count);
	if (err)
		return bad(f, "bad batch", err);
	while ((h = snitch_proto_next(buf, len, &off))) {
		err = take_message(f, h);
		if (err)
			return bad(f, "answering", err);
	}
	return count;
}

int fake_receive(struct fake *f)
{
	/* One byte more than a legal batch would be enough to tell. */
	static _Thread_local _Alignas(8) unsigned char buf[SNITCH_WRITE_MAX + 8];
	int taken = 0, n;
	ssize_t len;

	for (;;) {
		len = recv(f->fd, buf, sizeof(buf), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return taken;
		if (len <= 0)
			return taken ? taken : -ESHUTDOWN;
		n = take_batch(f, buf, len);
		if (n < 0)
			return n;
		taken += n;
	}
}
