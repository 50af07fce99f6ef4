/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The insides of struct snitch_device, shared by device.c, queue.c and record.c only. */
#ifndef LIBSNITCH_DEVICE_H
#define LIBSNITCH_DEVICE_H

#include "snitch.h"

/**
 * struct snitch_device - an open device, or a recording
 * @fd: in a replay an eventfd that is always readable
 * @socket: a fake device: one message batch is one packet
 * @replay: the recording that is read
 * @record: where to record, not owned
 * @out: queued messages, @out_len of @out_size bytes
 * @in: what one read returned; @in_len bytes of it came with WELCOME and are not handed on yet
 */
struct snitch_device {
	int fd;
	bool socket;
	FILE *replay;
	FILE *record;
	int record_error;
	struct snitch_welcome welcome;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
	size_t out_size;
	_Alignas(8) unsigned char in[65536];
};

enum snitch_record_dir { SNITCH_FROM_KERNEL, SNITCH_TO_KERNEL };

/* A recording: SNITCH_RECORD_MAGIC, then this and @len bytes of messages, again and again. */
#define SNITCH_RECORD_MAGIC "SNITCHR1"

struct snitch_record_hdr {
	uint32_t len;
	uint32_t dir;	/* enum snitch_record_dir */
	uint64_t when;	/* CLOCK_BOOTTIME ns */
};

/* Checks @len bytes in dev->in and hands them on; the count, or -EPROTO. */
int snitch_hand_on(struct snitch_device *dev, size_t len, const struct snitch_handler *handler,
		   void *ctx);
ssize_t snitch_device_write(struct snitch_device *dev, const void *buf, size_t len);
/* The next recorded piece: events handed on, -ESHUTDOWN at the end, -EPROTO if broken. */
int snitch_replay_next(struct snitch_device *dev, const struct snitch_handler *handler, void *ctx);
void snitch_record_put(struct snitch_device *dev, enum snitch_record_dir dir, const void *buf,
		       size_t len);

#endif
