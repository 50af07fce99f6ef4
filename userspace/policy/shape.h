/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy in force, as far as it tells whether another one differs from it in the contents of its
 * sets only: then the kernel gets those, keeps what it knows of executables, and looks at the flows
 * that a set matters to and at no others.
 */
#ifndef SNITCH_POLICY_SHAPE_H
#define SNITCH_POLICY_SHAPE_H

#include "policy.h"
#include "snitch.h"

/**
 * struct policy_shape - a policy in force, but for what is in its sets; zero it before first use
 * @hash: of all else
 * @lines: owned; of each line about a set, in order, the kernel's id of it
 * @sets: the kernel's sets
 */
struct policy_shape {
	uint64_t hash;
	uint32_t *lines;
	size_t n;
	struct policy_shape_set {
		uint32_t id;
		uint64_t tag;
	} sets[SNITCH_SETS_MAX];
	size_t n_sets;
};

/* Remembers @c, which was loaded. Return: 0 or -ENOMEM: then nothing is known. */
int policy_shape_take(const struct policy_compiled *c, struct policy_shape *out);
void policy_shape_clear(struct policy_shape *shape);

/**
 * policy_shape_change() - what makes the policy in force the same as another one
 * @c: the other one
 * @changes: filled in; they point into @c
 * @n: how many; 0: it is the same
 *
 * Return: 0; -ESTALE: they differ in more than the contents of sets.
 */
int policy_shape_change(const struct policy_shape *shape, const struct policy_compiled *c,
			struct snitch_set_change changes[SNITCH_SETS_MAX], size_t *n);
/* The kernel has taken them. */
void policy_shape_changed(struct policy_shape *shape, const struct snitch_set_change *changes,
			  size_t n);

#endif
