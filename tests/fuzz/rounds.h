/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fuzzers of many small rounds share: numbers that a seed repeats, and what must hold. */
#ifndef TESTS_FUZZ_ROUNDS_H
#define TESTS_FUZZ_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define ROUNDS_MEMORY	(32L << 10)	/* KiB that no input, and no number of them, makes us need */

static uint64_t rounds_seed = 0x9e3779b97f4a7c15;	/* never 0 */

/* Takes $FUZZ_SEED. Return: $FUZZ_RUNS, or @usual. */
static inline unsigned long rounds_begin(unsigned long usual)
{
	const char *runs = getenv("FUZZ_RUNS"), *from = getenv("FUZZ_SEED");
	uint64_t seed = from ? strtoull(from, NULL, 0) : 0;

	if (seed)
		rounds_seed = seed;
	return runs ? strtoul(runs, NULL, 0) : usual;
}

/* The next number below @below, which is not 0 (xorshift64, Marsaglia 2003). */
static inline uint32_t roll(uint32_t below)
{
	rounds_seed ^= rounds_seed << 13;
	rounds_seed ^= rounds_seed >> 7;
	rounds_seed ^= rounds_seed << 17;
	return (uint32_t)(rounds_seed >> 16) % below;
}

static inline void require(bool good, const char *what, unsigned long round)
{
	if (good)
		return;
	fprintf(stderr, "round %lu: %s\n", round, what);
	exit(1);
}

/* At the end: what there was at once had a bound. AddressSanitizer keeps what is freed. */
static inline void rounds_end(unsigned long round)
{
#ifndef __SANITIZE_ADDRESS__
	struct rusage used;

	require(!getrusage(RUSAGE_SELF, &used) && used.ru_maxrss < ROUNDS_MEMORY,
		"more memory than ever needed", round);
#else
	(void)round;
#endif
}

#endif
