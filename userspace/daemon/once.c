// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers that hold once. All live equally long, so a ring in order of arrival is in order of
 * expiry too. It must never outlive its time: expired answers are dropped before each look.
 */
#include "once.h"

#include "../question/owner.h"

static struct once_answer *at(struct once *once, unsigned int i)
{
	return &once->ring[(once->first + i) % SNITCH_ONCE_MAX];
}

static void drop_first(struct once *once)
{
	at(once, 0)->owner = owner_put(at(once, 0)->owner);
	once->first = (once->first + 1) % SNITCH_ONCE_MAX;
	once->n--;
}

void once_add(struct once *once, const struct question *q, struct owner *owner,
	      enum question_scope scope, uint32_t action, uint64_t now)
{
	if (once->n == SNITCH_ONCE_MAX)
		drop_first(once);
	*at(once, once->n) = (struct once_answer){
		.owner = owner_get(owner),
		.program = q->n_flows == 0,
		.target = q->target,
		.scope = scope,
		.uid = q->uid,
		.action = action,
		.until = now + SNITCH_ONCE_NS,
	};
	once->n++;
}

/* The same process image, or one that it forked (and that has not executed anything since). */
static bool same_image(const struct owner *answered, const struct owner *owner)
{
	if (owner_id(answered) == owner_id(owner))
		return true;
	return (owner->image->wire.flags & SNITCH_O_FORKED) &&
	       owner->image->wire.parent == owner_id(answered) &&
	       image_same_program(owner->image, answered->image);
}

const struct once_answer *once_find(struct once *once, const struct owner *owner,
				    const struct snitch_flow_event *ev, uint64_t now)
{
	const struct once_answer *a;
	unsigned int i;

	while (once->n && at(once, 0)->until <= now)
		drop_first(once);
	for (i = once->n; i--;) {
		a = at(once, i);
		if (a->uid != ev->uid || !question_covers(&a->target, a->scope, ev))
			continue;
		if (a->program ? image_same_program(a->owner->image, owner->image) :
				 same_image(a->owner, owner))
			return a;
	}
	return NULL;
}

void once_clear(struct once *once)
{
	while (once->n)
		drop_first(once);
}
