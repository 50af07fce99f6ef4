// SPDX-License-Identifier: GPL-2.0-or-later
/* Ending connections for a caller. It must never end another user's for one who is no admin. */
#include <errno.h>
#include <string.h>

#include "../util/log.h"
#include "manager.h"

int manager_cut(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct snitch_cut what = { .uid = SNITCH_UID_ANY };
	struct daemon *d = userdata;
	struct snitch_cut_done done;
	struct core_error fail;
	const char *program;
	struct caller who;
	uint64_t id;
	int older, r;

	(void)error;
	r = manager_args(d, m, &who, "tbs", &id, &older, &program);
	if (r <= 0)
		return manager_end(r);
	if (!id && !older && !*program)
		return manager_refuse(m, "Invalid",
				      "say which: a connection, a program, or the older ones");
	if (*program && *program != '/')
		return manager_refuse(m, "Invalid", "a program is named by its absolute path");
	if (!who.admin && !rights_may_answer(&who, who.uid))
		return manager_refuse(m, "NotPermitted",
				      "this needs root or a member of group snitch");
	if (!d->nl)
		return manager_refuse(m, "Failed", "the kernel module is not there");
	what.cookie = id;
	what.flags = older ? SNITCH_CUT_OLDER : 0;
	if (!who.admin)
		what.uid = who.uid;
	r = snitch_nl_cut(d->nl, &what, *program ? program : NULL, &done);
	if (r) {
		core_fail(&fail, r, "Failed", "the kernel did not cut: %s %s", strerror(-r),
			  snitch_nl_error(d->nl));
		return manager_error(m, &fail);
	}
	log_msg(LOG_NOTICE, "uid %u cuts %u connections", who.uid, done.cut);
	return sd_bus_reply_method_return(m, "uu", done.cut, done.left);
}
