/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as sorted ranges that do not touch. Private to userspace/lists.
 */
#ifndef SNITCH_LISTS_ADDRSET_H
#define SNITCH_LISTS_ADDRSET_H

#include <stddef.h>
#include <stdint.h>

#include "lists.h"

struct addrset {
	struct list_range *range;	/* owned */
	size_t n;
	size_t room;
};

/* Adds at the end: addrset_settle() has to follow. Return: 0, -ENOMEM. */
int addrset_add(struct addrset *set, const struct list_range *range);

/* Sorts, and joins what overlaps or touches. */
void addrset_settle(struct addrset *set);

/* Takes the addresses of @holes out; both are settled, and @set stays so. Return: 0, -ENOMEM. */
int addrset_subtract(struct addrset *set, const struct addrset *holes);

/* The range that @addr is in, or NULL. */
const struct list_range *addrset_find(const struct addrset *set, uint8_t family,
				      const uint8_t *addr);

void addrset_clear(struct addrset *set);

#endif
