// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manners of /dev/snitch, one line each: "ok NAME" or "not ok NAME: why".
 * Must never need traffic but what it makes itself.
 *
 * device-test CHECK [ADDRESS]   CHECK: hello, batch, results, efault, poll, roles, fuzz
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/snitch.h>

static const char *far_address;
static int failures;

/* Addresses that the compiler shall not think about: they are bad on purpose. */
static void *volatile bad_low = (void *)8;
static void *volatile bad_page;

static int check(int good, const char *name, long got)
{
	if (good)
		printf("ok %s\n", name);
	else
		printf("not ok %s: got %ld (%s)\n", name, got, strerrorname_np(labs(got)) ?: "-");
	fflush(stdout);
	failures += !good;
	return good;
}

static void is(long got, long want, const char *name)
{
	check(got == want, name, got);
}

static int device(int flags)
{
	int fd = open("/dev/snitch", O_RDWR | O_CLOEXEC | flags);

	if (fd < 0) {
		check(0, "open", -errno);
		exit(1);
	}
	return fd;
}

static struct snitch_hello hello_msg(unsigned int role, unsigned int flags)
{
	return (struct snitch_hello){
		.hdr = { .size = sizeof(struct snitch_hello), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_HELLO },
		.abi_major = SNITCH_ABI_MAJOR, .abi_minor = SNITCH_ABI_MINOR, .role = role,
		.flags = flags,
	};
}

static long put(int fd, const void *buf, size_t len)
{
	ssize_t n = write(fd, buf, len);

	return n < 0 ? -errno : n;
}

static long hello(int fd, unsigned int role, unsigned int flags)
{
	struct snitch_hello h = hello_msg(role, flags);

	return put(fd, &h, sizeof(h));
}

static long get(int fd, void *buf, size_t len)
{
	ssize_t n = read(fd, buf, len);

	return n < 0 ? -errno : n;
}

/* Reads until a message of @type is there; copies it to @out; 0 when none comes in 2 s. */
static int get_type(int fd, unsigned int type, void *out, size_t len)
{
	static char buf[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, 2000) > 0) {
		long n = get(fd, buf, sizeof(buf)), off;

		if (n <= 0)
			return 0;
		for (off = 0; off < n; off += ((struct snitch_hdr *)(buf + off))->size) {
			struct snitch_hdr *h = (struct snitch_hdr *)(buf + off);

			if (h->type == type) {
				memcpy(out, h, h->size < len ? h->size : len);
				return 1;
			}
		}
	}
	return 0;
}

static int decider(int flags)
{
	struct snitch_welcome w = { 0 };
	int fd = device(flags);

	is(hello(fd, SNITCH_ROLE_DECIDER, 0), sizeof(struct snitch_hello), "decider attached");
	check(get_type(fd, SNITCH_MSG_WELCOME, &w, sizeof(w)) && w.abi_major == SNITCH_ABI_MAJOR &&
	      w.role == SNITCH_ROLE_DECIDER && w.instance, "welcome says who we are", 0);
	return fd;
}

/* A datagram to a port that no rule knows; its flow must be parked. */
static int send_unknown(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, far_address, &a.sin_addr);
	if (sendto(fd, "device", 6, 0, (struct sockaddr *)&a, sizeof(a)) < 0)
		check(0, "send", -errno);
	return fd;
}

static struct snitch_verdict verdict_msg(__u64 id, unsigned int action, unsigned int flags)
{
	return (struct snitch_verdict){
		.hdr = { .size = sizeof(struct snitch_verdict), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_VERDICT, .id = id },
		.action = action, .flags = flags, .origin = SNITCH_BY_PERSON,
	};
}

static void bad_hellos(int fd)
{
	struct snitch_hello h = hello_msg(SNITCH_ROLE_DECIDER, 0);

	is(put(fd, &h, sizeof(h) - 8), -EINVAL, "short hello: EINVAL");
	h.role = 3;
	is(put(fd, &h, sizeof(h)), -EINVAL, "unknown role: EINVAL");
	h = hello_msg(SNITCH_ROLE_DECIDER, 0x80);
	is(put(fd, &h, sizeof(h)), -EINVAL, "unknown flag: EINVAL");
	h = hello_msg(SNITCH_ROLE_DECIDER, 0);
	h.abi_major = 99;
	is(put(fd, &h, sizeof(h)), -EPROTONOSUPPORT, "other ABI: EPROTONOSUPPORT");
	h.abi_major = SNITCH_ABI_MAJOR;
	h.pad = 1;
	is(put(fd, &h, sizeof(h)), -EINVAL, "padding not zero: EINVAL");
}

static void test_hello(void)
{
	const long whole = sizeof(struct snitch_hello);
	struct snitch_verdict v = verdict_msg(1, SNITCH_ALLOW, 0);
	char buf[SNITCH_READ_MIN];
	int fd = device(O_NONBLOCK), fd2;

	is(put(fd, &v, sizeof(v)), -EPROTO, "verdict before hello: EPROTO");
	bad_hellos(fd);
	is(hello(fd, SNITCH_ROLE_DECIDER, 0), whole, "hello");
	is(hello(fd, SNITCH_ROLE_DECIDER, 0), -EPROTO, "second hello: EPROTO");
	is(get(fd, buf, 8), -EINVAL, "no message fits the buffer: EINVAL");
	is(get(fd, buf, sizeof(buf)), sizeof(struct snitch_welcome), "welcome");
	is(get(fd, buf, sizeof(buf)), -EAGAIN, "nothing to read: EAGAIN");
	fd2 = device(0);
	is(hello(fd2, SNITCH_ROLE_DECIDER, 0), -EBUSY, "second decider: EBUSY");
	is(hello(fd2, SNITCH_ROLE_OBSERVER, 0), whole,
	   "the same file may still become an observer");
	close(fd2);
	fd2 = device(0);
	is(hello(fd2, SNITCH_ROLE_DECIDER, SNITCH_HELLO_TAKEOVER), whole, "takeover");
	is(put(fd, &v, sizeof(v)), -EPERM, "replaced decider writes: EPERM");
	is(get(fd, buf, sizeof(buf)), -EPERM, "replaced decider reads: EPERM");
	close(fd);
	close(fd2);
}

static void bad_batch(int fd, const char *what, struct snitch_verdict second)
{
	struct snitch_verdict both[2] = { verdict_msg(12345, SNITCH_ALLOW, SNITCH_V_ACK), second };
	char name[128], buf[SNITCH_READ_MIN];

	snprintf(name, sizeof(name), "batch with %s: EINVAL", what);
	is(put(fd, both, sizeof(both)), -EINVAL, name);
	snprintf(name, sizeof(name), "batch with %s: nothing was done", what);
	is(get(fd, buf, sizeof(buf)), -EAGAIN, name);
}

static void test_batch(void)
{
	struct snitch_verdict v = verdict_msg(7, SNITCH_ALLOW, 0);
	static char big[SNITCH_WRITE_MAX + 8];
	int fd = decider(O_NONBLOCK);

	v.hdr.size = 1000;
	bad_batch(fd, "a size past the end", v);
	v.hdr.size = 12;
	bad_batch(fd, "a size below the header", v);
	v.hdr.size = 0;
	bad_batch(fd, "a size of 0", v);
	v = verdict_msg(7, SNITCH_ALLOW, 0);
	v.hdr.version = 2;
	bad_batch(fd, "another version", v);
	v.hdr.version = 1;
	v.hdr.type = SNITCH_MSG_FLOW;
	bad_batch(fd, "a message of the kernel's", v);
	v = verdict_msg(7, SNITCH_ASK, 0);
	bad_batch(fd, "action ask", v);
	v = verdict_msg(7, 0, 0);
	bad_batch(fd, "action 0", v);
	v = verdict_msg(7, SNITCH_ALLOW, 0x80000000);
	bad_batch(fd, "an unknown flag", v);
	v = verdict_msg(7, SNITCH_ALLOW, 0);
	v.pad = 1;
	bad_batch(fd, "padding that is not zero", v);
	v.pad = 0;
	v.origin = SNITCH_BY_KERNEL;
	bad_batch(fd, "an origin of the kernel's", v);
	v = verdict_msg(0, SNITCH_ALLOW, 0);
	bad_batch(fd, "id 0", v);
	is(put(fd, &v, 20), -EINVAL, "half a message: EINVAL");
	is(put(fd, big, sizeof(big)), -E2BIG, "too long a write: E2BIG");
	is(put(fd, big, 0), -EINVAL, "empty write: EINVAL");
	is(put(fd, bad_low, 64), -EFAULT, "unreadable memory: EFAULT");
	close(fd);
}

static void test_results(void)
{
	struct snitch_verdict v[3] = { verdict_msg(1ULL << 40, SNITCH_ALLOW, 0) };
	struct snitch_result r = { .error = -1 };
	struct snitch_flow_event f = { 0 };
	int fd = decider(0), s;

	is(put(fd, v, sizeof(v[0])), sizeof(v[0]), "stale id: the write succeeds");
	check(get_type(fd, SNITCH_MSG_RESULT, &r, sizeof(r)) && r.hdr.id == 1ULL << 40 &&
	      r.error == -ENOENT && r.type == SNITCH_MSG_VERDICT, "stale id: RESULT ENOENT", r.error);
	s = send_unknown(7001);
	if (!check(get_type(fd, SNITCH_MSG_FLOW, &f, sizeof(f)) && f.dport == 7001,
		   "unknown datagram is parked", 0))
		return;
	v[0] = verdict_msg(1ULL << 41, SNITCH_ALLOW, 0);
	v[1] = verdict_msg(f.hdr.id, SNITCH_HOLD, SNITCH_V_ACK);
	v[2] = verdict_msg(f.hdr.id, SNITCH_DENY, SNITCH_V_ACK);
	is(put(fd, v, sizeof(v)), sizeof(v), "batch of stale, hold, deny");
	check(get_type(fd, SNITCH_MSG_RESULT, &r, sizeof(r)) && r.hdr.id == 1ULL << 41 &&
	      r.error == -ENOENT, "the stale one fails alone", r.error);
	close(s);
	s = send_unknown(7002);
	check(get_type(fd, SNITCH_MSG_FLOW, &f, sizeof(f)) && f.dport == 7002, "next flow", 0);
	v[0] = verdict_msg(f.hdr.id, SNITCH_DENY, SNITCH_V_ACK);
	put(fd, v, sizeof(v[0]));
	check(get_type(fd, SNITCH_MSG_RESULT, &r, sizeof(r)) && r.hdr.id == f.hdr.id && !r.error,
	      "ACK asks for a RESULT of 0", r.error);
	put(fd, v, sizeof(v[0]));
	check(get_type(fd, SNITCH_MSG_RESULT, &r, sizeof(r)) && r.error == -ENOENT,
	      "an id is good once", r.error);
	close(s);
	close(fd);
}

static void test_efault(void)
{
	char *page = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct snitch_flow_event f = { 0 };
	struct snitch_owner_fd arg = { .id = 1 };
	struct pollfd p = { .events = POLLIN };
	int fd = decider(O_NONBLOCK), s;
	struct snitch_verdict v;

	munmap(page + 4096, 4096);
	bad_page = page + 4096 - 16;
	s = send_unknown(7003);
	p.fd = fd;
	is(poll(&p, 1, 2000), 1, "the flow is announced");
	is(get(fd, bad_page, SNITCH_READ_MIN), -EFAULT, "read into a hole: EFAULT");
	is(get(fd, bad_low, SNITCH_READ_MIN), -EFAULT, "read to nowhere: EFAULT");
	check(get_type(fd, SNITCH_MSG_FLOW, &f, sizeof(f)) && f.dport == 7003,
	      "the event was put back", 0);
	is(ioctl(fd, SNITCH_IOC_OWNER_FD, bad_low) < 0 ? -errno : 0, -EFAULT,
	   "ioctl from nowhere: EFAULT");
	arg.id = 1ULL << 50;
	is(ioctl(fd, SNITCH_IOC_OWNER_FD, &arg) < 0 ? -errno : 0, -ENOENT,
	   "OWNER_FD of an unknown owner: ENOENT");
	is(ioctl(fd, 0x1234, &arg) < 0 ? -errno : 0, -ENOTTY, "unknown ioctl: ENOTTY");
	v = verdict_msg(f.hdr.id, SNITCH_DENY, 0);
	put(fd, &v, sizeof(v));
	close(s);
	close(fd);
}

static void test_roles(void)
{
	struct snitch_verdict v = verdict_msg(1, SNITCH_ALLOW, 0);
	struct snitch_owner_fd arg = { .id = 1 };
	struct snitch_flow_event f = { 0 }, seen = { 0 };
	struct snitch_decided d = { .action = 0 };
	struct snitch_hdr h;
	int fd = decider(0), o = device(O_NONBLOCK), s;

	hello(o, SNITCH_ROLE_OBSERVER, 0);
	check(get_type(o, SNITCH_MSG_WELCOME, &h, sizeof(h)), "observer is welcome", 0);
	is(put(o, &v, sizeof(v)), -EPERM, "observer sends a verdict: EPERM");
	is(ioctl(o, SNITCH_IOC_OWNER_FD, &arg) < 0 ? -errno : 0, -EPERM,
	   "observer asks OWNER_FD: EPERM");
	s = send_unknown(7004);
	check(get_type(fd, SNITCH_MSG_FLOW, &f, sizeof(f)), "decider sees the flow", 0);
	check(get_type(o, SNITCH_MSG_FLOW, &seen, sizeof(seen)) && seen.hdr.id == f.hdr.id,
	      "observer sees the flow", 0);
	v = verdict_msg(f.hdr.id, SNITCH_DENY, 0);
	put(fd, &v, sizeof(v));
	check(get_type(o, SNITCH_MSG_DECIDED, &d, sizeof(d)) && d.hdr.id == f.hdr.id &&
	      d.action == SNITCH_DENY && d.origin == SNITCH_BY_PERSON, "observer sees the verdict", 0);
	close(s);
	close(o);
	close(fd);
}

static void test_poll(void)
{
	char buf[SNITCH_READ_MIN];
	struct pollfd p = { .events = POLLIN | POLLOUT };
	int fd = device(O_NONBLOCK), s;
	struct snitch_flow_event f = { 0 };
	struct snitch_verdict v;

	hello(fd, SNITCH_ROLE_DECIDER, 0);
	p.fd = fd;
	check(poll(&p, 1, 1000) == 1 && p.revents & POLLIN && p.revents & POLLOUT,
	      "welcome makes it readable, and writable it is", p.revents);
	get(fd, buf, sizeof(buf));
	p.events = POLLIN;
	is(poll(&p, 1, 50), 0, "then there is nothing");
	s = send_unknown(7005);
	is(poll(&p, 1, 2000), 1, "a parked flow wakes poll");
	check(get_type(fd, SNITCH_MSG_FLOW, &f, sizeof(f)) && f.proto == IPPROTO_UDP &&
	      f.family == AF_INET && f.bytes == 34 && f.uid == geteuid(), "the flow is ours", f.bytes);
	v = verdict_msg(f.hdr.id, SNITCH_DENY, 0);
	put(fd, &v, sizeof(v));
	is(lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0, -ESPIPE, "no seeking");
	close(s);
	close(fd);
}

union batch {
	char bytes[512];
	struct snitch_hdr h;
};

/* Wholly random, or a message that is right but for a few bytes; returns its length. */
static size_t random_batch(union batch *b, unsigned int *seed, unsigned int i)
{
	static const unsigned char sizes[] = { 40, 32, 16, 72, 48, 64, 80 };
	size_t k;

	for (k = 0; k < sizeof(b->bytes); k++)
		b->bytes[k] = rand_r(seed) % 4 ? 0 : rand_r(seed);
	if (i % 4) {
		b->h = (struct snitch_hdr){ .size = sizes[rand_r(seed) % 7], .version = 1,
			.type = rand_r(seed) % 8, .id = rand_r(seed) };
		if (i % 8 < 6)
			memset(b->bytes + 24, 0, sizeof(b->bytes) - 24);
		if (i % 2)
			return b->h.size;
	}
	return rand_r(seed) % 65 * 8;
}

/* No batch may do harm, all answers must be known errors. */
static void test_fuzz(void)
{
	unsigned int seed = 1, i, odd = 0, good = 0;
	static char sink[65536];
	union batch b;
	int fd = decider(O_NONBLOCK);

	for (i = 0; i < 20000; i++) {
		size_t len = random_batch(&b, &seed, i);
		long n = put(fd, b.bytes, len);

		good += n > 0;
		if (n <= 0 && n != -EINVAL && n != -EPROTO && n != -ENOBUFS)
			odd++;
		if (i % 64 == 0)
			get(fd, sink, sizeof(sink));
	}
	is(odd, 0, "20000 random batches: only EINVAL, EPROTO, ENOBUFS");
	check(good > 0, "some of them were well-formed", good);
	close(fd);
}

static const struct {
	const char *name;
	void (*run)(void);
} checks[] = {
	{ "hello", test_hello }, { "batch", test_batch }, { "results", test_results },
	{ "efault", test_efault }, { "roles", test_roles }, { "poll", test_poll },
	{ "fuzz", test_fuzz },
};

int main(int argc, char **argv)
{
	far_address = argc > 2 ? argv[2] : "10.77.0.2";
	for (size_t i = 0; argc > 1 && i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (!strcmp(checks[i].name, argv[1])) {
			checks[i].run();
			return failures != 0;
		}
	}
	fprintf(stderr, "device-test hello|batch|results|efault|roles|poll|fuzz [ADDRESS]\n");
	return 2;
}
