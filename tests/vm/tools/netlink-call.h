/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink by hand, so that a test can send what no library would.
 * Must never print or decide: errors go back to the caller.
 */
#ifndef NETLINK_CALL_H
#define NETLINK_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>
#include <linux/snitch.h>

struct nl {
	int fd;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
	uint32_t flags;		/* or-ed: of all messages of the last answer */
	size_t len;
	char buf[65536];
	char why[200];		/* extended error text of the last answer */
	uint64_t generation;	/* out of the last answer */
	uint32_t unbound;
	struct snitch_status status;
	size_t status_len;
	unsigned int n_rules;	/* seen in the last answer */
	unsigned int disorder;	/* of them not in order of their ids */
	uint64_t last_id;
};

typedef void (*nl_attr_fn)(struct nl *nl, uint16_t type, const void *data, size_t len);

/* nl_open() - a socket of its own, the family and its group found; 0 or -errno. */
int nl_open(struct nl *nl);
void nl_begin(struct nl *nl, uint8_t cmd, uint16_t flags);
/* nl_put() - appends an attribute that fits; returns its offset, for nl_nest_end(). */
size_t nl_put(struct nl *nl, uint16_t type, const void *data, size_t len);
/* nl_nest_end() - @flag: NLA_F_NESTED, or 0 to forget it. */
void nl_nest_end(struct nl *nl, size_t start, uint16_t flag);
/* nl_send() - 0 or -errno; forgets the last answer. */
int nl_send(struct nl *nl);
/* nl_answer() - one datagram of the answer; 1: more to come; 0 or -errno: done. */
int nl_answer(struct nl *nl, nl_attr_fn fn);
/* nl_take() - for nl_answer(): keeps what struct nl has a place for. */
void nl_take(struct nl *nl, uint16_t type, const void *data, size_t len);
/* nl_call() - sends and reads the whole answer, nl_take() keeps it; 0 or -errno. */
int nl_call(struct nl *nl);
/* nl_call_each() - the same, with @fn for each attribute. */
int nl_call_each(struct nl *nl, nl_attr_fn fn);
int nl_simple(struct nl *nl, uint8_t cmd);
int nl_with(struct nl *nl, uint8_t cmd, uint16_t type, const void *data, size_t len);

#endif
