// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopt: flows whose first packet came out of a foreign context wait here
 * until one worker has found who holds the socket. Never a guess: with no
 * holder, or after the time limit, the flow is refused.
 */
#include "counter.h"
#include "device.h"
#include "flow.h"
#include "observe.h"
#include "owner.h"
#include "stash.h"

#define ADOPT_WAITING	64	/* flows of one unprivileged user: a search takes time */

static LIST_HEAD(adopt_users);	/* those that have some, under snitch_park_lock */

/* ---- who is next ---- */

bool snitch_adopt_room(const struct snitch_uid *quota)
{
	lockdep_assert_held(&snitch_park_lock);
	return !quota->uid || quota->adopting < ADOPT_WAITING;
}

void snitch_adopt_add(struct snitch_park *p)
{
	struct snitch_uid *quota = p->quota;

	lockdep_assert_held(&snitch_park_lock);
	list_add_tail(&p->adopt, &quota->adopt_wait);
	if (!quota->adopting++)
		list_add_tail(&quota->adopt_turn, &adopt_users);
}

void snitch_adopt_remove(struct snitch_park *p)
{
	lockdep_assert_held(&snitch_park_lock);
	if (list_empty(&p->adopt))
		return;
	list_del_init(&p->adopt);
	if (!--p->quota->adopting)
		list_del_init(&p->quota->adopt_turn);
}

/* The first flow of the user whose turn it is; who has more is the last then. */
static struct snitch_park *adopt_next(void)
{
	struct snitch_uid *quota;
	struct snitch_park *p;

	lockdep_assert_held(&snitch_park_lock);
	quota = list_first_entry_or_null(&adopt_users, struct snitch_uid, adopt_turn);
	if (!quota)
		return NULL;
	list_move_tail(&quota->adopt_turn, &adopt_users);
	p = list_first_entry(&quota->adopt_wait, struct snitch_park, adopt);
	snitch_adopt_remove(p);
	snitch_park_get(p);
	return p;
}

/* ---- owners of packets out of other contexts ---- */

/* A program that executed itself again has its verdict. */
static bool park_goes_on(const struct snitch_park *p, const struct snitch_flow *f)
{
	return snitch_flow_current(f) && READ_ONCE(f->action) == SNITCH_ALLOW &&
	       snitch_flow_sender_is(f, p->image, p->uid);
}

/* Where no rule speaks, an open connection goes on: answers to inbound traffic are never asked
 * about, nor is what has been answered.
 */
static void park_by_entry(struct snitch_park *p)
{
	const struct snitch_flow *f;

	if (!snitch_judgement_open(&p->why))
		return;
	rcu_read_lock();
	f = snitch_park_entry(p);
	if (f && (f->flags & SNITCH_FLOW_WEAK || park_goes_on(p, f))) {
		p->why.action = f->action;
		p->why.origin = f->origin;
		p->why.origin_id = f->origin_id;
	}
	rcu_read_unlock();
}

/* Under the lock: nobody was found, or one who has no room for it. */
static void park_orphan(struct snitch_park *p)
{
	snitch_park_settle(p, SNITCH_DENY, SNITCH_BY_FAIL, 0);
}

/* Under the lock: the owner is known; rules, fail mode or the decider judge. */
static bool park_adopted(struct snitch_park *p, struct snitch_image *image, u32 uid, bool shared)
{
	struct snitch_subject s;

	if (!snitch_park_charge(p, image)) {
		park_orphan(p);
		return true;
	}
	p->uid = uid;
	if (shared)
		p->flags |= SNITCH_F_SHARED;
	snitch_park_subject(p, &s);
	snitch_policy_judge(&s, &p->why);
	if (shared && p->why.action == SNITCH_ALLOW)
		p->why.action = SNITCH_ASK;
	if (p->why.unbound)
		p->flags |= SNITCH_F_UNBOUND;
	if (p->tcp && !shared)
		park_by_entry(p);
	if (p->why.action != SNITCH_ASK) {
		snitch_park_settle(p, p->why.action, p->why.origin, p->why.origin_id);
		return true;
	}
	if (!snitch_device_expected()) {
		snitch_park_settle_fail(p, SNITCH_CANCEL_CONSULT);
		return true;
	}
	p->state = SNITCH_PARK_CONSULT;
	snitch_park_set_deadline(p);
	snitch_device_queue(p, SNITCH_PEV_FLOW);
	return false;
}

static void park_adopt_one(struct snitch_park *p)
{
	bool shared = false, done = false;
	struct snitch_image *image;
	u32 uid = 0;

	image = snitch_owner_search(p->sk, &shared, &uid);
	spin_lock_bh(&snitch_park_lock);
	if (p->state == SNITCH_PARK_ADOPT) {
		if (image) {
			done = park_adopted(p, image, uid, shared);
		} else {
			snitch_count(SNITCH_C_NO_OWNER);
			park_orphan(p);
			done = true;
		}
	}
	spin_unlock_bh(&snitch_park_lock);
	snitch_image_put(image);
	if (done)
		snitch_park_act(p);
	else
		snitch_tell_flow(p);
}

static void park_adopt_work(struct work_struct *work)
{
	struct snitch_park *p;

	for (;;) {
		spin_lock_bh(&snitch_park_lock);
		p = adopt_next();
		spin_unlock_bh(&snitch_park_lock);
		if (!p)
			return;
		park_adopt_one(p);
		snitch_park_put(p);
		cond_resched();
	}
}

static DECLARE_WORK(park_adopter, park_adopt_work);

void snitch_park_start_adopting(void)
{
	queue_work(snitch_park_wq, &park_adopter);
}
