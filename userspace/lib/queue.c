// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of messages to the kernel: bounded, sent as whole batches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/proto.h"
#include "device.h"

static int make_room(struct snitch_device *dev, size_t len)
{
	size_t size = dev->out_size ? dev->out_size : 4096;
	unsigned char *out;
	int err;

	if (dev->out_len + len > SNITCH_WRITE_MAX) {
		err = snitch_device_flush(dev);
		if (err)
			return err;
	}
	while (size < dev->out_len + len)
		size *= 2;
	if (size == dev->out_size)
		return 0;
	out = realloc(dev->out, size);
	if (!out)
		return -ENOMEM;
	dev->out = out;
	dev->out_size = size;
	return 0;
}

static int enqueue(struct snitch_device *dev, const void *msg, size_t len, uint16_t type)
{
	struct snitch_hdr *h;
	int err;

	if (dev->fd < 0)
		return -EROFS;
	err = make_room(dev, len);
	if (err)
		return err;
	h = (struct snitch_hdr *)(dev->out + dev->out_len);
	memcpy(h, msg, len);
	snitch_proto_hdr(h, type, len, h->id);
	dev->out_len += len;
	return 0;
}

int snitch_device_verdict(struct snitch_device *dev, const struct snitch_verdict *verdict)
{
	return enqueue(dev, verdict, sizeof(*verdict), SNITCH_MSG_VERDICT);
}

int snitch_device_bind(struct snitch_device *dev, const struct snitch_bind *bind)
{
	return enqueue(dev, bind, sizeof(*bind), SNITCH_MSG_BIND);
}

int snitch_device_cache(struct snitch_device *dev, const struct snitch_cache *cache)
{
	return enqueue(dev, cache, sizeof(*cache), SNITCH_MSG_CACHE);
}

int snitch_device_get_owner(struct snitch_device *dev, uint64_t owner)
{
	struct snitch_hdr h = { .id = owner };

	return enqueue(dev, &h, sizeof(h), SNITCH_MSG_GET_OWNER);
}

int snitch_device_flush(struct snitch_device *dev)
{
	ssize_t n;

	if (!dev->out_len)
		return 0;
	n = snitch_device_write(dev, dev->out, dev->out_len);
	/* No room for results yet: they are read first, then it goes. */
	if (n == -ENOBUFS || n == -EWOULDBLOCK)
		return -EAGAIN;
	if (n == -EAGAIN)
		return n;
	dev->out_len = 0;
	return n < 0 ? n : 0;
}
