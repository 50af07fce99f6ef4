// SPDX-License-Identifier: GPL-2.0-or-later
/* See shape.h. It must never call a policy the same that differs in anything else. */
#include "shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

static const struct snitch_set_data *find_set(const struct policy_compiled *c, uint32_t id)
{
	size_t i;

	for (i = 0; i < c->n_sets && c->sets[i].id != id; i++)
		;
	return i < c->n_sets ? &c->sets[i] : NULL;
}

static uint64_t hash_bytes(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word;
	size_t n;

	for (h = compiled_mix(h, len); len; p += n, len -= n) {
		n = len < sizeof(word) ? len : sizeof(word);
		word = 0;
		memcpy(&word, p, n);
		h = compiled_mix(h, word);
	}
	return h;
}

/* All but which sets there are. */
static uint64_t hash_rest(const struct policy_compiled *c)
{
	struct snitch_policy policy = c->policy;
	struct snitch_rule line;
	uint64_t h = 0;
	size_t i;

	policy.sets = 0;
	h = hash_bytes(h, &policy, sizeof(policy));
	for (i = 0; i < c->n_apps; i++)
		h = hash_bytes(h, c->apps[i], strlen(c->apps[i]));
	for (i = 0; i < c->n_rules; i++) {
		line = c->rules[i];
		line.set = 0;
		h = hash_bytes(h, &line, sizeof(line));
	}
	return h;
}

int policy_shape_take(const struct policy_compiled *c, struct policy_shape *out)
{
	size_t i;

	policy_shape_clear(out);
	for (i = 0; i < c->n_rules; i++)
		out->n += !!(c->rules[i].flags & SNITCH_R_SET);
	out->lines = calloc(out->n + 1, sizeof(*out->lines));
	if (!out->lines) {
		policy_shape_clear(out);
		return -ENOMEM;
	}
	for (i = 0, out->n = 0; i < c->n_rules; i++) {
		if (c->rules[i].flags & SNITCH_R_SET)
			out->lines[out->n++] = c->rules[i].set;
	}
	for (i = 0; i < c->n_sets; i++)
		out->sets[i] = (struct policy_shape_set){ c->sets[i].id, c->sets[i].tag };
	out->n_sets = c->n_sets;
	out->hash = hash_rest(c);
	return 0;
}

void policy_shape_clear(struct policy_shape *shape)
{
	free(shape->lines);
	memset(shape, 0, sizeof(*shape));
}

int policy_shape_change(const struct policy_shape *shape, const struct policy_compiled *c,
			struct snitch_set_change changes[SNITCH_SETS_MAX], size_t *n)
{
	const struct snitch_set_data *now[SNITCH_SETS_MAX] = { NULL }, *set;
	size_t i, k, line = 0;

	if (!shape->lines || hash_rest(c) != shape->hash)
		return -ESTALE;
	for (i = 0; i < c->n_rules; i++) {
		if (!(c->rules[i].flags & SNITCH_R_SET))
			continue;
		if (line == shape->n)
			return -ESTALE;
		for (k = 0; k < shape->n_sets && shape->sets[k].id != shape->lines[line]; k++)
			;
		set = find_set(c, c->rules[i].set);
		/* one set of two lines stays one */
		if (k == shape->n_sets || !set || (now[k] && now[k] != set))
			return -ESTALE;
		now[k] = set;
		line++;
	}
	if (line != shape->n)
		return -ESTALE;
	*n = 0;
	for (k = 0; k < shape->n_sets; k++) {
		if (!now[k])
			return -ESTALE;
		if (now[k]->tag == shape->sets[k].tag)
			continue;
		changes[*n] = (struct snitch_set_change){ .data = *now[k] };
		changes[(*n)++].data.id = shape->sets[k].id;
	}
	return 0;
}

void policy_shape_changed(struct policy_shape *shape, const struct snitch_set_change *changes,
			  size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < shape->n_sets; k++) {
			if (shape->sets[k].id == changes[i].data.id)
				shape->sets[k].tag = changes[i].data.tag;
		}
	}
}
