// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recordings and replays, and the scripts of the fake device. It must never
 * leave a file behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "golden.h"
#include "snitch.h"
#include "tests/fake/fake.h"

/* What was handed on, as text: one letter an event. */
struct story {
	char text[64];
	size_t len;
};

static void tell(void *ctx, char what)
{
	struct story *s = ctx;

	assert_true(s->len + 1 < sizeof(s->text));
	s->text[s->len++] = what;
}

static void on_owner(void *ctx, const struct snitch_owner_info *o)
{
	assert_int_equal(o->cmdline_len, 27);
	tell(ctx, 'o');
}

static void on_flow(void *ctx, const struct snitch_flow_event *flow)
{
	assert_int_equal(flow->owner, 5);
	tell(ctx, 'f');
}

static void on_cancel(void *ctx, const struct snitch_cancel *cancel)
{
	assert_int_equal(cancel->hdr.id, 9);
	tell(ctx, 'c');
}

static void on_result(void *ctx, const struct snitch_result *result)
{
	(void)result;
	tell(ctx, 'r');
}

static void on_sent(void *ctx, const struct snitch_hdr *msg)
{
	tell(ctx, msg->type == SNITCH_MSG_VERDICT ? 'V' : '?');
}

static void on_again(void *ctx, const struct snitch_welcome *welcome)
{
	assert_int_equal(welcome->max_flows, 4096);
	tell(ctx, 'A');
}

static const struct snitch_handler handler = {
	.owner = on_owner, .flow = on_flow, .cancel = on_cancel, .result = on_result,
	.sent = on_sent, .again = on_again,
};

static void golden_send(struct fake *fake, const char *name)
{
	struct golden g;

	golden_load(name, &g);
	assert_int_equal(fake_send(fake, g.bytes, g.len), 0);
}

static void decide(struct snitch_device *dev)
{
	const struct snitch_verdict v = { .hdr.id = 9, .action = SNITCH_DENY,
					  .origin = SNITCH_BY_RULE, .origin_id = 4 };

	assert_int_equal(snitch_device_verdict(dev, &v), 0);
	assert_int_equal(snitch_device_flush(dev), 0);
}

static void temporary(char path[32])
{
	int fd;

	strcpy(path, "/tmp/snitch-record-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

/* Owner and flow, a verdict, a CANCEL that crossed it, its RESULT. */
static void record_to(FILE *file, int (*begin)(struct snitch_device *dev, FILE *file))
{
	struct story live = { 0 };
	struct snitch_device *dev;
	struct fake *fake;
	int fd;

	assert_non_null(file);
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &fake, &fd), 0);
	assert_int_equal(snitch_device_adopt(fd, SNITCH_ROLE_DECIDER, 0, &dev, NULL), 0);
	assert_int_equal(begin(dev, file), 0);
	golden_send(fake, "owner");
	golden_send(fake, "flow-icmpv6");
	assert_int_equal(snitch_device_read(dev, &handler, &live), 2);
	decide(dev);
	golden_send(fake, "cancel");
	assert_int_equal(fake_receive(fake), 2);	/* HELLO and the verdict */
	assert_int_equal(snitch_device_read(dev, &handler, &live), 2);
	assert_string_equal(live.text, "ofcr");
	assert_int_equal(snitch_device_record_error(dev), 0);
	assert_int_equal(snitch_device_record(dev, NULL), 0);
	golden_send(fake, "cancel");	/* after the end: not in the recording */
	assert_int_equal(snitch_device_read(dev, &handler, &live), 1);
	snitch_device_close(dev);
	fake_free(fake);
}

static void record(const char *path)
{
	FILE *file = fopen(path, "we");

	record_to(file, snitch_device_record);
	fclose(file);
}

static int replay(struct snitch_device *dev, struct story *story)
{
	struct pollfd p = { .fd = snitch_device_fd(dev), .events = POLLIN };
	int n;

	do {
		assert_int_equal(poll(&p, 1, 0), 1);
		n = snitch_device_read(dev, &handler, story);
	} while (n > 0);
	return n;
}

static void a_recording_plays_back(void **state)
{
	struct snitch_welcome welcome;
	struct story story = { 0 };
	struct snitch_device *dev;
	char path[32];
	int fd;

	(void)state;
	temporary(path);
	record(path);
	assert_int_equal(snitch_replay_open(path, &dev, &welcome), 0);
	assert_int_equal(welcome.max_flows, 4096);
	assert_int_equal(replay(dev, &story), -ESHUTDOWN);
	assert_string_equal(story.text, "ofVcr");
	assert_int_equal(snitch_device_owner_fd(dev, 5, &fd, NULL), -EOPNOTSUPP);
	snitch_device_close(dev);
	unlink(path);
}

/* The kernel went and came back: one file, one beginning, and the replay says where. */
static void a_recording_goes_on(void **state)
{
	struct story story = { 0 };
	struct snitch_device *dev;
	char path[32];
	FILE *file;

	(void)state;
	temporary(path);
	file = fopen(path, "we");
	record_to(file, snitch_device_record);
	record_to(file, snitch_device_record_on);
	fclose(file);
	assert_int_equal(snitch_replay_open(path, &dev, NULL), 0);
	assert_int_equal(replay(dev, &story), -ESHUTDOWN);
	assert_string_equal(story.text, "ofVcrAofVcr");
	snitch_device_close(dev);
	unlink(path);
}

/* Without the times, two recordings of the same stream are the same bytes. */
static size_t slurp(const char *path, unsigned char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t len, at;
	uint32_t piece;

	assert_non_null(f);
	len = fread(buf, 1, size, f);
	fclose(f);
	for (at = 8; at + 16 <= len; at += 16 + piece) {
		memcpy(&piece, buf + at, sizeof(piece));
		memset(buf + at + 8, 0, 8);
	}
	assert_int_equal(at, len);
	return len;
}

static void a_replay_records_the_same(void **state)
{
	static unsigned char first[65536], second[65536];
	struct story story = { 0 };
	struct snitch_device *dev;
	char path[32], again[32];
	FILE *file;
	size_t len;

	(void)state;
	temporary(path);
	temporary(again);
	record(path);
	file = fopen(again, "we");
	assert_non_null(file);
	assert_int_equal(snitch_replay_open(path, &dev, NULL), 0);
	assert_int_equal(snitch_device_record(dev, file), 0);
	assert_int_equal(snitch_device_read(dev, &handler, &story), 1);
	assert_int_equal(snitch_device_read(dev, &handler, &story), 1);
	decide(dev);	/* the same decision, now checked, recorded and dropped */
	assert_int_equal(replay(dev, &story), -ESHUTDOWN);
	snitch_device_close(dev);
	fclose(file);
	len = slurp(path, first, sizeof(first));
	assert_int_equal(slurp(again, second, sizeof(second)), len);
	assert_memory_equal(first, second, len);
	unlink(path);
	unlink(again);
}

/* Opens, or plays, what is left of a recording after a change; the error. */
static int play_changed(const unsigned char *bytes, size_t len, size_t at, unsigned char value)
{
	struct story story = { 0 };
	struct snitch_device *dev;
	char path[32];
	FILE *f;
	int err;

	temporary(path);
	f = fopen(path, "we");
	assert_non_null(f);
	fwrite(bytes, 1, len, f);
	if (at < len) {
		fseek(f, (long)at, SEEK_SET);
		fputc(value, f);
	}
	fclose(f);
	err = snitch_replay_open(path, &dev, NULL);
	if (!err) {
		err = replay(dev, &story);
		snitch_device_close(dev);
	}
	unlink(path);
	return err;
}

static void broken_recordings_are_refused(void **state)
{
	static unsigned char bytes[65536];
	const size_t welcome = 8 + 16 + sizeof(struct snitch_welcome);
	struct snitch_device *dev;
	char path[32];
	size_t len, cut;
	int err;

	(void)state;
	temporary(path);
	record(path);
	len = slurp(path, bytes, sizeof(bytes));
	unlink(path);
	assert_int_equal(play_changed(bytes, len, len, 0), -ESHUTDOWN);
	for (cut = 0; cut < welcome; cut++)
		assert_int_equal(play_changed(bytes, cut, cut, 0), -EBADMSG);
	for (; cut < len; cut++) {
		err = play_changed(bytes, cut, cut, 0);
		assert_true(err == -EPROTO || err == -ESHUTDOWN);
	}
	assert_int_equal(play_changed(bytes, len - 1, len, 0), -EPROTO);
	assert_int_equal(play_changed(bytes, len, 0, 'X'), -EBADMSG);
	assert_int_equal(play_changed(bytes, len, 12, 1), -EBADMSG);	/* WELCOME's direction */
	assert_int_equal(play_changed(bytes, len, welcome + 2, 0xff), -EPROTO);	/* length */
	assert_int_equal(play_changed(bytes, len, welcome + 4, 7), -EPROTO);	/* direction */
	assert_int_equal(play_changed(bytes, len, welcome + 16 + 6, 99), -EPROTO); /* type */
	assert_int_equal(snitch_replay_open("/nonexistent/file", &dev, NULL), -ENOENT);
	assert_int_equal(snitch_replay_open("/", &dev, NULL), -EBADMSG);
}

static void a_full_disk_ends_only_the_recording(void **state)
{
	FILE *full = fopen("/dev/full", "we");
	struct story story = { 0 };
	struct snitch_device *dev;
	struct fake *fake;
	int fd;

	(void)state;
	if (!full)
		skip();
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &fake, &fd), 0);
	assert_int_equal(snitch_device_adopt(fd, SNITCH_ROLE_DECIDER, 0, &dev, NULL), 0);
	assert_int_equal(snitch_device_record(dev, full), -EIO);
	assert_int_equal(snitch_device_record_error(dev), -ENOSPC);
	golden_send(fake, "cancel");
	assert_int_equal(snitch_device_read(dev, &handler, &story), 1);
	decide(dev);
	assert_int_equal(fake_receive(fake), 2);
	snitch_device_close(dev);
	fake_free(fake);
	fclose(full);
}

/* A parked flow of an earlier decider comes in the read that brings WELCOME: it is recorded. */
static void what_comes_with_welcome_is_recorded(void **state)
{
	static const char *const names[] = { "welcome", "owner", "flow-icmpv6" };
	unsigned char together[2048];
	struct story live = { 0 }, played = { 0 };
	struct snitch_device *dev;
	struct golden g;
	char path[32];
	size_t len = 0, i;
	FILE *file;
	int fd[2];

	(void)state;
	for (i = 0; i < 3; i++) {
		golden_load(names[i], &g);
		assert_true(len + g.len <= sizeof(together));
		memcpy(together + len, g.bytes, g.len);
		len += g.len;
	}
	temporary(path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	assert_int_equal(send(fd[0], together, len, 0), len);
	assert_int_equal(snitch_device_adopt(fd[1], SNITCH_ROLE_DECIDER, 0, &dev, NULL), 0);
	assert_int_equal(snitch_device_record(dev, file), 0);
	golden_load("cancel", &g);
	assert_int_equal(send(fd[0], g.bytes, g.len, 0), g.len);
	assert_int_equal(snitch_device_read(dev, &handler, &live), 3);
	assert_string_equal(live.text, "ofc");
	snitch_device_close(dev);
	close(fd[0]);
	fclose(file);
	assert_int_equal(snitch_replay_open(path, &dev, NULL), 0);
	assert_int_equal(replay(dev, &played), -ESHUTDOWN);
	assert_string_equal(played.text, "ofc");
	snitch_device_close(dev);
	unlink(path);
}

/* ---- scripts */

/* Plays @script to a client that says HELLO and one verdict; what fake_play() says. */
static int play(const char *script)
{
	FILE *f = fmemopen((void *)script, strlen(script), "r");
	const struct snitch_verdict v = { .hdr.id = 9, .action = SNITCH_DENY,
					  .origin = SNITCH_BY_RULE };
	struct snitch_device *dev;
	struct fake *fake;
	FILE *first;
	int fd, err;

	assert_non_null(f);
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &fake, &fd), 0);
	assert_int_equal(snitch_device_adopt(fd, SNITCH_ROLE_DECIDER, 0, &dev, NULL), 0);
	first = fmemopen((void *)"owner 5 exe /bin/a uid 7\nflow 9 owner 5 udp ::1 port 53\n",
			 56, "r");
	assert_non_null(first);
	assert_int_equal(fake_play(fake, first, "first", NULL), 0);
	assert_int_equal(fake_flow_get(fake, 9)->event.uid, 7);
	assert_int_equal(snitch_device_verdict(dev, &v), 0);
	assert_int_equal(snitch_device_flush(dev), 0);
	err = fake_play(fake, f, "script", NULL);
	fclose(first);
	fclose(f);
	snitch_device_close(dev);
	fake_free(fake);
	return err;
}

static void scripts_can_fail(void **state)
{
	static const char *const good[] = {
		"hello within 10\nexpect 9 deny by rule within 10\n",
		"# nothing\n\n   wait 1 # blank\nexpect 9 deny within 0",
		"generation 4\nflow 10 owner 5 132 192.0.2.1\nlost 1\n"
		"cancel 10 closed deny\nexpect-none 10 for 1\n",
		"owner 6 parent 5 pid 8 flags deleted,script cmd \"a\\0b\\x1b\\\"\" comm \"a b\"",
	};
	static const char *const bad[] = {
		"expect 9 allow within 1", "expect 9 deny by person within 1", "expect 9 ask",
		"expect 10 deny", "expect 9 deny within", "expect 9 deny too", "expect-none 9 for 1",
		"expect-bind 5 1 within 1", "expect-cache 5 deny within 1",
		"expect-asked 5 within 1", "until-closed within 1", "nonsense", "owner x",
		"owner 6 colour red", "owner 6 flags red", "owner 6 exe", "owner 6 cmd \"open",
		"owner 6 cmd \"\\q\"", "flow 10 owner 77 tcp 192.0.2.1", "flow 10 tcp 192.0.2.1",
		"flow 10 owner 5 tcp here", "flow 10 owner 5 tcp 192.0.2.1 port 65536",
		"cancel 9 never deny", "cancel 10 closed deny", "generation", "wait -1",
		"lost many", "wait 99999999999999999999",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(play(good[i]), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!play(bad[i]))
			fail_msg("played: %s", bad[i]);
}

static int write_first(const char *name, size_t cut)
{
	struct fake *fake;
	struct golden g;
	int fd, err;

	golden_load(name, &g);
	assert_int_equal(fake_pair(SNITCH_ROLE_DECIDER, &fake, &fd), 0);
	assert_int_equal(write(fd, g.bytes, g.len - cut), g.len - cut);
	err = fake_receive(fake);
	if (!err || (err > 0 && !fake->greeted))
		fail_msg("HELLO was not asked for");
	if (err > 0) {	/* a second HELLO */
		assert_int_equal(write(fd, g.bytes, g.len), g.len);
		err = fake_receive(fake);
	}
	assert_true(fake->error[0] != '\0');
	close(fd);
	fake_free(fake);
	return err;
}

static void a_fake_refuses_what_the_kernel_refuses(void **state)
{
	(void)state;
	assert_int_equal(write_first("verdict", 0), -EPROTO);
	assert_int_equal(write_first("hello", 8), -EINVAL);
	assert_int_equal(write_first("hello", 0), -EPROTO);
	assert_int_equal(write_first("flow", 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_plays_back),
		cmocka_unit_test(a_recording_goes_on),
		cmocka_unit_test(a_replay_records_the_same),
		cmocka_unit_test(what_comes_with_welcome_is_recorded),
		cmocka_unit_test(broken_recordings_are_refused),
		cmocka_unit_test(a_full_disk_ends_only_the_recording),
		cmocka_unit_test(scripts_can_fail),
		cmocka_unit_test(a_fake_refuses_what_the_kernel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
