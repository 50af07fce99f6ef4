// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/snitch: open, HELLO, read. Must never hand on a message that has not
 * been checked by the same code that the kernel builds with.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../kmod/proto.h"
#include "device.h"

#define WELCOME_MS 5000		/* a real device answers at once */

uint64_t snitch_boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The other end of a socket may close too. */
static int gone(const struct snitch_device *dev, int err)
{
	return dev->socket && (err == EPIPE || err == ECONNRESET) ? -ESHUTDOWN : -err;
}

static ssize_t device_read(struct snitch_device *dev)
{
	ssize_t n;

	do
		n = read(dev->fd, dev->in, sizeof(dev->in));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return gone(dev, errno);
	if (!n)
		return -ESHUTDOWN;
	snitch_record_put(dev, SNITCH_FROM_KERNEL, dev->in, n);
	return n;
}

ssize_t snitch_device_write(struct snitch_device *dev, const void *buf, size_t len)
{
	ssize_t n = len;

	if (!dev->replay) {
		do
			n = dev->socket ? send(dev->fd, buf, len, MSG_NOSIGNAL) :
					  write(dev->fd, buf, len);
		while (n < 0 && errno == EINTR);
	}
	if (n < 0)
		return gone(dev, errno);
	snitch_record_put(dev, SNITCH_TO_KERNEL, buf, len);
	return n;
}

static int say_hello(struct snitch_device *dev, unsigned int role, unsigned int flags)
{
	struct snitch_hello hello = {
		.abi_major = SNITCH_ABI_MAJOR,
		.abi_minor = SNITCH_ABI_MINOR,
		.role = role,
		.flags = flags & ~(SNITCH_OPEN_DNS | SNITCH_OPEN_DATA),
		.features = (flags & SNITCH_OPEN_DNS ? SNITCH_FEATURE_DNS : 0) |
			    (flags & SNITCH_OPEN_DATA ? SNITCH_FEATURE_DATA : 0),
	};
	ssize_t n;

	snitch_proto_hdr(&hello.hdr, SNITCH_MSG_HELLO, sizeof(hello), 0);
	if (snitch_proto_check_hello(&hello, sizeof(hello)))
		return -EINVAL;
	n = snitch_device_write(dev, &hello, sizeof(hello));
	return n < 0 ? n : 0;
}

/* The first message read is WELCOME; what came with it stays for the next read. */
static int take_welcome(struct snitch_device *dev, unsigned int role)
{
	struct pollfd p = { .fd = dev->fd, .events = POLLIN };
	unsigned int count;
	ssize_t n;

	if (poll(&p, 1, WELCOME_MS) <= 0)
		return -ETIMEDOUT;	/* a signal: as good as no answer */
	n = device_read(dev);
	if (n < 0)
		return n;
	if (snitch_proto_check_read(dev->in, n, &count) ||
	    ((struct snitch_hdr *)dev->in)->type != SNITCH_MSG_WELCOME ||
	    ((struct snitch_welcome *)dev->in)->role != role)
		return -EPROTO;
	memcpy(&dev->welcome, dev->in, sizeof(dev->welcome));
	memmove(dev->in, dev->in + sizeof(dev->welcome), n - sizeof(dev->welcome));
	dev->in_len = n - sizeof(dev->welcome);
	return 0;
}

int snitch_device_adopt(int fd, unsigned int role, unsigned int flags,
			struct snitch_device **out, struct snitch_welcome *welcome)
{
	struct snitch_device *dev;
	struct stat st;
	int err, fl;

	fl = fcntl(fd, F_GETFL);
	if (fl < 0 || fstat(fd, &st) || fcntl(fd, F_SETFL, fl | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->fd = fd;
	dev->socket = S_ISSOCK(st.st_mode);
	err = say_hello(dev, role, flags);
	if (!err)
		err = take_welcome(dev, role);
	if (err) {
		free(dev);
		return err;
	}
	if (welcome)
		*welcome = dev->welcome;
	*out = dev;
	return 0;
}

static int connect_fake(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int open_path(const char *path)
{
	struct stat st;
	char *end;
	long n;
	int fd;

	if (!strncmp(path, "fd:", 3)) {
		n = strtol(path + 3, &end, 10);
		return *end || end == path + 3 || n < 0 || n > 1 << 20 ? -EINVAL : (int)n;
	}
	if (!stat(path, &st) && S_ISSOCK(st.st_mode))
		return connect_fake(path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int snitch_device_open(const char *path, unsigned int role, unsigned int flags,
		       struct snitch_device **out, struct snitch_welcome *welcome)
{
	int fd, err;

	if (!path)
		path = getenv(SNITCH_DEVICE_ENV);
	if (!path)
		path = SNITCH_DEVICE_PATH;
	fd = open_path(path);
	if (fd < 0)
		return fd;
	err = snitch_device_adopt(fd, role, flags, out, welcome);
	if (err)
		close(fd);
	return err;
}

void snitch_device_close(struct snitch_device *dev)
{
	if (!dev)
		return;
	if (dev->fd >= 0)
		close(dev->fd);
	if (dev->replay)
		fclose(dev->replay);
	free(dev->out);
	free(dev);
}

int snitch_device_fd(const struct snitch_device *dev)
{
	return dev->fd;
}

short snitch_device_events(const struct snitch_device *dev)
{
	return dev->out_len ? POLLIN | POLLOUT : POLLIN;
}

/* ---- handing on ---- */

static void hand_owner(const struct snitch_owner *o, const struct snitch_handler *handler,
		       void *ctx)
{
	struct snitch_owner_info info = {
		.wire = o,
		.exe = (const char *)(o + 1),
		.exe_len = o->exe_len,
		.cmdline_len = o->cmd_len,
		.cgroup_len = o->cgroup_len,
		.script_len = o->script_len,
	};

	info.cmdline = info.exe + info.exe_len;
	info.cgroup = info.cmdline + info.cmdline_len;
	info.script = info.cgroup + info.cgroup_len;
	if (handler->owner)
		handler->owner(ctx, &info);
}

#define HAND(member, type) do { \
	if (handler->member) \
		handler->member(ctx, (const struct type *)h); \
} while (0)

static void hand_one(const struct snitch_hdr *h, const struct snitch_handler *handler, void *ctx)
{
	switch (h->type) {
	case SNITCH_MSG_OWNER:
		hand_owner((const struct snitch_owner *)h, handler, ctx);
		break;
	case SNITCH_MSG_FLOW:
		HAND(flow, snitch_flow_event);
		break;
	case SNITCH_MSG_CANCEL:
		HAND(cancel, snitch_cancel);
		break;
	case SNITCH_MSG_LOST:
		HAND(lost, snitch_lost);
		break;
	case SNITCH_MSG_RESULT:
		HAND(result, snitch_result);
		break;
	case SNITCH_MSG_DECIDED:
		HAND(decided, snitch_decided);
		break;
	case SNITCH_MSG_ENDED:
		HAND(ended, snitch_ended);
		break;
	case SNITCH_MSG_DNS:
		HAND(dns, snitch_dns);
		break;
	case SNITCH_MSG_WELCOME:
		HAND(again, snitch_welcome);	/* a recording that went on */
		break;
	case SNITCH_MSG_DATA:
		HAND(data, snitch_data);
		break;
	}
}

int snitch_hand_on(struct snitch_device *dev, size_t len, const struct snitch_handler *handler,
		   void *ctx)
{
	const struct snitch_hdr *h;
	unsigned int count;
	size_t off = 0;

	if (snitch_proto_check_read(dev->in, len, &count))
		return -EPROTO;
	while ((h = snitch_proto_next(dev->in, len, &off))) {
		if (h->type != SNITCH_MSG_WELCOME || dev->replay)
			hand_one(h, handler, ctx);
	}
	return count;
}

int snitch_device_read(struct snitch_device *dev, const struct snitch_handler *handler, void *ctx)
{
	int count = 0, n, round;
	ssize_t len;

	if (dev->replay)
		return snitch_replay_next(dev, handler, ctx);
	for (round = 0; round < SNITCH_READ_ROUNDS; round++) {
		len = dev->in_len ? (ssize_t)dev->in_len : device_read(dev);
		dev->in_len = 0;
		if (len == -EAGAIN || len == -EWOULDBLOCK)
			return count;
		if (len < 0)
			return count ? count : (int)len;
		n = snitch_hand_on(dev, len, handler, ctx);
		if (n < 0)
			return n;
		count += n;
	}
	return count;
}

/* ---- the executable of an owner ---- */

int snitch_device_owner_fd(struct snitch_device *dev, uint64_t owner, int *exe_fd, int *pidfd)
{
	struct snitch_owner_fd first = { .id = owner }, again = { .id = owner };

	if (dev->replay || dev->socket)
		return -EOPNOTSUPP;
	if (ioctl(dev->fd, SNITCH_IOC_OWNER_FD, &first))
		return -errno;
	*exe_fd = first.exe_fd;
	if (!pidfd)
		return 0;
	*pidfd = -1;
	if (!first.pid)
		return 0;
	*pidfd = syscall(SYS_pidfd_open, first.pid, 0);
	if (*pidfd < 0)
		return 0;
	/* The same number still: then the descriptor is this process's. */
	if (!ioctl(dev->fd, SNITCH_IOC_OWNER_FD, &again)) {
		close(again.exe_fd);
		if (again.pid == first.pid)
			return 0;
	}
	close(*pidfd);
	*pidfd = -1;
	return 0;
}
