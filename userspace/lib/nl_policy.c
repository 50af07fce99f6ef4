// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy transactions over netlink, in messages that any socket buffer holds. */
#include <errno.h>
#include <string.h>

#include "nl.h"

#define APPS_BYTES 16384	/* of paths in one message */

struct committed {
	uint64_t generation;
	uint32_t unbound;
};

static int take_generation(void *ctx, struct nlattr **attrs)
{
	struct committed *c = ctx;

	if (!attrs[SNITCH_A_GENERATION])
		return -EBADMSG;
	c->generation = nla_get_u64(attrs[SNITCH_A_GENERATION]);
	if (attrs[SNITCH_A_UNBOUND])
		c->unbound = nla_get_u32(attrs[SNITCH_A_UNBOUND]);
	return 0;
}

static int send_one(struct snitch_nl *nl, int cmd, int type, const void *data, size_t len,
		    struct committed *c)
{
	struct nl_msg *msg = snitch_nl_msg(nl, cmd, 0, len);

	if (msg && data && nla_put(msg, type, len, data)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return snitch_nl_exchange(nl, msg, c ? take_generation : NULL, c);
}

int snitch_nl_send(struct snitch_nl *nl, int cmd, int type, const void *data, size_t len)
{
	return send_one(nl, cmd, type, data, len, NULL);
}

static int sink_begin(void *ctx, const struct snitch_policy *policy, uint64_t *generation)
{
	struct committed c = { 0 };
	int err = send_one(ctx, SNITCH_CMD_BEGIN, SNITCH_A_POLICY, policy, sizeof(*policy), &c);

	*generation = c.generation;
	return err;
}

static int send_apps(struct snitch_nl *nl, const char *const *paths, size_t n, size_t *sent)
{
	size_t bytes = 0, i = 0;
	struct nl_msg *msg = snitch_nl_msg(nl, SNITCH_CMD_ADD_APPS, 0,
					   APPS_BYTES + SNITCH_PATH_MAX + 64);
	struct nlattr *nest = msg ? nla_nest_start(msg, SNITCH_A_APPS) : NULL;

	while (nest && i < n && bytes < APPS_BYTES) {
		if (strlen(paths[i]) >= SNITCH_PATH_MAX) {
			nlmsg_free(msg);
			return -ENAMETOOLONG;
		}
		if (nla_put_string(msg, SNITCH_A_APP, paths[i]))
			break;
		bytes += NLA_ALIGN(NLA_HDRLEN + strlen(paths[i]) + 1);
		i++;
	}
	if (!nest || !i) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	*sent = i;
	return snitch_nl_exchange(nl, msg, NULL, NULL);
}

static int sink_apps(void *ctx, const char *const *paths, size_t n)
{
	size_t sent;
	int err;

	for (; n; paths += sent, n -= sent) {
		err = send_apps(ctx, paths, n, &sent);
		if (err)
			return err;
	}
	return 0;
}

static int sink_rules(void *ctx, const struct snitch_rule *rules, size_t n)
{
	size_t part;
	int err;

	for (; n; rules += part, n -= part) {
		part = n < SNITCH_RULES_PER_MSG ? n : SNITCH_RULES_PER_MSG;
		err = send_one(ctx, SNITCH_CMD_ADD_RULES, SNITCH_A_RULES, rules,
			       part * sizeof(*rules), NULL);
		if (err)
			return err;
	}
	return 0;
}

static int sink_commit(void *ctx, uint64_t *generation, uint32_t *unbound)
{
	struct committed c = { 0 };
	int err = send_one(ctx, SNITCH_CMD_COMMIT, 0, NULL, 0, &c);

	*generation = c.generation;
	*unbound = c.unbound;
	return err;
}

static int sink_sets(void *ctx, const struct snitch_set_data *sets, size_t n)
{
	return snitch_nl_send_sets(ctx, sets, n);
}

static int sink_change(void *ctx, const struct snitch_set_change *changes, size_t n)
{
	return snitch_nl_change_sets(ctx, changes, n, NULL);
}

void snitch_nl_abort(struct snitch_nl *nl)
{
	char error[sizeof(nl->error)];

	/* What went wrong is worth more than that there was nothing to abort. */
	memcpy(error, nl->error, sizeof(error));
	send_one(nl, SNITCH_CMD_ABORT, 0, NULL, 0, NULL);
	memcpy(nl->error, error, sizeof(error));
}

static void sink_abort(void *ctx)
{
	snitch_nl_abort(ctx);
}

static const char *sink_error(void *ctx)
{
	return snitch_nl_error(ctx);
}

void snitch_nl_sink(struct snitch_nl *nl, struct snitch_policy_sink *sink)
{
	*sink = (struct snitch_policy_sink) {
		.ctx = nl,
		.begin = sink_begin,
		.apps = sink_apps,
		.rules = sink_rules,
		.sets = sink_sets,
		.commit = sink_commit,
		.change = sink_change,
		.abort = sink_abort,
		.error = sink_error,
	};
}
