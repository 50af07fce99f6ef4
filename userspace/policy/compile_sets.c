// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address sets of a compiled policy. It must never give two contents the same id, nor ask the
 * kernel for more than it takes.
 */
#include "compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Another one in each process: nobody can make two lists that look alike to us. */
static uint64_t hash_key(void)
{
	static uint64_t key;

	while (!key) {
		if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
			key = 0;
	}
	return key;
}

uint64_t compiled_mix(uint64_t h, uint64_t v)
{
	unsigned __int128 product = (unsigned __int128)(h ^ v) * 0x9e3779b97f4a7c15ULL;

	return (uint64_t)product ^ (uint64_t)(product >> 64) ^ hash_key();
}

static uint64_t hash_ranges(const struct snitch_range *r, size_t n)
{
	uint64_t h = compiled_mix(hash_key(), n), words[4];
	size_t i, k;

	for (i = 0; i < n; i++) {
		memcpy(words, r[i].first, sizeof(r[i].first));
		memcpy(words + 2, r[i].last, sizeof(r[i].last));
		h = compiled_mix(h, r[i].family);
		for (k = 0; k < 4; k++)
			h = compiled_mix(h, words[k]);
	}
	return h ? h : 1;
}

static bool same(const struct snitch_set_data *set, const struct snitch_range *ranges, size_t n)
{
	size_t i;

	if (set->n != n)
		return false;
	for (i = 0; i < n; i++) {
		if (set->ranges[i].family != ranges[i].family ||
		    memcmp(set->ranges[i].first, ranges[i].first, sizeof(ranges->first)) ||
		    memcmp(set->ranges[i].last, ranges[i].last, sizeof(ranges->last)))
			return false;
	}
	return true;
}

static bool id_taken(const struct policy_compiled *out, uint32_t id)
{
	size_t i;

	for (i = 0; i < out->n_sets; i++) {
		if (out->sets[i].id == id)
			return true;
	}
	return !id;
}

/* Takes @ranges if it works. */
static int put_set(struct policy_compiled *out, struct snitch_range *ranges, size_t n,
		   uint64_t tag, uint32_t *id)
{
	struct snitch_set_data *sets;

	sets = reallocarray(out->sets, out->n_sets + 1, sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	out->sets = sets;
	for (*id = tag; id_taken(out, *id);)
		++*id;
	out->sets[out->n_sets++] = (struct snitch_set_data){
		.id = *id, .tag = tag, .ranges = ranges, .n = n,
	};
	return 0;
}

/* The kernel bounds the ranges of all sets together: over it, it would refuse the whole policy. */
static bool has_room(const struct policy_compiled *out, const struct policy_env *env, size_t n)
{
	size_t max = env->max_ranges ? env->max_ranges : POLICY_RANGES_MAX, i;

	for (i = 0; i < out->n_sets; i++)
		n += out->sets[i].n;
	return out->n_sets < SNITCH_SETS_MAX && n <= max;
}

int compiled_set(struct policy_compiled *out, const struct policy_env *env,
		 struct snitch_range *ranges, size_t n, uint32_t *id)
{
	uint64_t tag;
	size_t i;
	int r = 0;

	*id = 0;
	n = snitch_ranges_tidy(ranges, n);
	tag = hash_ranges(ranges, n);
	for (i = 0; i < out->n_sets && !*id; i++) {
		if (out->sets[i].tag == tag && same(&out->sets[i], ranges, n))
			*id = out->sets[i].id;
	}
	if (!*id && has_room(out, env, n)) {
		r = put_set(out, ranges, n, tag, id);
		if (!r)
			return 0;
	}
	free(ranges);
	return r;
}

void compiled_sets_free(struct policy_compiled *out)
{
	size_t i;

	for (i = 0; i < out->n_sets; i++)
		free((void *)out->sets[i].ranges);
	free(out->sets);
	out->sets = NULL;
	out->n_sets = 0;
}
