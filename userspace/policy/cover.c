// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether all that one rule matches is matched by another. It must never say so without being
 * sure: what keywords stand for changes with the networks, so it is not looked at.
 */
#include "cover.h"

#include <fnmatch.h>
#include <netinet/in.h>
#include <string.h>

#include "decide.h"
#include "program.h"

/* ---- programs ------------------------------------------------------------------------------ */

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool base_same(const struct rule_program *a, const struct rule_program *b)
{
	return a->kind == b->kind && a->kernel == b->kernel && same_string(a->name, b->name) &&
	       same_string(a->path, b->path);
}

static bool base_covers(const struct rule_program *a, const struct rule_program *b)
{
	if (a->kind == RULE_P_PATTERN && b->kind == RULE_P_PATH)
		return !fnmatch(a->name, b->name, FNM_PATHNAME);
	return base_same(a, b);
}

static bool parents_same(const struct rule_program *a, const struct rule_program *b)
{
	for (; a && b; a = a->child_of, b = b->child_of) {
		if (!base_same(a, b))
			return false;
	}
	return !a && !b;
}

static bool program_covers(const struct rule_program *a, const struct rule_program *b)
{
	if (a->kind == RULE_P_KERNEL || b->kind == RULE_P_KERNEL)
		return a->kind == b->kind && (!a->kernel || a->kernel == b->kernel);
	if (a->child_of && !parents_same(a->child_of, b->child_of))
		return false;
	if (a->kind == RULE_P_ANY)
		/* with ancestors named, a child of them need not be their grandchild */
		return !a->child_of || !b->and_children || a->and_children;
	return base_covers(a, b) && (a->and_children || !b->and_children);
}

/* ---- remotes ------------------------------------------------------------------------------- */

static bool name_below(const char *domain, const char *name)
{
	size_t len = strlen(domain), n = strlen(name);

	if (n < len || strcmp(name + n - len, domain))
		return false;
	return n == len || name[n - len - 1] == '.';
}

static bool item_covers(const struct rule_item *a, const struct rule_item *b)
{
	if (a->kind == RULE_I_ANY)
		return true;
	if (item_is_address(a) && item_is_address(b))
		return a->family == b->family && memcmp(a->first, b->first, 16) <= 0 &&
		       memcmp(a->last, b->last, 16) >= 0;
	if (a->kind == RULE_I_DOMAIN && (b->kind == RULE_I_DOMAIN || b->kind == RULE_I_HOST))
		return name_below(a->name, b->name);
	if (a->kind == RULE_I_MULTICAST && b->kind == RULE_I_BONJOUR)
		return true;
	if (a->kind != b->kind || item_is_address(a))
		return false;
	return !item_is_name(a) || !strcmp(a->name, b->name);
}

/* Every item of @b is covered by one of @a's. */
static bool items_cover(const struct rule *a, const struct rule *b)
{
	size_t i, k;

	for (i = 0; i < b->n_items; i++) {
		for (k = 0; k < a->n_items && !item_covers(&a->items[k], &b->items[i]); k++)
			;
		if (k == a->n_items)
			return false;
	}
	return true;
}

static bool has_kind(const struct rule *rule, bool (*is)(const struct rule_item *item))
{
	size_t i;

	for (i = 0; i < rule->n_items; i++) {
		if (is(&rule->items[i]))
			return true;
	}
	return false;
}

static bool is_any(const struct rule_item *item)
{
	return item->kind == RULE_I_ANY;
}

static bool is_any_or_loopback(const struct rule_item *item)
{
	return item->kind == RULE_I_ANY || item->kind == RULE_I_LOOPBACK;
}

static bool remote_covers(const struct rule *a, const struct rule *b)
{
	if (!a->negated && has_kind(a, is_any))
		return true;
	if (a->negated != b->negated)
		return false;
	if (!a->negated)
		return items_cover(a, b);
	/* an allow with "not NAME" does not match where the name is not known */
	if (a->action == SNITCH_ALLOW && b->action != SNITCH_ALLOW && has_kind(a, item_is_name))
		return false;
	return items_cover(b, a);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static bool who_covers(const struct rule *a, const struct rule *b)
{
	return a->who == RULE_W_ANYONE || (a->who == b->who && a->who_id == b->who_id);
}

static bool ports_cover(const struct rule *a, const struct rule *b)
{
	size_t i, k;

	if (!a->n_ports)
		return true;
	for (i = 0; i < b->n_ports; i++) {
		for (k = 0; k < a->n_ports; k++) {
			if (rule_ports(a)[k].first <= rule_ports(b)[i].first &&
			    rule_ports(a)[k].last >= rule_ports(b)[i].last)
				break;
		}
		if (k == a->n_ports)
			return false;
	}
	return b->n_ports > 0;
}

static bool proto_covers(const struct rule *a, const struct rule *b)
{
	return a->proto < 0 || a->proto == b->proto ||
	       (a->proto == IPPROTO_ICMP && b->proto == IPPROTO_ICMPV6);
}

/* "and children" makes it the process and what it starts, not that image alone. */
static bool image_covers(const struct rule *a, const struct rule *b)
{
	return a->image.pid == b->image.pid && a->image.start == b->image.start &&
	       a->image.exec_id == b->image.exec_id &&
	       (a->program.and_children || !b->program.and_children);
}

/* @a is there whenever @b is. */
static bool time_covers(const struct rule *a, const struct rule *b)
{
	switch (a->lifetime) {
	case RULE_L_FOREVER:
		return true;
	case RULE_L_REBOOT:
		return b->lifetime == RULE_L_REBOOT || b->lifetime == RULE_L_FOR ||
		       b->lifetime == RULE_L_QUIT;
	case RULE_L_FOR:
		return b->lifetime == RULE_L_FOR && a->until >= b->until;
	case RULE_L_DATE:
		return b->lifetime == RULE_L_DATE && a->seconds >= b->seconds;
	default:
		return b->lifetime == RULE_L_QUIT && image_covers(a, b);
	}
}

static bool holds_in_lockdown(const struct rule *rule)
{
	return rule->scope == RULE_S_BUILTIN || (rule->flags & RULE_F_LOCKDOWN) ||
	       rule_is_refusal(rule);
}

static bool matches_frames(const struct rule *rule)
{
	return rule_covers_frames(rule) && !rule->negated && has_kind(rule, is_any_or_loopback);
}

/* All but time, lockdown and frames, which depend on the action. */
static bool conditions_cover(const struct rule *a, const struct rule *b)
{
	return program_covers(&a->program, &b->program) && who_covers(a, b) &&
	       ports_cover(a, b) && proto_covers(a, b) &&
	       (!a->interface || same_string(a->interface, b->interface)) &&
	       (!a->profile || same_string(a->profile, b->profile)) && remote_covers(a, b);
}

bool rule_covers(const struct rule *a, const struct rule *b)
{
	/* what a program claims to be is enough to refuse it, and not to allow it */
	if (a->action == SNITCH_ALLOW && b->action != SNITCH_ALLOW &&
	    a->program.kind != RULE_P_ANY && a->program.kind != RULE_P_KERNEL)
		return false;
	return conditions_cover(a, b) && time_covers(a, b) &&
	       (holds_in_lockdown(a) || !holds_in_lockdown(b)) &&
	       (rule_covers_frames(a) || !matches_frames(b));
}

bool rule_same_conditions(const struct rule *a, const struct rule *b)
{
	return conditions_cover(a, b) && conditions_cover(b, a);
}
