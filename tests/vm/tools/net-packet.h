/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that are made by hand, for packet sockets and AF_XDP. */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include "netprog.h"

/* What is sent: @head bytes of Ethernet header, or none, then the datagram. */
struct frame {
	unsigned char data[1500];
	size_t head, len;
	uint16_t type;		/* in the header */
	uint16_t claim;		/* what the socket is told */
	const char *from;	/* source address; NULL: the lab's client */
	int ifindex;
};

/* checksum() - the internet's, of an even number of bytes */
uint16_t checksum(const void *data, size_t len);
/* make_frame() - a UDP datagram with @text to @to; @f->head, type and from are set */
void make_frame(struct frame *f, const union address *to, uint16_t port, const char *text);

#endif
