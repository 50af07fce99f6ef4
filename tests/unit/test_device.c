// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsnitch's device on the fake: golden files of both directions, the queue,
 * errors. It must never need the kernel module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "golden.h"
#include "snitch.h"
#include "tests/fake/fake.h"

/**
 * struct bench - a fake and a device on it
 * @seen: messages handed on, one after another; OWNER with its tail
 */
struct bench {
	struct fake *fake;
	struct snitch_device *dev;
	unsigned char seen[8192];
	size_t seen_len;
	unsigned int owners, flows, others;
};

static void see(struct bench *b, const struct snitch_hdr *h)
{
	assert_true(b->seen_len + h->size <= sizeof(b->seen));
	memcpy(b->seen + b->seen_len, h, h->size);
	b->seen_len += h->size;
}

static void on_owner(void *ctx, const struct snitch_owner_info *o)
{
	struct bench *b = ctx;

	assert_int_equal(o->exe_len, o->wire->exe_len);
	assert_ptr_equal(o->exe, o->wire + 1);
	assert_ptr_equal(o->cmdline, o->exe + o->exe_len);
	assert_ptr_equal(o->cgroup, o->cmdline + o->cmdline_len);
	assert_ptr_equal(o->script, o->cgroup + o->cgroup_len);
	assert_int_equal(o->script_len, o->wire->script_len);
	b->owners++;
	see(b, &o->wire->hdr);
}

static void on_flow(void *ctx, const struct snitch_flow_event *flow)
{
	struct bench *b = ctx;

	b->flows++;
	see(b, &flow->hdr);
}

#define ON(name, type) \
static void on_##name(void *ctx, const struct type *msg) \
{ \
	((struct bench *)ctx)->others++; \
	see(ctx, &msg->hdr); \
}

ON(cancel, snitch_cancel)
ON(lost, snitch_lost)
ON(result, snitch_result)
ON(decided, snitch_decided)
ON(ended, snitch_ended)

static const struct snitch_handler handler = {
	.owner = on_owner, .flow = on_flow, .cancel = on_cancel, .lost = on_lost,
	.result = on_result, .decided = on_decided, .ended = on_ended,
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct snitch_welcome welcome;
	int fd;

	if (!b || fake_pair(SNITCH_ROLE_DECIDER, &b->fake, &fd) ||
	    snitch_device_adopt(fd, SNITCH_ROLE_DECIDER, SNITCH_HELLO_TAKEOVER, &b->dev,
				&welcome))
		return -1;
	*state = b;
	return welcome.generation != b->fake->generation || fake_receive(b->fake) != 1 ||
	       b->fake->hello.flags != SNITCH_HELLO_TAKEOVER;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	snitch_device_close(b->dev);
	fake_free(b->fake);
	free(b);
	return 0;
}

static int get(struct bench *b)
{
	return snitch_device_read(b->dev, &handler, b);
}

/* ---- golden files */

static void golden_events_arrive(void **state)
{
	static const char *const names[] = { "owner", "flow", "flow-icmpv6", "cancel", "lost",
					     "result", "decided" };
	unsigned char all[4096];
	struct bench *b = *state;
	struct golden g;
	size_t i, len = 0;

	for (i = 0; i < 7; i++) {
		golden_load(names[i], &g);
		memcpy(all + len, g.bytes, g.len);
		len += g.len;
		assert_int_equal(fake_send(b->fake, g.bytes, g.len), 0);
	}
	assert_int_equal(get(b), 7);
	assert_int_equal(b->seen_len, len);
	assert_memory_equal(b->seen, all, len);
	/* And all in one read. */
	b->seen_len = 0;
	assert_int_equal(fake_send(b->fake, all, len), 0);
	assert_int_equal(get(b), 7);
	assert_memory_equal(b->seen, all, len);
	assert_int_equal(b->owners, 2);
	assert_int_equal(b->flows, 4);
	assert_int_equal(b->others, 8);
	assert_int_equal(get(b), 0);
}

static void expect_bytes(int fd, const char *const *names, size_t n)
{
	unsigned char got[SNITCH_WRITE_MAX], want[4096];
	struct golden g;
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		golden_load(names[i], &g);
		memcpy(want + len, g.bytes, g.len);
		len += g.len;
	}
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), len);
	assert_memory_equal(got, want, len);
}

static void golden_writes_leave(void **state)
{
	static const char *const hello[] = { "hello" };
	static const char *const names[] = { "verdict", "verdict-hold", "bind", "get-owner",
					     "cache" };
	struct snitch_device *dev;
	struct golden g[5];
	struct fake *fake;
	size_t i;
	int fd;

	(void)state;
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &fake, &fd), 0);
	assert_int_equal(snitch_device_adopt(fd, SNITCH_ROLE_DECIDER, SNITCH_HELLO_TAKEOVER,
					     &dev, NULL), 0);
	expect_bytes(fake->fd, hello, 1);
	for (i = 0; i < 5; i++) {
		golden_load(names[i], &g[i]);
		memset(g[i].bytes, 0xee, 8);	/* the library fills these in */
	}
	assert_int_equal(snitch_device_verdict(dev, (void *)g[0].bytes), 0);
	assert_int_equal(snitch_device_verdict(dev, (void *)g[1].bytes), 0);
	assert_int_equal(snitch_device_bind(dev, (void *)g[2].bytes), 0);
	assert_int_equal(snitch_device_get_owner(dev, 5), 0);
	assert_int_equal(snitch_device_cache(dev, (void *)g[4].bytes), 0);
	assert_int_equal(snitch_device_events(dev), POLLIN | POLLOUT);
	assert_int_equal(snitch_device_flush(dev), 0);
	assert_int_equal(snitch_device_events(dev), POLLIN);
	expect_bytes(fake->fd, names, 5);
	snitch_device_close(dev);
	fake_free(fake);
}

/* ---- the queue */

static void queue_refuses_what_the_kernel_would(void **state)
{
	struct bench *b = *state;
	struct snitch_verdict v = { .hdr.id = 1, .action = SNITCH_ASK, .origin = SNITCH_BY_RULE };
	struct snitch_bind bind = { .hdr.id = 1 };
	struct snitch_cache c = { .hdr.id = 1, .action = SNITCH_ALLOW, .origin = SNITCH_BY_NAME };

	assert_int_equal(snitch_device_verdict(b->dev, &v), -EINVAL);
	v.action = SNITCH_ALLOW;
	v.hdr.id = 0;
	assert_int_equal(snitch_device_verdict(b->dev, &v), -EINVAL);
	assert_int_equal(snitch_device_bind(b->dev, &bind), -EINVAL);
	assert_int_equal(snitch_device_cache(b->dev, &c), -EINVAL);
	assert_int_equal(snitch_device_get_owner(b->dev, 0), -EINVAL);
	assert_int_equal(snitch_device_events(b->dev), POLLIN);
	assert_int_equal(snitch_device_flush(b->dev), 0);
	assert_int_equal(fake_receive(b->fake), 0);
}

static void queue_is_bounded_and_split(void **state)
{
	struct bench *b = *state;
	struct snitch_verdict v = { .hdr.id = 1, .action = SNITCH_DENY, .origin = SNITCH_BY_MODE };
	unsigned int queued = 0, taken = 0;
	int err, n;

	while (!(err = snitch_device_verdict(b->dev, &v))) {
		queued++;
		v.hdr.id++;
	}
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(queued, SNITCH_QUEUE_MAX / sizeof(v));
	do {	/* the socket holds less than the queue: both ends take turns */
		err = snitch_device_flush(b->dev);
		assert_true(!err || err == -EAGAIN);
		n = fake_receive(b->fake);
		assert_true(n > 0);
		taken += n;
		assert_true(get(b) >= 0);
		b->seen_len = 0;
	} while (err);
	assert_int_equal(taken, queued);
	assert_int_equal(b->fake->late, queued);
	assert_int_equal(b->fake->error[0], '\0');
	assert_int_equal(snitch_device_flush(b->dev), 0);
}

static void verdicts_and_results(void **state)
{
	struct bench *b = *state;
	const struct fake_image image = { .id = 1, .pid = 7, .exe = "/usr/bin/curl" };
	struct snitch_verdict v = { .hdr.id = 10, .action = SNITCH_HOLD,
				    .origin = SNITCH_BY_MODE };
	struct snitch_bind bind = { .hdr.id = 1, .generation = b->fake->generation + 1 };
	struct snitch_flow_event flow;
	const struct snitch_result *r = (const struct snitch_result *)b->seen;

	assert_int_equal(fake_flow_init(&flow, 10, 1, IPPROTO_TCP, "2001:db8::1", 443), 0);
	assert_int_equal(fake_flow_add(b->fake, &flow), -ENOENT);
	assert_int_equal(fake_owner_add(b->fake, &image), 0);
	assert_int_equal(fake_flow_add(b->fake, &flow), 0);
	assert_int_equal(get(b), 2);
	assert_int_equal(snitch_device_verdict(b->dev, &v), 0);
	assert_int_equal(snitch_device_flush(b->dev), 0);
	assert_int_equal(fake_receive(b->fake), 1);
	assert_int_equal(fake_flow_get(b->fake, 10)->state, FAKE_HELD);
	v.action = SNITCH_ALLOW;
	v.flags = SNITCH_V_ACK;
	assert_int_equal(snitch_device_verdict(b->dev, &v), 0);
	assert_int_equal(snitch_device_verdict(b->dev, &v), 0);
	assert_int_equal(snitch_device_bind(b->dev, &bind), 0);
	assert_int_equal(snitch_device_flush(b->dev), 0);
	assert_int_equal(fake_receive(b->fake), 3);
	assert_int_equal(fake_flow_get(b->fake, 10)->state, FAKE_ALLOWED);
	assert_int_equal(fake_flow_get(b->fake, 10)->verdicts, 2);
	assert_int_equal(fake_cancel(b->fake, 10, SNITCH_CANCEL_CLOSED, SNITCH_DENY), -ENOENT);
	b->seen_len = 0;
	assert_int_equal(get(b), 3);
	assert_int_equal(r[0].error, 0);
	assert_int_equal(r[1].error, -ENOENT);
	assert_int_equal(r[2].error, -ESTALE);
	assert_int_equal(r[2].type, SNITCH_MSG_BIND);
}

/* ---- errors */

static void malformed_reads(void **state)
{
	struct bench *b = *state;
	struct golden g;

	golden_load("flow", &g);
	memcpy(g.bytes + g.len, g.bytes, g.len);
	((struct snitch_flow_event *)(g.bytes + g.len))->pad = 1;
	assert_int_equal(fake_send(b->fake, g.bytes, g.len * 2), 0);
	assert_int_equal(get(b), -EPROTO);
	assert_int_equal(b->flows, 0);	/* not even the good one before it */
	assert_int_equal(fake_send(b->fake, g.bytes, g.len - 8), 0);
	assert_int_equal(get(b), -EPROTO);
	assert_int_equal(fake_send(b->fake, g.bytes, g.len), 0);
	assert_int_equal(get(b), 1);
}

static void the_other_end_goes(void **state)
{
	struct bench *b = *state;
	struct snitch_verdict v = { .hdr.id = 1, .action = SNITCH_DENY, .origin = SNITCH_BY_MODE };
	struct golden g;
	int fd;

	golden_load("lost", &g);
	assert_int_equal(fake_send(b->fake, g.bytes, g.len), 0);
	fake_free(b->fake);
	b->fake = NULL;
	assert_int_equal(get(b), 1);
	assert_int_equal(get(b), -ESHUTDOWN);
	assert_int_equal(snitch_device_verdict(b->dev, &v), 0);
	assert_int_equal(snitch_device_flush(b->dev), -ESHUTDOWN);
	assert_int_equal(snitch_device_events(b->dev), POLLIN);
	assert_int_equal(snitch_device_owner_fd(b->dev, 1, &fd, NULL), -EOPNOTSUPP);
}

/* What adopting says when the first thing from the other end is @name's message. */
static int adopt_after(const char *name, unsigned int role)
{
	struct snitch_device *dev;
	struct golden g;
	int fd[2], err;

	golden_load(name, &g);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	assert_int_equal(send(fd[0], g.bytes, g.len, 0), g.len);
	err = snitch_device_adopt(fd[1], role, 0, &dev, NULL);
	if (!err)
		snitch_device_close(dev);
	else
		assert_int_equal(close(fd[1]), 0);	/* still the caller's */
	close(fd[0]);
	return err;
}

static void bad_handshakes(void **state)
{
	struct snitch_device *dev;
	int fd[2];

	(void)state;
	assert_int_equal(adopt_after("welcome", SNITCH_ROLE_DECIDER), 0);
	assert_int_equal(adopt_after("welcome", SNITCH_ROLE_OBSERVER), -EPROTO);
	assert_int_equal(adopt_after("lost", SNITCH_ROLE_DECIDER), -EPROTO);
	assert_int_equal(adopt_after("hello", SNITCH_ROLE_DECIDER), -EPROTO);
	assert_int_equal(adopt_after("welcome", 3), -EINVAL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	close(fd[0]);
	assert_int_equal(snitch_device_adopt(fd[1], SNITCH_ROLE_DECIDER, 0, &dev, NULL),
			 -ESHUTDOWN);
	close(fd[1]);
	assert_int_equal(snitch_device_open("/nonexistent/snitch", SNITCH_ROLE_DECIDER, 0, &dev,
					    NULL), -ENOENT);
	assert_int_equal(snitch_device_open("fd:x", SNITCH_ROLE_DECIDER, 0, &dev, NULL), -EINVAL);
	assert_int_equal(snitch_device_open("fd:99999", SNITCH_ROLE_DECIDER, 0, &dev, NULL),
			 -EBADF);
	snitch_device_close(NULL);
	fake_free(NULL);
}

static void opens_by_number(void **state)
{
	struct snitch_device *dev;
	struct fake *fake;
	char path[16];
	int fd;

	(void)state;
	assert_int_equal(fake_pair(SNITCH_ROLE_OBSERVER, &fake, &fd), 0);
	snprintf(path, sizeof(path), "fd:%d", fd);
	setenv(SNITCH_DEVICE_ENV, path, 1);
	assert_int_equal(snitch_device_open(NULL, SNITCH_ROLE_OBSERVER, 0, &dev, NULL), 0);
	unsetenv(SNITCH_DEVICE_ENV);
	assert_int_equal(snitch_device_fd(dev), fd);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fake_receive(fake), 1);
	assert_int_equal(fake->hello.role, SNITCH_ROLE_OBSERVER);
	snitch_device_close(dev);
	assert_int_equal(fake_receive(fake), -ESHUTDOWN);
	fake_free(fake);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(golden_events_arrive),
		cmocka_unit_test(golden_writes_leave),
		WITH_BENCH(queue_refuses_what_the_kernel_would),
		WITH_BENCH(queue_is_bounded_and_split),
		WITH_BENCH(verdicts_and_results),
		WITH_BENCH(malformed_reads),
		WITH_BENCH(the_other_end_goes),
		cmocka_unit_test(bad_handshakes),
		cmocka_unit_test(opens_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
