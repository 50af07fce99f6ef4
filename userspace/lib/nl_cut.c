// SPDX-License-Identifier: GPL-2.0-or-later
/* Ending connections over netlink. */
#include <errno.h>
#include <string.h>

#include "nl.h"

static int take_done(void *ctx, struct nlattr **attrs)
{
	return snitch_nl_struct(ctx, sizeof(struct snitch_cut_done), attrs[SNITCH_A_CUT_DONE]);
}

int snitch_nl_cut(struct snitch_nl *nl, const struct snitch_cut *what, const char *program,
		  struct snitch_cut_done *done)
{
	struct nl_msg *msg;

	memset(done, 0, sizeof(*done));
	if (program && strlen(program) >= SNITCH_PATH_MAX)
		return -ENAMETOOLONG;
	msg = snitch_nl_msg(nl, SNITCH_CMD_CUT, 0, sizeof(*what) + SNITCH_PATH_MAX + 16);
	if (msg && (nla_put(msg, SNITCH_A_CUT, sizeof(*what), what) ||
		    (program && nla_put_string(msg, SNITCH_A_APP, program)))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return snitch_nl_exchange(nl, msg, take_done, done);
}
