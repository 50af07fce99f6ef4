// SPDX-License-Identifier: GPL-2.0-or-later
/* Ending connections over netlink. */
#include <errno.h>
#include <string.h>

#include "nl.h"

static int take_done(void *ctx, struct nlattr **attrs)
{
	return snitch_nl_struct(ctx, sizeof(struct snitch_cut_done), attrs[SNITCH_A_CUT_DONE]);
}

static int exchange(struct snitch_nl *nl, struct nl_msg *msg, const struct snitch_cut *what, int type,
		    const void *more, int size, struct snitch_cut_done *done)
{
	if (msg && (nla_put(msg, SNITCH_A_CUT, sizeof(*what), what) ||
		    (more && nla_put(msg, type, size, more)))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return snitch_nl_exchange(nl, msg, take_done, done);
}

int snitch_nl_cut(struct snitch_nl *nl, const struct snitch_cut *what, const char *program,
		  struct snitch_cut_done *done)
{
	const size_t len = program ? strlen(program) + 1 : 0;

	memset(done, 0, sizeof(*done));
	if (len > SNITCH_PATH_MAX)
		return -ENAMETOOLONG;
	return exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_CUT, 0, sizeof(*what) + len + 16), what,
			SNITCH_A_APP, program, len, done);
}

int snitch_nl_cut_flow(struct snitch_nl *nl, const struct snitch_flow_info *flow,
		       struct snitch_cut_done *done)
{
	const struct snitch_cut what = { .cookie = flow->cookie, .uid = SNITCH_UID_ANY };
	struct snitch_cut_peer peer = {
		.family = flow->family, .proto = flow->proto, .port = flow->dport,
	};

	memset(done, 0, sizeof(*done));
	memcpy(peer.addr, flow->daddr, sizeof(peer.addr));
	return exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_CUT, 0, sizeof(what) + sizeof(peer) + 16),
			&what, SNITCH_A_CUT_PEER, &peer, sizeof(peer), done);
}
