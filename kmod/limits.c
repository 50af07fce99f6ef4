// SPDX-License-Identifier: GPL-2.0-only
/* Limits: bounds in force and their ceilings; locks: policy.h. */
#include "policy.h"

struct snitch_limits snitch_limits = {
	.max_flows = 4096,
	.max_flows_image = 1024,
	.max_flows_uid = 2048,
	.max_flows_netns = 2048,
	.max_packets = 8,
	.max_bytes = 32768,
	.consult_ms = 2000,
	.hold_tcp_ms = 120000,
	.hold_ms = 60000,
	.hold_dns_ms = 5000,
	.grace_ms = 3000,
	.unread_ms = 10000,
	.max_ranges = 2097152,
};

static const struct snitch_limits limits_ceiling = {
	.max_flows = SNITCH_FLOWS_CEILING,
	.max_flows_image = SNITCH_FLOWS_CEILING,
	.max_flows_uid = SNITCH_FLOWS_CEILING,
	.max_flows_netns = SNITCH_FLOWS_CEILING,
	.max_packets = 64,
	.max_bytes = 1 << 20,
	.consult_ms = 10000,
	.hold_tcp_ms = 120000,
	.hold_ms = 120000,
	.hold_dns_ms = 60000,
	.grace_ms = 60000,
	.unread_ms = 60000,
	.max_ranges = 16777216,
};

int snitch_policy_set_limits(const struct snitch_limits *limits)
{
	const u32 *want = (const u32 *)limits, *max = (const u32 *)&limits_ceiling;
	u32 *have = (u32 *)&snitch_limits;
	unsigned int i;

	lockdep_assert_held(&snitch_policy_mutex);
	for (i = 0; i < sizeof(*limits) / sizeof(u32); i++)
		if (want[i] > max[i])
			return -ERANGE;		/* padding, too: its ceiling is 0 */
	for (i = 0; i < sizeof(*limits) / sizeof(u32); i++)
		if (want[i])
			WRITE_ONCE(have[i], want[i]);
	return 0;
}
