// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue of messages to the kernel. It must never hold a message that the
 * kernel would refuse: one would spoil its whole batch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/proto.h"
#include "device.h"

static int make_room(struct snitch_device *dev, size_t len)
{
	size_t size = dev->out_size ? dev->out_size : 4096;
	unsigned char *out;

	if (dev->out_len + len > SNITCH_QUEUE_MAX)
		return -ENOBUFS;
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
	unsigned int count;
	int err;

	err = make_room(dev, len);
	if (err)
		return err;
	h = (struct snitch_hdr *)(dev->out + dev->out_len);
	memcpy(h, msg, len);
	snitch_proto_hdr(h, type, len, h->id);
	if (snitch_proto_check_batch(h, len, &count))
		return -EINVAL;
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

/* Bytes of whole messages from @from on that fit one write. */
static size_t batch_len(const struct snitch_device *dev, size_t from)
{
	const struct snitch_hdr *h;
	size_t end = from;

	while (end < dev->out_len) {
		h = (const struct snitch_hdr *)(dev->out + end);
		if (end + h->size - from > SNITCH_WRITE_MAX)
			break;
		end += h->size;
	}
	return end - from;
}

int snitch_device_flush(struct snitch_device *dev)
{
	size_t done = 0, len;
	ssize_t n = 0;

	for (; done < dev->out_len; done += len) {
		len = batch_len(dev, done);
		n = snitch_device_write(dev, dev->out + done, len);
		if (n < 0)
			break;
	}
	/* No room for results: they are read first, then the rest goes. */
	if (n == -EAGAIN || n == -ENOBUFS) {
		dev->out_len -= done;
		memmove(dev->out, dev->out + done, dev->out_len);
		return -EAGAIN;
	}
	dev->out_len = 0;
	return n < 0 ? (int)n : 0;
}
