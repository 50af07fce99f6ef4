// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recordings of the stream: a bug report is a file. Must never disturb the
 * device that is recorded, nor believe a recording more than a kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "../../kmod/proto.h"
#include "device.h"

static int put(struct snitch_device *dev, const void *buf, size_t len)
{
	errno = 0;
	if (fwrite(buf, 1, len, dev->record) == len)
		return 0;
	dev->record_error = errno ? -errno : -EIO;
	return dev->record_error;
}

void snitch_record_put(struct snitch_device *dev, enum snitch_record_dir dir, const void *buf,
		       size_t len)
{
	struct snitch_record_hdr h = { .len = len, .dir = dir, .when = snitch_boottime_ns() };

	if (!dev->record || dev->record_error)
		return;
	if (!put(dev, &h, sizeof(h)) && !put(dev, buf, len) && fflush(dev->record))
		dev->record_error = -errno;
}

static int begin(struct snitch_device *dev, FILE *file, bool fresh)
{
	dev->record = file;
	dev->record_error = 0;
	if (!file)
		return 0;
	if (!fresh || !put(dev, SNITCH_RECORD_MAGIC, strlen(SNITCH_RECORD_MAGIC)))
		snitch_record_put(dev, SNITCH_FROM_KERNEL, &dev->welcome, sizeof(dev->welcome));
	/* what the same read brought behind WELCOME is not handed on yet: it belongs to the stream */
	if (dev->in_len)
		snitch_record_put(dev, SNITCH_FROM_KERNEL, dev->in, dev->in_len);
	if (dev->record_error)
		dev->record = NULL;
	return dev->record_error ? -EIO : 0;
}

int snitch_device_record(struct snitch_device *dev, FILE *file)
{
	return begin(dev, file, true);
}

int snitch_device_record_on(struct snitch_device *dev, FILE *file)
{
	return begin(dev, file, false);
}

int snitch_device_record_error(const struct snitch_device *dev)
{
	return dev->record_error;
}

/* The next piece into dev->in. 1, 0 at the end, or -EBADMSG. */
static int get(struct snitch_device *dev, struct snitch_record_hdr *h)
{
	size_t n = fread(h, 1, sizeof(*h), dev->replay);

	if (!n && feof(dev->replay))
		return 0;
	if (n != sizeof(*h) || h->dir > SNITCH_TO_KERNEL || h->len < sizeof(struct snitch_hdr) ||
	    h->len > sizeof(dev->in) || fread(dev->in, 1, h->len, dev->replay) != h->len)
		return -EBADMSG;
	return 1;
}

static int hand_sent(struct snitch_device *dev, size_t len, const struct snitch_handler *handler,
		     void *ctx)
{
	const struct snitch_hdr *msg;
	unsigned int count;
	size_t off = 0;

	if (snitch_proto_check_batch(dev->in, len, &count))
		return -EPROTO;
	while (handler->sent && (msg = snitch_proto_next(dev->in, len, &off)))
		handler->sent(ctx, msg);
	return 0;
}

int snitch_replay_next(struct snitch_device *dev, const struct snitch_handler *handler, void *ctx)
{
	struct snitch_record_hdr h;
	int n;

	for (;;) {
		n = get(dev, &h);
		if (!n)
			return -ESHUTDOWN;
		if (n < 0)
			return -EPROTO;
		if (h.dir == SNITCH_FROM_KERNEL)
			break;
		n = hand_sent(dev, h.len, handler, ctx);
		if (n < 0)
			return n;
	}
	snitch_record_put(dev, SNITCH_FROM_KERNEL, dev->in, h.len);
	return snitch_hand_on(dev, h.len, handler, ctx);
}

static int replay_begin(struct snitch_device *dev)
{
	char magic[sizeof(SNITCH_RECORD_MAGIC) - 1];
	struct snitch_record_hdr h;
	unsigned int count;

	if (fread(magic, 1, sizeof(magic), dev->replay) != sizeof(magic) ||
	    memcmp(magic, SNITCH_RECORD_MAGIC, sizeof(magic)) || get(dev, &h) != 1 ||
	    h.dir != SNITCH_FROM_KERNEL || h.len != sizeof(dev->welcome) ||
	    snitch_proto_check_read(dev->in, h.len, &count) ||
	    ((struct snitch_hdr *)dev->in)->type != SNITCH_MSG_WELCOME)
		return -EBADMSG;
	memcpy(&dev->welcome, dev->in, sizeof(dev->welcome));
	return 0;
}

int snitch_replay_open(const char *path, struct snitch_device **out,
		       struct snitch_welcome *welcome)
{
	struct snitch_device *dev = calloc(1, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dev->fd < 0) {
		err = -errno;
		free(dev);
		return err;
	}
	dev->replay = fopen(path, "re");
	err = dev->replay ? replay_begin(dev) : -errno;
	if (err) {
		snitch_device_close(dev);
		return err;
	}
	if (welcome)
		*welcome = dev->welcome;
	*out = dev;
	return 0;
}
