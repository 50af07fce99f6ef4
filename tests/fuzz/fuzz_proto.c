// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds changed golden messages and noise to kmod/proto.c. It must never let
 * pass a message whose members a reader could not believe: what is accepted is
 * walked, and every length in it used. $FUZZ_RUNS rounds, $FUZZ_SEED the seed.
 */
#include "kmod/proto.h"
#include "rounds.h"
#include "tests/unit/golden.h"

static const char *const names[] = {
	"verdict", "verdict-hold", "bind", "get-owner", "cache", "hello",
	"welcome", "owner", "flow", "flow-icmpv6", "flow-packet", "cancel", "lost", "result", "decided",
	"dns", "data", "verdict-data",
};

static struct golden golden[ARRAY_SIZE(names)];

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

/* Touches the @len bytes that an accepted message says it has behind its @head ones. */
static u32 use_bytes(const struct snitch_hdr *h, size_t head, size_t len, unsigned long round)
{
	const unsigned char *p = (const unsigned char *)h + head;
	u32 sum = 0;

	require(head + len <= h->size, "bytes outside the message", round);
	require(h->size - head - len < 8, "too much after the bytes", round);
	for (; len; len--)
		sum += *p++;
	return sum;
}

static u32 use_owner(const struct snitch_owner *o, unsigned long round)
{
	return use_bytes(&o->hdr, sizeof(*o), o->exe_len + o->cmd_len + o->cgroup_len + o->script_len,
			 round);
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
		if (h->type == SNITCH_MSG_DNS)
			sum += use_bytes(h, sizeof(struct snitch_dns),
					 ((const struct snitch_dns *)h)->len, round);
		if (h->type == SNITCH_MSG_DATA)
			sum += use_bytes(h, sizeof(struct snitch_data),
					 ((const struct snitch_data *)h)->len, round);
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
	unsigned long rounds = rounds_begin(300000), i, passed = 0;
	unsigned char buf[2048];
	size_t k;

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
