/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What load and feed, the two ends of a measured transfer, say to each other. */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>

#define LOAD_MAGIC	0x64616f6c68637473ULL
#define LOAD_CHUNK	65536

/**
 * struct load_order - begins a connection, or is a datagram of its own
 * @up: bytes that follow
 * @down: bytes wanted
 * @size: of the datagrams wanted
 * @rate: of them, bytes a second; 0: as fast as it goes
 */
struct load_order {
	uint64_t magic;
	uint64_t up;
	uint64_t down;
	uint64_t size;
	uint64_t rate;
};

/* pace() - sleeps until @done bytes are due that began at @start (now_us()). */
void pace(uint64_t start, uint64_t done, uint64_t rate);

#endif
