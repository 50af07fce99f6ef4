/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of /dev/snitch messages: checks, walks and packs them. Compiles
 * into the kernel and into user space, so it must never touch anything but
 * the bytes it is given. No locks, no allocation; callable in any context.
 *
 * Every buffer is 8 byte aligned. Peers speak the minor version that HELLO
 * and WELCOME agreed on, so sizes are exact: nothing has an unknown tail.
 */
#ifndef _SNITCH_PROTO_H
#define _SNITCH_PROTO_H

#ifdef __KERNEL__
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>

#include <linux/snitch.h>
#else
#include "shim.h"
#endif

/**
 * snitch_proto_check_hello() - check the first write to the device
 * @buf: the bytes written
 * @len: how many
 *
 * Wanted features that are not known here are no error; they are not granted.
 *
 * Return: 0; -EPROTONOSUPPORT for another major version; -EPROTO for another
 * message than HELLO; -EINVAL for anything else.
 */
int snitch_proto_check_hello(const void *buf, size_t len);

/**
 * snitch_proto_check_batch() - check a whole write of user space's messages
 * @buf: the bytes written
 * @len: how many
 * @count: on success the number of messages, at least 1
 *
 * Return: 0; -E2BIG over SNITCH_WRITE_MAX; -EPROTO for a well-formed HELLO as
 * the first message; -EINVAL for anything else.
 */
int snitch_proto_check_batch(const void *buf, size_t len, unsigned int *count);

/**
 * snitch_proto_next() - the next message of a checked batch or read
 * @buf: what snitch_proto_check_batch() or snitch_proto_check_read() accepted
 * @len: its length
 * @off: 0 before the first call; advanced
 *
 * Return: the message, or NULL at the end.
 */
const struct snitch_hdr *snitch_proto_next(const void *buf, size_t len, size_t *off);

/**
 * snitch_proto_hdr() - fill a header
 * @h: the header
 * @type: enum snitch_msg_type
 * @size: bytes of the whole message, a multiple of 8
 * @id: of the flow or owner spoken of, or 0
 */
void snitch_proto_hdr(struct snitch_hdr *h, u16 type, u32 size, u64 id);

/**
 * snitch_proto_owner_size() - bytes of an OWNER message
 * @exe_len: bytes of path, without a final NUL, at most SNITCH_PATH_MAX
 * @cmd_len: bytes of command line, at most SNITCH_CMDLINE_MAX
 * @cgroup_len: bytes of cgroup path, at most SNITCH_CGROUP_MAX
 * @script_len: bytes of script path, at most SNITCH_PATH_MAX
 *
 * Return: a multiple of 8 up to SNITCH_READ_MIN, or 0 when a length is over
 * its maximum or all together do not fit: leave out the script and ask again.
 */
size_t snitch_proto_owner_size(size_t exe_len, size_t cmd_len, size_t cgroup_len,
			       size_t script_len);

/**
 * snitch_proto_pack_owner() - write a whole OWNER message
 * @dst: room for snitch_proto_owner_size() bytes, which was not 0
 * @fixed: hdr.id and everything else but sizes, lengths and padding; may be @dst
 * @exe: path; these strings may be NULL when their length is 0
 * @exe_len: its bytes
 * @cmd: command line
 * @cmd_len: its bytes
 * @cgroup: cgroup path
 * @cgroup_len: its bytes
 * @script: script path
 * @script_len: its bytes
 */
void snitch_proto_pack_owner(struct snitch_owner *dst, const struct snitch_owner *fixed,
			     const char *exe, size_t exe_len, const char *cmd, size_t cmd_len,
			     const char *cgroup, size_t cgroup_len,
			     const char *script, size_t script_len);

/** snitch_proto_dns_size() - bytes of a DNS message; @len: of what was copied, at most
 * SNITCH_DNS_MAX
 */
size_t snitch_proto_dns_size(size_t len);

/** snitch_proto_data_size() - bytes of a DATA message; @len: of what was copied, at most
 * SNITCH_DATA_MAX
 */
size_t snitch_proto_data_size(size_t len);

/**
 * snitch_proto_check_event() - check one message of the kernel
 * @buf: the message
 * @len: its bytes
 *
 * Flag bits that are not known here are let pass: they only inform.
 *
 * Return: 0 or -EINVAL.
 */
int snitch_proto_check_event(const void *buf, size_t len);

/**
 * snitch_proto_check_read() - check everything that one read returned
 * @buf: the bytes
 * @len: how many
 * @count: on success the number of messages, at least 1
 *
 * Return: 0 or -EINVAL.
 */
int snitch_proto_check_read(const void *buf, size_t len, unsigned int *count);

#endif /* _SNITCH_PROTO_H */
