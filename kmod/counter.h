/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters: one for each way a flow can end; per CPU, never reset. */
#ifndef SNITCH_COUNTER_H
#define SNITCH_COUNTER_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/snitch.h>

struct snitch_counters {
	u64 n[__SNITCH_C_MAX];
};

DECLARE_PER_CPU(struct snitch_counters, snitch_counters);

/** snitch_count() - add one to a counter; any context. */
static inline void snitch_count(enum snitch_counter c)
{
	this_cpu_inc(snitch_counters.n[c]);
}

void snitch_counters_sum(u64 *out, unsigned int n);

#endif
