/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Snitch's generic netlink family: policies, sets, limits, dumps and the monitor. Included by
 * linux/snitch.h, where the rest is.
 */
#ifndef _UAPI_LINUX_SNITCH_NETLINK_H
#define _UAPI_LINUX_SNITCH_NETLINK_H

#ifndef _UAPI_LINUX_SNITCH_H
#error include <linux/snitch.h>
#endif

/* ---- generic netlink ------------------------------------------------------ */

#define SNITCH_GENL_NAME	"snitch"
#define SNITCH_GENL_VERSION	1
#define SNITCH_GENL_MCGRP	"monitor"

/* All operations need CAP_NET_ADMIN. A transaction belongs to the
 * port that began it and ends with it; BEGIN while another is open: EBUSY.
 */
enum snitch_cmd {
	SNITCH_CMD_UNSPEC,
	SNITCH_CMD_GET_STATUS,	/* reply: SNITCH_A_STATUS */
	SNITCH_CMD_GET_FLOWS,	/* dump: SNITCH_A_FLOW each */
	SNITCH_CMD_GET_PARKED,	/* dump: SNITCH_A_PARKED each */
	SNITCH_CMD_GET_RULES,	/* dump: SNITCH_A_RULE each */
	SNITCH_CMD_BEGIN,	/* SNITCH_A_POLICY; reply: SNITCH_A_GENERATION to be */
	SNITCH_CMD_ADD_APPS,	/* nest SNITCH_A_APPS of SNITCH_A_APP: path strings, numbered
				 * from 1 in order of arrival over the whole transaction;
				 * a path that does not resolve stays without a binding
				 */
	SNITCH_CMD_ADD_RULES,	/* SNITCH_A_RULES: array of struct snitch_rule */
	SNITCH_CMD_COMMIT,	/* reply: SNITCH_A_GENERATION in force, SNITCH_A_UNBOUND */
	SNITCH_CMD_ABORT,
	SNITCH_CMD_SET_LIMITS,	/* SNITCH_A_LIMITS; zero members stay as they are */
	SNITCH_CMD_MONITOR,	/* multicast: SNITCH_A_DECIDED_EVENT */
	SNITCH_CMD_MONITOR_ENDED, /* multicast: SNITCH_A_ENDED_EVENT */
	SNITCH_CMD_GET_SETS,	/* dump: SNITCH_A_SET_INFO each */
	SNITCH_CMD_BEGIN_SETS,	/* instead of BEGIN: sets of the policy in force are changed, and
				 * nothing else; reply: SNITCH_A_SET_GENERATION to be
				 */
	SNITCH_CMD_ADD_SET,	/* SNITCH_A_SET: the next set of the transaction */
	SNITCH_CMD_ADD_RANGES,	/* SNITCH_A_RANGES4, SNITCH_A_RANGES6: of that set */
	SNITCH_CMD_DEL_RANGES,	/* the same, with SNITCH_SET_DELTA: no longer of it */
	SNITCH_CMD_CUT,		/* SNITCH_A_CUT, and SNITCH_A_APP for one program's alone: ends open
				 * TCP connections; reply: SNITCH_A_CUT_DONE
				 */
	__SNITCH_CMD_MAX
};

#define SNITCH_CMD_MAX (__SNITCH_CMD_MAX - 1)

enum snitch_attr {
	SNITCH_A_UNSPEC,
	SNITCH_A_STATUS,	/* struct snitch_status */
	SNITCH_A_FLOW,		/* struct snitch_flow_info */
	SNITCH_A_PARKED,	/* struct snitch_parked_info */
	SNITCH_A_RULE,		/* struct snitch_rule */
	SNITCH_A_HITS,		/* u64; with rules once they are counted */
	SNITCH_A_POLICY,	/* struct snitch_policy */
	SNITCH_A_APPS,		/* nest */
	SNITCH_A_APP,		/* NUL-ended absolute path */
	SNITCH_A_RULES,		/* array of struct snitch_rule */
	SNITCH_A_GENERATION,	/* u64 */
	SNITCH_A_UNBOUND,	/* u32: apps whose path did not resolve */
	SNITCH_A_LIMITS,	/* struct snitch_limits */
	SNITCH_A_DECIDED_EVENT,	/* struct snitch_monitor */
	SNITCH_A_PAD,
	SNITCH_A_ENDED_EVENT,	/* struct snitch_monitor_ended */
	SNITCH_A_SET,		/* struct snitch_set_head */
	SNITCH_A_RANGES4,	/* array of struct snitch_range4 */
	SNITCH_A_RANGES6,	/* array of struct snitch_range6 */
	SNITCH_A_SET_GENERATION, /* u64 */
	SNITCH_A_SET_INFO,	/* struct snitch_set_info */
	SNITCH_A_CUT,		/* struct snitch_cut */
	SNITCH_A_CUT_DONE,	/* struct snitch_cut_done */
	SNITCH_A_CUT_PEER,	/* struct snitch_cut_peer */
	__SNITCH_A_MAX
};

#define SNITCH_A_MAX (__SNITCH_A_MAX - 1)

enum snitch_mode {		/* what the daemon is in; the kernel only tells, but OFF */
	SNITCH_MODE_OFF		= 0,	/* nothing is judged */
	SNITCH_MODE_OBSERVE	= 1,
	SNITCH_MODE_ASK		= 2,
	SNITCH_MODE_QUIET	= 3,
	SNITCH_MODE_LOCKDOWN	= 4,
};

enum snitch_forward {		/* what comes in and goes on elsewhere */
	SNITCH_FORWARD_IGNORE	= 0,	/* is not looked at */
	SNITCH_FORWARD_LOG	= 1,	/* is told to observers, once a flow */
	SNITCH_FORWARD_RULES	= 2,	/* and judged by the rules for SNITCH_K_FORWARDED. What they
					 * do not decide passes in mode OBSERVE and is refused
					 * in the others: it cannot wait, nobody is asked
					 */
};

struct snitch_policy {
	__u32 mode;		/* enum snitch_mode */
	__u32 fail;		/* ALLOW or DENY: no decider, or no answer in time */
	__u32 kernel;		/* ALLOW or DENY: unmatched traffic of the kernel */
	__u32 rules;		/* how many will follow, at most SNITCH_RULES_MAX */
	__u32 apps;		/* how many will follow, at most SNITCH_APPS_MAX */
	__u32 unmatched;	/* ASK: consult; or ALLOW, DENY, DROP at once */
	__u32 sets;		/* how many will follow, at most SNITCH_SETS_MAX */
	__u32 forward;		/* enum snitch_forward */
};

#define SNITCH_RULES_MAX	(1U << 20)
#define SNITCH_APPS_MAX		(1U << 17)
#define SNITCH_RULES_PER_MSG	256

#define SNITCH_R_UID		(1U << 0)	/* only for effective uid @uid */
#define SNITCH_R_BUILTIN	(1U << 1)	/* may judge programs without a binding */
#define SNITCH_R_DAEMON		(1U << 2)	/* only the daemon can judge it (names,
						 * ancestry...): CONSULT when nothing of
						 * a better rank matches
						 */
#define SNITCH_R_PROTO		(1U << 3)	/* only protocol @proto */
#define SNITCH_R_LOOPBACK	(1U << 4)	/* only where the route's device is loopback */
#define SNITCH_R_CGROUP		(1U << 5)	/* only senders in cgroup @cgroup or below */
#define SNITCH_R_WHOLE		(1U << 6)	/* DENY or DROP of a whole program: where
						 * it matches, no any-program ALLOW of the
						 * same tier does
						 */
#define SNITCH_R_NAMED		(1U << 7)	/* with DAEMON, for any program: it names programs
						 * in its own way, WHOLE leaves it alone
						 */

#define SNITCH_R_SET		(1U << 8)	/* only addresses in set @set; @family is 0. Never
						 * with WHOLE; frames are in no set
						 */
#define SNITCH_R_NOT_SET	(1U << 9)	/* with SET: only addresses not in it */
#define SNITCH_R_IFINDEX	(1U << 10)	/* with SNITCH_APP_KERNEL: only by device
						 * @ifindex of the initial namespace, as in
						 * struct snitch_flow_event
						 */

#define SNITCH_RANK_TIER(rank)	((rank) >> 30)

#define SNITCH_APP_ANY		0U
#define SNITCH_APP_KERNEL	0xffffffffU	/* only the kernel user @kernel; 0: all */

struct snitch_rule {
	__u64 id;		/* the daemon's; told as origin_id */
	__u32 rank;		/* place in the total order, 0 the strongest; no two alike,
				 * none 0xffffffff. The two highest bits: the tier
				 */
	__u32 app;		/* SNITCH_APP_*, or a number from ADD_APPS */
	__u8  action;		/* ALLOW, DENY, DROP, ASK */
	__u8  family;		/* AF_INET, AF_INET6; 0: both, addresses not compared;
				 * AF_PACKET: frames, which an ALLOW covers only so, others
				 * also with 0, any port and any protocol
				 */
	__u8  proto;		/* with SNITCH_R_PROTO */
	__u8  kernel;		/* enum snitch_kernel, with SNITCH_APP_KERNEL */
	__u16 port_first;	/* destination, host order; 0 and 65535: any, also */
	__u16 port_last;	/* protocols without ports. AF_PACKET: ethertypes */
	__u32 flags;		/* SNITCH_R_* */
	__u32 uid;
	__u64 cgroup;
	__u8  first[16];	/* range of destination addresses, both ends in it;
				 * AF_PACKET: as in struct snitch_flow_event
				 */
	__u8  last[16];
	__u32 set;		/* with SNITCH_R_SET: its id, else 0 */
	__u32 ifindex;		/* with SNITCH_R_IFINDEX: not 0; else 0 */
};

/* Address sets. A policy names all of its own: after BEGIN as many ADD_SET as
 * announced, each followed by its ranges in any number of ADD_RANGES, before or
 * after the rules. Of each family ranges rise and do not overlap, over all
 * messages of a set.
 * After BEGIN_SETS they replace sets of the policy in force, whole or with
 * SNITCH_SET_DELTA by a difference: what it removes goes first, then what it
 * adds comes. Both are addresses, not entries: what is not in the set may be
 * removed, what is in it added. COMMIT swaps all sets at once, and its reply has
 * SNITCH_A_SET_GENERATION: live flows that a set decided, or could have, are
 * judged again, others are not looked at.
 */
#define SNITCH_SETS_MAX		64U
#define SNITCH_RANGES_MAX_BYTES	32768U	/* of one attribute */

#define SNITCH_SET_KEEP		(1U << 0)	/* policies: the set of this id and tag that is in
						 * force, as it is; no ranges. ENOENT: there is none
						 */
#define SNITCH_SET_DELTA	(1U << 1)	/* BEGIN_SETS: the ranges are a difference */

struct snitch_set_head {
	__u32 id;		/* the loader's; not 0, no two alike */
	__u32 flags;		/* SNITCH_SET_* */
	__u64 tag;		/* the loader's word for the contents, see KEEP */
	__u32 ranges4;		/* how many ADD_RANGES will bring */
	__u32 ranges6;
	__u32 gone4;		/* and DEL_RANGES */
	__u32 gone6;
};

struct snitch_range4 {		/* both ends in it, network order */
	__u8 first[4];
	__u8 last[4];
};

struct snitch_range6 {
	__u8 first[16];
	__u8 last[16];
};

struct snitch_set_info {
	__u64 tag;
	__u64 bytes;		/* of kernel memory */
	__u64 generation;	/* of all sets together */
	__u32 id;
	__u32 ranges4;
	__u32 ranges6;
	__u32 pad;
};

struct snitch_limits {		/* ceilings: SNITCH_FLOWS_CEILING */
	__u32 max_flows;	/* parked flows in all (4096) */
	__u32 max_flows_image;	/* of one process image (1024) */
	__u32 max_flows_uid;	/* of one uid (2048) */
	__u32 max_flows_netns;	/* of one network namespace (2048) */
	__u32 max_packets;	/* parked in one flow (8) */
	__u32 max_bytes;	/* truesize parked in one flow (32768) */
	__u32 consult_ms;	/* (2000) */
	__u32 hold_tcp_ms;	/* (120000) */
	__u32 hold_ms;		/* (60000) */
	__u32 hold_dns_ms;	/* (5000) */
	__u32 grace_ms;		/* (3000) */
	__u32 unread_ms;	/* events left unread so long: the decider is dead (10000) */
	__u32 max_ranges;	/* of all sets together (2097152; ceiling 16777216) */
	__u32 pad;
};

#define SNITCH_FLOWS_CEILING	65536U

enum snitch_counter {
	SNITCH_C_ACCEPTED,		/* new flows accepted by a rule in the kernel */
	SNITCH_C_REFUSED,		/* new flows refused by a rule in the kernel */
	SNITCH_C_CONSULTED,		/* flows parked */
	SNITCH_C_HELD,			/* of them put to a person */
	SNITCH_C_PARK_ALLOWED,		/* parked flows allowed by a verdict */
	SNITCH_C_PARK_REFUSED,		/* parked flows refused by a verdict */
	SNITCH_C_CANCEL_CLOSED,
	SNITCH_C_CANCEL_MOVED,
	SNITCH_C_CANCEL_NETNS,
	SNITCH_C_CANCEL_ROUTE,
	SNITCH_C_HOLD_TIMEOUT,
	SNITCH_C_CONSULT_TIMEOUT,
	SNITCH_C_FAIL_ALLOWED,		/* flows passed by fail mode */
	SNITCH_C_FAIL_REFUSED,		/* flows refused by fail mode */
	SNITCH_C_BOUND_GLOBAL,		/* refused: a bound was reached */
	SNITCH_C_BOUND_IMAGE,
	SNITCH_C_BOUND_UID,
	SNITCH_C_BOUND_NETNS,
	SNITCH_C_BOUND_PACKETS,		/* packets of a parked flow dropped */
	SNITCH_C_NOMEM,			/* refused: no memory */
	SNITCH_C_NO_OWNER,		/* refused: nobody holds the socket */
	SNITCH_C_LOST_DST,		/* dropped: no route or socket left */
	SNITCH_C_LATE_VERDICT,		/* verdicts with an id that is gone */
	SNITCH_C_KERNEL_ALLOWED,	/* kernel traffic without a rule */
	SNITCH_C_KERNEL_REFUSED,
	SNITCH_C_INBOUND,		/* accepted connections */
	SNITCH_C_OLDER,			/* connections older than the policy */
	SNITCH_C_REJUDGED,		/* entries judged again under a new policy */
	SNITCH_C_ABORTED,		/* TCP sockets ended by a refusal */
	SNITCH_C_UNPARSED,		/* packets whose headers could not be read */
	SNITCH_C_OWNERS_FULL,		/* no room for another process image */
	SNITCH_C_FOREIGN,		/* first packets out of another context */
	SNITCH_C_SWITCHED,		/* another executable on a judged socket */
	SNITCH_C_DISGUISED,
	SNITCH_C_EVENTS_LOST,
	SNITCH_C_AUDIT_LOST,
	SNITCH_C_REPLIES,		/* peers that UDP servers answered */
	SNITCH_C_REPLIES_FULL,		/* peers forgotten for want of room */
	SNITCH_C_REPLY_NETS,		/* namespaces whose inbound packets are looked at */
	SNITCH_C_DNS,			/* DNS messages copied for the decider */
	SNITCH_C_DNS_LOST,		/* of them lost: too many, too large, no memory */
	SNITCH_C_FORWARDED,		/* new forwarded flows let go on */
	SNITCH_C_FORWARD_REFUSED,	/* new forwarded flows refused */
	SNITCH_C_FORWARD_FULL,		/* forwarded flows forgotten for want of room */
	SNITCH_C_DATA,			/* flows whose first data were copied for the decider */
	SNITCH_C_DATA_AGAIN,		/* TCP segments dropped while first data wait: sent again */
	SNITCH_C_PASSED,		/* connections that other programs got: SNITCH_F_PASSED */
	__SNITCH_C_MAX
};

struct snitch_status {
	__u64 generation;
	__u64 instance;
	__u64 decider_since;	/* CLOCK_BOOTTIME ns; 0: none */
	__u32 decider_pid;	/* 0: none */
	__u32 decider_alive;	/* 1: and it reads its events */
	__u32 observers;
	__u32 parked;		/* flows now */
	__u32 held;		/* of them */
	__u32 flows_tcp;	/* entries now */
	__u32 flows_other;
	__u32 images;
	__u32 cached;		/* decision cache entries */
	__u32 rules;
	__u32 apps;
	__u32 armed;		/* 1: judging */
	struct snitch_policy policy;
	struct snitch_limits limits;
	__u64 parked_bytes;	/* truesize */
	__u64 counter[64];	/* by enum snitch_counter */
};

struct snitch_flow_info {
	__u64 cookie;
	__u64 owner;		/* 0: not kept */
	__u64 origin_id;
	__u64 packets;
	__u64 bytes;		/* IP layer, sent; see struct snitch_ended */
	__u32 action;
	__u32 origin;
	__u32 netns;
	__u32 uid;
	__u32 pid;
	__u8  family;
	__u8  proto;
	__u16 sport;
	__u16 dport;
	__u8  tcp_state;
	__u8  loopback;		/* 1: it stays on this machine */
	__u8  pad[4];
	__u8  saddr[16];
	__u8  daddr[16];
	char  comm[SNITCH_COMM_LEN];
	__u64 rx_packets;	/* as in struct snitch_ended */
	__u64 rx_bytes;
};

#define SNITCH_CUT_OLDER	(1U << 0)	/* connections older than the policy */

/* Which connections: all of it must hold, and there must be something but @uid. Their programs get
 * ECONNREFUSED; they may connect again if rules let them.
 */
struct snitch_cut {
	__u64 cookie;		/* of the socket, as in struct snitch_flow_info; 0: any */
	__u32 uid;		/* effective uid of who spoke on it; SNITCH_UID_ANY: also nobody */
	__u32 flags;		/* SNITCH_CUT_* */
};

/* With SNITCH_A_CUT and a cookie: only what goes to there, as in struct snitch_flow_info; and flows
 * that are not TCP's, too: at their next packet they are judged anew, a person's answer or not.
 */
struct snitch_cut_peer {
	__u8  family;
	__u8  proto;
	__u16 port;
	__u8  addr[16];
};

struct snitch_cut_done {
	__u32 cut;		/* connections that end now */
	__u32 left;		/* that were meant, too, but so many are ending already */
};

struct snitch_parked_info {
	struct snitch_flow_event flow;
	__u64 until;		/* CLOCK_BOOTTIME ns */
	__u32 packets;
	__u32 bytes;
	__u32 held;
	__u32 pad;
};

struct snitch_monitor {
	struct snitch_flow_event flow;
	struct snitch_decided decided;
	char comm[SNITCH_COMM_LEN];
	__u32 pid;
	__u32 pad;
};

struct snitch_monitor_ended {
	struct snitch_ended ended;
	char comm[SNITCH_COMM_LEN];
	__u32 pid;
	__u32 pad;
};

#endif
