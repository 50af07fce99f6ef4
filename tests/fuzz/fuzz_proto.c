// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds changed golden messages and noise to kmod/proto.c. It must never let
 * pass a message whose members a reader could not believe: what is accepted is
 * walked, and every length in it used. $FUZZ_RUNS rounds, $FUZZ_SEED the seed.
 */
#include "kmod/proto.h"
#include "tests/unit/golden.h"

static const char *const names[] = {
	"verdict", "verdict-hold", "bind", "get-owner", "cache", "hello",
	"welcome", "owner", "flow", "flow-icmpv6", "flow-packet", "cancel", "lost", "result", "decided",
	"dns",
};

static struct golden golden[ARRAY_SIZE(names)];
static u64 seed;

static u32 roll(u32 below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)(seed >> 16) % below;
}

static void require(bool good, const char *what, unsigned long round)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_proto: round %lu: %s\n", round, what);
	exit(1);
}

/* Up to three messages, some bytes changed, perhaps cut; at most @size bytes. */
static size_t make(unsigned char *buf, size_t size)
{
	static const unsigned char odd[] = { 0, 1, 0x7f, 0x80, 0xff };
	u32 messages = 1 + roll(3), changes = roll(4);
	size_t len = 0;

	for (; messages; messages--) {
		const struct golden *g = &golden[roll(ARRAY_SIZE(names))];

		if (len + g->len > size)
			break;
		memcpy(buf + len, g->bytes, g->len);
		len += g->len;
	}
	for (; changes; changes--)
		buf[roll(len)] = roll(2) ? odd[roll(sizeof(odd))] : roll(256);
	return roll(8) ? len : roll(len + 1);
}

/* Touches all that an accepted OWNER says it has. */
static u32 use_owner(const struct snitch_owner *o, unsigned long round)
{
	const unsigned char *p = (const unsigned char *)(o + 1);
	size_t len = o->exe_len + o->cmd_len + o->cgroup_len + o->script_len;
	u32 sum = 0;

	require(sizeof(*o) + len <= o->hdr.size, "strings outside OWNER", round);
	require(o->hdr.size - sizeof(*o) - len < 8, "too much after the strings", round);
	for (; len; len--)
		sum += *p++;
	return sum;
}

/* Walks what was accepted: it must end where the buffer ends, after @count messages. */
static u32 walk(const void *buf, size_t len, unsigned int count, unsigned long round)
{
	const struct snitch_hdr *h;
	unsigned int n = 0;
	size_t off = 0;
	u32 sum = 0;

	while ((h = snitch_proto_next(buf, len, &off))) {
		require(off <= len, "a message past the end", round);
		require(h->version == SNITCH_MSG_VERSION, "an unknown version", round);
		if (h->type == SNITCH_MSG_OWNER)
			sum += use_owner((const struct snitch_owner *)h, round);
		if (h->type == SNITCH_MSG_VERDICT)
			require(((const struct snitch_verdict *)h)->action != SNITCH_ASK,
				"a verdict that asks", round);
		n++;
	}
	require(n == count && off == len, "another count", round);
	return sum;
}

/* One round on an exact heap copy, so that ASan sees one byte too much. */
static bool round_of(const unsigned char *bytes, size_t len, unsigned long round)
{
	void *buf = malloc(len ? len : 1);
	unsigned int count = 0;
	bool user, kernel;

	require(buf, "no memory", round);
	memcpy(buf, bytes, len);
	user = !snitch_proto_check_batch(buf, len, &count);
	if (user)
		walk(buf, len, count, round);
	kernel = !snitch_proto_check_read(buf, len, &count);
	if (kernel)
		walk(buf, len, count, round);
	require(!user || !kernel, "a batch of both directions", round);
	if (!snitch_proto_check_event(buf, len))
		require(kernel && count == 1, "an event that is no read", round);
	if (!snitch_proto_check_hello(buf, len))
		require(len == sizeof(struct snitch_hello), "a HELLO of another size", round);
	free(buf);
	return user || kernel;
}

int main(void)
{
	const char *runs = getenv("FUZZ_RUNS"), *from = getenv("FUZZ_SEED");
	unsigned long rounds = runs ? strtoul(runs, NULL, 0) : 300000, i, passed = 0;
	unsigned char buf[2048];
	size_t k;

	seed = from ? strtoull(from, NULL, 0) : 0;
	seed = seed ? seed : 0x9e3779b97f4a7c15;
	for (k = 0; k < ARRAY_SIZE(names); k++)
		golden_load(names[k], &golden[k]);
	for (i = 0; i < rounds; i++)
		passed += round_of(buf, make(buf, sizeof(buf)), i);
	/* Neither nothing nor everything: then it tested nothing. */
	require(rounds < 1000 || (passed > rounds / 50 && passed < rounds - rounds / 50),
		"almost all, or almost nothing passed", i);
	printf("fuzz_proto: %lu rounds, %lu passed\n", rounds, passed);
	return 0;
}
