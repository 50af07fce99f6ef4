/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The wire between snitch.ko and user space: /dev/snitch messages and the
 * generic netlink family "snitch". The same layout on 32 and 64 bit: fixed
 * sizes, explicit padding, no pointers, every message a multiple of 8 bytes.
 *
 * /dev/snitch
 *   open(2) needs CAP_NET_ADMIN in the initial user namespace. The first
 *   write(2) is exactly one HELLO; the kernel answers with WELCOME. Then
 *   read(2) returns as many whole messages as fit (EINVAL when not even one
 *   fits: use a buffer of SNITCH_READ_MIN), poll(2) tells when, and write(2)
 *   takes a batch of whole messages, checked whole before anything is done
 *   (EINVAL: nothing was done). Ids are never reused.
 *
 * Errors of write(2): EPROTO (no HELLO yet, or a second one), EINVAL (a
 * malformed batch), E2BIG (over SNITCH_WRITE_MAX), EBUSY (HELLO as decider
 * while there is one, without TAKEOVER), EPERM (an observer, or a decider
 * that was replaced, sent a verdict), ENOBUFS (no room for the results).
 */
#ifndef _UAPI_LINUX_SNITCH_H
#define _UAPI_LINUX_SNITCH_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define SNITCH_ABI_MAJOR	1	/* differs: refused with EPROTONOSUPPORT */
#define SNITCH_ABI_MINOR	2	/* grows with each addition */

#define SNITCH_MSG_VERSION	1
#define SNITCH_READ_MIN		8192	/* no message is larger */
#define SNITCH_WRITE_MAX	65536	/* bytes of one write(2) */
#define SNITCH_COMM_LEN		16
#define SNITCH_PATH_MAX		4096	/* bytes, without a final NUL */
#define SNITCH_CMDLINE_MAX	256
#define SNITCH_CGROUP_MAX	1024
#define SNITCH_DNS_MAX		4096	/* bytes of a copied DNS message */
#define SNITCH_DATA_MAX		8160	/* bytes of a flow's first data that are copied */
#define SNITCH_DATA_PACKETS	4	/* in so many packets, or fewer */
#define SNITCH_UID_ANY		((__u32)-1)

/* Every message begins so. @size counts the whole message. */
struct snitch_hdr {
	__u32 size;
	__u16 version;		/* SNITCH_MSG_VERSION */
	__u16 type;		/* enum snitch_msg_type */
	__u64 id;		/* of the flow or owner spoken of, else 0 */
};

enum snitch_msg_type {
	/* user space to kernel */
	SNITCH_MSG_HELLO	= 1,
	SNITCH_MSG_VERDICT	= 2,
	SNITCH_MSG_BIND		= 3,
	SNITCH_MSG_GET_OWNER	= 4,	/* a bare header: send OWNER @id again */
	SNITCH_MSG_CACHE	= 5,
	/* kernel to user space */
	SNITCH_MSG_WELCOME	= 64,
	SNITCH_MSG_OWNER	= 65,
	SNITCH_MSG_FLOW		= 66,
	SNITCH_MSG_CANCEL	= 67,
	SNITCH_MSG_LOST		= 68,
	SNITCH_MSG_RESULT	= 69,
	SNITCH_MSG_DECIDED	= 70,	/* observers only */
	SNITCH_MSG_ENDED	= 71,	/* observers only */
	SNITCH_MSG_DNS		= 72,	/* deciders with SNITCH_FEATURE_DNS only */
	SNITCH_MSG_DATA		= 73,	/* deciders with SNITCH_FEATURE_DATA only */
};

/* ---- user space to kernel ---------------------------------------------- */

enum snitch_role { SNITCH_ROLE_DECIDER = 1, SNITCH_ROLE_OBSERVER = 2 };

#define SNITCH_HELLO_TAKEOVER	(1U << 0)	/* replace a present decider */

#define SNITCH_FEATURE_DNS	(1ULL << 0)	/* deciders: copies of DNS messages */
#define SNITCH_FEATURE_DATA	(1ULL << 1)	/* deciders: SNITCH_V_DATA, copies of first data */

struct snitch_hello {
	struct snitch_hdr hdr;
	__u16 abi_major;
	__u16 abi_minor;
	__u32 role;		/* enum snitch_role */
	__u32 flags;		/* SNITCH_HELLO_* */
	__u32 pad;
	__u64 features;		/* wanted: SNITCH_FEATURE_* */
};

enum snitch_action {
	SNITCH_ALLOW	= 1,
	SNITCH_DENY	= 2,	/* the program is told */
	SNITCH_DROP	= 3,	/* it is not */
	SNITCH_ASK	= 4,	/* rules: the daemon asks. Verdicts: never */
	SNITCH_HOLD	= 5,	/* verdicts: a person is being asked. Rules: never */
};

enum snitch_origin {		/* why a verdict stands */
	SNITCH_BY_RULE		= 1,	/* origin_id: the rule's id */
	SNITCH_BY_PERSON	= 2,	/* an answer to a question */
	SNITCH_BY_MODE		= 3,	/* nothing matched: mode */
	SNITCH_BY_FAIL		= 4,	/* kernel: fail mode, bounds, time limits */
	SNITCH_BY_INBOUND	= 5,	/* kernel: accepted connection */
	SNITCH_BY_KERNEL	= 6,	/* kernel: its own unmatched traffic, and what it forwards
					 * where that is only told
					 */
	SNITCH_BY_OLDER		= 7,	/* kernel: connection older than the policy */
	SNITCH_BY_NAME		= 8,	/* a name rule; origin_id: the rule's id */
};

#define SNITCH_V_ACK	(1U << 0)	/* a RESULT also when it worked */
#define SNITCH_V_CACHE	(1U << 1)	/* remember for this image and destination
					 * until @until: new flows are judged so
					 */
#define SNITCH_V_DATA	(1U << 2)	/* ALLOW without V_CACHE: not more than it takes to
					 * see its first data, then another verdict. A flow
					 * of TCP goes on until it has some, and is told
					 * again then, as another FLOW with F_DATA. One
					 * whose parked packets have some, TCP or UDP,
					 * stays parked and is told again as it is, with
					 * F_DATA. Of no effect on others, or on a flow
					 * with F_DATA
					 */

struct snitch_verdict {		/* hdr.id: the flow */
	struct snitch_hdr hdr;
	__u32 action;		/* ALLOW, DENY, DROP or HOLD */
	__u32 flags;		/* SNITCH_V_* */
	__u32 origin;		/* RULE, PERSON, MODE or NAME */
	__u32 pad;
	__u64 origin_id;
	__u64 until;		/* CLOCK_BOOTTIME ns for V_CACHE; 0: none */
};

/* The executable of owner hdr.id has no rules of its own under generation
 * @generation: any-program rules may judge it. Or (@app != 0) it is to be
 * judged as app number @app of that generation. Ends with the generation.
 */
struct snitch_bind {
	struct snitch_hdr hdr;
	__u64 generation;
	__u32 app;		/* index of SNITCH_A_APP in the transaction, from 1; 0: none */
	__u32 pad;
};

/* Decision cache: what the daemon concluded for image hdr.id beforehand. */
struct snitch_cache {
	struct snitch_hdr hdr;	/* id: the owner */
	__u32 action;		/* ALLOW, DENY, DROP */
	__u32 origin;
	__u64 origin_id;
	__u64 until;		/* CLOCK_BOOTTIME ns */
	__u8  family;		/* AF_INET, AF_INET6 */
	__u8  proto;		/* IP protocol */
	__u16 port;		/* host order; 0 for protocols without ports */
	__u32 netns;		/* inode number; 0: any */
	__u8  addr[16];		/* v4 in the first four bytes, network order */
	__u32 uid;		/* effective, of the sender; SNITCH_UID_ANY */
	__u32 pad;
};

/* ---- kernel to user space ---------------------------------------------- */

struct snitch_welcome {
	struct snitch_hdr hdr;
	__u16 abi_major;
	__u16 abi_minor;
	__u32 role;
	__u64 features;		/* granted */
	__u64 generation;	/* of the policy in force; 0: none yet */
	__u64 instance;		/* random, one a module load */
	__u32 max_flows;	/* bounds in force */
	__u32 max_flows_image;
	__u32 max_flows_uid;
	__u32 consult_ms;
	__u32 hold_tcp_ms;
	__u32 hold_ms;
	__u32 hold_dns_ms;
	__u32 grace_ms;
};

#define SNITCH_O_DELETED	(1U << 0)	/* the executable has left its path, which is told
						 * as it was
						 */
#define SNITCH_O_MEMFD		(1U << 1)	/* no file system name at all */
#define SNITCH_O_DISGUISED	(1U << 2)	/* mm->exe_file is not what was executed, or
						 * nobody saw what was: no allow rule may
						 * match
						 */
#define SNITCH_O_INCOMPLETE	(1U << 3)	/* ancestry not from exec time */
#define SNITCH_O_FORKED		(1U << 4)	/* image came by fork, not exec */
#define SNITCH_O_SCANNED	(1U << 5)	/* running before the module, or found by
						 * the worker: exec was not seen
						 */
#define SNITCH_O_EXITED		(1U << 6)	/* gone by now */
#define SNITCH_O_KERNEL		(1U << 7)	/* the kernel: see @kernel */
#define SNITCH_O_UNKNOWN	(1U << 8)	/* nobody holds the socket any more */
#define SNITCH_O_SCRIPT		(1U << 10)	/* a script's interpreter, or its fork */
#define SNITCH_O_NO_PATH	(1U << 11)	/* the path was longer than PATH_MAX */
#define SNITCH_O_SERVED		(1U << 12)	/* on FUSE: what its file is, a program says, each
						 * time as it likes
						 */

enum snitch_kernel {		/* named users of the network in the kernel */
	SNITCH_K_NONE = 0,
	SNITCH_K_ICMP_ERROR,	/* ICMP and ICMPv6 errors */
	SNITCH_K_ICMP_REPLY,	/* echo and timestamp replies */
	SNITCH_K_ND,		/* neighbour and router discovery */
	SNITCH_K_IGMP,
	SNITCH_K_MLD,
	SNITCH_K_TCP,		/* resets and acks without a socket */
	SNITCH_K_WIREGUARD,
	SNITCH_K_NFS,		/* sunrpc */
	SNITCH_K_VXLAN,
	SNITCH_K_OTHER,
	SNITCH_K_RELAYED,	/* users' data, sent for them by rxrpc, rds or tipc: without
				 * a rule refused whatever struct snitch_policy says
				 */
	SNITCH_K_FORWARDED,	/* packets that come in here and go on elsewhere, sent by no socket
				 * that is judged: virtual machines, bridges, tun. See enum
				 * snitch_forward
				 */
	__SNITCH_K_MAX
};

/* After the struct: exe_len bytes of path, cmd_len of command line (NULs
 * between arguments), cgroup_len of cgroup path, script_len of script path;
 * not NUL ended; then zeroes up to a multiple of 8.
 */
struct snitch_owner {		/* hdr.id: the owner */
	struct snitch_hdr hdr;
	__u64 parent;		/* owner id at exec time, sent before; 0: none known */
	__u64 start;		/* CLOCK_BOOTTIME ns of the process's start */
	__u64 exec_id;
	__u64 cgroup;		/* cgroup v2 id */
	__u64 exe_ino;
	__s64 exe_ctime;	/* seconds */
	__u64 exe_size;		/* bytes */
	__u32 exe_ctime_nsec;
	__u32 exe_dev;		/* new_encode_dev() of the real inode's device */
	__u32 exe_gen;
	__u32 exe_uid;		/* owner and mode of the real inode */
	__u32 exe_mode;
	__u32 pid;		/* in the initial pid namespace */
	__u32 ppid;
	__u32 ns_pid;		/* in its own pid namespace */
	__u32 uid;		/* in the initial user namespace; (__u32)-1: none */
	__u32 euid;
	__u32 gid;
	__u32 loginuid;
	__u32 session;		/* audit session */
	__u32 pidns;		/* inode numbers of namespaces */
	__u32 mntns;
	__u32 userns;
	__u32 userns_owner;	/* uid that owns the user namespace */
	__u32 flags;		/* SNITCH_O_* */
	__u32 kernel;		/* enum snitch_kernel */
	__u16 exe_len;
	__u16 cmd_len;
	__u16 cgroup_len;
	__u16 script_len;
	__u32 pad;
	char  comm[SNITCH_COMM_LEN];	/* for display; not a name anyone vouches for */
};

#define SNITCH_F_REDELIVERED	(1U << 0)	/* an earlier decider saw it */
#define SNITCH_F_HELD		(1U << 1)	/* and answered HOLD */
#define SNITCH_F_ADOPTED	(1U << 2)	/* first packet came out of another
						 * context; owner found by the worker
						 */
#define SNITCH_F_UNBOUND	(1U << 3)	/* consulted for want of a binding */
#define SNITCH_F_FOREIGN_DATA	(1U << 4)	/* an open socket, another executable */
#define SNITCH_F_UNPARSED	(1U << 5)	/* headers could not be read */
#define SNITCH_F_SHARED		(1U << 6)	/* several executables hold the socket */
#define SNITCH_F_DATA		(1U << 7)	/* its first data wait: DATA follows */
#define SNITCH_F_PASSED		(1U << 8)	/* observers, id 0: another's open connection came
						 * into the owner's hands, and no rule of its own
						 * allows it; DECIDED says what stands, 0 packets
						 */

struct snitch_flow_event {	/* hdr.id: the flow; 0 (observers): never parked */
	struct snitch_hdr hdr;
	__u64 owner;		/* sent before */
	__u64 cookie;		/* of the socket */
	__u64 when;		/* CLOCK_BOOTTIME ns of the first packet */
	__u64 generation;	/* of the policy that consulted; BIND names it */
	__u64 ask_rule;		/* id of the "ask" rule that matched, else 0 */
	__u64 cgroup;		/* of the sender */
	__u32 netns;		/* inode number */
	__u32 ifindex;		/* route's device, in that namespace; what is forwarded: by which
				 * it came in; 0: none, or unknown
				 */
	__u32 uid;		/* effective uid of the sender */
	__u32 flags;		/* SNITCH_F_* */
	__u32 bytes;		/* of the first packet, IP header included */
	__u8  family;		/* AF_INET, AF_INET6; AF_PACKET: a packet socket's frame */
	__u8  proto;		/* IP protocol; AF_PACKET: 0 */
	__u8  icmp_type;
	__u8  icmp_code;
	__u16 sport;		/* host order; 0 where there are none */
	__u16 dport;		/* AF_PACKET: the frame's ethertype; 0: unknown */
	__u32 pad;
	__u8  saddr[16];	/* v4 in the first four bytes, network order */
	__u8  daddr[16];	/* AF_PACKET: index of the device, then inode number of its
				 * network namespace, 4 bytes each, network order
				 */
};

enum snitch_cancel_why {
	SNITCH_CANCEL_CLOSED	= 1,	/* the socket stopped waiting */
	SNITCH_CANCEL_MOVED	= 2,	/* it connects elsewhere, or closed as it was allowed */
	SNITCH_CANCEL_TIMEOUT	= 3,	/* held too long: refused */
	SNITCH_CANCEL_CONSULT	= 4,	/* not answered in time: fail mode */
	SNITCH_CANCEL_NETNS	= 5,	/* its network namespace is gone */
	SNITCH_CANCEL_ROUTE	= 6,	/* allowed, but no valid route any more */
	SNITCH_CANCEL_POLICY	= 7,	/* a new policy decided it */
	SNITCH_CANCEL_UNHELD	= 8,	/* a packet socket's frame: it cannot wait, so the mode
					 * decided; a rule can do better next time
					 */
};

struct snitch_cancel {		/* hdr.id: the flow */
	struct snitch_hdr hdr;
	__u32 why;		/* enum snitch_cancel_why */
	__u32 action;		/* what became of it: ALLOW, DENY or DROP */
	__u32 packets;		/* that were parked */
	__u32 bytes;
};

struct snitch_lost {		/* since the last LOST */
	struct snitch_hdr hdr;
	__u64 owners;
	__u64 dns;
	__u64 events;		/* observers: DECIDED, FLOW, CANCEL and ENDED */
};

struct snitch_result {		/* hdr.id: the flow or owner named */
	struct snitch_hdr hdr;
	__s32 error;		/* 0, or -ENOENT (no such id any more), -ESTALE
				 * (generation), -ENOSPC (cache or bindings full)
				 */
	__u16 type;		/* of the message answered */
	__u16 pad;
};

struct snitch_decided {		/* hdr.id: the flow; to observers */
	struct snitch_hdr hdr;
	__u64 owner;
	__u64 origin_id;
	__u32 action;
	__u32 origin;		/* enum snitch_origin */
	__u32 packets;		/* that were parked */
	__u32 pad;
};

/* To observers: what went on a flow, since it began or since it was last told. A TCP flow is
 * told when its socket is destroyed, others when their program has exited, both also when
 * another entry takes the place of theirs; so the sum over all of a cookie's is what went.
 * @bytes are those of the IP layer as the packets left the socket, which is before a device cuts
 * large ones into segments. @rx_bytes: TCP: payload that arrived in order, of the whole socket,
 * told with its newest flow. Other protocols: those of the IP layer, as packets for this host came
 * from where the flow's go to, while its program runs, but not ICMP's errors; counted only while
 * somebody observes; 0 for AF_PACKET.
 */
struct snitch_ended {		/* hdr.id: 0 */
	struct snitch_hdr hdr;
	__u64 owner;		/* 0: nobody has spoken on it */
	__u64 cookie;
	__u64 packets;
	__u64 bytes;
	__u64 rx_packets;
	__u64 rx_bytes;
	__u32 netns;
	__u32 uid;
	__u8  family;
	__u8  proto;
	__u16 sport;
	__u16 dport;
	__u16 pad;
	__u8  saddr[16];
	__u8  daddr[16];
};

#define SNITCH_D_ANSWER		(1U << 0)	/* came in; else a question on its way out */
#define SNITCH_D_GROUP		(1U << 1)	/* with ANSWER: came to multicast DNS's group */

/* A copy of a DNS message to or from port 53, before the flows that follow from it. A question is
 * told as the program sends it, whatever becomes of it; an answer only to a question that was
 * told, from whom it was put to, with its id, at most 4 times. Nothing else in it has been looked
 * at. After the struct: @len bytes, then zeroes up to a multiple of 8.
 *
 * Over TCP it is a piece of what goes that way: bytes from @offset on, counted from the start of
 * the connection. Each way is told without a gap from its start on and, once something is missing,
 * no more; @offset 0 begins another connection.
 *
 * With SNITCH_D_GROUP it is what somebody said to all on the link, to port 5353, where this
 * machine listens: nobody in particular asked, the owner is the kernel. At most 64 a second are
 * told.
 */
struct snitch_dns {		/* hdr.id: the owner that asked, sent before */
	struct snitch_hdr hdr;
	__u64 when;		/* CLOCK_BOOTTIME ns */
	__u32 netns;		/* inode number */
	__u32 uid;		/* effective uid of who asked */
	__u32 flags;		/* SNITCH_D_* */
	__u16 len;		/* at most SNITCH_DNS_MAX */
	__u8  family;		/* AF_INET, AF_INET6 */
	__u8  proto;		/* IP protocol */
	__u16 own_port;		/* host order */
	__u16 server_port;
	__u32 offset;		/* TCP; else 0 */
	__u8  own[16];		/* v4 in the first four bytes, network order */
	__u8  server[16];
};

#define SNITCH_DATA_LAST	(1U << 0)	/* no more of it comes: judge now */

/* What a packet of a parked flow with F_DATA carries behind its TCP or UDP header, in the order
 * that they were sent, TCP without gaps. Comes after FLOW, for each packet that is parked. LAST is
 * set where SNITCH_DATA_MAX or SNITCH_DATA_PACKETS is reached, or, without bytes, when consult_ms
 * has passed since FLOW; from there on there is consult_ms for a verdict once more. A flow that is
 * told again (F_REDELIVERED) begins with the first packet. After the struct: @len bytes, which
 * nobody has looked at, then zeroes up to a multiple of 8.
 */
struct snitch_data {		/* hdr.id: the flow */
	struct snitch_hdr hdr;
	__u32 flags;		/* SNITCH_DATA_* */
	__u16 index;		/* of the packet, from 0 */
	__u16 len;
};

/* ---- ioctl --------------------------------------------------------------- */

/* OWNER_FD: an O_RDONLY descriptor of the owner's executable, while the
 * kernel still holds it (at least 5 s after OWNER was sent, or as long as
 * the process runs). ENOENT: no such owner; ESTALE: no longer held; EPERM:
 * not the decider. @pid is its pid in the caller's namespace now, 0 when
 * it has exited: pidfd_open(2) it and call again; the same non-zero @pid
 * then means that the pidfd is the owner's.
 */
struct snitch_owner_fd {
	__u64 id;
	__s32 exe_fd;
	__u32 pid;
};

#define SNITCH_IOC_MAGIC	0xB7
#define SNITCH_IOC_OWNER_FD	_IOWR(SNITCH_IOC_MAGIC, 1, struct snitch_owner_fd)

#include "snitch_netlink.h"

#endif /* _UAPI_LINUX_SNITCH_H */
