// SPDX-License-Identifier: GPL-2.0-only
/* Cut: see cut.h. */
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/tcp.h>

#include "control.h"
#include "cut.h"
#include "flow.h"
#include "revoke.h"
#include "uid.h"

/*
 * struct cut - one request
 * @peer: where to, if @has_peer
 * @path: of the program; NULL: any
 * @exe: what is there now, if @has_exe
 * @nobodys: on whose account connections end that nobody has spoken on
 */
struct cut {
	struct snitch_cut what;
	struct snitch_cut_peer peer;
	bool has_peer;
	const char *path;
	size_t path_len;
	struct snitch_exe exe;
	bool has_exe;
	struct snitch_uid *nobodys;
	struct snitch_cut_done done;
};

/* The file that is at the path now, or what was executed by that path and replaced since. */
static bool cut_is_program(const struct cut *c, const struct snitch_image *image)
{
	const char *path;

	if (!image)
		return false;
	if (c->has_exe && image->has_exe && snitch_exe_same(&image->exe, &c->exe))
		return true;
	path = snitch_image_string(&image->path);
	return path && image->path_len == c->path_len && !memcmp(path, c->path, c->path_len);
}

static bool cut_goes_there(const struct cut *c, const struct snitch_flow *f)
{
	const struct snitch_cut_peer *p = &c->peer;

	return f->family == p->family && f->proto == p->proto && f->dport == p->port &&
	       !memcmp(&f->daddr, p->addr, p->family == AF_INET ? 4 : sizeof(p->addr));
}

static bool cut_is_meant(const struct cut *c, const struct snitch_flow *f,
			 const struct snitch_image *image)
{
	if (c->what.cookie && f->cookie != c->what.cookie)
		return false;
	if (c->what.flags & SNITCH_CUT_OLDER && f->origin != SNITCH_BY_OLDER)
		return false;
	if (c->has_peer && !cut_goes_there(c, f))
		return false;
	if (c->what.uid != SNITCH_UID_ANY && (!image || f->uid != c->what.uid))
		return false;
	if (c->path)
		return cut_is_program(c, image);
	return !(f->flags & SNITCH_FLOW_OLDER);		/* its socket is counted once */
}

static int cut_one(struct snitch_flow *f, void *arg)
{
	const struct snitch_image *image = rcu_dereference(f->image);
	struct cut *c = arg;
	struct sock *sk;

	/* Pairs with the release in snitch_flow_adopt(). */
	if (!smp_load_acquire(&f->cookie) || !cut_is_meant(c, f, image))
		return 0;
	if (!f->sk) {
		if (c->has_peer) {
			snitch_revoke_forget(f);
			c->done.cut++;
		}
		return 0;
	}
	sk = snitch_flow_sock(f);
	if (!sk)
		return 0;
	if (READ_ONCE(sk->sk_state) != TCP_CLOSE) {
		if (snitch_revoke_abort_for(sk, image && image->quota ? image->quota : c->nobodys))
			c->done.cut++;
		else
			c->done.left++;
	}
	sock_put(sk);
	return 0;
}

static int cut_read(struct cut *c, struct genl_info *info)
{
	const struct nlattr *what = info->attrs[SNITCH_A_CUT], *app = info->attrs[SNITCH_A_APP];
	const struct nlattr *peer = info->attrs[SNITCH_A_CUT_PEER];

	if (!what) {
		GENL_SET_ERR_MSG(info, "cut needs to know what");
		return -EINVAL;
	}
	memcpy(&c->what, nla_data(what), sizeof(c->what));
	if (c->what.flags & ~SNITCH_CUT_OLDER || (!c->what.cookie && !c->what.flags && !app)) {
		GENL_SET_ERR_MSG(info, "cut needs a connection, a program, or the older ones");
		return -EINVAL;
	}
	if (peer) {
		if (!c->what.cookie) {
			GENL_SET_ERR_MSG(info, "where to says little without a connection");
			return -EINVAL;
		}
		memcpy(&c->peer, nla_data(peer), sizeof(c->peer));
		c->has_peer = true;
	}
	if (!app)
		return 0;
	c->path = nla_data(app);
	c->path_len = strlen(c->path);
	if (c->path[0] != '/') {
		GENL_SET_ERR_MSG(info, "a program's path must be absolute");
		return -EINVAL;
	}
	c->has_exe = !snitch_exe_resolve(c->path, &c->exe);
	return 0;
}

/* snitch_cut() - SNITCH_CMD_CUT. Context: process, may sleep; no lock is held. */
int snitch_cut(struct sk_buff *skb, struct genl_info *info)
{
	struct cut c = {};
	struct sk_buff *msg;
	unsigned long pos = 0;
	void *head;
	int err = cut_read(&c, info);

	if (err)
		return err;
	msg = snitch_reply_new(info, NLMSG_DEFAULT_SIZE, &head);
	c.nobodys = snitch_uid_get(0);
	if (msg && c.nobodys) {
		snitch_flow_walk(&pos, cut_one, &c);
		err = nla_put(msg, SNITCH_A_CUT_DONE, sizeof(c.done), &c.done);
		err = snitch_reply_send(info, msg, head, err);
	} else {
		nlmsg_free(msg);
		err = -ENOMEM;
	}
	if (c.nobodys)
		snitch_uid_put(c.nobodys);
	return err;
}
