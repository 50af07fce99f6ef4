// SPDX-License-Identifier: GPL-2.0-or-later
/* Address sets over netlink: within a policy transaction, or in one of their own. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "nl.h"

/* In one message, which any socket buffer shall hold. */
#define RANGES4_MAX	(16384 / sizeof(struct snitch_range4))
#define RANGES6_MAX	(16384 / sizeof(struct snitch_range6))

/* Tidy ranges have IPv4 first. */
static size_t count4(const struct snitch_range *r, size_t n)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r[middle].family == AF_INET)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int send_part4(struct snitch_nl *nl, int cmd, const struct snitch_range *r, size_t n)
{
	struct snitch_range4 out[RANGES4_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(out[i].first, r[i].first, sizeof(out[i].first));
		memcpy(out[i].last, r[i].last, sizeof(out[i].last));
	}
	return snitch_nl_send(nl, cmd, SNITCH_A_RANGES4, out, n * sizeof(*out));
}

static int send_part6(struct snitch_nl *nl, int cmd, const struct snitch_range *r, size_t n)
{
	struct snitch_range6 out[RANGES6_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(out[i].first, r[i].first, sizeof(out[i].first));
		memcpy(out[i].last, r[i].last, sizeof(out[i].last));
	}
	return snitch_nl_send(nl, cmd, SNITCH_A_RANGES6, out, n * sizeof(*out));
}

static int send_ranges(struct snitch_nl *nl, int cmd, const struct snitch_range *r, size_t n)
{
	size_t n4 = count4(r, n), n6 = n - n4, part;
	int err = 0;

	for (; n4 && !err; r += part, n4 -= part) {
		part = n4 < RANGES4_MAX ? n4 : RANGES4_MAX;
		err = send_part4(nl, cmd, r, part);
	}
	for (; n6 && !err; r += part, n6 -= part) {
		part = n6 < RANGES6_MAX ? n6 : RANGES6_MAX;
		err = send_part6(nl, cmd, r, part);
	}
	return err;
}

static int send_head(struct snitch_nl *nl, const struct snitch_set_head *head)
{
	return snitch_nl_send(nl, SNITCH_CMD_ADD_SET, SNITCH_A_SET, head, sizeof(*head));
}

static void head_count(struct snitch_set_head *head, const struct snitch_set_data *data)
{
	head->id = data->id;
	head->tag = data->tag;
	head->ranges4 = count4(data->ranges, data->n);
	head->ranges6 = data->n - head->ranges4;
}

static int send_set(struct snitch_nl *nl, const struct snitch_set_data *data)
{
	struct snitch_set_head head = {
		.id = data->id, .tag = data->tag, .flags = SNITCH_SET_KEEP,
	};
	int err = data->tag ? send_head(nl, &head) : -ENOENT;

	if (err != -ENOENT)
		return err;
	head.flags = 0;
	head_count(&head, data);
	err = send_head(nl, &head);
	return err ? err : send_ranges(nl, SNITCH_CMD_ADD_RANGES, data->ranges, data->n);
}

int snitch_nl_send_sets(struct snitch_nl *nl, const struct snitch_set_data *sets, size_t n)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = send_set(nl, &sets[i]);
	return err;
}

/* ---- sets alone ------------------------------------------------------------------- */

static int send_change(struct snitch_nl *nl, const struct snitch_set_change *c)
{
	struct snitch_set_head head = { .flags = c->delta ? SNITCH_SET_DELTA : 0 };
	int err;

	head_count(&head, &c->data);
	if (c->delta) {
		head.gone4 = count4(c->gone, c->n_gone);
		head.gone6 = c->n_gone - head.gone4;
	}
	err = send_head(nl, &head);
	if (!err && c->delta)
		err = send_ranges(nl, SNITCH_CMD_DEL_RANGES, c->gone, c->n_gone);
	if (!err)
		err = send_ranges(nl, SNITCH_CMD_ADD_RANGES, c->data.ranges, c->data.n);
	return err;
}

static int take_generation(void *ctx, struct nlattr **attrs)
{
	if (!attrs[SNITCH_A_SET_GENERATION])
		return -EBADMSG;
	*(uint64_t *)ctx = nla_get_u64(attrs[SNITCH_A_SET_GENERATION]);
	return 0;
}

static int exchange(struct snitch_nl *nl, int cmd, uint64_t *generation)
{
	return snitch_nl_exchange(nl, snitch_nl_msg(nl, cmd, 0, 0), take_generation, generation);
}

int snitch_nl_change_sets(struct snitch_nl *nl, const struct snitch_set_change *changes, size_t n,
			  uint64_t *generation)
{
	uint64_t number = 0;
	size_t i;
	int err = exchange(nl, SNITCH_CMD_BEGIN_SETS, &number);

	if (err)
		return err;
	for (i = 0; i < n && !err; i++)
		err = send_change(nl, &changes[i]);
	if (err) {
		snitch_nl_abort(nl);
		return err;
	}
	err = exchange(nl, SNITCH_CMD_COMMIT, &number);
	if (!err && generation)
		*generation = number;
	return err;
}

/* ---- dump ------------------------------------------------------------------------- */

struct dump {
	snitch_set_cb cb;
	void *ctx;
};

static int take_set(void *arg, struct nlattr **attrs)
{
	struct snitch_set_info info;
	struct dump *d = arg;
	int err = snitch_nl_struct(&info, sizeof(info), attrs[SNITCH_A_SET_INFO]);

	return err ? err : d->cb(d->ctx, &info);
}

int snitch_nl_sets(struct snitch_nl *nl, snitch_set_cb cb, void *ctx)
{
	struct dump d = { .cb = cb, .ctx = ctx };

	return snitch_nl_exchange(nl, snitch_nl_msg(nl, SNITCH_CMD_GET_SETS, NLM_F_DUMP, 0),
				  take_set, &d);
}
