// SPDX-License-Identifier: GPL-2.0-only
/* Counters: summed over CPUs only when somebody asks. */
#include <linux/minmax.h>
#include <linux/string.h>

#include "counter.h"

DEFINE_PER_CPU(struct snitch_counters, snitch_counters);

/**
 * snitch_counters_sum() - add up all CPUs
 * @out: @n sums, by enum snitch_counter; zero beyond the last
 * @n: room in @out
 *
 * Context: any; the sums are not of one instant.
 */
void snitch_counters_sum(u64 *out, unsigned int n)
{
	unsigned int i;
	int cpu;

	memset(out, 0, n * sizeof(*out));
	n = min_t(unsigned int, n, __SNITCH_C_MAX);
	for_each_possible_cpu(cpu)
		for (i = 0; i < n; i++)
			out[i] += per_cpu(snitch_counters, cpu).n[i];
}
