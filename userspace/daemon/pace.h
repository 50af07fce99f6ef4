/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often each user may have something done that costs time. It must never let one user's calls
 * count against another's.
 */
#ifndef SNITCH_DAEMON_PACE_H
#define SNITCH_DAEMON_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_USERS	64	/* that are told apart; of more the idlest is forgotten */
#define PACE_EACH_NS	100000000ULL	/* one call in this time, on the average */
#define PACE_BURST	20	/* at once */

/* All zero: nobody has called. @due: when all calls of @uid have had their time */
struct pace {
	struct pace_user {
		uint32_t uid;
		uint64_t due;
	} users[PACE_USERS];
};

/* One more call of @uid at @now (CLOCK_BOOTTIME ns). Return: false: too soon; it does not count. */
bool pace_take(struct pace *pace, uint32_t uid, uint64_t now);

#endif
