// SPDX-License-Identifier: GPL-2.0-or-later
/* See pace.h. */
#include "pace.h"

bool pace_take(struct pace *pace, uint32_t uid, uint64_t now)
{
	struct pace_user *user = &pace->users[0];
	unsigned int i;

	for (i = 0; i < PACE_USERS; i++) {
		struct pace_user *other = &pace->users[i];

		if (other->uid == uid && other->due) {
			user = other;
			break;
		}
		if (other->due < user->due)
			user = other;
	}
	if (i == PACE_USERS)
		*user = (struct pace_user){ .uid = uid };
	if (user->due < now)
		user->due = now;
	if (user->due + PACE_EACH_NS > now + PACE_BURST * PACE_EACH_NS)
		return false;
	user->due += PACE_EACH_NS;
	return true;
}
