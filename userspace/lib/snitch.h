/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsnitch: the one way from user space to /dev/snitch and to the generic
 * netlink family "snitch". It must never decide anything about a flow.
 *
 * Conventions of every function here, unless its own comment says otherwise:
 * errors are negative errno; nothing is printed; a handle is used by one
 * thread at a time; pointers handed to callbacks die when the callback
 * returns; times are CLOCK_BOOTTIME nanoseconds. Strings in OWNER come from
 * other users: they hold any byte but are not NUL ended (the command line has
 * NULs between arguments), so they are pointer and length.
 */
#ifndef SNITCH_LIB_H
#define SNITCH_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/snitch.h>

#define SNITCH_DEVICE_PATH	"/dev/snitch"
#define SNITCH_DEVICE_ENV	"SNITCH_DEVICE"
#define SNITCH_OPEN_DNS		(1U << 31)	/* wants SNITCH_FEATURE_DNS */
#define SNITCH_OPEN_DATA	(1U << 30)	/* wants SNITCH_FEATURE_DATA */
#define SNITCH_QUEUE_MAX	(1024 * 1024)	/* bytes of messages not yet written */

/* ---- /dev/snitch -------------------------------------------------------- */

struct snitch_device;

/**
 * struct snitch_owner_info - one OWNER event, its tail taken apart
 * @wire: the fixed part; @wire->hdr.id is the owner's id
 * @exe: path of the executable; not NUL ended
 * @cmdline: arguments with NULs between; not NUL ended
 * @cgroup: cgroup v2 path; not NUL ended
 * @script: path of the script when SNITCH_O_SCRIPT; not NUL ended
 *
 * A string of length 0 is absent. None has an embedded NUL but @cmdline.
 */
struct snitch_owner_info {
	const struct snitch_owner *wire;
	const char *exe, *cmdline, *cgroup, *script;
	size_t exe_len, cmdline_len, cgroup_len, script_len;
};

/**
 * struct snitch_handler - what is called for each event; NULL members are skipped
 * @owner: always before the first @flow that refers to it
 * @dns: the message follows it; before the flows that follow from it
 * @data: the bytes follow it; after the flow that they are of
 * @sent: only from a replay: what the recorded process wrote at this point
 * @again: only from a replay: here the recorded process connected anew; nothing waits any more
 *
 * Callbacks may queue messages and flush, but must not read from, close or
 * re-arm the device they are called from.
 */
struct snitch_handler {
	void (*owner)(void *ctx, const struct snitch_owner_info *owner);
	void (*flow)(void *ctx, const struct snitch_flow_event *flow);
	void (*cancel)(void *ctx, const struct snitch_cancel *cancel);
	void (*lost)(void *ctx, const struct snitch_lost *lost);
	void (*result)(void *ctx, const struct snitch_result *result);
	void (*decided)(void *ctx, const struct snitch_decided *decided);
	void (*ended)(void *ctx, const struct snitch_ended *ended);
	void (*dns)(void *ctx, const struct snitch_dns *dns);
	void (*data)(void *ctx, const struct snitch_data *data);
	void (*sent)(void *ctx, const struct snitch_hdr *msg);
	void (*again)(void *ctx, const struct snitch_welcome *welcome);
};

/**
 * snitch_device_open - open the device and shake hands
 * @path: NULL: $SNITCH_DEVICE, else /dev/snitch. A path of a device, of a
 *	SOCK_SEQPACKET unix socket (the fake device), or "fd:N", an inherited
 *	descriptor (taken over on success)
 * @role: SNITCH_ROLE_DECIDER or SNITCH_ROLE_OBSERVER
 * @flags: of SNITCH_HELLO_TAKEOVER, SNITCH_OPEN_DNS and SNITCH_OPEN_DATA
 * @out: the device; release with snitch_device_close()
 * @welcome: what the kernel said; may be NULL
 *
 * The descriptor is close-on-exec and non-blocking. Waits at most 5 s.
 * Return: 0, -ENOENT (module not loaded), -EPERM (no CAP_NET_ADMIN), -EBUSY
 * (there is a decider), -EPROTONOSUPPORT (another ABI), -EPROTO (nonsense
 * came back), -ETIMEDOUT, or what open(2) said.
 */
int snitch_device_open(const char *path, unsigned int role, unsigned int flags,
		       struct snitch_device **out, struct snitch_welcome *welcome);

/**
 * snitch_device_adopt - shake hands on a descriptor that is open already
 * @fd: belongs to the device on success, stays the caller's on error
 *
 * Else as snitch_device_open().
 */
int snitch_device_adopt(int fd, unsigned int role, unsigned int flags,
			struct snitch_device **out, struct snitch_welcome *welcome);

/** snitch_device_close - close and free; queued messages are lost. NULL is fine. */
void snitch_device_close(struct snitch_device *dev);

/** snitch_device_fd - the descriptor to poll; stays the device's */
int snitch_device_fd(const struct snitch_device *dev);

/** snitch_device_events - poll(2) events to wait for now: POLLIN, and POLLOUT with a queue */
short snitch_device_events(const struct snitch_device *dev);

/**
 * snitch_device_read - hand the events that are there to @handler, never wait
 *
 * Reads a bounded amount (SNITCH_READ_ROUNDS reads), so that one busy device
 * does not starve an event loop: poll is level-triggered. Every message is
 * checked first; none of a read with a malformed one is handed on.
 * Return: number of events (0: none there), -EPROTO (malformed), -ESHUTDOWN
 * (the other end is gone, the module is being unloaded, or a replay is at its
 * end), -EPERM (another decider has taken over), or what read(2) said.
 */
int snitch_device_read(struct snitch_device *dev, const struct snitch_handler *handler,
		       void *ctx);
#define SNITCH_READ_ROUNDS	16

/*
 * The queue. The four functions below check the message, copy it and return
 * at once; sizes, versions and types in the header are filled in, @hdr.id is
 * the caller's. snitch_device_flush() writes them in as few writes as
 * possible, in order. Return: 0, -EINVAL (the kernel would refuse it: a bug
 * of the caller), -ENOBUFS (queue full: flush first), -ENOMEM.
 */
int snitch_device_verdict(struct snitch_device *dev, const struct snitch_verdict *verdict);
int snitch_device_bind(struct snitch_device *dev, const struct snitch_bind *bind);
int snitch_device_cache(struct snitch_device *dev, const struct snitch_cache *cache);
int snitch_device_get_owner(struct snitch_device *dev, uint64_t owner);

/**
 * snitch_device_flush - write the queue
 *
 * Return: 0 (queue empty), -EAGAIN (the kernel has no room now; what is left
 * stays queued: read, then flush again), -EPERM (replaced by another decider;
 * queue dropped), -ESHUTDOWN, or what write(2) said (queue dropped).
 */
int snitch_device_flush(struct snitch_device *dev);

/**
 * snitch_device_owner_fd - the executable of an owner, and its process
 * @exe_fd: O_RDONLY, close-on-exec; the caller's
 * @pidfd: may be NULL; -1 when the process is gone; the caller's
 *
 * Return: 0, -ENOENT (no such owner), -ESTALE (the kernel holds it no more),
 * -EPERM (not the decider), -EOPNOTSUPP (fake device or replay).
 */
int snitch_device_owner_fd(struct snitch_device *dev, uint64_t owner, int *exe_fd, int *pidfd);

/**
 * snitch_device_record - write every message of both directions to @file from now on
 * @file: stays the caller's, must outlive the device or be replaced by NULL
 *	(ends the recording). Begins with the WELCOME that was received, then
 *	what came with it and has not been handed on
 *
 * A file that cannot be written ends the recording, never the device's work:
 * see snitch_device_record_error(). Return: 0 or -EIO.
 */
int snitch_device_record(struct snitch_device *dev, FILE *file);

/** snitch_device_record_on - the same, behind what an earlier connection recorded to @file */
int snitch_device_record_on(struct snitch_device *dev, FILE *file);

/** snitch_device_record_error - 0, or the negative errno that ended the recording */
int snitch_device_record_error(const struct snitch_device *dev);

/**
 * snitch_replay_open - a device that plays a recording instead of a kernel
 * @path: the file
 *
 * snitch_device_read() gives the recorded reads one by one, in the recorded
 * order and without the recorded pauses; snitch_device_fd() is readable until
 * the end, where reading returns -ESHUTDOWN. What is flushed is checked and
 * dropped, but recorded when snitch_device_record() is on, so that two
 * decisions on the same stream can be compared.
 * Return: 0, -EBADMSG (not a recording, or a broken one), or what open(2) said.
 */
int snitch_replay_open(const char *path, struct snitch_device **out,
		       struct snitch_welcome *welcome);

/* ---- loading a policy ---------------------------------------------------- */

/** struct snitch_range - addresses, both ends in it, network order; IPv4 in the first four bytes */
struct snitch_range {
	uint8_t family;		/* AF_INET, AF_INET6 */
	uint8_t first[16];
	uint8_t last[16];
};

/**
 * snitch_ranges_tidy - sort, and make one of ranges that overlap or touch
 *
 * What comes out is what the kernel takes: IPv4 first, rising. Return: how many are left; those
 * whose end is before their beginning, or of another family, are gone.
 */
size_t snitch_ranges_tidy(struct snitch_range *ranges, size_t n);

/**
 * struct snitch_set_data - an address set to load
 * @id: not 0; rules name it
 * @tag: changes whenever the contents do; where the kernel has this id and tag already, nothing
 *	is sent. 0: always send
 * @ranges: tidy; borrowed
 */
struct snitch_set_data {
	uint32_t id;
	uint64_t tag;
	const struct snitch_range *ranges;
	size_t n;
};

struct snitch_set_change;

/**
 * struct snitch_policy_sink - where a compiled policy goes: the kernel, or a test
 * @ctx: handed to each function
 * @begin: open a transaction; *@generation: the number it will have
 * @apps: paths, numbered from 1 over the whole transaction; any number of calls
 * @rules: any number of calls
 * @sets: any number of calls, before or after @rules; not called without sets
 * @commit: all or nothing; *@generation in force, *@unbound: apps without a binding
 * @change: other contents for sets of the policy in force, as snitch_nl_change_sets(); NULL: it
 *	cannot
 * @abort: forget the open transaction, if any
 * @error: text on the last failure, "" without one; the sink's, until its next use
 */
struct snitch_policy_sink {
	void *ctx;
	int (*begin)(void *ctx, const struct snitch_policy *policy, uint64_t *generation);
	int (*apps)(void *ctx, const char *const *paths, size_t n);
	int (*rules)(void *ctx, const struct snitch_rule *rules, size_t n);
	int (*sets)(void *ctx, const struct snitch_set_data *sets, size_t n);
	int (*commit)(void *ctx, uint64_t *generation, uint32_t *unbound);
	int (*change)(void *ctx, const struct snitch_set_change *changes, size_t n);
	void (*abort)(void *ctx);
	const char *(*error)(void *ctx);
};

/**
 * snitch_policy_load - one whole transaction
 * @policy: its members @rules, @apps and @sets tell the length of the arrays
 * @apps: absolute paths; @rules refer to them by index + 1
 * @sets: all that rules name
 * @generation: of the policy now in force; may be NULL
 * @unbound: apps whose path did not resolve; may be NULL
 *
 * Return: 0, or the sink's error after the transaction was aborted: the policy
 * in force before stays. -EBUSY: another transaction is open.
 */
int snitch_policy_load(const struct snitch_policy_sink *sink, const struct snitch_policy *policy,
		       const char *const *apps, const struct snitch_rule *rules,
		       const struct snitch_set_data *sets, uint64_t *generation,
		       uint32_t *unbound);

/* ---- generic netlink ------------------------------------------------------ */

struct snitch_nl;
struct snitch_nl_monitor;

/**
 * snitch_nl_open - find the family "snitch"
 * @out: release with snitch_nl_close()
 *
 * Return: 0, -ENOENT (module not loaded), -EPERM, -ENOMEM.
 */
int snitch_nl_open(struct snitch_nl **out);

/** snitch_nl_close - NULL is fine; a transaction left open ends with it */
void snitch_nl_close(struct snitch_nl *nl);

/** snitch_nl_error - what the kernel said about the last failure, "" if nothing */
const char *snitch_nl_error(const struct snitch_nl *nl);

/** snitch_nl_status - state, bounds in force and counters; blocks for the answer, at most 10 s */
int snitch_nl_status(struct snitch_nl *nl, struct snitch_status *status);

/** snitch_nl_set_limits - zero members stay as they are; -ERANGE over a ceiling */
int snitch_nl_set_limits(struct snitch_nl *nl, const struct snitch_limits *limits);

/**
 * snitch_nl_cut - end open TCP connections
 * @what: which ones
 * @program: absolute path: of that program alone; NULL: of any
 * @done: gets how many
 */
int snitch_nl_cut(struct snitch_nl *nl, const struct snitch_cut *what, const char *program,
		  struct snitch_cut_done *done);

/*
 * The same for one flow of a dump, of any protocol, if it still goes where it went; one that is not
 * TCP's is judged anew at its next packet.
 */
int snitch_nl_cut_flow(struct snitch_nl *nl, const struct snitch_flow_info *flow,
		       struct snitch_cut_done *done);

/*
 * Dumps: @cb for each entry; a non-zero return of @cb ends the dump and is
 * returned. @cb must not use @nl. An entry may come twice or not at all when
 * the table changes meanwhile. Return: 0, what @cb returned, -EINTR (rules:
 * another policy came meanwhile; @cb has seen a mixture: start again), -EBADMSG
 * (module and library are of different versions), or what the kernel said.
 */
typedef int (*snitch_flow_cb)(void *ctx, const struct snitch_flow_info *flow);
typedef int (*snitch_parked_cb)(void *ctx, const struct snitch_parked_info *parked);
typedef int (*snitch_rule_cb)(void *ctx, const struct snitch_rule *rule, uint64_t hits);
int snitch_nl_flows(struct snitch_nl *nl, snitch_flow_cb cb, void *ctx);

/*
 * The flows a piece at a time, for who must not wait: a connection of its own, whose descriptor tells
 * when there is more. Ended in any case by snitch_nl_walk_close(), which also takes NULL.
 */
struct snitch_nl_walk;

#define SNITCH_NL_WALK_FLOWS	256	/* of a piece at most */

int snitch_nl_walk_open(struct snitch_nl_walk **out);
int snitch_nl_walk_fd(const struct snitch_nl_walk *walk);
/*
 * One piece, never blocks. Return: 1 (there may be more), 0 (that was all), -EAGAIN (not yet), what
 * @cb returned, or as above.
 */
int snitch_nl_walk_step(struct snitch_nl_walk *walk, snitch_flow_cb cb, void *ctx);
void snitch_nl_walk_close(struct snitch_nl_walk *walk);

int snitch_nl_parked(struct snitch_nl *nl, snitch_parked_cb cb, void *ctx);
int snitch_nl_rules(struct snitch_nl *nl, snitch_rule_cb cb, void *ctx);

/**
 * struct snitch_set_change - what becomes of one set of the policy in force
 * @data: its id, the tag it gets, and what it is from now on; with @delta what comes into it
 * @delta: the rest stays, but for
 * @gone: these ranges; tidy
 * @n_gone: how many
 */
struct snitch_set_change {
	struct snitch_set_data data;
	bool delta;
	const struct snitch_range *gone;
	size_t n_gone;
};

/**
 * snitch_nl_change_sets - other contents for sets of the policy in force, all at once
 * @changes: no set twice; what a difference removes goes before what it adds comes
 * @generation: of the sets in force then; may be NULL
 *
 * Live flows that a set decided, or could have, are judged again; others are not disturbed.
 * Return: 0, or the kernel's error: then nothing has changed. -ENOENT: no such set (or no
 * policy); -ENOSPC: over the limit; -EBUSY: another transaction is open.
 */
int snitch_nl_change_sets(struct snitch_nl *nl, const struct snitch_set_change *changes, size_t n,
			  uint64_t *generation);

typedef int (*snitch_set_cb)(void *ctx, const struct snitch_set_info *set);
/** snitch_nl_sets - a dump like those above */
int snitch_nl_sets(struct snitch_nl *nl, snitch_set_cb cb, void *ctx);

/**
 * snitch_nl_sink - the kernel as policy sink
 * @sink: filled in; valid as long as @nl
 *
 * Splits apps and rules into messages as the kernel wants them.
 */
void snitch_nl_sink(struct snitch_nl *nl, struct snitch_policy_sink *sink);

/**
 * snitch_nl_monitor_open - join the multicast group of decisions
 * @out: release with snitch_nl_monitor_close()
 */
int snitch_nl_monitor_open(struct snitch_nl_monitor **out);
void snitch_nl_monitor_close(struct snitch_nl_monitor *mon);

/** snitch_nl_monitor_fd - non-blocking descriptor to poll for POLLIN; stays @mon's */
int snitch_nl_monitor_fd(const struct snitch_nl_monitor *mon);

/**
 * struct snitch_monitor_calls - what is called for each event; NULL members are skipped
 * @decided: a verdict stands
 * @ended: a flow has ended, or its program has
 */
struct snitch_monitor_calls {
	void (*decided)(void *ctx, const struct snitch_monitor *event);
	void (*ended)(void *ctx, const struct snitch_monitor_ended *event);
};

/**
 * snitch_nl_monitor_dispatch - @calls for each event that is there, never wait
 *
 * Return: number of events; -ENOBUFS: some were lost, go on; -EBADMSG: one
 * that cannot be read (module and library are of different versions); or an error.
 */
int snitch_nl_monitor_dispatch(struct snitch_nl_monitor *mon,
			       const struct snitch_monitor_calls *calls, void *ctx);

/* ---- names ----------------------------------------------------------------- */

/*
 * Words for enum values, for people and JSON; "?" for a number without one.
 * snitch_counter_name() of SNITCH_C_BOUND_UID is "bound-uid".
 */
const char *snitch_action_name(unsigned int action);
const char *snitch_origin_name(unsigned int origin);
const char *snitch_cancel_name(unsigned int why);
const char *snitch_kernel_name(unsigned int kernel);
const char *snitch_mode_name(unsigned int mode);
const char *snitch_forward_name(unsigned int forward);
const char *snitch_counter_name(unsigned int counter);

/** snitch_boottime_ns - CLOCK_BOOTTIME now, nanoseconds */
uint64_t snitch_boottime_ns(void);

#endif /* SNITCH_LIB_H */
