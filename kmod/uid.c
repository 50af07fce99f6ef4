// SPDX-License-Identifier: GPL-2.0-only
/* Uid: a small table of who has how much; see uid.h for the lock. */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "uid.h"

#define UID_BITS 8

static struct hlist_head uid_table[1 << UID_BITS];
static DEFINE_SPINLOCK(snitch_uid_lock);

static u32 uid_in(const struct user_namespace *ns, kuid_t uid)
{
	if (ns == &init_user_ns)
		return from_kuid(&init_user_ns, uid);
	while (ns->parent && ns->parent != &init_user_ns)
		ns = ns->parent;
	/* Their numbers are above all uids in use, so root's containers are users of their own. */
	return from_kuid(&init_user_ns, ns->owner) ?: ns->ns.inum;
}

/**
 * snitch_uid_number() - whom a process counts against
 * @cred: its credentials
 *
 * Subordinate uids of one person would otherwise be as many quotas.
 *
 * Return: effective uid, or the owner of the outermost user namespace, or that namespace's own
 * number if root made it.
 * Context: any; the caller keeps @cred.
 */
u32 snitch_uid_number(const struct cred *cred)
{
	return uid_in(cred->user_ns, cred->euid);
}

/**
 * snitch_uid_of_socket() - whom a socket counts against whose sender is not known yet
 * @sk: a full socket
 *
 * Return: the number of who opened it, or, nobody holding it (a listener's child),
 * the owner of its network's user namespace, or its uid.
 * Context: any; the caller holds @sk or is under RCU.
 */
u32 snitch_uid_of_socket(const struct sock *sk)
{
	u32 uid = uid_in(sock_net(sk)->user_ns, sk->sk_uid);
	const struct socket *sock;
	const struct file *file;

	/* Sockets, files and credentials are all freed by RCU, in this order. */
	rcu_read_lock();
	sock = READ_ONCE(sk->sk_socket);
	file = sock ? READ_ONCE(sock->file) : NULL;
	if (file)
		uid = snitch_uid_number(file->f_cred);
	rcu_read_unlock();
	return uid;
}

/**
 * snitch_uid_get() - the quotas of a user, made if need be
 * @uid: a number from snitch_uid_number()
 *
 * Return: a reference, or NULL without memory. Context: any.
 */
struct snitch_uid *snitch_uid_get(u32 uid)
{
	struct hlist_head *head = &uid_table[hash_32(uid, UID_BITS)];
	struct snitch_uid *u;

	spin_lock_bh(&snitch_uid_lock);
	hlist_for_each_entry(u, head, node) {
		if (u->uid == uid) {
			u->refs++;
			goto out;
		}
	}
	u = kzalloc(sizeof(*u), GFP_ATOMIC | __GFP_NOWARN);
	if (u) {
		u->uid = uid;
		u->refs = 1;
		INIT_LIST_HEAD(&u->abort_wait);
		INIT_LIST_HEAD(&u->adopt_wait);
		INIT_LIST_HEAD(&u->adopt_turn);
		hlist_add_head(&u->node, head);
	}
out:
	spin_unlock_bh(&snitch_uid_lock);
	return u;
}

/** snitch_uid_hold() - one more reference; any context */
struct snitch_uid *snitch_uid_hold(struct snitch_uid *u)
{
	spin_lock_bh(&snitch_uid_lock);
	u->refs++;
	spin_unlock_bh(&snitch_uid_lock);
	return u;
}

/** snitch_uid_put() - give a reference back; any context; NULL is fine */
void snitch_uid_put(struct snitch_uid *u)
{
	if (!u)
		return;
	spin_lock_bh(&snitch_uid_lock);
	if (--u->refs)
		u = NULL;
	else
		hlist_del(&u->node);
	spin_unlock_bh(&snitch_uid_lock);
	kfree(u);
}

/** snitch_uid_charge_image() - count one more image; false: @max is reached */
bool snitch_uid_charge_image(struct snitch_uid *u, unsigned int max)
{
	bool ok;

	spin_lock_bh(&snitch_uid_lock);
	ok = u->uid == 0 || u->images < max;
	if (ok)
		u->images++;
	spin_unlock_bh(&snitch_uid_lock);
	return ok;
}

/** snitch_uid_uncharge_image() - count one image less; any context */
void snitch_uid_uncharge_image(struct snitch_uid *u)
{
	spin_lock_bh(&snitch_uid_lock);
	u->images--;
	spin_unlock_bh(&snitch_uid_lock);
}

/**
 * snitch_uid_charge_tcp() - count one more entry of a TCP socket
 * @u: a reference, taken over; NULL is fine
 * @max: how many there may be
 *
 * Return: @u, or NULL: no more. Context: any.
 */
struct snitch_uid *snitch_uid_charge_tcp(struct snitch_uid *u, unsigned int max)
{
	if (!u || atomic_inc_return(&u->tcp_flows) <= max)
		return u;
	atomic_dec(&u->tcp_flows);
	snitch_uid_put(u);
	return NULL;
}
