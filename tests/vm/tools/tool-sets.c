// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-tool's address sets. In the text of `policy`:
 *
 *   set ID TAG keep            what is in force
 *   set ID TAG ITEM...         ITEM: ADDRESS, ADDRESS/LEN, ADDRESS-ADDRESS, or many:N and
 *                              many6:N, that is N networks that do not touch: 20.0.0.0/32,
 *                              20.0.0.2/32... and 2001:db8::/64, 2001:db8:0:2::/64...
 *
 * snitch-tool change, lines on stdin, one transaction:
 *   replace ID TAG ITEM...
 *   delta ID TAG [+ITEM | -ITEM]...
 * snitch-tool sets: a dump. What is sent is sent in the order of the text: the kernel must refuse
 * what is not sorted. Must never correct a text.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

#define SETS_MAX (SNITCH_SETS_MAX + 1)	/* one too many */
#define ITEMS_MAX 64

static struct set {
	struct snitch_set_head head;
	char *items[ITEMS_MAX];
	unsigned int n;
} sets[SETS_MAX];
static uint32_t n_sets;
static struct nl nl;

/* ---- text ---- */

/* "many:N" or "many6:N", or 0. */
static uint32_t many_of(const char *item, uint8_t *family)
{
	*family = strncmp(item, "many6:", 6) ? AF_INET : AF_INET6;
	if (strncmp(item, "many", 4))
		return 0;
	return number_of(strchr(item, ':') + 1, UINT32_MAX);
}

static void count(struct snitch_set_head *h, const char *item, bool gone)
{
	uint8_t family;
	uint32_t n = many_of(item, &family) ?: 1;

	if (!strncmp(item, "many", 4) ? family == AF_INET6 : strchr(item, ':') != NULL)
		*(gone ? &h->gone6 : &h->ranges6) += n;
	else
		*(gone ? &h->gone4 : &h->ranges4) += n;
}

static void set_words(uint32_t flags, char **save)
{
	struct set *s = &sets[n_sets];
	char *id = strtok_r(NULL, " \t\n", save), *tag = strtok_r(NULL, " \t\n", save), *word;

	if (!id || !tag || n_sets++ == SETS_MAX)
		die(0, "a set is ID TAG ..., and not too many");
	s->head.id = number_of(id, UINT32_MAX);
	s->head.tag = number_of(tag, UINT64_MAX);
	s->head.flags = flags;
	while ((word = strtok_r(NULL, " \t\n", save))) {
		if (!strcmp(word, "keep")) {
			s->head.flags |= SNITCH_SET_KEEP;
			continue;
		}
		if (s->n == ITEMS_MAX)
			die(0, "too many items");
		s->items[s->n++] = strdup(word);
		count(&s->head, word + (*word == '+' || *word == '-'), *word == '-');
	}
}

uint32_t set_line(char **save)
{
	set_words(0, save);
	return n_sets;
}

/* ---- what is sent ---- */

static void call(struct nl *to, const char *what)
{
	int r = nl_call(to);

	if (r)
		die(-r, "sets: %s: %s", what, to->why);
}

static void put64(uint8_t *to, uint64_t v)
{
	for (int i = 8; i--; v >>= 8)
		to[i] = v;
}

static void send_many(struct nl *to, uint8_t cmd, uint8_t family, uint32_t n)
{
	static struct snitch_range4 r4[SNITCH_RANGES_MAX_BYTES / sizeof(struct snitch_range4)];
	static struct snitch_range6 r6[SNITCH_RANGES_MAX_BYTES / sizeof(struct snitch_range6)];
	uint32_t i, k, part, max = family == AF_INET ? ARRAY_SIZE(r4) : ARRAY_SIZE(r6);

	for (i = 0; i < n; i += part) {
		part = n - i < max ? n - i : max;
		for (k = 0; k < part; k++) {
			uint32_t addr = htonl(0x14000000 + 2 * (i + k));

			memcpy(r4[k % ARRAY_SIZE(r4)].first, &addr, 4);
			memcpy(r4[k % ARRAY_SIZE(r4)].last, &addr, 4);
			if (family == AF_INET)
				continue;
			put64(r6[k].first, 0x20010db800000000ULL + 2 * (i + k));
			put64(r6[k].first + 8, 0);
			put64(r6[k].last, 0x20010db800000000ULL + 2 * (i + k));
			put64(r6[k].last + 8, UINT64_MAX);
		}
		nl_begin(to, cmd, 0);
		if (family == AF_INET)
			nl_put(to, SNITCH_A_RANGES4, r4, part * sizeof(r4[0]));
		else
			nl_put(to, SNITCH_A_RANGES6, r6, part * sizeof(r6[0]));
		call(to, "ranges");
	}
}

static void send_item(struct nl *to, char *item)
{
	uint8_t cmd = *item == '-' ? SNITCH_CMD_DEL_RANGES : SNITCH_CMD_ADD_RANGES, family;
	char *word = item + (*item == '+' || *item == '-');
	uint32_t n = many_of(word, &family);
	struct snitch_range4 r4;
	struct snitch_range6 r6;

	if (n) {
		send_many(to, cmd, family, n);
		return;
	}
	family = range_of(word, r6.first, r6.last);
	memcpy(r4.first, r6.first, sizeof(r4.first));
	memcpy(r4.last, r6.last, sizeof(r4.last));
	nl_begin(to, cmd, 0);
	if (family == AF_INET)
		nl_put(to, SNITCH_A_RANGES4, &r4, sizeof(r4));
	else
		nl_put(to, SNITCH_A_RANGES6, &r6, sizeof(r6));
	call(to, item);
}

void send_sets(struct nl *to)
{
	uint32_t i, k;

	for (i = 0; i < n_sets; i++) {
		nl_begin(to, SNITCH_CMD_ADD_SET, 0);
		nl_put(to, SNITCH_A_SET, &sets[i].head, sizeof(sets[i].head));
		call(to, "set");
		for (k = 0; k < sets[i].n; k++)
			send_item(to, sets[i].items[k]);
	}
}

/* ---- commands ---- */

static void take(struct nl *from, uint16_t type, const void *data, size_t len)
{
	if (type == SNITCH_A_SET_GENERATION && len == sizeof(from->generation))
		memcpy(&from->generation, data, len);
}

static void print_set(struct nl *from, uint16_t type, const void *data, size_t len)
{
	struct snitch_set_info s;

	(void)from;
	if (type != SNITCH_A_SET_INFO || len != sizeof(s))
		return;
	memcpy(&s, data, len);
	printf("id=%u tag=%llu ranges4=%u ranges6=%u bytes=%llu generation=%llu\n", s.id, s.tag,
	       s.ranges4, s.ranges6, s.bytes, s.generation);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

int cmd_change(int argc, char **argv)
{
	char line[4600];
	uint64_t start;
	int r;

	(void)argc;
	(void)argv;
	while (fgets(line, sizeof(line), stdin)) {
		char *save, *word = strtok_r(line, " \t\n", &save);

		if (!word || *word == '#')
			continue;
		if (strcmp(word, "replace") && strcmp(word, "delta"))
			die(0, "unknown word '%s'", word);
		set_words(*word == 'd' ? SNITCH_SET_DELTA : 0, &save);
	}
	open_family(&nl);
	nl_begin(&nl, SNITCH_CMD_BEGIN_SETS, 0);
	call(&nl, "begin");
	send_sets(&nl);
	start = now_ns();
	nl_begin(&nl, SNITCH_CMD_COMMIT, 0);
	r = nl_call_each(&nl, take);
	if (r)
		die(-r, "sets: commit: %s", nl.why);
	printf("generation %llu\ncommit_ns %llu\n", (unsigned long long)nl.generation,
	       (unsigned long long)(now_ns() - start));
	return 0;
}

int cmd_sets(int argc, char **argv)
{
	int r;

	(void)argc;
	(void)argv;
	open_family(&nl);
	nl_begin(&nl, SNITCH_CMD_GET_SETS, NLM_F_DUMP);
	r = nl_call_each(&nl, print_set);
	if (r)
		die(-r, "sets");
	return 0;
}
