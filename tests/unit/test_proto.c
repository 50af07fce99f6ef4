// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The wire format as the kernel's own proto.c sees it: golden files, each
 * rule of each message broken in turn, ends of buffers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "golden.h"
#include "kmod/proto.h"

static const char *const user_names[] = { "verdict", "verdict-hold", "verdict-data", "bind",
					   "get-owner", "cache" };
static const char *const kernel_names[] = { "welcome", "owner", "flow", "flow-icmpv6",
					     "flow-packet", "cancel", "lost", "result", "decided",
					     "ended", "dns", "data" };

static int check_user(const void *buf, size_t len)
{
	unsigned int count;

	return snitch_proto_check_batch(buf, len, &count);
}

static int check_kernel(const void *buf, size_t len)
{
	return snitch_proto_check_event(buf, len);
}

static void same(const char *name, const void *msg, size_t len)
{
	struct golden g;

	golden_load(name, &g);
	assert_int_equal(g.len, len);
	assert_memory_equal(g.bytes, msg, len);
}

/* ---- golden files */

static void user_golden(void **state)
{
	struct snitch_hello hello = { .abi_major = 1, .abi_minor = 2,
				      .role = SNITCH_ROLE_DECIDER,
				      .flags = SNITCH_HELLO_TAKEOVER };
	struct snitch_verdict verdict = {
		.action = SNITCH_ALLOW, .flags = SNITCH_V_ACK | SNITCH_V_CACHE,
		.origin = SNITCH_BY_RULE, .origin_id = 77, .until = 9000000000,
	};
	struct snitch_verdict hold = { .action = SNITCH_HOLD, .origin = SNITCH_BY_MODE };
	struct snitch_verdict data = { .action = SNITCH_ALLOW, .flags = SNITCH_V_DATA,
				       .origin = SNITCH_BY_NAME, .origin_id = 44 };
	struct snitch_bind bind = { .generation = 12, .app = 3 };
	struct snitch_hdr get;
	struct snitch_cache cache = {
		.action = SNITCH_DENY, .origin = SNITCH_BY_NAME, .origin_id = 31,
		.until = 60000000000, .family = AF_INET6, .proto = 6, .port = 853,
		.netns = 0xf0000001, .addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x35 },
		.uid = 1001,
	};

	(void)state;
	snitch_proto_hdr(&hello.hdr, SNITCH_MSG_HELLO, sizeof(hello), 0);
	same("hello", &hello, sizeof(hello));
	snitch_proto_hdr(&verdict.hdr, SNITCH_MSG_VERDICT, sizeof(verdict), 0x1122334455667788);
	same("verdict", &verdict, sizeof(verdict));
	snitch_proto_hdr(&hold.hdr, SNITCH_MSG_VERDICT, sizeof(hold), 9);
	same("verdict-hold", &hold, sizeof(hold));
	snitch_proto_hdr(&data.hdr, SNITCH_MSG_VERDICT, sizeof(data), 9);
	same("verdict-data", &data, sizeof(data));
	snitch_proto_hdr(&bind.hdr, SNITCH_MSG_BIND, sizeof(bind), 5);
	same("bind", &bind, sizeof(bind));
	snitch_proto_hdr(&get, SNITCH_MSG_GET_OWNER, sizeof(get), 5);
	same("get-owner", &get, sizeof(get));
	snitch_proto_hdr(&cache.hdr, SNITCH_MSG_CACHE, sizeof(cache), 5);
	same("cache", &cache, sizeof(cache));
}

static void kernel_golden(void **state)
{
	struct snitch_welcome welcome = {
		.abi_major = 1, .abi_minor = 2, .role = SNITCH_ROLE_DECIDER, .generation = 12,
		.instance = 0xa1a2a3a4a5a6a7a8, .max_flows = 4096, .max_flows_image = 1024,
		.max_flows_uid = 2048, .consult_ms = 2000, .hold_tcp_ms = 120000,
		.hold_ms = 60000, .hold_dns_ms = 5000, .grace_ms = 3000,
	};
	struct snitch_flow_event flow = {
		.owner = 5, .cookie = 8193, .when = 2000000001, .generation = 12, .ask_rule = 99,
		.cgroup = 4321, .netns = 0xf0000001, .ifindex = 2, .uid = 1001,
		.flags = SNITCH_F_REDELIVERED | SNITCH_F_HELD, .bytes = 60, .family = AF_INET,
		.proto = 6, .sport = 40001, .dport = 443, .saddr = { 10, 77, 0, 1 },
		.daddr = { 192, 0, 2, 7 },
	};
	struct snitch_flow_event frame = {
		.owner = 5, .cookie = 8194, .when = 2000000001, .generation = 12, .cgroup = 4321,
		.netns = 0xf0000001, .ifindex = 2, .bytes = 42, .family = AF_PACKET,
		.dport = 0x0806, .daddr = { 0, 0, 0, 2, 0xf0, 0, 0, 1 },
	};
	struct snitch_cancel cancel = { .why = SNITCH_CANCEL_TIMEOUT, .action = SNITCH_DENY,
					.packets = 2, .bytes = 208 };
	struct snitch_lost lost = { .owners = 1, .dns = 2, .events = 3 };
	struct snitch_result result = { .error = -ENOENT, .type = SNITCH_MSG_VERDICT };
	struct snitch_decided decided = { .owner = 5, .origin_id = 77, .action = SNITCH_DROP,
					  .origin = SNITCH_BY_RULE, .packets = 2 };
	struct snitch_ended ended = { .owner = 5, .cookie = 0x1001, .packets = 12, .bytes = 5000,
				      .rx_packets = 9, .rx_bytes = 70000, .netns = 0xeffffff8,
				      .uid = 1000, .family = AF_INET, .proto = IPPROTO_TCP,
				      .sport = 40000, .dport = 443,
				      .saddr = { 10, 77, 0, 1 }, .daddr = { 192, 0, 2, 7 } };

	(void)state;
	snitch_proto_hdr(&welcome.hdr, SNITCH_MSG_WELCOME, sizeof(welcome), 0);
	same("welcome", &welcome, sizeof(welcome));
	snitch_proto_hdr(&flow.hdr, SNITCH_MSG_FLOW, sizeof(flow), 0x1122334455667788);
	same("flow", &flow, sizeof(flow));
	snitch_proto_hdr(&frame.hdr, SNITCH_MSG_FLOW, sizeof(frame), 7);
	same("flow-packet", &frame, sizeof(frame));
	snitch_proto_hdr(&cancel.hdr, SNITCH_MSG_CANCEL, sizeof(cancel), 9);
	same("cancel", &cancel, sizeof(cancel));
	snitch_proto_hdr(&lost.hdr, SNITCH_MSG_LOST, sizeof(lost), 0);
	same("lost", &lost, sizeof(lost));
	snitch_proto_hdr(&result.hdr, SNITCH_MSG_RESULT, sizeof(result), 9);
	same("result", &result, sizeof(result));
	snitch_proto_hdr(&decided.hdr, SNITCH_MSG_DECIDED, sizeof(decided), 9);
	same("decided", &decided, sizeof(decided));
	snitch_proto_hdr(&ended.hdr, SNITCH_MSG_ENDED, sizeof(ended), 0);
	same("ended", &ended, sizeof(ended));
}

static void owner_golden(void **state)
{
	static const char exe[] = "/usr/bin/python3.11", cmd[] = "python3\0/opt/fetch me.py\0-v",
			  cgroup[] = "/user.slice/a.scope", script[] = "/opt/fetch me.py";
	struct snitch_owner o = {
		.hdr.id = 5, .parent = 4, .start = 1500000000, .exec_id = 21, .cgroup = 4321,
		.exe_ino = 0x123456789, .exe_ctime = -2, .exe_size = 6831736,
		.exe_ctime_nsec = 999999999, .exe_dev = 0x801, .exe_gen = 7,
		.exe_mode = 0100755, .pid = 1234, .ppid = 1200, .ns_pid = 12, .uid = 1000,
		.euid = 1001, .gid = 1002, .loginuid = -1, .session = -1, .pidns = 0xeffffffc,
		.mntns = 0xeffffff8, .userns = 0xeffffffd, .userns_owner = 1000,
		.flags = SNITCH_O_DELETED | SNITCH_O_FORKED | SNITCH_O_SCRIPT,
		.pad = 0xbad, .comm = "python3",
	};
	_Alignas(8) unsigned char buf[SNITCH_READ_MIN];
	size_t size = snitch_proto_owner_size(sizeof(exe) - 1, sizeof(cmd) - 1,
					      sizeof(cgroup) - 1, sizeof(script) - 1);

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	snitch_proto_pack_owner((struct snitch_owner *)buf, &o, exe, sizeof(exe) - 1, cmd,
				sizeof(cmd) - 1, cgroup, sizeof(cgroup) - 1, script,
				sizeof(script) - 1);
	same("owner", buf, size);
	assert_int_equal(buf[size], 0xff);
}

static void dns_golden(void **state)
{
	static const unsigned char answer[] = {
		0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 'a', 7, 'e', 'x', 'a', 'm', 'p',
		'l', 'e', 0, 0, 1, 0, 1, 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 192, 0, 2, 7,
	};
	struct {
		struct snitch_dns dns;
		unsigned char bytes[48];
	} m = {
		.dns = {
			.when = 2000000001, .netns = 0xf0000001, .uid = 1001,
			.flags = SNITCH_D_ANSWER, .len = sizeof(answer), .family = AF_INET,
			.proto = IPPROTO_UDP, .own_port = 40001, .server_port = 53,
			.own = { 10, 77, 0, 1 }, .server = { 10, 77, 0, 2 },
		},
	};
	size_t size = snitch_proto_dns_size(sizeof(answer));

	(void)state;
	memcpy(m.bytes, answer, sizeof(answer));
	snitch_proto_hdr(&m.dns.hdr, SNITCH_MSG_DNS, size, 5);
	same("dns", &m, size);
}

static void data_golden(void **state)
{
	struct {
		struct snitch_data data;
		unsigned char bytes[8];
	} m = {
		.data = { .flags = SNITCH_DATA_LAST, .index = 2, .len = 5 },
		.bytes = { 0x16, 3, 1, 2, 0 },
	};

	(void)state;
	snitch_proto_hdr(&m.data.hdr, SNITCH_MSG_DATA, snitch_proto_data_size(5), 9);
	same("data", &m, sizeof(m));
}

static void golden_is_accepted(void **state)
{
	struct golden g;
	size_t i, len;

	(void)state;
	golden_load("hello", &g);
	assert_int_equal(snitch_proto_check_hello(g.bytes, g.len), 0);
	assert_int_equal(check_user(g.bytes, g.len), -EPROTO);
	for (i = 0; i < ARRAY_SIZE(user_names); i++) {
		golden_load(user_names[i], &g);
		assert_int_equal(check_user(g.bytes, g.len), 0);
		assert_int_equal(check_kernel(g.bytes, g.len), -EINVAL);
		for (len = 0; len < g.len; len++)
			assert_int_equal(check_user(g.bytes, len), -EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(kernel_names); i++) {
		golden_load(kernel_names[i], &g);
		assert_int_equal(check_kernel(g.bytes, g.len), 0);
		assert_int_equal(check_user(g.bytes, g.len), -EINVAL);
		for (len = 0; len < g.len; len++)
			assert_int_equal(check_kernel(g.bytes, len), -EINVAL);
	}
}

/* ---- one thing wrong at a time */

/**
 * struct breakage - a golden message with one member changed
 * @name: of the golden file
 * @at, @size: which member
 * @value: what it becomes
 */
struct breakage {
	const char *name;
	size_t at, size;
	uint64_t value;
};

#define BREAK(file, type, member, v) \
	{ file, offsetof(struct type, member), sizeof(((struct type *)0)->member), v }

static void break_one(const struct breakage *b, struct golden *g)
{
	golden_load(b->name, g);
	assert_true(b->at + b->size <= g->len && b->size <= sizeof(b->value));
	memcpy(g->bytes + b->at, &b->value, b->size);
}

/* Each of @all is refused by @check. */
static void refused(const struct breakage *all, size_t n,
		    int (*check)(const void *buf, size_t len))
{
	struct golden g;
	size_t i;

	for (i = 0; i < n; i++) {
		break_one(&all[i], &g);
		if (check(g.bytes, g.len) != -EINVAL)
			fail_msg("%s: %zu at %zu was accepted", all[i].name,
				 (size_t)all[i].value, all[i].at);
	}
}

static void broken_headers(void **state)
{
	static const struct breakage all[] = {
		BREAK("verdict", snitch_hdr, size, 40), BREAK("verdict", snitch_hdr, size, 56),
		BREAK("verdict", snitch_hdr, size, 0), BREAK("verdict", snitch_hdr, size, 47),
		BREAK("verdict", snitch_hdr, size, 0xffffffff),
		BREAK("verdict", snitch_hdr, version, 0), BREAK("verdict", snitch_hdr, version, 2),
		BREAK("verdict", snitch_hdr, type, 0), BREAK("verdict", snitch_hdr, type, 6),
		BREAK("verdict", snitch_hdr, type, SNITCH_MSG_BIND),
		BREAK("verdict", snitch_hdr, type, SNITCH_MSG_FLOW),
		BREAK("verdict", snitch_hdr, type, 0xffff),
		BREAK("verdict", snitch_hdr, id, 0), BREAK("bind", snitch_hdr, id, 0),
		BREAK("get-owner", snitch_hdr, id, 0), BREAK("cache", snitch_hdr, id, 0),
	};

	(void)state;
	refused(all, ARRAY_SIZE(all), check_user);
}

static void broken_user_members(void **state)
{
	static const struct breakage all[] = {
		BREAK("verdict", snitch_verdict, action, 0),
		BREAK("verdict", snitch_verdict, action, SNITCH_ASK),
		BREAK("verdict", snitch_verdict, action, 6),
		BREAK("verdict", snitch_verdict, action, SNITCH_HOLD),	/* with CACHE */
		BREAK("verdict", snitch_verdict, flags, 8),
		BREAK("verdict", snitch_verdict, flags, SNITCH_V_CACHE | SNITCH_V_DATA),
		BREAK("verdict-data", snitch_verdict, action, SNITCH_DENY),
		BREAK("verdict-data", snitch_verdict, action, SNITCH_HOLD),
		BREAK("verdict", snitch_verdict, flags, SNITCH_V_ACK),	/* with until */
		BREAK("verdict", snitch_verdict, origin, 0),
		BREAK("verdict", snitch_verdict, origin, SNITCH_BY_FAIL),
		BREAK("verdict", snitch_verdict, origin, SNITCH_BY_OLDER),
		BREAK("verdict", snitch_verdict, pad, 1),
		BREAK("bind", snitch_bind, generation, 0),
		BREAK("bind", snitch_bind, app, SNITCH_APPS_MAX + 1),
		BREAK("bind", snitch_bind, pad, 1),
		BREAK("cache", snitch_cache, action, SNITCH_HOLD),
		BREAK("cache", snitch_cache, origin, SNITCH_BY_INBOUND),
		BREAK("cache", snitch_cache, family, 0), BREAK("cache", snitch_cache, family, 11),
		BREAK("cache", snitch_cache, family, AF_INET),	/* more than four bytes */
		BREAK("cache", snitch_cache, pad, 1),
	};

	(void)state;
	refused(all, ARRAY_SIZE(all), check_user);
}

static void broken_kernel_members(void **state)
{
	static const struct breakage all[] = {
		BREAK("welcome", snitch_welcome, abi_major, 2), BREAK("welcome", snitch_hdr, id, 1),
		BREAK("welcome", snitch_welcome, role, 0), BREAK("welcome", snitch_welcome, role, 3),
		BREAK("owner", snitch_hdr, id, 0), BREAK("owner", snitch_owner, parent, 5),
		BREAK("owner", snitch_owner, kernel, __SNITCH_K_MAX),
		BREAK("owner", snitch_owner, pad, 1),
		BREAK("owner", snitch_owner, exe_len, 0), BREAK("owner", snitch_owner, exe_len, 4097),
		BREAK("owner", snitch_owner, cmd_len, 257),
		BREAK("owner", snitch_owner, cgroup_len, 0xffff),
		BREAK("owner", snitch_owner, script_len, 0xffff),
		{ "owner", sizeof(struct snitch_owner) + 3, 1, 0 },	/* a NUL in the path */
		BREAK("flow", snitch_flow_event, owner, 0), BREAK("flow", snitch_flow_event, pad, 1),
		BREAK("flow", snitch_flow_event, family, 1),
		BREAK("flow-icmpv6", snitch_flow_event, family, AF_INET),
		BREAK("flow-icmpv6", snitch_flow_event, family, AF_PACKET),
		BREAK("flow-packet", snitch_flow_event, daddr[8], 1),
		BREAK("cancel", snitch_cancel, why, 0), BREAK("cancel", snitch_cancel, why, 9),
		BREAK("cancel", snitch_cancel, action, SNITCH_HOLD),
		BREAK("cancel", snitch_hdr, id, 0), BREAK("lost", snitch_hdr, id, 1),
		BREAK("result", snitch_result, error, 1), BREAK("result", snitch_result, pad, 1),
		BREAK("result", snitch_result, type, SNITCH_MSG_HELLO),
		BREAK("result", snitch_result, type, SNITCH_MSG_FLOW),
		BREAK("result", snitch_result, error, (uint32_t)-4096),
		BREAK("decided", snitch_decided, action, SNITCH_ASK),
		BREAK("decided", snitch_decided, origin, 0),
		BREAK("decided", snitch_decided, origin, 9), BREAK("decided", snitch_decided, pad, 1),
		BREAK("ended", snitch_ended, cookie, 0), BREAK("ended", snitch_ended, pad, 1),
		BREAK("ended", snitch_ended, family, 1), BREAK("ended", snitch_ended, hdr.id, 9),
		BREAK("ended", snitch_ended, daddr[15], 1),
		BREAK("dns", snitch_dns, len, 49), BREAK("dns", snitch_dns, len, 40),
		BREAK("dns", snitch_dns, len, 42),	/* what is left is not 0 */
		BREAK("dns", snitch_dns, flags, 2), BREAK("dns", snitch_dns, flags, 4),
		BREAK("dns", snitch_dns, family, 17),
		BREAK("dns", snitch_dns, offset, 1), BREAK("dns", snitch_dns, own[4], 1),
		BREAK("dns", snitch_dns, server[15], 1), BREAK("dns", snitch_dns, hdr.id, 0),
		BREAK("data", snitch_hdr, id, 0), BREAK("data", snitch_data, flags, 2),
		BREAK("data", snitch_data, len, 9), BREAK("data", snitch_data, len, 0),
		BREAK("data", snitch_data, len, SNITCH_DATA_MAX + 1),
		BREAK("data", snitch_data, len, 3),	/* what is left is not 0 */
	};

	(void)state;
	refused(all, ARRAY_SIZE(all), check_kernel);
}

static void owner_tail_is_zero(void **state)
{
	struct golden g;

	(void)state;
	golden_load("owner", &g);
	g.bytes[g.len - 1] = 1;
	assert_int_equal(check_kernel(g.bytes, g.len), -EINVAL);
	g.bytes[g.len - 1] = 0;
	assert_int_equal(check_kernel(g.bytes, g.len), 0);
	/* Eight zeroes more are no OWNER either. */
	((struct snitch_hdr *)g.bytes)->size += 8;
	assert_int_equal(check_kernel(g.bytes, g.len + 8), -EINVAL);
}

/* ---- HELLO, batches, sizes */

static void hello_rules(void **state)
{
	static const struct breakage bad[] = {
		BREAK("hello", snitch_hello, role, 0), BREAK("hello", snitch_hello, role, 3),
		BREAK("hello", snitch_hello, role, SNITCH_ROLE_OBSERVER), /* with TAKEOVER */
		BREAK("hello", snitch_hello, flags, 2), BREAK("hello", snitch_hello, pad, 1),
		BREAK("hello", snitch_hdr, id, 1), BREAK("hello", snitch_hdr, size, 48),
		BREAK("hello", snitch_hdr, version, 2), BREAK("hello", snitch_hdr, type, 64),
	};
	struct golden g, v;

	(void)state;
	refused(bad, ARRAY_SIZE(bad), snitch_proto_check_hello);
	golden_load("hello", &g);
	((struct snitch_hello *)g.bytes)->features = ~0ULL;
	((struct snitch_hello *)g.bytes)->abi_minor = 9;
	assert_int_equal(snitch_proto_check_hello(g.bytes, g.len), 0);
	((struct snitch_hello *)g.bytes)->abi_major = 2;
	assert_int_equal(snitch_proto_check_hello(g.bytes, g.len), -EPROTONOSUPPORT);
	assert_int_equal(snitch_proto_check_hello(g.bytes, 8), -EINVAL);
	assert_int_equal(snitch_proto_check_hello(g.bytes, 16), -EINVAL);
	golden_load("verdict", &v);
	assert_int_equal(snitch_proto_check_hello(v.bytes, v.len), -EPROTO);
	assert_int_equal(snitch_proto_check_hello(v.bytes, v.len - 8), -EINVAL);
	golden_load("hello", &g);
	memcpy(g.bytes + g.len, v.bytes, v.len);
	assert_int_equal(snitch_proto_check_hello(g.bytes, g.len + v.len), -EINVAL);
}

static void batches(void **state)
{
	static _Alignas(8) unsigned char buf[SNITCH_WRITE_MAX + 72];
	const struct snitch_hdr *h;
	unsigned int count, n = 0;
	size_t len = 0, off = 0;
	struct golden g;

	(void)state;
	golden_load("cache", &g);
	for (; len + g.len <= SNITCH_WRITE_MAX; len += g.len)
		memcpy(buf + len, g.bytes, g.len);
	assert_int_equal(snitch_proto_check_batch(buf, len, &count), 0);
	assert_int_equal(count, SNITCH_WRITE_MAX / g.len);
	memcpy(buf + len, g.bytes, g.len);
	assert_int_equal(check_user(buf, len + g.len), -E2BIG);
	while ((h = snitch_proto_next(buf, len, &off))) {
		assert_ptr_equal(h, buf + n * g.len);
		n++;
	}
	assert_int_equal(n, count);
	/* One bad message anywhere spoils the whole; so does HELLO. */
	buf[len - g.len + offsetof(struct snitch_cache, action)] = 9;
	assert_int_equal(check_user(buf, len), -EINVAL);
	golden_load("hello", &g);
	memcpy(buf + 64, g.bytes, g.len);
	assert_int_equal(check_user(buf, 64 + g.len), -EINVAL);
	assert_int_equal(check_user(buf, 0), -EINVAL);
}

static void reads(void **state)
{
	_Alignas(8) unsigned char buf[4096];
	unsigned int count;
	struct golden g;
	size_t i, len = 0;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kernel_names); i++) {
		golden_load(kernel_names[i], &g);
		memcpy(buf + len, g.bytes, g.len);
		len += g.len;
	}
	assert_int_equal(snitch_proto_check_read(buf, len, &count), 0);
	assert_int_equal(count, ARRAY_SIZE(kernel_names));
	assert_int_equal(snitch_proto_check_read(buf, len - 8, &count), -EINVAL);
	assert_int_equal(snitch_proto_check_read(buf, 0, &count), -EINVAL);
	assert_int_equal(check_kernel(buf, len), -EINVAL);
}

static void owner_sizes(void **state)
{
	const size_t fixed = sizeof(struct snitch_owner);

	(void)state;
	assert_int_equal(snitch_proto_owner_size(0, 0, 0, 0), fixed);
	assert_int_equal(snitch_proto_owner_size(1, 0, 0, 0), fixed + 8);
	assert_int_equal(snitch_proto_owner_size(4, 2, 1, 1), fixed + 8);
	assert_int_equal(snitch_proto_owner_size(4, 2, 1, 2), fixed + 16);
	assert_int_equal(snitch_proto_owner_size(4096, 256, 1024, 0), fixed + 5376);
	assert_int_equal(snitch_proto_owner_size(4096, 256, 1024, 4096), 0);
	assert_int_equal(snitch_proto_owner_size(4096, 0, 0, SNITCH_READ_MIN - fixed - 4096),
			 SNITCH_READ_MIN);
	assert_int_equal(snitch_proto_owner_size(4096, 0, 0, SNITCH_READ_MIN - fixed - 4095), 0);
	assert_int_equal(snitch_proto_owner_size(4097, 0, 0, 0), 0);
	assert_int_equal(snitch_proto_owner_size(0, 257, 0, 0), 0);
	assert_int_equal(snitch_proto_owner_size(0, 0, 1025, 0), 0);
	assert_int_equal(snitch_proto_owner_size(0, 0, 0, 4097), 0);
	assert_int_equal(snitch_proto_owner_size(SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_golden),
		cmocka_unit_test(kernel_golden),
		cmocka_unit_test(owner_golden),
		cmocka_unit_test(dns_golden),
		cmocka_unit_test(data_golden),
		cmocka_unit_test(golden_is_accepted),
		cmocka_unit_test(broken_headers),
		cmocka_unit_test(broken_user_members),
		cmocka_unit_test(broken_kernel_members),
		cmocka_unit_test(owner_tail_is_zero),
		cmocka_unit_test(hello_rules),
		cmocka_unit_test(batches),
		cmocka_unit_test(reads),
		cmocka_unit_test(owner_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
